model wrong;

input  image[1, 28, 28];
layer  h1    = image |> conv(20, kernel = 5) |> relu;
layer  h2    = h1 |> conv(30, kernel = 3, groups = 4);
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
