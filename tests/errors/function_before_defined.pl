model wrong;

function twice(x) = 2 * once(x);
function once(x) = x;

input  image[1, 28, 28];
layer  h1    = image |> dense(3) |> twice;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
