# examples/pruned_mnist.pl, trained, 90 % of its synapses removed, and deployed: the latency of one
# sample on one core, real MNIST, beside oneDNN's dense products of the same shape.
build "$top_srcdir/examples/pruned_mnist.pl" "$work/pruned" &&
    "$work/pruned" train --data "idx:$data" --threads 1 --quiet --save "$work/pruned.st" >/dev/null ||
    { say 'the net to deploy is not trained'; exit 1; }
onednn=
if ! $CC -O2 -D_XOPEN_SOURCE=700 "$here/onednn.c" -ldnnl -o "$work/onednn" 2>/dev/null; then
    say 'deployed nets against oneDNN: skipped, there is no oneDNN 2 (Debian: libdnnl-dev)'
else
    onednn=$work/onednn
fi
for kind in float int8; do
    flags=
    [ $kind = float ] || flags="--int8 --data idx:$data"
    # shellcheck disable=SC2086
    "$PLASTC" "$top_srcdir/examples/pruned_mnist.pl" --deploy "$work/pruned.st" $flags -o "$work/$kind.c" \
        --header="$work/$kind.h" &&
        $CC -O3 -march=native -std=c99 -ffreestanding -c "$work/$kind.c" -o "$work/$kind.o" &&
        $CC -O2 -I"$top_srcdir/runtime" -I"$work" -DHEADER="\"$kind.h\"" '-DNET(x)=pruned_mnist_##x' \
            '-DUPPER(x)=PRUNED_MNIST_##x' "$top_srcdir/tests/deploy_driver.c" "$work/$kind.o" \
            $PLAST_OPENMP $PLAST_MODEL_LIBS -lm -o "$work/$kind" || { say 'the deployed net does not build'; exit 1; }
done
round=0
while [ $round -lt "$ROUNDS" ]; do
    for kind in float int8; do
        "$work/$kind" "idx:$data" - latency >>"$work/$kind.latency"
    done
    [ -z "$onednn" ] || OMP_NUM_THREADS=1 "$onednn" >>"$work/onednn.latency"
    round=$((round + 1))
done
say 'pruned_mnist deployed, one sample on one core; microseconds'
for kind in float int8; do
    printf '%-38s %9.2f' "$kind, $(sed -n 's/^#define .*CONSTANT_BYTES //p' "$work/$kind.h") bytes" \
        "$(median <"$work/$kind.latency")"
    [ -z "$onednn" ] || paste -d ' ' "$work/onednn.latency" "$work/$kind.latency" | awk '{ print $1 / $2, $1 }' | sort -g |
        awk '{ r[NR] = $1; o[NR] = $2 } END { m = int((NR + 1) / 2); printf "   oneDNN %.2f, ratio %.2f   at least 3, goal 8", o[m], r[m] }'
    echo
done
