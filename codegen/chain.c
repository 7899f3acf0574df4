/* The elementwise chain of a value: one expression in the sum, its derivative, and what the
 * selftest needs where the derivative is not the function's. */
#include "memory.h"

#include <string.h>

struct expr *chain_expr(struct plan *p, const struct value *v, int links)
{
    struct arena *a = p->arena;
    const char *x = intern(a, "x");
    struct expr *e = expr_name(a, (struct loc){0}, x);
    int keeps = 0;
    for (int i = 0; i < links; i++) {
        struct node *node = v->chain[i];
        if (node->op == N_MAP)
            e = expr_substitute(a, node->map, x, e);
        else if (node->op == N_DROPOUT)
            e = expr_binary(a, node->loc, E_MUL, e, ex(a, "keep%d", keeps++));
    }
    return expr_fold(a, e);
}

/* The chain as one expression in x, and its derivative. */
static void compose(struct plan *p, struct value *v)
{
    struct arena *a = p->arena;
    const char *x = intern(a, "x");
    v->train = v->predict = expr_name(a, (struct loc){0}, x);
    for (int i = 0; i < v->links; i++) {
        struct node *node = v->chain[i];
        if (node->op == N_MAP) {
            v->train = expr_substitute(a, node->map, x, v->train);
            v->predict = expr_substitute(a, node->map, x, v->predict);
        } else if (node->op == N_DROPOUT) {
            struct expr *keep = ex(a, "keep%d", v->dropouts);
            v->train = expr_binary(a, node->loc, E_MUL, v->train, keep);
            PUSH(a, v->dropout, v->dropouts, node);
            PUSH(a, p->dropout, p->dropouts, node);
        }
    }
    v->train = expr_fold(a, v->train);
    v->predict = expr_fold(a, v->predict);
}

/* Is `c ? x : 0` with c true exactly where the result is above zero: then `x > 0` can be asked of
 * the result. */
static bool is_gate(struct arena *a, const struct expr *e)
{
    struct expr *above = ex(a, "x > 0.0");
    return e->kind == E_COND && expr_equal(e->arg[0], above) && e->arg[1]->kind == E_NAME &&
           e->arg[1]->name == intern(a, "x") && expr_is_number(e->arg[2], 0);
}

/* The derivative is taken from the result where it can be: nothing more need be kept. */
static void find_slope(struct plan *p, struct value *v)
{
    struct arena *a = p->arena;
    const char *x = intern(a, "x");
    v->slope = expr_derivative(a, v->modulated ? chain_expr(p, v, v->neuron_links) : v->train, x);
    v->slope_is_one = expr_is_number(v->slope, 1);
    struct expr *from_result = expr_replace_equal(a, v->slope, v->train, ex(a, "y"));
    if (is_gate(a, v->train))
        from_result = expr_replace_equal(a, from_result, ex(a, "x > 0.0"), ex(a, "y > 0.0"));
    if (v->slope_is_one || v->dropouts || expr_uses(from_result, x))
        return;
    v->slope = from_result;
    v->slope_from_result = true;
}

/* The expression as a function that has the derivative we take it to have, about x0: see
 * plast_model.anchor. */
static struct expr *about(void *context, struct expr *e)
{
    struct arena *a = context;
    const char *x = intern(a, "x");
    struct expr *x0 = ex(a, "x0");
    if (e->kind == E_CALL && strcmp(e->name, "detach") == 0)
        return expr_substitute(a, e->arg[0], x, x0);
    if (e->kind != E_CALL || strcmp(e->name, "fire") != 0)
        return expr_map(a, e, about, a);
    struct expr *moved =
        expr_binary(a, e->loc, E_SUB, about(a, e->arg[0]), expr_substitute(a, e->arg[0], x, x0));
    moved = expr_binary(a, e->loc, E_MUL, expr_substitute(a, e->arg[1], x, x0), moved);
    return expr_binary(a, e->loc, E_ADD, expr_substitute(a, e, x, x0), moved);
}

static void anchor(struct plan *p, struct value *v)
{
    const char *detach = intern(p->arena, "detach"), *fire = intern(p->arena, "fire");
    if (!expr_calls(v->train, detach) && !expr_calls(v->train, fire))
        return;
    struct expr *held = about(p->arena, v->train);
    if (expr_uses(held, intern(p->arena, "x0"))) /* else what is detached is constant anyway */
        v->held = held;
}

void plan_chain(struct plan *p, struct value *v)
{
    compose(p, v);
    if (v->neuron) { /* its derivative is its own, and what drops is drawn again */
        v->slope_is_one = true;
        return;
    }
    find_slope(p, v);
    anchor(p, v);
}

int64_t input_transform(struct arena *a, const struct value *v, double **scale, double **shift)
{
    int64_t channels = 1;
    for (int i = 0; i < v->links; i++)
        if (v->chain[i]->op == N_AFFINE && v->chain[i]->channels > channels)
            channels = v->chain[i]->channels;
    *scale = NEW_ARRAY(a, channels, double);
    *shift = NEW_ARRAY(a, channels, double);
    for (int64_t c = 0; c < channels; c++) {
        (*scale)[c] = 1;
        for (int i = 0; i < v->links; i++) {
            if (v->chain[i]->op != N_AFFINE)
                continue;
            int64_t at = v->chain[i]->channels == 1 ? 0 : c;
            (*scale)[c] *= v->chain[i]->scale[at];
            (*shift)[c] = (*shift)[c] * v->chain[i]->scale[at] + v->chain[i]->shift[at];
        }
    }
    return channels;
}
