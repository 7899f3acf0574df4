/* What is left of a network computes as a smaller one that never had the rest. Two generated models
 * of the same layers, large.pl and small.pl; those units of the large one that the small one has
 * not are killed, tensors are copied, and both are trained. */
#include "large.h"
#include "small.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct net {
    const struct plast_model *model;
    char *block;
};

static void must(int status)
{
    if (status) {
        printf("%d: %s\n", status, plast_strerror(status));
        exit(1);
    }
}

static struct net open_net(const struct plast_model *model)
{
    struct net net = {model, aligned_alloc(64, (model->train_bytes + 63) / 64 * 64)};
    if (!net.block)
        exit(99);
    must(model->init(net.block, model->train_bytes, 5));
    must(model->begin(net.block, 2, 10));
    return net;
}

static const struct plast_tensor *find(const struct net *net, const char *name)
{
    for (int i = 0; i < net->model->tensors; i++)
        if (strcmp(net->model->tensor[i].name, name) == 0)
            return &net->model->tensor[i];
    return NULL;
}

static int64_t columns(const struct plast_tensor *t)
{
    return t->rank > 1 ? t->shape[1] : 1;
}

static float *floats(const struct net *net, const struct plast_tensor *t)
{
    return (float *)(void *)(net->block + t->offset);
}

/* The mask beside the tensor: of synapses, or of the layer's neurons. */
static const uint8_t *mask_of(const struct net *net, const struct plast_tensor *t)
{
    char name[200];
    const char *weight = strstr(t->name, ".weight");
    size_t stem = weight ? (size_t)(weight - t->name) + strlen(".weight") : strcspn(t->name, ".");
    snprintf(name, sizeof name, "%.*s.alive", (int)stem, t->name);
    t = find(net, name);
    return t ? (const uint8_t *)(net->block + t->offset) : NULL;
}

static int lives(const uint8_t *mask, int64_t first, int64_t apart, int64_t n)
{
    int any = 0;
    for (int64_t i = 0; i < n; i++)
        any |= !mask || mask[first + i * apart];
    return any;
}

enum action { COPY, COMPARE };

/* Elements of the large tensor whose row and column are not dead, against the small one's. */
static long pair(const struct net *large, const struct net *small, const struct plast_tensor *t,
                 enum action action)
{
    const struct plast_tensor *s = find(small, t->name);
    const uint8_t *mask = mask_of(large, t);
    long different = 0;
    int64_t i = 0;
    for (int64_t r = 0; r < t->shape[0]; r++) {
        int64_t j = 0;
        if (!lives(mask, r * t->stride, 1, columns(t)))
            continue;
        for (int64_t c = 0; c < columns(t); c++) {
            if (!lives(mask, c, t->stride, t->shape[0]))
                continue;
            float *from = floats(large, t) + r * t->stride + c;
            float *to = floats(small, s) + i * s->stride + j++;
            different += *from != *to;
            if (action == COPY)
                *to = *from;
        }
        if (j != columns(s))
            exit(printf("%s: %d columns are left\n", t->name, (int)j) > 0);
        i++;
    }
    if (i != s->shape[0])
        exit(printf("%s: %d rows are left\n", t->name, (int)i) > 0);
    return different;
}

static long all_pairs(const struct net *large, const struct net *small, enum action action)
{
    long different = 0;
    for (int i = 0; i < large->model->tensors; i++) {
        const struct plast_tensor *t = &large->model->tensor[i];
        if (t->role == PLAST_WEIGHT || t->role == PLAST_BIAS ||
            (t->role == PLAST_STATE && find(small, t->name)))
            different += pair(large, small, t, action);
    }
    return different;
}

static void kill_neurons(struct net *net, const char *name, int count, const int *unit)
{
    const struct plast_tensor *t = find(net, name);
    for (int i = 0; i < count; i++)
        ((uint8_t *)net->block + t->offset)[unit[i]] = 0;
}

static void step(struct net *net, const float *x, const int32_t *y)
{
    must(net->model->step(net->block, x, y, 0, NULL, (size_t)net->model->batch, NULL));
    if (net->model->unpack)
        must(net->model->unpack(net->block));
}

static long compare_outputs(const struct net *large, const struct net *small, const float *x)
{
    float a[64], b[64];
    void *scratch = aligned_alloc(64, (large->model->predict_bytes + 63) / 64 * 64);
    if (!scratch || large->model->outputs > 64)
        exit(99);
    must(large->model->predict(large->block, scratch, x, NULL, 1, a));
    must(small->model->predict(small->block, scratch, x, NULL, 1, b));
    free(scratch);
    long different = 0;
    for (int64_t i = 0; i < large->model->outputs; i++)
        different += a[i] != b[i];
    return different;
}

int main(void)
{
    struct net large = open_net(&large_model), small = open_net(&small_model);
    size_t in = (size_t)(large.model->batch * large.model->inputs);
    float *x = malloc(in * sizeof *x);
    int32_t *y = malloc((size_t)large.model->batch * sizeof *y);
    if (!x || !y)
        return 99;
    for (size_t i = 0; i < in; i++)
        x[i] = plast_uniform(11, (uint32_t)i);
    for (int64_t i = 0; i < large.model->batch; i++)
        y[i] = (int32_t)(i % large.model->outputs);
    step(&large, x, y); /* so that there is momentum to lose */
    kill_neurons(&large, "a.alive", 3, (const int[]){1, 4, 8});
    kill_neurons(&large, "b.alive", 2, (const int[]){0, 3});
    must(large.model->settle(large.block));
    must(large.model->begin(large.block, 2, 10));
    step(&small, x, y); /* as many steps: optimizers count them */
    long copied = all_pairs(&large, &small, COPY), wrong = compare_outputs(&large, &small, x);
    for (int i = 0; i < 6; i++) {
        step(&large, x, y);
        wrong += all_pairs(&large, &small, COMPARE) == 0; /* it learns */
        step(&small, x, y);
        wrong += all_pairs(&large, &small, COMPARE) + compare_outputs(&large, &small, x);
    }
    printf("%ld copied, %ld wrong\n", copied, wrong);
    return copied == 0 || wrong != 0;
}
