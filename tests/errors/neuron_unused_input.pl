model wrong;

time 4;

neuron clock(x, rate = 2) {
    state t = 0;
    t += rate;
    emit sin(t);
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> clock;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
