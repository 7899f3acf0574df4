model wrong;

time 4;

neuron odd(x) {
    state u = x, v = u;
    learnable a = u;
    emit x * u + v * a;
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> odd;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
