model wrong;

input  image[1, 28, 28];
layer  h1    = image |> conv(20, kernel = (5, 40), stride = 2, pad = 5) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
