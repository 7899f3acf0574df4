/* The optimizer's statements, on one element of a tensor: branches become selects, so that the
 * loop over elements runs in vectors. */
#include "lower.h"
#include "names.h"

#include <string.h>

struct local {
    const char *name, *as; /* in the model, in C */
    const char *at;        /* a state's array */
    bool declared;
};

struct writer {
    struct kernel *kernel;
    struct arena *arena;
    struct cstmt **head, *out;
    struct names *names;
    struct local *local;
    int locals, conditions;
};

static struct local *find_local(struct writer *w, const char *name)
{
    for (int i = 0; i < w->locals; i++)
        if (w->local[i].name == name)
            return &w->local[i];
    struct local l = {name, names_unique(w->names, name), NULL, false};
    PUSH(w->arena, w->local, w->locals, l);
    return &w->local[w->locals - 1];
}

static struct expr *rename_local(void *context, const struct expr *name)
{
    struct writer *w = context;
    for (int i = 0; i < w->locals; i++)
        if (w->local[i].name == name->name)
            return expr_name(w->arena, name->loc, intern(w->arena, w->local[i].as));
    return NULL;
}

static struct expr *value_of(struct writer *w, struct expr *e)
{
    e = kernel_hoist(w->kernel, e, w->head);
    return expr_replace(w->arena, e, rename_local, w);
}

static void emit(struct writer *w, struct cstmt *s)
{
    w->out = cstmt_join(w->out, s);
}

/* `guard` is the name of the condition it stands under, or NULL. */
static void write_assign(struct writer *w, const struct update_stmt *s, struct expr *guard)
{
    struct expr *value = value_of(w, s->value);
    struct local *l = find_local(w, s->target);
    struct expr *target = expr_name(w->arena, s->loc, intern(w->arena, l->as));
    if (guard && !l->declared)
        emit(w, code(w->arena, NULL, "float %s = 0.0f;", l->as));
    if (guard)
        value = expr_cond(w->arena, s->loc, guard, value, target);
    if (guard || l->declared)
        emit(w, cstmt_assign(w->arena, target, value));
    else
        emit(w, cstmt_declare(w->arena, "float", l->as, value));
    l->declared = true;
}

static struct expr *both(struct writer *w, struct expr *a, struct expr *b)
{
    return a ? expr_binary(w->arena, (struct loc){0}, E_AND, a, b) : b;
}

static void write_list(struct writer *w, const struct update_stmt *s, struct expr *guard)
{
    for (; s; s = s->next) {
        if (!s->condition) {
            write_assign(w, s, guard);
            continue;
        }
        const char *name = names_unique(w->names, arena_format(w->arena, "if%d", w->conditions++));
        struct expr *condition = as_condition(w->arena, value_of(w, s->condition));
        emit(w, cstmt_declare(w->arena, "const int", name, condition));
        write_list(w, s->then, both(w, guard, ex(w->arena, "%s != 0", name)));
        write_list(w, s->other, both(w, guard, ex(w->arena, "%s == 0", name)));
    }
}

struct cstmt *lower_optimizer(struct kernel *k, const struct field *f, struct cstmt *before,
                              struct cstmt *after, struct cstmt **head)
{
    struct arena *a = k->module->arena;
    const struct optimizer *o = k->module->plan->net->optimizer;
    struct writer w = {.kernel = k, .arena = a, .head = head, .names = names_new(a)};
    struct local weight = {intern(a, "w"), "w", "w_at", true},
                 grad = {intern(a, "grad"), "grad", NULL, true};
    PUSH(a, w.local, w.locals, weight);
    PUSH(a, w.local, w.locals, grad);
    kernel_param(k, "float *restrict", "w_at", "m->%s", f->name);
    emit(&w, code(a, NULL, "float w = w_at[at + l];"));
    for (int i = 0; i < o->state_count; i++) {
        const struct field *state = plan_field(k->module->plan, f->param, o->state[i].name);
        struct local *l = find_local(&w, o->state[i].name);
        l->declared = true;
        l->at = names_unique(w.names, arena_format(a, "%s_at", l->as));
        kernel_param(k, "float *restrict", l->at, "m->%s", state->name);
        emit(&w, code(a, NULL, "float %s = %s[at + l];", l->as, l->at));
    }
    emit(&w, before);
    write_list(&w, o->body, NULL);
    if (after && f->alive)
        emit(&w, cstmt_assign(a, ex(a, "w"), if_alive(k, f, ex(a, "w"))));
    emit(&w, after);
    for (int i = 0; i < w.locals; i++)
        if (w.local[i].at)
            emit(&w, cstmt_assign(a, ex(a, "%s[at + l]", w.local[i].at),
                                  if_alive(k, f, ex(a, "%s", w.local[i].as))));
    return w.out;
}
