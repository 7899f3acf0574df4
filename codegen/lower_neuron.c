/* Neurons over time: one step of one, forwards and back, and updates of what is trained in them. */
#include "lower_time.h"
#include "memory.h"
#include "recall.h"

/* The expression of the neuron's text, in C names; numbers where it is a comparison. */
static struct expr *value_of(struct kernel *k, const struct value *v, struct expr *e,
                             struct cstmt **head)
{
    struct arena *a = k->module->arena;
    return kernel_hoist(k, as_number(a, recall_expr(a, v->recall, e, false)), head);
}

static struct cstmt *declare_param(struct kernel *k, const char *type, const char *array,
                                   const char *memory, const char *name, struct expr *value,
                                   struct cstmt *list)
{
    if (!cstmt_uses(list, name))
        return list;
    kernel_param(k, type, array, "%s", memory);
    return cstmt_join(cstmt_declare(k->module->arena, "const float", name, value), list);
}

/* Where the neurons of a row have their element of a trained tensor. */
static const char *trained_at(const struct trained *t, const char *row)
{
    return t->param->shape.dim[0] == 1 ? "0" : row;
}

static struct cstmt *load_trained(struct kernel *k, const struct value *v, const char *row,
                                  struct cstmt *list)
{
    struct arena *a = k->module->arena;
    for (int i = 0; i < v->recall->traineds; i++) {
        const struct trained *t = &v->recall->trained[i];
        const char *at = arena_format(a, "%s_at", t->as), *was = arena_format(a, "was_%s", t->as);
        const char *place = trained_at(t, row);
        list = declare_param(k, "const float *restrict", at, arena_format(a, "m->%s", t->field),
                             t->as, ex(a, "%s[%s]", at, place), list);
        if (t->was)
            list =
                declare_param(k, "const float *restrict", arena_format(a, "%s_at", was),
                              t->was->name, intern(a, was), ex(a, "%s_at[%s]", was, place), list);
    }
    return list;
}

/* A state as the step before left it. */
static struct cstmt *load_state(struct kernel *k, const char *name, const char *array,
                                const char *memory, bool shared, struct expr *initial,
                                struct cstmt *list)
{
    struct arena *a = k->module->arena;
    struct holes h = {.e = {initial}};
    if (!cstmt_uses(list, name))
        return list;
    kernel_param(k, "const int64_t", "t", "t");
    return declare_param(
        k, shared ? "float *restrict" : "const float *restrict", array, memory, name,
        expr_cond(a, (struct loc){0}, ex(a, "t == 0"), h.e[0], ex(a, "%s[at + l]", array)), list);
}

/* A local that is computed, where it is used. */
static struct cstmt *declare_local(struct arena *a, const char *name, struct expr *value,
                                   struct cstmt *list)
{
    return cstmt_uses(list, name) ? cstmt_join(cstmt_declare(a, "const float", name, value), list)
                                  : list;
}

static struct cstmt *store(struct kernel *k, const char *array, const char *memory,
                           struct expr *value)
{
    struct arena *a = k->module->arena;
    kernel_param(k, "float *restrict", array, "%s", memory);
    return cstmt_assign(a, ex(a, "%s[at + l]", array), value);
}

static struct expr *alive(struct kernel *k, const struct value *v, const char *row, struct expr *e)
{
    return if_neuron_alive(k, v, row, e);
}

static const char *kept_memory(struct arena *a, const struct quantity *q)
{
    return q->kept ? slice_of(a, q->memory, 0) : slice_of(a, q->carrier->memory, 1);
}

/* What the step that all is compared with kept, and what follows from it, under names with `was_`.
 */
static struct cstmt *load_was(struct kernel *k, const struct value *v, struct cstmt **head,
                              struct cstmt *list)
{
    struct arena *a = k->module->arena;
    const struct recall *r = v->recall;
    for (int i = r->quantities - 1; i >= 0; i--) {
        const struct quantity *q = &r->quantity[i];
        const char *was = intern(a, arena_format(a, "was_%s", q->as));
        const char *array = arena_format(a, "%s_at", was);
        if (q->kept && q->kind == Q_STATE)
            list = load_state(k, was, array, slice_of(a, q->memory, 0), false,
                              kernel_hoist(k, recall_expr(a, r, q->initial, true), head), list);
        else if (q->kept || q->carrier)
            list = declare_param(k, "const float *restrict", array, kept_memory(a, q), was,
                                 ex(a, "%s[at + l]", array), list);
        else if (q->kind == Q_LOCAL)
            list = declare_local(
                a, was, kernel_hoist(k, as_number(a, recall_expr(a, r, q->value, true)), head),
                list);
    }
    return list;
}

/* Where a state goes on to: its slice of the next step, or where it stands. */
static const char *next_memory(struct arena *a, const struct quantity *q, enum pass_of_neuron pass)
{
    if (pass == NEURON_SHOWN)
        return q->shown->name;
    if (pass == NEURON_HELD && q->apart)
        return q->apart->name;
    return slice_of(a, q->memory, q->kept ? 1 : 0);
}

static const char *state_memory(struct arena *a, const struct quantity *q, enum pass_of_neuron pass)
{
    return pass == NEURON_TRAIN ? slice_of(a, q->memory, 0) : next_memory(a, q, pass);
}

struct cstmt *lower_neuron(struct kernel *k, const struct value *v, enum pass_of_neuron pass,
                           const char *row, struct cstmt **head)
{
    struct arena *a = k->module->arena;
    const struct recall *r = v->recall;
    bool held = pass == NEURON_HELD;
    struct buffer *out = pass == NEURON_SHOWN ? v->shown : v->plain;
    struct expr *emit =
        held ? kernel_hoist(k, as_number(a, recall_about(a, r, r->neuron->emit)), head)
             : value_of(k, v, r->neuron->emit, head);
    struct expr *passed = emit;
    for (int i = 0; pass != NEURON_SHOWN && i < v->dropouts; i++)
        passed = expr_binary(a, (struct loc){0}, E_MUL, passed, lower_keep(k, v, i, row, head));
    struct cstmt *list = store(k, "out", slice_of(a, out, 0), alive(k, v, row, passed));
    if (pass != NEURON_SHOWN && v->post_tap)
        list =
            cstmt_join(list, store(k, "post", slice_of(a, v->post_tap, 0), alive(k, v, row, emit)));
    for (int i = 0; i < r->quantities; i++) {
        const struct quantity *q = &r->quantity[i];
        struct expr *e = q->kind == Q_LOCAL ? q->value : q->next;
        if (e)
            e = held ? kernel_hoist(k, as_number(a, recall_about(a, r, e)), head)
                     : value_of(k, v, e, head);
        bool two = pass == NEURON_TRAIN && q->kept;
        if (q->kind == Q_STATE)
            list = cstmt_join(list, store(k, arena_format(a, two ? "%s_next" : "%s_at", q->as),
                                          next_memory(a, q, pass), alive(k, v, row, e)));
        else if (two)
            list = cstmt_join(list, store(k, arena_format(a, "%s_at", q->as),
                                          slice_of(a, q->memory, 0), ex(a, "%s", q->as)));
    }
    for (int i = r->quantities - 1; i >= 0; i--) {
        const struct quantity *q = &r->quantity[i];
        if (q->kind == Q_LOCAL)
            list = declare_local(
                a, q->as,
                held ? kernel_hoist(k, as_number(a, recall_about(a, r, q->value)), head)
                     : value_of(k, v, q->value, head),
                list);
        if (q->kind == Q_STATE)
            list = load_state(k, q->as, arena_format(a, "%s_at", q->as), state_memory(a, q, pass),
                              pass != NEURON_TRAIN || !q->kept, value_of(k, v, q->initial, head),
                              list);
    }
    if (held)
        list = load_was(k, v, head, list);
    return load_trained(k, v, row, list);
}

bool neuron_passes_error(const struct value *v)
{
    return v->recall->quantity[0].adjoint != NULL;
}

/* What the stores of a step back are made from. */
static struct cstmt *declare_back(struct kernel *k, const struct value *v, struct cstmt **head,
                                  struct cstmt *list)
{
    struct arena *a = k->module->arena;
    const struct recall *r = v->recall;
    for (int kind = Q_X; kind <= Q_LOCAL; kind++) /* locals from the last to the first */
        for (int i = 0; i < r->quantities; i++) {
            const struct quantity *q = &r->quantity[i];
            const char *name = intern(a, arena_format(a, "%s_back", q->name));
            if ((int)q->kind == kind && q->adjoint)
                list = declare_local(a, name, kernel_hoist(k, q->adjoint, head), list);
        }
    for (int i = 0; i < r->quantities; i++) {
        const struct quantity *q = &r->quantity[i];
        const char *after = intern(a, arena_format(a, "%s_after", q->name));
        if (q->kind != Q_STATE || !cstmt_uses(list, after))
            continue;
        kernel_param(k, "const int64_t", "t", "t");
        list =
            declare_param(k, "float *restrict", arena_format(a, "%s_carry", q->name), q->back->name,
                          after, ex(a, "t == STEPS - 1 ? 0.0f : %s_carry[at + l]", q->name), list);
    }
    for (int i = r->quantities - 1; i >= 0; i--) {
        const struct quantity *q = &r->quantity[i];
        const char *array = arena_format(a, "%s_at", q->as);
        if (q->kept && q->kind == Q_STATE)
            list = load_state(k, q->as, array, slice_of(a, q->memory, 0), false,
                              value_of(k, v, q->initial, head), list);
        else if (q->kept || q->carrier)
            list = declare_param(k, "const float *restrict", array, kept_memory(a, q), q->as,
                                 ex(a, "%s[at + l]", array), list);
        else if (q->kind == Q_LOCAL)
            list = declare_local(a, q->as, value_of(k, v, q->value, head), list);
    }
    return list;
}

/* The error of a trained tensor's element, added to those of later steps. */
static struct cstmt *add_up(struct kernel *k, const struct value *v, const struct trained *t,
                            const char *row, struct cstmt **head)
{
    struct arena *a = k->module->arena;
    const char *array = arena_format(a, "%s_sums", t->name);
    struct expr *sum = t->adjoint ? kernel_hoist(k, t->adjoint, head) : NULL;
    kernel_param(k, "const int64_t", "t", "t");
    if (t->initial) {
        struct expr *first = expr_cond(a, (struct loc){0}, ex(a, "t == 0"),
                                       kernel_hoist(k, t->initial, head), ex(a, "0.0f"));
        sum = sum ? expr_binary(a, (struct loc){0}, E_ADD, sum, first) : first;
    }
    struct holes h = {.e = {alive(k, v, row, sum)}};
    kernel_param(k, "float *restrict", array, "%s", t->sums->name);
    return code(a, &h, "%s[at + l] = (t == STEPS - 1 ? 0.0f : %s[at + l]) + $0;", array, array);
}

struct cstmt *lower_neuron_back(struct kernel *k, const struct value *v, const char *row,
                                struct cstmt *use, struct cstmt **head)
{
    struct arena *a = k->module->arena;
    const struct recall *r = v->recall;
    struct cstmt *list = use;
    for (int i = 0; i < r->quantities; i++) {
        const struct quantity *q = &r->quantity[i];
        if (q->kind == Q_STATE && q->adjoint)
            list = cstmt_join(list, store(k, arena_format(a, "%s_carry", q->name), q->back->name,
                                          alive(k, v, row, ex(a, "%s_back", q->name))));
    }
    for (int i = 0; i < r->traineds; i++)
        if (r->trained[i].sums)
            list = cstmt_join(list, add_up(k, v, &r->trained[i], row, head));
    return load_trained(k, v, row, declare_back(k, v, head, list));
}

static void update_trained(struct module *m, const struct value *v, const struct trained *t)
{
    struct arena *a = m->arena;
    const struct field *f = plan_field(m->plan, t->param, NULL);
    struct kernel k = kernel_new(m, arena_format(a, "%s_update", t->field));
    struct cstmt *head = NULL, *element = lower_optimizer(&k, f, NULL, NULL, &head);
    int64_t places = t->param->shape.dim[0];
    kernel_param(&k, "const int64_t", "n", "n");
    if (t->sums)
        kernel_param(&k, "const float *restrict", "sums", "%s", t->sums->name);
    kernel_param(&k, "float *restrict", "gradient", "gradient != NULL ? gradient + %lld : NULL",
                 (long long)f->probe);
    struct holes h = {.e = {if_alive(&k, f, ex(a, "sum"))}, .s = {element}};
    h.s[1] = t->sums ? code(a, NULL,
                            "for (int64_t row = i * %lld; row < (i + 1) * %lld; row++)"
                            "    sum += plast_sum(sums + row * COLUMNS, n);",
                            (long long)(v->rows / places), (long long)(v->rows / places))
                     : NULL;
    struct cstmt *body = code(a, &h,
                              "independent nowait for (int64_t i = 0; i < %lld; i++) {"
                              "    const int64_t at = i;"
                              "    const int64_t l = 0;"
                              "    float sum = 0.0f;"
                              "    @1"
                              "    const float grad = $0;"
                              "    if (gradient != NULL) {"
                              "        gradient[at] = grad;"
                              "    } else {"
                              "        @0"
                              "    }"
                              "}",
                              (long long)places);
    kernel_finish(&k, arena_format(a, "%s: %s.", where(m, v->neuron->loc), f->tensor),
                  cstmt_join(head, body));
    m->errors = cstmt_join(m->errors, kernel_call(&k));
}

void lower_trained(struct module *m, const struct value *v)
{
    for (int i = 0; v->recall && i < v->recall->traineds; i++)
        update_trained(m, v, &v->recall->trained[i]);
}

struct cstmt *lower_anchors(struct module *m)
{
    struct cstmt *s = NULL;
    for (int i = 0; i < m->plan->values; i++) {
        const struct recall *r = m->plan->value[i]->recall;
        for (int k = 0; r && k < r->traineds; k++)
            if (r->trained[k].was)
                s = cstmt_join(s, code(m->arena, NULL, "memcpy(%s, m->%s, %lld * sizeof(float));",
                                       r->trained[k].was->name, r->trained[k].field,
                                       (long long)r->trained[k].param->shape.dim[0]));
    }
    struct holes h = {.s = {s}};
    return s ? code(m->arena, &h, "if (gradient != NULL && m->run.anchor == 0) { @0 }") : NULL;
}
