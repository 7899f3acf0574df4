#!/bin/sh
# One model from its text to a trained, saved, evaluated network, as a new user does it. Every build
# of the matrix runs this.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
: "${PLAST_HAVE_ZLIB:=1}"

quick=$scratch/quick
try 'plastc and the C compiler make a program' \
    build "$top_srcdir/examples/quick.pl" "$quick" -Wall -Wextra -Werror || finish

selftest()
{
    "$quick" selftest >"$scratch/selftest"
    status=$?
    cat "$scratch/selftest"
    test $status -eq 0 && test "$(grep -c '^ok .* - gradient ' "$scratch/selftest")" -eq 4
}
try 'selftest finds four gradients right' selftest

train()
{
    "$quick" train --data first:4000:glyphs --epochs 2 --quiet --save "$quick.safetensors" --log "$scratch/log" &&
        test "$(wc -l <"$scratch/log")" -eq 2 &&
        sed -n '$s/.*"test_accuracy": *\([0-9.e+-]*\).*/\1/p' "$scratch/log" |
        awk '{ print "test accuracy", $1; good = $1 > 0.8 } END { exit !good }'
}
try 'it learns 2,000 unseen digits from 4,000 in two epochs' train

predict()
{
    "$quick" predict --quiet --load "$quick.safetensors" >"$scratch/classes" &&
        test "$(grep -c '^[0-9]$' "$scratch/classes")" -eq 2000 &&
        test "$(sort -u "$scratch/classes" | wc -l)" -eq 10
}
try 'predict names one of ten classes for each' predict
try 'eval reads what train saved' "$quick" eval --quiet --load "$quick.safetensors"
try 'info reads it too' "$quick" info --load "$quick.safetensors"
try 'what is not a checkpoint is refused' fails_with 3 "$quick" eval --load "$quick.c"

refused_packed()
{
    mkdir "$scratch/idx"
    for file in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
        printf '\037\213\010' >"$scratch/idx/$file-ubyte.gz"
    done
    fails_with 3 "$quick" train --data "idx:$scratch/idx" 2>"$scratch/refused" &&
        grep "idx3-ubyte.gz" "$scratch/refused" && { test "$PLAST_HAVE_ZLIB" = 1 || grep zlib "$scratch/refused"; }
}
try 'a .gz that is none, or that this build does not read, is refused' refused_packed
finish
