/* What rules compute from many places or many samples: reductions, the lowest of a layer, its
 * values in another order, sums over the batch. */
#include "reference_rule.h"

#include <math.h>
#include <plast.h>
#include <stdlib.h>
#include <string.h>

struct ranked { /* one place's value, for sorting */
    double value, error;
    int64_t index;
    bool dead;
};

struct ranks { /* floor(q n), where rounding allows several: from least to most */
    int64_t least, most;
};

/* --------------------------------------------------------------------- the share */

static int64_t within(double count, int64_t n)
{
    return count < 0 || isnan(count) ? 0 : count > (double)n ? n : (int64_t)count;
}

/* A share that is a number of the text may be multiplied in doubles or in floats. */
static struct ranks count_share(const struct rule_stmt *s, struct formula *q, struct place p,
                                int64_t n)
{
    struct number share = formula_at(q, p);
    double product = share.value * (double)n, reach = NUMBER_SAFETY * share.error * (double)n;
    double other = (double)((float)share.value * (float)n);

    if (s->q->kind != E_NUMBER && share.error > 0)
        return (struct ranks){within(floor(product - reach), n), within(floor(product + reach), n)};
    product = floor(product);
    other = floor(other);
    return (struct ranks){within(fmin(product, other), n), within(fmax(product, other), n)};
}

/* ------------------------------------------------------------------------ sorting */

/* Equal values: the dead first, then the lower index. */
static int compare_ranked(const void *one, const void *other)
{
    const struct ranked *a = one, *b = other;

    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    if (a->dead != b->dead)
        return a->dead ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

static bool may_swap(const struct ranked *a, const struct ranked *b)
{
    double error = a->error + b->error;

    return error > 0 && fabs(a->value - b->value) <= NUMBER_SAFETY * error;
}

static bool is_dead(const struct rule_context *c, enum space space, struct place p)
{
    const struct values *mask = space == SPACE_NEURON ? &c->r->alive_neuron[c->a->layer]
                                                      : &c->r->alive[c->a->on->node->weight->index];

    if (space == SPACE_KERNEL)
        return kernel_is_dead(c->r, c->a, p.kernel);
    return space != SPACE_INPUT && mask->at[p.index] == 0;
}

/* --------------------------------------------------------------------- reductions */

/* The values that one place of the target is made of. */
struct group {
    struct ranked *at;
    int64_t count;
};

static bool belongs(enum space to, struct place part, struct place whole)
{
    switch (to) {
    case SPACE_NEURON:
        return part.row == whole.row;
    case SPACE_INPUT:
        return part.column == whole.column;
    case SPACE_KERNEL:
        return part.kernel == whole.kernel;
    case SPACE_LAYER:
        return true;
    case SPACE_SYNAPSE:
    case SPACE_NONE:
        break;
    }
    bug("a reduction to space %d", (int)to);
}

static struct group gather(struct rule_context *c, const struct rule_stmt *s, struct formula *value,
                           struct place whole)
{
    int64_t all = reference_places(c->a, s->from);
    struct group g = {calloc((size_t)all, sizeof *g.at), 0};

    if (!g.at)
        bug("no memory for %lld values", (long long)all);
    for (int64_t i = 0; i < all; i++) {
        struct place part = place_of(c->a, s->from, i);
        struct number n;
        if (!belongs(s->space, part, whole))
            continue;
        n = formula_at(value, part);
        g.at[g.count++] = (struct ranked){n.value, n.error, i, is_dead(c, s->from, part)};
    }
    return g;
}

static struct number add_up(const struct group *g, bool squares)
{
    struct dot dot = {0, 0, 0, 0, 0};

    for (int64_t i = 0; i < g->count; i++) {
        double b = squares ? g->at[i].value : 1, b_error = squares ? g->at[i].error : 0;
        dot_add(&dot, g->at[i].value, g->at[i].error, b, b_error);
        if (squares) /* the two factors are one number: their errors are too */
            dot.error_squares += 2 * pow(g->at[i].value * g->at[i].error, 2);
    }
    return (struct number){dot.sum, dot_error(&dot), 0, 0};
}

static struct number divide_by(struct number a, double count)
{
    a.value /= count;
    a.error = a.error / count + NUMBER_ROUNDING * fabs(a.value);
    return a;
}

static struct number root_of(struct number a)
{
    double root = sqrt(a.value), low = sqrt(fmax(0, a.value - a.error));

    a.error = fmax(sqrt(a.value + a.error) - root, root - low) + NUMBER_ROUNDING * root;
    a.value = root;
    return a;
}

static struct number count_of(const struct group *g)
{
    struct number r = {0, 0, 0, 0};

    for (int64_t i = 0; i < g->count; i++) {
        bool unsure;
        r.value += number_true((struct number){g->at[i].value, g->at[i].error, 0, 0}, &unsure);
        r.error += unsure;
    }
    return r;
}

/* The element of this rank, and how far off the one a float program finds there may be. */
static struct number at_rank(struct group *g, struct ranks ranks)
{
    struct number r;
    int64_t last = g->count - 1, k = ranks.least < last ? ranks.least : last;
    int64_t other = ranks.most < last ? ranks.most : last;

    qsort(g->at, (size_t)g->count, sizeof *g->at, compare_ranked);
    r = (struct number){g->at[k].value, g->at[k].error, 0, 0};
    for (int64_t i = 0; i < g->count; i++)
        if (may_swap(&g->at[i], &g->at[k]))
            r.error = fmax(r.error, g->at[i].error);
    r.error += g->at[other].value - g->at[k].value;
    return r;
}

static struct number reduce(struct rule_context *c, const struct rule_stmt *s, struct group *g,
                            struct place whole)
{
    struct formula q;
    double n = (double)g->count;

    switch (s->reduction) {
    case REDUCE_SUM:
        return add_up(g, false);
    case REDUCE_MEAN:
        return divide_by(add_up(g, false), n);
    case REDUCE_RMS:
        return root_of(divide_by(add_up(g, true), n));
    case REDUCE_COUNT:
        return count_of(g);
    case REDUCE_MIN:
        return at_rank(g, (struct ranks){0, 0});
    case REDUCE_MAX:
        return at_rank(g, (struct ranks){g->count - 1, g->count - 1});
    case REDUCE_QUANTILE:
        formula_new(&q, c, s->q, 0);
        return at_rank(g, count_share(s, &q, whole, g->count));
    }
    bug("reduction %d", (int)s->reduction);
}

void run_reduce(struct rule_context *c, const struct rule_stmt *s)
{
    struct values *target = target_values(c, s->target);
    struct formula value;

    formula_new(&value, c, s->value, 0);
    for (int64_t i = 0; i < reference_places(c->a, s->space); i++) {
        struct place whole = place_of(c->a, s->space, i);
        struct group g = gather(c, s, &value, whole);
        values_set_number(target, i, reduce(c, s, &g, whole));
        free(g.at);
    }
}

/* ------------------------------------------------------------------------- lowest */

void run_lowest(struct rule_context *c, const struct rule_stmt *s)
{
    struct values *target = target_values(c, s->target);
    struct rule_stmt all = {.space = SPACE_LAYER, .from = s->space};
    struct place layer = place_of(c->a, SPACE_LAYER, 0);
    struct formula value, q;
    struct group g;
    struct ranks ranks;

    formula_new(&value, c, s->value, 0);
    formula_new(&q, c, s->q, 0);
    g = gather(c, &all, &value, layer);
    ranks = count_share(s, &q, layer, g.count);
    qsort(g.at, (size_t)g.count, sizeof *g.at, compare_ranked);
    for (int64_t k = 0; k < g.count; k++) {
        const struct ranked *first_out =
            k < ranks.least && ranks.least < g.count ? &g.at[ranks.least] : NULL;
        const struct ranked *last_in =
            k >= ranks.most && ranks.most > 0 ? &g.at[ranks.most - 1] : NULL;
        bool unsure = (first_out && may_swap(&g.at[k], first_out)) ||
                      (last_in && may_swap(&g.at[k], last_in)) ||
                      (k >= ranks.least && k < ranks.most);
        values_set(target, g.at[k].index, k < ranks.least, unsure);
    }
    free(g.at);
}

/* ----------------------------------------------------------------------- shuffled */

/* From the last of the live to the second, each changes places with one drawn from those before it
 * and itself. */
void run_shuffled(struct rule_context *c, const struct rule_stmt *s)
{
    struct values *target = target_values(c, s->target);
    struct rule_stmt all = {.space = SPACE_LAYER, .from = s->space};
    uint64_t key = random_key(c, s);
    int64_t *live, count = 0;
    struct formula value;
    struct group g;

    formula_new(&value, c, s->value, 0);
    g = gather(c, &all, &value, place_of(c->a, SPACE_LAYER, 0));
    live = calloc((size_t)g.count + 1, sizeof *live);
    if (!live)
        bug("no memory for %lld places", (long long)g.count);
    for (int64_t i = 0; i < g.count; i++)
        if (!g.at[i].dead)
            live[count++] = i;
    for (uint32_t i = (uint32_t)count; i-- > 1;) {
        uint64_t draw = (uint64_t)plast_bits(key, 2 * i) << 32 | plast_bits(key, 2 * i + 1);
        struct ranked *one = &g.at[live[i]], *other = &g.at[live[draw % (i + 1)]], kept = *one;
        *one = *other;
        *other = kept;
    }
    for (int64_t i = 0; i < g.count; i++)
        values_set(target, i, g.at[i].value, g.at[i].error);
    free(live);
    free(g.at);
}

/* -------------------------------------------------------------------------- batch */

static struct number side_at(struct formula *f, struct expr *e, struct place p)
{
    return e ? formula_at(f, p) : number_exact(1);
}

static void add_samples(struct rule_context *c, const struct rule_stmt *s, struct dot *sum)
{
    struct formula neuron, input;

    for (int64_t n = 0; n < (int64_t)c->r->n; n++) {
        if (s->neuron_side)
            formula_new(&neuron, c, s->neuron_side, n);
        if (s->input_side)
            formula_new(&input, c, s->input_side, n);
        for (int64_t i = 0; i < reference_places(c->a, s->space); i++) {
            struct place p = place_of(c->a, s->space, i);
            struct number a = side_at(&neuron, s->neuron_side, p);
            struct number b = side_at(&input, s->input_side, p);
            dot_add(&sum[i], a.value, a.error, b.value, b.error);
        }
    }
}

void run_batch(struct rule_context *c, const struct rule_stmt *s)
{
    const struct node *in = c->a->on->node->input[0], *neurons = c->a->on->layer->neurons;
    int64_t places = reference_places(c->a, s->space);
    int64_t steps = reference_steps(c->r, in->timed ? in : neurons);
    struct values *target = target_values(c, s->target);
    struct dot *sum = calloc((size_t)places, sizeof *sum);

    if (!sum)
        bug("no memory for %lld sums", (long long)places);
    for (c->step = 0; c->step < steps; c->step++)
        add_samples(c, s, sum);
    c->step = 0;
    for (int64_t i = 0; i < places; i++) {
        struct number total = {sum[i].sum, dot_error(&sum[i]), 0, 0};
        double by = (s->mean ? (double)c->r->n : 1) * (double)steps;
        values_set_number(target, i, by > 1 ? divide_by(total, by) : total);
    }
    free(sum);
}
