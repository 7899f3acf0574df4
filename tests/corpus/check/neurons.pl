model neurons;
time 6;

neuron adapting(x, tau = 2, rise = 0.1) {
    learnable neuron rest = 1 / epochs, unread = 3;
    learnable leak = 0;
    state u = 0, bound = rest * 2;
    u += (x - u) / tau + leak * u;
    spike = fire(u - 1 - bound, max(0, 1 - abs(u - 1 - bound)));
    if (spike) {
        high = exp(min(u, 3));
        u = 0;
        bound += rise * high;
        if (bound > 3) { bound = 3; much = 1; } else { much = log(2 + bound ^ 2); }
        emit much;
    } else {
        bound *= 0.9;
        emit spike + detach(bound) * 0.1 * progress;
    }
}
block cell(n, way = he_normal) = dense(n, init = way) |> adapting(rise = 0.2);

input  image[2, 6, 6] |> scale(2, -1) |> bernoulli(gain = 0.5);
layer  a = image |> cell(12) |> lif(threshold = 0.5);
layer  b = ((a |> dense(8)) + (prev(b) |> dense(8, bias = false))) |> snu(decay = 0.9);
layer  c = concat(a, prev(b)) |> plif |> dropout(10%);
output y = (c |> rate |> dense(4)) + (b |> peak |> dense(4));

loss      mse;
optimizer adam(rate = 0.001);
batch     10;
epochs    4;

plasticity grapes on a, b;
prune dpap_neurons on a from epoch 1;
