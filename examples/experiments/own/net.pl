# The net of examples/pruned_mnist.pl.
model net;

let fraction = 0;

# Magnitude as in the prelude; rows says when it acts: as often as the rule below, along the same ramp
rule small(fraction, ramp = 0.3) {
    state layer begun = progress;
    adapt {
        layer   share = ramped(fraction, begun, ramp);
        synapse low   = lowest(abs(w), share);
        drop synapse when low;
    }
}

# A synapse that dies keeps a latent weight, and that goes on learning: the gradient that the weight
# would get (`demand`) moves it, at a rate of its own. Those whose latent weight is among the largest
# live, so that one that was dropped too early comes back, with the weight it has meanwhile; what lives
# has the advantage (`stay`), else the choice would go to and fro. In the last part of the run (`stop`)
# the choice stands and what lives is trained.
# Synapses that come back, and two thresholds: dynamic network surgery (Guo, Yao, Chen, 2016); gradients
# of dead ones: RigL (Evci and others, 2020).
rule latent(fraction, ramp = 0.3, rate = 0.3 * cosine(1, 0), stay = 2, stop = 0.6) {
    state layer   begun = progress;
    state synapse latent = w;
    observe { latent = alive ? w : latent - rate * demand; }
    adapt {
        layer share = ramped(fraction, begun, ramp);
        if (progress < stop) {
            synapse low = lowest(abs(latent) * (alive ? stay : 1), share);
            synapse was = alive;
            drop synapse when low;
            grow synapse when not low;
            w = alive and not was ? latent : w;
        }
    }
}

input  image[1, 28, 28];
layer  h1    = image |> dense(300) |> relu;
layer  h2    = h1 |> dense(100) |> relu;
output digit = h2 |> dense(10);

loss      cross_entropy;
optimizer sgd(rate = cosine(0.1, 0), momentum = 0.9, decay = 3e-4);
batch     64;
epochs    20;
