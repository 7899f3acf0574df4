#!/bin/sh
# The trainer, driven through a model written by hand: the command line, the log, what resumes
# must give the same bits as, signals, what goes wrong.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

model=$scratch/model
$CC -std=c11 -D_POSIX_C_SOURCE=200809L $PLAST_MODEL_CFLAGS "$top_srcdir/tests/handmade_model.c" \
    -o "$model" $PLAST_MODEL_LIBS || exit 99
cd "$scratch" || exit 99
data='--data first:400:glyphs'
HANDMADE="batch=16 width=6 epochs=4 rate=0.05"
export HANDMADE
with() # with SETTING COMMAND...: the model made of something else
{
    (HANDMADE="$HANDMADE $1"; export HANDMADE; shift; "$@")
}
same() { cmp "$1" "$2"; }

# ------------------------------------------------------------------ the command line
try 'no command' says 2 'which command' "$model"
try 'a misspelt command' says 2 "did you mean 'train'" "$model" tarin
try 'a misspelt option' says 2 "did you mean '--epochs'" "$model" train --epoch 3
try 'an option of another command' says 2 'eval has no option' "$model" eval --save x
try 'a missing value' says 2 'needs a value: --seed N' "$model" train --seed
try 'a number that is none' says 2 "not '3x'" "$model" train --epochs 3x
try 'a negative number' says 2 "not '-1'" "$model" train --epochs=-1
try 'a flag with a value' says 2 'takes no value' "$model" train --quiet=1
try 'a stray word' says 2 'is not an option' "$model" train glyphs
try 'eval without --load' says 2 'needs --load' "$model" eval
try 'a wrong SPEC' says 2 '.' "$model" train --data nonsense
for command in train eval predict info selftest bench; do
    try "$command --help" sh -c "'$model' $command --help | grep -q 'usage: model $command'"
done
try '--help' sh -c "'$model' --help | grep -q selftest"
try 'output to a full disk' says 3 'standard output' sh -c "'$model' info >/dev/full"

# ------------------------------------------------------------------ the log
try 'train, log and checkpoint' "$model" train $data --save whole.st --log whole.log
try 'a line for each epoch' test "$(wc -l <whole.log)" -eq 4
for key in epoch loss train_accuracy test_accuracy live live_neurons form ms_per_step \
    samples_per_second; do
    try "the key $key" test "$(grep -c "\"$key\": " whole.log)" -eq 4
done
if command -v python3 >/dev/null; then
    try 'the log is JSON' python3 -c '
import json
lines = [json.loads(line) for line in open("whole.log")]
assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
assert lines[3]["loss"] < lines[0]["loss"]
assert all(0 <= line["test_accuracy"] <= 1 for line in lines)
assert lines[0]["live"] == {"h1": 1, "out": 1} and lines[0]["form"]["h1"] == "dense"
assert lines[0]["live_neurons"] == {"h1": 6, "out": 10}
assert all(line["samples_per_second"] > 0 for line in lines)'
    try 'bench prints JSON' sh -c "'$model' bench $data --seconds 0.2 --quiet | python3 -c '
import json, sys
line = json.load(sys.stdin)
assert line[\"gflops\"] > 0 and line[\"peak_gflops\"] > 0 and line[\"batch\"] == 16
assert line[\"threads\"] >= 1 and line[\"samples_per_second\"] > 0'"
    try 'the checkpoint by the public format' python3 -c '
import json, math, struct
raw = open("whole.st", "rb").read()
size, = struct.unpack("<Q", raw[:8])
assert size % 8 == 0
head = json.loads(raw[8:8 + size])
meta = head.pop("__metadata__")
assert meta["epoch"] == "4" and meta["step"] == "100" and meta["model"] == "handmade"
at = 0
for name, t in sorted(head.items(), key=lambda item: item[1]["data_offsets"]):
    assert t["data_offsets"][0] == at and t["dtype"] == "F32"
    at = t["data_offsets"][1]
    assert at - t["data_offsets"][0] == 4 * math.prod(t["shape"])
assert 8 + size + at == len(raw)
assert head["h1.weight"]["shape"] == [6, 16] and head["h1.bias"]["shape"] == [6]
assert "h1.weight.velocity" in head'
    # 50 ms once in 25 steps are 2 ms for each, though a window is 3 steps
    try 'bench shares the ends of epochs among the steps' with 'pause=10000 rest=50000' sh -c "
        '$model' bench $data --seconds 0.2 --quiet | python3 -c '
import json, sys
line = json.load(sys.stdin)
assert 12 <= line[\"ms_per_step\"] < 40, line
assert line[\"samples_per_second\"] <= 16 / 0.012'"
else
    skip 'the log is JSON' 'no python3'
    skip 'bench prints JSON' 'no python3'
    skip 'bench shares the ends of epochs among the steps' 'no python3'
    skip 'the checkpoint by the public format' 'no python3'
fi
try 'the log on standard output' sh -c "'$model' train $data --log - --quiet >out.log"
cut -d, -f1-4 whole.log >whole.keys
cut -d, -f1-4 out.log >out.keys
try 'the same run again' same whole.keys out.keys
try 'the same bytes again' sh -c "'$model' train $data --save again.st --quiet && cmp whole.st again.st"
try '--quiet says nothing' sh -c "test -z \"\$('$model' train $data --quiet 2>&1)\""
try 'another seed is another run' sh -c "'$model' train $data --seed 2 --save other.st --quiet && ! cmp -s whole.st other.st"
try 'file order is another run' sh -c "'$model' train $data --no-shuffle --save order.st --quiet && ! cmp -s whole.st order.st"
try 'a log on a full disk' says 3 'the log cannot be written' "$model" train $data --log /dev/full --save full.st
try 'that loses no checkpoint' "$model" info --load full.st
try 'a log in no directory' says 3 'the log cannot be written' "$model" train $data --log nowhere/x

# ------------------------------------------------------------------ eval, predict, info
try 'eval' sh -c "'$model' eval --load whole.st >eval.txt && grep -q '^accuracy 0' eval.txt"
try 'eval agrees with the log' sh -c '
    logged=$(tail -n 1 whole.log | sed "s/.*\"test_accuracy\": \([0-9.]*\).*/\1/")
    shown=$(sed -n "s/^accuracy \([0-9.]*\) .*/\1/p" eval.txt)
    awk "BEGIN { d = $logged - $shown; exit !(d < 1e-8 && d > -1e-8) }"'
try 'the confusion matrix holds all samples' sh -c "
    test \"\$(sed -n 's/^ *[0-9]*://p' eval.txt | tr ' ' '\n' | awk '{ n += \$1 } END { print n }')\" = 2000"
try 'predict' sh -c "'$model' predict --load whole.st >classes && test \"\$(wc -l <classes)\" -eq 2000"
try 'predict --raw' sh -c "'$model' predict --load whole.st --raw out.npy && test \"\$(wc -c <out.npy)\" -eq \$((128 + 2000 * 40))"
try 'predict --raw on a full disk' says 3 'cannot be written' sh -c "ulimit -f 8; '$model' predict --load whole.st --raw full.npy"
try 'that leaves nothing' sh -c '! ls | grep -q full.npy'
try 'info' sh -c "'$model' info --load whole.st | grep -q 'epoch 4 of 4, step 100'"

# ------------------------------------------------------------------ resuming
"$model" train $data --epochs 0 --save zero.st --quiet
try 'the initial state' sh -c "'$model' info --load zero.st | grep -q 'epoch 0 of 0, step 0'"
try 'a run from the initial state' sh -c "'$model' train $data --resume zero.st --epochs 4 --save a.st --quiet && cmp a.st whole.st"
"$model" train $data --epochs 2 --save two.st --log two.log --quiet
try 'a run from an end of an epoch' sh -c "'$model' train $data --resume two.st --epochs 4 --save a.st --log two.log --quiet && cmp a.st whole.st"
cut -d, -f1-4 two.log >two.keys
try 'its log goes on' same two.keys whole.keys
"$model" train $data --resume whole.st --save b.st 2>finished.txt
result $? 'resuming a finished run'
try 'it says so' grep -q 'is finished, 4 of 4' finished.txt
try 'and is unchanged' same b.st whole.st
try '--seed with --resume' says 2 'is not the seed' "$model" train $data --resume two.st --seed 5
try 'the same --seed with --resume' "$model" train $data --resume two.st --seed 1 --epochs 3 --quiet
try 'other data between epochs' "$model" train --data first:200:glyphs --resume two.st --epochs 5 --save c.st --quiet
try 'they count' sh -c "'$model' info --load c.st | grep -q 'epoch 5 of 5, step 89,'"

stop_at() # stop_at SECONDS SIGNAL ARGUMENTS...: stops a slow run with a signal; its status
{
    stop_after=$1 stop_signal=$2
    shift 2
    env HANDMADE="$HANDMADE pause=20000" "$model" train $data "$@" 2>stopped.txt &
    sleep "$stop_after"
    kill -"$stop_signal" $! 2>/dev/null
    wait $!
}
# An epoch is 25 steps of 20 ms, more on a busy machine: the middle of one is tried for.
for seconds in 0.7 0.8 0.6 0.9 1.1 1.2; do
    stop_at $seconds TERM --save stop.st
    status=$?
    "$model" info --load stop.st | grep -q 'of 25 of the next epoch' && break
done
result $((status != 143)) 'SIGTERM ends with 143'
try 'it says where the run is' grep -q 'stopped after step .* of epoch .*; saved in stop.st' stopped.txt
try 'it is the middle of an epoch' sh -c "'$model' info --load stop.st | grep -q 'of 25 of the next epoch'"
try 'other data inside an epoch' says 3 'only between epochs' "$model" train --data first:300:glyphs --resume stop.st
try '--no-shuffle inside an epoch' says 2 'only between epochs' "$model" train $data --resume stop.st --no-shuffle
try 'another batch inside an epoch' says 3 'with batches of 16' with batch=20 "$model" train $data --resume stop.st
try 'a run from the middle' sh -c "'$model' train $data --resume stop.st --save a.st --log a.log --quiet && cmp a.st whole.st"
tail -n 1 a.log | cut -d, -f1-4 >a.keys
tail -n 1 whole.keys >last.keys
try 'its log has the sums of whole epochs' same a.keys last.keys
stop_at 0.5 INT
result $(($? != 130)) 'SIGINT ends with 130'
try 'it says that nothing was saved' grep -q 'not saved' stopped.txt
rm -f many.st
tries=0 status=143
while [ $status -eq 143 ] && [ $tries -lt 10 ]; do
    tries=$((tries + 1))
    if [ -f many.st ]; then stop_at 0.2 TERM --resume many.st --save many.st
    else stop_at 0.3 TERM --save many.st; fi
    status=$?
done
"$model" train $data --resume many.st --save many.st --quiet
result $? "stopped $tries times"
try 'a run of many parts' same many.st whole.st
"$model" train $data --no-shuffle --epochs 2 --save order2.st --quiet
try 'file order stays in a resumed run' sh -c "'$model' train $data --resume order2.st --epochs 4 --save a.st --quiet && cmp a.st order.st"

# ------------------------------------------------------------------ samples with a time axis
timed() { with 'inputs=600 frames=3 rate=0.01' "$@"; }
try 'event streams' timed "$model" train $data --save timed.st --log timed.log --quiet
try 'are learnt' sh -c "tail -n 1 timed.log | sed 's/.*test_accuracy\": //; s/,.*//' |
    awk '{ print; exit !(\$1 > 0.3) }'"
try 'a model that gathers its inputs gets counts as they are' sh -c "HANDMADE='$HANDMADE inputs=600 frames=3 rate=0.01 gather=1' \
    '$model' train $data --save a.st --quiet && cmp a.st timed.st"
try 'a model that gathers its inputs gets bytes as 255ths' sh -c "HANDMADE='$HANDMADE gather=1' \
    '$model' train $data --save a.st --quiet && cmp a.st whole.st"
try 'evaluated' timed "$model" eval --load timed.st
try 'permuted' timed "$model" eval --load timed.st --data permuted:1:glyphs
timed "$model" predict --load timed.st --quiet >timed.txt
result $? 'predicted'
try 'a class for each sample' test "$(sort -u timed.txt | wc -l) $(wc -l <timed.txt)" = '10 2000'
try 'tested' timed "$model" selftest
timed "$model" info >timed.txt
try 'described' grep -q '^time 3 steps, in the data$' timed.txt
try 'measured' timed "$model" bench --seconds 0.1 $data
try 'events for a model without frames' says 2 'recordings have a time axis' "$model" train --data events:.
try 'images for a model with frames' says 2 'takes events in 3 frames' timed "$model" train --data idx:.

# ------------------------------------------------------------------ numbers that are none
cp whole.st kept.st
try 'a loss that is not a number' says 4 'in step .* of epoch' with rate=1e30 "$model" train $data --save kept.st
try 'the checkpoint is as it was' same kept.st whole.st
finish
