#!/bin/sh
# `selftest` must notice a wrong sign in any derivative: each line of generated C that computes one
# is negated in turn.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

cat >"$scratch/m.pl" <<'END'
model m;
function soft(x, a = 2)  = x / (1 + exp(-a * x));
function bump(x)         = x > 0.2 ? sin(x) * x : 0.3 * x - x ^ 3 / 9;
function spiky(x)        = fire(x - 0.1, 1 / (1 + x ^ 2)) + x * detach(tanh(x));
input  image[9] |> scale(2, -1);
layer  a = image |> dense(7) |> soft;
layer  b = ((a |> dense(5)) + (image |> dense(5))) |> bump |> dropout(0.2);
layer  c = concat(a, b) |> relu |> dense(6) |> tanh;
layer  d = (c |> sigmoid) + c;
output y = d |> dense(4) |> leaky_relu(slope = 0.3);
loss      mse;
optimizer sgd(0.1);
batch     8;
END
sed 's/^model m/model s/; s/ |> bump / |> spiky /' "$scratch/m.pl" >"$scratch/s.pl"

compile() # compile FILE.c PROGRAM
{
    # shellcheck disable=SC2086
    $CC -std=c11 $PLAST_MODEL_CFLAGS -O0 "$1" -o "$2" $PLAST_MODEL_LIBS
}

# Where the last assignment of line $2 stands its value is negated.
flip() # flip FILE.c LINE
{
    sed "$2"' s/\( [-+*]\{0,1\}= \)\(.*\);\( *\/\* derivative\)/\1-(\2);\3/' "$1"
}

for name in m s; do
    try "$name: plastc" "$PLASTC" "$scratch/$name.pl" -o "$scratch/$name.c" || finish
    try "$name: cc" compile "$scratch/$name.c" "$scratch/$name" || finish
    try "$name: selftest passes" "$scratch/$name" selftest --threads 1
    lines=$(grep -n '/\* derivative' "$scratch/$name.c" | cut -d: -f1)
    test "$(echo "$lines" | wc -w)" -ge 5
    result $? "$name: there are derivatives to break: $(echo "$lines" | wc -w)"
    for line in $lines; do
        flip "$scratch/$name.c" "$line" >"$scratch/wrong.c"
        what=$(sed -n "${line}s/^ *//p" "$scratch/wrong.c" | cut -c1-60 | tr -d '#')
        if cmp -s "$scratch/$name.c" "$scratch/wrong.c"; then
            result 1 "$name: line $line could not be changed: $what"
            continue
        fi
        compile "$scratch/wrong.c" "$scratch/wrong" 2>"$scratch/log"
        result $? "$name: line $line changed compiles" "$(cat "$scratch/log")"
        fails_with 1 "$scratch/wrong" selftest --threads 1 >"$scratch/log" 2>&1
        result $? "$name: noticed: $what" "$(cat "$scratch/log")"
    done
done
finish
