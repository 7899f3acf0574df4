#!/bin/sh
# plastc --from: the training program of what a run left alive. It computes what the first one does
# with the same checkpoint, trains on and prunes further in its smaller shape, and writes checkpoints
# that the first one reads.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
PLASTC=$(cd "$(dirname "$PLASTC")" && pwd)/$(basename "$PLASTC")
cd "$scratch" || exit 99
data='--data first:200:glyphs'

# At each adapt the neurons die that have the smallest synapses, and the smallest synapses.
cat >fading.pl <<'END'
rule fading(neurons = 0.15, synapses = 0.1) {
    state neuron age = 0;
    state synapse trail = 0;
    state input use = 0;
    observe { trail += 0.1 * (w - trail); use += batch_mean(abs(pre)); }
    adapt {
        age += 1;
        neuron size = alive_neuron ? age + sum(abs(w)) : 1e30;
        neuron low  = lowest(size, neurons);
        synapse thin = lowest(alive ? abs(w) * (1 + use) + abs(trail) : 1e30, synapses);
        drop neuron when low;
        drop synapse when thin;
        use = 0;
    }
}
function raised(x) = 1 + sin(x);
END
# Joins of every kind. In `s` and `t` what is dead on one side lives on the other; `u` has no weights;
# the sum of `d` keeps what any of its branches has.
cat >joins.pl <<'END'
model joins;
include "fading.pl";
input  x[1, 10, 10];
layer  a = x |> dense(12) |> raised |> dropout(0.1);
layer  b = ((x |> dense(12) |> tanh) + (a |> dense(12, bias = false))) |> dropout(0.2);
layer  r = x |> dense(9) |> relu;
layer  s = a + b;
layer  t = (a |> tanh) + (b |> dropout(0.1));
layer  u = a |> raised;
layer  c = concat(s, r, t) |> dense(14) |> raised;
layer  d = (concat(u, r) |> dense(11)) + (concat(r, a) |> dense(11, bias = false)) + (x |> dense(11));
layer  e = concat(c, d, u) |> dense(40) |> relu;
output y = e |> dense(10) |> raised;
loss      mse;
optimizer adam(rate = 0.003);
batch     20;
prune fading on a, b, r, c, e;
prune fading(synapses = 0) on d, d[2];
prune fading(neurons = 0.1) on y;
END
cat >rules.pl <<'END'
model rules;
include "fading.pl";
input  x[1, 10, 10];
layer  h1 = x |> dense(70, bias = false) |> relu;
layer  h2 = h1 |> dense(33) |> tanh |> dropout(0.2);
output y = h2 |> dense(10);
loss      cross_entropy;
optimizer sgd(rate = 0.03, momentum = 0.9);
batch     32;
plasticity grapes on h1, h2;
plasticity spine(patience = 2) on h1, h2, y;
prune dpap_neurons(initial = 0.3, pressure = 1) on h1 from epoch 1;
prune unused(fraction = 0.5, patience = 1) on h1, h2;
prune fading each 7 steps until epoch 2;
prune fading(neurons = 0.02) from epoch 2;
END
cat >growth.pl <<'END'
model growth;
input  x[1, 10, 10];
layer  h1 = x |> dense(60) |> relu;
layer  h2 = h1 |> dense(40) |> relu;
output y = h2 |> dense(10);
loss      cross_entropy;
optimizer adam(rate = 0.003);
batch     32;
prune sdsnn(fraction = 0.6, cooling = 2, patience = 1, share = 0.5, regrow = 0.05) on h1, h2;
prune magnitude(fraction = 0.3, ramp = 0) on h2;
END
sed -e 's/^model.*/model alignment;/' -e 's/^loss/learn feedback_alignment; loss/' rules.pl >alignment.pl
sed -e 's/^model.*/model direct;/' -e 's/^loss/learn direct_feedback_alignment; loss/' joins.pl >direct.pl

values() # values FILE.npy: one a line
{
    values_head=$(od -A n -t u2 -j 8 -N 2 "$1" | tr -d ' ')
    od -A n -v -w4 -t f4 -j $((10 + values_head)) "$1"
}
# The outputs of two programs with the same checkpoint are the same within 1e-5 of the largest.
agree() # agree PROGRAM PROGRAM CHECKPOINT
{
    "./$1" predict $data --load "$3" --raw one.npy >one.txt || return
    "./$2" predict $data --load "$3" --raw two.npy >two.txt || return
    values one.npy >one.values
    values two.npy | paste one.values - | awk '
        function size(x) { return x < 0 ? -x : x }
        { if (size($1) > most) most = size($1); if (size($1 - $2) > worst) worst = size($1 - $2) }
        END { print NR " outputs, the largest " most ", apart by " worst
              exit !(NR >= 2000 && most > 0.01 && worst <= 1e-5 * most) }'
}
train() # train PROGRAM EPOCHS THREADS RESUME SAVE
{
    "./$1" train $data --epochs "$2" --threads "$3" --resume "$4" --save "$5" --quiet
}
neurons() # neurons WHAT: of all layers; WHAT is a command line
{
    "$@" | awk '/^in all/ { print $3 }'
}
alive() # alive PROGRAM CHECKPOINT: neurons, synapses
{
    "./$1" info --load "$2" | awk '/^in all/ { print $4, $6 }'
}
fewer() { test "$1" -lt "$2"; }
less_alive() # less_alive PROGRAM BEFORE AFTER: neither neurons nor synapses are as many as they were
{
    set -- $(alive "$1" "$2") $(alive "$1" "$3")
    echo "$*"
    test $# -eq 4 && test "$3" -lt "$1" && test "$4" -lt "$2"
}
build_small() # build_small MODEL CHECKPOINT PROGRAM
{
    "$PLASTC" "$1.pl" --from "$2" -o "$3.c" &&
        $CC -std=c11 $PLAST_MODEL_CFLAGS -O1 -Wall -Wextra -Werror "$3.c" -o "$3" $PLAST_MODEL_LIBS
}

models='joins rules growth alignment direct'
# minutes of compiling more, and the library meets nothing new in the others
test "$PLAST_SANITIZERS" = 0 || models='joins rules'
for model in $models; do
    build $model.pl $model -O1 &&
        "./$model" train $data --epochs 1 --threads 1 --save $model.first.st --quiet &&
        train $model 3 1 $model.first.st $model.st && build_small $model $model.st $model-small
    result $? "$model: compiled from what is left of it"
    small=$model-small
    try "$model: neurons are gone" fewer "$(neurons ./$small info)" "$(neurons ./$model info)"
    try "$model: the same outputs" agree $model $small $model.st
    try "$model: the self-test of what is left" "./$small" selftest
    train $small 3 1 $model.st $model.back.st
    case $model in
    joins | rules) try "$model: back again to the bit" cmp $model.st $model.back.st ;;
    *) try "$model: back again" agree $model $model $model.back.st ;;
    esac
    try "$model: goes on" train $small 6 1 $model.st $model.on.st
    try "$model: prunes further" less_alive $small $model.st $model.on.st
    train $small 6 3 $model.st $model.threads.st
    try "$model: the same bits with three threads" cmp $model.on.st $model.threads.st
    train $small 4 1 $model.st $model.four.st && train $small 6 2 $model.four.st $model.resumed.st
    try "$model: resumed to the same bits" cmp $model.on.st $model.resumed.st
    try "$model: the first program reads it, with the same outputs" agree $model $small $model.on.st
    "./$model" eval $data --load $model.on.st >eval.one && "./$small" eval $data --load $model.on.st >eval.two
    try "$model: and the same score" cmp eval.one eval.two
    try "$model: and goes on from there" train $model 7 1 $model.on.st $model.seven.st
    try "$model: which the smaller one reads" agree $model $small $model.seven.st
    # more lived after the first epoch than there is room for
    try "$model: says what lives elsewhere" says 3 \
        "alive is not 0 in row [0-9]*, column 0: $model was compiled with --from" \
        "./$small" predict $data --load $model.first.st
done

# ------------------------------------------------------------------ what is the same, what is refused
try 'smaller once more' build_small joins joins.seven.st again
try 'again neurons are gone' fewer "$(neurons ./again info)" "$(neurons ./joins-small info)"
try 'the same outputs again' agree joins again joins.seven.st
"./rules" train $data --epochs 0 --save fresh.st --quiet
"$PLASTC" rules.pl -o plain.c && "$PLASTC" rules.pl --from fresh.st -o whole.c
try 'where nothing died it is the first program' cmp plain.c whole.c
from() { "$PLASTC" "$1.pl" --from "$2" -o "${3-out.c}"; }
try 'a run of another model' says 3 'joins.st: is of another model: of joins, not of rules' from rules joins.st
try 'no file' says 3 'nothing.st: No such file' from rules nothing.st
try 'no checkpoint' says 3 'rules.pl: ' from rules rules.pl
try 'nothing was written' test ! -e out.c
cp rules.st read.st
try 'what is read is not written over' says 2 "'read.st' is read" from rules read.st read.st
try 'and is as it was' cmp rules.st read.st
try 'not with --deploy' says 2 '--from is not for --deploy' \
    "$PLASTC" rules.pl --from rules.st --deploy rules.st -o out.c
try 'no value' says 2 'needs a value' "$PLASTC" rules.pl --from= -o out.c
try 'make is told of it' sh -c '"$1" rules.pl --from rules.st -MF rules.d -o made.c && grep -q "rules.st" rules.d' - "$PLASTC"
try 'a budget is that of what is left' sh -c '
    { cat rules.pl; echo "budget memory <= $(sed -n "s/^#define RULES_TRAIN_BYTES ((size_t)\(.*\))/\1/p" rules-small.c) B;"; } >tight.pl
    "$1" tight.pl -o tight.c 2>tight.err; test $? -eq 4 && "$1" tight.pl --from rules.st -o tight.c' - "$PLASTC"

# edit FILE OF CODE: a copy, changed by CODE in `t`, {name: [type, shape, bytes]}, and `meta`
edit()
{
    python3 - "$@" <<'END'
import json, struct, sys
to, of, code = sys.argv[1:]
raw = open(of, "rb").read()
size = struct.unpack("<Q", raw[:8])[0]
head = json.loads(raw[8:8 + size])
meta = head.pop("__metadata__")
t = {n: [e["dtype"], e["shape"], bytearray(raw[8 + size + e["data_offsets"][0]:8 + size + e["data_offsets"][1]])]
     for n, e in head.items()}
exec(code)
head, at = ({"__metadata__": meta} if meta else {}), 0
for n, (kind, shape, values) in t.items():
    head[n] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(values)]}
    at += len(values)
text = json.dumps(head).encode()
text += b" " * (-len(text) % 8)
open(to, "wb").write(struct.pack("<Q", len(text)) + text + b"".join(bytes(v[2]) for v in t.values()))
END
}
if command -v python3 >/dev/null; then
    plain='meta = None
for n in [n for n in t if "." in n and n.split(".", 1)[1] not in ("weight", "bias", "weight2")]: del t[n]'
    dead='row = next(i for i, x in enumerate(t["h2.alive"][2]) if not x)'
    edit plain.st rules.st "$plain"
    try 'weights without masks, zero at what is gone' agree rules rules-small plain.st
    edit bias.st rules.st "$dead; t['h2.bias'][2][4 * row:4 * row + 4] = struct.pack('<f', 0.5)
$plain"
    try 'and not zero' says 3 'h2.bias is not 0 in row [0-9]*, column 0: rules was compiled' ./rules-small eval $data --load bias.st
    edit column.st rules.st "$dead; t['y.weight'][2][4 * (33 + row):4 * (33 + row) + 4] = struct.pack('<f', 0.5)
$plain"
    try 'a column of them' says 3 'y.weight is not 0 in row 1, column [0-9]*: rules was' ./rules-small eval $data --load column.st
    edit loose.st rules.st "$dead; t['y.weight'][2][4 * (33 + row):4 * (33 + row) + 4] = struct.pack('<f', 0.5)"
    try 'a weight that the masks have dead is nothing' agree rules rules-small loose.st
    edit shape.st rules.st 't["h2.bias"][1] = [32]; del t["h2.bias"][2][128:]'
    try 'another shape' says 3 'h2.bias is \[33\] here, \[32\] in shape.st' ./rules-small eval $data --load shape.st
    try 'there as well' says 3 'h2.bias is \[33\] in the model, \[32\] there' from rules shape.st
    edit nan.st rules.st "$dead; t['h2.weight'][2][280 * row:280 * row + 4] = struct.pack('<f', float('nan'))"
    try 'what is no number' says 3 'h2.weight is infinite or not a number in row' ./rules-small eval $data --load nan.st
    edit none.st rules.st 't["h2.alive"][2][:] = bytes(33)'
    try 'a layer without neurons' says 3 'h2.alive has no neuron alive' from rules none.st
else
    for name in 'weights without masks' 'other shapes' 'a layer without neurons'; do
        skip "$name" 'no python3'
    done
fi
finish
