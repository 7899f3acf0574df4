model wrong;

let gate = 0;
function f(x) = gate ? x / gate : missing(x);

input  image[1, 28, 28];
layer  h1    = image |> dense(3) |> f;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
