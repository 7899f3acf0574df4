model wrong;

time 4;

input  image[1, 28, 28];
layer  h1    = concat(image |> lif, prev(h3)) |> lif;
layer  h2    = prev(h1) |> lif;
layer  h3    = concat(h2, h2 |> prev) |> dropout(0.5);
output digit = (h3 |> dense(10)) + (image |> dense(10)) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
