#!/bin/sh
# Storage forms: layers change theirs while they are pruned, and nothing else changes.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

cat >"$scratch/pruned.pl" <<'END'
model pruned;
rule halve {
    adapt {
        neuron luck = random(), out = lowest(luck, min(0.5, 0.2 * (period + 1)));
        drop neuron when out;
    }
}
input  image[1, 14, 14];
layer  h1    = image |> dense(60) |> relu;
layer  h2    = h1 |> dense(50) |> tanh |> dropout(0.1);
layer  h3    = h2 |> dense(40) |> relu;
output digit = h3 |> dense(10);
loss      cross_entropy;
optimizer adam(rate = 0.002);
batch     32;
epochs    6;
plasticity grapes on h1, h2, h3;
plasticity spine on h1, h2 each 3 steps;
prune magnitude(fraction = 0.9, ramp = 0) on h1 from epoch 1;
prune halve on h2, h3 from epoch 2;
END
sed 's/^prune magnitude.*/prune never on h1, h2, h3;/; s/^prune halve.*//
s/^rule halve/rule never { adapt { drop synapse when w > 1e30; } }\
&/' "$scratch/pruned.pl" >"$scratch/full.pl"
crossing() # crossing SHARE NAME: the program NAME, whatever the target's own crossover is
{
    "$PLASTC" --crossover="$1" "$scratch/$2.pl" -o "$scratch/$2.c" &&
        $CC -std=c11 $PLAST_MODEL_CFLAGS "$scratch/$2.c" -o "$scratch/$2" $PLAST_MODEL_LIBS
}
crossing 0.3 pruned && crossing 1 full || exit 99

# ------------------------------------------------------------------ memory, words
sed 's/^batch .*/batch 1000;/' "$scratch/pruned.pl" >"$scratch/large.pl"
build "$scratch/large.pl" "$scratch/large" || exit 99
bytes() { "$PLASTC" "$@" -o - | sed -n 's/.*_TRAIN_BYTES ((size_t)\([0-9]*\)).*/\1/p'; }
try 'memory grows by less than 15 %' sh -c 'echo "$1 $2"; test $(($1 * 100)) -le $(($2 * 115))' - \
    "$(bytes "$scratch/pruned.pl")" "$(bytes --crossover=0 "$scratch/pruned.pl")"
try 'also where a batch is large' sh -c 'echo "$1 $2"; test $(($1 * 100)) -le $(($2 * 115))' - \
    "$(bytes "$scratch/large.pl")" "$(bytes --crossover=0 "$scratch/large.pl")"
try 'for inputs are gathered twice then' grep -q 'plast_wait();' "$scratch/large.c"
cat >"$scratch/small.pl" <<'END'
model small;
rule lot { adapt { neuron l = random(); drop neuron when l < 0.3; } }
input  x[1, 7, 7];
layer  h1 = x |> dense(24) |> relu;
layer  h2 = h1 |> dense(24) |> relu;
layer  h3 = h2 |> dense(24) |> relu;
output o = h3 |> dense(10);
loss      cross_entropy;
optimizer adam(rate = 0.001);
batch     33;
prune lot on h3;
prune magnitude on h1, h2;
END
try 'and in small nets, where some layers go without csr' sh -c 'echo "$1 $2"; test $(($1 * 100)) -le $(($2 * 115))' - \
    "$(bytes "$scratch/small.pl")" "$(bytes --crossover=0 "$scratch/small.pl")"
"$PLASTC" "$scratch/small.pl" -o - | grep -q CROSSOVER && "$PLASTC" --crossover=1 "$scratch/small.pl" -o - |
    grep -q 'H1_CROSSOVER 1'
result $? 'others have it, and all where they are asked to'
sed 's/^prune lot.*/plasticity odd on h1, h2, h3; prune magnitude on h1, h2, h3;/; s/^rule lot.*/rule odd { state neuron seen = 0; observe { seen = VALUE; } }/' \
    "$scratch/small.pl" >"$scratch/odd.pl"
form_with() # form_with VALUE: of a rule that sums it, in --explain
{
    sed "s,VALUE,$1," "$scratch/odd.pl" >"$scratch/odd-one.pl"
    "$PLASTC" --crossover=1 --explain "$scratch/odd-one.pl" | sed -n 's/^  h1   *dense/dense/p'
}
for value in 'sum(w * log(abs(w)))' 'sum(w / abs(w))' 'sum(w * (1 / w))' 'sum(exp(w))'; do
    case $(form_with "$value") in *csr*) false ;; *dense*) ;; *) false ;; esac
    result $? "$value is of dead places too: no csr"
done
for value in 'sum(abs(w))' 'sum(w / (abs(w) + 1))' 'sum(w * exp(w))'; do
    case $(form_with "$value") in *csr*) ;; *) false ;; esac
    result $? "$value needs none"
done
try '--crossover above 1' fails_with 2 "$PLASTC" --crossover=1.5 "$scratch/pruned.pl" -o "$scratch/x.c"
try '--crossover of no layer' fails_with 2 "$PLASTC" --crossover=h9:0.5 "$scratch/pruned.pl" -o "$scratch/x.c"
try '--forms of another kind' fails_with 2 "$scratch/pruned" train --forms coo

# ------------------------------------------------------------------ through changes of form
cd "$scratch" || exit 99
program=./pruned
data='--data first:300:glyphs --quiet'

train() # train NAME OPTIONS...: NAME.st, NAME.log
{
    trained=$1
    shift
    # shellcheck disable=SC2086
    $program train $data --save "$trained.st" --log "$trained.log" "$@"
}
form() # form NAME LAYER: by line of the log
{
    sed 's/.*"form": {[^}]*"'"$2"'": "\([a-z]*\)".*/\1/' "$1.log"
}
number_of() # number_of KEY NAME: in the last line of the log
{
    tail -n 1 "$2.log" | sed 's/.*"'"$1"'": \([-+0-9.eE]*\).*/\1/'
}
near() # near A B: to one part in 10,000
{
    echo "$1 $2" | awk '{ d = $1 - $2; exit !((d < 0 ? -d : d) <= 1e-4 * $1) }'
}
is() # is WORDS WANTED
{
    echo "$1, wanted $2"
    test "$1" = "$2"
}

try 'trains' train auto --threads 2
try 'all begin dense' is "$(for l in h1 h2 h3 digit; do form auto $l | head -n 1; done | tr '\n' ' ')" \
    'dense dense dense dense '
try 'synapses that die make h1 csr' is "$(form auto h1 | tail -n 1)" csr
try 'dead neurons make h2 packed, and what reads h3' \
    is "$(for l in h2 digit; do form auto $l | tail -n 1; done | tr '\n' ' ')" 'packed packed '
for threads in 1 5; do
    train other --threads $threads
    try "the same bits with $threads threads" cmp auto.st other.st
done
# no rule here looks at progress, which is measured against --epochs
train parts --epochs 1
for epochs in 2 3 4 5 6; do
    train parts --resume parts.st --epochs $epochs --threads $((epochs % 3 + 1))
done
try 'the same bits where each epoch is a run of its own' cmp auto.st parts.st

for forms in dense packed csr; do
    train $forms --forms $forms
    try "--forms $forms: the same loss" near "$(number_of loss $forms)" "$(number_of loss auto)"
    for what in alive weight.alive; do
        ./pruned info --load $forms.st | grep "$what .* alive\$" | sed 's/.* \([0-9]* of\)/\1/' >$forms.$what
        ./pruned info --load auto.st | grep "$what .* alive\$" | sed 's/.* \([0-9]* of\)/\1/' >auto.$what
        try "--forms $forms: as much alive ($what)" cmp $forms.$what auto.$what
    done
done
try '--forms dense: all are' is "$(for l in h1 h2 h3; do form dense $l | tail -n 1; done | tr '\n' ' ')" \
    'dense dense dense '
try '--forms packed: none is csr' sh -c 'test "$1" != csr' - "$(form packed h1 | tail -n 1)"
try 'info names them' sh -c './pruned info --load auto.st | grep "^h1 .* csr " &&
    ./pruned info --load auto.st | grep "^h2 .* packed "'
./pruned eval --data glyphs --quiet --load auto.st >eval.txt 2>&1
try 'eval says what training said' is "$(sed -n 's/^accuracy \([0-9.]*\) .*/\1/p' eval.txt)" \
    "$(number_of test_accuracy auto | awk '{ printf "%.4g", $1 }')"
try 'bench begins with a checkpoint' sh -c './pruned bench --data first:300:glyphs --seconds 0.2 \
    --load auto.st | grep -q "\"h1\": \"csr\""'

# ------------------------------------------------------------------ inputs that are gathered twice
program=./large data='--data first:2500:glyphs --quiet'
train large1 --threads 1
train large2 --threads 2
train large3 --forms dense
try 'large batches: csr' is "$(form large1 h1 | tail -n 1)" csr
try 'the same bits with two threads' cmp large1.st large2.st
try 'the same loss as dense' near "$(number_of loss large1)" "$(number_of loss large3)"
program=./pruned data='--data first:300:glyphs --quiet'

# ------------------------------------------------------------------ where csr begins to be faster
./pruned bench --data first:300:glyphs --seconds 0.2 --crossover >crossover.txt 2>crossover.err
try 'bench --crossover measures each layer that can be csr' is \
    "$(sed -n 's/.*"layer": "\([^"]*\)", "crossover": [0-9].*/\1/p' crossover.txt | tr '\n' ' ')" 'h1 h2 h3 digit '
try 'in both forms, at several shares' sh -c 'test "$(grep -c "\"layer\": \"h1\", \"live\": 0.0*[0-9]*, \"dense_ms\": [0-9.]*, \"csr_ms\": [0-9.]*}" crossover.txt)" -ge 2'
try 'not of a checkpoint' fails_with 2 ./pruned bench --crossover --load auto.st
try 'not in one form' fails_with 2 ./pruned bench --crossover --forms csr
"$PLASTC" --crossover=0 "$scratch/pruned.pl" -o never.c &&
    $CC $PLAST_MODEL_CFLAGS -O1 never.c -o never $PLAST_MODEL_LIBS
try 'not where no layer can be' fails_with 2 ./never bench --crossover

# ------------------------------------------------------------------ csr of all synapses
program=./full
train full --forms csr
train same --forms dense
try 'a full mask can be csr' is "$(form full h2 | tail -n 1)" csr
try 'and gives the loss of dense weights' near "$(number_of loss full)" "$(number_of loss same)"
finish
