#!/bin/sh
# The trainer and a network whose synapses and neurons die, written by hand: what it tells of what
# is left, what its checkpoints hold and refuse, and a self-test that sees what was not zeroed.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

model=$scratch/model
$CC -std=c11 -D_POSIX_C_SOURCE=200809L $PLAST_MODEL_CFLAGS "$top_srcdir/tests/handmade_pruned.c" \
    -o "$model" $PLAST_MODEL_LIBS || exit 99
cd "$scratch" || exit 99
data='--data first:100:glyphs'

# ------------------------------------------------------------------ the self-test
passes() # passes SEED
{
    "$model" selftest --seed "$1" >passes.out && test "$(grep -c '^ok' passes.out)" -eq 9 &&
        test "$(tail -n 1 passes.out)" = 1..9 && return
    cat passes.out
    return 1
}
for seed in 1 2 3 4 5 6; do
    try "selftest, seed $seed" passes $seed
done
try 'a line for each mask' sh -c '
    grep -q "^ok 6 - dead h1.weight$" passes.out && grep -q "^ok 7 - dead h1.weight2$" passes.out &&
    grep -q "^ok 8 - dead h1.alive$" passes.out && grep -q "^ok 9 - dead out.weight$" passes.out'
try 'something died' sh -c 'test "$(grep -c "^# [1-9][0-9]* of [0-9]* at the end$" passes.out)" -eq 4'
catches() # catches WORD TENSOR PATTERN: the model forgets WORD, and that line fails, saying PATTERN
{
    HANDMADE=$1 "$model" selftest >catches.out 2>&1
    test $? -eq 1 && grep -A 1 "^not ok .* - dead $2\$" catches.out | grep -q "^# .*$3" && return
    cat catches.out
    return 1
}
try 'a weight that is left' catches weight h1.weight 'h1.weight is .* and should be 0'
try 'a momentum that is left' catches velocity h1.weight 'h1.weight.velocity is '
try 'a state of a rule' catches state h1.weight 'h1.wane.age is '
try 'the momentum of the second branch' catches velocity2 h1.weight2 'h1.weight2.velocity is '
try 'a state of a rule there' catches state2 h1.weight2 'h1.wane2.age is '
try 'a gradient' catches gradient h1.weight 'the gradient is .* after a probe'
try 'an update of what is dead' catches update h1.weight 'h1.weight is .* after a step'
try 'a bias' catches bias h1.alive 'h1.bias is .* after settling'
try 'the momentum of a bias' catches bias.velocity h1.alive 'h1.bias.velocity is '
try 'a state of a rule at a neuron' catches neuron_state h1.alive 'h1.wane.use is '
try 'synapses that enter a dead neuron' catches entering h1.alive 'h1.weight.alive is 1 '
try 'a dead neuron that is not silent' catches silence h1.alive 'h1.value is 0.5 '
try 'a dead neuron that lives again' catches death h1.alive 'h1.alive is 1 .* the end of an epoch'
try 'settling that does not come to rest' catches repeat h1.weight 'h1.wane.use changes'
try 'masks that nothing carries out' catches settle h1.weight 'nothing that carries them out'

# ------------------------------------------------------------------ what is left
"$model" train $data --save whole.st --log whole.log 2>whole.err || exit 99
"$model" info --load whole.st >info.txt
left() # left TENSOR: alive, of a mask
{
    sed -n "s/^$1 .* \([0-9]*\) of [0-9]* alive\$/\1/p" info.txt
}
logged() # logged KEY LAYER: by line
{
    sed "s/.*\"$1\": {[^}]*\"$2\": \([0-9.]*\)[,}].*/\1/" whole.log
}
synapses=$(($(left h1.weight.alive) + $(left h1.weight2.alive))) neurons=$(left h1.alive) outer=$(left out.weight.alive)
try 'synapses died' test "$synapses" -gt 0 -a "$synapses" -lt 256
try 'a neuron died' test "$neurons" -eq 7
try 'its readers died' test "$outer" -lt 80
falls() { awk 'NR > 1 && $1 > was { exit 1 } { was = $1; n++ } END { exit n != 6 }'; }
logged live h1 >live.txt
try 'the fraction alive falls' falls <live.txt
try 'to what info counts' awk -v n="$synapses" 'END { exit $1 != n / 256 }' live.txt
try 'in the other layer, too' test "$(logged live out | awk -v n="$outer" 'END { print $1 == n / 80 }')" = 1
try 'neurons in each epoch' test "$(logged live_neurons h1 | tr '\n' ' ')" = '8 8 7 7 7 7 '
try 'neurons of the output' test "$(logged live_neurons out | uniq)" = 10
percent=$(awk -v n=$((synapses + outer)) 'BEGIN { printf "%.2f", 100 * n / 336 }')
try 'the line of an epoch' grep -q "^epoch 6/6 .*  live $percent %, 17 neurons " whole.err
try 'info, a layer' grep -q "^h1 .* 8 *7 *256 *$synapses dense" info.txt
try 'info, in all' grep -q "^in all .* 18 *17 *336 *$((synapses + outer)) " info.txt
try 'info, a state and its bytes' grep -q '^h1.wane.age  *\[8, 16\]  *state  *F32  *768 ' info.txt
try 'info, a counter' grep -q '^out.sprout.period .* counter *I64 *24  acted 6, adapted 3$' info.txt
"$model" train $data --epochs 0 --save zero.st --quiet
try 'a rule that has not begun' sh -c "'$model' info --load zero.st | grep -q '^h1.wane.period .*  not begun$'"
try 'info without a checkpoint' sh -c "'$model' info | grep -q '^h1.alive .* mask *U8 *8$'"
try 'bench tells what is left' sh -c "'$model' bench $data --seconds 0.1 --quiet | grep -q '\"live\": {\"h1\": [01]'"

# ------------------------------------------------------------------ resuming
resumed() # resumed EPOCHS: a run of two parts is the whole one
{
    "$model" train $data --epochs "$1" --save part.st --log part.log --quiet &&
        "$model" train $data --resume part.st --epochs 6 --save part.st --log part.log --quiet &&
        cmp part.st whole.st || return
    cut -d, -f1-8 whole.log >whole.keys
    cut -d, -f1-8 part.log | cmp - whole.keys
}
for epochs in 0 1 2 3 4 5; do
    try "stopped after $epochs epochs" resumed $epochs
done
try 'the end differs from the beginning' sh -c '! cmp -s whole.st zero.st'

# ------------------------------------------------------------------ checkpoints
try 'masks are bytes' grep -a -q '"h1.weight.alive": {"dtype": "U8", "shape": \[8, 16\]' whole.st
try 'counters are whole numbers' grep -a -q '"h1.wane.period": {"dtype": "I64", "shape": \[3\]' whole.st
header=$(od -A n -t u4 -N 4 whole.st | tr -d ' ')
place() # place NAME: where its values begin in the file
{
    place_at=$(head -c $((8 + header)) whole.st | tr '{' '\n' | grep -a -A 1 "\"$1\": \$" | tail -n 1 |
        sed 's/.*"data_offsets": \[\([0-9]*\),.*/\1/')
    echo $((8 + header + place_at))
}
edit() # edit NAME BYTE OCTAL...: edited.st, with other bytes from BYTE of that tensor
{
    cp whole.st edited.st
    edit_at=$(($(place "$1") + $2))
    shift 2
    for edit_byte; do
        printf "\\$edit_byte" | dd of=edited.st bs=1 seek="$edit_at" conv=notrunc 2>/dev/null
        edit_at=$((edit_at + 1))
    done
}
refuses() # refuses PATTERN ARGUMENT...: status 3, and says that of the file
{
    refuses_pattern=$1
    shift
    says 3 "edited.st: $refuses_pattern" "$model" "$@"
}
edit h1.weight.alive 19 002
for command in 'info --load' 'eval --load' 'predict --load' 'train --resume'; do
    try "$command, a mask of 2" refuses \
        'h1.weight.alive is 2 in row 1, column 3: 0 (dead) or 1 (alive) was expected' $command edited.st
done
edit out.weight.alive 79 377
try 'a mask of 255' refuses 'out.weight.alive is 255 in row 9, column 7' info --load edited.st
edit h1.alive 0 000 000 000 000 000 000 000 000
try 'no neuron alive' refuses 'h1.alive has no neuron alive' info --load edited.st
edit h1.wane.period 8 377 377 377 377 377 377 377 377
try 'a counter below zero' refuses 'h1.wane.period is -1 in row 1: a count was expected' info --load edited.st
edit out.sprout.period 23 200
try 'a counter far below zero' refuses 'out.sprout.period is -9223372036854775805 in row 2' info --load edited.st
edit h1.wane.period 0 002
try 'a beginning that is neither' refuses 'h1.wane.period is 2 in row 0: 0 or 1 was expected' info --load edited.st
sed 's/"dtype": "U8", "shape": \[8\]/"dtype": "I8", "shape": [8]/' whole.st >edited.st
try 'a mask of another type' refuses 'is of another model: h1.alive is U8 here, I8 in' info --load edited.st

# A neuron that the file alone says is dead: loading carries it out.
edit h1.alive 0 000
cmp -s edited.st whole.st
result $((! $?)) 'a neuron dies in the file'
try 'it is loaded' "$model" train $data --resume edited.st --save settled.st --quiet
zero() # zero NAME BYTES: so many of settled.st are 0
{
    test "$(od -A n -v -t x1 -j "$(place "$1")" -N "$2" settled.st | tr -d ' 0\n')" = ''
}
try 'its weights are gone' zero h1.weight 64
try 'their momenta' zero h1.weight.velocity 64
try 'the states of the rule' zero h1.wane.age 64
try 'its bias' zero h1.bias 4
try 'its synapses' zero h1.weight.alive 16
"$model" info --load settled.st >info.txt
try 'its readers' test "$(left out.weight.alive)" -eq $((outer - 10))
try 'the next neuron is there' sh -c "! cmp -s -i $(($(place h1.weight) + 64)) -n 64 settled.st /dev/zero"

"$model" eval --load whole.st >eval.txt
try 'eval agrees with the log' test "$(sed -n 's/^accuracy \([0-9.]*\) .*/\1/p' eval.txt)" = \
    "$(tail -n 1 whole.log | sed 's/.*"test_accuracy": \([0-9.]*\),.*/\1/' | awk '{ printf "%.9g", $1 }')"
# ------------------------------------------------------------------ weights from elsewhere
if command -v python3 >/dev/null; then
    strip() # strip FILE SUFFIX...: of whole.st the tensors whose names end so, and nothing else
    {
        python3 -c '
import json, struct, sys
raw = open("whole.st", "rb").read()
size, = struct.unpack("<Q", raw[:8])
head, values = json.loads(raw[8:8 + size]), raw[8 + size:]
kept, data = {}, b""
for name, t in head.items():
    if name.endswith(tuple(sys.argv[2:])):
        begin, end = t["data_offsets"]
        t["data_offsets"] = [len(data), len(data) + end - begin]
        kept[name], data = t, data + values[begin:end]
text = json.dumps(kept).encode()
open(sys.argv[1], "wb").write(struct.pack("<Q", len(text)) + text + data)' "$@"
    }
    same_eval() { strip "$@" && "$model" eval --seed 1 --load "$1" | cmp - eval.txt; }
    try 'weights and masks predict the same' same_eval plain.st .weight .weight2 .bias .alive
    strip bare.st .weight .weight2 .bias
    try 'weights alone are all alive' sh -c "'$model' info --load bare.st | grep -q '^h1.alive .* 8 of 8 alive$'"
else
    skip 'weights and masks predict the same' 'no python3'
    skip 'weights alone are all alive' 'no python3'
fi
finish
