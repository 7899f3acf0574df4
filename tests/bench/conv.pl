# The convolutional net that `make bench` times: 15c5-maxpool2-40c5-maxpool2-300-10. With cull = 1
# half of its channels and neurons die at the end of the first epoch.
model conv;

let cull = 0;

rule halve() {
    adapt {
        neuron strength = sum(abs(w));
        neuron weak = lowest(strength, cull > 0 ? 0.5 : 0);
        drop neuron when weak;
    }
}

input  image[1, 28, 28];
layer  c1    = image |> conv(15, kernel = 5) |> relu |> maxpool(2);
layer  c2    = c1 |> conv(40, kernel = 5) |> relu |> maxpool(2);
layer  f1    = c2 |> dense(300) |> relu;
output digit = f1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.02, momentum = 0.9);
batch     50;
epochs    10;

prune halve on c1, c2 until epoch 1;
