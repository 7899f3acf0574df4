#!/bin/sh
# make reproduce: trains the rows of each experiment that are not there yet, and writes the tables and
# plots. README.md beside this file says how an experiment is written and what the variables are.
# Wants top_srcdir, PLASTC, CC, PLAST_MODEL_CFLAGS and PLAST_MODEL_LIBS, as tests do.
set -u
: "${top_srcdir:=.}" "${CC:=cc}" "${WORK:=reproduce}" "${RESULTS:=$top_srcdir/doc}"
: "${EXPERIMENTS:=$top_srcdir/examples/experiments}"
: "${ONLY:=}" "${ROWS:=}" "${QUICK:=}" "${JOBS:=1}" "${SETS:=}" "${PLAST_DATA:=}"
here=$top_srcdir/examples/experiments
seeds='1 2 3'
if [ -n "$QUICK" ]; then
    WORK=$WORK-quick seeds=1
    RESULTS=$WORK/doc
fi

say() { printf '%s\n' "$*" >&2; }
stop() { say "reproduce: $*"; exit 1; }

case $JOBS in '' | *[!0-9]* | 0) stop "JOBS is a number of rows beside each other, not '$JOBS'" ;; esac
if [ -z "$SETS" ] && [ ! -d "${PLAST_DATA:-/nonexistent}" ]; then
    stop "PLAST_DATA${PLAST_DATA:+ ($PLAST_DATA)} is no directory. Set it to one that holds mnist and
fashion-mnist, each with its four files (train-images-idx3-ubyte.gz and so on), or SETS=glyphs to
train on drawn digits, which says nothing about the methods"
fi

names=
while read -r name; do
    [ -d "$EXPERIMENTS/$name" ] || continue
    [ -z "$ONLY" ] || [ "$ONLY" = "$name" ] && names="$names $name"
done <"$EXPERIMENTS/list"
[ -n "$names" ] || stop "no experiment '$ONLY'; there are: $(tr '\n' ' ' <"$EXPERIMENTS/list")"

mkdir -p "$WORK" "$RESULTS/results" || exit
# shellcheck source=/dev/null
. "$here/rows.sh"
# shellcheck source=/dev/null
. "$here/tables.sh"

failed=
for name in $names; do
    work=$WORK/$name source=$EXPERIMENTS/$name models=$WORK/$name/models
    mkdir -p "$work/rows" "$work/programs" "$models" || exit
    : >"$work/list"
    # shellcheck source=/dev/null
    (. "$source/rows") && compile_programs && train_rows || { failed="$failed $name"; continue; }
    [ -z "$ROWS" ] || { say "$name: with ROWS, no tables"; continue; }
    summarise_rows && write_part || failed="$failed $name"
done
[ -n "$ROWS" ] || write_page || exit
[ -z "$failed" ] || stop "not finished:$failed"
