model wrong;

block mlp(n) = dense(n) |> relu |> dense(n);

input  image[1, 28, 28];
layer  h1    = image |> mlp(300);
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
