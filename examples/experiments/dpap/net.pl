# One hidden layer. The rules here are what magnitude and random_drop are for synapses, for neurons:
# `norm` goes by what enters a neuron, `lot` by nothing.
model net;

rule norm(fraction = 0.5, ramp = 0.5) {
    state layer begun = progress;
    adapt {
        layer  share = ramped(fraction, begun, ramp);
        neuron size  = sum(abs(w));
        neuron low   = lowest(size, share);
        drop neuron when low;
    }
}
rule lot(fraction = 0.5, ramp = 0.5) {
    state layer begun = progress;
    adapt {
        layer  share = ramped(fraction, begun, ramp);
        neuron luck  = random();
        neuron low   = lowest(alive_neuron ? luck : -1, share);
        drop neuron when low;
    }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(500) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.05, momentum = 0.9);
batch     64;
epochs    12;
