let kernel = 3; let from = input + layer; function on(each, epoch = steps) = when(drop, grow = emit);
rule state { state = 1; state state = 2; neuron = 3; neuron neuron = 4; emit { drop += 1; } emit emit; }
prune each on each, from each each epochs from epoch epoch; plasticity on on on each epoch;
