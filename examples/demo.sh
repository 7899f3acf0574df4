#!/bin/sh
# From model text to a trained network, showing each command: `make demo` calls it with PLASTC, CC,
# CFLAGS and LIBS. Ends with status 1 unless the network knows more than 95 % of digits that it
# never saw.
set -eu

show()
{
    printf '\n$ %s\n' "$*"
    "$@"
}

mkdir -p demo
show "$PLASTC" "$top_srcdir/examples/quick.pl" -o demo/quick.c
# shellcheck disable=SC2086
show $CC $CFLAGS demo/quick.c $LIBS -o demo/quick
show demo/quick train --save demo/quick.safetensors --log demo/quick.jsonl
show demo/quick eval --load demo/quick.safetensors

sed -n 's/.*"test_accuracy": *\([0-9.e-]*\).*/\1/p' demo/quick.jsonl | awk '
    { accuracy = $1 }
    END {
        printf "\n%.1f %% of 2,000 digits that it never saw, after %d epochs.\n", 100 * accuracy, NR
        exit !(accuracy > 0.95)
    }'
