model wrong;

rule mine {
    adapt {
        drop input when 1;
        drop neuron when abs(w) < 0.1;
        grow neuron when 1;
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
