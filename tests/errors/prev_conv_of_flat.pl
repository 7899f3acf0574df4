model wrong;

time 4;

input  image[1, 28, 28];
layer  h1    = ((image |> conv(8, 3)) + (prev(h2) |> conv(8, 3))) |> lif;
layer  h2    = h1 |> dense(784) |> lif;
output digit = h2 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
