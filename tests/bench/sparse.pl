# The net of the benchmark of sparse kernels: most of it dies at the end of the first epoch.
model sparse;

let size = 128;

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.05, momentum = 0.9);
batch     size;
epochs    10;

# Half of the neurons, by lot.
rule halve {
    adapt {
        neuron luck = random(), out = lowest(luck, 0.5);
        drop neuron when out;
    }
}
