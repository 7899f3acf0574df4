model wrong;

input  image[1, 28, 28];
layer  h1    = image |> conv(2000000, kernel = 3, pad = 1000) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
