#!/bin/sh
# What --explain says of rules is what the generated C does: what runs in the update, what does not and
# why.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

model() # model NAME STATEMENT...: a net of two layers with those rules
{
    name=$1
    shift
    {
        cat <<'END'
input  x[40];
layer  h = x |> dense(24) |> relu;
output y = h |> dense(6);
loss      cross_entropy;
optimizer sgd(rate = 0.1, momentum = 0.9);
batch     16;
END
        printf '%s\n' "$@"
    } | sed "1i model $name;" >"$scratch/$name.pl"
}

says() # says NAME OPTION TEXT: one line of --explain holds the text
{
    # shellcheck disable=SC2086
    "$PLASTC" $2 --explain "$scratch/$1.pl" | grep -F -e "$3"
}

calls() # calls NAME OPTION FUNCTION COUNT: the C has so many functions whose name holds this
{
    # shellcheck disable=SC2086
    "$PLASTC" $2 "$scratch/$1.pl" -o "$scratch/c.c" &&
        test "$(grep -c "^static .*$3[a-z_0-9]*(" "$scratch/c.c")" -eq "$4"
}

model due 'plasticity spine(patience = 2) on h each 10 steps;'
try 'a due adapt runs in the update' says due '' 'adapt each 10 steps: in the update of h.weight'
try 'and so it does in C' calls due '' h_spine_adapt_pass 0
try 'with --no-fuse it has passes of its own' says due --no-fuse 'not in the update: --no-fuse'
# shellcheck disable=SC2016
passes_as_said()
{
    said=$("$PLASTC" --no-fuse --explain "$scratch/due.pl" |
        sed -n 's/.*adapt each 10 steps: \([0-9]*\) passes over the weights.*/\1/p')
    test "$said" -gt 10 && calls due --no-fuse h_spine_adapt_pass "$said"
}
try 'as many as the C has' passes_as_said

model ends 'plasticity spine on h;'
try 'adapts at the end of epochs are one pass' says ends '' 'adapt each 1 epochs: 1 pass over the weights ('
try 'which the C has' calls ends '' h_spine_adapt_pass 1
try 'and why they are not in the update' says ends '' 'due at the end of epochs'

model sums 'plasticity grapes on h;'
try 'sums for the next step are added up in the update' says sums '' 'is added up in the update of h.weight'
try 'with what the update writes' calls sums '' h_weight_update 2
try 'without fusion they take a pass' says sums --no-fuse 'takes a pass of its own: --no-fuse'

model whole 'rule scaled { modulate { neuron size = sum(abs(grad)); grad *= size > 1 ? 1 / size : 1; } }' \
    'plasticity scaled on h;'
try 'a whole gradient is kept' says whole '' 'it is kept whole'
try 'and the optimizer is a pass of its own' says whole '' 'the optimizer of h.weight is a pass of its own'
try 'as in C' calls whole '' h_weight_gradient 2

model seen 'rule looks { state synapse past = 0; observe { past = w; } adapt { w *= 0.999; } }' \
    'plasticity looks on h each 2 steps;'
try 'what is observed in between stops the adapt' says seen '' 'observes this weight between the update and it'
try 'which is a pass of its own in C' calls seen '' h_looks_adapt_pass 1
# ------------------------------------------------------------------ storage forms
sed -e 's/^prune.*//' "$top_srcdir/examples/pruned_mnist.pl" >"$scratch/forms.pl"
echo 'prune sdsnn on h2; prune magnitude on h1;' >>"$scratch/forms.pl"
"$PLASTC" --crossover=h1:0.25 --explain "$scratch/forms.pl" >"$scratch/forms"
try 'growth keeps a layer dense' grep -q '^  h2 .* dense: h2.sdsnn lets synapses grow$' "$scratch/forms"
try 'death does not' grep -q '^  h1 .* dense, csr below 0.25 of its synapses$' "$scratch/forms"

finish
