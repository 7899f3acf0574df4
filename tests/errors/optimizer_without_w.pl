model wrong;

optimizer mine(rate) {
    state v = 0;
    v = 0.9 * v + grad;
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer mine(rate = 0.1);
