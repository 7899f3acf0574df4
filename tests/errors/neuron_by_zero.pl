model wrong;

time 4;

neuron leak(x, tau = 2) {
    state u = 0;
    u += (x - u) / tau;
    emit tanh(u);
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> leak(tau = 0);
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
