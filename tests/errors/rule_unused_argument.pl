model wrong;

rule mine(rate = 0.1, spare = 2) {
    adapt { w *= 1 - rate; }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
epochs    10;

plasticity mine(0.1, spare = 3) on h1;
