/* Prediction of sparse.pl at batch 128 on one thread, nine synapses of ten in h1 and h2 dead: the
 * generated function against the same net with libxsmm's sparse products, which are compiled for
 * the weights at hand, for four rows at a time. Both take samples in rows and give outputs in rows,
 * and transpose, add biases and rectify by the same loops. Prints "ours theirs ratio": samples a
 * second, medians of windows that alternate. */
#include <plast_kernels.h>

#include "sparse.h"

#include <libxsmm.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH = 128, LAYERS = 3, ROWS = 4, WINDOWS = 15 };

struct product {
    int64_t rows, cols;
    libxsmm_sfsspmdm *kernel[(300 + ROWS - 1) / ROWS];
    const float *bias;
    float *out; /* [rows][BATCH] */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *room(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p)
        exit(1);
    memset(p, 0, bytes);
    return p;
}

static const struct plast_tensor *find(const char *layer, const char *what)
{
    char name[40];
    snprintf(name, sizeof name, "%s.%s", layer, what);
    for (int i = 0; i < sparse_model.tensors; i++)
        if (strcmp(sparse_model.tensor[i].name, name) == 0)
            return &sparse_model.tensor[i];
    fprintf(stderr, "no %s\n", name);
    exit(1);
}

static void kill_most(char *block, const char *layer)
{
    const struct plast_tensor *mask = find(layer, "weight.alive");
    for (int64_t i = 0; i < mask->shape[0]; i++)
        for (int64_t j = 0; j < mask->shape[1]; j++)
            block[mask->offset + (size_t)(i * mask->stride + j)] =
                plast_uniform(7, (uint32_t)(i * mask->shape[1] + j)) < 0.1f;
}

/* The block is unpacked. */
static struct product make_product(const char *block, const char *layer)
{
    const struct plast_tensor *t = find(layer, "weight"), *b = find(layer, "bias");
    struct product p = {.rows = t->shape[0], .cols = t->shape[1]};
    float *dense = room((size_t)(p.rows * p.cols) * sizeof *dense);
    for (int64_t i = 0; i < p.rows; i++)
        memcpy(dense + i * p.cols, block + t->offset + (size_t)(i * t->stride) * sizeof *dense,
               (size_t)p.cols * sizeof *dense);
    for (int64_t i = 0; i < p.rows; i += ROWS) {
        int rows = (int)PLAST_LEAST(ROWS, p.rows - i);
        p.kernel[i / ROWS] = libxsmm_sfsspmdm_create(rows, BATCH, (int)p.cols, (int)p.cols, BATCH,
                                                     BATCH, 1.0f, 0.0f, 0, dense + i * p.cols);
        if (!p.kernel[i / ROWS]) {
            printf("libxsmm makes no kernel of %d rows\n", rows);
            exit(3);
        }
    }
    p.bias = (const float *)(const void *)(block + b->offset);
    p.out = room((size_t)p.rows * BATCH * sizeof *p.out);
    return p;
}

static void run_products(struct product *layer, const float *x, float *columns, float *out)
{
    const float *in = columns;
    plast_transpose(x, BATCH, layer[0].cols, layer[0].cols, columns, BATCH);
    for (int l = 0; l < LAYERS; l++) {
        struct product *p = &layer[l];
        for (int64_t i = 0; i < p->rows; i += ROWS) {
            libxsmm_sfsspmdm_execute(p->kernel[i / ROWS], in, p->out + i * BATCH);
            for (int64_t r = i; r < PLAST_LEAST(i + ROWS, p->rows); r++)
                for (int64_t c = 0; c < BATCH; c++) {
                    float s = p->out[r * BATCH + c] + p->bias[r];
                    p->out[r * BATCH + c] = l < LAYERS - 1 && s < 0.0f ? 0.0f : s;
                }
        }
        in = p->out;
    }
    plast_transpose(in, layer[LAYERS - 1].rows, BATCH, BATCH, out, layer[LAYERS - 1].rows);
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int main(void)
{
    static const char *const name[LAYERS] = {"h1", "h2", "digit"};
    char *block = room(SPARSE_TRAIN_BYTES), *scratch = room(SPARSE_PREDICT_BYTES);
    sparse *m;
    size_t inputs = (size_t)sparse_model.inputs, outputs = (size_t)sparse_model.outputs;
    float *x = room(BATCH * inputs * 4), *columns = room(BATCH * inputs * 4);
    float *ours = room(BATCH * outputs * 4), *theirs = room(BATCH * outputs * 4);
    struct product layer[LAYERS];
    if (sparse_init(&m, block, SPARSE_TRAIN_BYTES, 1) != 0 || sparse_model.batch != BATCH)
        return 1;
    ((struct plast_run *)(void *)block)->threads = 1;
    kill_most(block, "h1");
    kill_most(block, "h2");
    sparse_model.settle(block);
    for (int l = 0; l < LAYERS; l++)
        layer[l] = make_product(block, name[l]);
    for (size_t i = 0; i < BATCH * inputs; i++)
        x[i] = plast_uniform(9, (uint32_t)i);
    if (sparse_begin(m, 1, 1) != 0 || sparse_model.form(block, 1) != PLAST_CSR)
        return 1;
    double took[2][WINDOWS];
    for (int w = 0; w < WINDOWS; w++) {
        double from = now();
        for (int i = 0; i < 200; i++)
            if (sparse_predict(m, scratch, x, NULL, BATCH, ours) != 0)
                return 1;
        took[0][w] = now() - from;
        from = now();
        for (int i = 0; i < 200; i++)
            run_products(layer, x, columns, theirs);
        took[1][w] = now() - from;
    }
    for (size_t i = 0; i < BATCH * outputs; i++)
        if (!(fabsf(ours[i] - theirs[i]) <= 1e-4f)) {
            printf("output %zu: %g, not %g\n", i, (double)ours[i], (double)theirs[i]);
            return 1;
        }
    double rate[2];
    for (int k = 0; k < 2; k++) {
        qsort(took[k], WINDOWS, sizeof **took, compare_doubles);
        rate[k] = 200.0 * BATCH / took[k][WINDOWS / 2];
    }
    printf("%.0f %.0f %.2f\n", rate[0], rate[1], rate[0] / rate[1]);
    return 0;
}
