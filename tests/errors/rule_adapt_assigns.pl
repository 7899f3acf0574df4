model wrong;

rule mine(rate = 0.1) {
    state neuron held = 0;
    adapt {
        neuron now = sum(w);
        error = 0;
        grad *= 2;
        now = 3;
        rate = 1;
        epoch = 0;
        period = 0;
        alive = 1;
        w = held + now + rate;
    }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
epochs    10;

plasticity mine on h1;
