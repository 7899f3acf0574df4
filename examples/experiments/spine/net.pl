# One hidden layer; what keeps its weights small is what is compared.
model net;

let rate = 0.02;
let decay = 0;
let drop = 0;

input  image[1, 28, 28];
layer  h1    = image |> dense(256) |> relu;
output digit = h1 |> dropout(drop) |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = rate, momentum = 0.9, decay = decay);
batch     64;
epochs    60;
