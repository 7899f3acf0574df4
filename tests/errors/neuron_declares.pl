model wrong;

time 4;

neuron odd(x, tau = 2) {
    state tau = 1, step = 2;
    learnable layer a = 1, x = 2;
    state neuron u = 0;
    synapse b = 2;
    emit x;
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> odd;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
