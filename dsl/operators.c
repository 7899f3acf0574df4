/* What may follow `|>`: the operators of the language, functions, blocks, neurons. A call and the
 * node that enters it go in, the node it makes comes out. */
#include "check.h"

#include <string.h>

enum operator_kind {
    OP_DENSE,
    OP_DROPOUT,
    OP_CONCAT,
    OP_CONV,
    OP_MAXPOOL,
    OP_AVGPOOL,
    OP_BATCHNORM,
    OP_PREV,
    OP_RATE, /* and the other read-outs, in the order of enum readout */
    OP_TOTAL,
    OP_LAST,
    OP_PEAK,
    OP_INPUT /* an input transform */
};

enum { MOST_PARAMETERS = 7 };

/* Of the language itself; whatever the prelude can say is not here. */
static const struct built_in {
    const char *name;
    enum operator_kind kind;
    int required; /* of the parameters, from the first */
    const char *parameter[MOST_PARAMETERS + 1];
} built_in[] = {
    {"dense", OP_DENSE, 1, {"units", "bias", "init"}},
    {"conv", OP_CONV, 2, {"channels", "kernel", "stride", "pad", "groups", "bias", "init"}},
    {"maxpool", OP_MAXPOOL, 1, {"size", "stride", "pad"}},
    {"avgpool", OP_AVGPOOL, 1, {"size", "stride", "pad"}},
    {"batchnorm", OP_BATCHNORM, 0, {"momentum", "epsilon"}},
    {"dropout", OP_DROPOUT, 1, {"p"}},
    {"concat", OP_CONCAT, 0, {NULL}},
    {"prev", OP_PREV, 1, {"layer"}},
    {"rate", OP_RATE, 0, {NULL}},
    {"total", OP_TOTAL, 0, {NULL}},
    {"last", OP_LAST, 0, {NULL}},
    {"peak", OP_PEAK, 0, {NULL}},
    {"scale", OP_INPUT, 2, {"a", "b"}},
    {"normalize", OP_INPUT, 2, {"mean", "deviation"}},
    {"flip", OP_INPUT, 0, {NULL}},
    {"crop", OP_INPUT, 1, {"pad"}},
    {"direct", OP_INPUT, 0, {NULL}},
    {"bernoulli", OP_INPUT, 0, {"gain"}},
    {"latency", OP_INPUT, 0, {NULL}},
    {"events", OP_INPUT, 0, {NULL}},
};

const char *const init_names[] = {"zeros", "he_uniform", "he_normal", "glorot_uniform", NULL};

static const struct built_in *find_built_in(const char *name)
{
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
        if (strcmp(built_in[i].name, name) == 0)
            return &built_in[i];
    return NULL;
}

bool is_operator(const struct context *c, const char *name)
{
    return find_built_in(name) || primitive_find(name) || find_symbol(c, T_OPERATOR, name);
}

bool is_transform(const char *name)
{
    const struct built_in *b = find_built_in(name);
    return b && b->kind == OP_INPUT;
}

const char *const words[] = {"he_uniform", "he_normal", "glorot_uniform", "zeros", "all", NULL};

bool is_word(const char *name)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], name) == 0)
            return true;
    return false;
}

void report_unknown_operator(const struct context *c, const struct expr *call)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
        if (built_in[i].kind != OP_INPUT)
            names[count++] = built_in[i].name;
    for (const struct primitive *p = primitive_table; p->name; p++)
        if (p->value)
            names[count++] = p->name;
    names[count] = NULL;
    report_unknown(c, call->name_loc, call->name, "operator", T_OPERATOR, ~0u, names);
}

/* Its arguments by parameter, NULL where left out; NULL after an error. */
static struct expr **match_built_in(const struct context *c, const struct built_in *op,
                                    struct expr *call, int from)
{
    struct check *check = c->check;
    struct formal formal[MOST_PARAMETERS + 1];
    struct formals formals = {.at = formal};
    bool required[MOST_PARAMETERS + 1];
    int at[MOST_PARAMETERS + 1];
    struct actuals actuals = actuals_of_call(check, call, from);
    for (int i = 0; op->parameter[i]; i++) {
        required[i] = i < op->required;
        formal[formals.count++] = (struct formal){.name = intern(check->arena, op->parameter[i])};
    }
    if (!match_arguments(check, op->name, call->name_loc, &formals, required, &actuals, at))
        return NULL;
    struct expr **arg = NEW_ARRAY(check->arena, MOST_PARAMETERS + 1, struct expr *);
    for (int i = 0; i < formals.count; i++)
        arg[i] = at[i] >= 0 ? actuals.at[at[i]].value : NULL;
    return arg;
}

struct expr **match_transform(const struct context *c, struct expr *call)
{
    const struct built_in *op = find_built_in(call->name);
    if (op && op->kind == OP_INPUT)
        return match_built_in(c, op, call, 0);
    if (is_operator(c, call->name)) {
        diag_error(c->check->diag, call->name_loc,
                   "'%s' works on layers, but only an input transform can stand here", call->name);
        return NULL;
    }
    const char *names[32];
    size_t count = 0;
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
        if (built_in[i].kind == OP_INPUT)
            names[count++] = built_in[i].name;
    if (!is_broken(c->check, call->name))
        report_unknown_of(c->check, call->name_loc, call->name, "input transform", names, count);
    return NULL;
}

static struct node *apply_built_in(const struct context *c, const struct built_in *op,
                                   struct expr *call, struct node *input, int from)
{
    struct expr **arg = match_built_in(c, op, call, from);
    switch (op->kind) {
    case OP_DENSE:
        return arg ? make_dense(c, call, input, arg) : NULL;
    case OP_DROPOUT:
        return arg ? make_dropout(c, call, input, arg) : NULL;
    case OP_CONCAT:
        bug("concat is no operator of one input");
    case OP_CONV:
        return arg ? make_conv(c, call, input, arg) : NULL;
    case OP_MAXPOOL:
        return arg ? make_pool(c, N_MAXPOOL, call, input, arg) : NULL;
    case OP_AVGPOOL:
        return arg ? make_pool(c, N_AVGPOOL, call, input, arg) : NULL;
    case OP_BATCHNORM:
        return arg ? make_batchnorm(c, call, input, arg) : NULL;
    case OP_PREV:
        return arg ? make_prev(c, call, arg[0]) : NULL;
    case OP_RATE:
    case OP_TOTAL:
    case OP_LAST:
    case OP_PEAK:
        return arg ? make_readout(c, (enum readout)(op->kind - OP_RATE), call, input) : NULL;
    case OP_INPUT:
        diag_error(c->check->diag, call->name_loc,
                   "'%s' transforms the input: it belongs into the 'input' statement", op->name);
        return NULL;
    }
    bug("operator of kind %d", (int)op->kind);
}

struct node *apply_operator(const struct context *c, struct expr *call, struct node *input,
                            int from)
{
    struct check *check = c->check;
    struct symbol *s = find_symbol(c, T_OPERATOR, call->name);
    const struct built_in *op = s ? NULL : find_built_in(call->name);
    const struct primitive *p = s ? NULL : primitive_find(call->name);
    if (op)
        return apply_built_in(c, op, call, input, from);
    if (c->self && c->self == call->name) {
        diag_error(check->diag, call->name_loc, "'%s' uses itself: there is no recursion",
                   call->name);
        return NULL;
    }
    if (s && s->kind == SYM_BLOCK)
        return expand_block(c, call, s, input, from);
    if (s && s->kind == SYM_NEURON)
        return apply_neuron(c, call, s, input, from);
    if (s && s->formals.count == 0 && !s->poisoned) {
        diag_error(check->diag, call->name_loc, "'%s' takes no argument, so nothing can enter it",
                   call->name);
        return NULL;
    }
    if (s || p)
        return make_map(c, call, input, from);
    if (find_symbol(c, T_VALUE, call->name) && !is_broken(check, call->name))
        diag_error(check->diag, call->name_loc, "'%s' is a value, but an operator is needed here",
                   call->name);
    else
        report_unknown_operator(c, call);
    return NULL;
}
