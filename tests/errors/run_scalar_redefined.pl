model wrong;

input  image[1, 28, 28];
layer  epoch = image |> dense(300) |> relu;
output digit = epoch |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
