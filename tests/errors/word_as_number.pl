model wrong;

block cell(n, kind) = dense(n, init = kind) |> leaky_relu(slope = kind);

input  image[1, 28, 28];
layer  h1    = image |> cell(300, zeros);
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
