model maps;
time 3;

block whole(size) = avgpool(size);

input  image[4, 9, 8] |> normalize(mean = (0.1, 0.2, 0.3, 0.4), deviation = 0.5) |> crop(2) |> flip;
layer  a = ((image |> conv(6, kernel = 3, pad = 1, bias = false)) + (b |> prev |> conv(6, (3, 1), pad = (1, 0), groups = 3)))
           |> batchnorm(momentum = 0.2, epsilon = 1e-4) |> lif |> maxpool(3, stride = 2, pad = 1);
layer  b[6, 9, 8] = image |> conv(6, 1, groups = 2) |> relu;
layer  c = concat(a, prev(a), a) |> conv(5, kernel = 2, stride = (1, 2)) |> soft_snu;
layer  d = prev(c) + c |> whole(2);
output y = d |> whole(all) |> dense(3) |> last;

loss      cross_entropy;
optimizer sgd(rate = 0.1, momentum = 0.9);
batch     5;

prune magnitude(fraction = 0.5) on a, c;
prune dpap_synapses on a[2];
