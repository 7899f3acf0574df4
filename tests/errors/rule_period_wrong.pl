model wrong;

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
epochs    10;

plasticity spine on h1 each 2.5 steps from epoch 0.5;
plasticity spine on h2 each 0 epochs;
plasticity spine on h2 from epoch -1;
plasticity spine on h1 each epochs steps;
