#!/bin/sh
# Each fuzz harness under libFuzzer for PLAST_FUZZ_SECONDS, from its corpus: for a build that was
# configured with --enable-fuzzers.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
: "${PLAST_FUZZ_SECONDS:=60}"

for program in "$top_builddir"/tests/fuzz_*.t; do
    name=$(basename "$program" .t)
    case $name in
    fuzz_long | 'fuzz_*') continue ;;
    esac
    if ! "$program" -help=1 2>&1 | grep -q libFuzzer; then
        skip "$name" 'not built with libFuzzer'
        continue
    fi
    mkdir "$scratch/$name"
    try "$name for $PLAST_FUZZ_SECONDS s" "$program" -max_total_time="$PLAST_FUZZ_SECONDS" \
        -artifact_prefix="$name-" -timeout=20 -rss_limit_mb=4096 \
        "$scratch/$name" "$top_srcdir/tests/corpus/${name#fuzz_}"
done
finish
