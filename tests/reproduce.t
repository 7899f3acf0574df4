#!/bin/sh
# `make reproduce`: what was trained is not trained again, also after an interruption; what changed is;
# tables and plots say what the rows hold. On drawn digits, with an experiment of its own.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

run=$top_srcdir/examples/experiments/run.sh
tiny=$scratch/experiments/tiny rows=$scratch/work/tiny/rows
PLAST_MODEL_CFLAGS="$PLAST_MODEL_CFLAGS -O1"
export top_srcdir PLASTC CC PLAST_MODEL_CFLAGS PLAST_MODEL_LIBS
EXPERIMENTS=$scratch/experiments WORK=$scratch/work RESULTS=$scratch/doc SETS=glyphs
export EXPERIMENTS WORK RESULTS SETS
unset ONLY ROWS QUICK JOBS PLAST_DATA

mkdir -p "$tiny" && echo tiny >"$EXPERIMENTS/list"
cat >"$tiny/net.pl" <<'END'
model net;
let rate = 0.1;
input  image[1, 14, 14];
layer  h1    = image |> dense(12) |> relu;
output digit = h1 |> dense(10);
loss      cross_entropy;
optimizer sgd(rate = rate);
epochs    2;
END
# `slow` takes forever until $scratch/fast is there
cat >"$tiny/rows" <<'END'
model half "$source/net.pl" 'prune magnitude(fraction = 50%, ramp = 0) on h1;'
each_seed plain "$source/net.pl" first:500:mnist '' '--epochs 3'
slow=100000000
test ! -f "$WORK/../fast" || slow=2
row slow/1 "$source/net.pl" first:500:mnist '-D rate=0.05' "--epochs $slow"
each_seed half "$models/half.pl" first:500:mnist '' '--epochs 2'
row tasks/1 "$source/net.pl" 'first:3000:mnist first:3000:permuted:1:mnist' '' '--epochs 2'
END
cat >"$tiny/report" <<'END'
command_line
echo
echo '| case | accuracy | to 20 % | removed |'
echo '|---|---|---|---|'
for case in plain half; do
    echo "| $case | $(percent $case) | $(reach $case 0.2) | $(removed $case h1=2352 | moments | spread 100 %.1f) |"
done
echo
versus plain half
for case in plain half; do curve "$case & <so>" $case; done | plot tiny 'Tiny & <small>' epoch 'accuracy, %'
END

reproduce() # what it says is shown where it fails
{
    sh "$run" >"$scratch/said" 2>&1 && return
    tail -n 20 "$scratch/said"
    return 1
}
inodes() { (cd "$rows" && ls -i */*.jsonl | awk '{ print $2, $1 }'); }
said() { cat "$scratch/said"; grep -q "$1" "$scratch/said"; }

interrupt()
{
    sh "$run" >"$scratch/said" 2>&1 &
    process=$!
    waited=0
    while [ ! -s "$rows/slow/1.epochs" ]; do
        sleep 1
        waited=$((waited + 1))
        [ $waited -lt 120 ] || break
    done
    kill -TERM $process
    fails_with 143 wait $process || return
    cat "$scratch/said"
    [ -s "$rows/plain/3.jsonl" ] && [ ! -e "$rows/slow/1.jsonl" ] || return
    sleep 1
    size=$(wc -c <"$rows/slow/1.epochs")
    sleep 1
    [ "$size" -eq "$(wc -c <"$rows/slow/1.epochs")" ]
}
try 'a signal ends it and the trainer; the row that it was at is not there' interrupt

inodes >"$scratch/before"
: >"$scratch/fast"
resume() { reproduce && [ -s "$RESULTS/results.md" ] && [ -s "$rows/half/3.jsonl" ]; }
try 'it goes on and finishes' resume
kept() { inodes >"$scratch/after" && test "$(wc -l <"$scratch/before")" -eq 3 && test -z "$(grep -v -x -F -f "$scratch/after" "$scratch/before")"; }
try 'rows that were there have not been made again' kept

again()
{
    inodes >"$scratch/before"
    cp -R "$RESULTS" "$scratch/first"
    sed 's/^loss/# a comment\nloss/' "$tiny/net.pl" >"$scratch/net.pl" && mv "$scratch/net.pl" "$tiny/net.pl" &&
        reproduce && inodes | cmp - "$scratch/before" && diff -r "$RESULTS" "$scratch/first"
}
try 'when all is there nothing is made, nor for a comment in the model; the results are the same bytes' again

changed()
{
    sed 's/50%/75%/' "$tiny/rows" >"$scratch/rows" && mv "$scratch/rows" "$tiny/rows" && reproduce &&
        inodes | diff "$scratch/before" - >"$scratch/difference"
    sed -n 's/^> \([^ ]*\).*/\1/p' "$scratch/difference" >"$scratch/made"
    cat "$scratch/made"
    printf '%s\n' half/1.jsonl half/2.jsonl half/3.jsonl | cmp - "$scratch/made"
}
try 'a row whose recipe changed is made again, and no other' changed

table()
{
    cat "$RESULTS/results.md"
    grep '^|' "$RESULTS/results.md" >"$scratch/table" && awk -F '|' 'NF != 6 { exit 1 } END { exit NR != 4 }' "$scratch/table" &&
        grep -q '^| half | .* ± .* | 75.0 ± 0.0 |$' "$scratch/table" &&
        grep -q 'make reproduce ONLY=tiny' "$RESULTS/results.md" &&
        awk -F , 'NR == 1 { n = NF } NF != n { exit 1 } END { exit NR != 9 || n < 10 }' "$RESULTS/results/tiny.csv"
}
try 'tables are well-formed' table
figures()
{
    for case in plain half; do
        awk -F , -v case_="$case" '$1 ~ "^" case_ "/" { v[++n] = $3; sum += $3 }
            END { for (i = 1; i <= n; i++) square += (v[i] - sum / n) ^ 2
                printf "| %s | %.2f ± %.2f |\n", case_, 100 * sum / n, 100 * sqrt(square / (n - 1)) }' \
            "$RESULTS/results/tiny.csv" >"$scratch/want"
        cat "$scratch/want"
        grep -q -F -f "$scratch/want" "$scratch/table" || return
    done
}
try 'mean and deviation are those of the runs' figures
tasks()
{
    cat "$rows/tasks/1.jsonl"
    want=$(sed -n 's/.*"after": 2.*"accuracy": \(.*\)}/\1/p' "$rows/tasks/1.jsonl" | awk '{ sum += $1 } END { if (NR == 2) printf "%.3f", sum / 2 }')
    test "$(grep -c '"after"' "$rows/tasks/1.jsonl")" -eq 3 && test "$(grep -c '"epoch"' "$rows/tasks/1.jsonl")" -eq 4 &&
        test "$want" = "$(awk -F , '$1 == "tasks/1" { printf "%.3f", $4 }' "$RESULTS/results/tiny.csv")"
}
try 'tasks in sequence are each tested after each' tasks

if command -v xmllint >/dev/null; then
    svg() { xmllint --noout "$1" && test "$(xmllint --xpath "count(//*[local-name()='polyline'])" "$1")" = 2; }
    try 'the plot is XML with a line for each series' svg "$RESULTS/results/tiny.svg"
else
    skip 'the plot is XML with a line for each series' 'there is no xmllint'
fi

beside()
{
    cut -d , -f 1-8 "$RESULTS/results/tiny.csv" >"$scratch/one"
    (WORK=$scratch/two RESULTS=$scratch/doc2 JOBS=3 && export WORK RESULTS JOBS && reproduce) &&
        cut -d , -f 1-8 "$scratch/doc2/results/tiny.csv" | diff "$scratch/one" -
}
try 'rows beside each other give what rows after each other gave' beside

broken()
{
    cp "$RESULTS/results.md" "$scratch/page"
    echo "row wrong/1 \"\$source/net.pl\" mnist '-D rat=1' '--epochs 1'" >>"$tiny/rows"
    fails_with 1 reproduce && said 'row wrong/1' && cmp "$scratch/page" "$RESULTS/results.md"
}
try 'a row that plastc refuses is named, and the page stays' broken
careless()
{
    sed '$d' "$tiny/rows" >"$scratch/rows" && mv "$scratch/rows" "$tiny/rows"
    echo 'echo "| $(percent nobody) |"; exit 0' >>"$tiny/report"
    fails_with 1 reproduce && said 'asks for nobody' && cmp "$scratch/page" "$RESULTS/results.md"
}
try 'so is a case that a report asks for and that was not trained' careless
nowhere()
{
    (SETS= && PLAST_DATA=$scratch/none && export SETS PLAST_DATA && fails_with 1 reproduce) && said 'none.* is no directory' &&
        said fashion-mnist || return
    mkdir "$scratch/some"
    (SETS= && PLAST_DATA=$scratch/some && export SETS PLAST_DATA && fails_with 1 reproduce) && said 'needs .*/some/mnist'
}
try 'data that are missing are named' nowhere
other() { (ONLY=other && export ONLY && fails_with 1 reproduce) && said "no experiment 'other'; there are: tiny"; }
try 'an experiment that is not there is refused' other

# --- the experiments themselves: their models and reports, on 500 drawn digits
EXPERIMENTS=$top_srcdir/examples/experiments
listed=$(while read -r name; do [ ! -d "$EXPERIMENTS/$name" ] || echo "$name"; done <"$EXPERIMENTS/list")
whole()
{
    (ONLY=$1 QUICK=1 && export ONLY QUICK && reproduce) || return
    page=$WORK-quick/doc/results.md
    cat "$page"
    sed -n "/^<!-- begin $1/,/^<!-- end $1/p" "$page" >"$scratch/part"
    grep -q "^    make reproduce ONLY=$1 " "$scratch/part" && grep -q '^|---' "$scratch/part" &&
        awk -F '|' '/^\|/ { if (inside && NF != n) exit 1; n = NF; inside = 1; next } { inside = 0 }' "$scratch/part" || return
    sed -n 's/.*](\(results\/[^)]*\)).*/\1/p' "$scratch/part" >"$scratch/shown"
    grep -q '\.svg$' "$scratch/shown" || return
    while read -r file; do
        test -s "$WORK-quick/doc/$file" || return
    done <"$scratch/shown"
}
PLAST_MODEL_CFLAGS="$PLAST_MODEL_CFLAGS -O0"
for name in $listed; do
    if [ "$PLAST_LONG" = 1 ]; then
        try "$name runs through" whole "$name"
    else
        skip "$name runs through" 'only in make check-long'
    fi
done
test -n "$listed"
result $? 'there are experiments'
finish
