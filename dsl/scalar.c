/* Scalar expressions: as written they go in, out they come with every name resolved and every
 * function inlined, so that only numbers, primitives and a few known names are left. */
#include "rules.h"

#include <string.h>

static struct expr *resolve_name(const struct context *c, struct expr *e)
{
    struct check *check = c->check;
    double truth;
    for (int i = 0; i < c->bindings; i++) {
        if (c->binding[i].name != e->name)
            continue;
        if (c->binding[i].half)
            diag_error(check->diag, e->loc,
                       "'%s' may have no value here: only one branch of an 'if' assigns it",
                       e->name);
        if (c->rule && c->binding[i].value && c->binding[i].value->kind == E_NAME)
            return expr_name(check->arena, e->loc, c->binding[i].value->name);
        if (c->binding[i].here && c->binding[i].value && c->binding[i].value->kind == E_NUMBER)
            return expr_number(check->arena, e->loc, c->binding[i].value->number);
        if (!c->binding[i].choice)
            return c->binding[i].value;
        diag_error(check->diag, e->loc, "'%s' is '%s' here, not a number", e->name,
                   c->binding[i].choice);
        return NULL;
    }
    if (is_truth(e->name, &truth))
        return expr_number(check->arena, e->loc, truth);
    if (is_run_scalar(e->name)) {
        if (c->run)
            return e;
        diag_error(check->diag, e->loc, "'%s' changes during a run, but a constant is needed here",
                   e->name);
        return NULL;
    }
    struct symbol *s = find_symbol(c, T_VALUE, e->name);
    if (s && s->poisoned)
        return NULL;
    if (s && s->kind == SYM_LET)
        return expr_number(check->arena, e->loc, s->value);
    if (s)
        diag_error(check->diag, e->loc, "'%s' is a layer, but a number is needed here", e->name);
    else if (find_symbol(c, T_OPERATOR, e->name))
        diag_error(check->diag, e->loc, "'%s' is an operator, but a number is needed here",
                   e->name);
    else
        report_unknown(c, e->loc, e->name, "name", T_VALUE, 1u << SYM_LET,
                       c->run ? (const char *const[]){"epoch", "epochs", "step", "progress", NULL}
                              : NULL);
    return NULL;
}

static bool too_large(const struct context *c, const struct expr *e, struct loc loc,
                      const char *name)
{
    if (c->check->inlined > MOST_INLINED) {
        if (say_once(c->check, "@inlined"))
            diag_error(c->check->diag, loc,
                       "the functions called up to here come to more than %d "
                       "terms and operators when they are written out",
                       MOST_INLINED);
        return true;
    }
    if (e->size <= MOST_SIZE && e->depth <= MOST_LEVELS)
        return false;
    diag_error(c->check->diag, loc, "'%s' becomes too large when it is written out", name);
    diag_note(c->check->diag, (struct loc){0},
              "a formula may have %d terms and operators, and %d levels", MOST_SIZE, MOST_LEVELS);
    return true;
}

struct inlining {
    const struct formals *formals;
    const struct binding *bound;
};

static struct expr *replace_parameter(void *context, const struct expr *name)
{
    const struct inlining *in = context;
    for (int i = 0; i < in->formals->count; i++)
        if (in->formals->at[i].unique == name->name)
            return in->bound[i].value;
    return NULL;
}

static struct expr *inline_function(const struct context *c, struct expr *call,
                                    const struct symbol *f, const struct actuals *actuals)
{
    struct context inside = *c;
    inside.inlining = true;
    struct binding *bound = bind_actuals(&inside, f, &f->formals, actuals, NULL);
    if (!bound || f->poisoned || !f->body)
        return NULL;
    struct inlining in = {&f->formals, bound};
    struct expr *e = expr_replace(c->check->arena, f->body, replace_parameter, &in);
    c->check->inlined += f->body->size;
    return too_large(c, e, call->loc, call->name) ? NULL : e;
}

static struct expr *resolve_primitive(const struct context *c, struct expr *call,
                                      const struct primitive *p, const struct actuals *actuals)
{
    struct diag *diag = c->check->diag;
    struct expr *arg[2] = {NULL, NULL};
    bool good = true;
    for (int i = 0; i < actuals->count; i++) {
        const struct actual *a = &actuals->at[i];
        if (a->name) {
            diag_error(diag, a->name_loc, "'%s' has no parameter names", p->name);
            return NULL;
        }
        if (i >= p->most) {
            diag_error(diag, a->loc, "'%s' takes %d argument%s, this is one too many", p->name,
                       p->most, p->most == 1 ? "" : "s");
            return NULL;
        }
        arg[i] = resolve(c, a->value);
        good = good && arg[i];
    }
    if (actuals->count < p->least) {
        diag_error(diag, call->loc, "'%s' needs %d argument%s", p->name, p->least,
                   p->least == 1 ? "" : "s");
        return NULL;
    }
    if (actuals->count == 1 && p->most == 2) {
        diag_error(diag, call->loc, "'%s' of one argument reduces, which only rules can do",
                   p->name);
        diag_note(diag, (struct loc){0}, "of two numbers it is the %s: %s(a, b)",
                  strcmp(p->name, "min") == 0 ? "smaller" : "larger", p->name);
        return NULL;
    }
    if (!good)
        return NULL;
    return expr_call(c->check->arena, call->loc, call->name, actuals->count, arg, NULL);
}

static struct expr *resolve_call(const struct context *c, struct expr *call, struct actuals actuals)
{
    struct check *check = c->check;
    const struct primitive *p = primitive_find(call->name);
    if (c->rule && find_rule_call(call->name) && !(p && actuals.count > 1))
        return resolve_rule_call(c, call, &actuals);
    if (p)
        return resolve_primitive(c, call, p, &actuals);
    struct symbol *s = find_symbol(c, T_OPERATOR, call->name);
    if (c->self == call->name) {
        diag_error(check->diag, call->name_loc, "'%s' calls itself: there is no recursion",
                   call->name);
        return NULL;
    }
    if (s && s->kind == SYM_FUNCTION)
        return inline_function(c, call, s, &actuals);
    if (s ? !s->poisoned : is_operator(c, call->name))
        diag_error(check->diag, call->name_loc, "'%s' works on layers, but a number is needed here",
                   call->name);
    else if (!s && find_rule_call(call->name))
        diag_error(check->diag, call->name_loc, "'%s' can be used in rules only", call->name);
    else if (!s && find_symbol(c, T_VALUE, call->name))
        diag_error(check->diag, call->name_loc, "'%s' is a value and cannot be called", call->name);
    else if (!s) {
        const char *names[32];
        int count = 0;
        for (p = primitive_table; p->name && count < 31; p++)
            names[count++] = p->name;
        for (const struct rule_call *r = rule_calls; c->rule && r->name && count < 31; r++)
            names[count++] = r->name;
        names[count] = NULL;
        report_unknown(c, call->name_loc, call->name, "function", T_OPERATOR, 1u << SYM_FUNCTION,
                       names);
    }
    return NULL;
}

/* `x |> f(a)` is `f(x, a)` among numbers too. */
static struct expr *resolve_pipe(const struct context *c, struct expr *e)
{
    struct expr *call = e->arg[1];
    struct actuals rest = actuals_of_call(c->check, call, 0), all = {.loc = e->loc};
    struct actual first = {NULL, e->arg[0]->loc, e->arg[0]->loc, e->arg[0]};
    PUSH(c->check->arena, all.at, all.count, first);
    for (int i = 0; i < rest.count; i++)
        PUSH(c->check->arena, all.at, all.count, rest.at[i]);
    return resolve_call(c, call, all);
}

static struct expr *resolve_operands(const struct context *c, struct expr *e)
{
    struct expr *arg[3] = {NULL, NULL, NULL};
    bool good = true;
    for (int i = 0; i < e->count; i++) {
        arg[i] = resolve(c, e->arg[i]);
        good = good && arg[i];
    }
    if (!good)
        return NULL;
    struct expr *made = e->count == 1 ? expr_unary(c->check->arena, e->loc, e->kind, arg[0])
                        : e->count == 2
                            ? expr_binary(c->check->arena, e->loc, e->kind, arg[0], arg[1])
                            : expr_cond(c->check->arena, e->loc, arg[0], arg[1], arg[2]);
    return too_large(c, made, e->loc, "the formula") ? NULL : made;
}

struct expr *resolve(const struct context *c, struct expr *e)
{
    switch (e->kind) {
    case E_NUMBER:
        return e;
    case E_NAME:
        return resolve_name(c, e);
    case E_CALL:
        return resolve_call(c, e, actuals_of_call(c->check, e, 0));
    case E_PIPE:
        return resolve_pipe(c, e);
    case E_TUPLE:
        diag_error(c->check->diag, e->loc, "a list stands where one number is needed");
        return NULL;
    case E_PLACE:
        diag_error(c->check->diag, e->loc, "a number cannot be indexed");
        return NULL;
    case E_NEG:
    case E_NOT:
    case E_ADD:
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
        return resolve_operands(c, e);
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
