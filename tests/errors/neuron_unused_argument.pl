model wrong;

time 4;

neuron bent(x, tilt = 2) {
    emit tanh(x);
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> bent(tilt = 3);
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
