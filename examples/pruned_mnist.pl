# Activity-dependent pruning on MNIST: nine of ten synapses of the hidden layers die in the first half of
# the run and accuracy stays what it is without. ./pruned_mnist train --data idx:DIRECTORY
model pruned_mnist;

let fraction = 90%;

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = cosine(0.1, 0), momentum = 0.9, decay = 3e-4);
batch     64;
epochs    20;

# From epoch 1 on, more and more over 40 % of what is left of the run; two epochs in a row among the
# least active is what a synapse dies of.
prune unused(fraction = fraction, patience = 1, ramp = 0.4) on h1, h2 from epoch 1;
