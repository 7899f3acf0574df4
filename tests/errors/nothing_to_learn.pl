model wrong;

input  image[1, 28, 28];
output digit = image;

loss      cross_entropy;
optimizer sgd(rate = 0.1);
