model wrong;

input  image[28];
layer  a = image |> dense(28) |> relu;
layer  h1    = a * image;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
