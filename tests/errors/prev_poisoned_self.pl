model wrong;

time 4;

input  image[784];
layer  h1    = ((image |> dens(30)) + (prev(h1) |> dense(30)) + prev(h2)) |> lif;
layer  h2    = prev(h1) |> lif;
layer  h3[n] = prev(h3) + prev(h2);
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
