#!/bin/sh
# make bench: figures and ratios, measured in one run, the candidates in turn, medians of ROUNDS.
# BENCH names the parts to run: perceptron.sh rules.sh sparse.sh conv.sh deployed.sh compiler.sh beside this file.
# Wants PLASTC, CC, PLAST_MODEL_LIBS and PLAST_DATA (with mnist/ in it); takes what else is there:
# a python3 with torch, and PLAST_REFERENCE/hand_step.c (default: ../shared/reference beside the
# sources).
set -u
: "${top_srcdir:=.}" "${top_builddir:=.}" "${PLASTC:=$top_builddir/plastc}" "${CC:=cc}"
: "${PLAST_DATA:=$top_srcdir/../shared/data}" "${PLAST_REFERENCE:=$top_srcdir/../shared/reference}"
: "${PLAST_OPENMP:=-fopenmp}" "${ROUNDS:=5}" "${SECONDS_EACH:=2}"
: "${BENCH:=perceptron rules sparse conv deployed compiler}"
here=$top_srcdir/tests/bench
data=$PLAST_DATA/mnist
export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

say() { printf '%s\n' "$*"; }
# field NAME: its number in the JSON line on standard input
field() { sed -n 's/.*"'"$1"'": *\([-+0-9.eE]*\).*/\1/p'; }
median() { sort -g | awk '{v[NR] = $1} END {if (NR) print v[int((NR + 1) / 2)]}'; }

# build MODEL PROGRAM [PLASTC OPTIONS...]
build()
{
    build_model=$1 build_program=$2
    shift 2
    "$PLASTC" "$build_model" "$@" -o "$build_program.c" &&
        $CC -O3 -march=native $PLAST_OPENMP -I"$top_srcdir/runtime" "$build_program.c" \
            $PLAST_MODEL_LIBS -lm -o "$build_program"
}
one() # one NAME COMMAND...: its samples a second are appended to NAME.rate
{
    one_name=$1
    shift
    "$@" 2>/dev/null >"$work/line" && field samples_per_second <"$work/line" >>"$work/$one_name.rate"
    field peak_gflops <"$work/line" >>"$work/$one_name.peak"
}
one_model() # one_model NAME PROGRAM THREADS
{
    one "$1" "$2" bench --data "idx:$data" --threads "$3" --seconds "$SECONDS_EACH" --quiet
}

if [ ! -f "$data/train-images-idx3-ubyte.gz" ] && [ ! -f "$data/train-images-idx3-ubyte" ]; then
    say "no MNIST in $data: set PLAST_DATA to the folder that holds mnist/"
    exit 1
fi
python=
for p in /usr/bin/python3 python3; do
    if "$p" -c 'import torch, numpy' 2>/dev/null; then python=$p; break; fi
done
for part in $BENCH; do
    # shellcheck source=/dev/null
    . "$here/$part.sh"
done
