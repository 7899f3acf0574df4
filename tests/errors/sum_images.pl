model wrong;

input  image[3, 32, 32];
layer  a     = image |> dense(32) |> relu;
layer  h1    = image + a |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
