/* What stands before a net's layers in the reference interpreter: the samples, their transforms,
 * and the encoders that give them a time axis. */
#include "reference_node.h"

#include <math.h>
#include <plast.h>

uint64_t sample_number(const struct reference *r, const struct given *g, int64_t sample)
{
    uint64_t unnamed = g->training ? (uint64_t)(r->run.step * r->net->batch) : 0;

    return g->sample ? g->sample[sample] : unnamed + (uint64_t)sample;
}

void run_input(struct reference *r, const struct node *node, const struct given *g, int64_t step)
{
    int64_t frames = reference_steps(r, node);

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++)
            values_set(&r->value[node->index], reference_row(r, node, step, s) + i,
                       (double)g->x[(s * frames + (node->timed ? step : 0)) * node->size + i], 0);
}

void run_affine(struct reference *r, const struct node *node, int64_t step)
{
    const struct values *in = &r->value[node->input[0]->index];
    int64_t area = node->size / node->channels, row = reference_row(r, node, step, 0);

    for (int64_t i = row; i < row + (int64_t)r->n * node->size; i++) {
        int64_t channel = i % node->size / area;
        double y = node->scale[channel] * in->at[i] + node->shift[channel];
        double size = fabs(node->scale[channel] * in->at[i]) + fabs(node->shift[channel]);
        values_set(&r->value[node->index], i, y,
                   fabs(node->scale[channel]) * in->error[i] + 3 * NUMBER_ROUNDING * size);
    }
}

/* --------------------------------------------------------------- flips and crops */

static uint64_t input_key(const struct reference *r, const struct node *node, const struct given *g,
                          int64_t sample)
{
    return plast_key(r->run.seed, STREAM_INPUT, (uint64_t)node->index, (uint64_t)r->run.epoch,
                     sample_number(r, g, sample));
}

/* Each place of the map takes the value `down` and `right` of it, mirrored or not; 0 outside. */
static void move(struct reference *r, const struct node *node, int64_t row, int64_t down,
                 int64_t right, bool mirrored)
{
    const struct values *in = &r->value[node->input[0]->index];
    int64_t height = node->shape.dim[1], width = node->shape.dim[2];

    for (int64_t i = 0; i < node->size; i++) {
        int64_t y = i / width % height + down, x = i % width;
        int64_t plane = row + i - i % (height * width);
        x = mirrored ? width - 1 - x : x + right;
        if (y < 0 || y >= height || x < 0 || x >= width)
            values_set(&r->value[node->index], row + i, 0, 0);
        else
            values_set(&r->value[node->index], row + i, in->at[plane + y * width + x],
                       in->error[plane + y * width + x]);
    }
}

void run_flip(struct reference *r, const struct node *node, const struct given *g, int64_t step)
{
    for (int64_t s = 0; s < (int64_t)r->n; s++)
        move(r, node, reference_row(r, node, step, s), 0, 0,
             g->training && plast_uniform(input_key(r, node, g, s), 0) < 0.5F);
}

void run_crop(struct reference *r, const struct node *node, const struct given *g, int64_t step)
{
    double places = (double)(2 * node->pad + 1);

    for (int64_t s = 0; s < (int64_t)r->n; s++) {
        uint64_t key = input_key(r, node, g, s);
        int64_t down = (int64_t)floor((double)plast_uniform(key, 0) * places) - node->pad;
        int64_t right = (int64_t)floor((double)plast_uniform(key, 1) * places) - node->pad;
        move(r, node, reference_row(r, node, step, s), g->training ? down : 0,
             g->training ? right : 0, false);
    }
}

/* ----------------------------------------------------------------------- encoders */

/* Whether the number drawn is below the value: what float rounding could turn is off by one. */
static struct number draw_spike(struct number chance, double drawn)
{
    struct number spike = {drawn < chance.value, 0, 0, 0};

    spike.error = chance.error > 0 && fabs(drawn - chance.value) <= NUMBER_SAFETY * chance.error;
    return spike;
}

static struct number spike_at_random(const struct reference *r, const struct node *node,
                                     const struct given *g, int64_t sample, int64_t element,
                                     struct number x)
{
    /* in evaluation no count of steps stands in for a sample's number */
    uint64_t number = g->sample ? g->sample[sample] : (uint64_t)sample;
    uint64_t key = g->training
                       ? input_key(r, node, g, sample)
                       : plast_key(0, STREAM_INPUT, (uint64_t)node->index, UINT64_MAX, number);
    double chance = x.value * node->gain;
    double rounding = (double)(float)chance == chance ? 0 : NUMBER_ROUNDING * 2 * fabs(chance);
    struct number n = {chance, x.error * fabs(node->gain) + rounding, 0, 0};

    return draw_spike(n, (double)plast_uniform(key, (uint32_t)element));
}

static int64_t step_of(int64_t steps, double when)
{
    return (int64_t)fmin((double)(steps - 1), fmax(-1, floor(when)));
}

/* The larger, the earlier; never, where it is not above 0 or is above 1. */
static struct number spike_when_large(int64_t steps, int64_t step, struct number x)
{
    double when = (1 - x.value) * (double)steps;
    double reach = NUMBER_SAFETY * (double)steps * (x.error + 2 * NUMBER_ROUNDING);
    struct number spike = {x.value > 0 && step == step_of(steps, when), 0, 0, 0};
    int64_t low = step_of(steps, when - reach), high = step_of(steps, when + reach);
    bool exact =
        x.error == 0 && (double)(float)(1 - x.value) == 1 - x.value && (double)(float)when == when;

    if (!exact && low != high && (step == low || step == high))
        spike.error = 1;
    if (x.error > 0 && fabs(x.value) <= NUMBER_SAFETY * x.error && step == steps - 1)
        spike.error = 1;
    return spike;
}

void run_encode(struct reference *r, const struct node *node, const struct given *g, int64_t step)
{
    const struct node *from = node->input[0];
    const struct values *in = &r->value[from->index];

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            int64_t at = reference_row(r, from, step, s) + i;
            struct number x = {in->at[at], in->error[at], 0, 0};
            if (node->encoder == ENCODE_BERNOULLI)
                x = spike_at_random(r, node, g, s, step * node->size + i, x);
            else if (node->encoder == ENCODE_LATENCY)
                x = spike_when_large(r->net->steps, step, x);
            values_set_number(&r->value[node->index], reference_row(r, node, step, s) + i, x);
        }
}
