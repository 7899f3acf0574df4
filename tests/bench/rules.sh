# What rules add to a training step: 784-300-100-10, batch 64, sgd with momentum, one thread. Each
# run with rules stands beside one without; a ratio is the median of the rounds' ratios. PyTorch's
# are to its own step without rules (rules_torch.py: the same methods at the same periods).

# rules_text NAME: what the model gets
rules_text()
{
    case $1 in
    plain) ;;
    grapes) echo 'plasticity grapes on h1, h2;' ;;
    all) echo 'plasticity grapes on h1, h2; plasticity spine on h1, h2; prune unused on h1, h2;' ;;
    spine10) echo 'plasticity spine on h1, h2 each 10 steps;' ;;
    spine1) echo 'plasticity spine on h1, h2 each 1 steps;' ;;
    masked) echo 'plasticity spine on h1, h2 each 1 steps; prune magnitude on h1, h2;' ;;
    esac
}
rules_label()
{
    case $1 in
    grapes) echo 'grapes' ;;
    all) echo 'grapes, spine (each epoch), unused' ;;
    spine10) echo 'spine, each 10 steps' ;;
    spine1) echo 'spine, each step' ;;
    masked) echo 'spine, each step, and a mask' ;;
    esac
}
rules_limit() # what the time of a step over one without rules is to stay below
{
    case $1 in
    all) echo 'at most 1.10, goal 1.05' ;;
    spine10) echo 'at most 1.25' ;;
    esac
}
rules_names='grapes all spine10 spine1 masked'

rules_build() # rules_build NAME PROGRAM [OPTIONS...]
{
    rules_text "$1" | cat "$here/perceptron.pl" - >"$work/rules.pl"
    shift
    build "$work/rules.pl" "$@" -D size=64
}
for name in plain $rules_names; do
    rules_build "$name" "$work/rules-$name" || { say "the model with rules ($name) does not build"; exit 1; }
done
rules_build spine1 "$work/rules-unfused" --no-fuse || exit 1

# rules_pair NAME BASE: both are timed, and the ratio of their times is one round's
rules_pair()
{
    rm -f "$work/pair.rate" "$work/pair.peak"
    one_model pair "$work/rules-$2" 1
    one_model pair "$work/rules-$1" 1
    awk 'NR == 1 { base = $1 } END { if (NR == 2 && $1 > 0) print base / $1, 64000 / $1 }' "$work/pair.rate" >>"$work/$1-$2.pairs"
}
rules_torch() # rules_torch NAME
{
    "$python" "$here/perceptron_torch.py" "$data" 64 1 "$SECONDS_EACH" "$1" >"$work/line" 2>/dev/null &&
        echo "$(field over_plain <"$work/line") $(field ms_per_step <"$work/line")" >>"$work/$1-torch.pairs"
}
round=0
while [ $round -lt "$ROUNDS" ]; do
    for name in $rules_names; do
        rules_pair "$name" plain
        [ -z "$python" ] || rules_torch "$name"
    done
    rules_pair spine1 unfused
    round=$((round + 1))
done

rules_median() # rules_median FILE COLUMN: or - where nothing was measured
{
    if [ -s "$work/$1.pairs" ]; then cut -d ' ' -f "$2" "$work/$1.pairs" | median | awk '{ printf "%.2f", $1 }'; else printf -; fi
}
say "rules on h1, h2: 784-300-100-10, batch 64, 1 thread; ms a step, and over a step without rules"
printf '%-36s %7s %6s   %7s %6s\n' '' plast ratio PyTorch ratio
for name in $rules_names; do
    printf '%-36s %7s %6s   %7s %6s   %s\n' "$(rules_label $name)" \
        "$(rules_median $name-plain 2)" "$(rules_median $name-plain 1)" \
        "$(rules_median $name-torch 2)" "$(rules_median $name-torch 1)" "$(rules_limit $name)"
done
printf '%-36s %7s %6s   %s\n' 'spine, each step, over --no-fuse' '' "$(rules_median spine1-unfused 1)" 'at most 0.60'
