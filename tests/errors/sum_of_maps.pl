model wrong;

input  image[1, 28, 28];
layer  h1    = image |> conv(20, kernel = 5) |> relu;
layer  h2    = ((image |> conv(20, kernel = 3)) + h1) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
