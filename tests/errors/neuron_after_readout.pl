model wrong;

time 4;

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> lif |> rate;
layer  h2    = h1 |> dense(20) |> tanh;
output digit = h2 |> dense(10) |> lif;

loss      mse;
optimizer sgd(rate = 0.1);
