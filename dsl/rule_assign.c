/* Declarations and assignments of rules: what may be declared and assigned where, and the
 * statements it becomes. Under a condition wider than the layer an assignment is a choice between
 * new and old. */
#include "rules.h"

#include <string.h>

const char *const phase_names[] = {"", "modulate", "observe", "adapt"};

void bind_name(struct rule_writer *w, const char *name, enum role role, struct expr *value)
{
    struct binding b = {.name = name, .value = value};
    PUSH(w->check->arena, w->binding, w->bindings, b);
    PUSH(w->check->arena, w->role, w->roles, role);
    w->context.binding = w->binding;
    w->context.bindings = w->bindings;
}

int find_declared(const struct rule_writer *w, const char *name)
{
    for (int i = 0; i < w->bindings; i++)
        if (w->binding[i].name == name)
            return i;
    return -1;
}

static enum role role_of(const struct rule_writer *w, const char *name)
{
    int bound = find_declared(w, name);
    return bound < 0 ? IS_NOTHING : w->role[bound];
}

/* What is written now starts with no temporaries to share. */
void begin_stmt(struct rule_writer *w, const char *target, enum space space)
{
    w->target = target;
    w->target_space = space;
    w->shares = 0;
}

void need_layer_condition(struct rule_writer *w, struct loc loc, const char *what)
{
    if (!w->guard)
        return;
    refuse(w, loc, "%s inside an 'if' needs a condition of the layer", what);
    diag_note(w->check->diag, w->guard_loc, "this one has a value per %s",
              space_text(w->guard_space));
}

/* --- declarations */

static bool may_declare(struct rule_writer *w, struct name name)
{
    double truth;
    if (find_signal(name.text))
        refuse(w, name.loc, "'%s' is a signal and cannot be redefined", name.text);
    else if (find_declared(w, name.text) >= 0)
        refuse(w, name.loc, "'%s' is already defined in this rule", name.text);
    else if (is_run_scalar(name.text) || strcmp(name.text, "period") == 0)
        refuse(w, name.loc, "'%s' is a run scalar and cannot be redefined", name.text);
    else if (is_truth(name.text, &truth))
        refuse(w, name.loc, "'%s' cannot be redefined", name.text);
    else
        return true;
    return false;
}

/* Two scopes may declare one name; in the rule they are two. */
static const char *own_name(struct rule_writer *w, const char *name)
{
    if (map_find(&w->declared, name))
        return fresh_name(w, name);
    map_set(w->check->arena, &w->declared, name, w->rule);
    return name;
}

static bool is_random(const struct expr *e)
{
    const struct rule_call *call = e->kind == E_CALL ? find_rule_call(e->name) : NULL;
    return call && call->function == CALL_RANDOM && e->count == 0;
}

static void declare_one(struct rule_writer *w, const struct entry *e, enum space space,
                        bool is_state)
{
    struct value value = {0};
    begin_stmt(w, e->name.text, space);
    bool random = is_random(e->value);
    w->whole = e->value;
    if (!random)
        value = read_value(w, e->value);
    w->whole = NULL;
    bool fits = random ||
                check_space(w, &value, space, arena_format(w->check->arena, "'%s'", e->name.text));
    if (!may_declare(w, e->name))
        return;
    if (!fits) { /* a known name with nothing to say */
        bind_name(w, e->name.text, is_state ? IS_STATE : IS_VALUE, NULL);
        return;
    }
    const char *name = own_name(w, e->name.text);
    if (random) {
        struct rule_stmt *s = append_stmt(w, RULE_RANDOM, e->loc);
        s->target = name;
        s->space = space;
        s->stream_index = w->streams++;
    } else {
        write_set(w, e->loc, name, space, value.expr, true);
    }
    add_value(w, name, e->name.loc, space);
    w->rule->value[w->rule->value_count - 1].is_state = is_state;
    w->info[w->infos - 1].grad = value.kind.grad || w->branch_grad;
    if (!is_state && !random && value.expr->kind == E_NUMBER)
        w->info[w->infos - 1].constant = value.expr;
    bind_name(w, e->name.text, is_state ? IS_STATE : IS_VALUE,
              expr_name(w->check->arena, e->name.loc, name));
}

void write_declaration(struct rule_writer *w, const struct body *b)
{
    bool is_state = b->kind == B_STATE;
    if (is_state && w->in_phase) {
        refuse(w, b->loc, "a state is declared before the phases");
    } else if (!w->in_phase && w->seen) {
        refuse(w, b->loc, "what is declared for all phases stands before them");
    } else if (is_state && b->space == SPACE_NONE) {
        refuse(w, b->loc, "a state of a rule needs a space");
        diag_note(w->check->diag, (struct loc){0},
                  "'state synapse', or kernel, neuron, input, layer: one for each");
    } else {
        need_layer_condition(w, b->loc, "a declaration");
    }
    for (int i = 0; i < b->list.count; i++)
        declare_one(w, &b->list.at[i], b->space == SPACE_NONE ? SPACE_SYNAPSE : b->space, is_state);
}

/* --- assignments */

/* The table of language.md: what a phase may assign. */
static bool phase_assigns(const struct rule_writer *w, const char *name)
{
    enum role role = role_of(w, name);
    switch (w->phase) {
    case PHASE_SETUP:
        return false;
    case PHASE_MODULATE:
        return strcmp(name, "error") == 0 || strcmp(name, "grad") == 0;
    case PHASE_OBSERVE:
        return role == IS_STATE;
    case PHASE_ADAPT:
        return role == IS_STATE || strcmp(name, "w") == 0;
    case PHASES:
        break;
    }
    bug("phase %d", (int)w->phase);
}

static bool may_assign(struct rule_writer *w, const struct body *b)
{
    static const char *const can[] = {"", "'error' and 'grad'", "states of the rule",
                                      "states of the rule and 'w'"};
    const char *name = b->name.text;
    enum role role = role_of(w, name);
    if (!w->in_phase) {
        refuse(w, b->loc, "an assignment stands in a phase: modulate, observe or adapt");
    } else if (role == IS_PARAMETER) {
        refuse(w, b->name.loc, "'%s' is a parameter and cannot be assigned", name);
    } else if (strcmp(name, "alive") == 0 || strcmp(name, "alive_neuron") == 0) {
        refuse(w, b->name.loc, "'%s' cannot be assigned: 'drop' and 'grow' change it", name);
    } else if (role == IS_VALUE) {
        refuse(w, b->name.loc, "'%s' is not a state: it keeps the value of its declaration", name);
    } else if (role == IS_NOTHING && is_run_scalar(name)) {
        refuse(w, b->name.loc, "'%s' is a run scalar and cannot be assigned", name);
    } else if (role == IS_NOTHING) {
        report_unknown(&w->context, b->name.loc, name, "name", T_VALUE, 0, NULL);
        w->good = false;
    } else if (!phase_assigns(w, name)) {
        refuse(w, b->name.loc, "%s can assign %s, not '%s'", phase_names[w->phase], can[w->phase],
               name);
    } else {
        return true;
    }
    return false;
}

static bool check_error(struct rule_writer *w, const struct value *value)
{
    bool guard_grad = w->branch_grad || (w->guard && kind_of(w, w->guard).grad);
    if (!value->expr || (!value->kind.grad && !guard_grad))
        return value->expr;
    const struct expr *leaf = find_leaf(w, value->expr, is_from_grad, SPACE_NONE);
    refuse(w, leaf ? leaf->loc : value->expr->loc,
           "'error' cannot depend on 'grad': the gradient is made from the error");
    return false;
}

static enum space space_of_target(const struct rule_writer *w, const char *name)
{
    const struct signal_info *signal = find_signal(name);
    const struct rule_value *v = signal ? NULL : rule_find_value(w->rule, name);
    return signal ? signal->space : v ? v->space : SPACE_SYNAPSE;
}

static bool check_guard(struct rule_writer *w, const struct body *b, enum space space)
{
    if (!w->guard || space_within(w->guard_space, space))
        return true;
    refuse(w, b->name.loc, "'%s' has one value per %s, and the condition is wider", b->name.text,
           space_text(space));
    diag_note(w->check->diag, w->guard_loc, "it has one per %s", space_text(w->guard_space));
    return false;
}

void write_assign(struct rule_writer *w, const struct body *b)
{
    struct arena *arena = w->check->arena;
    bool may = may_assign(w, b), is_error = strcmp(b->name.text, "error") == 0;
    enum space space = space_of_target(w, b->name.text);
    struct expr *target = expr_name(arena, b->name.loc, b->name.text), *e = b->value;
    if (may && b->op != E_NUMBER)
        e = expr_binary(arena, b->loc, b->op, target, e);
    begin_stmt(w, b->name.text, space);
    w->sees_error = may && is_error;
    struct value value = read_value(w, e);
    w->sees_error = false;
    if (!may)
        return;
    bool fits = check_space(w, &value, space, arena_format(arena, "'%s'", b->name.text));
    fits = check_guard(w, b, space) && fits;
    if ((is_error && !check_error(w, &value)) || !fits)
        return;
    e = value.expr;
    if (w->guard)
        e = expr_fold_top(arena, expr_cond(arena, b->loc, w->guard, e, target));
    write_set(w, b->loc, b->name.text, space, e, false);
}
