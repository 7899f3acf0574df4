model wrong;

time 4;

neuron odd(x) {
    if (x > 0) { learnable a = 1; state u = 0; u = a * x; }
    emit x;
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> odd;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
