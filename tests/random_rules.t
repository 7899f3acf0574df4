#!/bin/sh
# Random rules on random models against the reference interpreter: 108 models of one to three rules, in
# the long run five times as many. PLAST_SEED chooses others, PLAST_MODELS their number, PLAST_KEEP a
# directory to leave them in.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/compare.sh"

count=108
test "$PLAST_LONG" -eq 1 && count=540
: "${PLAST_MODELS:=$count}" "${PLAST_SEED:=1}" "${PLAST_KEEP:=$scratch}"
count=$PLAST_MODELS
place=$PLAST_KEEP

try "$count models with rules are written" "$top_builddir/tests/random_model" "$PLAST_SEED" \
    "$count" "$place" l "$top_srcdir/dsl/prelude.pl" rules || finish
test "$PLAST_MODELS" -lt 108 || {
    rules=$(cat "$place"/l*.pl | grep -c '^rule ')
    test "$rules" -ge 200
    result $? "$rules random rules are among them"
}
compare_numbered "$PLAST_SEED" "$count" 12 l
finish
