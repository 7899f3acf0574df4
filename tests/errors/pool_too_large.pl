model wrong;

input  image[1, 28, 28];
layer  h1    = image |> conv(20, kernel = 5) |> maxpool(25, 1);
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
