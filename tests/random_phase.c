/* Whole random rules: their phases, with sums over the batch, death and growth, attached to layers
 * at random periods. */
#include "random_rule.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* -------------------------------------------------------------------------- death */

static void write_death(struct rule_text *t)
{
    const char *name = fresh(t);
    struct random *r = t->r;

    t->drops = true;
    switch (below(r, 6)) {
    case 0:
    case 1:
        text_printf(&r->out, "%ssynapse %s = lowest(abs(%s), %.2g);\n%sdrop synapse when %s;\n",
                    t->indent, name, name_of(t, SYNAPSE), between(r, 0.1, 0.6), t->indent, name);
        return;
    case 2:
        text_printf(&r->out, "%sdrop synapse when abs(w) < %.2g;\n", t->indent,
                    between(r, 0.01, 0.2));
        return;
    case 3:
        text_printf(&r->out, "%sneuron %s = sum(abs(w));\n", t->indent, name);
        know(t, name, NEURON, false);
        text_printf(&r->out, "%sneuron %sl = lowest(%s, %.2g);\n%sdrop neuron when %sl;\n",
                    t->indent, name, name, between(r, 0.1, 0.5), t->indent, name);
        return;
    case 4:
        text_printf(&r->out, "%ssynapse %s = random();\n%sdrop synapse when %s < %.2g;\n",
                    t->indent, name, t->indent, name, between(r, 0.05, 0.4));
        return;
    default:
        text_printf(&r->out, "%ssynapse %s = random();\n%sgrow synapse when %s < %.2g%s;\n",
                    t->indent, name, t->indent, name, between(r, 0.2, 0.8),
                    chance(r, 50) ? " and not alive" : "");
    }
}

static void write_layer_condition(struct rule_text *t)
{
    const char *was = t->indent;
    int known = t->count;

    text_printf(&t->r->out, "%sif (%s) {\n", was,
                chance(t->r, 50) ? "period > 0" : condition_in(t, LAYER));
    t->indent = format(t->r, "%s    ", was);
    declare_value(t);
    assign_some(t, true);
    if (t->drops && chance(t->r, 50))
        write_death(t);
    t->count = known;
    text_printf(&t->r->out, "%s}\n", was);
    t->indent = was;
}

/* ------------------------------------------------------------------------- phases */

static void open_phase(struct rule_text *t, const char *name)
{
    text_printf(&t->r->out, "    %s {\n", name);
    t->indent = "        ";
}

static void close_phase(struct rule_text *t, int known)
{
    text_printf(&t->r->out, "    }\n");
    t->indent = "    ";
    t->count = known;
}

static void write_modulate(struct rule_text *t)
{
    int known = t->count;
    struct random *r = t->r;

    open_phase(t, "modulate");
    t->in_modulate = true;
    for (int i = 1 + below(r, 2); i > 0; i--)
        declare_value(t);
    if (chance(r, 70))
        text_printf(&r->out, "        error *= 1.2 + 0.5 * (%s);\n", value_in(t, NEURON, 1));
    if (chance(r, 30))
        text_printf(&r->out, "        error = clamp(error, -2, 2) + 0.01 * (%s);\n",
                    value_in(t, NEURON, 1));
    if (chance(r, 60)) {
        know(t, "grad", SYNAPSE, false);
        text_printf(&r->out, "        grad *= 1 + 0.4 * (%s);\n", value_in(t, SYNAPSE, 1));
    } else {
        text_printf(&r->out, "        grad += 0.01 * w;\n");
    }
    t->in_modulate = false;
    close_phase(t, known);
}

/* One factor of a batch's sum, from samples of this side. */
static const char *side(struct rule_text *t, enum in space)
{
    static const char *const neuron[] = {"post", "error", "trace(post, 0.5)", "post"};
    static const char *const input[] = {"pre", "trace(pre, 0.25)", "pre"};
    const char *x =
        space == NEURON ? pick(t->r, neuron, COUNT(neuron)) : pick(t->r, input, COUNT(input));

    switch (below(t->r, 4)) {
    case 0:
        return format(t->r, "abs(%s)", x);
    case 1:
        return format(t->r, "%s * (%s - %s)", x, x, value_in(t, space, 0));
    case 2:
        return format(t->r, "(%s > %.2g)", x, between(t->r, 0.1, 0.4));
    default:
        return x;
    }
}

static const char *batch_value(struct rule_text *t, enum in space)
{
    const char *callee = chance(t->r, 60) ? "batch_mean" : "batch_sum";

    if (space == NEURON || space == INPUT)
        return format(t->r, "%s(%s)", callee, side(t, space));
    return format(t->r, "%s(%s * %s)", callee, side(t, NEURON), side(t, INPUT));
}

static void write_observe(struct rule_text *t)
{
    int known = t->count;
    struct random *r = t->r;

    open_phase(t, "observe");
    if (chance(r, 50))
        know(t, "grad", SYNAPSE, false);
    if (chance(r, 25))
        know(t, "demand", SYNAPSE, false);
    for (int i = 1 + below(r, 3); i > 0; i--) {
        const struct known *k = some_state(t);
        if (k && k->space != LAYER && chance(r, 70))
            text_printf(&r->out, "        %s = %.2g * %s + %.2g * %s;\n", k->name,
                        between(r, 0.2, 0.9), k->name, between(r, 0.1, 0.9),
                        batch_value(t, k->space));
        else if (k)
            assign_known(t, k);
    }
    if (chance(r, 30))
        write_condition(t);
    close_phase(t, known);
}

static void write_adapt(struct rule_text *t)
{
    int known = t->count;
    struct random *r = t->r;

    open_phase(t, "adapt");
    for (int i = 2 + below(r, 4); i > 0; i--)
        switch (below(r, 5)) {
        case 0:
            declare_value(t);
            break;
        case 1:
            write_condition(t);
            break;
        case 2:
            write_layer_condition(t);
            break;
        default:
            assign_some(t, true);
        }
    if (t->drops || chance(r, 35))
        write_death(t);
    assign_some(t, true);
    close_phase(t, known);
}

static void declare_states(struct rule_text *t)
{
    struct random *r = t->r;

    text_printf(&r->out, "    state layer own = p;\n");
    know(t, "own", LAYER, true);
    if (chance(r, 30)) {
        text_printf(&r->out, "    layer size = %s(w);\n", chance(r, 50) ? "rms" : "max");
        know(t, "size", LAYER, false);
    }
    for (int i = 1 + below(r, 4); i > 0; i--) {
        enum in space = (enum in)below(r, SPACES);
        const char *name = fresh(t);
        const char *first = chance(r, 50) ? format(r, "%.2g", between(r, -0.5, 1))
                                          : value_in(t, space, below(r, 2));
        text_printf(&r->out, "    state %s %s = %s;\n", space_names[space], name, first);
        know(t, name, space, true);
    }
}

/* --------------------------------------------------------------------- attachment */

static const char *period(struct random *r, bool adapts)
{
    static const char *const each[] = {
        "", " each epoch", " each 2 epochs", " each 1 steps", " each 2 steps", " each 3 steps"};
    const char *from = chance(r, 25) ? " from epoch 1" : "";
    const char *until = chance(r, 20) ? " until epoch 4" : "";

    return format(r, "%s%s%s", adapts ? pick(r, each, COUNT(each)) : "", from, until);
}

static const char *targets(struct random *r)
{
    const char *list = "";

    for (int i = 1; i < r->values; i++)
        if (r->value[i].branches > 0 && chance(r, 60)) {
            int branch = 1 + below(r, r->value[i].branches);
            list = format(r, "%s%s%s", list, *list ? ", " : "", r->value[i].name);
            if (branch > 1)
                list = format(r, "%s[%d]", list, branch);
        }
    if (!*list || chance(r, 15))
        list = format(r, "%s%s%s", list, *list ? ", " : "", r->output);
    return list;
}

void make_rule(struct random *r)
{
    struct rule_text t = {.r = r, .indent = "    "};
    const char *name = format(r, "law%d", ++r->rules);
    bool adapts = chance(r, 85);

    text_printf(&r->out, "\nrule %s(p = 0.4) {\n", name);
    know(&t, "w", SYNAPSE, false);
    know(&t, "p", LAYER, false);
    t.drops = adapts && chance(r, 60);
    declare_states(&t);
    know(&t, "alive", SYNAPSE, false);
    know(&t, "alive_neuron", NEURON, false);
    if (chance(r, 55))
        write_modulate(&t);
    if (!adapts || chance(r, 70))
        write_observe(&t);
    if (adapts)
        write_adapt(&t);
    text_printf(&r->out, "}\n%s %s%s on %s%s;\n", t.drops ? "prune" : "plasticity", name,
                chance(r, 50) ? "(0.3)" : "", targets(r), period(r, adapts));
}
