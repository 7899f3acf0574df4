model wrong;

function four(x, y)    = x ^ y + y ^ x + x ^ (y + 1) + y ^ (x + 1);
function sixteen(x, y) = four(x, y) + four(2 * x, y) + four(x, 2 * y) + four(2 * x, 2 * y);
function many(x, y)    = sixteen(x, y) + sixteen(3 * x, y) + sixteen(x, 3 * y);

optimizer mine(rate) {
    g = many(w, grad);
    h = many(grad, w);
    k = many(g, h);
    l = many(h, g);
    m = many(k, l);
    n = many(l, k);
    w -= rate * (m + n);
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer mine(rate = 0.1);
