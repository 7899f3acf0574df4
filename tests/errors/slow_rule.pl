model wrong;

function four(x, y)    = x ^ y + y ^ x + x ^ (y + 1) + y ^ (x + 1);
function sixteen(x, y) = four(x, y) + four(2 * x, y) + four(x, 2 * y) + four(2 * x, 2 * y);
function many(x, y)    = sixteen(x, y) + sixteen(3 * x, y) + sixteen(x, 3 * y);

rule mine {
    adapt {
        synapse g = many(w, 2);
        synapse h = many(3, w);
        synapse k = many(g, h);
        synapse l = many(h, g);
        synapse m = many(k, l);
        synapse n = many(l, k);
        w -= 0.1 * (m + n);
    }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
plasticity mine on h1;
