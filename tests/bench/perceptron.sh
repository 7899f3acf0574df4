# 784-300-100-10 against PyTorch and against a hand-written step: throughput, gather included.
for b in 32 128; do
    build "$here/perceptron.pl" "$work/net$b" -D size=$b || { say "the model does not build"; exit 1; }
done

# The hand-written step is written for vectors of 16; on a processor without them it is built for 8.
hand=
if [ -f "$PLAST_REFERENCE/hand_step.c" ]; then
    if ! grep -q avx512f /proc/cpuinfo 2>/dev/null; then
        sed -e 's/#define V 16/#define V 8/; s/vector_size(64), aligned(64)/vector_size(32), aligned(32)/' \
            -e 's/"+v"/"+x"/g; s/_mm512_reduce_add_ps((__m512)a)/sum_lanes(a)/; s/a\[24\]/a[12]/' \
            -e 's/i < 24; i++) a\[i\]/i < 12; i++) a[i]/; s/j = 12; j < 24/j = 12; j < 12/' \
            -e 's/j < 24; j++) sink/j < 12; j++) sink/; s/n \* 24 \* 2.0/n * 12 * 2.0/' \
            -e 's/^static double now/static float sum_lanes(vec a) { float s = 0; for (int i = 0; i < V; i++) s += a[i]; return s; }\nstatic double now/' \
            "$PLAST_REFERENCE/hand_step.c" >"$work/hand.c"
    else
        cp "$PLAST_REFERENCE/hand_step.c" "$work/hand.c"
    fi
    hand=yes
    for b in 32 128; do
        # the better of the two compilers is the figure to beat
        gcc -w -O3 -march=native -mprefer-vector-width=512 -DB=$b "$work/hand.c" -lz -lm -o "$work/hand$b" 2>"$work/err" ||
            $CC -w -O3 -march=native -DB=$b "$work/hand.c" -lz -lm -o "$work/hand$b" 2>"$work/err" || hand=
    done
fi

hand_rate() { "$work/hand$1" "$data" | sed -n 's/^dense.* \([0-9]*\) samples\/s.*/{"samples_per_second": \1}/p' | tail -n 1; }

round=0
while [ $round -lt "$ROUNDS" ]; do
    for b in 32 128; do
        one_model plast$b-1 "$work/net$b" 1
        [ -n "$python" ] && one torch$b-1 "$python" "$here/perceptron_torch.py" "$data" $b 1 "$SECONDS_EACH"
        [ -n "$hand" ] && one hand$b-1 hand_rate $b
    done
    one_model plast128-2 "$work/net128" 2
    round=$((round + 1))
done

flops=1.127e-3 # GFLOP a sample: forward, weight gradient, input gradient of all but the first layer
show() { # NAME LABEL
    [ -s "$work/$1.rate" ] || return 0
    median <"$work/$1.rate" >"$work/$1.median"
    peak=$(cat "$work"/plast*-1.peak | median)
    awk -v r="$(cat "$work/$1.median")" -v f=$flops -v p="$peak" -v l="$2" \
        'BEGIN {printf "%-34s %9.0f samples/s %7.1f GFLOP/s %5.1f %% of one core\047s peak of %.0f\n", l, r, r * f, 100 * r * f / p, p}'
}
ratio() { # A B LABEL
    [ -s "$work/$1.median" ] && [ -s "$work/$2.median" ] &&
        awk -v a="$(cat "$work/$1.median")" -v b="$(cat "$work/$2.median")" -v l="$3" \
            'BEGIN {printf "%-58s %.2f\n", l, a / b}'
}
say "784-300-100-10, fp32, MNIST, gather included; medians of $ROUNDS rounds in turn"
show plast32-1 "plast, batch 32, 1 thread"
show plast128-1 "plast, batch 128, 1 thread"
show plast128-2 "plast, batch 128, 2 threads"
show torch32-1 "PyTorch, batch 32, 1 thread"
show torch128-1 "PyTorch, batch 128, 1 thread"
show hand32-1 "hand-written step, batch 32"
show hand128-1 "hand-written step, batch 128"
ratio plast32-1 torch32-1 "plast over PyTorch, batch 32"
ratio plast128-1 torch128-1 "plast over PyTorch, batch 128"
ratio plast32-1 hand32-1 "plast over the hand-written step, batch 32"
ratio plast128-1 hand128-1 "plast over the hand-written step, batch 128"
ratio plast128-2 plast128-1 "two threads over one, batch 128"
[ -n "$python" ] || say "PyTorch: not compared, no python3 with torch and numpy"
[ -n "$hand" ] || say "hand-written step: not compared, no $PLAST_REFERENCE/hand_step.c that compiles here"
