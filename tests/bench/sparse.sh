# Sparse kernels: 784-300-100-10, sgd with momentum, one thread, real MNIST. Nine synapses of ten in
# h1 and h2 die by magnitude at the end of the first epoch; a training step from there on, in the
# forms that plastc chooses against all dense and against PyTorch, dense with masked gradients. The
# same with half of the neurons dead. Then prediction against libxsmm.
sparse_model() # sparse_model PROGRAM BATCH RULE
{
    { cat "$here/sparse.pl"; echo "prune $3 on h1, h2 until epoch 1;"; } >"$work/sparse.pl"
    build "$work/sparse.pl" "$1" -D "size=$2" &&
        "$1" train --data "idx:$data" --epochs 1 --threads 1 --quiet --save "$1.pruned"
}
for size in 128 32; do
    sparse_model "$work/synapses-$size" $size 'magnitude(fraction = 0.9, ramp = 0)' &&
        sparse_model "$work/neurons-$size" $size halve || { say 'the pruned nets do not build'; exit 1; }
done
sparse_one() # sparse_one NAME FORMS: appended to NAME-FORMS.rate
{
    one "$1-$2" "$work/$1" bench --load "$work/$1.pruned" --forms "$2" --data "idx:$data" --threads 1 \
        --seconds "$SECONDS_EACH" --quiet
}
round=0
while [ $round -lt "$ROUNDS" ]; do
    for size in 128 32; do
        for what in synapses neurons; do
            sparse_one $what-$size dense
            sparse_one $what-$size auto
        done
        [ -z "$python" ] || one "torch-$size" "$python" "$here/perceptron_torch.py" "$data" $size 1 "$SECONDS_EACH" mostly_dead
    done
    round=$((round + 1))
done
sparse_rate() { median <"$work/$1.rate" | awk '{ printf "%.0f", $1 }'; }
sparse_over() # sparse_over NAME OTHER: the median ratio of the rounds
{
    if [ -s "$work/$1.rate" ] && [ -s "$work/$2.rate" ]; then
        paste -d ' ' "$work/$1.rate" "$work/$2.rate" | awk '{ print $1 / $2 }' | median | awk '{ printf "%.2f", $1 }'
    else
        printf -
    fi
}
sparse_line() # sparse_line LABEL NAME TORCH LIMIT
{
    printf '%-38s %9s %9s %7s %10s   %s\n' "$1" "$(sparse_rate "$2-dense")" "$(sparse_rate "$2-auto")" \
        "$(sparse_over "$2-auto" "$2-dense")" "${3:+$(sparse_over "$2-auto" "$3")}" "$4"
}
say 'training with most of h1 and h2 dead: 784-300-100-10, 1 thread; samples a second'
printf '%-38s %9s %9s %7s %10s\n' '' dense sparse ratio 'x PyTorch'
sparse_line '90 % of the synapses, batch 128' synapses-128 torch-128 'at least 2.8 and 5, goal 3.5 and 7'
sparse_line '90 % of the synapses, batch 32' synapses-32 torch-32 'at least 2.2 and 5, goal 3 and 7'
sparse_line 'half of the neurons, batch 128' neurons-128 '' 'at least 1.6'
sparse_line 'half of the neurons, batch 32' neurons-32 '' 'at least 1.6'

if [ ! -f "${LIBXSMM_INCLUDE:=/usr/include}/libxsmm.h" ]; then
    say 'prediction against libxsmm: skipped, there is no libxsmm.h (Debian: libxsmm-dev)'
    return 0
fi
{ cat "$here/sparse.pl"; echo 'prune magnitude on h1, h2;'; } >"$work/sparse.pl"
"$PLASTC" --library --header "$work/sparse.pl" -o "$work/sparse.c" &&
    $CC -O3 -march=native $PLAST_OPENMP -I"$top_srcdir/runtime" -I"$work" -I"$LIBXSMM_INCLUDE" \
        "$work/sparse.c" "$here/predict_sparse.c" $PLAST_MODEL_LIBS -lxsmm -lxsmmnoblas -lpthread \
        -ldl -lm -o "$work/predict" || { say 'the comparison with libxsmm does not build'; exit 1; }
round=0
while [ $round -lt "$ROUNDS" ]; do
    "$work/predict" >>"$work/predict.rates" || { cat "$work/predict.rates"; exit 1; }
    round=$((round + 1))
done
say 'prediction with 90 % of the synapses of h1 and h2 dead, batch 128, 1 thread; samples a second'
for column in 1 2 3; do cut -d ' ' -f $column "$work/predict.rates" | median; done | paste -d ' ' - - - |
    awk '{ printf "%-38s %9.0f   libxsmm %.0f, ratio %.2f   at least 1.5\n", "", $1, $2, $3 }'
