#!/bin/sh
# Checkpoints: whole at any moment, refused when they are damaged or of another model, and never
# lost to a full disk.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

model=$scratch/model
$CC -std=c11 -D_POSIX_C_SOURCE=200809L $PLAST_MODEL_CFLAGS "$top_srcdir/tests/handmade_model.c" \
    -o "$model" $PLAST_MODEL_LIBS || exit 99
cd "$scratch" || exit 99
HANDMADE="batch=16 width=6 epochs=3 rate=0.05"
export HANDMADE
with() { (HANDMADE="$HANDMADE $1"; export HANDMADE; shift; "$@"); }
refuses() { says 3 "$@"; } # refuses PATTERN COMMAND...
bytes() { wc -c <"$1" | tr -d ' '; }
poke() # poke FILE OFFSET OCTAL...: overwrites bytes
{
    poke_file=$1 poke_at=$2
    shift 2
    for poke_byte; do
        printf "\\$poke_byte" | dd of="$poke_file" bs=1 seek="$poke_at" conv=notrunc 2>/dev/null
        poke_at=$((poke_at + 1))
    done
}

# ------------------------------------------------------------------ of another model
"$model" train --data first:100:glyphs --save whole.st --quiet || exit 99
load() { "$model" info --load "$1"; }
try 'of another width' refuses 'h1.weight is \[7, 16\] here, \[6, 16\] in whole.st' with width=7 "$model" info --load whole.st
try 'of fewer layers' refuses 'it has no h2.weight' with depth=3 "$model" info --load whole.st
with depth=3 "$model" train --data first:100:glyphs --save deep.st --quiet
try 'of more layers' refuses 'out.weight is\|which handmade has not' load deep.st
try 'of another learning' refuses 'it has no out.feedback' with learn=alignment "$model" info --load whole.st
try 'of another name' refuses 'its model is not other' with name=other "$model" info --load whole.st
try 'of no file' refuses 'No such file' load nothing.st
try 'of a directory' refuses 'is not a regular file' load .
try 'of a device' refuses 'is not a regular file' load /dev/zero

# ------------------------------------------------------------------ damaged
size=$(bytes whole.st)
for length in 0 1 7 8 9 64 400 1000 $((size - 400)) $((size - 1)); do
    head -c "$length" whole.st >cut.st
    try "cut to $length bytes" refuses 'cut.st: ' load cut.st
done
{ cat whole.st; printf x; } >long.st
try 'one byte too long' refuses '1 bytes at the end belong to no tensor' load long.st
header=$(od -A n -t u4 -N 4 whole.st | tr -d ' ')
cp whole.st nan.st
poke nan.st $((8 + header + 28)) 000 000 300 177
try 'a weight that is not a number' refuses 'h1.weight is infinite or not a number in row 0, column 7' load nan.st
cp whole.st huge.st
poke huge.st 0 377 377 377 377 377 377 377 177
try 'a header of 2^63 bytes' refuses 'claim a header of 9223372036854775807 bytes' load huge.st
damage() # a bit of each sort at 40 places of the header: refused or harmless, never a crash
{
    damage_bad=0
    for damage_at in $(awk 'BEGIN { srand(1); for (i = 0; i < 40; i++) print 8 + int(rand() * '"$header"') }'); do
        cp whole.st bad.st
        poke bad.st "$damage_at" "$(awk 'BEGIN { srand('"$damage_at"'); printf "%03o", 1 + rand() * 254 }')"
        "$model" train --data first:20:glyphs --resume bad.st --quiet >bad.out 2>&1
        damage_status=$?
        case $damage_status in
        0 | 3 | 2) ;;
        *) echo "byte $damage_at: status $damage_status"; cat bad.out; damage_bad=1 ;;
        esac
    done
    return $damage_bad
}
try 'damaged headers' damage

# ------------------------------------------------------------------ counters that lead astray
counter() # counter OLD NEW: in the text of the header, of the same length
{
    test ${#1} -eq ${#2} && sed "s/$1/$2/" whole.st >edited.st && ! cmp -s whole.st edited.st
    result $? "$1 becomes $2"
    try 'refused' refuses '__metadata__' "$model" train --data first:100:glyphs --resume edited.st --quiet
}
counter '"step_in_epoch": "0"' '"step_in_epoch": "9"'
counter '"step_in_epoch": "0"' '"step_in_epoch": "-"'
counter '"step": "21"' '"step": "2x"'
counter '"steps_per_epoch": "7"' '"steps_per_epoch": "a"'
counter '"loss": "0x0p+0"' '"loss": "0x0p+n"'
counter '"loss": "0x0p+0"' '"loss": "infini"'
counter '"order": "shuffled"' '"order": "shuffles"'
counter '"seed": "1"' '"seed": "-"'
counter '"batch": "16"' '"batch": "00"'
counter '"correct"' '"corrupt"'

# ------------------------------------------------------------------ weights from elsewhere
if command -v python3 >/dev/null; then
    python3 -c '
import json, struct
head, at = {}, 0
for name, shape in ("h1.weight", [6, 16]), ("h1.bias", [6]), ("out.weight", [10, 6]), ("out.bias", [10]):
    n = 4
    for s in shape: n *= s
    head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + n]}
    at += n
text = json.dumps(head).encode()
open("plain.st", "wb").write(struct.pack("<Q", len(text)) + text + struct.pack("<f", 0.25) * (at // 4))'
    try 'weights from elsewhere' "$model" eval --load plain.st
    try 'hold no run' refuses 'no run to resume' "$model" train --resume plain.st
else
    skip 'weights from elsewhere' 'no python3'
    skip 'hold no run' 'no python3'
fi

# ------------------------------------------------------------------ where nothing can be written
try 'no directory' refuses 'cannot be written' "$model" train --save nowhere/x.st --epochs 100000000
try 'a device' refuses 'is not a regular file' "$model" train --save /dev/null --epochs 100000000
try 'the device is still there' test -c /dev/null
cp whole.st kept.st
try 'a full disk' refuses 'kept.st: cannot be written' sh -c "ulimit -f 2; exec '$model' train --data first:100:glyphs --save kept.st --quiet"
try 'the checkpoint before is as it was' cmp kept.st whole.st
try 'and nothing else is left' sh -c '! ls | grep -q tmp'
mkdir small
if mount -t tmpfs -o size=4k none small 2>/dev/null; then
    "$model" train --data first:100:glyphs --epochs 1 --save small/a.st --quiet
    cp small/a.st a.st
    try 'a file system that is full' refuses 'small/a.st: cannot be written' "$model" train --data first:100:glyphs --resume small/a.st --epochs 3 --save small/a.st --quiet
    try 'its checkpoint is as it was' cmp small/a.st a.st
    try 'and alone' test "$(ls small)" = a.st
    umount small
else
    skip 'a file system that is full' 'no right to mount one'
    skip 'its checkpoint is as it was' 'no right to mount one'
    skip 'and alone' 'no right to mount one'
fi

ln -s kept.st link.st
try 'a symbolic link' "$model" train --data first:100:glyphs --save link.st --epochs 1 --quiet
try 'stays one' test -h link.st

# ------------------------------------------------------------------ kill -9
# A step is an epoch here, and each is saved. After every kill the file must be whole, and the run
# further than before.
awk 'BEGIN { srand(3); for (i = 0; i < 16; i++) { for (j = 0; j < 16; j++) printf "%.3f,", rand(); print i % 10 } }' >few.csv
run='--data csv:few.csv --epochs 1000000 --quiet'
"$model" train $run --epochs 1 --save killed.st
kill_often()
{
    kill_before=0
    for kill_after in $(awk 'BEGIN { srand(7); for (i = 0; i < 100; i++) print 0.01 + 0.08 * rand() }'); do
        "$model" train $run --resume killed.st --save killed.st &
        sleep "$kill_after"
        kill -9 $!
        wait $! 2>/dev/null
        "$model" info --load killed.st >killed.txt || return 1
        kill_now=$(sed -n 's/.*killed.st: epoch \([0-9]*\) .*/\1/p' killed.txt)
        test "$kill_now" -ge "$kill_before" || return 1
        kill_before=$kill_now
    done
    test "$kill_now" -gt 20
}
try 'killed 100 times' kill_often
epochs=$(sed -n 's/.*killed.st: epoch \([0-9]*\) .*/\1/p' killed.txt)
"$model" train $run --resume killed.st --epochs "$epochs" --save killed.st
"$model" train $run --epochs "$epochs" --save straight.st
try "the same as $epochs epochs at once" cmp killed.st straight.st
try 'at most one other file' test "$(ls | grep -c 'killed.st')" -le 2
finish
