#!/bin/sh
# Random models against the reference interpreter: 40 of them, in the long run ten times as many.
# PLAST_SEED chooses others, PLAST_MODELS their number, PLAST_KEEP a directory to leave them in.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/compare.sh"

count=40
test "$PLAST_LONG" -eq 1 && count=400
: "${PLAST_MODELS:=$count}" "${PLAST_SEED:=1}" "${PLAST_KEEP:=$scratch}"
count=$PLAST_MODELS
place=$PLAST_KEEP

try "$count models are written" "$top_builddir/tests/random_model" "$PLAST_SEED" "$count" \
    "$place" r "$top_srcdir/dsl/prelude.pl" || finish

compare_numbered "$PLAST_SEED" "$count" 4 r
finish
