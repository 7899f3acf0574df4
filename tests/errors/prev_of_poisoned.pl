model wrong;

time 4;

input  image[1, 28, 28];
layer  h1    = ((image |> dense(30)) + (prev(h2) |> dense(30))) |> lif;
layer  h2    = h1 |> dens(20) |> lif;
output digit = h2 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
