# What tests share that compare compiled models with the reference interpreter: after tap.sh. The
# models are "$place/NAME.pl".

# Each step makes one file more for every model, and leaves what it has to say in NAME.log where
# it could not. Two of these share the work.
translate() # translate LEVEL NAME...
{
    level=$1
    shift
    for name in "$@"; do
        rm -f "$place/$name.o"
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

adopt() # adopt FILE: the tests in it become ours
{
    while read -r line; do
        case $line in
        'ok '*) result 0 "${line#* - }" ;;
        'not ok '*) result 1 "${line#* - }" ;;
        '#'*) printf '%s\n' "$line" ;;
        esac
    done <"$1"
}

compare() # compare SEED STEPS
{
    "$scratch/compare" "$1" "$2" >"$scratch/out" 2>"$scratch/err"
    status=$?
    adopt "$scratch/out"
    test $status -le 1
    result $? 'the comparison came to its end' "$(tail -n 20 "$scratch/err")"
}

# Compiling takes nearly all the time, so two processes share it.
compare_models() # compare_models LEVEL SEED STEPS NAME...
{
    level=$1 seed=$2 steps=$3 odd='' even='' here=''
    shift 3
    for name in "$@"; do
        if [ "${#odd}" -le "${#even}" ]; then odd="$odd $name"; else even="$even $name"; fi
    done
    # shellcheck disable=SC2086
    {
        translate "$level" $odd &
        translate "$level" $even
        wait $!
    }
    for name in "$@"; do
        test -s "$place/$name.o"
        result $? "$name: plastc takes it, and cc $level without a warning" \
            "$(head -n 15 "$place/$name.log")
$(cat "$place/$name.pl")"
        test -s "$place/$name.o" && here="$here $name"
    done
    # shellcheck disable=SC2086
    test -z "$here" || { try "$* link" link_models $here && compare "$seed" "$steps"; }
}

# compare_numbered SEED COUNT STEPS PREFIX: models PREFIX1 and on, in groups of ten, of which one in
# four is optimised
compare_numbered()
{
    first=1
    while [ $first -le "$2" ]; do
        last=$((first + 9)) names=''
        test $last -gt "$2" && last=$2
        level=-O0
        test $((first / 10 % 4)) -eq 3 && level=-O2
        i=$first
        while [ $i -le $last ]; do
            names="$names $4$i"
            i=$((i + 1))
        done
        # shellcheck disable=SC2086
        compare_models $level $(($1 * 1000 + first)) "$3" $names
        first=$((last + 1))
    done
}
