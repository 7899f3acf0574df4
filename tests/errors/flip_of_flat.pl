model wrong;

input  image[784] |> scale(2, 0) |> flip;
layer  h1    = image |> dense(3);
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
