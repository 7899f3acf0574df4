model digits;

input  image[1, 28, 28] |> scale(2, -1);
layer  features = image |> dense(64) |> sigmoid;
output digit    = features |> dense(10);

loss      cross_entropy;
optimizer adam(rate = 0.001);
batch     32;
epochs    3;
