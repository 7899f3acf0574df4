# One hidden layer for 28 x 28 images of ten classes; the drawn digits take it seconds.
model quick;

input  image[1, 28, 28];
layer  hidden = image |> dense(128) |> relu;
output digit  = hidden |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1, momentum = 0.9);
batch     64;
epochs    5;
