model many_syntax;

input  image[1, 28, 28;
layer  h1     = image |> dense(300) |> relu;
layer  h2     = h1 |> |> dense(100);
layer  h3     = h2 |> dense(1.5);
output digit  = h3 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1, momentum = 0.9;
epochs    0;
