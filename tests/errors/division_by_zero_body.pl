model wrong;

function f(x) = x > 0 ? x / (2 - 2) : 0;

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> f;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
