/* Optimizers: the body is checked where it is defined; where it is used it is written out for its
 * arguments. What it comes to goes on to updates.c, which removes what no run can tell. */
#include "check.h"

#include <string.h>

/* What a name in the body is. */
enum role { IS_NOTHING, IS_PARAMETER, IS_STATE, IS_LOCAL, IS_SIGNAL };

struct writer {
    struct check *check;
    struct context context; /* its bindings: parameters, then w and grad, then states and locals */
    struct binding *binding;
    enum role *role;
    int bindings, roles;
    int parameters, depth;
    struct optimizer *to; /* NULL while the definition is checked */
    struct total total;
    bool good, sets_w;
};

static void bind(struct writer *w, const char *name, enum role role, struct expr *value)
{
    struct binding b = {.name = name, .value = value};
    PUSH(w->check->arena, w->binding, w->bindings, b);
    PUSH(w->check->arena, w->role, w->roles, role);
    w->context.binding = w->binding;
    w->context.bindings = w->bindings;
}

static int find_bound(const struct writer *w, const char *name)
{
    for (int i = 0; i < w->bindings; i++)
        if (w->binding[i].name == name)
            return i;
    return -1;
}

static void fail(struct writer *, struct loc, const char *format, ...) PRINTF_LIKE(3, 4);
static void fail(struct writer *w, struct loc loc, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    diag_error(w->check->diag, loc, "%s", arena_vformat(w->check->arena, format, list));
    va_end(list);
    w->good = false;
}

/* In a definition parameters have no values, so nothing is folded yet but what cannot depend on
 * them. */
static struct expr *write_expr(struct writer *w, struct expr *e)
{
    struct loc place = w->to ? w->to->loc : e->loc;
    struct expr *resolved = resolve(&w->context, e);
    if (resolved)
        resolved = fold_checked(w->check, resolved, place);
    if (resolved && w->to &&
        (!check_printable(w->check, resolved, place) ||
         !check_total(w->check, &w->total, resolved, place)))
        resolved = NULL;
    w->good = w->good && resolved;
    return resolved;
}

static bool may_declare(struct writer *w, struct name name)
{
    int bound = find_bound(w, name.text);
    if (bound >= 0 && w->role[bound] == IS_SIGNAL)
        fail(w, name.loc, "a state cannot be called '%s': that is a signal", name.text);
    else if (bound >= 0)
        fail(w, name.loc, "'%s' is already defined in this optimizer", name.text);
    else if (is_run_scalar(name.text))
        fail(w, name.loc, "'%s' is a run scalar and cannot be redefined", name.text);
    else if (strcmp(name.text, "alive") == 0)
        fail(w, name.loc,
             "a state cannot be called '%s': its tensors would be named as the masks "
             "of what is alive",
             name.text);
    else
        return true;
    return bound < 0;
}

/* Initial values are made before there is a step. */
static struct expr *write_initial(struct writer *w, struct expr *e)
{
    struct expr *value = write_expr(w, e);
    for (int i = w->parameters; value && i < w->bindings; i++)
        if (expr_uses(value, w->binding[i].name))
            fail(w, e->loc, "an initial value can use parameters only, not '%s'",
                 w->binding[i].name);
    return value;
}

static void write_state(struct writer *w, const struct body *b)
{
    struct arena *arena = w->check->arena;
    if (b->space != SPACE_NONE)
        fail(w, b->space_loc, "a state of an optimizer has no space: it is kept for each weight");
    if (w->depth > 0)
        fail(w, b->loc, "a state cannot be declared inside an 'if'");
    for (int i = 0; i < b->list.count; i++) {
        const struct entry *e = &b->list.at[i];
        struct update_state state = {e->name.text, write_initial(w, e->value)};
        if (!may_declare(w, e->name))
            continue;
        bind(w, state.name, IS_STATE, expr_name(arena, e->name.loc, state.name));
        if (w->to)
            PUSH(arena, w->to->state, w->to->state_count, state);
    }
}

static bool may_assign(struct writer *w, const struct body *b)
{
    int bound = find_bound(w, b->name.text);
    enum role role = bound < 0 ? IS_NOTHING : w->role[bound];
    struct diag *diag = w->check->diag;
    if (role == IS_PARAMETER) {
        fail(w, b->name.loc, "'%s' is a parameter and cannot be assigned", b->name.text);
    } else if (role == IS_SIGNAL && strcmp(b->name.text, "grad") == 0) {
        fail(w, b->name.loc, "'%s' cannot be assigned in an optimizer", b->name.text);
        diag_note(diag, (struct loc){0}, "use a local: g = grad + ...;");
    } else if (role == IS_NOTHING && is_run_scalar(b->name.text)) {
        fail(w, b->name.loc, "'%s' is a run scalar and cannot be assigned", b->name.text);
    } else if (role == IS_NOTHING && b->op != E_NUMBER &&
               find_symbol(&w->context, T_VALUE, b->name.text)) {
        fail(w, b->name.loc, "'%s' is not a state or a local of this optimizer", b->name.text);
    } else if (role == IS_NOTHING && b->op != E_NUMBER) {
        report_unknown(&w->context, b->name.loc, b->name.text, "name", T_VALUE, 0, NULL);
        w->good = false;
    } else {
        return true;
    }
    return false;
}

static struct update_stmt *write_body(struct writer *, const struct body *);

static struct update_stmt *write_assign(struct writer *w, const struct body *b)
{
    struct arena *arena = w->check->arena;
    bool may = may_assign(w, b);
    struct expr *value = b->value;
    if (b->op != E_NUMBER && may)
        value =
            expr_binary(arena, b->loc, b->op, expr_name(arena, b->name.loc, b->name.text), value);
    struct update_stmt *s = NEW(arena, struct update_stmt);
    s->target = b->name.text;
    s->loc = b->loc;
    s->value = write_expr(w, value);
    w->sets_w = w->sets_w || strcmp(s->target, "w") == 0;
    int bound = find_bound(w, s->target);
    if (may && bound < 0) { /* also after an error: it is a known name now */
        bind(w, s->target, IS_LOCAL, NULL);
        bound = w->bindings - 1;
    }
    if (may && w->role[bound] == IS_LOCAL)
        w->binding[bound] =
            (struct binding){.name = s->target, .value = expr_name(arena, b->name.loc, s->target)};
    return s;
}

/* What is known of the names when a branch ends: copies, for the other branch starts anew. */
static struct binding *save(struct writer *w)
{
    struct binding *saved = NEW_ARRAY(w->check->arena, w->bindings, struct binding);
    memcpy(saved, w->binding, (size_t)w->bindings * sizeof *saved);
    return saved;
}

static void restore(struct writer *w, const struct binding *saved, int count)
{
    memcpy(w->binding, saved, (size_t)count * sizeof *saved);
    w->bindings = w->roles = w->context.bindings = count;
}

static void set_half(struct writer *w, int at)
{
    w->binding[at].half = true;
    w->binding[at].value = NULL;
}

/* After the `if`, a local that only one branch assigned has a value only sometimes. */
static void merge(struct writer *w, int before, const struct binding *then, int then_count)
{
    for (int i = 0; i < before; i++)
        if (then[i].half)
            set_half(w, i);
    for (int i = before; i < w->bindings; i++) {
        bool both = false;
        for (int k = before; k < then_count; k++)
            both = both || (then[k].name == w->binding[i].name && !then[k].half);
        if (!both)
            set_half(w, i);
    }
    for (int k = before; k < then_count; k++)
        if (find_bound(w, then[k].name) < 0) {
            bind(w, then[k].name, IS_LOCAL, NULL);
            set_half(w, w->bindings - 1);
        }
}

static struct update_stmt *write_if(struct writer *w, const struct body *b)
{
    struct update_stmt *s = NEW(w->check->arena, struct update_stmt);
    int before = w->bindings;
    struct binding *known = save(w);
    s->loc = b->loc;
    s->condition = write_expr(w, b->value);
    w->depth++;
    s->then = write_body(w, b->inner);
    int then_count = w->bindings;
    struct binding *then = save(w);
    restore(w, known, before);
    s->other = write_body(w, b->other);
    w->depth--;
    merge(w, before, then, then_count);
    return s;
}

static struct update_stmt *write_item(struct writer *w, const struct body *b)
{
    switch (b->kind) {
    case B_STATE:
        write_state(w, b);
        return NULL;
    case B_ASSIGN:
        return write_assign(w, b);
    case B_IF:
        return write_if(w, b);
    case B_LEARNABLE:
        fail(w, b->loc, "an optimizer cannot have learnables");
        return NULL;
    case B_VALUE:
        fail(w, b->loc, "an optimizer has no spaces: write NAME = VALUE;");
        return NULL;
    case B_EMIT:
        fail(w, b->loc, "'emit' stands in neurons only");
        return NULL;
    case B_PHASE:
        fail(w, b->name.loc, "'%s' stands in rules only", b->name.text);
        return NULL;
    case B_DROP:
    case B_GROW:
        fail(w, b->loc, "'%s' stands in rules only", b->kind == B_DROP ? "drop" : "grow");
        return NULL;
    }
    bug("statement of kind %d", (int)b->kind);
}

static struct update_stmt *write_body(struct writer *w, const struct body *b)
{
    struct update_stmt *first = NULL, **end = &first;
    for (; b; b = b->next) {
        struct update_stmt *s = write_item(w, b);
        if (s) {
            *end = s;
            end = &s->next;
        }
    }
    return first;
}

static struct update_stmt *write_optimizer(struct writer *w, const struct symbol *s,
                                           const struct binding *bound)
{
    struct arena *arena = w->check->arena;
    static const char *const signal[] = {"w", "grad"};
    w->good = true;
    w->context = (struct context){.check = w->check, .limit = s->order, .run = true};
    for (int i = 0; i < s->formals.count; i++) {
        const struct formal *f = &s->formals.at[i];
        bind(w, f->name, IS_PARAMETER,
             bound ? bound[i].value : expr_name(arena, f->loc, f->unique));
    }
    w->parameters = w->bindings;
    for (int i = 0; i < 2; i++) {
        const char *name = intern(arena, signal[i]);
        bind(w, name, IS_SIGNAL, expr_name(arena, s->loc, name));
    }
    return write_body(w, s->stmt->body);
}

void check_optimizer_body(struct check *check, struct symbol *s)
{
    struct writer w = {.check = check};
    if (count_items(s->stmt->body) > MOST_STATEMENTS) {
        diag_error(check->diag, s->loc, "'%s' has more than %d statements and states", s->name,
                   MOST_STATEMENTS);
        s->poisoned = true;
        return;
    }
    write_optimizer(&w, s, NULL);
    if (w.good && !w.sets_w) {
        diag_error(check->diag, s->loc, "'%s' never assigns 'w', so it learns nothing", s->name);
        w.good = false;
    }
    s->poisoned = s->poisoned || !w.good;
}

void use_optimizer(struct check *check, const struct stmt *stmt)
{
    struct context c = file_context(check, true);
    struct symbol *s = find_symbol(&c, T_OPTIMIZER, stmt->name.text);
    if (!s) {
        report_unknown(&c, stmt->name.loc, stmt->name.text, "optimizer", T_OPTIMIZER, ~0u, NULL);
        return;
    }
    struct actuals actuals = actuals_of_entries(check, &stmt->list, stmt->name.loc);
    struct binding *bound = bind_actuals(&c, s, &s->formals, &actuals, NULL);
    if (!bound || s->poisoned || check->only[ST_USE_OPTIMIZER] != stmt)
        return;
    struct optimizer *o = NEW(check->arena, struct optimizer);
    o->text = call_text(check->arena, s->name, &actuals);
    o->loc = stmt->loc;
    struct writer w = {.check = check, .to = o};
    o->body = write_optimizer(&w, s, bound);
    if (!w.good)
        return;
    simplify_updates(check->arena, o);
    check->net->optimizer = o;
}
