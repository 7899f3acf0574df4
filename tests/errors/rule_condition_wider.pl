model wrong;

rule mine {
    state neuron held = 0;
    state layer  seen = 0;
    adapt {
        if (w > 1) { held = 1; w = 1; }
        if (held > 0) { w *= 0.5; if (epoch > 2) { seen = 1; } }
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
