model wrong;

time 4 steps;

input  image[784] |> bernoulli;
layer  h1    = ((image |> dense(30)) + (prev(h1) |> dense(30))) |> lif;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
