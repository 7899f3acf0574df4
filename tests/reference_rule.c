/* The phases of rules in the reference interpreter: which attachments act in a step or at an
 * epoch's end, and their statements one after the other. */
#include "reference_rule.h"

#include <plast.h>
#include <string.h>

void make_attachments(struct reference *r)
{
    const struct net *net = r->net;

    for (int k = 0; k < net->rule_count; k++)
        for (int i = 0; i < net->rule[k]->on_count; i++) {
            struct attachment a = {
                net->rule[k], &net->rule[k]->on[i], r->attachments, 0, NULL, false, 0, 0};
            while (net->layer[a.layer] != a.on->layer)
                a.layer++;
            a.value = NEW_ARRAY(r->arena, a.rule->value_count + 1, struct values);
            for (int v = 0; v < a.rule->value_count; v++)
                a.value[v] = values_new(r->arena, reference_places(&a, a.rule->value[v].space));
            PUSH(r->arena, r->attachment, r->attachments, a);
        }
}

/* --------------------------------------------------------------------- statements */

uint64_t random_key(const struct rule_context *c, const struct rule_stmt *s)
{
    return plast_key(c->r->run.seed, PLAST_STREAM_RULE, (uint64_t)c->a->which, c->draw,
                     (uint64_t)s->stream_index);
}

static void run_random(struct rule_context *c, const struct rule_stmt *s)
{
    struct values *target = target_values(c, s->target);
    uint64_t key = random_key(c, s);

    for (int64_t i = 0; i < target->size; i++)
        values_set(target, i, (double)plast_uniform(key, (uint32_t)i), 0);
}

/* Each element of a map has an error of its own. */
static void set_errors(struct rule_context *c, const struct rule_stmt *s)
{
    const struct node *neurons = c->a->on->layer->neurons;
    struct values *delta = &c->r->delta[neurons->index];
    int64_t area = neurons->size / reference_places(c->a, SPACE_NEURON);

    for (int64_t n = 0; n < (int64_t)c->r->n; n++) {
        int64_t row = reference_row(c->r, neurons, c->step, n);
        struct formula f;
        formula_new(&f, c, s->value, n);
        for (int64_t i = row; i < row + neurons->size; i++) {
            formula_bind(&f, "error", delta->at + i, delta->error + i);
            values_set_number(delta, i,
                              formula_at(&f, place_of(c->a, SPACE_NEURON, (i - row) / area)));
        }
    }
    silence_neurons(c->r, c->a->on->layer, delta, c->step);
}

static void run_set(struct rule_context *c, const struct rule_stmt *s)
{
    struct values *target;
    struct formula f;

    if (!strcmp(s->target, "error")) {
        set_errors(c, s);
        return;
    }
    target = target_values(c, s->target);
    formula_new(&f, c, s->value, 0);
    for (int64_t i = 0; i < reference_places(c->a, s->space); i++)
        values_set_number(target, i, formula_at(&f, place_of(c->a, s->space, i)));
}

/* What dead places hold is zero at once, but of values no other phase sees, and of what grows. */
static void silence_target(struct rule_context *c, const char *target)
{
    const struct rule_value *v = rule_find_value(c->a->rule, target);

    if (!strcmp(target, "w") || !strcmp(target, "grad"))
        silence(c->r, c->a, target_values(c, target), SPACE_SYNAPSE);
    else if (v && v->stored && !c->a->rule->grows)
        silence(c->r, c->a, target_values(c, target), v->space);
}

static void run_list(struct rule_context *, const struct rule_stmt *);

static void run_if(struct rule_context *c, const struct rule_stmt *s)
{
    struct formula f;
    bool unsure, is;

    formula_new(&f, c, s->value, 0);
    is = number_true(formula_at(&f, place_of(c->a, SPACE_LAYER, 0)), &unsure);
    c->r->undecided = c->r->undecided || unsure;
    run_list(c, is ? s->then : s->other);
}

static void run_stmt(struct rule_context *c, const struct rule_stmt *s)
{
    switch (s->kind) {
    case RULE_SET:
        run_set(c, s);
        break;
    case RULE_REDUCE:
        run_reduce(c, s);
        break;
    case RULE_LOWEST:
        run_lowest(c, s);
        break;
    case RULE_SHUFFLED:
        run_shuffled(c, s);
        break;
    case RULE_RANDOM:
        run_random(c, s);
        break;
    case RULE_BATCH:
        run_batch(c, s);
        break;
    case RULE_DROP:
    case RULE_GROW:
        run_death(c, s);
        return;
    case RULE_IF:
        run_if(c, s);
        return;
    }
    silence_target(c, s->target);
}

static void run_list(struct rule_context *c, const struct rule_stmt *s)
{
    for (; s; s = s->next)
        if (c->phase != PHASE_MODULATE || (c->for_error && s->for_error) ||
            (c->for_grad && s->for_grad))
            run_stmt(c, s);
}

static void run_phase(struct rule_context *c)
{
    run_list(c, c->a->rule->phase[c->phase]);
}

/* ------------------------------------------------------------------------- phases */

static bool acts(const struct reference *r, const struct attachment *a)
{
    return a->rule->from <= r->run.epoch && r->run.epoch < a->rule->until;
}

void reference_set_up(struct reference *r)
{
    for (int k = 0; k < r->attachments; k++) {
        struct attachment *a = &r->attachment[k];
        struct rule_context c = {.r = r, .a = a, .phase = PHASE_SETUP, .draw = 0};
        if (a->set_up || !acts(r, a))
            continue;
        run_phase(&c);
        a->set_up = true;
    }
}

void modulate_error(struct reference *r, const struct node *neurons, int64_t step)
{
    silence_neurons(r, neurons->layer, &r->delta[neurons->index], step);
    for (int k = 0; k < r->attachments && !r->plain; k++) {
        struct attachment *a = &r->attachment[k];
        struct rule_context c = {.r = r,
                                 .a = a,
                                 .phase = PHASE_MODULATE,
                                 .for_error = true,
                                 .step = step,
                                 .draw = (uint64_t)r->run.step};
        if (a->on->layer->neurons == neurons && acts(r, a))
            run_phase(&c);
    }
}

void modulate_gradients(struct reference *r)
{
    const struct net *net = r->net;

    for (int p = 0; p < net->param_count; p++)
        for (int64_t i = 0; i < r->demand[p].size; i++)
            values_set(&r->demand[p], i, r->gradient[p].at[i], r->gradient[p].error[i]);
    silence_gradients(r);
    for (int k = 0; k < r->attachments && !r->plain; k++) {
        struct attachment *a = &r->attachment[k];
        struct rule_context c = {.r = r,
                                 .a = a,
                                 .phase = PHASE_MODULATE,
                                 .for_grad = true,
                                 .draw = (uint64_t)r->run.step};
        if (acts(r, a))
            run_phase(&c);
    }
}

/* Counts what the attachment has acted in, and adapts where it is due. */
static void count_and_adapt(struct reference *r, struct attachment *a)
{
    struct rule_context c = {.r = r, .a = a, .phase = PHASE_ADAPT, .draw = (uint64_t)a->adapted};

    a->acted++;
    if (!a->rule->phase[PHASE_ADAPT] || a->acted % a->rule->each != 0)
        return;
    run_phase(&c);
    a->adapted++;
}

void observe_and_adapt(struct reference *r)
{
    for (int k = 0; k < r->attachments; k++) {
        struct attachment *a = &r->attachment[k];
        struct rule_context c = {
            .r = r, .a = a, .phase = PHASE_OBSERVE, .draw = (uint64_t)r->run.step};
        if (acts(r, a))
            run_phase(&c);
    }
    for (int k = 0; k < r->attachments; k++)
        if (r->attachment[k].rule->each_steps && acts(r, &r->attachment[k]))
            count_and_adapt(r, &r->attachment[k]);
}

void reference_end_epoch(struct reference *r)
{
    for (int k = 0; k < r->attachments; k++) {
        struct attachment *a = &r->attachment[k];
        if (!a->rule->each_steps && a->set_up && acts(r, a))
            count_and_adapt(r, a);
    }
    r->run.epoch++;
}
