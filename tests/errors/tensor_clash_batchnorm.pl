model wrong;

rule batchnorm {
    state neuron running_var = 0, weight = 1;
    adapt {
        running_var += weight;
        weight = running_var;
        w *= weight;
    }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(30) |> batchnorm |> relu;
output digit = h1 |> dense(10);

loss      mse;
optimizer sgd(rate = 0.1);

plasticity batchnorm on h1;
