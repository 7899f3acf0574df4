model wrong;

rule mine(fraction = 0.5) {
    state neuron activity = 0;
    observe { activity += batch_mean(abs(posst)); }
    adapt { activty = 0; layer l = maxx(activity); w *= l * fracton; }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
epochs    10;

plasticity mine on h1;
