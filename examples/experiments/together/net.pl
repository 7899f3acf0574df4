# Two hidden layers that all four methods can work on.
model net;

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.05, momentum = 0.9);
batch     64;
epochs    10;
