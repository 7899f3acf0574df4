model wrong;

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(h1);
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
