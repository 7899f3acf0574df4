#!/bin/sh
# The prelude is text like any other: a definition copied under another name into a model compiles
# to the same C up to that name, and no source of the compiler or of the library knows a name of it.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
prelude=$top_srcdir/dsl/prelude.pl

none() # none TEXT NAME: there is nothing to complain about
{
    test -z "$1"
    result $? "$2" "$1"
}

# ------------------------------------------------------------------ what the prelude defines
# "kind name required", one a line: the parameters without a default, of a function its first left out
awk '/^(function|neuron|optimizer|rule) / {
        kind = $1
        line = $0
        sub(/^[a-z]+ /, "", line)
        name = line
        sub(/[^A-Za-z0-9_].*/, "", name)
        sub(/^[^(]*\(/, "", line)
        sub(/\).*/, "", line)
        n = split(line, parameter, ",")
        required = 0
        for (i = 1; i <= n; i++)
            if (parameter[i] !~ /=/) required++
        print kind, name, required - (kind == "function" || kind == "neuron")
    }' "$prelude" >"$scratch/list"
for kind in function neuron optimizer rule; do
    test "$(grep -c "^$kind " "$scratch/list")" -ge 4
    result $? "the prelude's definitions are found: $kind" "$(cat "$scratch/list")"
done

# text KIND NAME: a definition as it stands: of a function up to its `;`, else to the brace in column 1
text()
{
    awk -v start="^$1 $2[^A-Za-z0-9_]" -v function_body="$(test "$1" = function && echo 1)" '
        $0 ~ start { on = 1 }
        on { print; line = $0; sub(/ *#.*/, "", line); if (function_body ? line ~ /;$/ : line ~ /^}/) exit }' \
        "$prelude"
}

# values COUNT: so many arguments, no two the same
values()
{
    awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "%s%.1f", (i > 1 ? ", " : ""), i / 10 }'
}

# net KIND USED REQUIRED: what follows the definition in the model: it uses USED
net()
{
    net_activation=tanh net_optimizer='sgd(rate = 0.1, momentum = 0.9)' net_time='' net_end='' net_rule=''
    case $1 in
    function)
        net_activation="$2($(values "$3"))"
        net_optimizer="sgd(rate = $2($(values $(($3 + 1)))))"
        ;;
    neuron) net_activation="$2($(values "$3"))" net_time='time 3;' net_end='|> rate' ;;
    optimizer) net_optimizer="$2($(values "$3"))" ;;
    rule)
        net_rule="plasticity $2($(values "$3")) on h1, h2;"
        if text rule "$name" | grep -q -E '^ *(drop|grow) '; then net_rule="prune $2($(values "$3")) on h1, h2;"; fi
        ;;
    esac
    cat <<EOF
$net_time
input  x[12];
layer  h1 = x |> dense(9) |> $net_activation;
layer  h2 = h1 |> dense(7) |> $net_activation;
output y  = h2 |> dense(4) $net_end;
loss cross_entropy;
optimizer $net_optimizer;
batch 8;
epochs 4;
$net_rule
EOF
}

# write WHICH USED: both models hold the copy, at the same lines
write()
{
    {
        echo 'model copy;'
        text "$kind" "$name" | sed "s/^$kind $name\\([^A-Za-z0-9_]\\)/$kind $copy\\1/"
        net "$kind" "$2" "$required"
    } >"$scratch/$1.pl"
}

# both FILE OPTIONS...: what plastc makes of the two models, under one file name
both()
{
    both_file=$1
    shift
    for which in original copied; do
        (cd "$scratch" && cp $which.pl copy.pl && "$PLASTC" copy.pl "$@" >$which.$both_file) || return 1
    done
}
equal() # equal FILE: up to the name
{
    sed "s/$copy/$name/g; s/$copy_upper/$name_upper/g" "$scratch/copied.$1" >"$scratch/renamed.$1"
    test -s "$scratch/original.$1" && diff "$scratch/original.$1" "$scratch/renamed.$1"
}
same_c() { both c "$@" -o - && equal c; }
# What is for people speaks of the definition, and of the copy where the copy is used.
same_plan()
{
    both plan --explain && grep -q "$name" "$scratch/original.plan" &&
        ! grep -q "$copy" "$scratch/original.plan" && grep -q "$copy" "$scratch/copied.plan" && equal plan
}
same_check() { both check --dump=check && equal check; }

while read -r kind name required; do
    copy=q${name#?} # as long as the name: columns stay where they are
    copy_upper=$(printf %s "$copy" | tr '[:lower:]' '[:upper:]')
    name_upper=$(printf %s "$name" | tr '[:lower:]' '[:upper:]')
    write original "$name"
    write copied "$copy"
    try "$kind $name: a copy's checked form" same_check
    try "$kind $name: its C" same_c
    try "$kind $name: its C with --no-fuse" same_c --no-fuse
    try "$kind $name: its --explain" same_plan
done <"$scratch/list"

# A definition that differs gives other C: what is compared does come from the text.
kind='function' name=relu copy=qelu required=0
write original qelu
sed 's/^function qelu(x) = .*/function qelu(x) = x > 0 ? x : 0.5 * x;/' "$scratch/original.pl" >"$scratch/copied.pl"
differs() { both c -o - && ! cmp -s "$scratch/original.c" "$scratch/copied.c"; }
try 'another text, other C' differs

# ------------------------------------------------------------------ the sources know none of it
# Words, also as parts of identifiers, in comments and in strings, whatever their case. C's own
# attribute is taken out where it is defined, and the macro's name.
attribute='s/__attribute__((unused))//; s/PLAST_UNUSED//g'
awk '{ print "(^|[^A-Za-z0-9])" $2 "($|[^A-Za-z0-9])" }' "$scratch/list" >"$scratch/words"
said() # said FILE...: "file:line: text" where a name stands; not in what flex and bison made
{
    for file in "$@"; do
        case $file in */scan.c | */parse.[ch]) continue ;; esac
        sed "$attribute" "$file" | grep -n -i -E -f "$scratch/words" | sed "s,^,${file#"$top_srcdir"/}:,"
    done
}
none "$(said "$top_srcdir"/dsl/*.[chly] "$top_srcdir"/codegen/*.[ch] "$top_srcdir"/runtime/*.[ch])" \
    'no C source names a definition of the prelude'

printf '%s\n' 'int OPT_ADAM; /* Spine. */' '"relu"' 'lower_grapes(x)' >"$scratch/names.c"
printf '%s\n' 'pruned spines spinet; relus _grapesx' >>"$scratch/names.c"
test "$(said "$scratch/names.c" | wc -l)" -eq 3
result $? 'a name in a comment, a string or an identifier would be found' "$(said "$scratch/names.c")"
finish
