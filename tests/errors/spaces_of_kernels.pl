model wrong;

rule mixed {
    state kernel size = 0;
    state input  much = 0;
    adapt {
        size = abs(w);
        synapse flat = size;
        neuron  each = sum(size);
        input   all = max(size), more = max(each);
        much = flat;
    }
}

input  image[1, 28, 28];
layer  c1    = image |> conv(20, kernel = 5) |> relu;
output digit = c1 |> dense(10);

loss      mse;
optimizer sgd(rate = 0.1);

plasticity mixed on c1;
