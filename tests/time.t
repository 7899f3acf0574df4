#!/bin/sh
# Nets that run over time steps: what they compute is what the reference interpreter does, their
# gradients are those of the functions with the windows they give, nothing that is only a matter of
# how it is computed changes a bit, and they learn and prune.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/compare.sh"
place=$scratch

# The first product is the same at each step; one spiking layer on another.
cat >"$scratch/steady.pl" <<'END'
model steady;
time 5;
input  image[12];
layer  h     = image |> dense(19) |> lif(threshold = 0.4);
output digit = h |> dense(4) |> lif(threshold = 0.2) |> rate;
loss   mse;
optimizer sgd(rate = 0.1);
batch  20;
END
# Recurrence in itself, in a layer behind, through a concat; learnables of layers and of neurons.
cat >"$scratch/looped.pl" <<'END'
model looped;
time 4;
input  image[20] |> bernoulli(gain = 0.8);
layer  a     = image |> dense(17) |> plif(threshold = 0.3);
layer  b     = ((a |> dense(13)) + (prev(b) |> dense(13, bias = false))) |> soft_snu;
layer  c     = ((b |> dense(13)) + (prev(a) |> dense(13, bias = false)) + b) |> snu(slope = 0.1) |> dropout(0.2);
layer  d     = concat(b, prev(c)) |> dense(11) |> relu;
output digit = d |> dense(4) |> soft_snu |> total;
loss   mse;
optimizer sgd(rate = 0.1, momentum = 0.9);
batch  20;
epochs 8;
plasticity grapes;
END
# Later layers, two steps back, no neuron at all; what stands behind a read-out.
cat >"$scratch/late.pl" <<'END'
model late;
time 6;
input  image[20] |> latency;
layer  a     = ((image |> dense(17)) + (prev(e) |> dense(17))) |> lif(threshold = 0.2);
layer  b     = (a + prev(b)) |> tanh;
layer  q     = prev(b) |> dense(7);
layer  e     = prev(q) |> dense(8) |> sigmoid |> dropout(0.3);
layer  f     = e |> peak;
output digit = f |> dense(4);
loss   cross_entropy;
optimizer sgd(rate = 0.1);
batch  37;
END
# Data with a time axis of its own, of which the step before is read too.
cat >"$scratch/framed.pl" <<'END'
model framed;
time 4;
input  image[2, 4, 4] |> scale(2, 0.1) |> events;
layer  a     = ((image |> dense(17)) + (prev(image) |> dense(17))) |> lif(threshold = 0.3);
output digit = a |> dense(4) |> soft_snu |> last;
loss   mse;
optimizer sgd(rate = 0.1, momentum = 0.9);
batch  20;
END
# Everything that rules can read of the steps.
cat >"$scratch/seen.pl" <<'END'
model seen;
time 4;
input  image[20];
layer  a     = image |> dense(17) |> lif(threshold = 0.3);
layer  b     = ((a |> dense(13)) + (prev(b) |> dense(13))) |> snu |> dropout(0.1);
output digit = b |> dense(4) |> lif(threshold = 0.1) |> rate;
loss   mse;
optimizer sgd(rate = 0.1, momentum = 0.9);
batch  20;
rule watch() {
    state input use = 0, faded = 0;
    state neuron act = 0, blame = 0;
    state kernel both = 0, now = 0;
    modulate { error *= 1 + 0.01 * act; }
    observe {
        use += batch_mean(abs(pre)); act += batch_mean(post); blame += batch_sum(error * error);
        faded += batch_mean(trace(pre, 0.7)); both += batch_sum(trace(pre, 0.5) * trace(post, 0.5));
        now += batch_mean(post * pre);
    }
    adapt { w += 0.001 * both; }
}
plasticity watch() on a, b, digit each 2 steps;
END
# Death of synapses and neurons, with what neurons have of their own.
cat >"$scratch/dying.pl" <<'END'
model dying;
time 4;
input  image[20] |> bernoulli;
layer  a     = image |> dense(17) |> plif(threshold = 0.3);
layer  b     = ((a |> dense(13)) + (prev(b) |> dense(13))) |> snu;
layer  c     = concat(b, prev(a)) |> dense(13) |> lif;
output digit = c |> dense(4) |> soft_snu |> total;
loss   mse;
optimizer sgd(rate = 0.1, momentum = 0.9);
batch  20;
epochs 8;
prune dpap_neurons(initial = 1, pressure = 1.5) on a, b from epoch 1;
prune dpap_synapses(initial = 1, pressure = 1.5) on b, c from epoch 1;
plasticity grapes;
END
# Errors carried back by fixed tensors; pruning of what stands in a loop.
cat >"$scratch/aligned.pl" <<'END'
model aligned;
time 3;
input  image[20] |> bernoulli;
layer  a     = image |> dense(17) |> tanh;
layer  b     = ((a |> dense(13)) + (prev(c) |> dense(13))) |> tanh |> dropout(0.2);
layer  c     = b |> dense(13) |> tanh;
output digit = ((c |> dense(4)) + (prev(b) |> dense(4))) |> last;
loss   cross_entropy;
learn  feedback_alignment;
optimizer sgd(rate = 0.05, momentum = 0.9);
batch  20;
epochs 8;
prune unused(fraction = 0.5, patience = 1) on b, c;
plasticity grapes;
END
# Maps over time: convolution, pools, recurrence through them, channels that die.
cat >"$scratch/maps.pl" <<'END'
model maps;
time 3;
input  image[2, 8, 8] |> bernoulli;
layer  c1    = image |> conv(5, kernel = 3) |> lif(threshold = 0.2) |> avgpool(2);
layer  c2    = c1 |> conv(7, kernel = 2, pad = 1) |> plif(threshold = 0.2) |> maxpool(2);
layer  c3    = ((c2 |> conv(6, kernel = 2)) + (prev(c3) |> conv(6, kernel = 3, pad = 1))) |> snu |> dropout(0.2);
layer  f1    = c3 |> dense(12) |> lif(threshold = 0.2);
output digit = f1 |> dense(4) |> soft_snu |> rate;
loss   mse;
optimizer sgd(rate = 0.1, momentum = 0.9);
batch  20;
epochs 8;
plasticity grapes;
prune dpap_neurons(initial = 1, pressure = 1.5) on c2, c3, f1 from epoch 1;
prune dpap_synapses(initial = 1, pressure = 1.5) on f1 from epoch 1;
END
names='steady looped late framed seen dying aligned maps'
# shellcheck disable=SC2086
compare_models -O1 7 6 $names
# shellcheck disable=SC2086
compare_models -O1 11 6 $names

data='--quiet --seed 3 --data first:600:glyphs'
train() # train PROGRAM FILE [OPTIONS...]
{
    train_program=$1 train_file=$2
    shift 2
    # shellcheck disable=SC2086
    "$train_program" train $data --save "$train_file" "$@"
}

# Threads, an update by itself, a run in two parts: the same bytes; and not those of the start.
same_bits() # same_bits NAME
{
    train "$scratch/$1" "$scratch/$1.start" --epochs 0 &&
        train "$scratch/$1" "$scratch/$1.one" --epochs 2 --threads 1 &&
        ! cmp -s "$scratch/$1.start" "$scratch/$1.one" &&
        train "$scratch/$1" "$scratch/$1.two" --epochs 2 --threads 2 &&
        cmp "$scratch/$1.one" "$scratch/$1.two" &&
        "$PLASTC" --no-fuse "$scratch/$1.pl" -o "$scratch/$1-plain.c" &&
        ! cmp -s "$scratch/$1.c" "$scratch/$1-plain.c" &&
        $CC -std=c11 $PLAST_MODEL_CFLAGS -O1 "$scratch/$1-plain.c" -o "$scratch/$1-plain" $PLAST_MODEL_LIBS &&
        train "$scratch/$1-plain" "$scratch/$1.plain" --epochs 2 --threads 1 &&
        cmp "$scratch/$1.one" "$scratch/$1.plain" &&
        train "$scratch/$1" "$scratch/$1.first" --epochs 1 --threads 1 &&
        train "$scratch/$1" "$scratch/$1.rest" --epochs 2 --threads 1 --resume "$scratch/$1.first" &&
        cmp "$scratch/$1.one" "$scratch/$1.rest"
}

for name in $names; do
    try "$name compiles" build "$scratch/$name.pl" "$scratch/$name" -O1 || continue
    try "$name: its gradients are those of its functions" "$scratch/$name" selftest
    case $name in
    seen) ;; # what it adds to weights is not in steps of an epoch
    *) try "$name: threads, --no-fuse and resuming change no bit" same_bits "$name" ;;
    esac
done

# A flipped sign in a neuron's derivative is found.
flipped()
{
    sed '/_back = /s/u_after/-u_after/' "$scratch/steady.c" >"$scratch/flipped.c"
    ! cmp -s "$scratch/steady.c" "$scratch/flipped.c" &&
        $CC -std=c11 $PLAST_MODEL_CFLAGS -O1 "$scratch/flipped.c" -o "$scratch/flipped" $PLAST_MODEL_LIBS &&
        ! "$scratch/flipped" selftest >"$scratch/flipped.out" &&
        grep -q '^not ok' "$scratch/flipped.out"
}
try 'a wrong sign in what goes back in time fails the selftest' flipped

# What does not change over time is computed once: the product stands before the loop.
hoisted()
{
    awk '/^static int run_step/ { on = 1 }
         on && /h_sum_forward\(/ { product = NR }
         on && /for \(int64_t t = 0/ && !loop { loop = NR }
         on && /^}/ { exit }
         END { exit !(product && loop && product < loop) }' "$scratch/steady.c"
}
try 'a product of what is the same at each step stands before the loop' hoisted

explained()
{
    "$PLASTC" --explain "$scratch/steady.pl" -o "$scratch/explained.c" >"$scratch/plan" &&
        grep -q 'kept of each of 5 steps: u2_now' "$scratch/plan" &&
        grep -q 'computed again: spike_now' "$scratch/plan" &&
        grep -q 'd loss / d u_was' "$scratch/plan" &&
        grep -q 'h_sum .*, once' "$scratch/plan"
}
try '--explain says what is kept of each step and what goes back' explained

learns()
{
    "$scratch/framed" train $data --epochs 6 --threads 1 --log "$scratch/framed.log" || return 1
    tail -n 1 "$scratch/framed.log"
    awk -F'"train_accuracy": ' 'END { split($2, a, ","); exit !(a[1] > 0.5) }' "$scratch/framed.log"
}
try 'events are told apart' learns
finish
