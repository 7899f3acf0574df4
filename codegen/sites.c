/* Rules on weights: which values stand where, and which statements share a loop. */
#include "sites.h"
#include "memory.h"
#include "names.h"

#include <string.h>

bool space_is_matrix(enum space s)
{
    return s == SPACE_SYNAPSE || s == SPACE_KERNEL;
}

int64_t space_places(const struct site *s, enum space space)
{
    struct extent e = site_extent(s, space);
    return e.rows * e.cols;
}

int64_t site_taps(const struct site *s)
{
    const struct node *n = s->term->dense;
    return is_conv(s->term) ? n->window.size[0] * n->window.size[1] : 1;
}

struct extent site_extent(const struct site *s, enum space space)
{
    const struct field *w = s->weight;
    int64_t ins = w->cols / site_taps(s);
    switch (space) {
    case SPACE_SYNAPSE:
        return (struct extent){w->rows, w->cols, w->line};
    case SPACE_KERNEL:
        return (struct extent){w->rows, ins, round_up(ins, 16)};
    case SPACE_NEURON:
        return (struct extent){w->rows, 1, 1};
    case SPACE_INPUT:
        return (struct extent){is_conv(s->term) ? ins * s->term->dense->groups : ins, 1, 1};
    case SPACE_LAYER:
        return (struct extent){1, 1, 1};
    case SPACE_NONE:
        break;
    }
    bug("a value in no space");
}

struct slot *site_slot(const struct site *s, const char *name)
{
    for (int i = 0; i < s->rule->value_count; i++)
        if (s->rule->value[i].name == name)
            return &s->slot[i];
    return NULL;
}

bool site_reads(const struct site *s, unsigned signals)
{
    unsigned all = 0;
    for (int i = 0; i < PHASES; i++)
        all |= s->rule->reads[i];
    return (all & signals) != 0;
}

bool in_parallel(const struct pass *p)
{
    switch (p->kind) {
    case PASS_MAP:
        return space_is_matrix(p->space);
    case PASS_REDUCE:
        return space_is_matrix(p->space) && p->stmt[0]->space != SPACE_LAYER;
    case PASS_BATCH:
        return true;
    case PASS_QUANTILE:
    case PASS_LOWEST:
    case PASS_SHUFFLED:
    case PASS_DIE:
    case PASS_IF:
        return false;
    }
    bug("pass %d", (int)p->kind);
}

/* --- passes */

static enum pass_kind kind_of(const struct site *site, const struct rule_stmt *s)
{
    switch (s->kind) {
    case RULE_SET:
    case RULE_RANDOM:
        return PASS_MAP;
    case RULE_REDUCE:
        if (s->space == SPACE_KERNEL && !is_conv(site->term))
            return PASS_MAP; /* a kernel is one weight */
        return s->reduction == REDUCE_QUANTILE ? PASS_QUANTILE : PASS_REDUCE;
    case RULE_LOWEST:
        return PASS_LOWEST;
    case RULE_SHUFFLED:
        return PASS_SHUFFLED;
    case RULE_BATCH:
        return PASS_BATCH;
    case RULE_DROP:
    case RULE_GROW:
        return PASS_DIE;
    case RULE_IF:
        return PASS_IF;
    }
    bug("rule statement %d", (int)s->kind);
}

/* The one space of all that the list assigns, if it is a map. */
static bool all_map(const struct site *site, const struct rule_stmt *s, enum space *space)
{
    for (; s; s = s->next) {
        if (s->kind == RULE_IF) {
            if (!all_map(site, s->then, space) || !all_map(site, s->other, space))
                return false;
        } else if (kind_of(site, s) != PASS_MAP || (*space != SPACE_NONE && s->space != *space)) {
            return false;
        } else {
            *space = s->space;
        }
    }
    return true;
}

/* The space a statement runs over, and whether it can share a loop. */
static enum pass_kind pass_of(const struct site *site, const struct rule_stmt *s, enum space *space)
{
    enum pass_kind kind = kind_of(site, s);
    *space = s->kind == RULE_REDUCE ? s->from : s->space;
    if (kind != PASS_IF)
        return kind;
    enum space inner = SPACE_NONE;
    if (!all_map(site, s->then, &inner) || !all_map(site, s->other, &inner) ||
        inner == SPACE_LAYER || inner == SPACE_NONE)
        return PASS_IF;
    *space = inner;
    return PASS_MAP;
}

static struct pass *list_passes(struct plan *p, const struct site *, struct rule_stmt **stmt,
                                int count);

static struct pass *list_statements(struct plan *p, const struct site *site, struct rule_stmt *s)
{
    struct rule_stmt **list = NULL;
    int count = 0;
    for (; s; s = s->next)
        PUSH(p->arena, list, count, s);
    return list_passes(p, site, list, count);
}

static struct pass *list_passes(struct plan *p, const struct site *site, struct rule_stmt **stmt,
                                int count)
{
    struct pass *first = NULL, **end = &first, *last = NULL;
    for (int i = 0; i < count; i++) {
        enum space space;
        enum pass_kind kind = pass_of(site, stmt[i], &space);
        if (!last || !p->fuse || kind != PASS_MAP || last->kind != PASS_MAP ||
            last->space != space) {
            last = *end = NEW(p->arena, struct pass);
            end = &last->next;
            last->kind = kind;
            last->space = space;
        }
        PUSH(p->arena, last->stmt, last->stmts, stmt[i]);
        if (kind == PASS_IF) {
            last->then = list_statements(p, site, stmt[i]->then);
            last->other = list_statements(p, site, stmt[i]->other);
        }
    }
    return first;
}

/* --- what crosses from a pass to another */

static void seen(const struct site *s, const struct pass *pass, const char *name)
{
    struct slot *slot = name ? site_slot(s, name) : NULL;
    if (!slot)
        return;
    slot->crosses |= slot->only && slot->only != pass;
    slot->only = pass;
}

static void see_expr(const struct site *s, const struct pass *pass, const struct expr *e)
{
    if (!e)
        return;
    if (e->kind == E_NAME)
        seen(s, pass, e->name);
    for (int i = 0; i < e->count; i++)
        see_expr(s, pass, e->arg[i]);
}

static void see_stmt(const struct site *s, const struct pass *pass, const struct rule_stmt *stmt)
{
    see_expr(s, pass, stmt->value);
    see_expr(s, pass, stmt->q);
    see_expr(s, pass, stmt->neuron_side);
    see_expr(s, pass, stmt->input_side);
    seen(s, pass, stmt->target);
    if (pass->kind == PASS_IF)
        return; /* its lists are passes */
    for (const struct rule_stmt *k = stmt->then; k; k = k->next)
        see_stmt(s, pass, k);
    for (const struct rule_stmt *k = stmt->other; k; k = k->next)
        see_stmt(s, pass, k);
}

static void see_passes(const struct site *s, const struct pass *pass)
{
    for (; pass; pass = pass->next) {
        for (int i = 0; i < pass->stmts; i++)
            see_stmt(s, pass, pass->stmt[i]);
        /* results of these leave their loop in any case */
        if (pass->kind != PASS_MAP && pass->stmt[0]->target && site_slot(s, pass->stmt[0]->target))
            site_slot(s, pass->stmt[0]->target)->crosses = true;
        see_passes(s, pass->then);
        see_passes(s, pass->other);
    }
}

/* What runs on the element of an error or gradient reads what passes before it left. */
static void see_elements(struct site *s, struct rule_stmt **stmt, int count)
{
    static const struct pass element;
    for (int i = 0; i < count; i++) {
        see_stmt(s, &element, stmt[i]);
        for (int k = 0; k < s->rule->value_count; k++)
            s->slot[k].crosses |= s->slot[k].only == &element;
    }
}

/* --- modulate: what can run before there is a gradient */

static bool uses_any(const struct expr *e, const char *const *name, int count)
{
    for (int i = 0; i < count; i++)
        if (e && expr_uses(e, name[i]))
            return true;
    return false;
}

static bool stmt_uses(const struct rule_stmt *s, const char *const *name, int count)
{
    if (uses_any(s->value, name, count) || uses_any(s->q, name, count))
        return true;
    for (const struct rule_stmt *k = s->then; k; k = k->next)
        if (stmt_uses(k, name, count))
            return true;
    for (const struct rule_stmt *k = s->other; k; k = k->next)
        if (stmt_uses(k, name, count))
            return true;
    return false;
}

static bool assigns(const struct rule_stmt *s, const char *name)
{
    if (s->target == name)
        return true;
    for (const struct rule_stmt *k = s->then; k; k = k->next)
        if (assigns(k, name))
            return true;
    for (const struct rule_stmt *k = s->other; k; k = k->next)
        if (assigns(k, name))
            return true;
    return false;
}

/* Splits `modulate`: statements that run before the step, assignments on the element of error and
 * of gradient, and, where a value is made from the gradient, what must wait for the whole of it. */
static void split_modulate(struct plan *p, struct site *s)
{
    const char *grad = intern(p->arena, "grad"), *error = intern(p->arena, "error");
    struct rule_stmt **early = NULL, **late = NULL;
    int earlies = 0, lates = 0;
    bool waits = false;
    for (struct rule_stmt *k = s->rule->phase[PHASE_MODULATE]; k; k = k->next) {
        if (assigns(k, error)) {
            PUSH(p->arena, s->error, s->errors, k);
        } else if (k->for_grad && (waits || assigns(k, grad) || stmt_uses(k, &grad, 1))) {
            waits |= !assigns(k, grad) || k->kind != RULE_SET;
            PUSH(p->arena, s->grad, s->grads, k);
        } else {
            PUSH(p->arena, early, earlies, k);
        }
    }
    if (waits) {
        for (struct rule_stmt *k = s->rule->phase[PHASE_MODULATE]; k; k = k->next)
            if (k->for_grad)
                PUSH(p->arena, late, lates, k);
        s->grads = 0;
    }
    see_elements(s, s->error, s->errors);
    see_elements(s, s->grad, s->grads);
    s->phase[PHASE_MODULATE] = list_passes(p, s, early, earlies);
    s->late = list_passes(p, s, late, lates);
}

/* --- sites */

static struct term *find_term(struct plan *p, const struct node *dense, struct value **value)
{
    for (int i = 0; i < p->values; i++)
        for (int t = 0; t < p->value[i]->terms; t++)
            if (p->value[i]->term[t].dense == dense) {
                *value = p->value[i];
                return &p->value[i]->term[t];
            }
    bug("a rule on a weight of no value");
}

static void shape_state(const struct site *s, struct field *f, enum space space)
{
    struct extent e = site_extent(s, space);
    f->rows = e.rows;
    f->cols = e.cols;
    f->line = e.line;
    f->rank = space_is_matrix(space) ? 2 : 1;
    f->shape[0] = f->rows;
    f->shape[1] = f->cols;
    if (space == SPACE_SYNAPSE) /* as the weight is shaped */
        for (int i = f->rank = s->weight->rank; i > 0; i--)
            f->shape[i - 1] = s->weight->shape[i - 1];
}

static void add_states(struct plan *p, struct site *s)
{
    for (int i = 0; i < s->rule->value_count; i++) {
        const struct rule_value *v = &s->rule->value[i];
        if (!v->stored)
            continue;
        struct field *f = plan_add_field(p, arena_format(p->arena, "%s.%s", s->on->name, v->name));
        f->kind = F_RULE;
        f->layer = s->on->layer;
        f->param = s->on->node->weight;
        f->rule = s->rule;
        f->space = v->space;
        if (!s->rule->grows && v->space == SPACE_KERNEL && is_conv(s->term))
            f->alive = s->term->kernels;
        else if (!s->rule->grows && space_is_matrix(v->space))
            f->alive = s->term->alive;
        else if (!s->rule->grows && v->space == SPACE_NEURON)
            f->alive = s->neurons->alive;
        shape_state(s, f, v->space);
    }
    struct field *f = plan_add_field(p, arena_format(p->arena, "%s.period", s->on->name));
    f->kind = F_COUNTER;
    f->layer = s->on->layer;
    f->rank = 1;
    f->rows = f->shape[0] = 3;
    f->cols = f->line = 1;
}

static void name_fields(struct plan *p, struct site *s)
{
    s->weight = plan_field(p, s->on->node->weight, NULL);
    s->counters = plan_find_field(p, arena_format(p->arena, "%s.period", s->on->name));
    s->slot = NEW_ARRAY(p->arena, s->rule->value_count + 1, struct slot);
    for (int i = 0; i < s->rule->value_count; i++) {
        const struct rule_value *v = &s->rule->value[i];
        s->slot[i].value = v;
        if (v->stored)
            s->slot[i].field =
                plan_find_field(p, arena_format(p->arena, "%s.%s", s->on->name, v->name));
    }
}

static void add_site(struct plan *p, const struct rule *rule, const struct rule_on *on)
{
    struct site *s = NEW(p->arena, struct site);
    s->rule = rule;
    s->on = on;
    s->which = p->sites;
    s->term = find_term(p, on->node, &s->value);
    s->neurons = p->home[on->layer->neurons->index];
    s->blamed = blamed_value(p, on->layer);
    s->weight = plan_field(p, on->node->weight, NULL);
    char *stem = arena_format(p->arena, "%s", on->name);
    for (char *c = stem; *c; c++)
        *c = *c == '.' ? '_' : *c;
    s->stem = names_unique(p->names, stem);
    add_states(p, s);
    PUSH(p->arena, p->site, p->sites, s);
}

void site_wait(struct plan *p, struct site *s)
{
    if (s->grads == 0)
        return;
    s->late = list_passes(p, s, s->grad, s->grads);
    s->grads = 0;
    see_passes(s, s->late);
}

void plan_rules(struct plan *p)
{
    for (int r = 0; r < p->net->rule_count; r++)
        for (int i = 0; i < p->net->rule[r]->on_count; i++)
            add_site(p, p->net->rule[r], &p->net->rule[r]->on[i]);
    for (int i = 0; i < p->sites; i++) {
        struct site *s = p->site[i];
        name_fields(p, s); /* no field is added any more */
        split_modulate(p, s);
        for (int k = 0; k < PHASES; k++)
            if (k != PHASE_MODULATE)
                s->phase[k] = list_statements(p, s, s->rule->phase[k]);
        for (int k = 0; k < PHASES; k++)
            see_passes(s, s->phase[k]);
        see_passes(s, s->late);
    }
}
