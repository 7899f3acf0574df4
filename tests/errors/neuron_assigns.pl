model wrong;

time 4;

let    fixed = 1;
neuron odd(x, tau = 2) {
    learnable a = 1;
    x = 2 * x;
    tau += 1;
    a *= 2;
    epoch = 3;
    fixed += x;
    nobody += x;
    emit x;
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> odd;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
