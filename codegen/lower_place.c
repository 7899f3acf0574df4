/* What a rule's statements read and write at one place of a space: loads before them, the
 * statements on locals, stores after them. */
#include "lower_rule.h"
#include "names.h"

#include <string.h>

struct place *place_new(struct module *m, const struct site *s, const char *suffix,
                        enum space domain)
{
    struct place *p = NEW(m->arena, struct place);
    p->kernel = kernel_new(m, arena_format(m->arena, "%s_%s", s->stem, suffix));
    p->site = s;
    p->domain = domain;
    p->names = names_new(m->arena);
    p->matrix = "at";
    place_at(p, "i", "j");
    for (const char *const *taken =
             (const char *const[]){"i",    "j",     "l",    "at",   "b",   "c",   "n",      "x",
                                   "part", "first", "left", "end",  "sum", "row", "result", "unit",
                                   "key",  "width", "side", "draw", "q",   NULL};
         *taken; taken++)
        names_unique(p->names, *taken);
    return p;
}

struct place *place_within(struct kernel *k, const struct site *s, struct names *names,
                           enum space domain)
{
    struct place *p = NEW(k->module->arena, struct place);
    p->kernel = *k;
    p->site = s;
    p->domain = domain;
    p->names = names;
    p->shared = true;
    p->stored = STORED_HELD;
    p->matrix = "at";
    place_at(p, "i", "j");
    return p;
}

/* The element in row `row` and column `column` of the weight, or of its kernels. Where weights
 * slide over maps these are as they are stored, else the neuron and the input. */
void place_at(struct place *p, const char *row, const char *column)
{
    struct arena *a = p->kernel.module->arena;
    long long taps = site_taps(p->site);
    bool packed = p->stored != STORED_PLAIN;
    p->neuron = row;
    p->input = column;
    if (!is_conv(p->site->term) || !space_is_matrix(p->domain))
        return;
    if (packed)
        p->neuron = place_text(a, p->site->value, row);
    const struct node *n = p->site->term->dense;
    const char *pair = column;
    p->column = column;
    if (p->domain == SPACE_SYNAPSE && taps > 1) {
        struct extent e = site_extent(p->site, SPACE_KERNEL);
        pair = arena_format(a, "(%s) / %lld", column, taps);
        p->kernel_at = arena_format(a, "(%s) * %lld + %s", row, (long long)e.line, pair);
    }
    p->input = pair;
    if (packed && site_input(p->site))
        p->input = place_text(a, site_input(p->site), pair);
    if (n->groups > 1)
        p->input = arena_format(a, "(%s) / %lld * %lld + %s", row,
                                (long long)(n->shape.dim[0] / n->groups),
                                (long long)n->weight->shape.dim[1], pair);
}

const char *place_index(const struct place *p, enum space space)
{
    switch (space) {
    case SPACE_SYNAPSE:
        return p->matrix;
    case SPACE_KERNEL:
        return p->domain == SPACE_SYNAPSE && p->kernel_at ? p->kernel_at : p->matrix;
    case SPACE_NEURON:
        return p->neuron;
    case SPACE_INPUT:
        return p->input;
    case SPACE_LAYER:
        return "0";
    case SPACE_NONE:
        break;
    }
    bug("a value in no space");
}

const char *slot_memory(struct module *m, const struct slot *slot)
{
    if (slot->field)
        return arena_format(m->arena, "m->%s", slot->field->name);
    if (!slot->buffer)
        bug("%s has no memory", slot->value->name);
    return arena_format(m->arena, "m->work + %lld", (long long)slot->buffer->at);
}

/* The mask that says whether a place of the space is alive; NULL: everything is. */
const struct field *site_mask(struct module *m, const struct site *s, enum space space)
{
    if (space == SPACE_KERNEL && is_conv(s->term)) {
        const char *kernels = arena_format(m->arena, "%s.kernels", s->weight->tensor);
        return plan_find_field(m->plan, kernels);
    }
    const char *of = space_is_matrix(space)  ? s->weight->tensor
                     : space == SPACE_NEURON ? s->on->layer->name
                                             : NULL;
    return of ? plan_find_field(m->plan, arena_format(m->arena, "%s.alive", of)) : NULL;
}

static struct local *find(struct place *p, const char *name)
{
    for (int i = 0; i < p->locals; i++)
        if (p->local[i].name == name)
            return &p->local[i];
    return NULL;
}

static struct local *add(struct place *p, const char *name)
{
    struct arena *a = p->kernel.module->arena;
    struct local l = {.name = name, .as = names_unique(p->names, name)};
    PUSH(a, p->local, p->locals, l);
    return &p->local[p->locals - 1];
}

static void load(struct place *p, struct local *l, const char *type, const char *memory,
                 enum space space)
{
    struct arena *a = p->kernel.module->arena;
    l->array = names_unique(p->names, arena_format(a, "%s_at", l->as));
    l->index = place_index(p, space);
    l->type = type;
    l->memory = memory;
}

/* `alive` and `alive_neuron`: 1 where nothing can die. */
static struct expr *mask_value(struct place *p, enum space space)
{
    struct arena *a = p->kernel.module->arena;
    const struct field *mask = site_mask(p->kernel.module, p->site, space);
    if (!mask || (p->kernel.sparse && space_is_matrix(space)))
        return ex(a, "1.0f");
    const char *array = mask->kind == F_KERNELS  ? "alive_kernel_at"
                        : space_is_matrix(space) ? "alive_at"
                                                 : "alive_neuron_at";
    kernel_param(&p->kernel, "const uint8_t *restrict", array, "m->%s", mask->name);
    return ex(a, "(float)%s[%s]", array, place_index(p, space));
}

void place_local(struct place *p, const char *name, const char *as)
{
    struct arena *a = p->kernel.module->arena;
    struct local l = {.name = intern(a, name), .as = as, .declared = true};
    PUSH(a, p->local, p->locals, l);
}

static struct local *load_name(struct place *p, const char *name)
{
    struct module *m = p->kernel.module;
    const struct slot *slot = site_slot(p->site, name);
    struct local *l;
    if (slot) {
        l = add(p, name);
        if (slot->field || slot->buffer)
            load(p, l, "float *restrict", slot_memory(m, slot), slot->value->space);
        return l;
    }
    l = add(p, name);
    if (strcmp(name, "w") == 0)
        load(p, l, "float *restrict", arena_format(m->arena, "m->%s", p->site->weight->name),
             SPACE_SYNAPSE);
    else if (strcmp(name, "grad") == 0 || strcmp(name, "demand") == 0)
        load(p, l, "float *restrict",
             arena_format(
                 m->arena, "m->work + %lld",
                 (long long)(*name == 'g' ? p->site->term->kept : p->site->term->demand)->at),
             SPACE_SYNAPSE);
    else
        bug("%s in a rule", name);
    return l;
}

static struct expr *rename_value(void *context, const struct expr *e)
{
    struct place *p = context;
    struct module *m = p->kernel.module;
    if (strncmp(e->name, "scalar", 6) == 0)
        return NULL;
    if (strcmp(e->name, "alive") == 0)
        return mask_value(p, SPACE_SYNAPSE);
    if (strcmp(e->name, "alive_neuron") == 0)
        return mask_value(p, SPACE_NEURON);
    if (strcmp(e->name, "period") == 0) {
        const char *name =
            p->shared ? arena_format(m->arena, "%s_period", p->site->stem) : "period";
        kernel_param(&p->kernel, "const float", name, "(float)m->%s[2]", p->site->counters->name);
        return ex(m->arena, "%s", name);
    }
    for (int i = 0; i < p->givens; i++)
        if (strcmp(p->given[i], e->name) == 0)
            return NULL;
    struct local *l = find(p, e->name);
    if (!l) {
        l = load_name(p, e->name);
        l->read = true;
        if (!l->array)
            bug("%s is read before it has a value", e->name);
    }
    return expr_name(m->arena, e->loc, intern(m->arena, l->as));
}

void place_given(struct place *p, const char *name)
{
    PUSH(p->kernel.module->arena, p->given, p->givens, name);
    names_unique(p->names, name);
}

struct expr *place_expr(struct place *p, struct expr *e)
{
    e = kernel_hoist(&p->kernel, e, &p->head);
    return expr_replace(p->kernel.module->arena, e, rename_value, p);
}

/* What a dead place holds stays zero: weights and gradients always, states unless the rule brings
 * back. */
static const struct field *mask_of_target(struct place *p, const char *target)
{
    const struct slot *slot = site_slot(p->site, target);
    bool trained = strcmp(target, "w") == 0 || strcmp(target, "grad") == 0;
    if (slot ? !slot->field || p->site->rule->grows : !trained)
        return NULL;
    if (p->kernel.sparse && (!slot || space_is_matrix(slot->value->space)))
        return NULL;
    return site_mask(p->kernel.module, p->site, slot ? slot->value->space : SPACE_SYNAPSE);
}

static void emit(struct place *p, struct cstmt *s)
{
    p->body = cstmt_join(p->body, s);
}

static void assign(struct place *p, const struct rule_stmt *s, struct expr *value,
                   struct expr *guard)
{
    struct arena *a = p->kernel.module->arena;
    struct local *l = find(p, s->target);
    bool fresh = !l;
    if (!l) {
        l = load_name(p, s->target);
        l->read = guard != NULL && l->array != NULL;
    }
    struct expr *target = expr_name(a, s->loc, intern(a, l->as));
    if (mask_of_target(p, s->target))
        value = expr_cond(a, s->loc,
                          expr_binary(a, s->loc, E_NE, mask_value(p, p->domain), ex(a, "0.0f")),
                          value, ex(a, "0.0f"));
    if (guard)
        value = expr_cond(a, s->loc, guard, value, target);
    l->assigned = true;
    if (fresh && !l->read && !guard) {
        emit(p, cstmt_declare(a, "float", l->as, value));
        l->declared = true;
        return;
    }
    if (fresh && !l->array) {
        emit(p, code(a, NULL, "float %s = 0.0f;", l->as));
        l->declared = true;
    }
    emit(p, cstmt_assign(a, target, value));
}

void random_key(struct kernel *k, const char *name, const struct site *site,
                const struct rule_stmt *s, const char *moment)
{
    kernel_param(k, "const uint64_t", name,
                 "plast_key(m->run.seed, PLAST_STREAM_RULE, %d, (uint64_t)(%s), %d)", site->which,
                 moment, s->stream_index);
}

static struct expr *random_value(struct place *p, const struct rule_stmt *s)
{
    struct arena *a = p->kernel.module->arena;
    const struct site *site = p->site;
    const char *key =
        names_unique(p->names, p->shared ? arena_format(a, "%s_key", site->stem) : "key");
    random_key(&p->kernel, key, site, s, p->moment);
    bool matrix = space_is_matrix(p->domain);
    return ex(a, "plast_uniform(%s, (uint32_t)(%s))", key,
              matrix ? arena_format(a, "(%s) * %lld + (%s)", p->neuron,
                                    (long long)site_extent(site, p->domain).cols,
                                    p->column ? p->column : p->input)
                     : place_index(p, p->domain));
}

static void write_list(struct place *p, const struct rule_stmt *s, int count, struct expr *guard);

/* What a reduction over the one weight of a kernel comes to. */
static struct expr *of_kernel(struct arena *a, enum reduction r, struct expr *value)
{
    if (r == REDUCE_RMS)
        return expr_call(a, value->loc, intern(a, "abs"), 1, &value, NULL);
    if (r == REDUCE_COUNT)
        return expr_binary(a, value->loc, E_NE, value, ex(a, "0.0f"));
    return value;
}

static void write_stmt(struct place *p, const struct rule_stmt *s, struct expr *guard)
{
    struct arena *a = p->kernel.module->arena;
    if (s->kind == RULE_SET || s->kind == RULE_RANDOM || s->kind == RULE_REDUCE) {
        struct expr *value = s->kind == RULE_RANDOM ? random_value(p, s) : place_expr(p, s->value);
        if (s->kind == RULE_REDUCE)
            value = of_kernel(a, s->reduction, value);
        assign(p, s, as_number(a, value), guard);
        return;
    }
    if (s->kind != RULE_IF)
        bug("statement %d in a loop", (int)s->kind);
    const char *name = names_unique(p->names, "when");
    emit(p, cstmt_declare(a, "const int", name, as_condition(a, place_expr(p, s->value))));
    struct expr *yes = ex(a, "%s != 0", name), *no = ex(a, "%s == 0", name);
    write_list(p, s->then, -1, guard ? expr_binary(a, s->loc, E_AND, guard, yes) : yes);
    write_list(p, s->other, -1, guard ? expr_binary(a, s->loc, E_AND, guard, no) : no);
}

static void write_list(struct place *p, const struct rule_stmt *s, int count, struct expr *guard)
{
    for (; s && count != 0; s = s->next, count--)
        write_stmt(p, s, guard);
}

void place_statements(struct place *p, struct rule_stmt *const *stmt, int count, struct expr *guard)
{
    for (int i = 0; i < count; i++)
        write_stmt(p, stmt[i], guard);
}

/* The list between the loads of what it reads and the stores of what it assigned. */
struct cstmt *place_finish(struct place *p, struct cstmt *body)
{
    struct module *m = p->kernel.module;
    struct arena *a = m->arena;
    struct cstmt *loads = NULL, *stores = NULL;
    for (int i = 0; i < p->locals; i++) {
        struct local *l = &p->local[i];
        bool store = l->assigned && l->array;
        if (l->array && (l->read || store))
            kernel_param(&p->kernel, store ? l->type : arena_format(a, "const %s", l->type),
                         l->array, "%s", l->memory);
        if (l->array && !l->declared && (l->read || l->assigned))
            loads = cstmt_join(loads, l->read ? code(a, NULL, "%s %s = %s[%s];",
                                                     l->assigned ? "float" : "const float", l->as,
                                                     l->array, l->index)
                                              : code(a, NULL, "float %s = 0.0f;", l->as));
        if (store)
            stores = cstmt_join(stores, code(a, NULL, "%s[%s] = %s;", l->array, l->index, l->as));
    }
    return cstmt_join(cstmt_join(loads, body), stores);
}
