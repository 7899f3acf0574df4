#!/bin/sh
# Names that mean something to C, to its headers or to generated code: the C compiles all the same,
# and computes.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

cat >"$scratch/names.pl" <<'END'
model m;
optimizer odd(rate) {
    state NAN = 0;
    INFINITY = grad * 2;
    NAN = NAN * 0.5 + INFINITY;
    EOF = NAN;
    w_at = EOF;
    w -= rate * w_at;
}
input  INT32_MAX[5];
layer  SIZE_MAX = INT32_MAX |> dense(4) |> relu;
layer  M_TRAIN_BYTES = SIZE_MAX |> dense(4) |> relu;
layer  math_errhandling = M_TRAIN_BYTES |> dense(4) |> tanh;
layer  BATCH = math_errhandling |> dense(4) |> relu;
layer  errno = BATCH |> dense(4) |> tanh;
layer  h1 = errno |> dense(4) |> tanh;
layer  h1_weight = h1 |> dense(4) |> tanh;
layer  h1_forward = h1_weight |> dense(4) |> tanh;
layer  H1 = h1_forward |> dense(4) |> tanh;
layer  run_step = H1 |> dense(4) |> tanh;
layer  cross_entropy = run_step |> dense(4) |> sigmoid;
layer  M_PI = cross_entropy |> dense(4) |> tanh;
layer  m_model = M_PI |> dense(4) |> tanh;
layer  restrict = m_model |> dense(4) |> tanh;
layer  sample_loss = restrict |> dense(4) |> tanh;
layer  plast_load = sample_loss |> dense(4) |> tanh;
layer  _Bool = plast_load |> dense(4) |> tanh;
output HUGE_VAL = _Bool |> dense(3);
loss      cross_entropy;
optimizer odd(0.1);
END
for option in --library --no-fuse; do
    compiles()
    {
        "$PLASTC" "$scratch/names.pl" $option -o "$scratch/names.c" &&
            $CC -std=c11 $PLAST_MODEL_CFLAGS -Wall -Wextra -Werror -c "$scratch/names.c" -o "$scratch/names.o"
    }
    try "names of C and its headers, $option" compiles
done
try 'a trainer of them' build "$scratch/names.pl" "$scratch/names"
try 'its selftest' "$scratch/names" selftest
finish
