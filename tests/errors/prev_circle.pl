model wrong;

time 4;

input  image[1, 28, 28];
layer  h1    = prev(h1) |> tanh;
layer  h2    = (image |> dense(30)) |> lif;
output digit = concat(h1, h2) |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
