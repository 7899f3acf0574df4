model wrong;

rule mine {
    state synapse pull = 0;
    observe { pull += demand; grow synapse when pull > 1; }
    modulate { drop synapse when abs(w) < 0.1; }
    adapt { pull = 0; }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
epochs    10;

prune mine on h1;
