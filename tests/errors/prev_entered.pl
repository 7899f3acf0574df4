model wrong;

time 4;

input  image[784];
layer  h1    = image |> dense(30) |> lif;
block  late  = prev(h1) |> tanh;
block  later = tanh |> prev;
layer  h2    = image |> prev(h1) |> dense(20) |> lif;
layer  h3    = h1 |> late;
layer  h4    = h1 |> later;
layer  h5    = prev() + prev(h1, h1) + prev(layer = h1);
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
