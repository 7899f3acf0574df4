model wrong;

input  image[1, 28, 28];
layer  h1    = image |> conv(20, kernel = 5) |> maxpool(2, pad = 2) |> avgpool(3, pad = (1, 4));
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
