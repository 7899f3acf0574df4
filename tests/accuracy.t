#!/bin/sh
# Accuracy on real data, last epoch, three seeds: 784-300-100-10 on MNIST and on Fashion-MNIST, both
# at once with one thread each.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

models=
for model in mnist fashion; do
    directory=${PLAST_DATA-}/$model
    test $model = mnist || directory=$directory-mnist
    if [ -z "${PLAST_DATA-}" ] || [ ! -d "$directory" ]; then
        skip "$model" "PLAST_DATA names no directory with ${directory##*/}"
    elif [ "$PLAST_SANITIZERS" = 1 ]; then
        skip "$model" 'sanitizers make it too slow'
    else
        ln -s "$directory" "$scratch/$model.data"
        cp "$top_srcdir/examples/$model.pl" "$scratch"
        try "$model compiles" build "$scratch/$model.pl" "$scratch/$model" -O3 -march=native &&
            models="$models $model"
    fi
done

train() # train MODEL SEED
{
    "$scratch/$1" train --quiet --threads 1 --data "idx:$scratch/$1.data" --seed "$2" \
        --log "$scratch/$1.json" >"$scratch/$1.err" 2>&1
}

reached() # reached MODEL LEAST: says what it got
{
    cat "$scratch/$1.err"
    awk -v least="$2" '
        match($0, /"test_accuracy": *[0-9.e-]+/) {
            got = substr($0, RSTART, RLENGTH)
            sub(/.*: */, "", got)
            epochs++
        }
        END {
            print "test accuracy " got " after " epochs " epochs, at least " least " is expected"
            exit !(epochs == 10 && got + 0 >= least + 0)
        }' "$scratch/$1.json"
}

for seed in 1 2 3; do
    for model in $models; do
        train "$model" $seed &
    done
    wait
    for model in $models; do
        least=0.980
        test "$model" = mnist || least=0.880
        try "$model, seed $seed" reached "$model" $least
        sed 's/^/# /' "$scratch/log"
        rm -f "$scratch/$model.json"
    done
done
finish
