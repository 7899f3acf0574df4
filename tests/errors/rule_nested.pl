model wrong;

rule mine {
    state synapse s = 0;
    adapt {
        if (w > 0) {
        if (w > 1) {
        if (w > 2) {
        if (w > 3) {
        if (w > 4) {
        if (w > 5) {
        if (w > 6) {
        if (w > 7) {
        if (w > 8) {
        if (w > 9) {
        if (w > 10) {
        if (w > 11) {
        if (w > 12) {
        if (w > 13) {
        if (w > 14) {
        if (w > 15) {
        if (w > 16) {
        if (w > 17) {
        if (w > 18) {
        if (w > 19) {
        if (w > 20) {
        if (w > 21) {
        if (w > 22) {
        if (w > 23) {
        if (w > 24) {
        if (w > 25) {
        if (w > 26) {
        if (w > 27) {
        if (w > 28) {
        if (w > 29) {
        if (w > 30) {
        if (w > 31) {
        if (w > 32) {
        if (w > 33) {
        s = 1;
        }}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}
    }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = 0.1);
epochs    10;

plasticity mine on h1;
