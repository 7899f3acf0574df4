model wrong;

rule mine(post = 1) {
    adapt { w *= post; }
}
rule other {
    state synapse alive = 1;
    layer  epoch = 2, alive = 3, true = 1;
    state neuron twice = 0, twice = 1;
    adapt { neuron twice = 2; w = alive + twice; }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
epochs    10;

plasticity other on h1;
