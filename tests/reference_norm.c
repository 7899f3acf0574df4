/* Batch normalisation in the reference interpreter: moments of a channel over the batch and the
 * map, at each time step its own. */
#include "reference_node.h"

#include <math.h>

/* The elements of one channel at one time step, counted over samples. */
struct channel {
    const struct reference *r;
    const struct node *node;
    int64_t step, channel, area, count;
};

static struct channel channel_of(const struct reference *r, const struct node *node, int64_t step,
                                 int64_t channel)
{
    int64_t area = node->size / reference_channels(node);

    return (struct channel){r, node, step, channel, area, area * (int64_t)r->n};
}

/* Element k, in the rows of the node or of what enters it. */
static int64_t element(const struct channel *c, const struct node *of, int64_t k)
{
    return reference_row(c->r, of, c->step, k / c->area) + c->channel * c->area + k % c->area;
}

static int64_t moment_index(const struct channel *c)
{
    return (c->node->timed ? c->step : 0) * reference_channels(c->node) + c->channel;
}

void prepare_norm(struct reference *r, const struct node *node)
{
    int64_t channels = reference_channels(node), steps = reference_steps(r, node);
    int k = node->index;

    r->mean[k] = values_new(r->arena, channels * steps);
    r->variance[k] = values_new(r->arena, channels * steps);
    r->running_mean[k] = values_new(r->arena, channels);
    r->running_variance[k] = values_new(r->arena, channels);
    for (int64_t i = 0; i < channels; i++)
        values_set(&r->running_variance[k], i, 1, 0);
}

/* ------------------------------------------------------------------------ forward */

static struct number divided(const struct dot *dot, double count)
{
    double mean = dot->sum / count;

    return (struct number){mean, dot_error(dot) / count + NUMBER_ROUNDING * fabs(mean), 0, 0};
}

static void find_moments(struct reference *r, const struct channel *c)
{
    const struct values *in = &r->value[c->node->input[0]->index];
    struct dot sum = {0, 0, 0, 0, 0}, squares = {0, 0, 0, 0, 0};
    struct number mean;

    for (int64_t k = 0; k < c->count; k++) {
        int64_t at = element(c, c->node->input[0], k);
        dot_add(&sum, in->at[at], in->error[at], 1, 0);
    }
    mean = divided(&sum, (double)c->count);
    for (int64_t k = 0; k < c->count; k++) {
        int64_t at = element(c, c->node->input[0], k);
        double d = in->at[at] - mean.value;
        double error = hypot(in->error[at], mean.error) + NUMBER_ROUNDING * fabs(d);
        dot_add(&squares, d, error, d, error);
        squares.error_squares += 2 * d * d * error * error; /* the factors' errors are one */
    }
    values_set_number(&r->mean[c->node->index], moment_index(c), mean);
    values_set_number(&r->variance[c->node->index], moment_index(c),
                      divided(&squares, (double)c->count));
}

static struct number one_at(const struct values *v, int64_t at)
{
    return (struct number){v->at[at], v->error[at], 0, 0};
}

/* 1 / sqrt(variance + epsilon) */
static struct number inverse(const struct node *node, struct number variance)
{
    double sum = variance.value + node->epsilon, value = 1 / sqrt(sum);

    return (struct number){value, value * (variance.error / sum / 2 + 4 * NUMBER_ROUNDING), 0, 0};
}

/* (x - mean) / deviation; a program may as well multiply x and mean first. */
static struct number normal(struct number x, struct number mean, struct number by)
{
    double d = x.value - mean.value;
    double error = hypot(x.error, mean.error) * by.value + fabs(d) * by.error +
                   2 * NUMBER_ROUNDING * (fabs(x.value) + fabs(mean.value)) * by.value;

    return (struct number){d * by.value, error, 0, 0};
}

static void run_channel(struct reference *r, const struct channel *c, struct number mean,
                        struct number variance)
{
    const struct node *node = c->node;
    struct number by = inverse(node, variance);
    double scale = r->param[node->weight->index].at[c->channel];
    double shift = r->param[node->bias->index].at[c->channel];

    for (int64_t k = 0; k < c->count; k++) {
        struct number x = one_at(&r->value[node->input[0]->index], element(c, node->input[0], k));
        struct number n = normal(x, mean, by);
        double y = n.value * scale + shift;
        values_set(&r->value[node->index], element(c, node, k), y,
                   n.error * fabs(scale) +
                       NUMBER_ROUNDING * (fabs(n.value * scale) + fabs(shift) + fabs(y)));
    }
}

void run_norm(struct reference *r, const struct node *node, bool training, int64_t step)
{
    for (int64_t i = 0; i < reference_channels(node); i++) {
        struct channel c = channel_of(r, node, step, i);
        int k = node->index;
        if (training)
            find_moments(r, &c);
        if (training)
            run_channel(r, &c, one_at(&r->mean[k], moment_index(&c)),
                        one_at(&r->variance[k], moment_index(&c)));
        else
            run_channel(r, &c, one_at(&r->running_mean[k], i), one_at(&r->running_variance[k], i));
    }
}

/* ----------------------------------------------------------------------- backward */

/* What the gradients are made of: the errors of a channel, and those times what was normal. */
struct sums {
    struct dot error, product;
};

static struct number normal_at(const struct channel *c, int64_t k)
{
    const struct reference *r = c->r;
    int n = c->node->index;
    struct number x = one_at(&r->value[c->node->input[0]->index], element(c, c->node->input[0], k));

    return normal(x, one_at(&r->mean[n], moment_index(c)),
                  inverse(c->node, one_at(&r->variance[n], moment_index(c))));
}

static void add_sums(const struct channel *c, struct sums *sums)
{
    for (int64_t k = 0; k < c->count; k++) {
        struct number d = one_at(&c->r->delta[c->node->index], element(c, c->node, k));
        struct number n = normal_at(c, k);
        dot_add(&sums->error, d.value, d.error, 1, 0);
        dot_add(&sums->product, d.value, d.error, n.value, n.error);
    }
}

/* scale / deviation * (d - mean of d - normal * mean of (d * normal)) */
static void pass_channel(struct reference *r, const struct channel *c)
{
    const struct node *node = c->node;
    struct number by = inverse(node, one_at(&r->variance[node->index], moment_index(c)));
    double scale = r->param[node->weight->index].at[c->channel];
    struct sums sums = {{0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}};
    struct number a, b;

    add_sums(c, &sums);
    a = divided(&sums.error, (double)c->count);
    b = divided(&sums.product, (double)c->count);
    for (int64_t k = 0; k < c->count; k++) {
        struct number d = one_at(&r->delta[node->index], element(c, node, k));
        struct number n = normal_at(c, k);
        double inner = d.value - a.value - n.value * b.value;
        double size = fabs(d.value) + fabs(a.value) + fabs(n.value * b.value);
        double error = d.error + a.error + n.error * fabs(b.value) + fabs(n.value) * b.error +
                       2 * NUMBER_ROUNDING * size;
        values_add(&r->delta[node->input[0]->index], element(c, node->input[0], k),
                   scale * by.value * inner,
                   fabs(scale) * (by.value * error + by.error * fabs(inner)));
    }
}

void pass_norm(struct reference *r, const struct node *node, int64_t step)
{
    for (int64_t i = 0; i < reference_channels(node); i++) {
        struct channel c = channel_of(r, node, step, i);
        pass_channel(r, &c);
    }
}

void find_norm_gradients(struct reference *r, const struct node *node)
{
    for (int64_t i = 0; i < reference_channels(node); i++) {
        struct sums sums = {{0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}};
        for (int64_t t = 0; t < reference_steps(r, node); t++) {
            struct channel c = channel_of(r, node, t, i);
            add_sums(&c, &sums);
        }
        values_set(&r->gradient[node->weight->index], i, sums.product.sum,
                   dot_error(&sums.product));
        values_set(&r->gradient[node->bias->index], i, sums.error.sum, dot_error(&sums.error));
    }
}

/* ----------------------------------------------------------------- running moments */

static void move_towards(struct values *running, int64_t i, double momentum, struct number to)
{
    double kept = (1 - momentum) * running->at[i], added = momentum * to.value;

    values_set(running, i, kept + added,
               (1 - momentum) * running->error[i] + momentum * to.error +
                   NUMBER_ROUNDING * 2 * (fabs(kept) + fabs(added)));
}

/* A lone element has no unbiased variance: its 0 stays what it is. */
static void move_channel(struct reference *r, const struct channel *c)
{
    const struct node *node = c->node;
    struct number variance = one_at(&r->variance[node->index], moment_index(c));
    double unbiased = c->count > 1 ? (double)c->count / (double)(c->count - 1) : 1;

    variance.value *= unbiased;
    variance.error = variance.error * unbiased + NUMBER_ROUNDING * variance.value;
    move_towards(&r->running_mean[node->index], c->channel, node->momentum,
                 one_at(&r->mean[node->index], moment_index(c)));
    move_towards(&r->running_variance[node->index], c->channel, node->momentum, variance);
}

void update_moments(struct reference *r)
{
    for (int k = 0; k < r->net->node_count; k++) {
        const struct node *node = r->net->node[k];
        if (node->op != N_BATCHNORM || r->n == 0)
            continue;
        for (int64_t t = 0; t < reference_steps(r, node); t++)
            for (int64_t i = 0; i < reference_channels(node); i++) {
                struct channel c = channel_of(r, node, t, i);
                move_channel(r, &c);
            }
    }
}
