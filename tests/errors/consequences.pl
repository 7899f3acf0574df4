# One cause, and none of what follows from it is reported.
model consequences;

let    a = unknown + 1;
let    b = a * 2;
input  image[a, b, 28];
layer  h1 = image |> dense(b) |> relu;
layer  h2 = h1 + image |> dropout(a);
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = b);
