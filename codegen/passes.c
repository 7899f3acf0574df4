/* Passes over functions: constants folded and dead statements dropped
 * (simplify), and how independent loops run (parallel). */
#include "loop.h"

static bool is_int(const struct expr *e, long long value)
{
    return e->kind == E_INT && e->integer == value;
}

static bool both_ints(const struct expr *e)
{
    return e->count == 2 && e->arg[0]->kind == E_INT && e->arg[1]->kind == E_INT;
}

static struct expr *fold_ints(struct arena *a, struct expr *e)
{
    long long x = e->arg[0]->integer, y = e->arg[1]->integer;
    switch ((int)e->kind) {
    case E_ADD:
        return expr_int(a, x + y);
    case E_SUB:
        return expr_int(a, x - y);
    case E_MUL:
        return expr_int(a, x * y);
    case E_LT:
        return expr_int(a, x < y);
    case E_LE:
        return expr_int(a, x <= y);
    case E_NE:
        return expr_int(a, x != y);
    case E_REM:
        return y > 0 ? expr_int(a, x % y) : e;
    }
    return e;
}

/* Integer arithmetic alone: what folds in floating point was folded by check. */
static struct expr *simplify_part(void *context, struct expr *e)
{
    struct arena *a = context;
    e = expr_map(a, e, simplify_part, a);
    if (both_ints(e))
        return fold_ints(a, e);
    if (e->kind == E_ADD && is_int(e->arg[1], 0))
        return e->arg[0];
    if (e->kind == E_ADD && is_int(e->arg[0], 0))
        return e->arg[1];
    if (e->kind == E_MUL && is_int(e->arg[1], 1))
        return e->arg[0];
    if (e->kind == E_COND && e->arg[0]->kind == E_INT)
        return e->arg[e->arg[0]->integer ? 1 : 2];
    return e;
}

static struct expr *simplify_expr(struct arena *a, struct expr *e)
{
    return e ? simplify_part(a, e) : NULL;
}

static struct cstmt *simplify_list(struct arena *a, struct cstmt *s);

/* What stands for the statement: itself, a part of it, or nothing. */
static struct cstmt *simplify_stmt(struct arena *a, struct cstmt *s)
{
    s->value = simplify_expr(a, s->value);
    s->target = simplify_expr(a, s->target);
    s->from = simplify_expr(a, s->from);
    s->to = simplify_expr(a, s->to);
    s->step = simplify_expr(a, s->step);
    for (int i = 0; i < s->dims; i++)
        s->dim[i] = simplify_expr(a, s->dim[i]);
    s->body = simplify_list(a, s->body);
    s->other = simplify_list(a, s->other);
    if (s->tag == S_IF && s->value->kind == E_INT)
        return s->value->integer ? s->body : s->other;
    if (s->tag == S_IF && !s->body && !s->other)
        return NULL;
    if (s->tag == S_FOR && (!s->body || (is_int(s->from, 0) && is_int(s->to, 0))))
        return NULL;
    return s;
}

static struct cstmt *simplify_list(struct arena *a, struct cstmt *s)
{
    struct cstmt *first = NULL, **link = &first;
    while (s) {
        struct cstmt *next = s->next;
        s->next = NULL;
        *link = simplify_stmt(a, s);
        while (*link)
            link = &(*link)->next;
        s = next;
    }
    return first;
}

void simplify(struct arena *arena, struct cfunc *f)
{
    f->body = simplify_list(arena, f->body);
}

/* An independent loop inside one that threads share, or inside a tile, runs in vectors; the
 * outermost of a function that threads enter together is shared among them. */
static void assign_loops(struct cstmt *s, bool shared)
{
    for (; s; s = s->next) {
        bool inner = shared;
        if (s->tag == S_FOR && s->loop == LOOP_INDEPENDENT) {
            s->loop = shared ? LOOP_SIMD : LOOP_SHARED;
            inner = true;
        } else if (s->tag == S_FOR && s->loop == LOOP_COLLAPSE) {
            s->loop = shared ? LOOP_PLAIN : LOOP_SHARED2;
            s->body->loop = LOOP_PLAIN;
            inner = true;
        }
        assign_loops(s->body, inner);
        assign_loops(s->other, inner);
    }
}

void parallel(struct arena *arena, struct cfunc *f)
{
    (void)arena;
    assign_loops(f->body, f->is_inline);
}
