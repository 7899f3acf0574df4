#!/bin/sh
# The self-test, on a model written by hand: right gradients pass under any seed, and a wrong sign
# anywhere fails.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

model=$scratch/model
$CC -std=c11 -D_POSIX_C_SOURCE=200809L $PLAST_MODEL_CFLAGS "$top_srcdir/tests/handmade_model.c" \
    -o "$model" $PLAST_MODEL_LIBS || exit 99
cd "$scratch" || exit 99

seeds="1 2 3 4 5 6"
test "$PLAST_SANITIZERS" = 1 && seeds=1
passes() # passes SETTING SEED
{
    HANDMADE=$1 "$model" selftest --seed "$2" >passes.out 2>&1 || { cat passes.out; return 1; }
}
catches() # catches SETTING
{
    HANDMADE=$1 "$model" selftest >catches.out 2>&1
    test $? -eq 1 && grep -q '^not ok .* - gradient ' catches.out &&
        grep -q '^# analytic .* numeric .* difference ' catches.out && return
    cat catches.out
    return 1
}
all_pass() # all_pass SETTING: many seeds
{
    for seed in $seeds; do
        passes "$1" $seed || return 1
    done
}

try 'a plan and a line for each tensor' sh -c "
    HANDMADE= '$model' selftest >plain.out && test \"\$(tail -n 1 plain.out)\" = 1..4 &&
    test \"\$(grep -c '^ok [1-4] - gradient ' plain.out)\" -eq 4"
for act in relu leaky abs tanh sigmoid swish gelu; do
    try "$act" all_pass "act=$act depth=3 width=8"
    try "$act, batch 1" all_pass "act=$act depth=2 width=9 batch=1 loss=mse"
done
try 'eight layers' passes 'act=tanh depth=8 width=10' 1
try 'ten saturated layers' passes 'act=sigmoid depth=10 width=4' 1
try 'one layer' passes 'depth=1' 1
try 'a large batch' passes 'depth=2 batch=128' 1
try 'dropout' all_pass 'depth=3 dropout=0.5 width=20'
try 'dropout in a narrow network' all_pass 'act=abs depth=6 width=2 dropout=0.5 batch=128 loss=mse'
try 'large weights' all_pass 'depth=3 gain=5'
try 'small weights' all_pass 'depth=4 gain=0.2 act=tanh'
try 'feedback alignment' all_pass 'depth=4 learn=alignment act=leaky'
try 'direct feedback alignment' all_pass 'depth=4 learn=direct act=tanh dropout=0.2'

try 'fire and detach' all_pass 'act=detached depth=4 width=10'

for act in tanh sigmoid leaky abs swish gelu detached; do
    try "$act, the sign of a term" catches "act=$act depth=2 flip=term"
done
try 'a sign inside a term' catches 'act=gelu depth=2 flip=inner'
for learn in backprop alignment direct; do
    try "$learn, the sign of a slope" catches "act=relu depth=2 learn=$learn flip=slope"
    try "$learn, the sign of the loss" catches "act=relu depth=2 learn=$learn flip=loss"
    try "$learn, the sign of a bias" catches "depth=3 learn=$learn flip=bias"
    try "$learn, a sample left out" catches "depth=3 learn=$learn flip=sample"
done
try 'backprop, the sign of what goes back' catches 'act=tanh depth=2 flip=back'
try 'alignment, the sign of what goes back' catches 'act=tanh depth=2 learn=alignment flip=back'
try 'mse, the sign of the loss' catches 'loss=mse flip=loss'
try 'a flat activation has gradients of zero' passes 'act=step depth=3' 1
finish
