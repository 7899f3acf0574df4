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
"$work/pruned" predict --quiet --data "idx:$data" --load "$work/pruned.st" --raw "$work/raw.npy" >/dev/null ||
    { say 'the net to deploy does not predict'; exit 1; }
deployed_build() # deployed_build KIND NAME FLAGS: the latency and the losses of the C of that kind
{
    # shellcheck disable=SC2086
    $CC -O3 -march=native $3 -std=c99 -ffreestanding -c "$work/$1.c" -o "$work/$2.o" &&
        $CC -O2 -I"$top_srcdir/runtime" -I"$work" -DHEADER="\"$1.h\"" '-DNET(x)=pruned_mnist_##x' \
            '-DUPPER(x)=PRUNED_MNIST_##x' "$top_srcdir/tests/deploy_driver.c" "$work/$2.o" \
            $PLAST_OPENMP $PLAST_MODEL_LIBS -lm -o "$work/$2" || { say 'the deployed net does not build'; exit 1; }
}
variants='float int8'
for kind in float int8; do
    flags=
    [ $kind = float ] || flags="--int8 --data idx:$data"
    # shellcheck disable=SC2086
    "$PLASTC" "$top_srcdir/examples/pruned_mnist.pl" --deploy "$work/pruned.st" $flags -o "$work/$kind.c" \
        --header="$work/$kind.h" || { say 'the net is not deployed'; exit 1; }
    deployed_build $kind $kind ''
    # a processor with AVX-512 can show what one without has
    if $CC -O3 -march=native -dM -E "$work/$kind.c" | grep -q '_LANES 16$'; then
        deployed_build $kind $kind-avx2 -mno-avx512f
        variants="$variants $kind-avx2"
    fi
done
round=0
while [ $round -lt "$ROUNDS" ]; do
    for variant in $variants; do
        "$work/$variant" "idx:$data" - latency >>"$work/$variant.latency"
    done
    [ -z "$onednn" ] || OMP_NUM_THREADS=1 "$onednn" >>"$work/onednn.latency"
    round=$((round + 1))
done
say 'pruned_mnist deployed, one sample on one core; microseconds; points of accuracy lost against predict'
for variant in $variants; do
    lost=$("$work/$variant" "idx:$data" "$work/raw.npy" classes 100 | sed 's/.*, \([-0-9.]*\) points lost.*/\1/')
    printf '%-46s %9.2f' "$variant, $(sed -n 's/^#define .*CONSTANT_BYTES //p' "$work/${variant%-avx2}.h") bytes, $lost lost" \
        "$(median <"$work/$variant.latency")"
    [ -z "$onednn" ] || paste -d ' ' "$work/onednn.latency" "$work/$variant.latency" | awk '{ print $1 / $2, $1 }' | sort -g |
        awk '{ r[NR] = $1; o[NR] = $2 } END { m = int((NR + 1) / 2); printf "   oneDNN %.2f, ratio %.2f   at least 3, goal 8", o[m], r[m] }'
    echo
done
