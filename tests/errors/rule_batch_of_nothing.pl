model wrong;

rule mine {
    state neuron voice = 0;
    observe { voice += batch_sum(1) + batch_mean(voice); }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
epochs    10;

plasticity mine on h1;
