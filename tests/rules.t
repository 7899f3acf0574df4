#!/bin/sh
# The rules of the prelude in compiled models: the golden values of GRAPES, spine bounds on 10,000
# tracks, and every method, alone and with others, against the reference interpreter.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/compare.sh"
: "${PLAST_KEEP:=$scratch}"
place=$PLAST_KEEP

# --- programs of their own: a driver, and models that differ in a line
model() # model NAME LINE: reads the rest of the model
{
    { echo "model $1;" && cat && echo "$2"; } >"$place/$1.pl"
}

golden() # golden NAME RULE LEARN
{
    model "$1" "learn $3; $2" <<'END'
input  x[3];
layer  h1 = x |> dense(4, bias = false) |> relu;
layer  h2 = h1 |> dense(3, bias = false) |> relu;
output y  = h2 |> dense(2, bias = false);
loss      cross_entropy;
optimizer sgd(0.1, momentum = 0.9);
batch     1;
END
}

spine() # spine NAME ARGUMENTS
{
    model "$1" "plasticity spine($2) on h;" <<'END'
input  x[100];
layer  h = x |> dense(100, bias = false);
output y = h |> dense(1);
loss      mse;
optimizer sgd(0.1);
batch     1;
epochs    100;
END
}

# link_driver DRIVER.c PROGRAM NAME...: `models` of the driver are these, ended by a NULL
link_driver()
{
    driver=$1 program=$2
    shift 2
    translate -O2 "$@"
    {
        echo '#include <plast.h>'
        printf 'extern const struct plast_model %s_model;\n' "$@"
        echo 'extern const struct plast_model *const models[];'
        echo 'const struct plast_model *const models[] = {'
        printf '    &%s_model,\n' "$@"
        echo '    0};'
    } >"$scratch/table.c"
    objects=$(printf "$place/%s.o " "$@")
    # shellcheck disable=SC2086
    cat $(printf "$place/%s.log " "$@") &&
        $CC -std=c11 $PLAST_MODEL_CFLAGS -I"$top_srcdir/tests" "$top_srcdir/tests/$driver" \
            "$scratch/table.c" $objects -o "$program" $PLAST_MODEL_LIBS
}

run_driver() # run_driver PROGRAM: its tests become ours
{
    "$1" >"$scratch/out" 2>"$scratch/err"
    status=$?
    adopt "$scratch/out"
    test $status -le 1
    result $? "$(basename "$1") came to its end" "$(tail -n 20 "$scratch/err")"
}

golden g0 '' backprop
golden g1 'plasticity grapes;' backprop
golden g2 'plasticity grapes_local;' backprop
golden g3 '' feedback_alignment
golden g4 'plasticity grapes;' feedback_alignment
golden g5 '' direct_feedback_alignment
golden g6 'plasticity grapes;' direct_feedback_alignment
golden g7 'plasticity grapes(high = 1);' backprop
try 'the nets of the golden values compile' link_driver golden_rules.c "$scratch/golden" \
    g0 g1 g2 g3 g4 g5 g6 g7 && run_driver "$scratch/golden"

spine s1 'patience = 1'
spine s2 'patience = 2'
spine s3 'patience = 3'
spine s5 'patience = 5'
spine s18 'patience = 18, extreme = 1'
try 'nets with spine bounds compile' link_driver spine_rules.c "$scratch/spine" s1 s2 s3 s5 s18 &&
    run_driver "$scratch/spine"

# --- methods against the interpreter
perceptron() # perceptron NAME OPTIMIZER RULES...
{
    name=$1
    shift
    model "$name" "optimizer $*" <<'END'
input  x[1, 3, 5];
layer  h1 = x |> dense(17) |> relu;
layer  h2 = h1 |> dropout(0.1) |> dense(16) |> leaky_relu;
output y  = h2 |> dense(5);
loss      cross_entropy;
batch     9;
epochs    20;
END
}

# Everything that can be read together: a concat, a sum of what can die, two branches, functions
# that are not 0 at 0, feedback.
branches() # branches NAME OPTIMIZER RULES...
{
    name=$1
    shift
    model "$name" "optimizer $*" <<'END'
function raised(x) = 0.3 + x / (1 + abs(x));
input  x[7];
layer  a = x |> dense(6) |> raised;
layer  b = x |> dense(6, bias = false) |> raised;
layer  c = (((a + b) |> dense(9)) + (a |> dense(9))) |> raised;
layer  d = concat(b, c) |> sigmoid |> dropout(0.2);
output y = d |> dense(3);
loss      mse;
batch     5;
epochs    20;
END
}

squashed() # squashed NAME OPTIMIZER RULES...: functions at its output
{
    name=$1
    shift
    model "$name" "optimizer $*" <<'END'
input  x[6];
layer  h = x |> dense(8) |> tanh;
output y = h |> dense(4) |> tanh |> sigmoid;
loss      mse;
batch     5;
epochs    20;
END
}

names=
add() # add SHAPE NAME TEXT
{
    "$1" "$2" "$3"
    names="$names $2"
}

sgd='sgd(0.05, momentum = 0.9);' adam='adam(0.01);' plain='sgd(0.1);'
add perceptron m1 "$plain plasticity grapes;"
add perceptron m2 "$adam plasticity grapes on h1, h2, y;"
add branches m3 "$sgd plasticity grapes on a, c[2];"
add branches m4 "$adam learn feedback_alignment; plasticity grapes;"
add perceptron m5 "nesterov(0.05); learn direct_feedback_alignment; plasticity grapes(high = 1.5);"
add perceptron m6 "$sgd plasticity grapes_local;"
add branches m7 "rmsprop(0.01); plasticity grapes_local on a, b, c, y;"
add perceptron m8 "$sgd plasticity spine each 1 steps;"
add perceptron m9 "$adam plasticity spine(patience = 2, scale = 0.5) each 2 steps;"
add branches m10 "$sgd plasticity spine(patience = 1, extreme = 1) on a, c[2];"
add perceptron m11 "$sgd prune unused(patience = 1, ramp = 0.5);"
add branches m12 "$adam prune unused(fraction = 0.3, patience = 0) on a, b, c, c[2], y each 1 steps;"
add perceptron m13 "$sgd prune magnitude(ramp = 0.5);"
add branches m14 "adamw(0.01); prune magnitude(0.8, ramp = 0) on c[2], y from epoch 1;"
add perceptron m15 "$adam prune random_drop(ramp = 0.9) on h1, h2, y each 1 steps;"
add branches m16 "$sgd learn direct_feedback_alignment; prune random_drop;"
add perceptron m17 "$sgd prune dpap_neurons(initial = 0.3, pressure = 1.2, cooling = 3);"
add branches m18 "$adam prune dpap_neurons(initial = 0.1, pressure = 1.5, keep = 1) on a, b, c;"
add branches m19 "$sgd learn feedback_alignment; prune dpap_neurons(0.2, ceiling = 0.5) each 2 steps;"
add perceptron m20 "$adam prune dpap_synapses(initial = 0.2, pressure = 1.3);"
add branches m21 "$sgd prune dpap_synapses(initial = 1, pressure = 1.5, keep = 1) on c, c[2] each 1 steps;"
add perceptron m22 "$sgd prune sdsnn(patience = 1, regrow = 0.2, share = 0.3, cooling = 2);"
add branches m23 "$adam prune sdsnn(patience = 0, regrow = 0.3, share = 0.2) on a, b, c each 1 steps;"
add perceptron m24 "$sgd plasticity grapes; plasticity spine; prune unused(0.6, patience = 1) on h1;
    prune dpap_neurons(initial = 0.5, pressure = 1.2) on h2;"
add branches m25 "$adam plasticity grapes on a, c; plasticity spine each 2 steps;
    prune sdsnn(patience = 0, regrow = 0.2) on c; prune dpap_neurons(0.3, pressure = 1.2) on a, b;
    prune magnitude(0.3) on c[2] until epoch 4;"
add perceptron m26 "$sgd plasticity grapes; plasticity grapes_local; plasticity spine each 2 epochs;
    plasticity spine(patience = 3) each 3 steps from epoch 1 until epoch 3;
    prune random_drop on h2 from epoch 2;"
# where a kernel is one weight; growth where nothing can die; the error of an output with a function
add perceptron m27 "$sgd rule own() { state kernel k = 0; adapt { k = 2 * mean(w) + k; w *= 1 - k / 9; } }
    plasticity own on h1, y;"
add perceptron m28 "$sgd rule own() { adapt { synapse u = random(); grow synapse when u < 0.5; } }
    prune own on h2;"
add squashed m29 "$sgd learn direct_feedback_alignment; plasticity grapes(low = 1.2) on h, y;"
# values in another order: of neurons in the error, of what dies and what is alone in a layer
add perceptron m30 "$sgd rule own() {
        modulate { neuron size = sum(abs(w)); neuron other = shuffled(size); layer most = max(size);
            error *= 1 + other / most; }
    }
    plasticity own; prune random_drop on h1; prune dpap_neurons(0.3, pressure = 1.2) on h2;"
add branches m31 "$adam rule own() {
        synapse start = shuffled(w); state input seen = 0;
        modulate { synapse lot = shuffled(grad); grad = 0.9 * grad + 0.1 * lot; }
        observe { input fresh = shuffled(seen); seen = fresh + batch_mean(abs(pre)); }
        adapt { synapse lot = shuffled(w); kernel one = mean(w); kernel pair = shuffled(one + seen);
            neuron size = sum(abs(w)); neuron other = shuffled(size);
            w += 0.1 * (lot - w) + 0.01 * (start + pair);
            drop synapse when abs(lot) < 0.05; drop neuron when other < 0.2; }
    }
    prune own on a, b, c, c[2] each 2 steps;"
# shellcheck disable=SC2086
compare_models -O1 7 16 $names

all_prune() # each model that prunes has lost synapses, or there would be little to compare
{
    for name in $names; do
        grep -q '^ *prune\|; prune' "$place/$name.pl" || continue
        grep -q 'grow synapse' "$place/$name.pl" && continue
        grep "^# $name: " "$scratch/out" | grep -v ' 0 synapses' || return 1
    done
}
try 'all that prune have dead synapses' all_prune
finish
