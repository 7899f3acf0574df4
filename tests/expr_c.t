#!/bin/sh
# Expressions printed as C: compiles without a warning, and computes what the compiler's own
# evaluation does.
top_builddir=${top_builddir-.}
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
count=0
check() {
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
}
"$top_builddir"/tests/expr_test.t --print >"$scratch/expr.c"
check $? 'expressions were written'
${CC-cc} -std=c11 -O1 -ffp-contract=off -Wall -Wextra -Werror "$scratch/expr.c" \
    -o "$scratch/expr" -lm 2>"$scratch/log"
check $? 'they compile without warnings'
sed 's/^/# /' "$scratch/log" | head -n 20
"$scratch/expr" >"$scratch/out"
check $? 'their values agree'
sed 's/^/# /' "$scratch/out"
echo "1..$count"
