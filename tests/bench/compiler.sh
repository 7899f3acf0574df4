# The compiler itself: a deep net, and what the C compiler takes for a net of three layers.
$CC -O2 "$here/measure.c" -o "$work/measure" || exit 1
{
    echo 'model deep; input x[64];'
    i=1
    last=x
    while [ $i -le 199 ]; do
        echo "layer h$i = $last |> dense(64) |> relu;"
        last=h$i
        i=$((i + 1))
    done
    echo "output y = $last |> dense(10); loss cross_entropy; optimizer sgd(rate = 0.1, momentum = 0.9);"
} >"$work/deep.pl"
"$work/measure" "$PLASTC" "$work/deep.pl" -o "$work/deep.c" | awk '{printf "plastc, 200 layers: %.3f s, %.1f MB\n", $1, $3 / 1024}'
"$PLASTC" "$here/perceptron.pl" -o "$work/net.c" || exit 1
"$work/measure" $CC -O3 -march=native $PLAST_OPENMP -I"$top_srcdir/runtime" -c "$work/net.c" -o "$work/net.o" |
    awk -v c="$CC" '{printf "%s -O3 on the C of 784-300-100-10: %.2f s\n", c, $1}'
