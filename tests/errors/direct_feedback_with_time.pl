model wrong;

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
output digit = h1 |> dense(10) |> rate;

loss      cross_entropy;
optimizer sgd(rate = 0.1);
time      4;
learn     direct_feedback_alignment;
