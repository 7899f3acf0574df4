model wrong;

time 4;

neuron leak(x) {
    none = 0;
    emit x / none;
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> leak;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
