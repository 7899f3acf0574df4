/* Spaces: which is wider than which, and in which an expression of a rule has its values. Nothing
 * here depends on what operator the weights belong to. */
#include "rules.h"

#include <string.h>

const struct signal_info signals[] = {
    {"w", SIGNAL_W, SPACE_SYNAPSE, false},
    {"grad", SIGNAL_GRAD, SPACE_SYNAPSE, false},
    {"alive", SIGNAL_ALIVE, SPACE_SYNAPSE, false},
    {"alive_neuron", SIGNAL_ALIVE_NEURON, SPACE_NEURON, false},
    {"demand", SIGNAL_DEMAND, SPACE_SYNAPSE, false},
    {"error", SIGNAL_ERROR, SPACE_NEURON, true},
    {"pre", SIGNAL_PRE, SPACE_INPUT, true},
    {"post", SIGNAL_POST, SPACE_NEURON, true},
    {NULL, 0, SPACE_NONE, false},
};

const struct signal_info *find_signal(const char *name)
{
    for (const struct signal_info *s = signals; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

const char *space_text(enum space space)
{
    static const char *const text[] = {"run", "synapse", "kernel", "neuron", "input", "layer"};
    return text[space];
}

bool space_within(enum space a, enum space of)
{
    switch (of) {
    case SPACE_NONE:
        return a == SPACE_NONE;
    case SPACE_LAYER:
        return a == SPACE_NONE || a == SPACE_LAYER;
    case SPACE_NEURON:
    case SPACE_INPUT:
        return a == of || space_within(a, SPACE_LAYER);
    case SPACE_KERNEL:
        return a != SPACE_SYNAPSE;
    case SPACE_SYNAPSE:
        return true;
    }
    bug("space %d", (int)of);
}

enum space join_spaces(enum space a, enum space b)
{
    return space_within(a, b) ? b : space_within(b, a) ? a : SPACE_KERNEL;
}

const struct rule_value *rule_find_value(const struct rule *rule, const char *name)
{
    for (int i = 0; i < rule->value_count; i++)
        if (rule->value[i].name == name)
            return &rule->value[i];
    return NULL;
}

static struct kind kind_of_name(const struct rule_writer *w, const struct expr *e)
{
    const struct signal_info *signal = find_signal(e->name);
    if (signal)
        return (struct kind){signal->space, signal->sample, signal->bit == SIGNAL_GRAD};
    const struct rule_value *v = rule_find_value(w->rule, e->name);
    return v ? (struct kind){v->space, false, w->info[v - w->rule->value].grad} : (struct kind){0};
}

static struct kind join_kinds(struct kind a, struct kind b)
{
    return (struct kind){join_spaces(a.space, b.space), a.sample || b.sample, a.grad || b.grad};
}

/* Of a special call that was resolved: where its value is. */
static struct kind kind_of_call(const struct rule_writer *w, const struct rule_call *call,
                                const struct expr *e)
{
    if (call->function == CALL_TRACE)
        return kind_of_name(w, e->arg[0]);
    struct kind kind = {.space = (enum space)e->arg[call->count]->integer};
    for (int i = 0; i < call->count; i++)
        kind.grad = kind.grad || kind_of(w, e->arg[i]).grad;
    if (call->function == CALL_REDUCE)
        kind.space = w->target_space;
    return kind;
}

/* A call of `min` or `max` with two arguments is either elementwise or the reduction of one. */
const struct rule_call *special_call(const struct expr *e)
{
    const struct rule_call *call = e->kind == E_CALL ? find_rule_call(e->name) : NULL;
    bool marked = call && e->count > call->count && e->arg[call->count]->kind == E_INT;
    return call && (marked || call->function == CALL_TRACE) ? call : NULL;
}

struct kind kind_of(const struct rule_writer *w, const struct expr *e)
{
    const struct rule_call *call = special_call(e);
    struct kind kind = {0};
    if (e->kind == E_NAME)
        return kind_of_name(w, e);
    if (call)
        return kind_of_call(w, call, e);
    for (int i = 0; i < e->count; i++)
        kind = join_kinds(kind, kind_of(w, e->arg[i]));
    return kind;
}

bool is_sample(const struct rule_writer *w, const struct expr *e, enum space space)
{
    (void)space;
    return !(w->sees_error && e->kind == E_NAME && strcmp(e->name, "error") == 0) &&
           kind_of(w, e).sample;
}

bool is_wider(const struct rule_writer *w, const struct expr *e, enum space space)
{
    return !space_within(kind_of(w, e).space, space);
}

bool is_from_grad(const struct rule_writer *w, const struct expr *e, enum space space)
{
    (void)space;
    return kind_of(w, e).grad;
}

const struct expr *find_leaf(const struct rule_writer *w, const struct expr *e, leaf_test *test,
                             enum space space)
{
    if (e->kind == E_NAME || special_call(e))
        return test(w, e, space) ? e : NULL;
    for (int i = 0; i < e->count; i++) {
        const struct expr *found = find_leaf(w, e->arg[i], test, space);
        if (found)
            return found;
    }
    return NULL;
}
