model wrong;

rule mine {
    observe {
        neuron speech = shuffled(post);
    }
    adapt {
        neuron size = sum(abs(w));
        layer  most = max(size);
        layer  one = shuffled(most);
        neuron twice = 2 * shuffled(size);
        w *= shuffled(size) * one + twice;
        neuron wide = shuffled(w);
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
