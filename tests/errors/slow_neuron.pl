model wrong;

time 4;

function f(x) = exp(x) ^ x ^ x ^ x ^ x * sin(x) ^ x ^ x ^ x ^ x ^ x;
function g(x) = f(x) + f(2 * x) + f(3 * x) + f(4 * x) + f(5 * x);
neuron slow(x) {
    y = g(x);
    emit y + g(x + 1);
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> slow;
output digit = h1 |> dense(10) |> rate;

loss      mse;
optimizer sgd(rate = 0.1);
