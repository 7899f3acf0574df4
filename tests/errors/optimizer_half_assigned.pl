model wrong;

optimizer mine(rate) {
    if (grad > 0) { sign = 1; }
    w -= rate * sign;
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer mine(rate = 0.1);
