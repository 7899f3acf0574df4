# The reference setting of GRAPES, with as many hidden layers as the rows add. `rate` is tuned.
model net;

let rate = 0.1;

# The rule's factors as they are, their mean for all neurons of the layer, and in another order
rule mean_factor(low = 1, high = 2) {
    modulate {
        neuron responsibility = sum(abs(w));
        layer  largest = max(responsibility);
        neuron factor = largest > 0 ? clamp(2 * responsibility / largest, low, high) : 1;
        layer  usual = mean(factor);
        error *= usual;
    }
}
rule shuffled_factor(low = 1, high = 2) {
    modulate {
        neuron responsibility = sum(abs(w));
        layer  largest = max(responsibility);
        neuron factor = largest > 0 ? clamp(2 * responsibility / largest, low, high) : 1;
        neuron other = shuffled(factor);
        error *= other;
    }
}

input  image[1, 28, 28];

loss      cross_entropy;
optimizer sgd(rate = rate);
batch     64;
epochs    10;
