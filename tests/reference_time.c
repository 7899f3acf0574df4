/* The time axis of the reference interpreter: `prev`, read-outs, and when what has no time axis is
 * computed. */
#include "reference_node.h"

#include <math.h>

void find_ended(struct reference *r)
{
    r->ended = NEW_ARRAY(r->arena, r->net->node_count, bool);
    for (int k = 0; k < r->net->node_count; k++) {
        const struct node *node = r->net->node[k];
        r->ended[k] = node->op == N_READOUT;
        for (int i = 0; i < node->input_count; i++)
            r->ended[k] = r->ended[k] || r->ended[node->input[i]->index];
    }
}

bool is_due(const struct reference *r, const struct node *node, int64_t step)
{
    return node->timed || step == (r->ended[node->index] ? r->net->steps - 1 : 0) ||
           r->net->steps == 0;
}

/* --------------------------------------------------------------------------- prev */

void run_prev(struct reference *r, const struct node *node, int64_t step)
{
    const struct values *from = &r->value[node->source->index];

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            int64_t at = step > 0 ? reference_row(r, node->source, step - 1, s) + i : 0;
            values_set(&r->value[node->index], reference_row(r, node, step, s) + i,
                       step > 0 ? from->at[at] : 0, step > 0 ? from->error[at] : 0);
        }
}

void pass_prev(struct reference *r, const struct node *node, int64_t step)
{
    const struct values *delta = &r->delta[node->index];

    for (int64_t s = 0; s < (int64_t)r->n && step > 0; s++)
        for (int64_t i = 0; i < node->size; i++) {
            int64_t at = reference_row(r, node, step, s) + i;
            values_add(&r->late[node->source->index],
                       reference_row(r, node->source, step - 1, s) + i, delta->at[at],
                       delta->error[at]);
        }
}

/* ---------------------------------------------------------------------- read-outs */

struct course { /* of one element over the steps */
    const struct values *v;
    int64_t first, stride, steps;
};

static struct course course_of(const struct reference *r, const struct node *node,
                               const struct values *v, int64_t sample, int64_t element)
{
    return (struct course){v, sample * node->size + element, (int64_t)r->n * node->size,
                           reference_steps(r, node)};
}

static struct number at_step(const struct course *c, int64_t step)
{
    int64_t at = c->first + step * c->stride;

    return (struct number){c->v->at[at], c->v->error[at], 0, 0};
}

/* The first of equal ones. */
static int64_t find_peak(const struct course *c)
{
    int64_t peak = 0;

    for (int64_t t = 1; t < c->steps; t++)
        if (at_step(c, t).value > at_step(c, peak).value)
            peak = t;
    return peak;
}

/* Whether rounding could make another step the peak. */
static bool may_be_peak(const struct course *c, int64_t peak, int64_t step)
{
    struct number a = at_step(c, peak), b = at_step(c, step);
    double error = a.error + b.error;

    return step == peak || (error > 0 && a.value - b.value <= NUMBER_SAFETY * error);
}

static struct number read_out(const struct node *node, const struct course *c)
{
    struct number r = {0, 0, 0, 0};
    struct dot dot = {0, 0, 0, 0, 0};
    int64_t peak;

    if (node->readout == READ_LAST)
        return at_step(c, c->steps - 1);
    if (node->readout == READ_PEAK) {
        peak = find_peak(c);
        r.value = at_step(c, peak).value;
        for (int64_t t = 0; t < c->steps; t++)
            if (may_be_peak(c, peak, t))
                r.error = fmax(r.error, at_step(c, t).error);
        return r;
    }
    for (int64_t t = 0; t < c->steps; t++)
        dot_add(&dot, at_step(c, t).value, at_step(c, t).error, 1, 0);
    r = (struct number){dot.sum, dot_error(&dot), 0, 0};
    if (node->readout == READ_RATE) {
        r.value /= (double)c->steps;
        r.error = r.error / (double)c->steps + NUMBER_ROUNDING * fabs(r.value);
    }
    return r;
}

void run_readout(struct reference *r, const struct node *node)
{
    const struct node *from = node->input[0];

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            struct course c = course_of(r, from, &r->value[from->index], s, i);
            values_set_number(&r->value[node->index], s * node->size + i, read_out(node, &c));
        }
}

/* What of the error at the read-out one step gets. */
static struct number share_of(const struct node *node, const struct course *c, int64_t step,
                              struct number d)
{
    struct number none = {0, 0, 0, 0};
    int64_t peak;

    switch (node->readout) {
    case READ_RATE:
        d.value /= (double)c->steps;
        d.error = d.error / (double)c->steps + NUMBER_ROUNDING * fabs(d.value);
        return d;
    case READ_TOTAL:
        return d;
    case READ_LAST:
        return step == c->steps - 1 ? d : none;
    case READ_PEAK:
        peak = find_peak(c);
        for (int64_t t = 0; t < c->steps; t++) /* the error may be another's, or come here */
            if (t != peak && may_be_peak(c, peak, t) && (step == peak || step == t))
                none.error = fabs(d.value) + d.error;
        if (step != peak)
            return none;
        d.error += none.error;
        return d;
    }
    bug("read-out %d", (int)node->readout);
}

void pass_readout(struct reference *r, const struct node *node)
{
    const struct node *to = node->input[0];
    const struct values *delta = &r->delta[node->index];

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < node->size; i++) {
            struct course c = course_of(r, to, &r->value[to->index], s, i);
            int64_t at = s * node->size + i;
            struct number d = {delta->at[at], delta->error[at], 0, 0};
            for (int64_t t = 0; t < c.steps; t++) {
                struct number part = share_of(node, &c, t, d);
                values_add(&r->delta[to->index], c.first + t * c.stride, part.value, part.error);
            }
        }
}
