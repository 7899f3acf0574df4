model wrong;

rule mine(a = 1) {
    state synapse old = 0;
    adapt { w = clamp(w, -oll, oll); old = abs(w); }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
