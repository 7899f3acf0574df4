model wrong;

time 4;

neuron loud(x) {
    if (x > 0) { emit x; }
    emit 2 * x;
    emit 3 * x;
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> loud;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
