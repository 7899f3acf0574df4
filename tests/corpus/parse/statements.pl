# every statement once
model all;
let width = 60% * 2 ^ -3;
time 4;
block cell(n, stride = 1) = it |> conv(n, kernel = (3, 5)) |> batchnorm;
input image[3, 32, 2 * 16] |> normalize(mean = (.5, 0.4, 3e-1)) |> flip;
layer a = image |> cell(16) |> relu;
layer b[8] = ((a |> dense(8)) + (prev(b) |> dense(8, bias = false))) |> lif;
output out = concat(a, b) |> dense(10) |> rate;
loss mse(x = 1);
learn backprop;
optimizer sgd(rate = 0.05 * 0.9 ^ floor(epoch / 2), momentum = not width or 1 < 2 and 0);
batch 64; epochs 10; seed 1;
budget memory <= 16 MiB;
plasticity grapes on a, b[2] each 3 steps from epoch 1 until epoch 9;
prune unused;
