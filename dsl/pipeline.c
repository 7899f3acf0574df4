/* Pipelines: expressions over layers go in, nodes of the network come out. Blocks are expanded
 * here, each use anew. */
#include "check.h"

#include <string.h>

bool too_many_operators(struct check *check, struct loc loc)
{
    if (check->net->node_count <= MOST_OPERATORS && check->expanded <= MOST_OPERATORS)
        return false;
    if (say_once(check, "@operators"))
        diag_error(check->diag, loc, "the network has more than %d operators", MOST_OPERATORS);
    return true;
}

struct node *new_node(struct check *check, enum node_op op, const struct expr *written,
                      struct node *const *input, int input_count)
{
    struct net *net = check->net;
    if (too_many_operators(check, written->loc))
        return NULL;
    struct node *n = NEW(check->arena, struct node);
    struct origin origin = {.expr = written};
    n->op = op;
    n->loc = written->loc;
    n->index = net->node_count;
    n->layer = check->layer;
    n->input_count = input_count;
    n->input = NEW_ARRAY(check->arena, input_count, struct node *);
    n->timed = op == N_ENCODE || op == N_PREV;
    bool weighted = op == N_DENSE || op == N_CONV;
    for (int i = 0; i < input_count; i++) {
        n->input[i] = input[i];
        n->timed = n->timed || (input[i]->timed && op != N_READOUT);
        weighted = weighted || path_has_weights(check, input[i]);
    }
    PUSH(check->arena, net->node, net->node_count, n);
    PUSH(check->arena, check->origin, check->origins, origin);
    PUSH(check->arena, check->weighted, check->weighted_count, weighted);
    return n;
}

bool path_has_weights(const struct check *check, const struct node *node)
{
    return node->layer == check->layer && check->weighted[node->index];
}

static struct node *not_a_layer(const struct context *c, struct loc loc, const char *name,
                                const char *what)
{
    diag_error(c->check->diag, loc, "'%s' is %s, but a layer is needed here", name, what);
    return NULL;
}

static struct node *read_name(const struct context *c, struct expr *e)
{
    double truth;
    if (strcmp(e->name, "it") == 0) {
        if (!c->in_block)
            diag_error(c->check->diag, e->loc, "'it' has a meaning in blocks only");
        return c->enters;
    }
    for (int i = 0; i < c->bindings; i++)
        if (c->binding[i].name == e->name)
            return not_a_layer(c, e->loc, e->name, "a parameter");
    struct symbol *s = find_symbol(c, T_VALUE, e->name);
    if (s && s->kind == SYM_LAYER)
        return s->poisoned ? NULL : s->layer->value;
    if (s)
        return s->poisoned ? NULL : not_a_layer(c, e->loc, e->name, "a number");
    if (is_run_scalar(e->name) || is_truth(e->name, &truth))
        return not_a_layer(c, e->loc, e->name, "a number");
    if (is_operator(c, e->name)) {
        diag_error(c->check->diag, e->loc, "'%s' is an operator, and nothing enters it", e->name);
        diag_note(c->check->diag, (struct loc){0}, "write: LAYER |> %s", e->name);
    } else {
        report_unknown(c, e->loc, e->name, "layer", T_VALUE, 1u << SYM_LAYER, NULL);
    }
    return NULL;
}

static void collect_terms(struct check *check, struct expr *e, struct expr ***term, int *count)
{
    if (e->kind == E_ADD) {
        collect_terms(check, e->arg[0], term, count);
        PUSH(check->arena, *term, *count, e->arg[1]);
    } else {
        PUSH(check->arena, *term, *count, e);
    }
}

static struct node *join(struct check *check, enum node_op op, struct expr *e, struct expr **term,
                         struct node **node, int count)
{
    struct node *n =
        same_time(check, term, node, count) ? new_node(check, op, e, node, count) : NULL;
    if (!n)
        return NULL;
    check->origin[n->index].term = term;
    return settle_node(check, n);
}

static struct node *read_sum(const struct context *c, struct expr *e)
{
    struct check *check = c->check;
    struct expr **term = NULL;
    int count = 0;
    bool good = true;
    collect_terms(check, e, &term, &count);
    struct node **node = NEW_ARRAY(check->arena, count, struct node *);
    for (int i = 0; i < count; i++) {
        node[i] = read_pipeline(c, term[i]);
        good = good && node[i];
    }
    return good ? join(check, N_SUM, e, term, node, count) : NULL;
}

static bool may_concat(struct check *check, const struct expr *at, const struct node *node)
{
    if (!path_has_weights(check, node))
        return true;
    diag_error(check->diag, at->loc, "branches with weights can be joined by '+' only");
    diag_note(check->diag, (struct loc){0}, "give this one a layer of its own");
    return false;
}

struct node *join_concat(const struct context *c, struct expr *call, struct expr *first)
{
    struct check *check = c->check;
    struct expr **term = NULL;
    int count = 0;
    bool good = true;
    if (first)
        PUSH(check->arena, term, count, first);
    for (int i = 0; i < call->count; i++) {
        if (call->arg_name && call->arg_name[i]) {
            diag_error(check->diag, call->arg[i]->loc, "'concat' has no parameter '%s'",
                       call->arg_name[i]);
            good = false;
        } else {
            PUSH(check->arena, term, count, call->arg[i]);
        }
    }
    struct node **node = NEW_ARRAY(check->arena, count, struct node *);
    for (int i = 0; i < count; i++) {
        node[i] = read_pipeline(c, term[i]);
        good = node[i] && may_concat(check, term[i], node[i]) && good;
    }
    if (good && count < 2) {
        diag_error(check->diag, call->loc, "'concat' joins two or more layers");
        return NULL;
    }
    return good ? join(check, N_CONCAT, call, term, node, count) : NULL;
}

/* A call that stands first: what enters it is its first argument. */
static struct node *read_call(const struct context *c, struct expr *call)
{
    struct check *check = c->check;
    if (strcmp(call->name, "concat") == 0)
        return join_concat(c, call, NULL);
    if (strcmp(call->name, "prev") == 0)
        return apply_operator(c, call, NULL, 0);
    if (!is_operator(c, call->name)) {
        report_unknown_operator(c, call);
        return NULL;
    }
    bool named = call->count > 0 && call->arg_name && call->arg_name[0];
    if (call->count == 0 || named || call->arg[0]->kind == E_NUMBER) {
        struct text text = text_new(check->arena);
        expr_print(&text, call, EXPR_MODEL);
        diag_error(check->diag, call->loc, "nothing enters '%s'", call->name);
        if (text.size < 100)
            diag_note(check->diag, (struct loc){0}, "write: LAYER |> %s", text.bytes);
        apply_operator(c, call, NULL, 0);
        return NULL;
    }
    return apply_operator(c, call, read_pipeline(c, call->arg[0]), 1);
}

/* The body of a block that does not say `it`: what enters goes into the first operator. */
static struct node *read_body(const struct context *c, struct expr *e)
{
    if (e->kind == E_PIPE) {
        struct node *input = read_body(c, e->arg[0]);
        return apply_operator(c, e->arg[1], input, 0);
    }
    if (e->kind == E_NAME)
        e = expr_call(c->check->arena, e->loc, e->name, 0, NULL, NULL);
    return apply_operator(c, e, c->enters, 0);
}

struct node *expand_block(const struct context *c, struct expr *call, struct symbol *block,
                          struct node *input, int from)
{
    struct check *check = c->check;
    struct actuals actuals = actuals_of_call(check, call, from);
    actuals.loc = call->name_loc;
    struct binding *bound = bind_actuals(c, block, &block->formals, &actuals, words);
    if (!bound || !input || block->poisoned || too_many_operators(check, call->loc))
        return NULL;
    if (c->depth >= MOST_BLOCKS) {
        diag_error(check->diag, call->loc, "blocks stand more than %d deep in blocks", MOST_BLOCKS);
        return NULL;
    }
    check->expanded++;
    struct context inside = {
        .check = check,
        .limit = block->order,
        .binding = bound,
        .bindings = block->formals.count,
        .run = true,
        .in_block = true,
        .enters = input,
        .depth = c->depth + 1,
    };
    int errors = check->diag->errors;
    struct expr *body = block->stmt->value;
    struct node *node = expr_uses(body, intern(check->arena, "it")) ? read_pipeline(&inside, body)
                                                                    : read_body(&inside, body);
    if (check->diag->errors > errors && c->depth == 0)
        diag_note(check->diag, call->loc, "in the block '%s', used here", call->name);
    return node;
}

struct node *read_pipeline(const struct context *c, struct expr *e)
{
    struct diag *diag = c->check->diag;
    switch (e->kind) {
    case E_NAME:
        return read_name(c, e);
    case E_PIPE:
        if (strcmp(e->arg[1]->name, "concat") == 0)
            return join_concat(c, e->arg[1], e->arg[0]);
        if (strcmp(e->arg[1]->name, "prev") == 0 && e->arg[1]->count == 0)
            return make_prev(c, e->arg[1], e->arg[0]);
        return apply_operator(c, e->arg[1], read_pipeline(c, e->arg[0]), 0);
    case E_CALL:
        return read_call(c, e);
    case E_ADD:
        return read_sum(c, e);
    case E_NUMBER:
        diag_error(diag, e->loc, "a number stands where a layer is needed");
        return NULL;
    case E_TUPLE:
        diag_error(diag, e->loc, "a list stands where a layer is needed");
        diag_note(diag, (struct loc){0}, "concat(a, b) joins layers");
        return NULL;
    case E_PLACE:
        diag_error(diag, e->loc, "a layer cannot be indexed");
        return NULL;
    case E_NEG:
    case E_NOT:
    case E_SUB:
    case E_MUL:
    case E_DIV:
    case E_POW:
    case E_LT:
    case E_LE:
    case E_GT:
    case E_GE:
    case E_EQ:
    case E_NE:
    case E_AND:
    case E_OR:
    case E_COND:
        diag_error(diag, e->loc, "layers can be joined by '+' and 'concat' only");
        diag_note(diag, (struct loc){0},
                  "arithmetic on single values is done by a function: "
                  "LAYER |> my_function");
        return NULL;
    case E_INT:
    case E_REM:
    case E_INDEX:
    case E_CAST:
    case E_ADDRESS:
    case E_DEREF:
    case E_ARROW:
    case E_DOT:
        break;
    }
    bug("expression of kind %d in model text", (int)e->kind);
}
