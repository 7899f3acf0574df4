/* The forward half of the reference interpreter: a checked network and a batch
 * in, the values of all nodes out. Uses plast.h for the random streams alone. */
#include "reference_rule.h"

#include <float.h>
#include <math.h>
#include <plast.h>
#include <string.h>

static const double endless = 1e30; /* errors beyond are no longer told apart */

struct values values_new(struct arena *arena, int64_t size)
{
    return (struct values){size, NEW_ARRAY(arena, size, double), NEW_ARRAY(arena, size, double)};
}

void values_set(struct values *values, int64_t index, double value, double error)
{
    values->at[index] = value;
    values->error[index] = error < endless ? error : endless;
}

void values_set_number(struct values *values, int64_t index, struct number number)
{
    values_set(values, index, number.value, number.error);
}

void values_add(struct values *values, int64_t index, double value, double error)
{
    double sum = values->at[index] + value;
    double old = values->error[index], round = NUMBER_ROUNDING * fabs(sum);

    values_set(values, index, sum, sqrt(old * old + error * error + round * round));
}

void dot_add(struct dot *dot, double a, double a_error, double b, double b_error)
{
    double p = a * b, by_a = a_error * b, by_b = a * b_error, by_both = a_error * b_error;

    dot->sum += p;
    dot->squares += p * p;
    dot->largest = fmax(dot->largest, fabs(dot->sum));
    dot->error_squares += by_a * by_a + by_b * by_b + by_both * by_both;
    dot->terms++;
}

double dot_error(const struct dot *dot)
{
    double round = NUMBER_ROUNDING * NUMBER_ROUNDING * (double)dot->terms;
    double sums = dot->squares + dot->largest * dot->largest;

    return sqrt(dot->error_squares + round * sums) + (dot->squares > 0 ? FLT_MIN : 0);
}

/* ----------------------------------------------------------------- construction */

static struct values *one_each(struct arena *arena, int count)
{
    return NEW_ARRAY(arena, count + 1, struct values);
}

static void make_params(struct reference *r)
{
    const struct net *net = r->net;
    int states = net->optimizer->state_count;

    r->param = one_each(r->arena, net->param_count);
    r->gradient = one_each(r->arena, net->param_count);
    r->param_feedback = one_each(r->arena, net->param_count);
    r->state = NEW_ARRAY(r->arena, net->param_count + 1, struct values *);
    for (int i = 0; i < net->param_count; i++) {
        int64_t size = shape_size(&net->param[i]->shape);
        r->param[i] = values_new(r->arena, size);
        r->gradient[i] = values_new(r->arena, size);
        r->state[i] = one_each(r->arena, states);
        for (int s = 0; s < states; s++)
            r->state[i][s] = values_new(r->arena, size);
    }
}

static void make_nodes(struct reference *r)
{
    const struct net *net = r->net;

    r->value = one_each(r->arena, net->node_count);
    r->delta = one_each(r->arena, net->node_count);
    r->slope = one_each(r->arena, net->node_count);
    for (int i = 0; i < net->node_count; i++) {
        const struct node *node = net->node[i];
        int64_t size = net->batch * node->size;
        r->value[i] = values_new(r->arena, size);
        r->delta[i] = values_new(r->arena, size);
        if (node->op == N_MAP || node->op == N_DROPOUT)
            r->slope[i] = values_new(r->arena, size);
    }
}

bool reference_carries(const struct reference *r, const struct node *dense)
{
    return r->trained[dense->input[0]->index];
}

static void find_trained(struct reference *r)
{
    r->trained = NEW_ARRAY(r->arena, r->net->node_count, bool);
    for (int k = 0; k < r->net->node_count; k++) {
        const struct node *node = r->net->node[k];
        r->trained[k] = node->op == N_DENSE;
        for (int i = 0; i < node->input_count; i++)
            r->trained[k] = r->trained[k] || r->trained[node->input[i]->index];
    }
}

static void make_feedback(struct reference *r)
{
    const struct net *net = r->net;
    int64_t outputs = net->output->value->size;

    r->layer_feedback = one_each(r->arena, net->layer_count);
    for (int i = 0; i < net->param_count && net->learn == LEARN_FEEDBACK; i++) {
        const struct param *param = net->param[i];
        if (param->node->weight == param && reference_carries(r, param->node))
            r->param_feedback[i] = values_new(r->arena, shape_size(&param->shape));
    }
    for (int i = 0; i < net->layer_count && net->learn == LEARN_DIRECT_FEEDBACK; i++) {
        const struct layer *layer = net->layer[i];
        if (layer->branch_count > 0 && !layer->is_output)
            r->layer_feedback[i] = values_new(r->arena, layer->neurons->size * outputs);
    }
}

struct reference *reference_new(struct arena *arena, const struct net *net)
{
    struct reference *r = NEW(arena, struct reference);

    r->arena = arena;
    r->net = net;
    make_params(r);
    make_nodes(r);
    find_trained(r);
    make_feedback(r);
    make_masks(r);
    make_attachments(r);
    return r;
}

void reference_scalars(const struct reference *r, struct binding at[RUN_SCALARS])
{
    const struct reference_run *run = &r->run;
    double steps = (double)run->epochs * (double)run->steps_per_epoch;
    struct number progress = {0, 0, 0, 0};

    if (steps > 0) {
        progress.value = fmin(1, (double)run->step / steps);
        progress.error = 2 * NUMBER_ROUNDING * progress.value;
    }
    at[0] = (struct binding){intern(r->arena, "epoch"), number_exact((double)run->epoch)};
    at[1] = (struct binding){intern(r->arena, "epochs"), number_exact((double)run->epochs)};
    at[2] = (struct binding){intern(r->arena, "step"), number_exact((double)run->step)};
    at[3] = (struct binding){intern(r->arena, "progress"), progress};
}

/* ---------------------------------------------------------------------- forward */

static void run_dense(struct reference *r, const struct node *node)
{
    const struct values *in = &r->value[node->input[0]->index];
    const struct values *weight = &r->param[node->weight->index];
    const struct values *bias = node->bias ? &r->param[node->bias->index] : NULL;
    int64_t inputs = node->input[0]->size;

    for (size_t s = 0; s < r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            const double *x = in->at + (int64_t)s * inputs, *e = in->error + (int64_t)s * inputs;
            const double *w = weight->at + i * inputs;
            struct dot dot = {0, 0, 0, 0, 0};
            if (bias)
                dot_add(&dot, bias->at[i], 0, 1, 0);
            for (int64_t j = 0; j < inputs; j++)
                dot_add(&dot, w[j], 0, x[j], e[j]);
            values_set(&r->value[node->index], (int64_t)s * node->size + i, dot.sum,
                       dot_error(&dot));
        }
}

static void run_affine(struct reference *r, const struct node *node)
{
    const struct values *in = &r->value[node->input[0]->index];
    int64_t area = node->size / node->channels;

    for (int64_t i = 0; i < (int64_t)r->n * node->size; i++) {
        int64_t channel = i % node->size / area;
        double y = node->scale[channel] * in->at[i] + node->shift[channel];
        double size = fabs(node->scale[channel] * in->at[i]) + fabs(node->shift[channel]);
        values_set(&r->value[node->index], i, y,
                   fabs(node->scale[channel]) * in->error[i] + 3 * NUMBER_ROUNDING * size);
    }
}

static void run_sum(struct reference *r, const struct node *node)
{
    struct values *out = &r->value[node->index];

    for (int64_t i = 0; i < (int64_t)r->n * node->size; i++) {
        values_set(out, i, 0, 0);
        for (int k = 0; k < node->input_count; k++) {
            const struct values *in = &r->value[node->input[k]->index];
            values_add(out, i, in->at[i], in->error[i]);
        }
    }
}

static void run_concat(struct reference *r, const struct node *node)
{
    int64_t before = 0;

    for (int k = 0; k < node->input_count; k++) {
        const struct values *in = &r->value[node->input[k]->index];
        int64_t size = node->input[k]->size;
        for (int64_t i = 0; i < (int64_t)r->n * size; i++)
            values_set(&r->value[node->index], i / size * node->size + before + i % size, in->at[i],
                       in->error[i]);
        before += size;
    }
}

static void run_map(struct reference *r, const struct node *node)
{
    const struct values *in = &r->value[node->input[0]->index];
    struct binding names[RUN_SCALARS + 1];

    reference_scalars(r, names + 1);
    names[0].name = intern(r->arena, "x");
    for (int64_t i = 0; i < (int64_t)r->n * node->size; i++) {
        struct number y;
        names[0].value = number_variable(in->at[i], in->error[i]);
        y = number_evaluate(node->map, names, RUN_SCALARS + 1);
        values_set_number(&r->value[node->index], i, y);
        values_set(&r->slope[node->index], i, y.slope, y.slope_error);
    }
}

/* What one element is multiplied by. The threshold may be computed in floats: where the drawn
 * number is that near to it, either outcome is right. */
static struct number draw_factor(struct number p, uint64_t key, uint32_t element)
{
    double drawn = (double)plast_uniform(key, element), threshold = (double)(float)p.value;
    double factor = 1 / (1 - p.value);
    struct number r = {drawn >= threshold ? factor : 0, 0, 0, 0};

    if (p.error > 0 && fabs(drawn - threshold) <= NUMBER_SAFETY * p.error)
        r.error = factor;
    else
        r.error = r.value * (NUMBER_ROUNDING + p.error * factor) * 2;
    return r;
}

static void run_dropout(struct reference *r, const struct node *node, const uint64_t *sample,
                        bool training)
{
    const struct values *in = &r->value[node->input[0]->index];
    struct binding names[RUN_SCALARS];
    struct number p;
    uint64_t unnamed;

    reference_scalars(r, names);
    p = number_evaluate(node->p, names, RUN_SCALARS);
    unnamed = (uint64_t)(r->run.step * r->net->batch);
    for (size_t s = 0; s < r->n; s++) {
        uint64_t key = plast_key(r->run.seed, PLAST_STREAM_DROPOUT, (uint64_t)node->index,
                                 (uint64_t)r->run.epoch, sample ? sample[s] : unnamed + s);
        for (int64_t i = 0; i < node->size; i++) {
            int64_t at = (int64_t)s * node->size + i;
            struct number f = training ? draw_factor(p, key, (uint32_t)i) : number_exact(1);
            struct dot dot = {0, 0, 0, 0, 0};
            dot_add(&dot, f.value, f.error, in->at[at], in->error[at]);
            values_set_number(&r->slope[node->index], at, f);
            values_set(&r->value[node->index], at, dot.sum, dot_error(&dot));
        }
    }
}

void reference_forward(struct reference *r, const float *x, const uint64_t *sample, size_t n,
                       bool training)
{
    r->n = n;
    for (int k = 0; k < r->net->node_count; k++) {
        const struct node *node = r->net->node[k];
        switch (node->op) {
        case N_INPUT:
            for (int64_t i = 0; i < (int64_t)n * node->size; i++)
                values_set(&r->value[k], i, (double)x[i], 0);
            break;
        case N_AFFINE:
            run_affine(r, node);
            break;
        case N_DENSE:
            run_dense(r, node);
            break;
        case N_SUM:
            run_sum(r, node);
            break;
        case N_CONCAT:
            run_concat(r, node);
            break;
        case N_MAP:
            run_map(r, node);
            break;
        case N_DROPOUT:
            run_dropout(r, node, sample, training);
            break;
        }
        if (node->layer->neurons == node)
            silence_neurons(r, node->layer, &r->value[k]);
    }
}
