model wrong;

function four(x)    = x ^ x * (x + 1) ^ x * (x + 2) ^ x * (x + 3) ^ x;
function sixteen(x) = four(x) * four(2 * x) * four(3 * x) * four(4 * x);
function many(x)    = sixteen(x) * sixteen(5 * x) * sixteen(6 * x) * sixteen(7 * x);

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> sixteen |> many;
layer  h2    = h1 |> dense(100) |> four;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
