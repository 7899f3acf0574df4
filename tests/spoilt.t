#!/bin/sh
# Checkpoints that are not what they should be, one by one: plastc --deploy, plastc --from and the
# program itself refuse each with status 3 and a line that names the file and what is wrong in it,
# and write nothing.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"
PLASTC=$(cd "$(dirname "$PLASTC")" && pwd)/$(basename "$PLASTC")
cd "$scratch" || exit 99
command -v python3 >/dev/null || { skip 'spoilt checkpoints' 'no python3'; finish; }

cat >frail.pl <<'END'
model frail;
rule wane(share = 0.2) {
    state neuron age = 0;
    adapt {
        age += 1;
        neuron size = alive_neuron ? age + sum(abs(w)) : 1e30;
        neuron low  = lowest(size, share);
        drop neuron when low;
    }
}
input  image[1, 6, 6];
layer  h1 = image |> dense(9) |> relu;
layer  h2 = h1 |> dense(7) |> tanh;
output y = h2 |> dense(10);
loss      cross_entropy;
optimizer sgd(rate = 0.05, momentum = 0.9);
batch     20;
prune wane on h1;
prune unused(fraction = 0.5, patience = 1) on h1, h2;
END
sed 's/^model.*/model frailer;/' frail.pl >frailer.pl
sed 's/dense(7)/dense(8)/' frail.pl >frail_wide.pl
sed '/^prune unused/d' frail.pl >frail_other.pl
for net in frail frailer frail_wide frail_other; do
    build $net.pl ./$net -O1 &&
        ./$net train --quiet --data first:100:glyphs --epochs 2 --threads 1 --save $net.st || exit 99
done
every=4
test "$PLAST_SANITIZERS" = 0 || every=16
test "$PLAST_LONG" = 0 || every=1
PLASTC=$PLASTC python3 "$top_srcdir/tests/spoilt.py" $every
