/* Expressions of rules: read, they are resolved, checked for what their phase knows, and folded;
 * hoisted, what is not pointwise in them has become statements with temporaries. */
#include "rules.h"

#include <math.h>
#include <string.h>

/* --- reading */

static const struct expr *find_name(const struct expr *e, const char *name)
{
    if (e->kind == E_NAME && strcmp(e->name, name) == 0)
        return e;
    for (int i = 0; i < e->count; i++) {
        const struct expr *found = find_name(e->arg[i], name);
        if (found)
            return found;
    }
    return NULL;
}

/* Gradients are known from `modulate` on, and to rules that keep them; see language.md on a step.
 */
static bool check_known(struct rule_writer *w, const struct expr *e)
{
    static const char *const names[] = {"grad", "demand"};
    static const char *const when[] = {"before the phases", "in modulate", "in observe",
                                       "in adapt"};
    bool good = true;
    for (int i = 0; i < 2; i++) {
        const struct expr *found = find_name(e, names[i]);
        if (!found || w->phase == PHASE_OBSERVE || (i == 0 && w->phase == PHASE_MODULATE))
            continue;
        refuse(w, found->loc, "'%s' cannot be read %s", names[i], when[w->phase]);
        if (w->phase == PHASE_ADAPT)
            diag_note(w->check->diag, (struct loc){0},
                      "keep it in a state: 'observe { NAME = %s; }'", names[i]);
        good = false;
    }
    return good;
}

static bool check_samples(struct rule_writer *w, const struct expr *e)
{
    const struct expr *leaf = find_leaf(w, e, is_sample, SPACE_NONE);
    if (!leaf)
        return true;
    refuse(w, leaf->loc,
           "'%s' has a value for each sample: it stands in batch_sum and batch_mean only",
           leaf->name);
    return false;
}

static struct expr *constant_of(void *context, const struct expr *name)
{
    const struct rule_writer *w = context;
    const struct rule_value *v = rule_find_value(w->rule, name->name);
    const struct expr *constant = v ? w->info[v - w->rule->value].constant : NULL;
    return constant ? expr_number(w->check->arena, name->loc, constant->number) : NULL;
}

/* Of one number for all places: reductions where its count does not matter, and any order of it. */
static struct expr *fold_special(struct rule_writer *w, struct expr *e)
{
    struct arena *arena = w->check->arena;
    const struct rule_call *call = special_call(e);
    struct expr **arg = NEW_ARRAY(arena, e->count, struct expr *);
    bool same = true;
    for (int i = 0; i < e->count; i++) {
        arg[i] = fold_special(w, e->arg[i]);
        same = same && arg[i] == e->arg[i];
    }
    if (!same) {
        struct expr *copy = NEW(arena, struct expr);
        *copy = *e;
        copy->arg = arg;
        e = expr_fold_top(arena, copy);
        call = special_call(e);
    }
    if (!call || call->function == CALL_TRACE || call->function == CALL_LOWEST ||
        e->arg[0]->kind != E_NUMBER)
        return e;
    double x = e->arg[0]->number;
    bool sums = call->function != CALL_SHUFFLED &&
                (call->function != CALL_REDUCE || call->reduction == REDUCE_SUM ||
                 call->reduction == REDUCE_COUNT);
    if (sums && (x != 0 && call->function != CALL_BATCH_MEAN))
        return e;
    return call->reduction == REDUCE_RMS ? expr_number(arena, e->loc, fabs(x)) : e->arg[0];
}

struct value read_value(struct rule_writer *w, struct expr *e)
{
    struct check *check = w->check;
    struct value value = {.expr = resolve(&w->context, e)};
    struct loc place = w->is_definition ? e->loc : w->place;
    w->good = w->good && value.expr;
    if (!value.expr)
        return value;
    value.kind = kind_of(w, value.expr);
    bool good = check_known(w, value.expr);
    if (!check_samples(w, value.expr) || !good)
        return (struct value){.kind = value.kind};
    struct expr *known = expr_replace(check->arena, value.expr, constant_of, w);
    value.expr = fold_checked(check, known, place);
    if (value.expr)
        value.expr = fold_special(w, value.expr);
    if (value.expr && !w->is_definition &&
        (!check_printable(check, value.expr, place) ||
         !check_total(check, &w->total, value.expr, place)))
        value.expr = NULL;
    w->good = w->good && value.expr;
    return value;
}

bool check_space(struct rule_writer *w, const struct value *value, enum space space,
                 const char *what)
{
    if (!value->expr || space_within(value->kind.space, space))
        return value->expr;
    const struct expr *leaf = find_leaf(w, value->expr, is_wider, space);
    struct loc loc = leaf ? leaf->loc : value->expr->loc;
    enum space wide = leaf ? kind_of(w, leaf).space : value->kind.space;
    const char *name =
        leaf && leaf->kind == E_NAME ? arena_format(w->check->arena, "'%s'", leaf->name) : "this";
    refuse(w, loc, "%s has one value per %s, but %s one per %s", name, space_text(wide), what,
           space_text(space));
    if (space_within(space, wide))
        diag_note(w->check->diag, (struct loc){0},
                  "a reduction makes one of many: sum, mean, min, max, rms, count, quantile");
    else
        diag_note(w->check->diag, (struct loc){0},
                  "what depends on neurons and inputs has one value per kernel");
    return false;
}

/* --- statements */

struct rule_stmt *append_stmt(struct rule_writer *w, enum rule_kind kind, struct loc loc)
{
    struct rule_stmt *s = NEW(w->check->arena, struct rule_stmt);
    s->kind = kind;
    s->loc = loc;
    *w->end = s;
    w->end = &s->next;
    return s;
}

const char *fresh_name(struct rule_writer *w, const char *base)
{
    const char *name = intern(w->check->arena, base);
    for (int i = 2; map_find(&w->taken, name); i++)
        name = intern(w->check->arena, arena_format(w->check->arena, "%s%d", base, i));
    map_set(w->check->arena, &w->taken, name, w->rule);
    return name;
}

const char *add_value(struct rule_writer *w, const char *name, struct loc loc, enum space space)
{
    struct rule_value value = {.name = name, .loc = loc, .space = space};
    struct rule_info info = {0};
    PUSH(w->check->arena, w->rule->value, w->rule->value_count, value);
    PUSH(w->check->arena, w->info, w->infos, info);
    return name;
}

static enum rule_kind kind_of_special(const struct rule_call *call)
{
    switch (call->function) {
    case CALL_REDUCE:
        return RULE_REDUCE;
    case CALL_LOWEST:
        return RULE_LOWEST;
    case CALL_SHUFFLED:
        return RULE_SHUFFLED;
    case CALL_BATCH_SUM:
    case CALL_BATCH_MEAN:
        return RULE_BATCH;
    case CALL_RANDOM:
    case CALL_TRACE:
        break;
    }
    bug("'%s' is no statement", call->name);
}

/* target = what the special call `e` gives, whose arguments are hoisted already. */
static void write_special(struct rule_writer *w, const struct expr *e, const char *target,
                          enum space space)
{
    const struct rule_call *call = special_call(e);
    bool is_batch = call->function == CALL_BATCH_SUM || call->function == CALL_BATCH_MEAN;
    struct rule_stmt *s = append_stmt(w, kind_of_special(call), e->loc);
    s->target = target;
    s->space = space;
    s->from = (enum space)e->arg[call->count]->integer;
    s->reduction = call->reduction;
    s->mean = call->function == CALL_BATCH_MEAN;
    s->q = call->count == 2 ? e->arg[1] : NULL;
    if (s->kind == RULE_SHUFFLED)
        s->stream_index = w->streams++;
    if (!is_batch)
        s->value = e->arg[0];
    else if (s->from == SPACE_INPUT)
        s->input_side = e->arg[0];
    else if (s->from != SPACE_KERNEL)
        s->neuron_side = e->arg[0];
    else {
        struct expr *one = expr_number(w->check->arena, e->loc, 1);
        s->neuron_side = split_side(w, e->arg[0], false);
        s->input_side = split_side(w, e->arg[0], true);
        s->neuron_side = s->neuron_side ? s->neuron_side : one;
        s->input_side = s->input_side ? s->input_side : one;
    }
}

static struct expr *find_shared(const struct rule_writer *w, const struct expr *call)
{
    for (int i = 0; i < w->shares; i++)
        if (expr_equal(w->shared[i].call, call))
            return w->shared[i].name;
    return NULL;
}

static struct expr *make_temporary(struct rule_writer *w, const struct expr *e)
{
    struct arena *arena = w->check->arena;
    struct kind kind = kind_of(w, e);
    const char *base = w->target ? arena_format(arena, "%s_%s", w->target, e->name) : e->name;
    const char *name = fresh_name(w, base);
    write_special(w, e, name, kind.space);
    add_value(w, name, e->loc, kind.space);
    w->rule->value[w->rule->value_count - 1].temporary = true;
    w->info[w->infos - 1].grad = kind.grad;
    struct shared shared = {e, expr_name(arena, e->loc, name)};
    PUSH(arena, w->shared, w->shares, shared);
    return shared.name;
}

static struct expr *hoist_inside(struct rule_writer *w, struct expr *e)
{
    struct arena *arena = w->check->arena;
    bool same = true;
    if (e->count == 0)
        return e;
    struct expr *copy = NEW(arena, struct expr);
    *copy = *e;
    copy->arg = NEW_ARRAY(arena, e->count, struct expr *);
    for (int i = 0; i < e->count; i++) {
        copy->arg[i] = hoist(w, e->arg[i]);
        same = same && copy->arg[i] == e->arg[i];
    }
    return same ? e : copy;
}

struct expr *hoist(struct rule_writer *w, struct expr *e)
{
    const struct rule_call *call = special_call(e);
    e = hoist_inside(w, e);
    if (!call || call->function == CALL_TRACE)
        return e;
    struct expr *shared = find_shared(w, e);
    return shared ? shared : make_temporary(w, e);
}

void write_set(struct rule_writer *w, struct loc loc, const char *target, enum space space,
               struct expr *e, bool declares)
{
    const struct rule_call *call = special_call(e);
    bool alone = call && kind_of(w, e).space == space && !w->guard &&
                 (declares || call->function == CALL_REDUCE);
    if (alone) {
        write_special(w, hoist_inside(w, e), target, space);
        return;
    }
    e = hoist(w, e);
    if (e->kind == E_NAME && e->name == target)
        return;
    struct rule_stmt *s = append_stmt(w, RULE_SET, loc);
    s->target = target;
    s->space = space;
    s->value = e;
}
