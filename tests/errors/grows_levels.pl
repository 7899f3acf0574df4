model wrong;

function f0(x) = exp(-x) / 2;
function f1(x) = f0(f0(x));
function f2(x) = f1(f1(x));
function f3(x) = f2(f2(x));
function f4(x) = f3(f3(x));
function f5(x) = f4(f4(x));
function f6(x) = f5(f5(x));

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> f6;
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
