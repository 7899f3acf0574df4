/* Neurons: the body is checked where it is defined; where it is used it is written out for its
 * arguments, each value under a name of its own. An `if` is evaluated once, and every assignment in
 * it becomes `condition ? new : old` at once, so that what a path not taken would compute (a
 * logarithm of less than zero) reaches neither values nor derivatives. */
#include "check.h"

#include <string.h>

enum role { IS_INPUT, IS_PARAMETER, IS_LEARNABLE, IS_STATE, IS_LOCAL };

struct variable {
    const char *name;
    enum role role;
    struct expr *now;    /* its value at this point: a number or a name; NULL after an error */
    const char *unique;  /* IS_STATE, IS_LEARNABLE: what it is called in the neuron */
    struct expr *before; /* IS_STATE: its initial value */
    bool sure;           /* each path up to here has assigned it */
};

enum emitted { EMITTED_NOT, EMITTED_HALF, EMITTED };

struct writer {
    struct check *check;
    struct context context;
    struct binding *binding; /* one for each variable */
    int bindings;
    struct variable *variable;
    int variables;
    struct map taken; /* names in the neuron */
    struct neuron *to;
    struct learnable *learnable;
    struct expr *guard; /* a name or `not` of one: when the path is taken; NULL: always */
    enum emitted emitted;
    struct loc emit_loc, place;
    struct total total;
    int depth;
    bool is_definition; /* arguments are not known yet */
    bool good;
};

static void fail(struct writer *, struct loc, const char *format, ...) PRINTF_LIKE(3, 4);
static void fail(struct writer *w, struct loc loc, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    diag_error(w->check->diag, loc, "%s", arena_vformat(w->check->arena, format, list));
    va_end(list);
    w->good = false;
}

/* --- names */

static int find_variable(const struct writer *w, const char *name)
{
    for (int i = 0; i < w->variables; i++)
        if (w->variable[i].name == name)
            return i;
    return -1;
}

static void show(struct writer *w, int i)
{
    const struct variable *v = &w->variable[i];
    w->binding[i] = (struct binding){.name = v->name, .half = !v->sure};
    w->binding[i].here = v->role == IS_LOCAL || v->role == IS_STATE;
    w->binding[i].value = v->sure ? v->now : NULL;
}

static struct variable *add_variable(struct writer *w, const char *name, enum role role,
                                     struct expr *now)
{
    struct variable v = {.name = name, .role = role, .now = now, .sure = true};
    struct binding b = {.name = name};
    PUSH(w->check->arena, w->variable, w->variables, v);
    PUSH(w->check->arena, w->binding, w->bindings, b);
    w->context.binding = w->binding;
    w->context.bindings = w->bindings;
    show(w, w->variables - 1);
    return &w->variable[w->variables - 1];
}

/* The name itself, or with a number behind it where it stands for an older value already. */
static const char *fresh_name(struct writer *w, const char *base)
{
    struct arena *arena = w->check->arena;
    const char *name = base;
    for (int i = 2; map_find(&w->taken, name); i++)
        name = intern(arena, arena_format(arena, "%s%d", base, i));
    map_set(arena, &w->taken, name, w);
    return name;
}

/* --- values */

/* What follows from arguments is reported where they are given. */
static struct expr *accept(struct writer *w, struct expr *e, struct loc place)
{
    struct expr *folded = e ? fold_checked(w->check, e, place) : NULL;
    if (folded && !w->is_definition &&
        (!check_printable(w->check, folded, place) ||
         !check_total(w->check, &w->total, folded, place)))
        folded = NULL;
    w->good = w->good && folded;
    return folded;
}

static struct expr *write_expr(struct writer *w, struct expr *e)
{
    return accept(w, resolve(&w->context, e), w->is_definition ? e->loc : w->place);
}

/* The value under a name, so that it is computed once. */
static struct expr *keep(struct writer *w, const char *base, struct expr *value)
{
    struct arena *arena = w->check->arena;
    if (!value || value->kind == E_NUMBER || value->kind == E_NAME)
        return value;
    struct neuron_local local = {fresh_name(w, base), value};
    PUSH(arena, w->to->local, w->to->locals, local);
    return expr_name(arena, value->loc, local.name);
}

/* After `if (c) { v = a; } else { v = b; }` old is `c ? a : v`, which nobody need compute first. */
static struct expr *other_path(const struct writer *w, const struct expr *condition,
                               struct expr *old)
{
    const struct expr *value = old;
    for (int i = w->to->locals; i-- > 0 && value == old;)
        if (old->kind == E_NAME && w->to->local[i].name == old->name)
            value = w->to->local[i].value;
    bool same = value->kind == E_COND && expr_equal(value->arg[0], condition);
    return same ? value->arg[1] : old;
}

/* `value` where the path is taken, else `old`. */
static struct expr *guard_value(struct writer *w, struct expr *value, struct expr *old)
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

/* --- declarations */

static bool may_declare(struct writer *w, const struct entry *e)
{
    if (find_variable(w, e->name.text) >= 0)
        fail(w, e->name.loc, "'%s' is already defined in this neuron", e->name.text);
    else if (is_run_scalar(e->name.text))
        fail(w, e->name.loc, "'%s' is a run scalar and cannot be redefined", e->name.text);
    else
        return true;
    return false;
}

/* Made before there is anything to compute from. */
static struct expr *write_initial(struct writer *w, struct expr *e, bool learnables)
{
    struct expr *value = write_expr(w, e);
    for (int i = 0; value && i < w->variables; i++) {
        const struct variable *v = &w->variable[i];
        if (v->role == IS_PARAMETER || (v->role == IS_LEARNABLE && learnables))
            continue;
        if (!body_uses(&(struct body){.value = e}, v->name))
            continue;
        fail(w, e->loc, "an initial value can use parameters%s only, not '%s'",
             learnables ? " and learnables" : "", v->name);
        return NULL;
    }
    return value;
}

static bool check_place(struct writer *w, const struct body *b, const char *what)
{
    if (w->depth > 0)
        fail(w, b->loc, "a %s cannot be declared inside an 'if'", what);
    return w->depth == 0;
}

static void write_state(struct writer *w, const struct body *b)
{
    check_place(w, b, "state");
    if (b->space != SPACE_NONE)
        fail(w, b->space_loc, "a state of a neuron has no space: each neuron has its own");
    for (int i = 0; i < b->list.count; i++) {
        const struct entry *e = &b->list.at[i];
        struct expr *initial = write_initial(w, e->value, true);
        if (!may_declare(w, e))
            continue;
        const char *unique = fresh_name(w, e->name.text);
        struct variable *v = add_variable(w, e->name.text, IS_STATE,
                                          expr_name(w->check->arena, e->name.loc, unique));
        v->unique = unique;
        v->before = initial;
    }
}

static void write_learnable(struct writer *w, const struct body *b)
{
    check_place(w, b, "learnable");
    if (b->space != SPACE_NONE && b->space != SPACE_NEURON)
        fail(w, b->space_loc,
             "a learnable is one per layer, or, with 'learnable neuron', one per neuron");
    for (int i = 0; i < b->list.count; i++) {
        const struct entry *e = &b->list.at[i];
        struct learnable l = {e->name.text, write_initial(w, e->value, false), e->loc,
                              b->space == SPACE_NEURON};
        if (!may_declare(w, e))
            continue;
        const char *unique = fresh_name(w, e->name.text);
        struct neuron_learnable learnable = {.name = unique};
        add_variable(w, e->name.text, IS_LEARNABLE, expr_name(w->check->arena, e->name.loc, unique))
            ->unique = unique;
        PUSH(w->check->arena, w->to->learnable, w->to->learnables, learnable);
        int count = w->to->learnables - 1;
        PUSH(w->check->arena, w->learnable, count, l);
    }
}

/* --- statements */

static bool may_assign(struct writer *w, const struct body *b)
{
    int at = find_variable(w, b->name.text);
    const char *name = b->name.text;
    if (at >= 0 && (w->variable[at].role == IS_PARAMETER || w->variable[at].role == IS_INPUT))
        fail(w, b->name.loc, "'%s' is a parameter and cannot be assigned", name);
    else if (at >= 0 && w->variable[at].role == IS_LEARNABLE)
        fail(w, b->name.loc, "'%s' is a learnable: only the optimizer changes it", name);
    else if (at < 0 && is_run_scalar(name))
        fail(w, b->name.loc, "'%s' is a run scalar and cannot be assigned", name);
    else if (at < 0 && b->op != E_NUMBER && find_symbol(&w->context, T_VALUE, name))
        fail(w, b->name.loc, "'%s' is not a state or a local of this neuron", name);
    else if (at < 0 && b->op != E_NUMBER) {
        report_unknown(&w->context, b->name.loc, name, "name", T_VALUE, 0, NULL);
        w->good = false;
    } else
        return true;
    return false;
}

static void write_assign(struct writer *w, const struct body *b)
{
    struct arena *arena = w->check->arena;
    bool may = may_assign(w, b);
    struct expr *value = b->value;
    if (b->op != E_NUMBER && may)
        value =
            expr_binary(arena, b->loc, b->op, expr_name(arena, b->name.loc, b->name.text), value);
    value = write_expr(w, value);
    if (!may)
        return;
    int at = find_variable(w, b->name.text);
    if (at < 0) {
        add_variable(w, b->name.text, IS_LOCAL, NULL);
        at = w->variables - 1;
    }
    w->variable[at].now = keep(w, b->name.text, guard_value(w, value, w->variable[at].now));
    w->variable[at].sure = true;
    show(w, at);
}

static void write_emit(struct writer *w, const struct body *b)
{
    struct expr *value = write_expr(w, b->value);
    if (w->emitted != EMITTED_NOT) {
        fail(w, b->loc, "a neuron emits once, and here it %s already",
             w->emitted == EMITTED ? "has" : "may have");
        diag_note(w->check->diag, w->emit_loc, "it does here");
        return;
    }
    w->emitted = EMITTED;
    w->emit_loc = b->loc;
    w->to->emit = guard_value(w, value, w->to->emit);
}

static void write_body(struct writer *, const struct body *);

/* Which variables are sure; *sure becomes those that were, then it is changed back. */
static bool *save_sure(struct writer *w)
{
    bool *sure = NEW_ARRAY(w->check->arena, w->variables, bool);
    for (int i = 0; i < w->variables; i++)
        sure[i] = w->variable[i].sure;
    return sure;
}

/* Its condition within the path on which the `if` stands, and that of its else. */
static void write_conditions(struct writer *w, struct expr *e, struct expr **then,
                             struct expr **other)
{
    struct arena *arena = w->check->arena;
    struct expr *condition = write_expr(w, e);
    *then = *other = w->guard;
    if (!condition)
        return;
    const char *base = intern(arena, "condition");
    condition = keep(w, base, guard_value(w, condition, NULL));
    struct expr *negated = expr_unary(arena, e->loc, E_NOT, condition);
    *then = condition;
    *other = negated;
    if (w->guard)
        *other = keep(w, base, expr_binary(arena, e->loc, E_AND, w->guard, negated));
}

static void write_if(struct writer *w, const struct body *b)
{
    struct expr *outside = w->guard, *then, *other;
    write_conditions(w, b->value, &then, &other);
    if (then && then != outside && then->kind == E_NUMBER) { /* known, and so is the path */
        write_body(w, then->number != 0 ? b->inner : b->other);
        return;
    }
    int before = w->variables;
    bool *sure_before = save_sure(w);
    enum emitted emitted_before = w->emitted;
    w->depth++;
    w->guard = then;
    write_body(w, b->inner);
    bool *sure_then = save_sure(w);
    int after = w->variables;
    enum emitted emitted_then = w->emitted;
    for (int i = 0; i < after; i++) {
        w->variable[i].sure = i < before && sure_before[i];
        show(w, i);
    }
    w->emitted = emitted_before;
    w->guard = other;
    write_body(w, b->other);
    w->guard = outside;
    w->depth--;
    for (int i = 0; i < w->variables; i++) {
        w->variable[i].sure = w->variable[i].sure && i < after && sure_then[i];
        show(w, i);
    }
    if (w->emitted != emitted_then)
        w->emitted = EMITTED_HALF;
}

static void write_item(struct writer *w, const struct body *b)
{
    switch (b->kind) {
    case B_STATE:
        write_state(w, b);
        return;
    case B_LEARNABLE:
        write_learnable(w, b);
        return;
    case B_ASSIGN:
        write_assign(w, b);
        return;
    case B_EMIT:
        write_emit(w, b);
        return;
    case B_IF:
        write_if(w, b);
        return;
    case B_VALUE:
        fail(w, b->space_loc, "a value with a space stands in rules only");
        return;
    case B_PHASE:
        fail(w, b->name.loc, "'%s' stands in rules only", b->name.text);
        return;
    case B_DROP:
    case B_GROW:
        fail(w, b->loc, "'%s' stands in rules only", b->kind == B_DROP ? "drop" : "grow");
        return;
    }
    bug("statement of kind %d", (int)b->kind);
}

static void write_body(struct writer *w, const struct body *b)
{
    for (; b; b = b->next)
        write_item(w, b);
}

/* --- the whole */

static void bind_parameters(struct writer *w, const struct symbol *s, const struct binding *bound)
{
    struct arena *arena = w->check->arena;
    const char *x = fresh_name(w, intern(arena, "x"));
    for (int i = 0; i < s->formals.count; i++) {
        const struct formal *f = &s->formals.at[i];
        if (i == 0)
            add_variable(w, f->name, IS_INPUT, expr_name(arena, f->loc, x));
        else
            add_variable(w, f->name, IS_PARAMETER,
                         bound ? bound[i - 1].value : expr_name(arena, f->loc, f->unique));
    }
}

static struct neuron *write(struct writer *w, const struct symbol *s, const struct binding *bound)
{
    struct arena *arena = w->check->arena;
    w->good = true;
    w->context = (struct context){.check = w->check, .limit = s->order, .run = true};
    w->to = NEW(arena, struct neuron);
    w->to->name = s->name;
    w->to->loc = s->loc;
    bind_parameters(w, s, bound);
    write_body(w, s->stmt->body);
    for (int i = 0; i < w->variables; i++) {
        const struct variable *v = &w->variable[i];
        struct neuron_state state = {v->unique, v->before, v->now};
        if (v->role == IS_STATE)
            PUSH(arena, w->to->state, w->to->states, state);
    }
    return w->good ? w->to : NULL;
}

void check_neuron_body(struct check *check, struct symbol *s)
{
    struct writer w = {.check = check, .is_definition = true};
    if (s->formals.count == 0)
        diag_error(check->diag, s->loc, "'%s' has no parameter: its first is what enters it",
                   s->name);
    else if (count_items(s->stmt->body) > MOST_STATEMENTS)
        diag_error(check->diag, s->loc, "'%s' has more than %d statements and states", s->name,
                   MOST_STATEMENTS);
    else if (!write(&w, s, NULL))
        ;
    else if (w.emitted == EMITTED_NOT)
        diag_error(check->diag, s->loc, "'%s' emits nothing", s->name);
    else if (w.emitted == EMITTED_HALF) {
        diag_error(check->diag, s->loc, "'%s' does not emit on every path", s->name);
        diag_note(check->diag, w.emit_loc, "it does here");
    } else if (!body_uses(s->stmt->body, s->formals.at[0].name))
        diag_error(check->diag, s->formals.at[0].loc, "nothing in '%s' uses what enters it",
                   s->name);
    else
        return;
    s->poisoned = true;
}

/* A compiler's time goes into derivatives: of each value, in each name it is made from. */
static bool check_slopes(struct writer *w)
{
    struct arena *arena = w->check->arena;
    struct neuron *n = w->to;
    struct total total = {0};
    for (int i = 0; i < n->locals + n->states + 1; i++) {
        struct expr *value = i < n->locals               ? n->local[i].value
                             : i < n->locals + n->states ? n->state[i - n->locals].next
                                                         : n->emit;
        struct map *names = &w->taken;
        for (size_t k = 0; k < names->room; k++)
            if (names->key[k] && value->kind != E_NAME && expr_uses(value, names->key[k])) {
                struct expr *slope = expr_derivative(arena, value, names->key[k]);
                total.calls += count_calls(slope);
                if (total.calls > MOST_CALLS || slope->size > MOST_SLOPE)
                    total.size = MOST_SLOPE + 1;
                total.size += slope->size;
            }
        if (total.size <= MOST_SLOPE)
            continue;
        diag_error(w->check->diag, w->place, "the derivatives of '%s' are too large", n->name);
        diag_note(w->check->diag, (struct loc){0},
                  "written out they may have %d terms and operators, and %d of exp, ^ and the like",
                  MOST_SLOPE, MOST_CALLS);
        return false;
    }
    return true;
}

struct neuron *write_neuron(struct check *check, const struct symbol *s,
                            const struct binding *bound, struct loc place,
                            struct learnable **learnable)
{
    struct writer w = {.check = check, .place = place};
    struct neuron *n = write(&w, s, bound);
    if (!n)
        return NULL;
    simplify_neuron(check->arena, n, w.learnable);
    *learnable = w.learnable;
    return check_slopes(&w) ? n : NULL;
}
