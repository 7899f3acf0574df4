model wrong;

let hidden = 300 300;
function f(x) = x x;

input  image[1, 28, 28];
layer  h1    = image |> dense(hidden) |> f;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
