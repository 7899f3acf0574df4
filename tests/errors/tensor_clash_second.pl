model wrong;

time 4;

neuron leak(x) {
    learnable a = 1;
    emit x * a;
}
neuron leak2(x) {
    learnable a = 1;
    emit x - a;
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> leak |> leak2 |> leak;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
