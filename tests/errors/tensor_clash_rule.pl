model wrong;

time 4;

neuron memory(x) {
    learnable trace = 1;
    emit x * trace;
}
rule memory {
    state layer trace = 0;
    adapt { trace += 1; w *= trace; }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> lif;
layer  h2    = h1 |> dense(20) |> memory;
output digit = h2 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
plasticity memory on h2;
