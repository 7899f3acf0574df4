model wrong;

input  image[784] |> crop(2);
layer  h1    = image |> dense(3);
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
