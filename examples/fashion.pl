# The net of mnist.pl with the rate that suits Fashion-MNIST; same file names in the directory.
model fashion;

input  image[1, 28, 28];
layer  h1      = image |> dense(300) |> relu;
layer  h2      = h1 |> dense(100) |> relu;
output garment = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.03 * 0.8 ^ epoch, momentum = 0.9);
batch     64;
epochs    10;
