model wrong;

rule mine {
    adapt {
        if (w > 1) { synapse half = w / 2; w = half; }
        if (alive_neuron) { if (epoch > 3) { drop synapse when w < 0; } }
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
