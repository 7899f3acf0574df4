/* The outer parts of a comparison: checks the model file into a net, prepares
 * the program's memory between guards, tests what init and begin leave there,
 * makes random batches, and tests that wrong arguments are refused. */
#include "compare_inner.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 256, FILL = 0xa5 };

/* ------------------------------------------------------------------------- random */

static uint64_t draw(struct comparison *c)
{
    c->random += UINT64_C(0x9e3779b97f4a7c15);
    return plast_mix(c->random);
}

static double uniform(struct comparison *c)
{
    return (double)(draw(c) >> 11) * 0x1p-53;
}

/* Roughly normal; one in eight is exactly zero, as pixels are. */
static float draw_input(struct comparison *c)
{
    double sum = uniform(c) + uniform(c) + uniform(c) + uniform(c) - 2;

    return draw(c) % 8 ? (float)(sum * 1.7) : 0;
}

size_t compare_inputs(const struct plast_model *m)
{
    return (size_t)(m->inputs * (m->frames > 0 ? m->frames : 1));
}

void make_batch(struct comparison *c)
{
    struct batch *b = &c->batch;
    uint64_t batch = (uint64_t)c->model->batch;

    b->n = c->step == 0 ? batch : c->step == 1 ? 1 : 1 + draw(c) % batch;
    for (size_t i = 0; i < b->n * compare_inputs(c->model); i++)
        b->x[i] = draw_input(c);
    for (size_t i = 0; i < b->n * (size_t)c->model->outputs; i++)
        b->target[i] = (float)uniform(c) * 2 - 1;
    for (size_t i = 0; i < b->n; i++) {
        b->label[i] = (int32_t)(draw(c) % (uint64_t)c->model->outputs);
        b->number[i] = draw(c) % 2 ? draw(c) : draw(c) % 60000;
    }
    b->y = b->targets ? (void *)b->target : (void *)b->label;
    b->sample = c->step % 4 == 3 ? NULL : b->number;
}

/* ------------------------------------------------------------------------- memory */

static void *guarded(size_t bytes)
{
    size_t all = (bytes + GUARD + 63) / 64 * 64;
    char *at = aligned_alloc(64, all);

    if (!at)
        bug("no memory for %zu bytes", all);
    memset(at, FILL, all);
    return at;
}

static bool guard_holds(const void *block, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)block + bytes;

    for (int i = 0; i < GUARD; i++)
        if (at[i] != FILL)
            return false;
    return true;
}

static void get_memory(struct comparison *c)
{
    const struct plast_model *m = c->model;
    size_t batch = (size_t)m->batch, saved = m->train_bytes + sizeof(struct plast_run);

    c->block = guarded(m->train_bytes);
    c->scratch = guarded(m->predict_bytes);
    c->snapshot = guarded(saved);
    c->second = guarded(saved);
    c->gradient = guarded((size_t)m->probe_size * sizeof(float));
    c->out = guarded((batch * (size_t)m->outputs + 1) * sizeof(float));
    c->batch.x = guarded(batch * compare_inputs(m) * sizeof(float));
    c->batch.target = guarded(batch * (size_t)m->outputs * sizeof(float));
    c->batch.label = guarded((batch + 1) * sizeof(int32_t));
    c->batch.number = guarded((batch + 1) * sizeof(uint64_t));
    c->batch.targets = m->loss == PLAST_MSE && draw(c) % 2;
}

void close_comparison(struct comparison *c)
{
    free(c->block);
    free(c->scratch);
    free(c->snapshot);
    free(c->second);
    free(c->gradient);
    free(c->out);
    free(c->batch.x);
    free(c->batch.target);
    free(c->batch.label);
    free(c->batch.number);
    arena_free(c->arena);
}

/* ------------------------------------------------------------- what the model says */

const char *feedback_name(struct comparison *c, const struct param *weight)
{
    const char *dot = strrchr(weight->name, '.');

    return arena_format(c->arena, "%.*s.feedback%s", (int)(dot - weight->name), weight->name,
                        dot + strlen(".weight"));
}

static enum plast_type type_of(enum plast_role role)
{
    return role == PLAST_MASK ? PLAST_U8 : role == PLAST_COUNTER ? PLAST_I64 : PLAST_F32;
}

bool has_tensor(struct comparison *c, const char *name, enum plast_role role, int rank,
                const int64_t *shape)
{
    const struct plast_tensor *t = find_tensor(c->model, name);
    bool trained = role == PLAST_WEIGHT || role == PLAST_BIAS;

    if (!t)
        return differ(c, "there is no tensor %s", name);
    if (t->role != role || t->type != type_of(role) || t->rank != rank)
        return differ(c, "tensor %s has another role, type or rank", name);
    for (int i = 0; i < rank; i++)
        if (t->shape[i] != shape[i])
            return differ(c, "tensor %s has another shape", name);
    if (rank > 1 ? t->stride < tensor_columns(t) : t->stride != 1)
        return differ(c, "tensor %s has stride %lld", name, (long long)t->stride);
    if (t->offset + tensor_bytes(t) > c->model->train_bytes)
        return differ(c, "tensor %s lies outside the block", name);
    if (trained ? t->probe < 0 || t->probe + shape[0] * t->stride > c->model->probe_size
                : t->probe != -1)
        return differ(c, "tensor %s has probe %lld", name, (long long)t->probe);
    return true;
}

static bool has_feedback(struct comparison *c, int *expected)
{
    const struct net *net = c->net;

    for (int k = 0; k < net->layer_count; k++) {
        int64_t shape[2] = {net->layer[k]->neurons->size, net->output->value->size};
        const char *name = arena_format(c->arena, "%s.feedback", net->layer[k]->name);
        if (c->reference->layer_feedback[k].size == 0)
            continue;
        ++*expected;
        if (!has_tensor(c, name, PLAST_FEEDBACK, 2, shape))
            return false;
    }
    for (int p = 0; p < net->param_count; p++) {
        if (c->reference->param_feedback[p].size == 0)
            continue;
        ++*expected;
        if (!has_tensor(c, feedback_name(c, net->param[p]), PLAST_FEEDBACK,
                        net->param[p]->shape.rank, net->param[p]->shape.dim))
            return false;
    }
    return true;
}

static bool has_tensors(struct comparison *c)
{
    const struct net *net = c->net;
    int expected = 0, named = 0;

    for (int p = 0; p < net->param_count; p++) {
        const struct param *param = net->param[p];
        enum plast_role role = reference_is_weight(param) ? PLAST_WEIGHT : PLAST_BIAS;
        expected += 1 + net->optimizer->state_count;
        if (!has_tensor(c, param->name, role, param->shape.rank, param->shape.dim))
            return false;
        for (int s = 0; s < net->optimizer->state_count; s++)
            if (!has_tensor(
                    c, arena_format(c->arena, "%s.%s", param->name, net->optimizer->state[s].name),
                    PLAST_STATE, param->shape.rank, param->shape.dim))
                return false;
    }
    if (!has_feedback(c, &expected) || !has_moments(c, &expected) ||
        !has_rule_tensors(c, &expected))
        return false;
    for (int i = 0; i < c->model->tensors; i++)
        named += c->model->tensor[i].role != PLAST_VALUE;
    return named == expected || differ(c, "%d saved tensors, should be %d", named, expected);
}

static bool same_head(struct comparison *c)
{
    const struct plast_model *m = c->model;
    const struct net *net = c->net;
    bool same = m->abi == PLAST_ABI && !strcmp(m->name, net->name) &&
                m->inputs == net->node[0]->size && m->steps == net->steps &&
                m->frames == (net->frames ? net->steps : 0) &&
                m->outputs == net->output->value->size && m->batch == net->batch &&
                m->epochs == net->epochs && m->seed == net->seed &&
                (int)m->loss == (int)net->loss && (int)m->learn == (int)net->learn &&
                m->input_rank == net->input->value->shape.rank && m->layers == net->layer_count;

    for (int k = 0; same && k < m->layers; k++)
        same = !strcmp(m->layer[k].name, net->layer[k]->name);
    return same || differ(c, "the description of the model differs from its file");
}

/* ---------------------------------------------------------------- init and begin */

static int distribution_of(enum init init)
{
    switch (init) {
    case INIT_ZEROS:
        return 0;
    case INIT_HE_UNIFORM:
        return 1;
    case INIT_HE_NORMAL:
        return 2;
    case INIT_GLOROT_UNIFORM:
        return 3;
    case INIT_CONSTANT:
        break;
    }
    bug("init %d", (int)init);
}

static bool drawn_right(struct comparison *c, uint64_t seed, const struct param *param)
{
    const struct plast_tensor *t = find_tensor(c->model, param->name);
    int64_t rows = t->shape[0], columns = tensor_columns(t);
    float *want = guarded((size_t)(rows * columns) * sizeof *want);
    bool same = true;

    for (int64_t i = 0; i < rows * columns && param->init == INIT_CONSTANT; i++)
        want[i] = (float)param->value;
    if (param->init != INIT_CONSTANT)
        plast_fill(want, rows, columns, columns, distribution_of(param->init), param->fan_in,
                   param->fan_out, seed, PLAST_STREAM_PARAM, (uint64_t)param->index);
    for (int64_t i = 0; i < rows; i++)
        same = same &&
               !memcmp(want + i * columns, tensor_row(c, t, i), (size_t)columns * sizeof *want);
    free(want);
    return same || differ(c, "%s is not drawn as plast_fill() draws it", param->name);
}

/* Random, and about as large as the weights of its layer would be. */
static bool feedback_drawn(struct comparison *c)
{
    for (int i = 0; i < c->model->tensors; i++) {
        const struct plast_tensor *t = &c->model->tensor[i];
        int64_t columns = tensor_columns(t), size = t->shape[0] * columns;
        double sum = 0;
        if (t->role != PLAST_FEEDBACK || size < 64)
            continue;
        for (int64_t k = 0; k < size; k++)
            sum += fabs((double)tensor_row(c, t, k / columns)[k % columns]);
        if (!(sum / (double)size > 1e-3 && sum / (double)size < 10))
            return differ(c, "%s is %g large on average", t->name, sum / (double)size);
    }
    return true;
}

static bool begin(struct comparison *c)
{
    const struct plast_model *m = c->model;
    struct plast_run *run = (struct plast_run *)(void *)c->block;
    uint64_t seed = draw(c);
    int64_t epochs = 1 + (c->steps + 1) / 2;

    if (m->init(c->block, m->train_bytes - 1, seed) != PLAST_E_MEMORY ||
        m->init(c->block + 4, m->train_bytes, seed) != PLAST_E_MEMORY)
        return differ(c, "init takes a block that is too small or not aligned");
    if (m->init(c->block, m->train_bytes, seed) != 0 || m->begin(c->block, epochs, 2) != 0)
        return differ(c, "init or begin failed");
    if (run->seed != seed || run->epoch != 0 || run->epochs != epochs || run->step != 0 ||
        run->steps_per_epoch != 2)
        return differ(c, "init and begin leave wrong counters");
    run->threads = (int32_t)(draw(c) % 4); /* 0: as many as there are */
    run->forms = (int32_t)(draw(c) % 4);   /* of enum plast_forms */
    for (int p = 0; p < c->net->param_count; p++)
        if (!drawn_right(c, seed, c->net->param[p]))
            return false;
    return feedback_drawn(c);
}

bool open_comparison(struct comparison *c, const char *path)
{
    struct diag *diag;
    struct file *file;
    int unreadable = 0;

    c->arena = arena_new();
    diag = diag_new(c->arena);
    file = parse_file(c->arena, diag, path, &unreadable);
    if (!file)
        return differ(c, "%s: %s", path, strerror(unreadable));
    c->net = check_file(c->arena, diag, file, NULL, 0);
    if (!c->net) {
        diag_print(diag, stderr, DIAG_TEXT, false);
        return differ(c, "%s has errors", path);
    }
    c->reference = reference_new(c->arena, c->net);
    if (!same_head(c) || !has_tensors(c))
        return false;
    get_memory(c);
    return begin(c);
}

/* ----------------------------------------------------------------------- refusals */

static bool refuses(struct comparison *c, const char *what, size_t n, int code)
{
    const struct batch *b = &c->batch;
    float loss = 0;
    int got;

    memset(c->snapshot, 0, c->model->train_bytes + sizeof(struct plast_run));
    take_snapshot(c, c->snapshot);
    got = c->model->step(c->block, b->x, b->y, b->targets, b->sample, n, &loss);
    if (c->model->unpack)
        c->model->unpack(c->block);
    if (got != code)
        return differ(c, "%s: step returned %d, should %d", what, got, code);
    return unchanged(c, what);
}

bool check_refusals(struct comparison *c)
{
    struct batch *b = &c->batch;

    make_batch(c);
    if (!refuses(c, "no sample", 0, PLAST_E_ARGUMENT) ||
        !refuses(c, "more samples than the batch", (size_t)c->model->batch + 1, PLAST_E_ARGUMENT))
        return false;
    if (!b->targets) {
        b->label[b->n - 1] = (int32_t)c->model->outputs;
        if (!refuses(c, "a label too large", b->n, PLAST_E_LABEL))
            return false;
        b->label[b->n - 1] = -1;
        if (!refuses(c, "a negative label", b->n, PLAST_E_LABEL))
            return false;
        b->label[b->n - 1] = 0;
    } else {
        b->target[0] = NAN;
        if (!refuses(c, "a target that is no number", b->n, PLAST_E_NUMBER))
            return false;
    }
    if (!guard_holds(c->block, c->model->train_bytes) ||
        !guard_holds(c->scratch, c->model->predict_bytes) ||
        !guard_holds(c->gradient, (size_t)c->model->probe_size * sizeof(float)))
        return differ(c, "memory behind a block was written");
    return true;
}
