/* Sums over new weights that updates leave for the rules of the next step: see struct carry.
 * Whoever makes them, a tile, an adapted row or a pass of its own, adds in the same order. */
#include "lower_rule.h"

/* What one weight contributes. */
static struct cstmt *carry_term(struct arena *a, enum reduction r, const char *part)
{
    return code(a, NULL, "%s[l] = %s;", part,
                r == REDUCE_RMS     ? "x * x"
                : r == REDUCE_COUNT ? "x != 0.0f ? 1.0f : 0.0f"
                                    : "x");
}

/* sum[l] with the two halves of `part` taken in; `sum` and `part` are what they are called. */
static struct cstmt *carry_add(struct arena *a, enum reduction r, const char *sum, const char *part)
{
    if (r == REDUCE_MIN || r == REDUCE_MAX) {
        const char *than = r == REDUCE_MIN ? "<" : ">";
        return code(
            a, NULL,
            "independent for (int l = 0; l < PLAST_LANES; l++) {"
            "    const float x = %s[l] %s %s[l + PLAST_LANES] ? %s[l] : %s[l + PLAST_LANES];"
            "    %s[l] = x %s %s[l] ? x : %s[l];"
            "}",
            part, than, part, part, part, sum, than, sum, sum);
    }
    return code(a, NULL,
                "independent for (int l = 0; l < PLAST_LANES; l++)"
                "    %s[l] += %s[l] + %s[l + PLAST_LANES];",
                sum, part, part);
}

/* The partial results of a row and group of columns, as the update's tiles add them up. */
static struct cstmt *carry_parts(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    long long group = group_columns(m->plan), groups = carry_groups(m->plan, s->term), first = 0;
    const struct value *from = site_input(s);
    struct cstmt *calls = NULL;
    int64_t column = 0;
    for (int g = 0; g < s->term->segments; g++) {
        int64_t cols = s->term->segment[g].rows;
        struct place *p = place_new(m, s, arena_format(a, "%s_parts", r->target), SPACE_SYNAPSE);
        struct cstmt *element = pass_element(p, r, carry_term(a, r->reduction, "part"));
        kernel_param(&p->kernel, "float *restrict", "parts", "m->%s", pass->carried);
        struct holes h = {.e = {ex(a, "%s", reduction_start(r->reduction))},
                          .s = {element, carry_add(a, r->reduction, "sum", "part")}};
        const char *all =
            from ? columns_of(&p->kernel, from) : arena_format(a, "%lld", (long long)cols);
        struct cstmt *body = code(
            a, &h,
            "independent for (int64_t i = 0; i < %s; i++)"
            "    for (int64_t h = 0; h < %s; h += %lld) {"
            "        float *sum = parts + (i * %lld + %lld + h / %lld) * 16;"
            "        for (int l = 0; l < 16; l++)"
            "            sum[l] = $0;"
            "        for (int64_t b = h; b < PLAST_LEAST(h + %lld, %s); b += 2 * PLAST_LANES) {"
            "            float part[2 * PLAST_LANES];"
            "            const int64_t width = PLAST_LEAST(2 * PLAST_LANES, %s - b);"
            "            for (int l = 0; l < 2 * PLAST_LANES; l++)"
            "                part[l] = $0;"
            "            independent for (int64_t l = 0; l < width; l++) {"
            "                const int64_t j = %lld + b + l;"
            "                const int64_t at = i * %lld + j;"
            "                @0"
            "            }"
            "            @1"
            "        }"
            "    }",
            rows_of(&p->kernel, s->value), all, group, groups, first, group, group, all, all,
            (long long)column, (long long)s->weight->line);
        calls = cstmt_join(calls, pass_finish(p, pass, body));
        first += (cols + group - 1) / group;
        column += cols;
    }
    return in_region(m, calls);
}

struct cstmt *lower_carried(struct module *m, const struct site *s, const struct pass *pass,
                            enum stored stored)
{
    if (stored == STORED_CSR) /* made anew in each step: there is little to read */
        return reduce_rows(m, s, pass, stored);
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct holes h = {.s = {carry_parts(m, s, pass)}};
    struct cstmt *calls = m->plan->fuse && !s->term->keeps_gradient
                              ? code(a, &h, "if (m->carried[0] == 0) { @0 }")
                              : h.s[0];
    struct place *p = place_new(m, s, r->target, SPACE_NEURON);
    pass_target(p, r);
    kernel_param(&p->kernel, "const float *restrict", "parts", "m->%s", pass->carried);
    h.e[0] = reduction_result(a, r->reduction, "sum", s->weight->cols);
    h.e[1] = ex(a, "%s", reduction_start(r->reduction));
    h.s[0] = reduction_join(a, r->reduction, "part[l]");
    const struct value *from = site_input(s);
    const char *groups = arena_format(a, "%lld", (long long)carry_groups(m->plan, s->term));
    if (from) {
        h.s[1] =
            reduction_join_zero(a, r->reduction, columns_of(&p->kernel, from), s->weight->cols);
        groups =
            arena_format(a, "(%s + %lld) / %lld", columns_of(&p->kernel, from),
                         (long long)group_columns(m->plan) - 1, (long long)group_columns(m->plan));
    }
    struct cstmt *body =
        code(a, &h,
             "independent for (int64_t i = 0; i < %s; i++) {"
             "    float part[16];"
             "    for (int l = 0; l < 16; l++)"
             "        part[l] = $1;"
             "    for (int64_t g = 0; g < %s; g++)"
             "        independent for (int l = 0; l < 16; l++) {"
             "            const float x = parts[(i * %lld + g) * 16 + l];"
             "            @0"
             "        }"
             "    %s sum = %s(part);"
             "    @1"
             "    result[%s] = $0;"
             "}",
             rows_of(&p->kernel, s->value), groups, (long long)carry_groups(m->plan, s->term),
             h.s[1] ? "float" : "const float", reduction_tree(r->reduction),
             place_of(&p->kernel, s->value, "i"));
    body = cstmt_join(clear_target(a, s->value->live ? s->value : NULL, s->weight->rows), body);
    return cstmt_join(calls, pass_finish(p, pass, body));
}

/* --- on the tiles of an update */

/* What the local `w` contributes: part[l] = ...; */
static struct cstmt *lower_carry_terms(struct kernel *k, const struct carry *c, const char *part,
                                       struct cstmt **head)
{
    struct arena *a = k->module->arena;
    const struct rule_stmt *r = c->pass->stmt[0];
    struct expr *value = as_number(a, kernel_hoist(k, r->value, head));
    struct cstmt *use = carry_term(a, r->reduction, part);
    use->value = expr_substitute(a, use->value, intern(a, "x"), value);
    return use;
}

struct cstmt *lower_carries(struct kernel *k, const struct term *t, const char *const *part,
                            struct cstmt **head)
{
    struct cstmt *list = NULL;
    for (int i = 0; i < t->carries; i++)
        list = cstmt_join(list, lower_carry_terms(k, &t->carry[i], part[i], head));
    return list;
}

struct cstmt *lower_carry_row(struct kernel *k, const struct carry *c, int64_t line, int64_t column,
                              int64_t first, struct cstmt **head)
{
    struct arena *a = k->module->arena;
    const struct rule_stmt *r = c->pass->stmt[0];
    const char *parts = arena_format(a, "%s_at", c->name),
               *sum = arena_format(a, "%s_sum", c->name), *part = "part";
    kernel_param(k, "float *restrict", parts, "m->%s", c->name);
    struct holes h = {
        .e = {ex(a, "%s", reduction_start(r->reduction))},
        .s = {lower_carry_terms(k, c, part, head), carry_add(a, r->reduction, sum, part)}};
    return code(a, &h,
                "float *%s = %s + ((i + r) * %lld + %lld + from / %lld) * 16;"
                "for (int l = 0; l < 16; l++)"
                "    %s[l] = $0;"
                "for (int64_t b = from; b < to; b += 2 * PLAST_LANES) {"
                "    float part[2 * PLAST_LANES];"
                "    const int64_t width = PLAST_LEAST(2 * PLAST_LANES, to - b);"
                "    for (int l = 0; l < 2 * PLAST_LANES; l++)"
                "        part[l] = $0;"
                "    independent for (int64_t l = 0; l < width; l++) {"
                "        const float w = w_at[(i + r) * %lld + %lld + b + l];"
                "        @0"
                "    }"
                "    @1"
                "}",
                sum, parts, (long long)carry_groups(k->module->plan, c->site->term),
                (long long)first, (long long)group_columns(k->module->plan), sum, (long long)line,
                (long long)column);
}

struct cstmt *lower_carry_tile(struct kernel *k, const struct carry *c, const char *part,
                               int64_t first)
{
    struct arena *a = k->module->arena;
    enum reduction r = c->pass->stmt[0]->reduction;
    long long group = group_columns(k->module->plan);
    const char *parts = arena_format(a, "%s_at", c->name);
    kernel_param(k, "float *restrict", parts, "m->%s", c->name);
    struct holes h = {.e = {ex(a, "%s", reduction_start(r))}, .s = {carry_add(a, r, "sum", part)}};
    return code(a, &h,
                "if (gradient == NULL) {"
                "    float *sum = %s + ((i + r) * %lld + %lld + j / %lld) * 16;"
                "    if (j %% %lld == 0) {"
                "        for (int l = 0; l < 16; l++)"
                "            sum[l] = $0;"
                "    }"
                "    @0"
                "}",
                parts, (long long)carry_groups(k->module->plan, c->site->term), (long long)first,
                group, group);
}
