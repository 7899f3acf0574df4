model wrong;

input  image[4];
block  twin(n) = (image |> dense(n)) + (image |> dense(n));
layer  h1    = image |> twin(300) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
