model wrong;

input  image[1, 28, 28] |> crop(-1) |> crop(0.5);
layer  h1    = image |> dense(3);
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
