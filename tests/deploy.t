#!/bin/sh
# Deployed nets: they predict what the program they were trained by predicts, stay small, and nothing
# that is not a number gets in.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/processors.sh"
cd "$scratch" || exit 99
warnings='-std=c99 -ffreestanding -Wall -Wextra -Werror -Wconversion'
runtime=$top_builddir/.libs/libruntime.a
test -f "$runtime" || runtime=$top_builddir/libruntime.la

deployed() # deployed NET OPTIONS...: NET.drv, of NET.pl and what it saved as NET.st
{
    net=$1
    shift
    "$PLASTC" "$net.pl" --deploy "$net.st" -o "$net-net.c" --header="$net-net.h" "$@" &&
        compiled "$net" ''
}
compiled() # compiled NET FLAGS: NET.drv of the C that is there
{
    net=$1
    upper=$(printf %s "$net" | tr '[:lower:]' '[:upper:]')
    # shellcheck disable=SC2086
    $CC $warnings -O2 $2 -D"${upper}_SELFTEST" -c "$net-net.c" -o "$net-net.o" &&
        $CC -std=c11 $PLAST_MODEL_CFLAGS -I. -I"$top_srcdir/runtime" -DHEADER="\"$net-net.h\"" \
            "-DNET(x)=${net}_##x" "-DUPPER(x)=${upper}_##x" "$top_srcdir/tests/deploy_driver.c" \
            "$net-net.o" -o "$net.drv" $PLAST_MODEL_LIBS
}
trained() # trained NET DATA OPTIONS...: NET.st, and NET.npy of what it predicts
{
    net=$1 data=$2
    shift 2
    build "$net.pl" "$net" && "./$net" train --quiet --data "$data" --save "$net.st" "$@" >/dev/null &&
        "./$net" predict --quiet --data "${data#first:*:}" --load "$net.st" --raw "$net.npy" >/dev/null
}
tested() # tested NET: its self-test, in a program of its own
{
    tested_upper=$(printf %s "$1" | tr '[:lower:]' '[:upper:]')
    cat >"$1-test.c" <<END
#include "$1-net.h"
static union {
    float aligned;
    unsigned char bytes[${tested_upper}_SCRATCH_BYTES];
} scratch;
int main(void)
{
    return $1_selftest(scratch.bytes);
}
END
    # shellcheck disable=SC2086
    $CC -std=c11 $PLAST_MODEL_CFLAGS -I. -D"${tested_upper}_SELFTEST" "$1-test.c" "$1-net.o" \
        -o "$1-test" $PLAST_MODEL_LIBS && "./$1-test"
}
exact() { "./$1.drv" "$2" "$1.npy" 1e-5; } # exact NET DATA
# The first by no flags: paths NET WHAT COMMAND... tests the others, where they can be run.
paths()
{
    grep -q '_LANES' "$1-net.c" || return 0 # it has no products
    paths_net=$1 paths_what=$2
    shift 2
    for path in AVX2 AVX-512; do
        case $path in
        AVX2) lanes=8 flags=$avx2 reason=$(lacking_avx2 "$CC") ;;
        *) lanes=16 flags=$avx512 reason=$(lacking_avx512 "$CC") ;;
        esac
        if [ -n "$reason" ]; then
            skip "$paths_net, $path: $paths_what" "$reason"
        else
            try "$paths_net, $path: compiled" compiled "$paths_net" "$flags"
            try "$paths_net, $path: which is that path" takes $lanes "$CC" "$flags" "$paths_net-net.c"
            try "$paths_net, $path: $paths_what" "$@"
        fi
    done
}
constants() { sed -n 's/^#define .*_CONSTANT_BYTES \([0-9]*\).*/\1/p' "$1-net.h"; }
at_most() { echo "$1, at most $2" && test "$1" -le "$2"; }

# ------------------------------------------------------------------ all that the language has
cat >every.pl <<'END'
model every;
function hump(x, width = 2) = exp(-(x * x) / width) * cos(x) + min(abs(x), 0.5) * floor(x) * 0.01;
rule some { adapt { synapse luck = random(); drop synapse when luck < 0.3; } }
rule fewer { adapt { neuron luck = random(); drop neuron when luck < 0.25; } }
input  image[1, 14, 14] |> normalize(mean = 0.2, deviation = 0.4);
layer  a = image |> dense(37) |> tanh |> dropout(0.1);
layer  b = image |> dense(37, bias = false) |> hump;
layer  c = (a + b) |> leaky_relu(0.1);
layer  d = concat(a, c) |> dense(33) |> relu;
layer  e = ((d |> dense(21)) + (a |> dense(21))) |> sigmoid;
output digit = concat(d, e) |> dense(10);
loss      cross_entropy;
optimizer adam(rate = 0.002);
batch     32;
epochs    4;
prune some on a, b, d, e until epoch 3;
prune fewer on a, b, d, e until epoch 2;
END
sed 's/^model every/model dense_one/; s/^prune.*//' every.pl >dense_one.pl
sed 's/^model every/model emptied/; s/luck < 0.3/luck < 0.9/; s/luck < 0.25/luck < 0.7/; s/^prune fewer on a/prune fewer on digit, a/' every.pl >emptied.pl
# Neurons that live and that nothing alive enters: in `severed` all of two layers.
cat >lonely.pl <<'END'
model lonely;
rule sever(share = 0.4) { adapt { neuron luck = random(); drop synapse when luck < share; } }
function raised(x) = 1 + sin(x);
input  image[1, 14, 14] |> normalize(mean = 0.2, deviation = 0.4);
layer  a = image |> dense(37) |> raised;
layer  b = a |> dense(33) |> sigmoid |> dropout(0.1);
layer  c = ((a |> dense(33, bias = false)) + b) |> tanh;
layer  d = (b + c) |> raised;
layer  e = concat(a, d) |> dense(29) |> relu;
output digit = concat(e, c) |> dense(10);
loss      cross_entropy;
optimizer adam(rate = 0.002);
batch     32;
epochs    3;
prune sever on a, b, c, e, digit until epoch 2;
END
sed 's/^model lonely/model severed/; s/^prune.*/prune sever on a, digit until epoch 2; prune sever(share = 2) on b, c until epoch 2;/' \
    lonely.pl >severed.pl
sed 's/^model lonely/model constant/; s/^prune.*/prune sever(share = 2) on digit until epoch 2;/' lonely.pl >constant.pl
# Outputs that only stand for others, some of them dead: by their places.
cat >standing.pl <<'END'
model standing;
rule fewer { adapt { neuron luck = random(); drop neuron when luck < 0.4; } }
input  image[1, 14, 14];
layer  a = image |> dense(6) |> tanh;
layer  b = image |> dense(4) |> sigmoid;
output digit = concat(a, b);
loss      mse;
optimizer adam(rate = 0.002);
batch     32;
epochs    3;
prune fewer on a, b until epoch 2;
END
cat >behind.pl <<'END'
model behind;
rule fewer { adapt { neuron luck = random(); drop neuron when luck < 0.4; } }
function above(x) = x > 0 ? x + 1 : 1 / (1 - x);
input  image[1, 14, 14];
layer  a = image |> dense(20) |> tanh;
output digit = ((a |> dense(10)) + (image |> dense(10))) |> above;
loss      mse;
learn     direct_feedback_alignment;
optimizer adam(rate = 0.002);
batch     32;
epochs    3;
prune fewer on a, digit until epoch 2;
END
for net in every dense_one emptied lonely severed constant standing behind; do
    try "$net is trained" trained $net first:600:glyphs
    try "$net is deployed" deployed $net
    try "$net: outputs as predicted" exact $net glyphs
    try "$net: and as its self-test has them" tested $net
    paths $net 'outputs as predicted' exact $net glyphs
    try "$net: --int8" deployed $net --int8 --data first:200:glyphs
    try "$net: --int8 loses little" "./$net.drv" glyphs $net.npy classes 1.5
    paths $net '--int8 loses little' "./$net.drv" glyphs $net.npy classes 1.5
done

units() # units LAYER REPORT.json: left of it
{
    sed -n 's/.*"name": "'"$1"'",.*"units": \([0-9]*\), .*/\1/p' "$2"
}
no_more() { echo "$2 has $1 units" && test -n "$1" && test "$1" -le "$3"; }
for net in lonely severed; do
    try "$net: report" "$PLASTC" $net.pl --deploy $net.st -o x.c --report $net.json
done
try 'neurons that nothing enters are part of biases' no_more "$(units a lonely.json)" a 30
try 'and of layers that read them' no_more "$(units e lonely.json)" e 25
try 'and of sums of those: nothing is left of a layer' no_more "$(units d severed.json)" d 0
try 'nor of what it alone would read' no_more "$(units b severed.json)" b 0

# ------------------------------------------------------------------ the shared models
for model in "$top_srcdir"/examples/models/*.pl; do
    name=$(basename "$model" .pl)
    cp "$model" "$name.pl"
    why=$("$PLASTC" "$name.pl" --deploy none.st -o "$name.c" 2>&1 | sed -n 's/.*error: //p' | head -n 1)
    case $why in
    *'not compiled '*' yet') skip "$name: outputs as predicted" "$why" && continue ;;
    esac
    if grep -q '28, 28' "$name.pl" && [ -n "${PLAST_DATA:-}" ]; then
        set=idx:$PLAST_DATA/mnist
    else
        set=glyphs
    fi
    try "$name is trained" trained "$name" first:2000:$set --epochs 3
    try "$name is deployed" deployed "$name" || continue
    try "$name: outputs as predicted" exact "$name" $set
done

# ------------------------------------------------------------------ small
cp "$top_srcdir/examples/pruned_mnist.pl" pruned_mnist.pl
if [ -n "${PLAST_DATA:-}" ] && [ "$PLAST_SANITIZERS" != 1 ]; then
    set=idx:$PLAST_DATA/mnist
    try 'pruned_mnist is trained' trained pruned_mnist $set
    try 'and deployed' deployed pruned_mnist --report page.html
    try 'outputs as predicted' exact pruned_mnist $set
    paths pruned_mnist 'outputs as predicted' exact pruned_mnist $set
    try 'bytes' at_most "$(constants pruned_mnist)" 142000
    try 'as int8' deployed pruned_mnist --int8 --data $set --report report.json
    try 'bytes of int8' at_most "$(constants pruned_mnist)" 60000
    try 'int8 loses less than 0.3 points' ./pruned_mnist.drv $set pruned_mnist.npy classes 0.3
    paths pruned_mnist 'int8 loses less than 0.3 points' ./pruned_mnist.drv $set pruned_mnist.npy classes 0.3
else
    skip 'pruned_mnist deployed: bytes and accuracy' 'it needs PLAST_DATA, and no sanitizers'
fi

# ------------------------------------------------------------------ what is refused
plastc_fails() { rm -f x.c; fails_with "$1" "$PLASTC" every.pl "$2" "$3" -o x.c && test ! -e x.c; }
try 'no such checkpoint' plastc_fails 3 --deploy none.st
try 'the checkpoint of another model' plastc_fails 3 --deploy dense_one.st
try 'a file that is none' plastc_fails 3 --deploy every.pl
head -c 3000 every.st >short.st
try 'a file cut off' plastc_fails 3 --deploy short.st
spoilt() # spoilt BYTES TENSOR: the first number of the tensor becomes these four
{
    length=$(od -A n -t u1 -N 2 every.st | awk '{ print $1 + 256 * $2 }')
    begin=$(head -c $((8 + length)) every.st | tail -c "$length" |
        sed 's/.*"'"$2"'": *{[^}]*"data_offsets": *\[\([0-9]*\),.*/\1/')
    cp every.st spoilt.st && printf "$1" | dd of=spoilt.st bs=1 seek=$((8 + length + begin)) conv=notrunc 2>/dev/null
    says 3 "$2 is infinite or not a number in row 0, column 0" "$PLASTC" every.pl --deploy spoilt.st -o x.c
}
try 'what is not a number is named' spoilt '\000\000\300\177' b.weight
try 'and infinity' spoilt '\000\000\200\177' b.weight
try '--int8 without --data' fails_with 2 "$PLASTC" every.pl --deploy every.st --int8 -o x.c
try '--report without --deploy' fails_with 2 "$PLASTC" every.pl --report x.html -o x.c
try 'a set that is not there' fails_with 3 "$PLASTC" every.pl --deploy every.st --data idx:none -o x.c
try 'an output over the checkpoint' fails_with 2 "$PLASTC" every.pl --deploy every.st -o every.st
finish
