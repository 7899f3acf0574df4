model wrong;

input  image[1, 28, 28];
layer  h1    = image |> conv(20, kernel = 5, stride = 0, pad = -1, groups = 0, init = all) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
