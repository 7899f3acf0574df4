model wrong;

time 4;

input  image[1, 28, 28] |> bernoulli |> latency;
layer  h1    = image |> dense(30) |> lif;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
