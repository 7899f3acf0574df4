#!/bin/sh
# Random models against the reference interpreter: 40 of them, in the long run ten times as many.
# PLAST_SEED chooses others, PLAST_MODELS their number, PLAST_KEEP a directory to leave them in.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

count=40
test "$PLAST_LONG" -eq 1 && count=400
: "${PLAST_MODELS:=$count}" "${PLAST_SEED:=1}" "${PLAST_KEEP:=$scratch}"
count=$PLAST_MODELS
place=$PLAST_KEEP

try "$count models are written" "$top_builddir/tests/random_model" "$PLAST_SEED" "$count" \
    "$place" r "$top_srcdir/dsl/prelude.pl" || finish

# Each step makes one file more for every model, and leaves what it has to say in NAME.log where
# it could not. Two of these share the work.
translate() # translate LEVEL NAME...
{
    level=$1
    shift
    for name in "$@"; do
        # shellcheck disable=SC2086
        "$PLASTC" --library "$place/$name.pl" -o "$place/$name.c" >"$place/$name.log" 2>&1 &&
            $CC -std=c11 $PLAST_MODEL_CFLAGS "$level" -Wall -Wextra -Werror -c "$place/$name.c" \
                -o "$place/$name.o" >"$place/$name.log" 2>&1
    done
}

link_models() # link_models NAME...
{
    objects=
    {
        echo '#include "compare.h"'
        for name in "$@"; do
            echo "extern const struct plast_model ${name}_model;"
        done
        echo 'extern const struct compare_case compare_cases[];'
        echo 'const struct compare_case compare_cases[] = {'
        for name in "$@"; do
            echo "    {\"$place/$name.pl\", &${name}_model},"
        done
        echo '    {0, 0}};'
    } >"$scratch/table.c"
    for name in "$@"; do
        objects="$objects $place/$name.o"
    done
    # shellcheck disable=SC2086
    $CC -std=c11 $PLAST_MODEL_CFLAGS -I"$top_srcdir/tests" $objects "$scratch/table.c" \
        -o "$scratch/compare" "$top_builddir/libcompare.a" "$top_builddir/libdsl.a" \
        $PLAST_MODEL_LIBS
}

compare() # compare SEED: its tests become ours
{
    "$scratch/compare" "$1" 4 >"$scratch/out" 2>"$scratch/err"
    status=$?
    while read -r line; do
        case $line in
        'ok '*) result 0 "${line#* - }" ;;
        'not ok '*) result 1 "${line#* - }" ;;
        '#'*) printf '%s\n' "$line" ;;
        esac
    done <"$scratch/out"
    test $status -le 1
    result $? 'the comparison came to its end' "$(tail -n 20 "$scratch/err")"
}

# Compiling takes nearly all the time, so one group in four is optimised.
first=1
while [ $first -le "$count" ]; do
    last=$((first + 9))
    test $last -gt "$count" && last=$count
    level=-O0
    test $((first / 10 % 4)) -eq 3 && level=-O2
    odd='' even='' here=''
    i=$first
    while [ $i -le $last ]; do
        if [ $((i % 2)) -eq 1 ]; then odd="$odd r$i"; else even="$even r$i"; fi
        i=$((i + 1))
    done
    # shellcheck disable=SC2086
    {
        translate $level $odd &
        translate $level $even
        wait $!
    }
    for name in $odd $even; do
        test -s "$place/$name.o"
        result $? "$name: plastc takes it, and cc $level without a warning" \
            "$(head -n 15 "$place/$name.log")
$(cat "$place/$name.pl")"
        test -s "$place/$name.o" && here="$here $name"
    done
    # shellcheck disable=SC2086
    test -z "$here" || { try "$first to $last link" link_models $here &&
        compare $((PLAST_SEED * 1000 + first)); }
    first=$((last + 1))
done
finish
