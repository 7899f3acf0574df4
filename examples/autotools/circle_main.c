/* A program that owns a network: it makes points up, trains on them, and asks about others. All
 * memory of the network is the two arrays below. */
#include "circle.h"

#include <stdio.h>

enum { BATCH = 32, STEPS = 2000, ASKED = 1000 };

static _Alignas(64) unsigned char memory[CIRCLE_TRAIN_BYTES], scratch[CIRCLE_PREDICT_BYTES];

static void make_points(uint64_t key, float *x, int32_t *inside)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        x[2 * i] = 2 * plast_uniform(key, 2 * i) - 1;
        x[2 * i + 1] = 2 * plast_uniform(key, 2 * i + 1) - 1;
        inside[i] = x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1] < 0.5f;
    }
}

static int train(circle *net)
{
    float x[2 * BATCH], loss = 0;
    int32_t inside[BATCH];
    int error = circle_begin(net, 1, STEPS);

    for (uint64_t i = 0; i < STEPS && !error; i++) {
        make_points(i, x, inside);
        error = circle_step(net, x, inside, NULL, BATCH, &loss);
    }
    printf("loss of the last step: %.3f\n", loss);
    return error;
}

static int ask(const circle *net, int *right)
{
    float x[2 * BATCH], out[2 * BATCH];
    int32_t inside[BATCH];
    int error = 0;

    for (uint64_t key = STEPS; key < STEPS + ASKED / BATCH && !error; key++) {
        make_points(key, x, inside);
        error = circle_predict(net, scratch, x, NULL, BATCH, out);
        for (int i = 0; i < BATCH; i++)
            *right += (out[2 * i + 1] > out[2 * i]) == inside[i];
    }
    return error;
}

int main(void)
{
    circle *net;
    int right = 0, asked = ASKED / BATCH * BATCH;
    int error = circle_init(&net, memory, sizeof memory, 1);

    if (!error)
        error = train(net);
    if (!error)
        error = ask(net, &right);
    if (error) {
        fprintf(stderr, "%s\n", plast_strerror(error));
        return 1;
    }
    printf("%d of %d points known\n", right, asked);
    return right < asked * 9 / 10;
}
