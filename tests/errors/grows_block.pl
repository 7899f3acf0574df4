model wrong;

block b0(p) = relu |> relu;
block b1(p) = b0(p) |> b0(p);
block b2(p) = b1(p) |> b1(p);
block b3(p) = b2(p) |> b2(p);
block b4(p) = b3(p) |> b3(p);
block b5(p) = b4(p) |> b4(p);
block b6(p) = b5(p) |> b5(p);
block b7(p) = b6(p) |> b6(p);
block b8(p) = b7(p) |> b7(p);
block b9(p) = b8(p) |> b8(p);
block b10(p) = b9(p) |> b9(p);
block b11(p) = b10(p) |> b10(p);
block b12(p) = b11(p) |> b11(p);
block b13(p) = b12(p) |> b12(p);

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> b13(1);
output digit = h1 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
