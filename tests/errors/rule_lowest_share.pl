model wrong;

rule mine(share = 0.5) {
    adapt {
        neuron  size = sum(abs(w));
        synapse low = lowest(abs(w), size);
        layer   cut = quantile(abs(w), size);
        layer   one = lowest(epoch, share);
        drop synapse when low or w < cut or one;
    }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
epochs    10;

prune mine on h1;
