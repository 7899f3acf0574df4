#!/bin/sh
# Models on maps against the reference interpreter: convolution, pools, batch norm, flips and crops,
# joins, feedback, rules in their spaces, death of channels.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/compare.sh"
: "${PLAST_KEEP:=$scratch}"
place=$PLAST_KEEP
names=

model() # model NAME: reads the rest of the model
{
    { echo "model $1;" && cat && echo 'loss cross_entropy; batch 5; epochs 4;'; } >"$place/$1.pl"
    names="$names $1"
}

model convolutions <<'END'
input  x[3, 9, 8] |> flip |> crop(2) |> scale(2, 0.1);
layer  a = x |> conv(8, 3, pad = 1) |> tanh;
layer  b = a |> conv(12, (3, 2), stride = (2, 1), pad = (1, 0), groups = 4, bias = false) |> silu;
layer  c = b |> conv(6, 1) |> dropout(0.2);
output y = c |> dense(5);
optimizer sgd(0.1, momentum = 0.9);
END

model pools <<'END'
input  x[2, 9, 10];
layer  a = x |> conv(5, 3) |> maxpool(2) |> tanh;
layer  b = a |> conv(7, 2, pad = 1) |> relu |> maxpool(3, stride = 2, pad = 1);
layer  c = b |> conv(4, 2) |> avgpool((2, 1), stride = 1, pad = (1, 0)) |> gelu;
output y = (c |> dense(4)) + (a |> avgpool(all) |> dense(4));
optimizer adam(0.01);
END

model norms <<'END'
input  x[3, 6, 6];
layer  a = x |> conv(6, 3, bias = false) |> batchnorm |> relu;
layer  b = a |> batchnorm(momentum = 0.3, epsilon = 0.01) |> conv(4, 3, pad = 1) |> batchnorm;
layer  c = b |> avgpool(2) |> batchnorm |> tanh;
layer  d = x |> avgpool(3) |> dense(3) |> batchnorm |> tanh;
output y = (d |> dense(4)) + (c |> dense(4));
optimizer sgd(0.05, momentum = 0.9, decay = 0.01);
END

model joins <<'END'
input  x[3, 8, 8] |> normalize(mean = (0.1, 0.2, 0.3), deviation = (1, 2, 0.5));
layer  a = x |> conv(6, 3, pad = 1, bias = false) |> batchnorm |> relu;
layer  b = ((a |> conv(6, 3, pad = 1)) + (x |> conv(6, 1)) + a) |> batchnorm |> tanh;
layer  s = a + b |> maxpool(2);
layer  c = s |> conv(4, 3, stride = 2, pad = 1) |> relu;
layer  d = concat(c, s |> avgpool(2)) |> avgpool(all);
output y = d |> dense(3);
optimizer sgd(0.05);
END

for learn in feedback_alignment direct_feedback_alignment; do
    model "$learn" <<END
input  x[2, 7, 7];
layer  a = x |> conv(6, 3) |> tanh |> maxpool(2);
layer  b = a |> conv(5, 2) |> tanh;
output y = b |> dense(3);
learn  $learn;
optimizer sgd(0.05);
END
done

model methods <<'END'
input  x[3, 8, 8];
layer  a = x |> conv(6, 3) |> relu;
layer  b = a |> conv(8, 3, groups = 2) |> batchnorm |> relu |> maxpool(2);
layer  c = b |> conv(4, 2) |> relu;
layer  d = c |> dense(10) |> relu;
output y = d |> dense(3);
optimizer sgd(0.05, momentum = 0.9);
plasticity grapes on a, b, c;
plasticity spine on a, c;
prune magnitude(fraction = 0.3, ramp = 0) on c;
prune unused(fraction = 0.3, patience = 0) on b;
prune dpap_synapses(initial = 0.5, pressure = 1.2) on d;
END

model channels <<'END'
rule own() {
    state kernel k = 0, m = 1;
    state neuron n = 0;
    state input  i = 0;
    observe { k += batch_mean(post * abs(pre)); n += batch_mean(error); i += batch_sum(pre); }
    adapt {
        m = rms(w);
        layer usual = quantile(k, 0.3);
        kernel low = lowest(m, 0.2);
        w = low ? w / 2 : clamp(w, -m, m);
        neuron wide = max(k);
        drop synapse when k < usual and low;
    }
}
rule mortal() { adapt { neuron weak = lowest(sum(abs(w)), 0.3); drop neuron when weak; } }
input  x[2, 8, 8];
layer  a = x |> conv(6, 3, pad = 1, bias = false) |> batchnorm |> tanh;
layer  b = x |> conv(6, 1) |> tanh;
layer  s = concat(a |> maxpool(2), b |> avgpool(2));
layer  c = s |> conv(6, 2, groups = 3) |> batchnorm |> relu;
layer  d = a + b |> conv(3, 2) |> relu;
output y = (c |> dense(4)) + (d |> avgpool(all) |> dense(4));
optimizer adam(0.01);
prune own on c, d;
prune mortal on a, b, c;
END

model silence <<'END'
rule mortal() { adapt { neuron weak = lowest(sum(abs(w)), 0.4); drop neuron when weak; } }
input  x[2, 6, 6];
layer  a = x |> conv(5, 3, pad = 1) |> sigmoid |> dropout(0.1);
layer  b = x |> conv(5, 1) |> batchnorm |> sigmoid;
layer  s = ((a + b |> batchnorm |> conv(3, 1)) + (x |> conv(3, 1))) |> batchnorm |> maxpool(2);
layer  t = concat(a |> avgpool(2), b |> maxpool(2)) |> batchnorm |> tanh;
layer  c = t |> batchnorm |> conv(10, 2) |> batchnorm |> tanh |> avgpool(2);
output y = (c |> dense(4)) + (s |> dense(4)) + (t |> avgpool(all) |> dense(4));
optimizer sgd(0.05, momentum = 0.9, decay = 0.01);
prune mortal on a, b, s, c;
END

# shellcheck disable=SC2086
compare_models -O1 "${PLAST_SEED:-1}" 8 $names
finish
