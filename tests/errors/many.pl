model many;

let    hidden = 300 / 0;
input  image[1, 28, 28] |> normalise(mean = 0.5, deviation = 0.2);
layer  h1     = image |> dense(hidden) |> relu;
layer  h2     = h1 |> dense(100) |> rellu;
layer  h3     = h2 + h1 |> dropout(2);
output digit  = h3 |> dense(10, bais = false);

loss      cross_entropi;
optimizer sgd(momentum = 0.9);
batch     64.5;
