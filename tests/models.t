#!/bin/sh
# The dense, static models of examples/models as they stand: they compile without a warning, and a
# short run on real MNIST learns, prunes what it should, and gives the same bits with one thread and
# with two, stopped and resumed, fused and not.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
models='quick bdnn_mnist pruned_mnist grapes_mnist all_four own_rule'
warnings='-Wall -Wextra -Werror'

# How long the run is: as short as what the model is there for can be seen in it.
epochs_of()
{
    case $1 in
    pruned_mnist) echo 10 ;; # from epoch 3, dead after being low three times, more and more are
    all_four) echo 20 ;;     # neurons live on what they start with for about 15 epochs
    *) echo 5 ;;
    esac
}
# What is left alive at the end: layer, key of the log, least, most. The others stay whole.
alive_at_end()
{
    case $1 in
    pruned_mnist) printf '%s\n' 'h1 live 0.09 0.3' 'h2 live 0.09 0.3' ;;
    all_four) printf '%s\n' 'h1 live 0.35 0.7' 'h2 live_neurons 1 99' ;;
    esac
}

learns() # learns MODEL: the last epoch's loss is below the first's, and better than chance by far
{
    awk -v epochs="$(epochs_of "$1")" '
        { match($0, /"loss": *[0-9.e+-]+/); loss[NR] = substr($0, RSTART, RLENGTH); sub(/.*: */, "", loss[NR])
          match($0, /"test_accuracy": *[0-9.e+-]+/); right = substr($0, RSTART, RLENGTH); sub(/.*: */, "", right) }
        END {
            print NR " epochs, loss " loss[1] " to " loss[NR] ", test accuracy " right
            exit !(NR == epochs && loss[NR] + 0 < loss[1] * 0.9 && right > 0.8)
        }' "$scratch/$1.log"
}

# value LAYER KEY FILE: of the last line of a log
value()
{
    tail -n 1 "$3" | sed -n 's/.*"'"$2"'": {[^}]*"'"$1"'": *\([0-9.e+-]*\).*/\1/p'
}

prunes() # prunes MODEL: what should be dead is, at the end and not in the first epoch
{
    head -n 1 "$scratch/$1.log" >"$scratch/first.log"
    alive_at_end "$1" >"$scratch/alive"
    while read -r layer key least most; do
        first=$(value "$layer" "$key" "$scratch/first.log")
        last=$(value "$layer" "$key" "$scratch/$1.log")
        echo "$layer: $key $first to $last, $least to $most expected"
        awk -v f="$first" -v l="$last" -v least="$least" -v most="$most" \
            'BEGIN { exit !(f > l && l >= least && l <= most) }' || return 1
    done <"$scratch/alive"
}

whole() # whole MODEL: no synapse and no neuron dies where no rule drops
{
    tail -n 1 "$scratch/$1.log" >"$scratch/last.log"
    sed -n 's/.*"live": {\([^}]*\)}.*/\1/p' "$scratch/last.log" | tr ',' '\n' >"$scratch/live"
    cat "$scratch/live"
    test "$(wc -l <"$scratch/live")" -ge 2 && ! grep -v -E ': *1$' "$scratch/live"
}

passes_selftest() # passes_selftest MODEL: with lines of what dies where something can
{
    "$scratch/$1" selftest >"$scratch/selftest" || { cat "$scratch/selftest"; return 1; }
    grep -q '^ok .* - gradient ' "$scratch/selftest" || return 1
    test -z "$(alive_at_end "$1")" || grep -q '^ok .* - dead ' "$scratch/selftest"
}

samples="--quiet --data first:4000:idx:$scratch/mnist --test idx:$scratch/mnist"
train() # train PROGRAM FILE OPTIONS...
{
    train_program=$1 train_file=$2
    shift 2
    # shellcheck disable=SC2086
    "$train_program" train $samples --save "$train_file" "$@"
}
train_whole() # train_whole MODEL PROGRAM NAME THREADS
{
    train "$2" "$scratch/$3.st" --epochs "$(epochs_of "$1")" --threads "$4" --log "$scratch/$3.log"
}

# Stopped in the middle of the run, and again: by a signal some time after an epoch's line is in the
# log, tried with other times until one of the stops was inside an epoch.
stopped_and_resumed() # stopped_and_resumed MODEL
{
    for pause in 0 0.01 0.02 0.03 0.05; do
        stop_often "$1" $pause || return 1
        test $inside -eq 0 || return 0
    done
    return 1
}
# `--epochs` of the first part is that of all.
stop_often() # stop_often MODEL PAUSE
{
    part=$scratch/part.st rest="--epochs $(epochs_of "$1")" stops=0 inside=0
    rm -f "$part" "$scratch/lines"
    mkfifo "$scratch/lines" || return 1
    for lines in 2 1 2 2 2 2; do
        # shellcheck disable=SC2086
        "$scratch/$1" train $samples --save "$part" --threads 2 $rest --log - >"$scratch/lines" &
        child=$!
        {
            while [ $lines -gt 0 ] && read -r line; do lines=$((lines - 1)); done
            sleep "$2"
            kill -TERM $child 2>/dev/null
            wait $child
            status=$?
        } <"$scratch/lines"
        case $status in
        143) stops=$((stops + 1)) ;;
        0) break ;; # that was its end
        *) return 1 ;;
        esac
        "$scratch/$1" info --load "$part" | grep 'step .* of .* of the next epoch' && inside=$((inside + 1))
        rest="--resume $part"
    done
    echo "stopped $stops times, inside an epoch $inside"
    test $stops -ge 1 || return 1
    train "$scratch/$1" "$scratch/resumed.st" --threads 1 --resume "$part" &&
        cmp "$scratch/$1.st" "$scratch/resumed.st"
}

equal_threads()
{
    train_whole "$1" "$scratch/$1" two 2 && cmp "$scratch/$1.st" "$scratch/two.st"
}
equal_unfused()
{
    train_whole "$1" "$scratch/$1-unfused" unfused 2 && cmp "$scratch/$1.st" "$scratch/unfused.st"
}
build_unfused()
{
    "$PLASTC" "$top_srcdir/examples/models/$1.pl" --no-fuse -o "$scratch/$1-unfused.c" &&
        ! cmp -s "$scratch/$1.c" "$scratch/$1-unfused.c" &&
        $CC -std=c11 $PLAST_MODEL_CFLAGS -O3 -march=native $warnings "$scratch/$1-unfused.c" \
            -o "$scratch/$1-unfused" $PLAST_MODEL_LIBS
}

on_mnist() # on_mnist MODEL
{
    try "$1: learns" train_whole "$1" "$scratch/$1" "$1" 1 || return
    try "$1: the loss falls" learns "$1"
    sed 's/^/# /' "$scratch/log"
    if [ -n "$(alive_at_end "$1")" ]; then
        try "$1: what should die dies" prunes "$1"
        sed 's/^/# /' "$scratch/log"
    elif [ "$1" != own_rule ]; then
        try "$1: nothing dies" whole "$1"
    fi
    try "$1: two threads, the same bits" equal_threads "$1"
    try "$1: --no-fuse, the same bits" equal_unfused "$1"
    try "$1: stopped and resumed, the same bits" stopped_and_resumed "$1"
}

data=
if [ -z "${PLAST_DATA-}" ] || [ ! -d "$PLAST_DATA/mnist" ]; then
    data='PLAST_DATA names no directory with mnist'
elif [ "$PLAST_SANITIZERS" = 1 ]; then
    data='sanitizers make it too slow'
else
    ln -s "$PLAST_DATA/mnist" "$scratch/mnist"
fi
for model in $models; do
    # shellcheck disable=SC2086
    try "$model compiles as it stands" build "$top_srcdir/examples/models/$model.pl" "$scratch/$model" \
        -O3 -march=native $warnings || continue
    try "$model with --no-fuse" build_unfused "$model"
    try "$model: selftest" passes_selftest "$model"
    if [ -n "$data" ]; then skip "$model on MNIST" "$data"; else on_mnist "$model"; fi
done
finish
