model wrong;

rule mine {
    state kernel pull = 0;
    state input  use = 0;
    observe { pull += batch_sum(post * pre); }
    adapt { use = 2 * pull + 1; w *= 1 - use; }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
epochs    10;

plasticity mine on h1;
