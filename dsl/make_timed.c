/* Operators that need time steps: neurons, read-outs, and `prev`, which may name a layer that is
 * not read yet. And which values have a time axis. */
#include "check.h"

static const struct node *find_readout(const struct node *n)
{
    while (n->op != N_READOUT && n->input_count > 0)
        n = n->input[0];
    return n;
}

bool needs_time(struct check *check, const struct expr *call, const struct node *input)
{
    if (!check->timed) {
        diag_error(check->diag, call->name_loc,
                   "'%s' needs time steps: there is no 'time' statement", call->name);
        return false;
    }
    if (!input || input->timed)
        return true;
    diag_error(check->diag, call->name_loc,
               "'%s' needs time steps, but what enters it has none any more", call->name);
    diag_note(check->diag, find_readout(input)->loc, "they end here");
    return false;
}

bool same_time(struct check *check, struct expr *const *term, struct node *const *node, int count)
{
    const struct expr *timed = NULL, *ended = NULL;
    for (int i = 0; i < count; i++) {
        const struct expr **to = node[i]->timed ? &timed : &ended;
        *to = *to ? *to : term[i];
    }
    if (!check->timed || !timed || !ended)
        return true;
    diag_error(
        check->diag, ended->loc,
        "this is known after the last time step only, it cannot be joined to a value of each");
    diag_note(check->diag, timed->loc, "this is a value of each time step");
    return false;
}

struct node *make_readout(const struct context *c, enum readout readout, struct expr *call,
                          struct node *input)
{
    if (!needs_time(c->check, call, input) || !input)
        return NULL;
    struct node *n = new_node(c->check, N_READOUT, call, &input, 1);
    if (!n)
        return NULL;
    n->readout = readout;
    return settle_node(c->check, n);
}

/* --- the step before */

static bool is_defined_later(const struct check *check, const char *name)
{
    for (const struct stmt *s = check->file->first; s; s = s->next)
        if ((s->kind == ST_LAYER || s->kind == ST_OUTPUT) && s->name.text == name)
            return true;
    return false;
}

/* What it could have named besides: the layers that follow. */
static const char *const *later_layers(struct check *check)
{
    const char **names = NULL;
    int count = 0;
    for (const struct stmt *s = check->file->first; s; s = s->next)
        if ((s->kind == ST_LAYER || s->kind == ST_OUTPUT) && count < MOST_OPERATORS)
            PUSH(check->arena, names, count, s->name.text);
    PUSH(check->arena, names, count, NULL);
    return names;
}

static bool names_layer(const struct context *c, const struct expr *e, struct layer **layer)
{
    struct check *check = c->check;
    const char *what = NULL;
    for (int i = 0; e->kind == E_NAME && i < c->bindings; i++)
        if (c->binding[i].name == e->name)
            what = "a parameter";
    struct symbol *s = e->kind == E_NAME && !what ? find_symbol(c, T_VALUE, e->name) : NULL;
    if (s && s->kind == SYM_LAYER) {
        *layer = s->layer;
        return !s->poisoned;
    }
    if (s && s->poisoned)
        return false;
    if (e->kind != E_NAME || e->name == intern(check->arena, "it")) {
        diag_error(check->diag, e->loc, "'prev' takes the name of a layer");
        diag_note(check->diag, (struct loc){0}, "give what it is to remember a layer of its own");
        return false;
    }
    if (s || what) {
        diag_error(check->diag, e->loc, "'%s' is %s, but a layer is needed here", e->name,
                   what ? what : "a number");
        return false;
    }
    if (is_defined_later(check, e->name))
        return true;
    report_unknown(c, e->loc, e->name, "layer", T_VALUE, 1u << SYM_LAYER, later_layers(check));
    return false;
}

struct node *make_prev(const struct context *c, struct expr *call, struct expr *layer)
{
    struct check *check = c->check;
    struct layer *delayed = NULL;
    bool good = needs_time(check, call, NULL);
    if (!names_layer(c, layer, &delayed) || !good)
        return NULL;
    struct node *n = new_node(check, N_PREV, call, NULL, 0);
    if (!n)
        return NULL;
    check->origin[n->index].detail = layer;
    check->origin[n->index].delayed = delayed;
    return settle_node(check, n);
}

void find_delayed(struct check *check)
{
    struct context c = file_context(check, false);
    for (int i = 0; i < check->net->node_count; i++) {
        struct origin *o = &check->origin[i];
        if (check->net->node[i]->op != N_PREV || o->delayed)
            continue;
        struct symbol *s = find_symbol(&c, T_VALUE, o->detail->name);
        if (s && s->kind == SYM_LAYER && !s->poisoned)
            o->delayed = s->layer;
    }
}

void finish_delays(struct check *check)
{
    for (int i = 0; i < check->net->node_count; i++) {
        struct node *n = check->net->node[i];
        if (n->op != N_PREV)
            continue;
        n->source = check->origin[i].delayed->value;
        if (n->source->timed)
            continue;
        diag_error(check->diag, check->origin[i].detail->loc,
                   "'%s' has no time steps any more, so there is none before",
                   check->origin[i].delayed->name);
        diag_note(check->diag, find_readout(n->source)->loc, "they end here");
    }
}

/* --- neurons */

static bool written_too_much(struct check *check, const struct expr *call,
                             const struct neuron *neuron)
{
    for (int i = 0; i < neuron->locals; i++)
        check->inlined += neuron->local[i].value->size;
    if (check->inlined <= MOST_INLINED)
        return false;
    if (say_once(check, "@inlined"))
        diag_error(check->diag, call->loc,
                   "the functions and neurons used up to here come to more than %d terms and "
                   "operators when they are written out",
                   MOST_INLINED);
    return true;
}

static void add_learnables(struct check *check, struct node *n, const struct learnable *learnable)
{
    struct neuron *neuron = n->neuron;
    for (int i = 0; i < neuron->learnables; i++) {
        const struct learnable *l = &learnable[i];
        struct shape shape = {1, {l->each ? 0 : 1}}; /* 0: as many as there are channels */
        const char *name = arena_format(check->arena, "%s.%s", n->name, l->name);
        struct param *p = new_param(check, n, name, shape, INIT_CONSTANT, true);
        struct initial initial = {p, l->initial, n->loc};
        PUSH(check->arena, check->initial, check->initials, initial);
        neuron->learnable[i].param = p;
    }
}

struct node *apply_neuron(const struct context *c, struct expr *call, struct symbol *s,
                          struct node *input, int from)
{
    struct check *check = c->check;
    struct formals formals = {.at = s->formals.at + 1, .count = s->formals.count - 1};
    struct actuals actuals = actuals_of_call(check, call, from);
    struct context run = *c;
    actuals.loc = call->name_loc;
    run.run = true;
    if (s->formals.count == 0) /* reported where it is defined */
        return NULL;
    struct binding *bound = bind_actuals(&run, s, &formals, &actuals, NULL);
    if (!bound || s->poisoned || !needs_time(check, call, input))
        return NULL;
    int errors = check->diag->errors;
    struct learnable *learnable = NULL;
    check_given(check, s, &actuals, 1);
    struct neuron *neuron = write_neuron(check, s, bound, call->loc, &learnable);
    if (!neuron || !input || check->diag->errors > errors || written_too_much(check, call, neuron))
        return NULL;
    neuron->text = call_text(check->arena, s->name, &actuals);
    const char *name = tensor_group(check, check->layer, N_NEURON, s->name);
    struct node *n = new_node(check, N_NEURON, call, &input, 1);
    if (!n)
        return NULL;
    n->neuron = neuron;
    n->name = name;
    add_learnables(check, n, learnable);
    return settle_node(check, n);
}
