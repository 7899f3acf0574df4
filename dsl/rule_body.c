/* Bodies of rules: checked where they are defined, with parameters that stand for themselves, and
 * written out once more for the arguments of each attachment. */
#include "rules.h"

#include <string.h>

static void forget(struct rule_writer *w, int count)
{
    w->bindings = w->roles = w->context.bindings = count;
}

/* --- conditions */

static void write_body(struct rule_writer *, const struct body *);

static struct rule_stmt *write_branch(struct rule_writer *w, const struct body *b)
{
    struct rule_stmt *list = NULL, **end = w->end;
    int before = w->bindings;
    w->end = &list;
    write_body(w, b);
    w->end = end;
    forget(w, before);
    return list;
}

static void write_layer_if(struct rule_writer *w, const struct body *b, const struct value *value)
{
    bool grad = w->branch_grad;
    struct expr *condition = hoist(w, value->expr);
    w->branch_grad = grad || value->kind.grad;
    struct rule_stmt *then = write_branch(w, b->inner), *other = write_branch(w, b->other);
    w->branch_grad = grad;
    if (!then && !other)
        return;
    struct rule_stmt *s = append_stmt(w, RULE_IF, b->loc);
    s->space = SPACE_LAYER;
    s->value = condition;
    s->then = then;
    s->other = other;
}

/* The condition as it is before anything in the branches is done. */
static struct expr *keep_condition(struct rule_writer *w, const struct body *b,
                                   const struct value *value)
{
    const char *name = fresh_name(w, "condition");
    enum space space = join_spaces(value->kind.space, SPACE_LAYER);
    write_set(w, b->value->loc, name, space, value->expr, true);
    add_value(w, name, b->value->loc, space);
    w->rule->value[w->rule->value_count - 1].temporary = true;
    w->info[w->infos - 1].grad = value->kind.grad;
    return expr_name(w->check->arena, b->value->loc, name);
}

static struct expr *both(struct rule_writer *w, struct expr *a, struct expr *b)
{
    return a ? expr_binary(w->check->arena, b->loc, E_AND, a, b) : b;
}

static void write_wide_if(struct rule_writer *w, const struct body *b, const struct value *value)
{
    struct expr *outer = w->guard, *condition = keep_condition(w, b, value);
    enum space space = w->guard_space;
    struct loc loc = w->guard_loc;
    int before = w->bindings;
    if (outer && outer->depth >= MOST_NESTED) {
        refuse(w, b->loc, "more than %d conditions inside each other", MOST_NESTED);
        return;
    }
    if (!outer || !space_within(value->kind.space, space))
        w->guard_loc = b->value->loc;
    w->guard_space = outer ? join_spaces(space, value->kind.space) : value->kind.space;
    w->guard = both(w, outer, condition);
    write_body(w, b->inner);
    forget(w, before);
    w->guard = both(w, outer, expr_unary(w->check->arena, condition->loc, E_NOT, condition));
    write_body(w, b->other);
    forget(w, before);
    w->guard = outer;
    w->guard_space = space;
    w->guard_loc = loc;
}

static void write_if(struct rule_writer *w, const struct body *b)
{
    if (!w->in_phase)
        refuse(w, b->loc, "an 'if' stands in a phase: modulate, observe or adapt");
    begin_stmt(w, NULL, SPACE_NONE);
    struct value value = read_value(w, b->value);
    if (!value.expr) { /* its branches can be wrong as well */
        write_branch(w, b->inner);
        write_branch(w, b->other);
    } else if (value.expr->kind == E_NUMBER) {
        int before = w->bindings;
        write_body(w, value.expr->number != 0 ? b->inner : b->other);
        forget(w, before);
    } else if (!w->guard && space_within(value.kind.space, SPACE_LAYER)) {
        write_layer_if(w, b, &value);
    } else {
        write_wide_if(w, b, &value);
    }
}

/* --- death */

static void write_drop(struct rule_writer *w, const struct body *b)
{
    bool drop = b->kind == B_DROP;
    const char *word = drop ? "drop" : "grow";
    if (w->phase != PHASE_ADAPT)
        refuse(w, b->loc, "'%s' stands in adapt only", word);
    if (b->space != SPACE_SYNAPSE && (b->space != SPACE_NEURON || !drop))
        refuse(w, b->space_loc,
               drop ? "only synapses and neurons can be dropped" : "only synapses can grow again");
    need_layer_condition(w, b->loc, arena_format(w->check->arena, "'%s'", word));
    begin_stmt(w, NULL, SPACE_NONE);
    struct value value = read_value(w, b->value);
    if (!check_space(w, &value, b->space,
                     arena_format(w->check->arena, "what is to %s has", drop ? "die" : "grow")) ||
        expr_is_number(value.expr, 0))
        return;
    struct expr *e = hoist(w, value.expr);
    struct rule_stmt *s = append_stmt(w, drop ? RULE_DROP : RULE_GROW, b->loc);
    s->space = b->space;
    s->value = e;
}

/* --- phases, and what holds them */

static void write_phase(struct rule_writer *w, const struct body *b)
{
    enum phase phase = PHASE_MODULATE;
    while (phase < PHASES && strcmp(phase_names[phase], b->name.text) != 0)
        phase++;
    if (w->in_phase) {
        refuse(w, b->name.loc, "'%s' stands inside another phase", b->name.text);
        return;
    }
    if (phase == PHASES) {
        report_unknown_of(w->check, b->name.loc, b->name.text, "phase", phase_names + 1, 3);
        w->good = false;
        phase = PHASE_ADAPT; /* what is wrong inside is said as well */
    } else if (w->seen >> phase & 1) {
        refuse(w, b->name.loc, "a second '%s' in this rule", b->name.text);
    }
    int before = w->bindings;
    struct rule_stmt **end = w->end;
    struct rule_stmt **list = &w->rule->phase[phase];
    while (*list)
        list = &(*list)->next;
    w->seen |= 1u << phase;
    w->phase = phase;
    w->in_phase = true;
    w->end = list;
    write_body(w, b->inner);
    forget(w, before);
    w->in_phase = false;
    w->phase = PHASE_SETUP;
    w->end = end;
}

static void write_item(struct rule_writer *w, const struct body *b)
{
    switch (b->kind) {
    case B_STATE:
    case B_VALUE:
        write_declaration(w, b);
        return;
    case B_LEARNABLE:
        refuse(w, b->loc, "'learnable' stands in neurons only");
        return;
    case B_EMIT:
        refuse(w, b->loc, "'emit' stands in neurons only");
        return;
    case B_ASSIGN:
        write_assign(w, b);
        return;
    case B_IF:
        write_if(w, b);
        return;
    case B_PHASE:
        write_phase(w, b);
        return;
    case B_DROP:
    case B_GROW:
        write_drop(w, b);
        return;
    }
    bug("statement of kind %d", (int)b->kind);
}

static void write_body(struct rule_writer *w, const struct body *b)
{
    for (; b; b = b->next)
        write_item(w, b);
}

/* Temporaries take none of the names that are declared further on. */
static void take_names(struct rule_writer *w, const struct body *b)
{
    for (; b; b = b->next) {
        for (int i = 0; i < b->list.count; i++)
            map_set(w->check->arena, &w->taken, b->list.at[i].name.text, w->rule);
        take_names(w, b->inner);
        take_names(w, b->other);
    }
}

static void bind_given(struct rule_writer *w, const struct symbol *s, const struct binding *bound)
{
    struct arena *arena = w->check->arena;
    for (int i = 0; i < s->formals.count; i++) {
        const struct formal *f = &s->formals.at[i];
        bind_name(w, f->name, IS_PARAMETER,
                  bound ? bound[i].value : expr_name(arena, f->loc, f->unique));
    }
    for (const struct signal_info *i = signals; i->name; i++) {
        const char *name = intern(arena, i->name);
        bind_name(w, name, IS_SIGNAL, expr_name(arena, s->loc, name));
    }
    const char *period = intern(arena, "period");
    bind_name(w, period, IS_SIGNAL, expr_name(arena, s->loc, period));
}

struct rule *write_rule(struct check *check, const struct symbol *s, const struct binding *bound,
                        struct loc place)
{
    struct rule_writer w = {.check = check, .symbol = s, .place = place, .good = true};
    w.is_definition = !bound;
    w.rule = NEW(check->arena, struct rule);
    w.rule->name = s->name;
    w.context = (struct context){.check = check, .limit = s->order, .run = true, .rule = &w};
    w.end = &w.rule->phase[PHASE_SETUP];
    take_names(&w, s->stmt->body);
    bind_given(&w, s, bound);
    write_body(&w, s->stmt->body);
    if (w.is_definition && w.good && !w.seen)
        refuse(&w, s->loc, "'%s' has no phase: modulate, observe or adapt", s->name);
    return w.good ? w.rule : NULL;
}

void check_rule_body(struct check *check, struct symbol *s)
{
    struct rule *rule = NULL;
    if (count_items(s->stmt->body) > MOST_STATEMENTS)
        diag_error(check->diag, s->loc, "'%s' has more than %d statements and states", s->name,
                   MOST_STATEMENTS);
    else
        rule = write_rule(check, s, NULL, s->loc);
    if (rule)
        find_watched(check, s, rule);
    s->poisoned = s->poisoned || !rule;
}
