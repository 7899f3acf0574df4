/* Statements of rules within functions that do more: on the element of an error or a gradient, on
 * the rows of an update. */
#include "lower_rule.h"
#include "names.h"

/* The statements where the step's flag `when` of the site is set; NULL: always. */
static struct cstmt *run_within(struct place *p, struct rule_stmt *const *stmt, int count,
                                const char *when, struct kernel *k, struct cstmt **head)
{
    struct arena *a = k->module->arena;
    struct expr *guard = NULL;
    p->head = *head;
    if (when) {
        const char *flag = arena_format(a, "%s_%s", p->site->stem, when);
        kernel_param(&p->kernel, "const int", flag, "%s", flag);
        guard = ex(a, "%s != 0", flag);
    }
    place_statements(p, stmt, count, guard);
    struct cstmt *list = place_finish(p, p->body);
    *k = p->kernel;
    *head = p->head;
    return list;
}

struct cstmt *lower_error_rules(struct kernel *k, const struct value *v, const char *name,
                                const char *row, struct cstmt **head)
{
    struct plan *plan = k->module->plan;
    struct names *names = names_new(k->module->arena);
    struct cstmt *list = NULL;
    names_unique(names, name);
    for (int i = 0; i < plan->sites; i++) {
        const struct site *s = plan->site[i];
        if (s->blamed != v || !s->errors)
            continue;
        struct place *p = place_within(k, s, names, SPACE_NEURON);
        p->neuron = place_text(k->module->arena, v, row);
        place_local(p, "error", name);
        list = cstmt_join(list, run_within(p, s->error, s->errors, "acts", k, head));
    }
    place_if_used(k, v, list);
    return list;
}

struct cstmt *lower_gradient_rules(struct kernel *k, const struct term *t, const char *at,
                                   const char *row, const char *column, struct cstmt **head)
{
    struct plan *plan = k->module->plan;
    struct names *names = names_new(k->module->arena);
    struct cstmt *list = NULL;
    names_unique(names, "grad");
    names_unique(names, "w");
    names_unique(names, "w_at");
    for (int i = 0; i < plan->sites; i++) {
        const struct site *s = plan->site[i];
        if (s->term != t || !s->grads)
            continue;
        struct place *p = place_within(k, s, names, SPACE_SYNAPSE);
        p->matrix = at;
        place_at(p, row, column);
        place_local(p, "grad", "grad");
        place_local(p, "w", "w");
        list = cstmt_join(list, run_within(p, s->grad, s->grads, "acts", k, head));
    }
    return list;
}

struct cstmt *lower_tile_adapts(struct kernel *k, const struct term *t, const char *at,
                                const char *row, const char *column, struct cstmt **head)
{
    struct plan *plan = k->module->plan;
    struct names *names = names_new(k->module->arena);
    struct cstmt *list = NULL;
    names_unique(names, "grad");
    names_unique(names, "w");
    names_unique(names, "w_at");
    int adapts = 0;
    for (int i = 0; i < plan->sites; i++)
        adapts += plan->site[i]->term == t && plan->site[i]->fused_adapt;
    for (int i = 0; i < plan->sites; i++) {
        const struct site *s = plan->site[i];
        if (s->term != t || !s->fused_adapt)
            continue;
        const struct pass *pass = s->phase[PHASE_ADAPT];
        struct place *p = place_within(k, s, names, SPACE_SYNAPSE);
        p->matrix = at;
        place_at(p, row, column);
        p->moment = arena_format(k->module->arena, "m->%s[2]", s->counters->name);
        place_local(p, "w", "w");
        list = cstmt_join(
            list, run_within(p, pass->stmt, pass->stmts, adapts > 1 ? "due" : NULL, k, head));
    }
    return list;
}
