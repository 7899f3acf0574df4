/* Names and values of a neuron that is written out: each value gets a name of its own, and what an
 * `if` assigns becomes a choice. */
#include "neuron.h"

void neuron_fail(struct neuron_writer *w, struct loc loc, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    diag_error(w->check->diag, loc, "%s", arena_vformat(w->check->arena, format, list));
    va_end(list);
    w->good = false;
}

int find_variable(const struct neuron_writer *w, const char *name)
{
    for (int i = 0; i < w->variables; i++)
        if (w->variable[i].name == name)
            return i;
    return -1;
}

void show_variable(struct neuron_writer *w, int i)
{
    const struct variable *v = &w->variable[i];
    w->binding[i] = (struct binding){.name = v->name, .half = !v->sure};
    w->binding[i].here = v->role == IS_LOCAL || v->role == IS_STATE;
    w->binding[i].value = v->sure ? v->now : NULL;
}

struct variable *add_variable(struct neuron_writer *w, const char *name, enum role role,
                              struct expr *now)
{
    struct variable v = {.name = name, .role = role, .now = now, .sure = true};
    struct binding b = {.name = name};
    PUSH(w->check->arena, w->variable, w->variables, v);
    PUSH(w->check->arena, w->binding, w->bindings, b);
    w->context.binding = w->binding;
    w->context.bindings = w->bindings;
    show_variable(w, w->variables - 1);
    return &w->variable[w->variables - 1];
}

const char *fresh_local(struct neuron_writer *w, const char *base)
{
    struct arena *arena = w->check->arena;
    const char *name = base;
    for (int i = 2; map_find(&w->taken, name); i++)
        name = intern(arena, arena_format(arena, "%s%d", base, i));
    map_set(arena, &w->taken, name, w);
    return name;
}

/* What follows from arguments is reported where they are given. */
static struct expr *accept(struct neuron_writer *w, struct expr *e, struct loc place)
{
    struct expr *folded = e ? fold_checked(w->check, e, place) : NULL;
    if (folded && !w->is_definition &&
        (!check_printable(w->check, folded, place) ||
         !check_total(w->check, &w->total, folded, place)))
        folded = NULL;
    w->good = w->good && folded;
    return folded;
}

struct expr *neuron_expr(struct neuron_writer *w, struct expr *e)
{
    return accept(w, resolve(&w->context, e), w->is_definition ? e->loc : w->place);
}

struct expr *keep_value(struct neuron_writer *w, const char *base, struct expr *value)
{
    struct arena *arena = w->check->arena;
    if (!value || value->kind == E_NUMBER || value->kind == E_NAME)
        return value;
    struct neuron_local local = {fresh_local(w, base), value};
    PUSH(arena, w->to->local, w->to->locals, local);
    return expr_name(arena, value->loc, local.name);
}

/* After `if (c) { v = a; } else { v = b; }` old is `c ? a : v`, which nobody need compute first. */
static struct expr *other_path(const struct neuron_writer *w, const struct expr *condition,
                               struct expr *old)
{
    const struct expr *value = old;
    for (int i = w->to->locals; i-- > 0 && value == old;)
        if (old->kind == E_NAME && w->to->local[i].name == old->name)
            value = w->to->local[i].value;
    bool same = value->kind == E_COND && expr_equal(value->arg[0], condition);
    return same ? value->arg[1] : old;
}

struct expr *guard_value(struct neuron_writer *w, struct expr *value, struct expr *old)
{
    struct arena *arena = w->check->arena;
    if (!value || !w->guard)
        return value;
    if (!old)
        old = expr_number(arena, value->loc, 0);
    if (w->guard->kind != E_NOT)
        return expr_fold_top(arena, expr_cond(arena, value->loc, w->guard, value, old));
    struct expr *condition = w->guard->arg[0];
    old = other_path(w, condition, old);
    return expr_fold_top(arena, expr_cond(arena, value->loc, condition, old, value));
}
