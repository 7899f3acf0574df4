model wrong;

time 4;

neuron shy(x) {
    state u = 0;
    u += x;
    if (u > 1) { emit u; u = 0; } else { if (u < -1) { emit -1; } }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> shy;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
