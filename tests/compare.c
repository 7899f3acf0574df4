/* Comes in: a generated model, the file it was made of, a seed. Goes out: where
 * the program first differs from the reference interpreter. Relies on the
 * tensors a generated model names, and on the parser and checker for the net. */
#include "compare.h"

#include "compare_inner.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool differ(struct comparison *c, const char *format, ...)
{
    va_list list;
    int n;

    if (!c->result.same)
        return false;
    c->result.same = false;
    n = c->step < 0 ? 0 : snprintf(c->result.why, sizeof c->result.why, "step %d: ", c->step);
    va_start(list, format);
    vsnprintf(c->result.why + n, sizeof c->result.why - (size_t)n, format, list);
    va_end(list);
    return false;
}

const struct plast_tensor *find_tensor(const struct plast_model *model, const char *name)
{
    for (int i = 0; i < model->tensors; i++)
        if (!strcmp(model->tensor[i].name, name))
            return &model->tensor[i];
    return NULL;
}

float *tensor_row(const struct comparison *c, const struct plast_tensor *t, int64_t row)
{
    return (float *)(void *)(c->block + t->offset) + row * t->stride;
}

/* Of a vector 1: its elements are the rows. */
int64_t tensor_columns(const struct plast_tensor *t)
{
    int64_t columns = 1;

    for (int i = 1; i < t->rank; i++)
        columns *= t->shape[i];
    return columns;
}

size_t tensor_bytes(const struct plast_tensor *t)
{
    size_t one = t->type == PLAST_U8 ? 1 : t->type == PLAST_F32 ? 4 : 8;

    return (size_t)(t->shape[0] * (t->rank > 1 ? t->stride : 1)) * one;
}

/* ------------------------------------------------------------------------ numbers */

static double root_mean_square(const struct values *values, int64_t size)
{
    double sum = 0;

    for (int64_t i = 0; i < size; i++)
        sum += values->at[i] * values->at[i];
    return sqrt(sum / (double)(size > 0 ? size : 1));
}

/* One float against one value of the reference; `scale` is the size of its neighbours. */
bool same_number(struct comparison *c, const char *what, int64_t i, double got, double value,
                 double error, double scale)
{
    double reach = NUMBER_SAFETY * error + FLT_MIN, part = fabs(got - value) / reach;

    c->result.compared++;
    c->result.loose += reach > 0.01 * scale && error > 0;
    if (part > c->result.worst) {
        c->result.worst = part;
        snprintf(c->result.worst_where, sizeof c->result.worst_where, "step %d: %s[%lld]", c->step,
                 what, (long long)i);
    }
    if (number_agrees(got, value, error))
        return true;
    return differ(c, "%s[%lld] is %.9g, should be %.9g, at most %.3g away", what, (long long)i, got,
                  value, reach);
}

/* `at` is laid out like the tensor: rows of `stride`. */
bool same_rows(struct comparison *c, const char *what, const float *at, int64_t columns,
               int64_t stride, const struct values *values, int64_t size)
{
    double scale = root_mean_square(values, size);

    for (int64_t i = 0; i < size; i++) {
        double got = (double)at[i / columns * stride + i % columns];
        if (!same_number(c, what, i, got, values->at[i], values->error[i], scale))
            return false;
    }
    return true;
}

bool same_tensor(struct comparison *c, const char *name, const struct values *values)
{
    const struct plast_tensor *t = find_tensor(c->model, name);
    int64_t columns = tensor_columns(t);

    if (!same_rows(c, name, tensor_row(c, t, 0), columns, t->stride, values, values->size))
        return false;
    for (int64_t row = 0; t->rank > 1 && row < t->shape[0]; row++)
        for (int64_t j = columns; j < t->stride; j++)
            if (tensor_row(c, t, row)[j] != 0)
                return differ(c, "%s: the padding of row %lld is not zero", name, (long long)row);
    return true;
}

/* ------------------------------------------------------------- state of both sides */

const char *state_name(struct comparison *c, int param, int state)
{
    return arena_format(c->arena, "%s.%s", c->net->param[param]->name,
                        c->net->optimizer->state[state].name);
}

void copy_tensor(struct comparison *c, const char *name, struct values *values)
{
    const struct plast_tensor *t = find_tensor(c->model, name);
    int64_t columns = tensor_columns(t);

    for (int64_t i = 0; i < values->size; i++)
        values_set(values, i, (double)tensor_row(c, t, i / columns)[i % columns], 0);
}

/* All but the optimizer's states at the first step: their values then are the reference's own. */
static void synchronise(struct comparison *c)
{
    const struct plast_run *run = (const struct plast_run *)(const void *)c->block;
    struct reference *r = c->reference;

    r->run =
        (struct reference_run){run->seed, run->epoch, run->epochs, run->step, run->steps_per_epoch};
    for (int p = 0; p < c->net->param_count; p++) {
        copy_tensor(c, c->net->param[p]->name, &r->param[p]);
        for (int s = 0; s < c->net->optimizer->state_count && c->step > 0; s++)
            copy_tensor(c, state_name(c, p, s), &r->state[p][s]);
        if (r->param_feedback[p].size > 0)
            copy_tensor(c, feedback_name(c, c->net->param[p]), &r->param_feedback[p]);
    }
    for (int k = 0; k < c->net->layer_count; k++)
        if (r->layer_feedback[k].size > 0)
            copy_tensor(c, arena_format(c->arena, "%s.feedback", c->net->layer[k]->name),
                        &r->layer_feedback[k]);
    synchronise_moments(c);
    synchronise_rules(c);
    if (c->step == 0)
        reference_start(r);
}

static bool is_saved(const struct plast_tensor *t)
{
    return t->role != PLAST_VALUE;
}

/* Everything a checkpoint holds, for "nothing has changed". */
void take_snapshot(struct comparison *c, char *at)
{
    memcpy(at, c->block, sizeof(struct plast_run));
    at += sizeof(struct plast_run);
    for (int i = 0; i < c->model->tensors; i++) {
        const struct plast_tensor *t = &c->model->tensor[i];
        size_t bytes = tensor_bytes(t);
        if (!is_saved(t))
            continue;
        memcpy(at, c->block + t->offset, bytes);
        at += bytes;
    }
}

bool unchanged(struct comparison *c, const char *by)
{
    memset(c->second, 0, c->model->train_bytes + sizeof(struct plast_run));
    take_snapshot(c, c->second);
    if (!memcmp(c->snapshot, c->second, c->model->train_bytes + sizeof(struct plast_run)))
        return true;
    return differ(c, "%s has changed what is saved", by);
}

/* -------------------------------------------------------------------------- a step */

static bool same_gradients(struct comparison *c)
{
    for (int p = 0; p < c->net->param_count; p++) {
        const char *name = c->net->param[p]->name;
        const struct plast_tensor *t = find_tensor(c->model, name);
        const char *what = arena_format(c->arena, "gradient of %s", name);
        if (!same_rows(c, what, c->gradient + t->probe, tensor_columns(t), t->stride,
                       &c->reference->gradient[p], c->reference->gradient[p].size))
            return false;
    }
    return true;
}

static bool compare_probe(struct comparison *c)
{
    const struct batch *b = &c->batch;
    struct reference *r = c->reference;
    float loss = NAN;
    int code;

    memset(c->snapshot, 0, c->model->train_bytes + sizeof(struct plast_run));
    take_snapshot(c, c->snapshot);
    for (int64_t i = 0; i < c->model->probe_size; i++)
        c->gradient[i] = NAN;
    code = c->model->probe(c->block, b->x, b->y, b->targets, b->sample, b->n, &loss, c->gradient);
    if (code != 0)
        return differ(c, "probe returned %d", code);
    reference_forward(r, b->x, b->sample, b->n, true);
    reference_loss(r, b->y, b->targets);
    r->plain = true; /* what a probe gives is the gradient of the loss */
    reference_backward(r);
    r->plain = false;
    return unchanged(c, "probe") &&
           same_number(c, "loss of the probe", 0, (double)loss, r->loss.value, r->loss.error,
                       r->loss.value) &&
           same_gradients(c);
}

static bool same_counters(struct comparison *c, const struct plast_run *before)
{
    const struct plast_run *run = (const struct plast_run *)(const void *)c->block;
    const struct reference *r = c->reference;
    int64_t correct = run->correct - before->correct, n = (int64_t)c->batch.n;
    double loss = run->loss - before->loss, reach = fabs(run->loss) * 1e-12;

    if (run->step != before->step + 1 || run->step_in_epoch != before->step_in_epoch + 1 ||
        run->samples != before->samples + n)
        return differ(c, "the counters of steps or samples are wrong");
    if (fabs(loss - r->loss.value * (double)n) >
        NUMBER_SAFETY * (r->loss.error + NUMBER_ROUNDING * r->loss.value) * (double)n + reach)
        return differ(c, "the sum of the loss grew by %.9g, should by %.9g", loss,
                      r->loss.value * (double)n);
    if (c->batch.targets ? run->correct != -1
                         : correct < r->correct_least || correct > r->correct_most)
        return differ(c, "%lld samples counted as right, should be %lld to %lld",
                      (long long)correct, (long long)r->correct_least, (long long)r->correct_most);
    return true;
}

/* All that is saved, of the reference and of the program. Where rounding decides what dies or
 * which way a rule goes, the two may go apart until they are synchronised again. */
static bool same_saved(struct comparison *c)
{
    struct reference *r = c->reference;
    bool undecided = r->undecided;

    r->undecided = false;
    c->result.decided += !undecided;
    c->result.undecided += undecided;
    if (!dead_hold_nothing(c))
        return false;
    for (int p = 0; p < c->net->param_count && !undecided; p++) {
        if (!same_tensor(c, c->net->param[p]->name, &r->param[p]))
            return false;
        for (int s = 0; s < c->net->optimizer->state_count; s++)
            if (!same_tensor(c, state_name(c, p, s), &r->state[p][s]))
                return false;
    }
    return undecided || (same_moments(c) && same_rules(c));
}

/* With the inputs as they are, or, each second time, as a data set to be gathered from. */
static int take_step(struct comparison *c, float *loss)
{
    const struct batch *b = &c->batch;
    const struct plast_model *m = c->model;
    if (c->step % 2 == 0)
        return m->step(c->block, b->x, b->y, b->targets, b->sample, b->n, loss);
    size_t inputs = compare_inputs(m);
    int64_t *index = NEW_ARRAY(c->arena, b->n, int64_t);
    float *set = NEW_ARRAY(c->arena, 2 * b->n * inputs, float);
    float *rows = NEW_ARRAY(c->arena, (size_t)m->batch * inputs, float);
    for (size_t i = 0; i < b->n; i++) {
        index[i] = (int64_t)(2 * (b->n - i) - 1);
        memcpy(set + (size_t)index[i] * inputs, b->x + i * inputs, inputs * sizeof *set);
    }
    const struct plast_source from = {.floats = set, .index = index, .rows = rows};
    return m->step_from(c->block, &from, b->y, b->targets, b->sample, b->n, loss);
}

static bool compare_update(struct comparison *c)
{
    struct reference *r = c->reference;
    struct plast_run before;
    float loss = NAN;
    int code;

    memcpy(&before, c->block, sizeof before);
    code = take_step(c, c->step % 3 == 2 ? NULL : &loss);
    if (code == 0 && c->model->unpack)
        code = c->model->unpack(c->block);
    if (code != 0)
        return differ(c, "step or unpack returned %d", code);
    if (c->step % 3 != 2 &&
        !same_number(c, "loss", 0, (double)loss, r->loss.value, r->loss.error, r->loss.value))
        return false;
    if (!same_counters(c, &before))
        return false;
    reference_set_up(r);
    reference_backward(r);
    reference_update(r);
    return same_saved(c);
}

static bool compare_end_epoch(struct comparison *c)
{
    const struct plast_run *run = (const struct plast_run *)(const void *)c->block;
    int64_t epoch = run->epoch;
    int code;

    synchronise(c);
    code = c->model->end_epoch(c->block);
    if (code == 0 && c->model->unpack)
        code = c->model->unpack(c->block);
    if (code != 0 || run->epoch != epoch + 1)
        return differ(c, "end_epoch returned %d or did not count", code);
    reference_end_epoch(c->reference);
    return same_saved(c);
}

static bool compare_predict(struct comparison *c)
{
    const struct batch *b = &c->batch;
    int64_t outputs = c->model->outputs, all = (int64_t)b->n * outputs;
    float *out = c->out;
    int code;

    synchronise(c);
    for (int64_t i = 0; i <= all; i++)
        out[i] = -12345;
    memset(c->scratch, 0xff, c->model->predict_bytes); /* every float a NaN */
    code = c->model->pack ? c->model->pack(c->block) : 0;
    if (code == 0)
        code = c->model->predict(c->block, c->scratch, b->x, b->sample, b->n, out);
    if (code == 0 && c->model->unpack)
        code = c->model->unpack(c->block);
    if (code != 0)
        return differ(c, "pack, predict or unpack returned %d", code);
    if (out[all] != -12345)
        return differ(c, "predict writes beyond its output");
    reference_forward(c->reference, b->x, b->sample, b->n, false);
    return same_rows(c, "prediction", out, outputs, outputs,
                     &c->reference->value[c->net->output->value->index], all);
}

static bool compare_step(struct comparison *c)
{
    make_batch(c);
    synchronise(c);
    if (!compare_probe(c) || !compare_update(c))
        return false;
    c->step++;                             /* from now on states are the program's */
    if (c->reference->loss.value > 1e10) { /* training diverges: soon nothing is a number */
        c->step = c->steps;
        return true;
    }
    make_batch(c);
    if (!compare_predict(c))
        return false;
    return c->step % 2 != 0 || compare_end_epoch(c);
}

struct compare_result compare_model(const struct compare_case *which, uint64_t seed, int steps)
{
    struct comparison c;

    memset(&c, 0, sizeof c);
    c.model = which->model;
    c.random = seed;
    c.steps = steps;
    c.step = -1;
    c.result.same = true;
    if (open_comparison(&c, which->path)) {
        c.step = 0;
        while (c.step < steps && compare_step(&c))
            continue;
        if (c.result.same && check_refusals(&c) && c.result.loose * 4 > c.result.compared)
            differ(&c, "%ld of %ld elements had no useful tolerance", c.result.loose,
                   c.result.compared);
        c.result.dead = c.result.same ? count_dead(&c) : 0;
        if (c.result.undecided > 2 + c.result.decided / 2)
            differ(&c, "rounding decided %ld of %ld times", c.result.undecided,
                   c.result.undecided + c.result.decided);
    }
    close_comparison(&c);
    return c.result;
}
