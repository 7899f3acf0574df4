#!/bin/sh
# The C that comes out for every model of examples/: clean under every compiler that is here, the
# same bytes each time, usable as a library, and right under the sanitizers.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

compilers= versions=
for c in gcc clang clang-14 clang-15 clang-16 clang-17 clang-18 clang-19; do
    version=$($c --version 2>/dev/null | head -n 1)
    case "|$versions|" in
    *"|$version|"*) ;; # not here, or the same under another name
    *) compilers="$compilers $c" versions="$versions|$version" ;;
    esac
done
parallel() # parallel COMPILER: has OpenMP and its header
{
    printf '#include <omp.h>\nint main(void)\n{\n    return !omp_get_max_threads();\n}\n' \
        >"$scratch/omp.c"
    $1 -fopenmp "$scratch/omp.c" -o "$scratch/omp" 2>/dev/null
}
include=-I$top_srcdir/runtime

clean() # clean COMPILER FLAGS...: one warning is excused, that of an empty file
{
    clean_c=$1
    shift
    $clean_c -std=c11 -Wall -Wextra -Werror "$include" "$@" -c "$scratch/m.c" -o "$scratch/m.o"
}

same_twice()
{
    (cd "$scratch" && "$PLASTC" m.pl -o again.c) && cmp "$scratch/m.c" "$scratch/again.c"
}

no_main()
{
    # position-independent code would put constant tables with addresses among what is relocated
    $CC -std=c11 -fno-pie -fno-pic "$include" -c "$scratch/lib.c" -o "$scratch/lib.o" &&
        $NM "$scratch/lib.o" >"$scratch/symbols" && ! grep ' T main$' "$scratch/symbols"
}

# Only NAME_... leaves the file, and nothing in it can be written to.
symbols_are_right()
{
    awk -v name="$1_" '
        NF == 3 && $2 ~ /^[A-Z]$/ && index($3, name) != 1 { print "exported: " $3; bad = 1 }
        NF == 3 && $2 ~ /^[bBdDC]$/ { print "can be written to: " $3; bad = 1 }
        NF == 3 && $2 == "T" { some = 1 }
        END { exit bad || !some }' "$scratch/symbols"
}

header_stands_alone()
{
    "$PLASTC" "$scratch/m.pl" --library --header="$scratch/m.h" -o "$scratch/lib.c" || return 1
    for c in $compilers; do
        printf '#include "m.h"\n#include "m.h"\nint main(void)\n{\n    return 0;\n}\n' >"$scratch/h.c"
        cp "$scratch/h.c" "$scratch/h.cc"
        $c -std=c11 -Wall -Wextra -Werror "$include" -I"$scratch" -c "$scratch/h.c" \
            -o "$scratch/h.o" || return 1
        $c -x c++ -Wall -Wextra -Werror "$include" -I"$scratch" -c "$scratch/h.cc" \
            -o "$scratch/h.o" || return 1
    done
}

# train FLAGS...: selftest and a moment of training of a build with these flags
runs()
{
    $CC -std=c11 $PLAST_MODEL_CFLAGS "$@" "$scratch/m.c" -o "$scratch/m" $PLAST_MODEL_LIBS &&
        "$scratch/m" selftest --quiet >"$scratch/self" 2>&1 || "$scratch/m" selftest || return 1
    "$scratch/m" train --quiet --epochs 1 --threads 2 --data first:200:glyphs --save "$scratch/st" &&
        "$scratch/m" eval --quiet --load "$scratch/st" --data first:100:glyphs --test first:100:glyphs
}

depfile_works()
{
    mkdir -p "$scratch/dep"
    printf 'function twice(x) = 2 * x;\n' >"$scratch/dep/part.pl"
    cat >"$scratch/dep/m.pl" <<'END'
model m;
include "part.pl";
input x[4];
output y = x |> dense(3) |> twice;
loss mse;
optimizer sgd(0.1);
END
    cat >"$scratch/dep/Makefile" <<'END'
m.c: m.pl
	$(PLASTC) m.pl -o m.c -MF m.d
-include m.d
END
    make=${MAKE:-make}
    (
        cd "$scratch/dep" || exit 1
        $make PLASTC="$PLASTC" && cp m.c first.c && $make -q PLASTC="$PLASTC" || exit 1
        sleep 1
        printf 'function twice(x) = 3 * x;\n' >part.pl
        $make PLASTC="$PLASTC" && ! cmp -s m.c first.c
    )
}

two_models_link()
{
    for n in one two; do
        sed "s/^model [a-z_0-9]*/model $n/" "$top_srcdir/examples/quick.pl" >"$scratch/$n.pl"
        "$PLASTC" --library "$scratch/$n.pl" --header="$scratch/$n.h" -o "$scratch/$n.c" || return 1
    done
    cat >"$scratch/both.c" <<'END'
#include "one.h"
#include "two.h"
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    one *a;
    two *b;
    void *p = aligned_alloc(64, (ONE_TRAIN_BYTES + 63) / 64 * 64);
    void *q = aligned_alloc(64, (TWO_TRAIN_BYTES + 63) / 64 * 64);
    int status = one_init(&a, p, ONE_TRAIN_BYTES, 1) || two_init(&b, q, TWO_TRAIN_BYTES, 2);

    printf("%s %s\n", one_model.name, two_model.name);
    free(p);
    free(q);
    return status;
}
END
    $CC -std=c11 $PLAST_MODEL_CFLAGS -I"$scratch" "$scratch/both.c" "$scratch/one.c" \
        "$scratch/two.c" -o "$scratch/both" $PLAST_MODEL_LIBS && "$scratch/both" | grep -x 'one two'
}

for example in "$top_srcdir"/examples/*.pl; do
    name=$(basename "$example" .pl)
    cp "$example" "$scratch/m.pl"
    model=$(sed -n 's/^model  *\([A-Za-z_0-9]*\).*/\1/p' "$example" | head -n 1)
    test -n "$model" || continue # only definitions, for others to include
    try "$name: plastc" "$PLASTC" "$scratch/m.pl" -o "$scratch/m.c" || continue
    try "$name: the same bytes again, from another directory" same_twice
    for c in $compilers; do
        openmp=
        parallel $c && openmp=-fopenmp
        # the small one, or the long run: in every way
        case $name$PLAST_LONG in
        quick* | *1) levels="-O0:-O1:-O2 $openmp:-O3 -march=native $openmp" ;;
        *) levels="-O1 -march=native $openmp" ;;
        esac
        while [ -n "$levels" ]; do
            flags=${levels%%:*}
            levels=${levels#"$flags"}
            levels=${levels#:}
            # shellcheck disable=SC2086
            try "$name: $c $flags" clean $c $flags
        done
    done
    try "$name: a header" header_stands_alone
    try "$name: --library has no main" no_main
    try "$name: exports only its own names, none that can be written to" symbols_are_right "$model"
    try "$name: selftest and training" runs
    case $name$PLAST_LONG$PLAST_SANITIZERS in
    *1) skip "$name: under the sanitizers" 'that is how everything is built here' ;;
    quick* | *10)
        sanitizers='-fsanitize=address,undefined -fno-sanitize-recover=all'
        echo 'int main(void) { return 0; }' >"$scratch/sanitized.c"
        # shellcheck disable=SC2086
        if $CC $sanitizers "$scratch/sanitized.c" -o "$scratch/sanitized" 2>/dev/null; then
            try "$name: under the sanitizers" runs -O1 -g $sanitizers
        else
            skip "$name: under the sanitizers" "$CC has none that link"
        fi
        ;;
    esac
done
try 'two models in one program' two_models_link
try 'a change of an included file is noticed through the depfile' depfile_works
finish
