/* Kills neurons and synapses of a generated model through its masks, as a rule would, and looks at
 * what is left. Built with -DMODEL=NAME_model -DHEADER='"NAME.h"'; tests/masks.t says what for. */
#include HEADER

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct plast_model *const model = &MODEL;
static char *block;
static float *x, *gradient;
static void *y;
static int failures;

static void *aligned(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!p)
        exit(99);
    return p;
}

static void fail(const char *what, const struct plast_tensor *t)
{
    if (failures++ < 10)
        printf("%s: %s\n", t ? t->name : "", what);
}

static void must(int status)
{
    if (status) {
        printf("%d: %s\n", status, plast_strerror(status));
        exit(1);
    }
}

static float random_float(uint64_t which, size_t i)
{
    return plast_uniform(plast_key(7, 99, which, 0, 0), (uint32_t)i);
}

static void start(int threads)
{
    size_t in = (size_t)(model->batch * model->inputs),
           out = (size_t)(model->batch * model->outputs);
    block = aligned(model->train_bytes);
    x = aligned(in * sizeof *x);
    gradient = aligned((size_t)model->probe_size * sizeof *gradient);
    y = aligned(out * sizeof(float));
    for (size_t i = 0; i < in; i++)
        x[i] = random_float(1, i);
    for (size_t i = 0; model->loss == PLAST_MSE && i < out; i++)
        ((float *)y)[i] = random_float(2, i);
    for (int64_t i = 0; model->loss != PLAST_MSE && i < model->batch; i++)
        ((int32_t *)y)[i] = (int32_t)(i % model->outputs);
    must(model->init(block, model->train_bytes, 3));
    ((struct plast_run *)(void *)block)->threads = threads;
    must(model->begin(block, 2, 10));
}

/* So that its tensors can be read and written. */
static void unpack(void)
{
    if (model->unpack)
        must(model->unpack(block));
}

static void step(int times)
{
    for (int i = 0; i < times; i++)
        must(model->step(block, x, y, model->loss == PLAST_MSE, NULL, (size_t)model->batch, NULL));
    unpack();
}

static void probe(void)
{
    must(model->probe(block, x, y, model->loss == PLAST_MSE, NULL, (size_t)model->batch, NULL,
                      gradient));
}

static void settle(void)
{
    must(model->settle(block));
    must(model->begin(block, 2, 10));
    unpack();
}

static const struct plast_tensor *find(const char *name)
{
    for (int i = 0; i < model->tensors; i++)
        if (strcmp(model->tensor[i].name, name) == 0)
            return &model->tensor[i];
    return NULL;
}

static int64_t columns(const struct plast_tensor *t)
{
    return t->rank > 1 ? t->shape[1] : 1;
}

static float *floats(const struct plast_tensor *t)
{
    return (float *)(void *)(block + t->offset);
}

static uint8_t *bytes(const struct plast_tensor *t)
{
    return (uint8_t *)(block + t->offset);
}

/* The mask of the tensor's places: "h.weight.velocity" has "h.weight.alive", "h.bias2" "h.alive".
 */
static const struct plast_tensor *mask_of(const struct plast_tensor *t)
{
    char name[200], *dot;
    if (t->role == PLAST_MASK)
        return t;
    snprintf(name, sizeof name, "%s", t->name);
    dot = strchr(name, '.');
    if (!dot || t->lives)
        return NULL;
    if (t->role == PLAST_STATE && t->rank == 2 && !strstr(dot, ".weight"))
        strcpy(dot, ".weight"); /* a rule's, of the first branch */
    if (strncmp(dot, ".weight", 7) == 0)
        dot += strcspn(dot + 1, ".") + 1;
    strcpy(dot, ".alive");
    return find(name);
}

static bool has_states(const struct plast_tensor *t)
{
    return t->role == PLAST_WEIGHT || t->role == PLAST_BIAS || t->role == PLAST_STATE;
}

static void check_zeros(const struct plast_tensor *t, const float *at, const char *what)
{
    const struct plast_tensor *mask = mask_of(t);
    int64_t dead = 0, other = 0;
    if (!mask)
        return;
    for (int64_t i = 0; i < t->shape[0]; i++)
        for (int64_t j = 0; j < columns(t); j++) {
            float v = at[i * t->stride + j];
            int alive = bytes(mask)[mask->rank > 1 ? i * mask->stride + j : i];
            dead += !alive;
            other += alive && v != 0;
            if (!alive && v != 0)
                fail(what, t);
        }
    if (dead == 0 || other == 0)
        fail(dead ? "all of it is zero" : "nothing of it is dead", t);
}

static const struct plast_tensor *output_mask(void)
{
    char name[200];
    snprintf(name, sizeof name, "%s.alive", model->layer[model->layers - 1].name);
    return find(name);
}

/* Of one sample, as prediction has it. */
static void check_outputs(void)
{
    const struct plast_tensor *mask = output_mask();
    float *out = aligned((size_t)model->outputs * sizeof *out);
    void *scratch = aligned(model->predict_bytes);
    must(model->predict(block, scratch, x, NULL, 1, out));
    if (mask)
        check_zeros(mask, out, "the output is not zero where it is dead");
    free(scratch);
    free(out);
}

/* Everything of what is dead is zero, and something of what is not is not. */
static void check_dead(void)
{
    check_outputs();
    for (int i = 0; i < model->tensors; i++) {
        const struct plast_tensor *t = &model->tensor[i];
        if (has_states(t) || t->role == PLAST_VALUE)
            check_zeros(t, floats(t), "not zero where it is dead");
        if (t->probe >= 0)
            check_zeros(t, gradient + t->probe, "its gradient is not zero where it is dead");
    }
}

/* A third of the synapses, a quarter of the neurons. */
static void kill_some(void)
{
    for (int i = 0; i < model->tensors; i++) {
        const struct plast_tensor *t = &model->tensor[i];
        if (t->role != PLAST_MASK)
            continue;
        for (int64_t r = 0; r < t->shape[0]; r++)
            for (int64_t c = 0; c < columns(t); c++) {
                size_t at = (size_t)(r * t->stride + c);
                if (bytes(t)[at] != 1)
                    fail("not alive at the start", t);
                if (random_float(100 + (uint64_t)i, at) < (t->rank > 1 ? 0.33f : 0.25f) ||
                    (t->rank == 1 && r == 1))
                    bytes(t)[at] = 0;
            }
    }
}

static void command_dead(void)
{
    char *copy = aligned(model->train_bytes);
    step(3);
    memcpy(copy, block, model->train_bytes);
    settle();
    if (memcmp(copy, block, model->train_bytes) != 0)
        fail("settle changed what is all alive", NULL);
    kill_some();
    settle();
    for (int i = 0; i < 5; i++) {
        probe();
        check_dead();
        step(1);
    }
    must(model->end_epoch(block));
    unpack();
    step(1);
    probe();
    check_dead();
    memcpy(copy, block, model->train_bytes);
    settle();
    if (memcmp(copy, block, model->train_bytes) != 0)
        fail("settle changed what was settled", NULL);
}

/* NAME=1,2,3 */
static void kill_named(char *text)
{
    char *equals = strchr(text, '=');
    *equals = '\0';
    const struct plast_tensor *t = find(text);
    if (!t || t->role != PLAST_MASK) {
        printf("there is no mask '%s'\n", text);
        exit(1);
    }
    for (char *p = strtok(equals + 1, ","); p; p = strtok(NULL, ","))
        bytes(t)[atoi(p)] = 0;
}

static int64_t count_alive(const struct plast_tensor *t, int64_t first, int64_t step_, int64_t n)
{
    int64_t alive = 0;
    for (int64_t i = 0; i < n; i++)
        alive += bytes(t)[first + i * step_];
    return alive;
}

/* Of each mask of synapses the rows and columns that are dead whole: "c.weight.alive 1: 0 3". */
static void command_spread(int count, char **text)
{
    for (int i = 0; i < count; i++)
        kill_named(text[i]);
    settle();
    for (int i = 0; i < model->tensors; i++) {
        const struct plast_tensor *t = &model->tensor[i];
        if (t->role != PLAST_MASK || t->rank != 2)
            continue;
        printf("%s", t->name);
        for (int64_t r = 0; r < t->shape[0]; r++)
            if (count_alive(t, r * t->stride, 1, t->shape[1]) == 0)
                printf(" %d", (int)r);
        printf(":");
        for (int64_t c = 0; c < t->shape[1]; c++)
            if (count_alive(t, c, t->stride, t->shape[0]) == 0)
                printf(" %d", (int)c);
        printf("\n");
    }
}

/* Every tensor after steps before and after a death, its padding too. */
static void command_train(const char *path)
{
    FILE *f = fopen(path, "wb");
    step(3);
    kill_some();
    settle();
    step(5);
    probe();
    for (int i = 0; f && i < model->tensors; i++) {
        const struct plast_tensor *t = &model->tensor[i];
        size_t one = t->type == PLAST_U8 ? 1 : 4;
        if (t->role != PLAST_VALUE)
            fwrite(block + t->offset, one, (size_t)(t->shape[0] * t->stride), f);
    }
    if (!f || fwrite(gradient, sizeof *gradient, (size_t)model->probe_size, f) == 0 || fclose(f))
        fail("cannot be written", NULL);
}

/* What the fixed feedback takes from neurons that are dead, or that are not: rows of the matrix in
 * a weight's place, columns of one that comes straight from the output. */
static void scale_feedback(int alive)
{
    bool direct = model->learn == PLAST_DIRECT_FEEDBACK;
    for (int i = 0; i < model->tensors; i++) {
        const struct plast_tensor *t = &model->tensor[i];
        const struct plast_tensor *mask = direct ? output_mask() : mask_of(t);
        for (int64_t r = 0; mask && t->role == PLAST_FEEDBACK && r < t->shape[0]; r++)
            for (int64_t c = 0; c < columns(t); c++)
                if (bytes(mask)[direct ? c : r] == alive)
                    floats(t)[r * t->stride + c] *= 3;
    }
}

/* No error leaves a dead neuron. */
static void command_feedback(void)
{
    size_t size = (size_t)model->probe_size * sizeof *gradient;
    float *before = aligned(size);
    kill_some();
    settle();
    probe();
    memcpy(before, gradient, size);
    scale_feedback(0);
    probe();
    if (memcmp(before, gradient, size) != 0)
        fail("dead neurons send errors", NULL);
    scale_feedback(1);
    probe();
    if (memcmp(before, gradient, size) == 0)
        fail("no error comes by feedback", NULL);
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    start(strcmp(command, "train") == 0 && argc > 3 ? atoi(argv[3]) : 2);
    if (strcmp(command, "dead") == 0)
        command_dead();
    else if (strcmp(command, "spread") == 0)
        command_spread(argc - 2, argv + 2);
    else if (strcmp(command, "train") == 0 && argc == 4)
        command_train(argv[2]);
    else if (strcmp(command, "feedback") == 0)
        command_feedback();
    else
        return 2;
    return failures != 0;
}
