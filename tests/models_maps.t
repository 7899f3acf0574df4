#!/bin/sh
# The convolutional and timed models of examples/models as they stand, but for fewer time steps: they
# compile without a warning, their gradients are right, a short run on drawn digits learns, and gives
# the same bits with one thread and with two, fused and not, resumed and not.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
warnings='-Wall -Wextra -Werror'

# samples, epochs, options of plastc
run_of()
{
    case $1 in
    residual) echo 200 3 ;;
    dpap_mnist_ann) echo 300 2 ;;
    dpap_mnist_snn) echo 300 3 -D steps=4 ;;
    grapes_snu) echo 300 2 ;;
    dpap_cifar_small) echo 100 3 -D width=8 ;;
    esac
}
build() # build MODEL PROGRAM PLASTC-OPTIONS...
{
    build_model=$1 build_program=$2
    shift 2
    "$PLASTC" "$top_srcdir/examples/models/$build_model.pl" "$@" -o "$build_program.c" &&
        # shellcheck disable=SC2086
        $CC -std=c11 $PLAST_MODEL_CFLAGS -O2 $warnings "$build_program.c" -o "$build_program" $PLAST_MODEL_LIBS
}
train() # train PROGRAM TO OPTIONS...
{
    train_program=$1 train_to=$2
    shift 2
    "$train_program" train --data "first:$samples:glyphs" --quiet --save "$train_to" "$@"
}
runs() { train "$scratch/$1" "$scratch/$1.st" --epochs "$epochs" --threads 1 --log "$scratch/$1.log"; }
learns()
{
    sed -n 's/.*"loss": *\([0-9.e+-]*\).*/\1/p' "$scratch/$1.log" |
        awk '{ loss[NR] = $1 } END { print "loss " loss[1] " to " loss[NR]; exit !(NR > 1 && loss[NR] < loss[1]) }'
}
same_bits() # same_bits MODEL PROGRAM OPTIONS...: as the run of one thread
{
    same_model=$1 same_program=$2
    shift 2
    train "$same_program" "$scratch/same.st" --epochs "$epochs" "$@" &&
        cmp "$scratch/$same_model.st" "$scratch/same.st"
}
resumed()
{
    train "$scratch/$1" "$scratch/part.st" --epochs 1 --threads 2 &&
        same_bits "$1" "$scratch/$1" --resume "$scratch/part.st"
}

for model in residual dpap_mnist_ann dpap_mnist_snn grapes_snu dpap_cifar_small; do
    # shellcheck disable=SC2046
    set -- $(run_of $model)
    samples=$1 epochs=$2
    shift 2
    try "$model compiles" build $model "$scratch/$model" "$@" || continue
    try "$model compiles with --no-fuse" build $model "$scratch/$model-unfused" --no-fuse "$@"
    try "$model: selftest" "$scratch/$model" selftest
    if [ "$PLAST_SANITIZERS" = 1 ]; then
        skip "$model trains" 'sanitizers make it too slow'
        continue
    fi
    try "$model: trains" runs $model
    case $model in
    dpap_mnist_snn | dpap_cifar_small) ;; # minutes, until spikes reach the output and say anything
    *)
        try "$model: the loss falls" learns $model
        sed 's/^/# /' "$scratch/log"
        ;;
    esac
    try "$model: two threads, the same bits" same_bits $model "$scratch/$model" --threads 2
    try "$model: --no-fuse, the same bits" same_bits $model "$scratch/$model-unfused" --threads 2
    try "$model: resumed, the same bits" resumed $model
done
finish
