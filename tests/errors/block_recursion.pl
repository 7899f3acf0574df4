model wrong;

block tower(n) = dense(n) |> relu |> tower(n);

input  image[1, 28, 28];
layer  h1    = image |> tower(30);
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
