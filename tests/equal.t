#!/bin/sh
# What must not change a bit of a checkpoint: the number of threads, the optimisation level, being
# stopped and resumed.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

# Odd sizes, dropout, several branches, a rate that falls with progress.
cat >"$scratch/wide.pl" <<'END'
model wide;
input  image[1, 28, 28] |> scale(2, -0.5);
layer  a    = image |> dropout(0.1) |> dense(131) |> relu |> dropout(0.3);
layer  b    = ((a |> dense(67)) + (image |> dense(67, bias = false))) |> tanh;
layer  c    = concat(a, b) |> dense(45) |> leaky_relu(slope = 0.2 * progress);
output kind = c |> dense(10);
loss      cross_entropy;
optimizer sgd(rate = 0.1 * (1 - progress), momentum = 0.8, decay = 1e-4);
batch     37;
epochs    4;
END
cat >"$scratch/direct.pl" <<'END'
model direct;
input  image[1, 28, 28];
layer  a    = image |> dense(70) |> tanh;
layer  b    = a |> dropout(0.2) |> dense(33) |> sigmoid;
output kind = b |> dense(10);
loss      mse;
learn     direct_feedback_alignment;
optimizer adam(rate = 0.002 * 0.9 ^ epoch);
batch     64;
epochs    4;
END

data='--quiet --seed 3 --data first:1500:glyphs'
train() # train PROGRAM FILE [OPTIONS...]
{
    train_program=$1 train_file=$2
    shift 2
    # shellcheck disable=SC2086
    "$train_program" train $data --save "$train_file" "$@"
}

equal_threads() # equal_threads PROGRAM NAME
{
    train "$1" "$scratch/$2-1" --epochs 2 --threads 1 || return 1
    test -s "$scratch/$2-1" || return 1
    for threads in 2 3 5; do
        train "$1" "$scratch/$2-$threads" --epochs 2 --threads $threads || return 1
        cmp "$scratch/$2-1" "$scratch/$2-$threads" || return 1
    done
}

# Something is learned, or equality would mean little.
has_changed()
{
    train "$1" "$scratch/start" --epochs 0 && ! cmp -s "$scratch/start" "$2"
}

equal_levels() # equal_levels NAME: the file of one thread came from -O2 with contraction
{
    build "$scratch/$1.pl" "$scratch/$1-O1" -O1 -ffp-contract=off &&
        build "$scratch/$1.pl" "$scratch/$1-O3" -O3 -ffp-contract=off &&
        train "$scratch/$1-O1" "$scratch/$1-O1.st" --epochs 2 --threads 2 &&
        train "$scratch/$1-O3" "$scratch/$1-O3.st" --epochs 2 --threads 2 &&
        cmp "$scratch/$1-O1.st" "$scratch/$1-O3.st"
}

# Each pass over the weights by itself computes what the fused one does.
equal_unfused() # equal_unfused NAME
{
    "$PLASTC" "$scratch/$1.pl" --no-fuse -o "$scratch/$1-unfused.c" &&
        ! cmp -s "$scratch/$1.c" "$scratch/$1-unfused.c" &&
        $CC -std=c11 $PLAST_MODEL_CFLAGS "$scratch/$1-unfused.c" -o "$scratch/$1-unfused" $PLAST_MODEL_LIBS &&
        train "$scratch/$1-unfused" "$scratch/$1-unfused.st" --epochs 2 --threads 3 &&
        cmp "$scratch/$1-1" "$scratch/$1-unfused.st" &&
        "$scratch/$1-unfused" selftest
}

# The length of the run is the same for all: a rate may depend on it. `--epochs` given to the
# first part would be its length, so it is stopped by a signal instead. (Not INT: a shell that is
# not interactive lets its children ignore that.)
stop_and_resume() # stop_and_resume PROGRAM NAME
{
    train "$1" "$scratch/$2-whole" --epochs 12 --threads 2 || return 1
    stops=0
    for pause in 0.05 0.1 0.15 0.2 0.25 0.3 0.4 0.5 0.6 0.8 1 1.3; do
        rm -f "$scratch/$2-part"
        # shellcheck disable=SC2086
        "$1" train $data --save "$scratch/$2-part" --epochs 12 --threads 2 &
        child=$!
        sleep $pause
        kill -TERM $child 2>/dev/null
        wait $child
        status=$?
        test -s "$scratch/$2-part" || continue
        test $status -eq 143 || break # it was faster
        stops=$((stops + 1))
        train "$1" "$scratch/$2-rest" --threads 1 --resume "$scratch/$2-part" || return 1
        cmp "$scratch/$2-whole" "$scratch/$2-rest" || return 1
        test $stops -lt 3 || break
    done
    echo "stopped $stops times"
    test $stops -gt 0
}

two_then_four() # for rates that do not depend on the length
{
    train "$1" "$scratch/two" --epochs 2 &&
        train "$1" "$scratch/four" --epochs 4 --resume "$scratch/two" &&
        train "$1" "$scratch/whole" --epochs 4 &&
        cmp "$scratch/four" "$scratch/whole"
}

for name in wide direct; do
    try "$name compiles" build "$scratch/$name.pl" "$scratch/$name" || finish
    try "$name: 1, 2, 3 and 5 threads give the same bytes" equal_threads "$scratch/$name" $name
    try "$name: training changes the weights" has_changed "$scratch/$name" "$scratch/$name-1"
    try "$name: -O1 gives what -O3 gives" equal_levels $name
    try "$name: --no-fuse computes the same" equal_unfused $name
done
try 'wide: stopped by a signal and resumed' stop_and_resume "$scratch/wide" wide
try 'direct: two epochs and two more are four' two_then_four "$scratch/direct"
finish
