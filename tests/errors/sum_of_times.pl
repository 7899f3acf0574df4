model wrong;

time 4;

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> lif;
layer  h2    = h1 |> rate |> dense(20);
output digit = (h2 |> dense(10)) + (h1 |> dense(10));

loss      mse;
optimizer sgd(rate = 0.1);
