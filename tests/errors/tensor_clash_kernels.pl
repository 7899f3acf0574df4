model wrong;

optimizer slow(rate) {
    state kernels = 0;
    kernels = 0.9 * kernels + grad;
    w -= rate * kernels;
}

input  image[1, 28, 28];
layer  h1    = image |> conv(3, kernel = 3) |> relu;
output digit = h1 |> dense(10);

loss      mse;
optimizer slow(rate = 0.1);
