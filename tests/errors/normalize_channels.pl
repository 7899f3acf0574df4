model wrong;

input  image[3, 28, 28] |> normalize(mean = (0.5, 0.4), deviation = (0.2, 0.2, 0.2));
layer  h1    = image |> dense(300) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
