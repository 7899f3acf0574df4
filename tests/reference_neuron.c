/* Neurons in the reference interpreter: one element after the other runs the statements of its
 * neuron, and on the way back the errors of what a step leaves go to what it found, by
 * forward-mode derivatives within the step. */
#include "reference_node.h"

#include <math.h>
#include <string.h>

enum { MOST_NAMES = 128, MOST_STATES = 16 };

/* The names of one element at one step: x, states, learnables, run scalars, then locals. */
struct frame {
    struct binding at[MOST_NAMES];
    int count;
};

struct outcome {
    struct number emit, next[MOST_STATES];
};

/* ---------------------------------------------------------- without what only slopes need */

static struct expr *bare_expr(void *arena, struct expr *e)
{
    struct expr *bare = expr_map(arena, e, bare_expr, arena);

    if (e->kind == E_CALL && !strcmp(e->name, "detach"))
        return bare->arg[0];
    if (e->kind == E_CALL && !strcmp(e->name, "fire"))
        return expr_binary(arena, e->loc, E_GT, bare->arg[0], expr_number(arena, e->loc, 0));
    return bare;
}

/* The same values, whose slopes are how they follow what enters: what `detach` holds follows too,
 * and spikes do not. */
static struct neuron *bare_neuron(struct arena *arena, const struct neuron *from)
{
    struct neuron *to = NEW(arena, struct neuron);

    *to = *from;
    to->state = NEW_ARRAY(arena, from->states + 1, struct neuron_state);
    to->local = NEW_ARRAY(arena, from->locals + 1, struct neuron_local);
    for (int s = 0; s < from->states; s++) {
        to->state[s] = from->state[s];
        to->state[s].next = bare_expr(arena, from->state[s].next);
    }
    for (int i = 0; i < from->locals; i++) {
        to->local[i] = from->local[i];
        to->local[i].value = bare_expr(arena, from->local[i].value);
    }
    to->emit = bare_expr(arena, from->emit);
    return to;
}

void prepare_neuron(struct reference *r, const struct node *node)
{
    const struct neuron *neuron = node->neuron;
    int k = node->index;

    if (neuron->states > MOST_STATES ||
        1 + neuron->states + neuron->learnables + RUN_SCALARS + neuron->locals > MOST_NAMES)
        bug("neuron '%s' has too many names", neuron->name);
    r->bare[k] = bare_neuron(r->arena, neuron);
    r->neuron_state[k] = NEW_ARRAY(r->arena, neuron->states + 1, struct values);
    r->neuron_carried[k] = NEW_ARRAY(r->arena, neuron->states + 1, struct values);
    for (int s = 0; s < neuron->states; s++) {
        r->neuron_state[k][s] = values_new(r->arena, r->value[k].size);
        r->neuron_carried[k][s] = values_new(r->arena, r->net->batch * node->size);
    }
}

/* ------------------------------------------------------------------------ one step */

static struct number number_at(const struct values *v, int64_t at)
{
    return (struct number){v->at[at], v->error[at], 0, 0};
}

static int64_t learnable_index(const struct node *node, int learnable, int64_t element)
{
    const struct param *param = node->neuron->learnable[learnable].param;

    return shape_size(&param->shape) == 1 ? 0 : element / (node->size / reference_channels(node));
}

static struct number learnable_at(const struct reference *r, const struct node *node, int learnable,
                                  int64_t element)
{
    const struct param *param = node->neuron->learnable[learnable].param;

    return number_at(&r->param[param->index], learnable_index(node, learnable, element));
}

/* Learnables and run scalars behind what is there. */
static void bind_constants(const struct reference *r, const struct node *node, int64_t element,
                           struct frame *f)
{
    for (int i = 0; i < node->neuron->learnables; i++)
        f->at[f->count++] =
            (struct binding){node->neuron->learnable[i].name, learnable_at(r, node, i, element)};
    reference_scalars(r, f->at + f->count);
    f->count += RUN_SCALARS;
}

/* An element of a row of the node at a step; what enters lies in rows of the same size. */
static void bind_step(const struct reference *r, const struct node *node, int64_t step,
                      int64_t sample, int64_t element, struct frame *f)
{
    const struct node *from = node->input[0];
    int64_t at = reference_row(r, node, step, sample) + element;

    f->count = 0;
    f->at[f->count++] = (struct binding){
        intern(r->arena, "x"),
        number_at(&r->value[from->index], reference_row(r, from, step, sample) + element)};
    for (int s = 0; s < node->neuron->states; s++)
        f->at[f->count++] = (struct binding){node->neuron->state[s].name,
                                             number_at(&r->neuron_state[node->index][s], at)};
    bind_constants(r, node, element, f);
}

static struct outcome take(const struct neuron *neuron, const struct frame *before)
{
    struct frame f = *before;
    struct outcome o;

    for (int i = 0; i < neuron->locals; i++) {
        struct number value = number_evaluate(neuron->local[i].value, f.at, f.count);
        f.at[f.count++] = (struct binding){neuron->local[i].name, value};
    }
    o.emit = number_evaluate(neuron->emit, f.at, f.count);
    for (int s = 0; s < neuron->states; s++)
        o.next[s] = number_evaluate(neuron->state[s].next, f.at, f.count);
    return o;
}

/* ------------------------------------------------------------------------- forward */

static bool is_small(struct number n)
{
    return n.error <= 1e-3 * (1 + fabs(n.value));
}

static double follow(double error, struct number by)
{
    return hypot(error, by.slope);
}

/* Errors as they follow from those of x and the states, each counted once however often the
 * statements name it: else they would grow from step to step, even of a state that leaks. */
static void follow_errors(const struct neuron *bare, const struct frame *f, struct outcome *o)
{
    struct frame without = *f;
    struct outcome here;

    for (int i = 0; i <= bare->states; i++)
        without.at[i].value.error = 0;
    here = take(bare, &without);
    o->emit.error = here.emit.error;
    for (int s = 0; s < bare->states; s++)
        o->next[s].error = here.next[s].error;
    for (int i = 0; i <= bare->states; i++) {
        without.at[i].value.slope = f->at[i].value.error;
        here = take(bare, &without);
        without.at[i].value.slope = 0;
        o->emit.error = follow(o->emit.error, here.emit);
        for (int s = 0; s < bare->states; s++)
            o->next[s].error = follow(o->next[s].error, here.next[s]);
    }
}

/* Where rounding could turn nothing. */
static struct outcome run_element(const struct reference *r, const struct node *node,
                                  const struct frame *f)
{
    unsigned long undecided = number_undecided;
    struct outcome o = take(node->neuron, f);
    bool small = true;

    for (int i = 0; i <= node->neuron->states; i++)
        small = small && is_small(f->at[i].value);
    if (small && undecided == number_undecided)
        follow_errors(r->bare[node->index], f, &o);
    return o;
}

static void start_states(struct reference *r, const struct node *node)
{
    for (int64_t i = 0; i < (int64_t)r->n * node->size; i++) {
        struct frame f = {.count = 0};
        bind_constants(r, node, i % node->size, &f);
        for (int s = 0; s < node->neuron->states; s++)
            values_set_number(&r->neuron_state[node->index][s], i,
                              number_evaluate(node->neuron->state[s].initial, f.at, f.count));
    }
}

void run_neuron(struct reference *r, const struct node *node, int64_t step)
{
    int64_t all = (int64_t)r->n * node->size;

    if (step == 0)
        start_states(r, node);
    for (int64_t i = 0; i < all; i++) {
        struct frame f;
        struct outcome o;
        bind_step(r, node, step, i / node->size, i % node->size, &f);
        o = run_element(r, node, &f);
        values_set_number(&r->value[node->index], step * all + i, o.emit);
        for (int s = 0; s < node->neuron->states && step + 1 < reference_steps(r, node); s++)
            values_set_number(&r->neuron_state[node->index][s], (step + 1) * all + i, o.next[s]);
    }
}

/* ------------------------------------------------------------------------ backward */

/* The errors of all that a step leaves, times how it follows the name that has slope 1. */
static struct number gather_error(const struct reference *r, const struct node *node,
                                  const struct frame *f, int64_t element, struct number at_emit)
{
    struct outcome o = take(node->neuron, f);
    struct dot dot = {0, 0, 0, 0, 0};

    dot_add(&dot, o.emit.slope, o.emit.slope_error, at_emit.value, at_emit.error);
    for (int s = 0; s < node->neuron->states; s++) {
        const struct values *carried = &r->neuron_carried[node->index][s];
        dot_add(&dot, o.next[s].slope, o.next[s].slope_error, carried->at[element],
                carried->error[element]);
    }
    return (struct number){dot.sum, dot_error(&dot), 0, 0};
}

static void add_learnable(struct reference *r, const struct node *node, int learnable,
                          int64_t element, struct number d)
{
    int param = node->neuron->learnable[learnable].param->index;

    values_add(&r->gradient[param], learnable_index(node, learnable, element % node->size), d.value,
               d.error);
}

/* What the first step found was computed from learnables. */
static void pass_initial(struct reference *r, const struct node *node, int64_t element)
{
    const struct neuron *neuron = node->neuron;

    for (int i = 0; i < neuron->learnables; i++) {
        struct frame f = {.count = 0};
        struct dot dot = {0, 0, 0, 0, 0};
        bind_constants(r, node, element % node->size, &f);
        f.at[i].value.slope = 1;
        for (int s = 0; s < neuron->states; s++) {
            const struct values *carried = &r->neuron_carried[node->index][s];
            struct number first = number_evaluate(neuron->state[s].initial, f.at, f.count);
            dot_add(&dot, first.slope, first.slope_error, carried->at[element],
                    carried->error[element]);
        }
        add_learnable(r, node, i, element, (struct number){dot.sum, dot_error(&dot), 0, 0});
    }
}

/* `element` counts over the rows of the node at one step. */
static void pass_element(struct reference *r, const struct node *node, int64_t step,
                         int64_t element)
{
    const struct neuron *neuron = node->neuron;
    const struct node *to = node->input[0];
    int64_t sample = element / node->size, i = element % node->size;
    struct number at_emit =
        number_at(&r->delta[node->index], reference_row(r, node, step, sample) + i);
    struct number found[MOST_NAMES];
    struct frame f;
    int names = 1 + neuron->states + neuron->learnables;

    bind_step(r, node, step, sample, i, &f);
    for (int k = 0; k < names; k++) {
        f.at[k].value.slope = 1;
        found[k] = gather_error(r, node, &f, element, at_emit);
        f.at[k].value.slope = 0;
    }
    values_add(&r->delta[to->index], reference_row(r, to, step, sample) + i, found[0].value,
               found[0].error);
    for (int s = 0; s < neuron->states; s++)
        values_set_number(&r->neuron_carried[node->index][s], element, found[1 + s]);
    for (int k = 0; k < neuron->learnables; k++)
        add_learnable(r, node, k, element, found[1 + neuron->states + k]);
}

void pass_neuron(struct reference *r, const struct node *node, int64_t step)
{
    int64_t all = (int64_t)r->n * node->size;

    for (int s = 0; s < node->neuron->states && step == reference_steps(r, node) - 1; s++)
        for (int64_t i = 0; i < all; i++)
            values_set(&r->neuron_carried[node->index][s], i, 0, 0);
    for (int64_t i = 0; i < all; i++) {
        pass_element(r, node, step, i);
        if (step == 0)
            pass_initial(r, node, i);
    }
}
