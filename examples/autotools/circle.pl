# Two numbers in, two classes out: is the point inside the circle?
model circle;

input  point[2];
layer  h     = point |> dense(16) |> tanh;
output where = h |> dense(2);

loss      cross_entropy;
optimizer adam(rate = 0.01);
batch     32;
