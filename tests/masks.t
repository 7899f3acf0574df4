#!/bin/sh
# Death in generated code, by masks that a program writes: what is dead is zero and stays so, death
# reaches the readers, and what is left computes as if the dead had never been.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

# The rules drop nothing: they stand in the models so that there are masks.
cat >"$scratch/death.pl" <<'END'
rule fewer_neurons  { adapt { drop neuron when epoch < 0; } }
rule fewer_synapses { adapt { drop synapse when epoch < 0; } }
function raised(x) = 1 + sin(x);
END

# Joins of every kind: a sum in a layer, sums of layers, dropout and functions that keep zero or do
# not, concat, further branches.
cat >"$scratch/joins.pl" <<'END'
model joins;
include "death.pl";
input  x[6];
layer  a = x |> dense(5) |> raised |> dropout(0.1);
layer  b = ((x |> dense(5) |> tanh) + (a |> dense(5, bias = false))) |> dropout(0.2);
layer  r = x |> dense(4) |> relu;
layer  s = a + b;
layer  t = (a |> tanh) + (b |> dropout(0.1));
layer  u = a |> raised;
layer  c = concat(s, r, t) |> dense(7) |> raised;
layer  d = (concat(u, r) |> dense(6)) + (concat(r, a) |> dense(6)) + (x |> dense(6));
layer  e = concat(c, d) |> dense(40) |> relu;
output y = e |> dense(3) |> raised;
loss      mse;
optimizer adam(rate = 0.01);
batch     20;
prune fewer_neurons on a, b, r, d, y;
prune fewer_synapses on e;
END
cat >"$scratch/classes.pl" <<'END'
model classes;
include "death.pl";
input  x[50];
layer  a = x |> dense(37) |> relu;
layer  b = ((a |> dense(21)) + (x |> dense(21))) |> raised;
output y = concat(a, b) |> dense(9);
loss      cross_entropy;
optimizer sgd(rate = 0.1, momentum = 0.9, decay = 0.01);
batch     33;
prune fewer_neurons;
prune fewer_synapses on b, b[2], y;
END
sed -e 's/^model.*/model feedback;/' -e 's/^loss/learn feedback_alignment; loss/' \
    "$scratch/classes.pl" >"$scratch/feedback.pl"
cat >"$scratch/direct.pl" <<'END'
model direct;
include "death.pl";
input  x[20];
layer  a = x |> dense(18) |> raised |> dropout(0.2);
layer  b = a |> dense(17) |> raised;
output y = b |> dense(8) |> tanh;
loss      mse;
learn     direct_feedback_alignment;
optimizer adam(rate = 0.01);
batch     16;
prune fewer_neurons on a, b, y;
END

# States of a rule, made from the gradient it changes, from batches, sums, random numbers.
cat >"$scratch/states.pl" <<'END'
model states;
include "death.pl";
rule restless {
    synapse start = abs(w) + 1;
    state synapse seen = start, used = 1, drawn = 0, counted = 0;
    state neuron voice = 1, size = 1;
    state kernel both = 0;
    modulate { grad = grad + 0.01 * start; }
    observe {
        seen  = batch_mean(post * pre);
        used  = grad;
        voice = batch_mean(abs(post));
        size  = sum(abs(w) + 1);
        both  = batch_sum(pre * post) + 1;
        synapse luck = random();
        drawn = luck + 1;
        counted += 1;
    }
    adapt {
        w += 0.01;
        seen = seen + 1;
        drop synapse when epoch < 0;
        drop neuron when epoch < 0;
        voice = mean(seen) + 1;
    }
}
input  x[30];
layer  a = x |> dense(23) |> raised;
layer  b = (a |> dense(19) |> raised) |> dropout(0.1);
output y = b |> dense(5) |> raised;
loss      mse;
optimizer sgd(rate = 0.01, momentum = 0.9);
batch     16;
prune restless on a, b each 2 steps;
END

sized() # sized NAME A B PRUNE: layers of A and B units
{
    cat >"$scratch/$1.pl" <<END
model $1;
include "death.pl";
input  x[10];
layer  a = x |> dense($2) |> raised;
layer  b = (a |> dense($3) |> relu);
output y = concat(a, b) |> dense(4);
loss      cross_entropy;
optimizer adam(rate = 0.01);
batch     40;
$4
END
}
sized large 9 6 'prune fewer_neurons on a, b;'
sized small 6 4 ''

driver() # driver NAME [OPTION]: the program NAME-driverOPTION
{
    # shellcheck disable=SC2086
    "$PLASTC" "$scratch/$1.pl" ${2-} --library --header="$scratch/$1.h" -o "$scratch/$1${2-}.c" &&
        $CC -std=c11 $PLAST_MODEL_CFLAGS -Wall -Wextra -Werror -I"$scratch" -DMODEL="$1_model" \
            -DHEADER="\"$1.h\"" "$scratch/$1${2-}.c" "$top_srcdir/tests/masks_driver.c" \
            -o "$scratch/$1-driver${2-}" $PLAST_MODEL_LIBS
}

same_bits() # same_bits NAME: threads and fusion
{
    "$scratch/$1-driver" train "$scratch/$1.bits" 1 &&
        test -s "$scratch/$1.bits" &&
        ! cmp -s "$scratch/$1.c" "$scratch/$1--no-fuse.c" || return 1
    for threads in 1 2 3; do
        "$scratch/$1-driver" train "$scratch/other.bits" $threads &&
            cmp "$scratch/$1.bits" "$scratch/other.bits" &&
            "$scratch/$1-driver--no-fuse" train "$scratch/other.bits" $threads &&
            cmp "$scratch/$1.bits" "$scratch/other.bits" || return 1
    done
}

# spread KILLED... -- LINE...: these rows and columns of the weights are dead, "NAME rows: columns"
spread()
{
    killed=
    while [ "$1" != -- ]; do
        killed="$killed $1"
        shift
    done
    shift
    printf '%s\n' "$@" | sort >"$scratch/wanted"
    # shellcheck disable=SC2086
    "$scratch/joins-driver" spread $killed >"$scratch/found" || return 1
    grep ' [0-9]' "$scratch/found" | sort | diff "$scratch/wanted" -
}

as_small()
{
    for name in large small; do
        "$PLASTC" "$scratch/$name.pl" --crossover=0 --library --header="$scratch/$name.h" \
            -o "$scratch/$name.c" || return 1
    done
    # shellcheck disable=SC2086
    $CC -std=c11 $PLAST_MODEL_CFLAGS -ffp-contract=off -I"$scratch" "$scratch/large.c" \
        "$scratch/small.c" "$top_srcdir/tests/masks_small.c" -o "$scratch/as-small" \
        $PLAST_MODEL_LIBS && "$scratch/as-small"
}

only_grows() # a rule that grows where nothing can die compiles, and has nothing to do
{
    cat >"$scratch/grows.pl" <<'END'
model grows;
rule back { adapt { synapse luck = random(); grow synapse when luck < 0.1; } }
input  x[6];
output y = x |> dense(5) |> relu |> dropout(0.1);
loss      mse;
optimizer sgd(rate = 0.1);
prune back on y;
END
    build "$scratch/grows.pl" "$scratch/grows" && "$scratch/grows" selftest &&
        ! grep -E 'alive|settle' "$scratch/grows.c"
}

no_masks() # where no rule drops, nothing can die
{
    sed '/^prune/d' "$scratch/joins.pl" >"$scratch/none.pl"
    "$PLASTC" "$scratch/none.pl" -o "$scratch/none.c" && test -s "$scratch/none.c" &&
        ! grep -E 'alive|settle' "$scratch/none.c"
}

masks_are() # masks_are NAME...: these and no others
{
    printf '%s\n' "$@" | sort >"$scratch/wanted"
    sed -n 's/^    {"\([^"]*\)", PLAST_MASK, PLAST_U8, .*/\1/p' "$scratch/joins.c" | sort |
        diff "$scratch/wanted" -
}

for name in joins classes feedback direct states; do
    try "$name compiles" driver $name || continue
    try "$name compiles without fusion" driver $name --no-fuse || continue
    try "$name: what is dead is zero, and stays so" "$scratch/$name-driver" dead
    try "$name: without fusion too" "$scratch/$name-driver--no-fuse" dead
    try "$name: the same bits for any number of threads, and without fusion" same_bits $name
done
for name in feedback direct; do
    try "$name: dead neurons pass no error" "$scratch/$name-driver" feedback
done

try 'what is left computes as a smaller network' as_small
try 'no masks where nothing can die' no_masks
try 'growth where nothing can die' only_grows
try 'masks where something can, and nowhere else' masks_are \
    a.alive b.alive r.alive d.alive y.alive a.weight.alive b.weight.alive b.weight2.alive \
    r.weight.alive c.weight.alive d.weight.alive d.weight2.alive d.weight3.alive e.weight.alive \
    y.weight.alive
try 'a dead neuron kills what enters it, and who reads it alone' spread a.alive=1,3 -- \
    'a.weight.alive 1 3:' 'b.weight2.alive: 1 3' 'd.weight.alive: 1 3' 'd.weight2.alive: 5 7'
try 'all branches die, and the columns of a concat' spread b.alive=0 r.alive=3 -- \
    'b.weight.alive 0:' 'b.weight2.alive 0:' 'r.weight.alive 3:' 'c.weight.alive: 8' \
    'd.weight.alive: 8' 'd.weight2.alive: 3'
try 'a sum dies with all that is summed' spread a.alive=1,2 b.alive=2,4 -- \
    'a.weight.alive 1 2:' 'b.weight.alive 2 4:' 'b.weight2.alive 2 4: 1 2' \
    'c.weight.alive: 2 11' 'd.weight.alive: 1 2' 'd.weight2.alive: 5 6'
try 'a layer of branches dies for its reader' spread d.alive=5 -- \
    'd.weight.alive 5:' 'd.weight2.alive 5:' 'd.weight3.alive 5:' 'e.weight.alive: 12'
finish
