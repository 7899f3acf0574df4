model wrong;

time 4;

input  image[1, 28, 28];
layer  hidden = ((image |> dense(30)) + (prev(hiden) |> dense(30))) |> lif;
output digit = hidden |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
