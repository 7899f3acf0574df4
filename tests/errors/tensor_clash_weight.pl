model wrong;

time 4;

neuron weight(x) {
    learnable velocity = 1, alive = 1;
    emit x * velocity * alive;
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> weight;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1, momentum = 0.9);
