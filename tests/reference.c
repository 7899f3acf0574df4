/* The forward half of the reference interpreter: a checked network and a batch
 * in, the values of all nodes out. Uses plast.h for the random streams alone. */
#include "reference_node.h"
#include "reference_rule.h"

#include <float.h>
#include <math.h>
#include <plast.h>

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

struct reference *reference_new(struct arena *arena, const struct net *net)
{
    struct reference *r = NEW(arena, struct reference);

    r->arena = arena;
    r->net = net;
    make_params(r);
    make_nodes(r);
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

static void run_dense(struct reference *r, const struct node *node, int64_t step)
{
    const struct node *from = node->input[0];
    const struct values *in = &r->value[from->index];
    const struct values *weight = &r->param[node->weight->index];
    const struct values *bias = node->bias ? &r->param[node->bias->index] : NULL;

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            const double *x = in->at + reference_row(r, from, step, s);
            const double *e = in->error + reference_row(r, from, step, s);
            const double *w = weight->at + i * from->size;
            struct dot dot = {0, 0, 0, 0, 0};
            if (bias)
                dot_add(&dot, bias->at[i], 0, 1, 0);
            for (int64_t j = 0; j < from->size; j++)
                dot_add(&dot, w[j], 0, x[j], e[j]);
            values_set(&r->value[node->index], reference_row(r, node, step, s) + i, dot.sum,
                       dot_error(&dot));
        }
}

static void run_sum(struct reference *r, const struct node *node, int64_t step)
{
    struct values *out = &r->value[node->index];

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            int64_t at = reference_row(r, node, step, s) + i;
            values_set(out, at, 0, 0);
            for (int k = 0; k < node->input_count; k++) {
                const struct node *from = node->input[k];
                int64_t j = reference_row(r, from, step, s) + i;
                values_add(out, at, r->value[from->index].at[j], r->value[from->index].error[j]);
            }
        }
}

static void run_concat(struct reference *r, const struct node *node, int64_t step)
{
    int64_t before = 0;

    for (int k = 0; k < node->input_count; before += node->input[k++]->size) {
        const struct node *from = node->input[k];
        const struct values *in = &r->value[from->index];
        for (int64_t i = 0; i < (int64_t)r->n * from->size; i++) {
            int64_t sample = i / from->size, at = reference_row(r, from, step, 0) + i;
            values_set(&r->value[node->index],
                       reference_row(r, node, step, sample) + before + i % from->size, in->at[at],
                       in->error[at]);
        }
    }
}

static void run_map(struct reference *r, const struct node *node, int64_t step)
{
    const struct values *in = &r->value[node->input[0]->index];
    int64_t row = reference_row(r, node, step, 0);
    struct binding names[RUN_SCALARS + 1];

    reference_scalars(r, names + 1);
    names[0].name = intern(r->arena, "x");
    for (int64_t i = row; i < row + (int64_t)r->n * node->size; i++) {
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

static void run_dropout(struct reference *r, const struct node *node, const struct given *g,
                        int64_t step)
{
    const struct values *in = &r->value[node->input[0]->index];
    struct binding names[RUN_SCALARS];
    struct number p;

    reference_scalars(r, names);
    p = number_evaluate(node->p, names, RUN_SCALARS);
    for (int64_t s = 0; s < (int64_t)r->n; s++) {
        uint64_t key = plast_key(r->run.seed, PLAST_STREAM_DROPOUT, (uint64_t)node->index,
                                 (uint64_t)r->run.epoch, sample_number(r, g, s));
        for (int64_t i = 0; i < node->size; i++) {
            int64_t at = reference_row(r, node, step, s) + i;
            struct number f = g->training ? draw_factor(p, key, (uint32_t)i) : number_exact(1);
            struct dot dot = {0, 0, 0, 0, 0};
            dot_add(&dot, f.value, f.error, in->at[at], in->error[at]);
            values_set_number(&r->slope[node->index], at, f);
            values_set(&r->value[node->index], at, dot.sum, dot_error(&dot));
        }
    }
}

static void run_node(struct reference *r, const struct node *node, const struct given *g,
                     int64_t step)
{
    switch (node->op) {
    case N_INPUT:
        run_input(r, node, g, step);
        return;
    case N_AFFINE:
        run_affine(r, node, step);
        return;
    case N_DENSE:
        run_dense(r, node, step);
        return;
    case N_SUM:
        run_sum(r, node, step);
        return;
    case N_CONCAT:
        run_concat(r, node, step);
        return;
    case N_MAP:
        run_map(r, node, step);
        return;
    case N_DROPOUT:
        run_dropout(r, node, g, step);
        return;
    case N_CONV:
        run_conv(r, node, step);
        return;
    case N_MAXPOOL:
        run_maxpool(r, node, step);
        return;
    case N_AVGPOOL:
        run_avgpool(r, node, step);
        return;
    case N_BATCHNORM:
        run_norm(r, node, g->training, step);
        return;
    case N_NEURON:
        run_neuron(r, node, step);
        return;
    case N_PREV:
        run_prev(r, node, step);
        return;
    case N_READOUT:
        run_readout(r, node);
        return;
    case N_FLIP:
        run_flip(r, node, g, step);
        return;
    case N_CROP:
        run_crop(r, node, g, step);
        return;
    case N_ENCODE:
        run_encode(r, node, g, step);
        return;
    }
}

void reference_forward(struct reference *r, const float *x, const uint64_t *sample, size_t n,
                       bool training)
{
    const struct given g = {x, sample, training};
    int64_t steps = r->net->steps > 0 ? r->net->steps : 1;

    r->n = n;
    for (int64_t t = 0; t < steps; t++)
        for (int k = 0; k < r->net->node_count; k++) {
            const struct node *node = r->net->node[k];
            if (!is_due(r, node, t))
                continue;
            run_node(r, node, &g, t);
            if (node->layer->neurons == node)
                silence_neurons(r, node->layer, &r->value[k], t);
        }
}
