#!/bin/sh
# Subnormal numbers are flushed to zero on every thread that computes, and the caller's own mode is
# as it was afterwards.
: "${top_srcdir:=.}"
. "$top_srcdir/tests/tap.sh"

cat >"$scratch/wide.pl" <<'END'
model wide;
input  x[64];
layer  h = x |> dense(333) |> relu;
output y = h |> dense(4);
loss cross_entropy;
optimizer sgd(rate = 0.1, momentum = 0.9);
batch 32;
END
cat >"$scratch/main.c" <<'END'
#include "wide.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct plast_tensor find(const char *name)
{
    for (int i = 0; i < wide_model.tensors; i++)
        if (strcmp(wide_model.tensor[i].name, name) == 0)
            return wide_model.tensor[i];
    exit(3);
}

int main(int argc, char **argv)
{
    static float x[32 * 64];
    static int32_t labels[32];
    void *memory;
    wide *m;
    volatile float tiny = 1e-39f;
    if (argc != 2 || posix_memalign(&memory, 64, WIDE_TRAIN_BYTES) || wide_init(&m, memory, WIDE_TRAIN_BYTES, 1))
        return 3;
    ((struct plast_run *)memory)->threads = atoi(argv[1]);
    struct plast_tensor v = find("h.weight.velocity");
    float *velocity = (float *)((char *)memory + v.offset);
    for (int64_t i = 0; i < v.shape[0] * v.stride; i++)
        velocity[i] = tiny;
    /* the inputs are zero: so is the gradient, and 0.9 * 1e-39 is subnormal */
    if (wide_begin(m, 1, 1) || wide_step(m, x, labels, NULL, 32, NULL))
        return 3;
    int64_t kept = 0;
    for (int64_t i = 0; i < v.shape[0]; i++)
        for (int64_t j = 0; j < v.shape[1]; j++)
            kept += velocity[i * v.stride + j] != 0;
    printf("%lld kept, caller %s\n", (long long)kept, tiny * 0.5f > 0 ? "as before" : "changed");
    free(memory);
    return 0;
}
END
compile()
{
    "$PLASTC" "$scratch/wide.pl" --library --header -o "$scratch/wide.c" &&
        $CC $PLAST_MODEL_CFLAGS -D_POSIX_C_SOURCE=200809L -I"$scratch" "$scratch/wide.c" \
            "$scratch/main.c" -o "$scratch/flush" $PLAST_MODEL_LIBS
}
try "a program over a library builds" compile
case $(uname -m) in
x86_64 | aarch64)
    for threads in 1 2 3 5; do
        said=$("$scratch/flush" $threads)
        test "$said" = "0 kept, caller as before"
        result $? "flushed, $threads threads" "$said"
    done
    ;;
*) skip "flushed" "no flush-to-zero known for $(uname -m)" ;;
esac
finish
