/* Values, states and assignments of random rules, in every space. What a phase may read and where a
 * value may be used is kept, so that all of them are valid. */
#include "random_rule.h"

#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

const char *const space_names[] = {"synapse", "kernel", "neuron", "input", "layer"};

static bool within(enum in a, enum in of)
{
    return a == of || a == LAYER || of == SYNAPSE || (of == KERNEL && a != SYNAPSE);
}

void know(struct rule_text *t, const char *name, enum in space, bool is_state)
{
    if (t->count < MOST)
        t->known[t->count++] = (struct known){name, space, is_state};
}

const char *fresh(struct rule_text *t)
{
    return format(t->r, "v%d", ++t->names);
}

const char *value_in(struct rule_text *t, enum in space, int depth)
{
    const char *names[MOST];
    int count = 0;

    for (int i = 0; i < t->count; i++)
        if (within(t->known[i].space, space))
            names[count++] = t->known[i].name;
    if (chance(t->r, 10))
        names[count++] = chance(t->r, 50) ? "progress" : "period";
    if (count == 0)
        return format(t->r, "%.3g", between(t->r, 0.1, 1));
    return bounded(t->r, names, count, depth);
}

const char *name_of(struct rule_text *t, enum in space)
{
    const char *found = NULL;
    int seen = 0;

    for (int i = 0; i < t->count; i++)
        if (t->known[i].space == space && below(t->r, ++seen) == 0)
            found = t->known[i].name;
    return found;
}

const char *condition_in(struct rule_text *t, enum in space)
{
    const char *name = name_of(t, space);
    const char *op = chance(t->r, 50) ? ">" : "<";

    if (!name || chance(t->r, 30))
        return format(t->r, "%s %s %.3g", value_in(t, space, 1), op, between(t->r, -0.3, 0.6));
    if (chance(t->r, 30))
        return format(t->r, "abs(%s) %s %.3g or %s > 0.93", name, op, between(t->r, 0.1, 0.8),
                      value_in(t, space, 0));
    return format(t->r, "%s %s %.3g", name, op, between(t->r, -0.4, 0.7));
}

/* --------------------------------------------------------------------- reductions */

static const char *reduction_call(struct random *r, const char *x)
{
    static const char *const plain[] = {"sum", "mean", "min", "max", "rms"};

    switch (below(r, 4)) {
    case 0:
        return format(r, "quantile(%s, %.2g)", x, between(r, 0, 1));
    case 1:
        return format(r, "count(%s > %.2g)", x, between(r, -0.3, 0.3));
    default:
        return format(r, "%s(%s)", pick(r, plain, COUNT(plain)), x);
    }
}

/* Of something wider; NULL where nothing is. */
static const char *reduction_to(struct rule_text *t, enum in to)
{
    enum in from = (enum in)below(t->r, SPACES);
    const char *name = name_of(t, from), *x;

    if (from == to || !within(to, from) || !name)
        return NULL;
    x = chance(t->r, 50) ? format(t->r, "abs(%s)", name)
                         : format(t->r, "%s * (%s)", name, value_in(t, from, 1));
    return reduction_call(t->r, x);
}

/* What is drawn, or chosen from a value of the space; NULL where there is none. */
static const char *choice_in(struct rule_text *t, enum in space)
{
    const char *name = name_of(t, space);

    switch (below(t->r, 3)) {
    case 0:
        return "random()";
    case 1:
        return name ? format(t->r, "lowest(%s, %.2g)", name, between(t->r, 0.1, 0.9)) : NULL;
    default:
        return name ? format(t->r, "shuffled(%s)", name) : NULL;
    }
}

void declare_value(struct rule_text *t)
{
    enum in space = t->in_modulate ? (chance(t->r, 60) ? NEURON : LAYER) : (enum in)below(t->r, 5);
    const char *name = fresh(t), *value = NULL;

    for (int i = 0; i < 6 && !value; i++)
        value = chance(t->r, 80) ? reduction_to(t, space) : NULL;
    if (!value && space != LAYER && chance(t->r, 50))
        value = choice_in(t, space);
    if (!value)
        value = value_in(t, space, 1 + below(t->r, 2));
    text_printf(&t->r->out, "%s%s %s = %s;\n", t->indent, space_names[space], name, value);
    know(t, name, space, false);
}

/* -------------------------------------------------------------------- assignments */

const struct known *some_state(struct rule_text *t)
{
    const struct known *found = NULL;
    int seen = 0;

    for (int i = 0; i < t->count; i++)
        if (t->known[i].is_state && below(t->r, ++seen) == 0)
            found = &t->known[i];
    return found;
}

void assign_known(struct rule_text *t, const struct known *k)
{
    const char *value = value_in(t, k->space, 1 + below(t->r, 2)), *n = k->name;

    switch (below(t->r, 5)) {
    case 0:
        text_printf(&t->r->out, "%s%s *= %.2g;\n", t->indent, n, between(t->r, 0.3, 0.9));
        return;
    case 1:
        text_printf(&t->r->out, "%s%s += 0.4 * (%s) - 0.3 * %s;\n", t->indent, n, value, n);
        return;
    case 2:
        text_printf(&t->r->out, "%s%s = %s ? %s + 1 : 0;\n", t->indent, n,
                    condition_in(t, k->space), n);
        return;
    default:
        text_printf(&t->r->out, "%s%s = %s;\n", t->indent, n, value);
    }
}

static void assign_weight(struct rule_text *t)
{
    if (chance(t->r, 40))
        text_printf(&t->r->out, "%sw *= %.2g;\n", t->indent, between(t->r, 0.7, 0.99));
    else if (chance(t->r, 50))
        text_printf(&t->r->out, "%sw = clamp(w, -%.2g, %.2g);\n", t->indent,
                    between(t->r, 0.1, 0.5), between(t->r, 0.1, 0.5));
    else
        text_printf(&t->r->out, "%sw += 0.05 * (%s);\n", t->indent, value_in(t, SYNAPSE, 1));
}

void assign_some(struct rule_text *t, bool adapt)
{
    const struct known *k = some_state(t);

    if (!k || (adapt && chance(t->r, 25)))
        assign_weight(t);
    else
        assign_known(t, k);
}

/* Where the condition has one value a place, all that is assigned has as many or more. */
void write_condition(struct rule_text *t)
{
    const struct known *k = some_state(t);
    const char *was = t->indent;

    if (!k)
        return;
    text_printf(&t->r->out, "%sif (%s) {\n", was, condition_in(t, k->space));
    t->indent = format(t->r, "%s    ", was);
    assign_known(t, k);
    if (k->space == SYNAPSE && chance(t->r, 40))
        text_printf(&t->r->out, "%s%s = %s ? -%s : %s;\n", t->indent, k->name,
                    condition_in(t, SYNAPSE), k->name, k->name);
    if (chance(t->r, 60)) {
        text_printf(&t->r->out, "%s} else {\n", was);
        assign_known(t, k);
    }
    text_printf(&t->r->out, "%s}\n", was);
    t->indent = was;
}
