/* Expressions of rules in the reference interpreter: names are found in their spaces, and values
 * of narrower spaces are broadcast. */
#include "reference_rule.h"

#include <string.h>

static const struct layer *layer_of(const struct rule_context *c)
{
    return c->a->on->layer;
}

int64_t reference_places(const struct attachment *a, enum space space)
{
    int64_t rows = a->on->node->size, columns = a->on->node->input[0]->size;

    switch (space) {
    case SPACE_SYNAPSE:
    case SPACE_KERNEL:
        return rows * columns;
    case SPACE_NEURON:
        return rows;
    case SPACE_INPUT:
        return columns;
    case SPACE_LAYER:
    case SPACE_NONE:
        return 1;
    }
    bug("space %d", (int)space);
}

struct place place_of(const struct attachment *a, enum space space, int64_t index)
{
    int64_t columns = a->on->node->input[0]->size;

    switch (space) {
    case SPACE_SYNAPSE:
    case SPACE_KERNEL:
        return (struct place){index, index / columns, index % columns};
    case SPACE_NEURON:
        return (struct place){index, index, 0};
    case SPACE_INPUT:
        return (struct place){index, 0, index};
    case SPACE_LAYER:
    case SPACE_NONE:
        return (struct place){0, 0, 0};
    }
    bug("space %d", (int)space);
}

static int64_t index_in(enum space space, struct place p)
{
    switch (space) {
    case SPACE_SYNAPSE:
    case SPACE_KERNEL:
        return p.index;
    case SPACE_NEURON:
        return p.row;
    case SPACE_INPUT:
        return p.column;
    case SPACE_LAYER:
    case SPACE_NONE:
        return 0;
    }
    bug("space %d", (int)space);
}

/* -------------------------------------------------------------------------- names */

/* What enters the last activation; the neurons themselves where there is none. */
static const struct node *before_activation(const struct node *neurons)
{
    return neurons->op == N_MAP ? neurons->input[0] : neurons;
}

static struct operand all_of(const struct values *v, enum space space)
{
    return (struct operand){v->at, v->error, space};
}

static struct operand sample_of(const struct values *of_nodes, const struct node *node,
                                int64_t sample, enum space space)
{
    const struct values *v = &of_nodes[node->index];

    return (struct operand){v->at + sample * node->size, v->error + sample * node->size, space};
}

static bool find_sample(const struct rule_context *c, const char *name, int64_t sample,
                        struct operand *found)
{
    const struct node *in = c->a->on->node->input[0], *neurons = layer_of(c)->neurons;
    struct reference *r = c->r;

    if (!strcmp(name, "pre"))
        *found = sample_of(r->value, in, sample, SPACE_INPUT);
    else if (!strcmp(name, "post"))
        *found = sample_of(r->value, neurons, sample, SPACE_NEURON);
    else if (!strcmp(name, "post entering"))
        *found = sample_of(r->value, before_activation(neurons), sample, SPACE_NEURON);
    else if (!strcmp(name, "error"))
        *found = sample_of(r->delta, neurons, sample, SPACE_NEURON);
    else
        return false;
    return true;
}

static bool find_signal_values(const struct rule_context *c, const char *name,
                               struct operand *found)
{
    int weight = c->a->on->node->weight->index;
    const struct reference *r = c->r;

    if (!strcmp(name, "w"))
        *found = all_of(&r->param[weight], SPACE_SYNAPSE);
    else if (!strcmp(name, "grad"))
        *found = all_of(&r->gradient[weight], SPACE_SYNAPSE);
    else if (!strcmp(name, "alive"))
        *found = all_of(&r->alive[weight], SPACE_SYNAPSE);
    else if (!strcmp(name, "alive_neuron"))
        *found = all_of(&r->alive_neuron[c->a->layer], SPACE_NEURON);
    else if (!strcmp(name, "demand"))
        *found = all_of(&r->demand[weight], SPACE_SYNAPSE);
    else
        return false;
    return true;
}

static bool find_value(const struct rule_context *c, const char *name, struct operand *found)
{
    const struct rule *rule = c->a->rule;

    for (int i = 0; i < rule->value_count; i++)
        if (rule->value[i].name == name) {
            *found = all_of(&c->a->value[i], rule->value[i].space);
            return true;
        }
    return false;
}

struct values *target_values(struct rule_context *c, const char *name)
{
    int weight = c->a->on->node->weight->index;
    const struct rule *rule = c->a->rule;

    if (!strcmp(name, "w"))
        return &c->r->param[weight];
    if (!strcmp(name, "grad"))
        return &c->r->gradient[weight];
    for (int i = 0; i < rule->value_count; i++)
        if (rule->value[i].name == name)
            return &c->a->value[i];
    bug("'%s' is assigned in a rule and is nothing of it", name);
}

/* ----------------------------------------------------------------------- formulas */

/* In a static net a trace is what is traced: of `pre` itself, of `post` what enters the last
 * activation. */
static struct expr *untrace(void *arena, struct expr *e)
{
    if (e->kind == E_CALL && !strcmp(e->name, "trace"))
        return !strcmp(e->arg[0]->name, "pre")
                   ? e->arg[0]
                   : expr_name(arena, e->loc, intern(arena, "post entering"));
    return expr_map(arena, e, untrace, arena);
}

static void add_operand(struct formula *f, const char *name, struct operand operand)
{
    for (int i = 0; i < f->operands; i++)
        if (f->binding[i].name == name)
            return;
    if (f->operands == MOST_OPERANDS - RUN_SCALARS - 1)
        bug("more than %d names in an expression of a rule", f->operands);
    f->binding[f->operands].name = name;
    f->operand[f->operands++] = operand;
}

static void find_operands(struct formula *f, const struct rule_context *c, const struct expr *e,
                          int64_t sample)
{
    struct operand found;

    if (e->kind == E_NAME &&
        (find_sample(c, e->name, sample, &found) || find_signal_values(c, e->name, &found) ||
         find_value(c, e->name, &found)))
        add_operand(f, e->name, found);
    for (int i = 0; i < e->count; i++)
        find_operands(f, c, e->arg[i], sample);
}

void formula_new(struct formula *f, struct rule_context *c, struct expr *e, int64_t sample)
{
    struct arena *arena = c->r->arena;

    f->operands = 0;
    f->e = untrace(arena, e);
    find_operands(f, c, f->e, sample);
    reference_scalars(c->r, f->binding + f->operands);
    f->count = f->operands + RUN_SCALARS;
    f->binding[f->count++] =
        (struct binding){intern(arena, "period"), number_exact((double)c->a->adapted)};
}

struct number formula_at(struct formula *f, struct place p)
{
    for (int i = 0; i < f->operands; i++) {
        const struct operand *o = &f->operand[i];
        int64_t at = index_in(o->space, p);
        f->binding[i].value = (struct number){o->at[at], o->error[at], 0, 0};
    }
    return number_evaluate(f->e, f->binding, f->count);
}
