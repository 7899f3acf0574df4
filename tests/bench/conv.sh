# 15c5-maxpool2-40c5-maxpool2-300-10, batch 50, real MNIST: against PyTorch in both of its layouts,
# two threads over one, and with half of all channels dead against the same net held dense.
build "$here/conv.pl" "$work/conv" && build "$here/conv.pl" "$work/culled" -D cull=1 &&
    "$work/culled" train --data "idx:$data" --epochs 1 --threads 1 --quiet --save "$work/culled.half" ||
    { say 'the convolutional net does not build'; exit 1; }
culled() # culled NAME FORMS
{
    one "$1" "$work/culled" bench --load "$work/culled.half" --forms "$2" --data "idx:$data" \
        --threads 1 --seconds "$SECONDS_EACH" --quiet
}
round=0
while [ $round -lt "$ROUNDS" ]; do
    one_model conv-1 "$work/conv" 1
    for layout in channels_last contiguous; do
        [ -z "$python" ] || one conv-$layout "$python" "$here/conv_torch.py" "$data" 50 1 "$SECONDS_EACH" $layout
    done
    one_model conv-2 "$work/conv" 2
    culled half-dense dense
    culled half-auto auto
    round=$((round + 1))
done
conv_median() { median <"$work/$1.rate" | awk '{ printf "%.0f", $1 }'; }
conv_over() # conv_over NAME OTHER: the median ratio of the rounds
{
    if [ -s "$work/$1.rate" ] && [ -s "$work/$2.rate" ]; then
        paste -d ' ' "$work/$1.rate" "$work/$2.rate" | awk '{ print $1 / $2 }' | median | awk '{ printf "%.2f", $1 }'
    else
        printf -
    fi
}
say "15c5-maxpool2-40c5-maxpool2-300-10, batch 50, fp32, MNIST; samples a second, medians of $ROUNDS rounds in turn"
conv_flops=7.794e-3 # GFLOP a sample: forward, weight gradient, input gradient of all but the first layer
awk -v r="$(conv_median conv-1)" -v p="$(median <"$work/conv-1.peak")" -v f=$conv_flops \
    'BEGIN { printf "%-44s %9.0f  %5.1f %% of one core\047s peak of %.0f GFLOP/s\n", "plast, 1 thread", r, 100 * r * f / p, p }'
for layout in channels_last contiguous; do
    [ -z "$python" ] || printf '%-44s %9.0f  plast is %s x as fast\n' "PyTorch, $layout" "$(conv_median conv-$layout)" "$(conv_over conv-1 conv-$layout)"
done
printf '%-44s %9.0f  %s x one thread\n' 'plast, 2 threads' "$(conv_median conv-2)" "$(conv_over conv-2 conv-1)"
printf '%-44s %9.0f  %s x the same net held dense\n' 'half of all channels dead' "$(conv_median half-auto)" "$(conv_over half-auto half-dense)"
[ -n "$python" ] || say 'PyTorch: not compared, no python3 with torch and numpy'
