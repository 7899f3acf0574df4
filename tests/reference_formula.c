/* Expressions of rules in the reference interpreter: names are found in their spaces, and values
 * of narrower spaces are broadcast. */
#include "reference_rule.h"

#include <math.h>
#include <string.h>

static const struct layer *layer_of(const struct rule_context *c)
{
    return c->a->on->layer;
}

/* Input units or channels that one neuron reads: of a convolution in groups, those of its own. */
static int64_t inputs_of(const struct attachment *a)
{
    return a->on->node->weight->shape.dim[1];
}

int64_t reference_places(const struct attachment *a, enum space space)
{
    int64_t rows = reference_channels(a->on->node);

    switch (space) {
    case SPACE_SYNAPSE:
        return shape_size(&a->on->node->weight->shape);
    case SPACE_KERNEL:
        return rows * inputs_of(a);
    case SPACE_NEURON:
        return rows;
    case SPACE_INPUT:
        return columns_of(a->on->node);
    case SPACE_LAYER:
    case SPACE_NONE:
        return 1;
    }
    bug("space %d", (int)space);
}

static struct place place_in_kernel(const struct attachment *a, int64_t index, int64_t kernel)
{
    int64_t each = inputs_of(a), row = kernel / each;
    int64_t groups = columns_of(a->on->node) / each,
            group = row / (reference_channels(a->on->node) / groups);

    return (struct place){index, row, group * each + kernel % each, kernel};
}

struct place place_of(const struct attachment *a, enum space space, int64_t index)
{
    int64_t synapses = reference_places(a, SPACE_SYNAPSE) / reference_places(a, SPACE_KERNEL);

    switch (space) {
    case SPACE_SYNAPSE:
        return place_in_kernel(a, index, index / synapses);
    case SPACE_KERNEL:
        return place_in_kernel(a, index, index);
    case SPACE_NEURON:
        return (struct place){index, index, 0, 0};
    case SPACE_INPUT:
        return (struct place){index, 0, index, 0};
    case SPACE_LAYER:
    case SPACE_NONE:
        return (struct place){0, 0, 0, 0};
    }
    bug("space %d", (int)space);
}

static int64_t index_in(enum space space, struct place p)
{
    switch (space) {
    case SPACE_SYNAPSE:
        return p.index;
    case SPACE_KERNEL:
        return p.kernel;
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

/* Of one sample at a time step, a value for each of `places`: the sum over what belongs to it. */
static struct operand sample_of(const struct rule_context *c, const struct values *of_nodes,
                                const struct node *node, int64_t sample, enum space space)
{
    const struct values *v = &of_nodes[node->index];
    int64_t places = reference_places(c->a, space), area = node->size / places;
    int64_t row = reference_row(c->r, node, c->step, sample);
    struct values sum = {0, v->at + row, v->error + row};

    for (int64_t i = 0; area > 1 && i < places; i++) {
        struct dot dot = {0, 0, 0, 0, 0};
        if (i == 0)
            sum = values_new(c->r->arena, places);
        for (int64_t k = row + i * area; k < row + (i + 1) * area; k++)
            dot_add(&dot, v->at[k], v->error[k], 1, 0);
        values_set(&sum, i, dot.sum, dot_error(&dot));
    }
    return all_of(&sum, space);
}

static bool find_sample(const struct rule_context *c, const char *name, int64_t sample,
                        struct operand *found)
{
    const struct node *in = c->a->on->node->input[0], *neurons = layer_of(c)->neurons;
    struct reference *r = c->r;

    if (!strcmp(name, "pre"))
        *found = sample_of(c, r->value, in, sample, SPACE_INPUT);
    else if (!strcmp(name, "post"))
        *found = sample_of(c, r->value, neurons, sample, SPACE_NEURON);
    else if (!strcmp(name, "error"))
        *found = sample_of(c, r->delta, neurons, sample, SPACE_NEURON);
    else
        return false;
    return true;
}

/* ------------------------------------------------------------------------- traces */

/* decay * trace + signal over the steps, at last divided by their number. */
static struct operand trace_over_time(const struct rule_context *c, const struct node *node,
                                      int64_t sample, enum space space, double decay)
{
    struct rule_context at = *c;
    struct values trace = values_new(c->r->arena, reference_places(c->a, space));
    int64_t steps = reference_steps(c->r, node);

    for (at.step = 0; at.step < steps; at.step++) {
        struct operand now = sample_of(&at, c->r->value, node, sample, space);
        for (int64_t i = 0; i < trace.size; i++) {
            struct dot dot = {0, 0, 0, 0, 0};
            dot_add(&dot, now.at[i], now.error[i], 1, 0);
            dot_add(&dot, decay, NUMBER_ROUNDING * decay, trace.at[i], trace.error[i]);
            values_set(&trace, i, dot.sum, dot_error(&dot));
        }
    }
    for (int64_t i = 0; i < trace.size; i++) {
        double mean = trace.at[i] / (double)steps;
        values_set(&trace, i, mean, trace.error[i] / (double)steps + NUMBER_ROUNDING * fabs(mean));
    }
    return all_of(&trace, space);
}

/* Of what has no time axis a trace is what is traced: of `pre` itself, of `post` what enters the
 * last activation. */
static struct operand trace_of(const struct rule_context *c, const struct expr *call,
                               int64_t sample)
{
    bool is_pre = !strcmp(call->arg[0]->name, "pre");
    enum space space = is_pre ? SPACE_INPUT : SPACE_NEURON;
    const struct node *node = is_pre ? c->a->on->node->input[0] : layer_of(c)->neurons;

    if (node->timed)
        return trace_over_time(c, node, sample, space, call->arg[1]->number);
    return sample_of(c, c->r->value, is_pre ? node : before_activation(node), sample, space);
}

/* ------------------------------------------------------------------------- values */

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

struct tracing { /* traces become names, whose values are operands */
    struct formula *f;
    const struct rule_context *c;
    int64_t sample;
};

static struct expr *name_traces(void *context, struct expr *e)
{
    const struct tracing *t = context;
    struct arena *arena = t->c->r->arena;
    const char *name;

    if (e->kind != E_CALL || strcmp(e->name, "trace") != 0)
        return expr_map(arena, e, name_traces, context);
    name =
        intern(arena, arena_format(arena, "trace(%s, %.17g)", e->arg[0]->name, e->arg[1]->number));
    add_operand(t->f, name, trace_of(t->c, e, t->sample));
    return expr_name(arena, e->loc, name);
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
    struct tracing tracing = {f, c, sample};

    f->operands = 0;
    f->e = name_traces(&tracing, e);
    find_operands(f, c, f->e, sample);
    reference_scalars(c->r, f->binding + f->operands);
    f->count = f->operands + RUN_SCALARS;
    f->binding[f->count++] =
        (struct binding){intern(arena, "period"), number_exact((double)c->a->adapted)};
}

void formula_bind(struct formula *f, const char *name, const double *at, const double *error)
{
    for (int i = 0; i < f->operands; i++)
        if (!strcmp(f->binding[i].name, name))
            f->operand[i] = (struct operand){at, error, SPACE_LAYER};
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
