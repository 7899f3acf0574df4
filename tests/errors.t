#!/bin/sh
# Wrong models: errors/NAME.pl must give the messages of NAME.err (and of NAME.json, where there is
# one) and status 1. NAME.args holds options. UPDATE=1 writes what is expected anew, to be read in the diff.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
case $PLASTC in /*) ;; *) PLASTC=$(pwd)/$PLASTC ;; esac
cd "$top_srcdir/tests/errors" || exit 99

check() # check NAME KIND OPTION...: stderr and status against NAME.KIND; nothing else is written
{
    model=$1.pl expected=$1.$2
    shift 2
    rm -f "$scratch/out.c"
    options=${model%.pl}.args
    if [ -f "$options" ]; then set -- "$@" $(cat "$options"); fi
    "$PLASTC" "$@" "$model" -o "$scratch/out.c" 2>"$scratch/stderr" >"$scratch/stdout"
    status=$?
    if [ "${UPDATE-0}" = 1 ]; then cp "$scratch/stderr" "$expected"; fi
    diff "$expected" "$scratch/stderr" >"$scratch/diff" && [ $status -eq 1 ] &&
        [ ! -s "$scratch/stdout" ] && [ ! -e "$scratch/out.c" ]
    result $? "$expected" "status $status
$(head -n 30 "$scratch/diff")"
}

for file in *.pl; do
    check "${file%.pl}" err
done
for file in *.json; do
    check "${file%.json}" json -fdiagnostics-format=json
done
[ $number -ge 100 ]
result $? 'the corpus is there' "$number models in $(pwd)"
finish
