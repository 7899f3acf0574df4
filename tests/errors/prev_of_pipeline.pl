model wrong;

time 4;

input  image[1, 28, 28];
layer  h1    = ((image |> dense(30)) + (prev(h1 |> tanh) |> dense(30))) |> lif;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
