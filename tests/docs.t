#!/bin/sh
# Every example of README.md, rules.md and plast.5 is what it is said to be: extracted, given to
# plastc, and what comes out to the C compiler.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

# plast.5: .\" KIND before .EX ... .EE; the others: ```plast [KIND] ... ```. Each example becomes
# NUMBER.KIND; in NUMBER.KIND.of stands the whole model that came before it.
awk -v to="$scratch" '
    FILENAME ~ /\.5$/ && /^\.\\" [A-Z]+$/ { kind = $2 }
    FILENAME ~ /\.5$/ && /^\.EX/ && kind == "" { print FILENAME ":" FNR ": an example of no kind" >(to "/stray") }
    FILENAME ~ /\.5$/ && /^\.EX/ { inside = 1; name = sprintf("%s/%02d.%s", to, ++count, kind); kind = ""; next }
    FILENAME ~ /\.5$/ && /^\.EE/ { inside = 0; next }
    FILENAME ~ /\.md$/ && /^```/ && inside { inside = 0; next }
    FILENAME ~ /\.md$/ && /^```plast/ { inside = 1; name = sprintf("%s/%02d.%s", to, ++count, NF > 1 ? toupper($2) : "MODEL"); next }
    inside && FILENAME ~ /\.5$/ { gsub(/\\-/, "-"); gsub(/\\e/, "\\") }
    inside { print FILENAME ":" FNR >(name ".from"); print >name; print model >(name ".of") }
    inside && name ~ /\.MODEL$/ { model = name }
' "$top_srcdir/doc/plast.5" "$top_srcdir/doc/rules.md" "$top_srcdir/README.md"

# Definitions are compiled only where they are used, so each is used.
using()
{
    echo 'model example;'
    cat "$1"
    echo 'input image[1, 28, 28];'
    awk 'BEGIN { last = "image" }
         $1 == "function" { name = $2; sub(/\(.*/, "", name); print "layer l" ++n " = " last " |> dense(4) |> " name ";"
             last = "l" n }
         END { print "output out = " last " |> dense(10); loss cross_entropy;" }' "$1"
    awk '$1 == "optimizer" { name = $2; sub(/\(.*/, "", name) }
         END { print "optimizer " (name ? name : "sgd") "(rate = 0.1);" }' "$1"
}

# A net for rules and for what attaches them. Rules that are attached nowhere are attached to h1:
# by prune where they drop.
framed()
{
    echo 'model example;'
    echo 'input image[1, 28, 28];'
    echo 'layer h1 = image |> dense(32) |> relu;'
    echo 'layer h2 = h1 |> dense(16) |> relu;'
    echo 'output digit = h2 |> dense(10);'
    echo 'loss cross_entropy; optimizer sgd(rate = 0.1, momentum = 0.9); epochs 10;'
    cat "$1"
    sed 's/#.*//' "$1" | awk '
        $1 == "rule" { name = $2; sub(/\(.*/, "", name); word[name] = "plasticity"; order[++n] = name }
        name && /(^|[^a-z_])drop / { word[name] = "prune" }
        $1 == "plasticity" || $1 == "prune" { attached = $2; sub(/[(;].*/, "", attached); delete word[attached] }
        END { for (i = 1; i <= n; i++) if (order[i] in word) print word[order[i]] " " order[i] " on h1;" }'
}

compiles() # compiles MODEL: to C, and the C
{
    "$PLASTC" "$1" -o "$scratch/model.c" || return
    # shellcheck disable=SC2086
    $CC $PLAST_MODEL_CFLAGS -Wall -Wextra -Werror -c "$scratch/model.c" -o "$scratch/model.o"
}

wrong() # wrong MODEL: it gets the errors of its comments, `# error: ...`, and no others
{
    fails_with 1 "$PLASTC" "$1" -o "$scratch/model.c" 2>"$scratch/errors" || return
    cat "$scratch/errors"
    sed -n 's/^ *# error: //p' "$1" | sort >"$scratch/want"
    sed -n 's/^[^ ]*: error: //p' "$scratch/errors" | sort >"$scratch/got"
    test -s "$scratch/want" && diff "$scratch/want" "$scratch/got"
}

stands_in() # stands_in EXAMPLE FILE: its lines, one after the other
{
    awk 'NR == FNR { want = want "\n" $0; next } { text = text "\n" $0 }
         END { exit !index(text "\n", want "\n") }' "$1" "$2"
}

dumped() # dumped EXAMPLE: plastc prints it of the model before, with --dump=check or --explain
{
    of=$(tail -n 1 "$1.of")
    {
        "$PLASTC" --dump=check "$of" && "$PLASTC" --explain "$of"
    } >"$scratch/dump" && stands_in "$1" "$scratch/dump"
}

models=0
for example in "$scratch"/*.MODEL "$scratch"/*.LAYERS "$scratch"/*.DEFINITIONS \
    "$scratch"/*.RULES "$scratch"/*.WRONG "$scratch"/*.DUMP "$scratch"/*.PRELUDE; do
    [ -f "$example" ] || continue
    kind=${example##*.}
    from=$(sed -n '1s,.*/,,p' "$example.from")
    models=$((models + 1))
    case $kind in
    MODEL) try "$from compiles" compiles "$example" ;;
    LAYERS)
        {
            echo 'model example; input image[1, 28, 28];'
            cat "$example"
            echo "output out = $(awk '$1 == "layer" { last = $2 } END { print last }' "$example") |> dense(10);"
            echo 'loss cross_entropy; optimizer sgd(rate = 0.1);'
        } >"$example.pl"
        try "$from compiles" compiles "$example.pl"
        ;;
    DEFINITIONS)
        using "$example" >"$example.pl"
        try "$from compiles where it is used" compiles "$example.pl"
        ;;
    RULES)
        framed "$example" >"$example.pl"
        try "$from compiles in a net" compiles "$example.pl"
        ;;
    WRONG)
        framed "$example" >"$example.pl"
        try "$from is refused as it says" wrong "$example.pl"
        ;;
    DUMP) try "$from is what plastc prints" dumped "$example" ;;
    PRELUDE) try "$from stands in the prelude" stands_in "$example" "$top_srcdir/dsl/prelude.pl" ;;
    esac
done

test $models -ge 30
result $? 'there were examples to compile' "$(ls "$scratch")"
test ! -e "$scratch/stray"
result $? 'every example says what it is' "$(cat "$scratch/stray" 2>/dev/null)"

# Rules of the prelude that are missing from a page, or stand there with other parameters
sed -n 's/^rule \([a-z_]*\)\((.*)\) {$/\1 \2/p' "$top_srcdir/dsl/prelude.pl" >"$scratch/rules"
missing=$(while read -r name parameters; do
    grep -q "^rule $name(" "$top_srcdir/doc/rules.md" || echo "rules.md: $name"
    grep "^\.BR .*$name" "$top_srcdir/doc/plast.5" | grep -qF "$parameters" ||
        echo "plast.5: $name$parameters"
done <"$scratch/rules")
test -s "$scratch/rules" && test -z "$missing"
result $? 'both pages have every rule of the prelude' "$missing"

for file in "$top_srcdir"/examples/*.pl "$top_srcdir"/examples/autotools/*.pl; do
    try "${file##*/examples/} compiles" compiles "$file"
done
finish
