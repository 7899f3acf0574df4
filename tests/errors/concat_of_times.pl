model wrong;

time 4;

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> lif;
layer  h2    = h1 |> rate;
output digit = concat(h1, h2) |> rate |> dense(10);

loss      mse;
optimizer sgd(rate = 0.1);
