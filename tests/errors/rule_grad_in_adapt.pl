model wrong;

rule mine {
    state synapse start = grad;
    modulate { grad += demand; }
    adapt { w -= 0.1 * grad; drop synapse when abs(demand) < 1e-3; }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
epochs    10;

prune mine on h1;
