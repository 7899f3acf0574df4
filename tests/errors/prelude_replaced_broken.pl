model wrong;

function clamp(x) = max(x, 0;
optimizer sgd(speed) { w -= speed * ; }
rule grapes(gain) { modulate { error *= gain } }

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(speed = clamp(0.1));
epochs    10;

plasticity grapes(gain = 2) on h1;
