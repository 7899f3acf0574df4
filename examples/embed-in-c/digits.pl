# Drawn digits by one hidden layer, of whose synapses nine of ten die in the first half of the run:
# what is left is small enough for a microcontroller.
model digits;

input  image[1, 28, 28];
layer  hidden = image |> dense(96) |> relu;
output digit  = hidden |> dense(10);

loss      cross_entropy;
optimizer adam(rate = 0.002);
batch     64;
epochs    8;

prune magnitude(fraction = 90%, ramp = 0.4) on hidden from epoch 1;
