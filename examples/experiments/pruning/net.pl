# Two hidden layers; who of their synapses dies is what is compared.
model net;

let fraction = 0.9;

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = cosine(0.05, 0), momentum = 0.9);
batch     64;
epochs    20;
