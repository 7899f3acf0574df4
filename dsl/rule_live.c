/* What a rule comes to once its arguments are known: statements and values that change nothing are
 * left out, and it is found what each phase reads and what must be kept from step to step. */
#include "rules.h"

#include <string.h>

enum effect { EFFECT_ANY, EFFECT_ERROR, EFFECT_GRAD };

struct liver { /* what lives: names whose values somebody reads */
    struct arena *arena;
    struct map live;
    enum effect effect;
    bool changed;
};

static void add_live(struct liver *l, const char *name)
{
    if (map_find(&l->live, name))
        return;
    map_set(l->arena, &l->live, name, l);
    l->changed = true;
}

static void add_names(struct liver *l, const struct expr *e)
{
    if (!e)
        return;
    if (e->kind == E_NAME)
        add_live(l, e->name);
    for (int i = 0; i < e->count; i++)
        add_names(l, e->arg[i]);
}

static bool has_effect(const struct liver *l, const struct rule_stmt *s)
{
    bool is_error = s->target && strcmp(s->target, "error") == 0;
    bool is_grad = s->target && strcmp(s->target, "grad") == 0;
    switch (l->effect) {
    case EFFECT_ANY:
        return s->kind == RULE_DROP || s->kind == RULE_GROW || is_error || is_grad ||
               (s->target && strcmp(s->target, "w") == 0);
    case EFFECT_ERROR:
        return is_error;
    case EFFECT_GRAD:
        return is_grad;
    }
    bug("effect %d", (int)l->effect);
}

static bool lives(const struct liver *l, const struct rule_stmt *s)
{
    return has_effect(l, s) || (s->target && map_find(&l->live, s->target));
}

/* Whether anything in the list lives; what it reads lives then. */
static bool mark(struct liver *l, const struct rule_stmt *s)
{
    bool any = false;
    for (; s; s = s->next) {
        bool then = mark(l, s->then), other = mark(l, s->other);
        if (!then && !other && !lives(l, s))
            continue;
        any = true;
        add_names(l, s->value);
        add_names(l, s->q);
        add_names(l, s->neuron_side);
        add_names(l, s->input_side);
    }
    return any;
}

static void mark_rule(struct liver *l, const struct rule *rule)
{
    do {
        l->changed = false;
        for (int i = 0; i < PHASES; i++)
            mark(l, rule->phase[i]);
    } while (l->changed);
}

static struct rule_stmt *keep(const struct liver *l, struct rule_stmt *s)
{
    struct rule_stmt *first = NULL, **end = &first;
    for (; s; s = s->next) {
        s->then = keep(l, s->then);
        s->other = keep(l, s->other);
        if (s->kind == RULE_IF ? !s->then && !s->other : !lives(l, s))
            continue;
        *end = s;
        end = &s->next;
    }
    *end = NULL;
    return first;
}

static void set_purpose(const struct liver *l, struct rule_stmt *s)
{
    for (; s; s = s->next) {
        set_purpose(l, s->then);
        set_purpose(l, s->other);
        bool has = s->kind == RULE_IF ? false : lives(l, s);
        for (const struct rule_stmt *t = s->then; t; t = t->next)
            has = has || (l->effect == EFFECT_ERROR ? t->for_error : t->for_grad);
        for (const struct rule_stmt *t = s->other; t; t = t->next)
            has = has || (l->effect == EFFECT_ERROR ? t->for_error : t->for_grad);
        if (l->effect == EFFECT_ERROR)
            s->for_error = has;
        else
            s->for_grad = has;
    }
}

static void find_purposes(struct check *check, struct rule *rule)
{
    for (enum effect effect = EFFECT_ERROR; effect <= EFFECT_GRAD; effect++) {
        struct liver l = {.arena = check->arena, .effect = effect};
        struct rule only = {.phase = {[PHASE_MODULATE] = rule->phase[PHASE_MODULATE]}};
        mark_rule(&l, &only);
        set_purpose(&l, rule->phase[PHASE_MODULATE]);
    }
}

static unsigned reads_expr(const struct expr *e)
{
    unsigned reads = 0;
    const struct signal_info *signal = e && e->kind == E_NAME ? find_signal(e->name) : NULL;
    const struct rule_call *call = e ? special_call(e) : NULL;
    if (!e)
        return 0;
    if (signal)
        return signal->bit;
    if (call && call->function == CALL_TRACE)
        return reads_expr(e->arg[0]) == SIGNAL_PRE ? SIGNAL_TRACE_PRE : SIGNAL_TRACE_POST;
    for (int i = 0; i < e->count; i++)
        reads |= reads_expr(e->arg[i]);
    return reads;
}

static unsigned reads_list(const struct rule_stmt *s)
{
    unsigned reads = 0;
    for (; s; s = s->next)
        reads |= reads_expr(s->value) | reads_expr(s->q) | reads_expr(s->neuron_side) |
                 reads_expr(s->input_side) | reads_list(s->then) | reads_list(s->other);
    return reads;
}

static bool expr_reads(const struct expr *e, const char *name)
{
    return e && expr_uses(e, name);
}

static bool list_reads(const struct rule_stmt *s, const char *name)
{
    for (; s; s = s->next)
        if (expr_reads(s->value, name) || expr_reads(s->q, name) ||
            expr_reads(s->neuron_side, name) || expr_reads(s->input_side, name) ||
            list_reads(s->then, name) || list_reads(s->other, name))
            return true;
    return false;
}

static bool list_sets(const struct rule_stmt *s, const char *name)
{
    for (; s; s = s->next)
        if (s->target == name || list_sets(s->then, name) || list_sets(s->other, name))
            return true;
    return false;
}

/* States that nobody reads can still be set, to be seen in a checkpoint. */
static void keep_values(struct rule *rule)
{
    int kept = 0;
    for (int i = 0; i < rule->value_count; i++) {
        struct rule_value *v = &rule->value[i];
        bool set = false, read = false;
        for (int k = 0; k < PHASES; k++) {
            set = set || list_sets(rule->phase[k], v->name);
            read = read || (k != PHASE_SETUP && list_reads(rule->phase[k], v->name));
        }
        v->stored = v->is_state || (list_sets(rule->phase[PHASE_SETUP], v->name) && read);
        if (set)
            rule->value[kept++] = *v;
    }
    rule->value_count = kept;
}

static void find_deaths(struct rule *rule, const struct rule_stmt *s)
{
    for (; s; s = s->next) {
        rule->grows = rule->grows || s->kind == RULE_GROW;
        rule->drops_synapses |= s->kind == RULE_DROP && s->space == SPACE_SYNAPSE;
        rule->drops_neurons |= s->kind == RULE_DROP && s->space == SPACE_NEURON;
        find_deaths(rule, s->then);
        find_deaths(rule, s->other);
    }
}

void finish_rule(struct check *check, struct rule *rule, const char *const *watched,
                 int watched_count)
{
    struct liver l = {.arena = check->arena};
    for (int i = 0; i < watched_count; i++)
        add_live(&l, watched[i]);
    mark_rule(&l, rule);
    for (int i = 0; i < PHASES; i++) {
        rule->phase[i] = keep(&l, rule->phase[i]);
        rule->reads[i] = reads_list(rule->phase[i]);
    }
    keep_values(rule);
    find_purposes(check, rule);
    find_deaths(rule, rule->phase[PHASE_ADAPT]);
}

void find_watched(struct check *check, struct symbol *s, const struct rule *rule)
{
    struct liver l = {.arena = check->arena};
    mark_rule(&l, rule);
    for (int i = 0; i < rule->value_count; i++)
        if (rule->value[i].is_state && !map_find(&l.live, rule->value[i].name))
            PUSH(check->arena, s->watched, s->watched_count, rule->value[i].name);
}
