/* Convolutions and pools in the reference interpreter: for each place of the output, each place of
 * its window. */
#include "reference_node.h"

#include <math.h>
#include <stdlib.h>

/* Where place k of the window of an output place lies in the map that enters; false: in what pads.
 */
static bool in_map(const struct node *node, int64_t place, int64_t k, int64_t *found)
{
    const struct window *w = &node->window;
    const int64_t *in = node->input[0]->shape.dim;
    int64_t y = place / node->shape.dim[2] * w->stride[0] + k / w->size[1] - w->pad[0];
    int64_t x = place % node->shape.dim[2] * w->stride[1] + k % w->size[1] - w->pad[1];

    *found = y * in[2] + x;
    return y >= 0 && y < in[1] && x >= 0 && x < in[2];
}

static int64_t area_of(const struct node *node)
{
    return node->size / reference_channels(node);
}

static int64_t window_area(const struct node *node)
{
    return node->window.size[0] * node->window.size[1];
}

/* ---------------------------------------------------------------------------- conv */

/* Weights of one output channel. */
static int64_t taps_of(const struct node *node)
{
    return node->weight->shape.dim[1] * window_area(node);
}

/* Which element of the input a weight of its channel meets at an output element. */
static bool meets(const struct node *node, int64_t out, int64_t tap, int64_t *in)
{
    const struct node *from = node->input[0];
    int64_t channel = out / area_of(node), inputs = node->weight->shape.dim[1];
    int64_t group = channel / (reference_channels(node) / node->groups);
    bool inside = in_map(node, out % area_of(node), tap % window_area(node), in);

    *in += (group * inputs + tap / window_area(node)) * area_of(from);
    return inside;
}

void run_conv(struct reference *r, const struct node *node, int64_t step)
{
    const struct node *from = node->input[0];
    const struct values *in = &r->value[from->index], *w = &r->param[node->weight->index];
    const struct values *bias = node->bias ? &r->param[node->bias->index] : NULL;
    int64_t taps = taps_of(node);

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            int64_t channel = i / area_of(node), row = reference_row(r, from, step, s), j;
            struct dot dot = {0, 0, 0, 0, 0};
            if (bias)
                dot_add(&dot, bias->at[channel], 0, 1, 0);
            for (int64_t k = 0; k < taps; k++)
                if (meets(node, i, k, &j))
                    dot_add(&dot, w->at[channel * taps + k], 0, in->at[row + j],
                            in->error[row + j]);
            values_set(&r->value[node->index], reference_row(r, node, step, s) + i, dot.sum,
                       dot_error(&dot));
        }
}

void carry_conv(struct reference *r, const struct values *weight, const struct node *node,
                int64_t step)
{
    const struct node *to = node->input[0];
    const struct values *delta = &r->delta[node->index];
    int64_t taps = taps_of(node), j;

    for (int64_t s = 0; s < (int64_t)r->n; s++) {
        struct dot *sum = calloc((size_t)to->size, sizeof *sum);
        int64_t row = reference_row(r, node, step, s);
        if (!sum)
            bug("no memory for %lld sums", (long long)to->size);
        for (int64_t i = 0; i < node->size; i++)
            for (int64_t k = 0; k < taps; k++)
                if (meets(node, i, k, &j))
                    dot_add(&sum[j], weight->at[i / area_of(node) * taps + k], 0,
                            delta->at[row + i], delta->error[row + i]);
        for (j = 0; j < to->size; j++)
            values_add(&r->delta[to->index], reference_row(r, to, step, s) + j, sum[j].sum,
                       dot_error(&sum[j]));
        free(sum);
    }
}

/* Of one weight, or of the bias where there is no such tap. */
static struct dot gradient_of(const struct reference *r, const struct node *node, int64_t channel,
                              int64_t tap)
{
    const struct node *from = node->input[0];
    const struct values *in = &r->value[from->index], *delta = &r->delta[node->index];
    int64_t area = area_of(node), all = reference_steps(r, node) * (int64_t)r->n;
    struct dot dot = {0, 0, 0, 0, 0};

    for (int64_t q = 0; q < all * area; q++) {
        int64_t t = q / area / (int64_t)r->n, s = q / area % (int64_t)r->n, j;
        int64_t i = channel * area + q % area, at = reference_row(r, node, t, s) + i;
        int64_t row = reference_row(r, from, t, s);
        if (tap < 0)
            dot_add(&dot, delta->at[at], delta->error[at], 1, 0);
        else if (meets(node, i, tap, &j))
            dot_add(&dot, delta->at[at], delta->error[at], in->at[row + j], in->error[row + j]);
    }
    return dot;
}

void find_conv_gradients(struct reference *r, const struct node *node)
{
    int64_t taps = taps_of(node);
    struct dot dot;

    for (int64_t channel = 0; channel < reference_channels(node); channel++) {
        for (int64_t k = 0; k < taps; k++) {
            dot = gradient_of(r, node, channel, k);
            values_set(&r->gradient[node->weight->index], channel * taps + k, dot.sum,
                       dot_error(&dot));
        }
        if (!node->bias)
            continue;
        dot = gradient_of(r, node, channel, -1);
        values_set(&r->gradient[node->bias->index], channel, dot.sum, dot_error(&dot));
    }
}

/* --------------------------------------------------------------------------- pools */

/* The k-th place of an output element's window, in the rows of what enters. */
static bool covers(const struct reference *r, const struct node *node, int64_t step, int64_t sample,
                   int64_t out, int64_t k, int64_t *at)
{
    const struct node *from = node->input[0];
    bool inside = in_map(node, out % area_of(node), k, at);

    *at += reference_row(r, from, step, sample) + out / area_of(node) * area_of(from);
    return inside;
}

/* The first of equal ones in row order. */
static int64_t find_largest(const struct reference *r, const struct node *node, int64_t step,
                            int64_t sample, int64_t out)
{
    const struct values *in = &r->value[node->input[0]->index];
    int64_t best = -1, at;

    for (int64_t k = 0; k < window_area(node); k++)
        if (covers(r, node, step, sample, out, k, &at) && (best < 0 || in->at[at] > in->at[best]))
            best = at;
    if (best < 0)
        bug("a window of node %d covers nothing of the map", node->index);
    return best;
}

/* Whether rounding could make this one the largest. */
static bool rivals(const struct values *in, int64_t best, int64_t at)
{
    double error = in->error[best] + in->error[at];

    return at != best && error > 0 && in->at[best] - in->at[at] <= NUMBER_SAFETY * error;
}

void run_maxpool(struct reference *r, const struct node *node, int64_t step)
{
    const struct values *in = &r->value[node->input[0]->index];

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            int64_t best = find_largest(r, node, step, s, i), at;
            double error = in->error[best];
            for (int64_t k = 0; k < window_area(node); k++)
                if (covers(r, node, step, s, i, k, &at) && rivals(in, best, at))
                    error = fmax(error, in->error[at]);
            values_set(&r->value[node->index], reference_row(r, node, step, s) + i, in->at[best],
                       error);
        }
}

/* Where rounding could choose another, the error may go there instead. */
void pass_maxpool(struct reference *r, struct values *stream, const struct node *node, int64_t step)
{
    const struct values *in = &r->value[node->input[0]->index], *delta = &stream[node->index];
    struct values *to = &stream[node->input[0]->index];

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            int64_t from = reference_row(r, node, step, s) + i, at;
            int64_t best = find_largest(r, node, step, s, i);
            double d = delta->at[from], error = delta->error[from];
            for (int64_t k = 0; k < window_area(node); k++)
                if (covers(r, node, step, s, i, k, &at) && rivals(in, best, at)) {
                    values_add(to, at, 0, fabs(d) + delta->error[from]);
                    error = fabs(d) + delta->error[from];
                }
            values_add(to, best, d, error);
        }
}

void run_avgpool(struct reference *r, const struct node *node, int64_t step)
{
    const struct values *in = &r->value[node->input[0]->index];
    double area = (double)window_area(node);

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            struct dot dot = {0, 0, 0, 0, 0};
            int64_t at;
            for (int64_t k = 0; k < window_area(node); k++)
                if (covers(r, node, step, s, i, k, &at))
                    dot_add(&dot, in->at[at], in->error[at], 1, 0);
            values_set(&r->value[node->index], reference_row(r, node, step, s) + i, dot.sum / area,
                       (dot_error(&dot) + 2 * NUMBER_ROUNDING * fabs(dot.sum)) / area);
        }
}

void pass_avgpool(struct reference *r, struct values *stream, const struct node *node, int64_t step)
{
    const struct values *delta = &stream[node->index];
    double area = (double)window_area(node);

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            int64_t from = reference_row(r, node, step, s) + i, at;
            double share = delta->at[from] / area;
            for (int64_t k = 0; k < window_area(node); k++)
                if (covers(r, node, step, s, i, k, &at))
                    values_add(&stream[node->input[0]->index], at, share,
                               delta->error[from] / area + 2 * NUMBER_ROUNDING * fabs(share));
        }
}
