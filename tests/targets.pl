# Every storage form, and every function that deployed C has of its own or takes from the library.
# What it learns does not matter.
model forms;

rule strongest() { # one synapse of each neuron is left
    adapt {
        neuron largest = max(abs(w));
        drop synapse when abs(w) < largest;
    }
}
rule fewer(share = 1 / 3) { # of the neurons dies at each adapt
    adapt {
        neuron least = lowest(sum(abs(w)), share);
        drop neuron when least;
    }
}
function wave(x) = sin(3 * x) + cos(x) / 2;
function capped(x) = min(log(1 + exp(x)), 4) + abs(x - floor(x) - 0.5) / 8;
function bent(x) = sqrt(1 + x * x) - 1 + max(x, 0.01) ^ 1.5 / 4;

input  image[1, 28, 28] |> normalize(mean = 0.2, deviation = 0.3);
layer  h1 = image |> dense(900) |> tanh;
layer  h2 = h1 |> dense(64) |> sigmoid;
layer  h3 = h2 |> dense(48) |> wave;
layer  h4 = h3 |> dense(48) |> capped;
layer  joined = h3 + h4 |> bent;
output digit = joined |> dense(10);

loss      cross_entropy;
optimizer adam(rate = 0.002);
batch     32;
epochs    3;

prune strongest on h1 from epoch 0;
prune magnitude(fraction = 90%) on h2 from epoch 1;
prune magnitude(fraction = 60%) on h3 from epoch 1;
prune fewer on h4 from epoch 1;
