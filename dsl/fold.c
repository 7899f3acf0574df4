/* Evaluates expressions, and folds what is constant in them: expressions go in, numbers or simpler
 * expressions come out. The table of primitives stands here. */
#include "expr.h"

#include <math.h>
#include <string.h>

const struct primitive primitive_table[] = {
    {"abs", 1, 1, fabs}, {"exp", 1, 1, exp},  {"log", 1, 1, log},   {"sqrt", 1, 1, sqrt},
    {"sin", 1, 1, sin},  {"cos", 1, 1, cos},  {"tanh", 1, 1, tanh}, {"floor", 1, 1, floor},
    {"min", 1, 2, NULL}, {"max", 1, 2, NULL}, {"fire", 2, 2, NULL}, {"detach", 1, 1, NULL},
    {NULL, 0, 0, NULL},
};

const struct primitive *primitive_find(const char *name)
{
    for (const struct primitive *p = primitive_table; p->name; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

static bool evaluate_call(const struct expr *e, expr_value *value, void *context, double *result)
{
    const struct primitive *p = primitive_find(e->name);
    double a, b;
    if (!p || e->count < p->least || e->count > p->most ||
        !expr_evaluate(e->arg[0], value, context, &a))
        return false;
    if (p->value) {
        *result = p->value(a);
        return true;
    }
    if (strcmp(p->name, "detach") == 0) {
        *result = a;
        return true;
    }
    if (strcmp(p->name, "fire") == 0) {
        *result = a > 0;
        return true;
    }
    if (e->count != 2 || !expr_evaluate(e->arg[1], value, context, &b))
        return false;
    *result = strcmp(p->name, "min") == 0 ? (a < b ? a : b) : (a > b ? a : b);
    return true;
}

/* `and`, `or` and `?:` look only at the operands they need. */
static bool evaluate_lazy(const struct expr *e, expr_value *value, void *context, double *result)
{
    double a, b;
    if (!expr_evaluate(e->arg[0], value, context, &a))
        return false;
    if (e->kind == E_COND)
        return expr_evaluate(e->arg[a != 0 ? 1 : 2], value, context, result);
    if ((a != 0) == (e->kind == E_OR)) {
        *result = a != 0;
        return true;
    }
    if (!expr_evaluate(e->arg[1], value, context, &b))
        return false;
    *result = b != 0;
    return true;
}

static double compute_binary(enum expr_kind kind, double a, double b)
{
    switch ((int)kind) {
    case E_ADD:
        return a + b;
    case E_SUB:
        return a - b;
    case E_MUL:
        return a * b;
    case E_DIV:
        return a / b;
    case E_POW:
        return pow(a, b);
    case E_LT:
        return a < b;
    case E_LE:
        return a <= b;
    case E_GT:
        return a > b;
    case E_GE:
        return a >= b;
    case E_EQ:
        return a == b;
    case E_NE:
        return a != b;
    }
    bug("not a binary operator: %d", (int)kind);
}

bool expr_evaluate(const struct expr *e, expr_value *value, void *context, double *result)
{
    double a, b;
    switch (e->kind) {
    case E_NUMBER:
        *result = e->number;
        return true;
    case E_INT:
        *result = (double)e->integer;
        return true;
    case E_NAME:
        return value && value(context, e->name, result);
    case E_CALL:
        return evaluate_call(e, value, context, result);
    case E_NEG:
    case E_NOT:
        if (!expr_evaluate(e->arg[0], value, context, &a))
            return false;
        *result = e->kind == E_NEG ? -a : a == 0;
        return true;
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
        if (!expr_evaluate(e->arg[0], value, context, &a) ||
            !expr_evaluate(e->arg[1], value, context, &b))
            return false;
        *result = compute_binary(e->kind, a, b);
        return true;
    case E_AND:
    case E_OR:
    case E_COND:
        return evaluate_lazy(e, value, context, result);
    case E_PIPE:
    case E_TUPLE:
    case E_PLACE:
    case E_REM:
    case E_INDEX:
    case E_CAST:
    case E_ADDRESS:
    case E_DEREF:
    case E_ARROW:
    case E_DOT:
        return false;
    }
    bug("expression of kind %d", (int)e->kind);
}

static struct expr *negate(struct arena *arena, struct expr *a)
{
    return expr_fold_top(arena, expr_unary(arena, a->loc, E_NEG, a));
}

static bool is_number(const struct expr *e)
{
    return e->kind == E_NUMBER;
}

static struct expr *fold_add(struct arena *arena, struct expr *e)
{
    struct expr *a = e->arg[0], *b = e->arg[1];
    if (expr_is_number(a, 0))
        return b;
    if (expr_is_number(b, 0))
        return a;
    if (b->kind == E_NEG)
        return expr_fold_top(arena, expr_binary(arena, e->loc, E_SUB, a, b->arg[0]));
    if (is_number(b) && b->number < 0)
        return expr_fold_top(arena, expr_binary(arena, e->loc, E_SUB, a, negate(arena, b)));
    if (a->kind == E_NEG)
        return expr_fold_top(arena, expr_binary(arena, e->loc, E_SUB, b, a->arg[0]));
    return e;
}

static struct expr *fold_sub(struct arena *arena, struct expr *e)
{
    struct expr *a = e->arg[0], *b = e->arg[1];
    if (expr_is_number(b, 0))
        return a;
    if (expr_is_number(a, 0))
        return negate(arena, b);
    if (b->kind == E_NEG)
        return expr_fold_top(arena, expr_binary(arena, e->loc, E_ADD, a, b->arg[0]));
    if (is_number(b) && b->number < 0)
        return expr_fold_top(arena, expr_binary(arena, e->loc, E_ADD, a, negate(arena, b)));
    if (a->kind == E_NAME && expr_equal(a, b))
        return expr_number(arena, e->loc, 0);
    return e;
}

static struct expr *fold_mul(struct arena *arena, struct expr *e)
{
    struct expr *a = e->arg[0], *b = e->arg[1];
    if (expr_is_number(a, 0) || expr_is_number(b, 0))
        return expr_number(arena, e->loc, 0);
    if (expr_is_number(a, 1))
        return b;
    if (expr_is_number(b, 1))
        return a;
    if (expr_is_number(a, -1))
        return negate(arena, b);
    if (expr_is_number(b, -1))
        return negate(arena, a);
    if (a->kind == E_NEG)
        return negate(arena, expr_fold_top(arena, expr_binary(arena, e->loc, E_MUL, a->arg[0], b)));
    if (b->kind == E_NEG)
        return negate(arena, expr_fold_top(arena, expr_binary(arena, e->loc, E_MUL, a, b->arg[0])));
    return e;
}

static struct expr *fold_div(struct arena *arena, struct expr *e)
{
    struct expr *a = e->arg[0], *b = e->arg[1];
    if (expr_is_number(b, 0))
        return e;
    if (expr_is_number(b, 1))
        return a;
    if (expr_is_number(b, -1))
        return negate(arena, a);
    if (expr_is_number(a, 0) && is_number(b))
        return a;
    if (a->kind == E_NEG)
        return negate(arena, expr_fold_top(arena, expr_binary(arena, e->loc, E_DIV, a->arg[0], b)));
    return e;
}

static struct expr *fold_pow(struct arena *arena, struct expr *e)
{
    struct expr *a = e->arg[0], *b = e->arg[1];
    if (expr_is_number(b, 1))
        return a;
    if (expr_is_number(b, 0) || expr_is_number(a, 1)) /* 0 ^ 0 is 1, as pow() has it */
        return expr_number(arena, e->loc, 1);
    return e;
}

static struct expr *as_logical(struct arena *arena, struct expr *e)
{
    if (is_number(e))
        return expr_number(arena, e->loc, e->number != 0);
    if (expr_is_logical(e))
        return e;
    struct expr *zero = expr_number(arena, e->loc, 0);
    return expr_fold_top(arena, expr_binary(arena, e->loc, E_NE, e, zero));
}

static struct expr *fold_and_or(struct arena *arena, struct expr *e)
{
    double decides = e->kind == E_OR; /* what an operand must be to settle the result */
    for (int i = 0; i < 2; i++) {
        if (!is_number(e->arg[i]))
            continue;
        if ((e->arg[i]->number != 0) == (decides != 0))
            return expr_number(arena, e->loc, decides);
        return as_logical(arena, e->arg[1 - i]);
    }
    return e;
}

static struct expr *fold_cond(struct arena *arena, struct expr *e)
{
    struct expr *c = e->arg[0], *a = e->arg[1], *b = e->arg[2];
    if (is_number(c))
        return c->number != 0 ? a : b;
    if (expr_equal(a, b))
        return a;
    if (c->kind == E_NOT)
        return expr_fold_top(arena, expr_cond(arena, e->loc, c->arg[0], b, a));
    return e;
}

static struct expr *fold_comparison(struct arena *arena, struct expr *e)
{
    if (e->arg[0]->kind != E_NAME || !expr_equal(e->arg[0], e->arg[1]))
        return e;
    return expr_number(arena, e->loc, e->kind == E_LE || e->kind == E_GE || e->kind == E_EQ);
}

static struct expr *fold_call(struct arena *arena, struct expr *e)
{
    double z;
    if (strcmp(e->name, "fire") == 0 && e->count == 2 && is_number(e->arg[0])) {
        expr_evaluate(e, NULL, NULL, &z);
        return expr_number(arena, e->loc, z);
    }
    return e;
}

static bool all_numbers(const struct expr *e)
{
    for (int i = 0; i < e->count; i++)
        if (!is_number(e->arg[i]))
            return false;
    return e->count > 0;
}

struct expr *expr_fold_top(struct arena *arena, struct expr *e)
{
    double value;
    if (all_numbers(e) && expr_evaluate(e, NULL, NULL, &value) && isfinite(value))
        return expr_number(arena, e->loc, value == 0 ? 0 : value); /* never -0 */
    switch (e->kind) {
    case E_NEG:
        return e->arg[0]->kind == E_NEG ? e->arg[0]->arg[0] : e;
    case E_NOT:
        if (e->arg[0]->kind == E_NOT)
            return as_logical(arena, e->arg[0]->arg[0]);
        return e;
    case E_ADD:
        return fold_add(arena, e);
    case E_SUB:
        return fold_sub(arena, e);
    case E_MUL:
        return fold_mul(arena, e);
    case E_DIV:
        return fold_div(arena, e);
    case E_POW:
        return fold_pow(arena, e);
    case E_AND:
    case E_OR:
        return fold_and_or(arena, e);
    case E_COND:
        return fold_cond(arena, e);
    case E_LT:
    case E_LE:
    case E_GT:
    case E_GE:
    case E_EQ:
    case E_NE:
        return fold_comparison(arena, e);
    case E_CALL:
        return fold_call(arena, e);
    case E_NUMBER:
    case E_INT:
    case E_NAME:
    case E_PIPE:
    case E_TUPLE:
    case E_PLACE:
    case E_REM:
    case E_INDEX:
    case E_CAST:
    case E_ADDRESS:
    case E_DEREF:
    case E_ARROW:
    case E_DOT:
        return e;
    }
    bug("expression of kind %d", (int)e->kind);
}

struct expr *expr_fold(struct arena *arena, struct expr *e)
{
    if (e->count == 0)
        return e;
    struct expr *copy = NEW(arena, struct expr);
    *copy = *e;
    copy->arg = NEW_ARRAY(arena, e->count, struct expr *);
    bool same = true;
    copy->size = 1;
    copy->depth = 0;
    for (int i = 0; i < e->count; i++) {
        copy->arg[i] = expr_fold(arena, e->arg[i]);
        same = same && copy->arg[i] == e->arg[i];
        copy->size += copy->arg[i]->size;
        if (copy->depth < copy->arg[i]->depth)
            copy->depth = copy->arg[i]->depth;
    }
    copy->depth++;
    return expr_fold_top(arena, same ? e : copy);
}
