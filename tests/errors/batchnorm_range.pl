model wrong;

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> batchnorm(momentum = 0) |> batchnorm(momentum = 1.5, epsilon = -1);
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
