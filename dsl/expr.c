/* Builds, compares and rewrites scalar expressions; all of them live in an arena and never change
 * once built. Relies on names being interned: two names are equal where their pointers are. */
#include "expr.h"

#include <string.h>

enum { SIZE_MOST = 1 << 30 };

static struct expr *new_expr(struct arena *arena, struct loc loc, enum expr_kind kind, int count)
{
    struct expr *e = NEW(arena, struct expr);
    e->kind = kind;
    e->loc = loc;
    e->count = count;
    if (count > 0)
        e->arg = NEW_ARRAY(arena, count, struct expr *);
    return e;
}

/* Sizes saturate: what is shared can be exponentially larger as a tree than in memory. */
static struct expr *measure(struct expr *e)
{
    e->size = 1;
    e->depth = 0;
    for (int i = 0; i < e->count; i++) {
        e->size += e->arg[i]->size;
        if (e->size > SIZE_MOST)
            e->size = SIZE_MOST;
        if (e->depth < e->arg[i]->depth)
            e->depth = e->arg[i]->depth;
    }
    e->depth++;
    return e;
}

struct expr *expr_number(struct arena *arena, struct loc loc, double number)
{
    struct expr *e = new_expr(arena, loc, E_NUMBER, 0);
    e->number = number;
    return measure(e);
}

struct expr *expr_int(struct arena *arena, long long integer)
{
    struct expr *e = new_expr(arena, (struct loc){0}, E_INT, 0);
    e->integer = integer;
    return measure(e);
}

struct expr *expr_name(struct arena *arena, struct loc loc, const char *interned)
{
    struct expr *e = new_expr(arena, loc, E_NAME, 0);
    e->name = interned;
    return measure(e);
}

struct expr *expr_unary(struct arena *arena, struct loc loc, enum expr_kind kind, struct expr *a)
{
    struct expr *e = new_expr(arena, loc, kind, 1);
    e->arg[0] = a;
    return measure(e);
}

struct expr *expr_binary(struct arena *arena, struct loc loc, enum expr_kind kind, struct expr *a,
                         struct expr *b)
{
    struct expr *e = new_expr(arena, loc, kind, 2);
    e->arg[0] = a;
    e->arg[1] = b;
    return measure(e);
}

struct expr *expr_cond(struct arena *arena, struct loc loc, struct expr *c, struct expr *a,
                       struct expr *b)
{
    struct expr *e = new_expr(arena, loc, E_COND, 3);
    e->arg[0] = c;
    e->arg[1] = a;
    e->arg[2] = b;
    return measure(e);
}

struct expr *expr_call(struct arena *arena, struct loc loc, const char *interned, int count,
                       struct expr *const *arg, const char *const *arg_name)
{
    struct expr *e = new_expr(arena, loc, E_CALL, count);
    e->name = interned;
    e->name_loc = loc;
    if (count > 0) {
        e->arg_name = NEW_ARRAY(arena, count, const char *);
        memcpy(e->arg, arg, (size_t)count * sizeof *arg);
        if (arg_name)
            memcpy(e->arg_name, arg_name, (size_t)count * sizeof *arg_name);
    }
    return measure(e);
}

struct expr *expr_tuple(struct arena *arena, struct loc loc, int count, struct expr *const *arg)
{
    struct expr *e = new_expr(arena, loc, E_TUPLE, count);
    if (count > 0)
        memcpy(e->arg, arg, (size_t)count * sizeof *arg);
    return measure(e);
}

struct expr *expr_place(struct arena *arena, struct loc loc, struct loc name_loc,
                        const char *interned, struct expr *index)
{
    struct expr *e = expr_unary(arena, loc, E_PLACE, index);
    e->name = interned;
    e->name_loc = name_loc;
    return e;
}

struct expr *expr_member(struct arena *arena, enum expr_kind kind, struct expr *a, const char *name)
{
    struct expr *e = expr_unary(arena, a->loc, kind, a);
    e->name = name;
    return e;
}

bool expr_equal(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->size != b->size || a->count != b->count || a->name != b->name ||
        a->integer != b->integer || memcmp(&a->number, &b->number, sizeof a->number) != 0)
        return false;
    for (int i = 0; i < a->count; i++) {
        if (a->arg_name && a->arg_name[i] != b->arg_name[i])
            return false;
        if (!expr_equal(a->arg[i], b->arg[i]))
            return false;
    }
    return true;
}

bool expr_uses(const struct expr *e, const char *interned)
{
    if (e->kind == E_NAME)
        return e->name == interned;
    for (int i = 0; i < e->count; i++)
        if (expr_uses(e->arg[i], interned))
            return true;
    return false;
}

bool expr_calls(const struct expr *e, const char *interned)
{
    if (e->kind == E_CALL && e->name == interned)
        return true;
    for (int i = 0; i < e->count; i++)
        if (expr_calls(e->arg[i], interned))
            return true;
    return false;
}

bool expr_is_number(const struct expr *e, double number)
{
    return e->kind == E_NUMBER && e->number == number;
}

bool expr_is_logical(const struct expr *e)
{
    switch (e->kind) {
    case E_LT:
    case E_LE:
    case E_GT:
    case E_GE:
    case E_EQ:
    case E_NE:
    case E_AND:
    case E_OR:
    case E_NOT:
        return true;
    case E_CALL:
        return strcmp(e->name, "fire") == 0;
    case E_NUMBER:
    case E_INT:
    case E_NAME:
    case E_NEG:
    case E_ADD:
    case E_SUB:
    case E_MUL:
    case E_DIV:
    case E_POW:
    case E_COND:
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

/* A copy of `e` with other arguments. */
static struct expr *with_args(struct arena *arena, const struct expr *e, struct expr **arg)
{
    struct expr *copy = NEW(arena, struct expr);
    *copy = *e;
    copy->arg = arg;
    return measure(copy);
}

struct expr *expr_map(struct arena *arena, struct expr *e, expr_change *change, void *context)
{
    struct expr **arg = NULL;
    for (int i = 0; i < e->count; i++) {
        struct expr *new = change(context, e->arg[i]);
        if (new == e->arg[i])
            continue;
        if (!arg) {
            arg = NEW_ARRAY(arena, e->count, struct expr *);
            memcpy(arg, e->arg, (size_t)e->count * sizeof *arg);
        }
        arg[i] = new;
    }
    return arg ? with_args(arena, e, arg) : e;
}

struct replacing {
    struct arena *arena;
    expr_lookup *value;
    void *context;
};

static struct expr *replace_names(void *context, struct expr *e)
{
    struct replacing *r = context;
    if (e->kind != E_NAME)
        return expr_map(r->arena, e, replace_names, r);
    struct expr *by = r->value(r->context, e);
    return by ? by : e;
}

struct expr *expr_replace(struct arena *arena, struct expr *e, expr_lookup *value, void *context)
{
    struct replacing r = {arena, value, context};
    return replace_names(&r, e);
}

struct replacing_equal {
    struct arena *arena;
    const struct expr *what;
    struct expr *by;
};

static struct expr *replace_equal(void *context, struct expr *e)
{
    struct replacing_equal *r = context;
    if (e->kind == r->what->kind && expr_equal(e, r->what))
        return r->by;
    return expr_map(r->arena, e, replace_equal, r);
}

struct expr *expr_replace_equal(struct arena *arena, struct expr *e, const struct expr *what,
                                struct expr *by)
{
    struct replacing_equal r = {arena, what, by};
    return replace_equal(&r, e);
}

struct pair {
    const char *name;
    struct expr *by;
};

static struct expr *lookup_pair(void *context, const struct expr *name)
{
    const struct pair *pair = context;
    return name->name == pair->name ? pair->by : NULL;
}

struct expr *expr_substitute(struct arena *arena, struct expr *e, const char *interned,
                             struct expr *by)
{
    struct pair pair = {interned, by};
    return expr_replace(arena, e, lookup_pair, &pair);
}
