model wrong;

let channels = 3;

input  image[1, 28, 28];
layer  h1    = image |> conv(chanels, kernel = (3, 3)) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
