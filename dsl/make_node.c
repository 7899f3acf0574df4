/* Operators on values of any shape: a call with its arguments sorted goes in, its node comes out.
 * What works on maps is in make_conv.c, what needs time in make_timed.c. */
#include "check.h"

#include <string.h>

bool read_init(const struct context *c, struct expr *e, enum init *init, bool *chosen)
{
    const char *name = e->kind == E_NAME ? e->name : NULL;
    for (int i = 0; name && i < c->bindings; i++)
        if (c->binding[i].name == name)
            name = c->binding[i].choice;
    for (int i = 0; name && init_names[i]; i++) {
        if (strcmp(init_names[i], name) != 0)
            continue;
        *init = (enum init)i;
        *chosen = true;
        return true;
    }
    if (name)
        report_unknown_of(c->check, e->loc, name, "initial distribution", init_names, 4);
    else
        diag_error(c->check->diag, e->loc,
                   "init is one of he_uniform, he_normal, glorot_uniform, zeros");
    return false;
}

struct param *new_param(struct check *check, struct node *node, const char *name,
                        struct shape shape, enum init init, bool chosen)
{
    struct param *p = NEW(check->arena, struct param);
    p->name = name;
    p->shape = shape;
    p->init = init;
    p->node = node;
    p->index = check->net->param_count;
    PUSH(check->arena, check->net->param, check->net->param_count, p);
    PUSH(check->arena, check->init_chosen, check->init_count, chosen);
    return p;
}

/* "h1.weight", of the second branch "h1.weight2". */
static const char *branch_name(struct check *check, const struct layer *layer, const char *what)
{
    if (layer->branch_count < 2)
        return arena_format(check->arena, "%s.%s", layer->name, what);
    return arena_format(check->arena, "%s.%s%d", layer->name, what, layer->branch_count);
}

bool may_weigh(struct check *check, const struct expr *call, const struct node *input)
{
    if (!path_has_weights(check, input))
        return true;
    diag_error(check->diag, call->loc, "a second operator with weights on one path");
    diag_note(check->diag, input->loc, "what enters it comes from here");
    diag_note(check->diag, (struct loc){0}, "give each a layer of its own");
    return false;
}

void add_branch(struct check *check, struct node *n, const struct weights *w)
{
    struct layer *layer = n->layer;
    struct shape shape = {1, {w->units}};
    PUSH(check->arena, layer->branch, layer->branch_count, n);
    n->weight =
        new_param(check, n, branch_name(check, layer, "weight"), shape, w->init, w->init_chosen);
    n->weight->decays = true;
    if (w->bias)
        n->bias = new_param(check, n, branch_name(check, layer, "bias"), shape, INIT_ZEROS, true);
}

struct node *make_dense(const struct context *c, struct expr *call, struct node *input,
                        struct expr **arg)
{
    struct check *check = c->check;
    double units, bias = 1;
    struct weights w = {.init = INIT_ZEROS};
    bool good = resolve_whole(c, arg[0], "the number of units", 1, (double)MOST_UNITS, &units);
    good = (!arg[1] || resolve_constant(c, arg[1], "bias", &bias)) && good;
    good = (!arg[2] || read_init(c, arg[2], &w.init, &w.init_chosen)) && good;
    if (!good || !input || !may_weigh(check, call, input))
        return NULL;
    struct node *n = new_node(check, N_DENSE, call, &input, 1);
    if (!n)
        return NULL;
    w.units = (int64_t)units;
    w.bias = bias != 0;
    set_shape(n, (struct shape){1, {w.units}});
    add_branch(check, n, &w);
    return settle_node(check, n);
}

struct node *make_dropout(const struct context *c, struct expr *call, struct node *input,
                          struct expr **arg)
{
    struct check *check = c->check;
    struct context run = *c;
    double start;
    run.run = true;
    struct expr *p = resolve_folded(&run, arg[0]);
    if (!p || !check_printable(check, p, arg[0]->loc))
        return NULL;
    if (value_at_start(check->net, p, NULL, 0, &start) && !(start >= 0 && start < 1)) {
        diag_error(check->diag, arg[0]->loc,
                   "the share that is dropped must be at least 0 and below 1, %s %s",
                   p->kind == E_NUMBER ? "it is" : "when a run starts it is",
                   number_text(check->arena, start));
        return NULL;
    }
    if (!input || expr_is_number(p, 0))
        return input;
    struct node *n = new_node(check, N_DROPOUT, call, &input, 1);
    if (!n)
        return NULL;
    n->p = p;
    return settle_node(check, n);
}

/* A function of the elements: it is called with a first argument of which only the name is known.
 */
struct node *make_map(const struct context *c, struct expr *call, struct node *input, int from)
{
    struct check *check = c->check;
    struct arena *arena = check->arena;
    const char *x = intern(arena, "x"), *stand_in = intern(arena, "@x");
    struct context inside = *c;
    struct binding *scope = NEW_ARRAY(arena, c->bindings + 1, struct binding);
    for (int i = 0; i < c->bindings; i++)
        scope[i] = c->binding[i];
    scope[c->bindings] =
        (struct binding){.name = stand_in, .value = expr_name(arena, call->loc, x)};
    inside.binding = scope;
    inside.bindings = c->bindings + 1;
    inside.run = true;

    int count = 1 + call->count - from;
    struct expr **arg = NEW_ARRAY(arena, count, struct expr *);
    const char **name = NEW_ARRAY(arena, count, const char *);
    arg[0] = expr_name(arena, call->name_loc, stand_in);
    for (int i = 1; i < count; i++) {
        arg[i] = call->arg[from + i - 1];
        name[i] = call->arg_name ? call->arg_name[from + i - 1] : NULL;
    }
    struct expr *full = expr_call(arena, call->loc, call->name, count, arg, name);
    full->name_loc = call->name_loc;
    struct expr *map = resolve_folded(&inside, full);
    if (!map || !check_printable(check, map, call->loc) || !input)
        return NULL;
    struct expr *slope = expr_derivative(arena, map, x);
    if (slope->size > MOST_SLOPE || count_calls(map) + count_calls(slope) > MOST_CALLS) {
        bool size = slope->size > MOST_SLOPE;
        diag_error(check->diag, call->loc, "the derivative of '%s' is too large", call->name);
        diag_note(check->diag, (struct loc){0}, "written out it has more than %d %s",
                  size ? MOST_SLOPE : MOST_CALLS,
                  size ? "terms and operators" : "of exp, ^ and the like");
        return NULL;
    }
    struct node *n = new_node(check, N_MAP, call, &input, 1);
    if (!n)
        return NULL;
    struct actuals own = actuals_of_call(check, call, from);
    n->map = map;
    n->text = call_text(arena, call->name, &own);
    return settle_node(check, n);
}
