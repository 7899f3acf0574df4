model wrong;

input  image[1, 28, 28];
layer  h1    = image |> conv(100000, kernel = 1) |> avgpool(all);
layer  h2    = h1 |> conv(2000000, kernel = (700, 700), pad = 350, stride = 500);
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
