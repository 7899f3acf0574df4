/* Symbolic derivatives: an expression and a name go in, the folded derivative comes out. It shares
 * the parts it repeats. */
#include "expr.h"

#include <string.h>

struct derive {
    struct arena *arena;
    const char *name; /* by which is derived */
    struct loc loc;
};

static struct expr *number(struct derive *d, double value)
{
    return expr_number(d->arena, d->loc, value);
}

static struct expr *two(struct derive *d, enum expr_kind kind, struct expr *a, struct expr *b)
{
    return expr_fold_top(d->arena, expr_binary(d->arena, d->loc, kind, a, b));
}

static struct expr *negative(struct derive *d, struct expr *a)
{
    return expr_fold_top(d->arena, expr_unary(d->arena, d->loc, E_NEG, a));
}

static struct expr *choose(struct derive *d, struct expr *c, struct expr *a, struct expr *b)
{
    return expr_fold_top(d->arena, expr_cond(d->arena, d->loc, c, a, b));
}

static struct expr *call(struct derive *d, const char *name, struct expr *a)
{
    name = intern(d->arena, name);
    return expr_fold_top(d->arena, expr_call(d->arena, d->loc, name, 1, &a, NULL));
}

static bool is_zero(const struct expr *e)
{
    return expr_is_number(e, 0);
}

static struct expr *derive(struct derive *, struct expr *);

/* (a / b)' = (a' - (a / b) b') / b: the quotient is there already. */
static struct expr *derive_div(struct derive *d, struct expr *e)
{
    struct expr *a = e->arg[0], *b = e->arg[1];
    struct expr *da = derive(d, a), *db = derive(d, b);
    if (is_zero(da) && is_zero(db))
        return number(d, 0);
    if (is_zero(db))
        return two(d, E_DIV, da, b);
    return two(d, E_DIV, two(d, E_SUB, da, two(d, E_MUL, e, db)), b);
}

/* d (a ^ b) / da = b a ^ (b - 1), without a logarithm, and 0 where b is 0 (at a = 0 the formula
 * would be 0 * infinity). */
static struct expr *derive_base(struct derive *d, struct expr *a, struct expr *b)
{
    struct expr *less = two(d, E_SUB, b, number(d, 1));
    struct expr *slope = two(d, E_MUL, b, two(d, E_POW, a, less));
    if (b->kind == E_NUMBER)
        return slope;
    return choose(d, two(d, E_EQ, b, number(d, 0)), number(d, 0), slope);
}

/* d (a ^ b) / db = a ^ b log(a); only a positive base has it, at 0 the power is flat. */
static struct expr *derive_exponent(struct derive *d, struct expr *e)
{
    struct expr *a = e->arg[0];
    if (a->kind == E_NUMBER && a->number <= 0)
        return number(d, 0);
    struct expr *slope = two(d, E_MUL, e, call(d, "log", a));
    return choose(d, two(d, E_GT, a, number(d, 0)), slope, number(d, 0));
}

static struct expr *derive_pow(struct derive *d, struct expr *e)
{
    struct expr *da = derive(d, e->arg[0]), *db = derive(d, e->arg[1]);
    struct expr *left = number(d, 0), *right = left;
    if (!is_zero(da))
        left = two(d, E_MUL, derive_base(d, e->arg[0], e->arg[1]), da);
    if (!is_zero(db))
        right = two(d, E_MUL, derive_exponent(d, e), db);
    return two(d, E_ADD, left, right);
}

static struct expr *derive_abs(struct derive *d, struct expr *a, struct expr *da)
{
    struct expr *zero = number(d, 0);
    struct expr *below = choose(d, two(d, E_LT, a, zero), negative(d, da), zero);
    return choose(d, two(d, E_GT, a, zero), da, below);
}

/* The chain rule for the primitives with one argument. */
static struct expr *derive_elementwise(struct derive *d, struct expr *e, struct expr *a,
                                       struct expr *da)
{
    const char *name = e->name;
    if (strcmp(name, "abs") == 0)
        return derive_abs(d, a, da);
    if (strcmp(name, "exp") == 0)
        return two(d, E_MUL, e, da);
    if (strcmp(name, "log") == 0)
        return two(d, E_DIV, da, a);
    if (strcmp(name, "sqrt") == 0)
        return two(d, E_DIV, da, two(d, E_MUL, number(d, 2), e));
    if (strcmp(name, "sin") == 0)
        return two(d, E_MUL, call(d, "cos", a), da);
    if (strcmp(name, "cos") == 0)
        return negative(d, two(d, E_MUL, call(d, "sin", a), da));
    if (strcmp(name, "tanh") == 0)
        return two(d, E_MUL, two(d, E_SUB, number(d, 1), two(d, E_POW, e, number(d, 2))), da);
    if (strcmp(name, "floor") == 0)
        return number(d, 0);
    bug("no derivative of '%s'", name);
}

static struct expr *derive_call(struct derive *d, struct expr *e)
{
    if (strcmp(e->name, "detach") == 0)
        return number(d, 0);
    struct expr *a = e->arg[0], *da = derive(d, a);
    if (strcmp(e->name, "fire") == 0)
        return two(d, E_MUL, e->arg[1], da);
    if (e->count == 1 && strcmp(e->name, "min") != 0 && strcmp(e->name, "max") != 0)
        return is_zero(da) ? da : derive_elementwise(d, e, a, da);
    if (e->count != 2)
        bug("derivative of a reduction");
    enum expr_kind chosen = strcmp(e->name, "min") == 0 ? E_LT : E_GT;
    return choose(d, two(d, chosen, a, e->arg[1]), da, derive(d, e->arg[1]));
}

static struct expr *derive(struct derive *d, struct expr *e)
{
    switch (e->kind) {
    case E_NUMBER:
    case E_INT:
    case E_NOT:
    case E_LT:
    case E_LE:
    case E_GT:
    case E_GE:
    case E_EQ:
    case E_NE:
    case E_AND:
    case E_OR:
        return number(d, 0);
    case E_NAME:
        return number(d, e->name == d->name);
    case E_NEG:
        return negative(d, derive(d, e->arg[0]));
    case E_ADD:
    case E_SUB:
        return two(d, e->kind, derive(d, e->arg[0]), derive(d, e->arg[1]));
    case E_MUL:
        return two(d, E_ADD, two(d, E_MUL, derive(d, e->arg[0]), e->arg[1]),
                   two(d, E_MUL, e->arg[0], derive(d, e->arg[1])));
    case E_DIV:
        return derive_div(d, e);
    case E_POW:
        return derive_pow(d, e);
    case E_COND:
        return choose(d, e->arg[0], derive(d, e->arg[1]), derive(d, e->arg[2]));
    case E_CALL:
        return derive_call(d, e);
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
        break;
    }
    bug("derivative of an expression of kind %d", (int)e->kind);
}

struct expr *expr_derivative(struct arena *arena, struct expr *e, const char *interned)
{
    struct derive d = {arena, interned, e->loc};
    return derive(&d, expr_fold(arena, e));
}
