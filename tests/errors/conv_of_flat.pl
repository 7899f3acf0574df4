model wrong;

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> conv(3, kernel = 3);
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
