/* Passes of rules as functions: a loop over the places of a space each. Sums run in a fixed order:
 * 16 partial sums over a row, then a tree of them. */
#include "lower_rule.h"

#include <string.h>

static struct cstmt *space_loop(struct arena *a, const struct site *s, enum space space,
                                struct cstmt *element)
{
    struct holes h = {.s = {element}};
    const struct field *w = s->weight;
    if (space_is_matrix(space))
        return code(a, &h,
                    "independent for (int64_t i = 0; i < %lld; i++)"
                    "    independent for (int64_t j = 0; j < %lld; j++) {"
                    "        const int64_t at = i * %lld + j;"
                    "        @0"
                    "    }",
                    (long long)w->rows, (long long)w->cols, (long long)w->line);
    if (space == SPACE_LAYER)
        return element;
    const char *i = space == SPACE_INPUT ? "j" : "i";
    return code(a, &h, "independent for (int64_t %s = 0; %s < %lld; %s++) { @0 }", i, i,
                (long long)space_places(s, space), i);
}

struct cstmt *in_region(struct module *m, struct cstmt *calls)
{
    struct holes h = {.s = {calls}};
    return code(m->arena, &h,
                "parallel (plast_threads(m->run.threads)) {"
                "    const uint64_t flush = plast_flush_begin();"
                "    @0"
                "    plast_flush_end(flush);"
                "}");
}

/* "model.pl:7: h1.bounds: upper" */
const char *pass_comment(struct module *m, const struct site *s, const struct pass *pass)
{
    const char *target = pass->stmt[0]->target;
    return arena_format(m->arena, "%s: %s%s%s", where(m, s->rule->loc), s->on->name,
                        target ? ": " : "", target ? target : "");
}

static struct cstmt *finish(struct place *p, const struct pass *pass, struct cstmt *body)
{
    struct module *m = p->kernel.module;
    kernel_finish(&p->kernel, pass_comment(m, p->site, pass), cstmt_join(p->head, body));
    return kernel_call(&p->kernel);
}

static struct cstmt *lower_map_pass(struct module *m, const struct site *s, const struct pass *pass,
                                    const char *moment, const char *suffix)
{
    struct place *p = place_new(m, s, suffix, pass->space);
    p->moment = moment;
    place_statements(p, pass->stmt, pass->stmts, NULL);
    struct cstmt *element = place_finish(p, p->body);
    return finish(p, pass, space_loop(m->arena, s, pass->space, element));
}

/* --- reductions */

static const char *start_of(enum reduction r)
{
    return r == REDUCE_MIN ? "__builtin_inff()" : r == REDUCE_MAX ? "-__builtin_inff()" : "0.0f";
}

/* `sum` with `x` taken in. */
static struct cstmt *take_in(struct arena *a, enum reduction r, const char *sum)
{
    switch (r) {
    case REDUCE_SUM:
    case REDUCE_MEAN:
        return code(a, NULL, "%s += x;", sum);
    case REDUCE_RMS:
        return code(a, NULL, "%s += x * x;", sum);
    case REDUCE_COUNT:
        return code(a, NULL, "%s += x != 0.0f ? 1.0f : 0.0f;", sum);
    case REDUCE_MIN:
        return code(a, NULL, "%s = x < %s ? x : %s;", sum, sum, sum);
    case REDUCE_MAX:
        return code(a, NULL, "%s = x > %s ? x : %s;", sum, sum, sum);
    case REDUCE_QUANTILE:
        break;
    }
    bug("reduction %d", (int)r);
}

/* The same with a part that was taken together already. */
static struct cstmt *put_together(struct arena *a, enum reduction r, const char *sum)
{
    bool ends = r == REDUCE_MIN || r == REDUCE_MAX;
    return take_in(a, ends ? r : REDUCE_SUM, sum);
}

static struct expr *result_of(struct arena *a, enum reduction r, const char *sum, int64_t n)
{
    if (r == REDUCE_MEAN)
        return ex(a, "%s / %lld.0f", sum, (long long)n);
    if (r == REDUCE_RMS)
        return ex(a, "sqrtf(%s / %lld.0f)", sum, (long long)n);
    return ex(a, "%s", sum);
}

static const char *tree_of(enum reduction r)
{
    return r == REDUCE_MIN ? "plast_least16" : r == REDUCE_MAX ? "plast_most16" : "plast_sum16";
}

/* Where the value of the reduction goes. */
static void target_param(struct place *p, const struct rule_stmt *s)
{
    const struct slot *slot = site_slot(p->site, s->target);
    kernel_param(&p->kernel, "float *restrict", "result", "%s",
                 slot_memory(p->kernel.module, slot));
}

static struct cstmt *element_of(struct place *p, const struct rule_stmt *s, struct cstmt *use)
{
    struct arena *a = p->kernel.module->arena;
    place_given(p, "x");
    struct expr *value = place_expr(p, s->value);
    if (expr_is_logical(value))
        value = expr_cond(a, s->loc, value, ex(a, "1.0f"), ex(a, "0.0f"));
    return place_finish(p, cstmt_join(cstmt_declare(a, "const float", "x", value), use));
}

/* Along the rows of a matrix: one value a row, or, for the layer, one more over those. */
static struct cstmt *reduce_rows(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    const struct field *w = s->weight;
    bool layer = r->space == SPACE_LAYER;
    struct place *p = place_new(m, s, r->target, SPACE_SYNAPSE);
    struct cstmt *element = element_of(p, r, take_in(a, r->reduction, "part[l]"));
    long long cols = w->cols, whole = cols / 16 * 16, line = w->line;
    if (layer)
        kernel_param(&p->kernel, "float *restrict", "result", "m->work + %lld",
                     (long long)pass->keys->at);
    else
        target_param(p, r);
    struct holes h = {.e = {layer ? ex(a, "sum") : result_of(a, r->reduction, "sum", cols),
                            ex(a, "%s", start_of(r->reduction))},
                      .s = {element}};
    struct cstmt *body =
        code(a, &h,
             "independent for (int64_t i = 0; i < %lld; i++) {"
             "    float part[16];"
             "    for (int l = 0; l < 16; l++)"
             "        part[l] = $1;"
             "    for (int64_t b = 0; b < %lld; b += 16)"
             "        independent for (int l = 0; l < 16; l++) {"
             "            const int64_t j = b + l;"
             "            const int64_t at = i * %lld + j;"
             "            PLAST_IGNORE(at);"
             "            @0"
             "        }"
             "    for (int l = 0; l < %lld; l++) {"
             "        const int64_t j = %lld + l;"
             "        const int64_t at = i * %lld + j;"
             "        PLAST_IGNORE(at);"
             "        @0"
             "    }"
             "    const float sum = %s(part);"
             "    result[i] = $0;"
             "}",
             (long long)w->rows, whole, line, cols - whole, whole, line, tree_of(r->reduction));
    struct cstmt *calls = in_region(m, finish(p, pass, body));
    if (!layer)
        return calls;
    p = place_new(m, s, arena_format(a, "%s_of_rows", r->target), SPACE_LAYER);
    target_param(p, r);
    kernel_param(&p->kernel, "const float *restrict", "row", "m->work + %lld",
                 (long long)pass->keys->at);
    h.e[0] = result_of(a, r->reduction, "sum", cols * w->rows);
    h.s[0] = put_together(a, r->reduction, "sum");
    body = code(a, &h,
                "float sum = $1;"
                "for (int64_t i = 0; i < %lld; i++) {"
                "    const float x = row[i];"
                "    @0"
                "}"
                "result[0] = $0;",
                (long long)w->rows);
    return cstmt_join(calls, finish(p, pass, body));
}

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
    struct cstmt *calls = NULL;
    int64_t column = 0;
    for (int g = 0; g < s->term->segments; g++) {
        int64_t cols = s->term->segment[g].rows;
        struct place *p = place_new(m, s, arena_format(a, "%s_parts", r->target), SPACE_SYNAPSE);
        struct cstmt *element = element_of(p, r, carry_term(a, r->reduction, "part"));
        kernel_param(&p->kernel, "float *restrict", "parts", "m->%s", pass->carried);
        struct holes h = {.e = {ex(a, "%s", start_of(r->reduction))},
                          .s = {element, carry_add(a, r->reduction, "sum", "part")}};
        struct cstmt *body = code(
            a, &h,
            "independent for (int64_t i = 0; i < %lld; i++)"
            "    for (int64_t h = 0; h < %lld; h += %lld) {"
            "        float *sum = parts + (i * %lld + %lld + h / %lld) * 16;"
            "        for (int l = 0; l < 16; l++)"
            "            sum[l] = $0;"
            "        for (int64_t b = h; b < PLAST_LEAST(h + %lld, %lld); b += 2 * PLAST_LANES) {"
            "            float part[2 * PLAST_LANES];"
            "            const int64_t width = PLAST_LEAST(2 * PLAST_LANES, %lld - b);"
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
            (long long)s->weight->rows, (long long)cols, group, groups, first, group, group,
            (long long)cols, (long long)cols, (long long)column, (long long)s->weight->line);
        calls = cstmt_join(calls, finish(p, pass, body));
        first += (cols + group - 1) / group;
        column += cols;
    }
    return in_region(m, calls);
}

static struct cstmt *lower_carried(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct holes h = {.s = {carry_parts(m, s, pass)}};
    struct cstmt *calls = m->plan->fuse && !s->term->keeps_gradient
                              ? code(a, &h, "if (m->carried[0] == 0) { @0 }")
                              : h.s[0];
    struct place *p = place_new(m, s, r->target, SPACE_NEURON);
    target_param(p, r);
    kernel_param(&p->kernel, "const float *restrict", "parts", "m->%s", pass->carried);
    h.e[0] = result_of(a, r->reduction, "sum", s->weight->cols);
    h.e[1] = ex(a, "%s", start_of(r->reduction));
    h.s[0] = put_together(a, r->reduction, "part[l]");
    struct cstmt *body = code(a, &h,
                              "independent for (int64_t i = 0; i < %lld; i++) {"
                              "    float part[16];"
                              "    for (int l = 0; l < 16; l++)"
                              "        part[l] = $1;"
                              "    for (int64_t g = 0; g < %lld; g++)"
                              "        independent for (int l = 0; l < 16; l++) {"
                              "            const float x = parts[(i * %lld + g) * 16 + l];"
                              "            @0"
                              "        }"
                              "    const float sum = %s(part);"
                              "    result[i] = $0;"
                              "}",
                              (long long)s->weight->rows, (long long)carry_groups(m->plan, s->term),
                              (long long)carry_groups(m->plan, s->term), tree_of(r->reduction));
    return cstmt_join(calls, finish(p, pass, body));
}

/* --- on the tiles of an update */

/* What the local `w` contributes: part[l] = ...; */
static struct cstmt *lower_carry_terms(struct kernel *k, const struct carry *c, const char *part,
                                       struct cstmt **head)
{
    struct arena *a = k->module->arena;
    const struct rule_stmt *r = c->pass->stmt[0];
    struct expr *value = kernel_hoist(k, r->value, head);
    struct cstmt *use = carry_term(a, r->reduction, part);
    if (expr_is_logical(value))
        value = expr_cond(a, r->loc, value, ex(a, "1.0f"), ex(a, "0.0f"));
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
        .e = {ex(a, "%s", start_of(r->reduction))},
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

const char *carry_start(enum reduction r)
{
    return start_of(r);
}

struct cstmt *lower_carry_tile(struct kernel *k, const struct carry *c, const char *part,
                               int64_t first)
{
    struct arena *a = k->module->arena;
    enum reduction r = c->pass->stmt[0]->reduction;
    long long group = group_columns(k->module->plan);
    const char *parts = arena_format(a, "%s_at", c->name);
    kernel_param(k, "float *restrict", parts, "m->%s", c->name);
    struct holes h = {.e = {ex(a, "%s", start_of(r))}, .s = {carry_add(a, r, "sum", part)}};
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

/* Down the columns of a matrix. */
static struct cstmt *reduce_columns(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    const struct field *w = s->weight;
    struct place *p = place_new(m, s, r->target, SPACE_SYNAPSE);
    struct cstmt *element = element_of(p, r, take_in(a, r->reduction, "part[l]"));
    target_param(p, r);
    struct holes h = {
        .e = {result_of(a, r->reduction, "part[l]", w->rows), ex(a, "%s", start_of(r->reduction))},
        .s = {element}};
    struct cstmt *body =
        code(a, &h,
             "independent for (int64_t b = 0; b < %lld; b += 16) {"
             "    float part[16];"
             "    const int64_t width = PLAST_LEAST(16, %lld - b);"
             "    for (int l = 0; l < 16; l++)"
             "        part[l] = $1;"
             "    for (int64_t i = 0; i < %lld; i++)"
             "        independent for (int64_t l = 0; l < width; l++) {"
             "            const int64_t j = b + l;"
             "            const int64_t at = i * %lld + j;"
             "            PLAST_IGNORE(at);"
             "            @0"
             "        }"
             "    for (int64_t l = 0; l < width; l++)"
             "        result[b + l] = $0;"
             "}",
             (long long)w->cols, (long long)w->cols, (long long)w->rows, (long long)w->line);
    return in_region(m, finish(p, pass, body));
}

/* Over neurons, inputs or the one layer. */
static struct cstmt *reduce_list(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct place *p = place_new(m, s, r->target, r->from);
    struct cstmt *element = element_of(p, r, take_in(a, r->reduction, "part"));
    target_param(p, r);
    const char *i = r->from == SPACE_INPUT ? "j" : "i";
    long long places = space_places(s, r->from);
    struct holes h = {
        .e = {result_of(a, r->reduction, "part", places), ex(a, "%s", start_of(r->reduction))},
        .s = {element}};
    return finish(p, pass,
                  code(a, &h,
                       "float part = $1;"
                       "for (int64_t %s = 0; %s < %lld; %s++) { @0 }"
                       "result[0] = $0;",
                       i, i, places, i));
}

static struct cstmt *lower_reduce(struct module *m, const struct site *s, const struct pass *pass)
{
    const struct rule_stmt *r = pass->stmt[0];
    if (!space_is_matrix(r->from))
        return reduce_list(m, s, pass);
    if (pass->carried)
        return lower_carried(m, s, pass);
    if (r->space == SPACE_INPUT)
        return reduce_columns(m, s, pass);
    return reduce_rows(m, s, pass);
}

/* --- choices */

/* The values chosen from, as an array laid out as their space is. */
static struct cstmt *lower_keys(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct place *p = place_new(m, s, arena_format(a, "%s_keys", r->target), pass->space);
    struct cstmt *element =
        element_of(p, r, code(a, NULL, "key[%s] = x;", place_index(p, pass->space)));
    kernel_param(&p->kernel, "float *restrict", "key", "m->work + %lld", (long long)pass->keys->at);
    struct cstmt *call = finish(p, pass, space_loop(a, s, pass->space, element));
    return space_is_matrix(pass->space) ? in_region(m, call) : call;
}

struct extent {
    long long rows, cols, line;
};

static struct extent extent_of(const struct site *s, enum space space)
{
    const struct field *w = s->weight;
    if (space_is_matrix(space))
        return (struct extent){w->rows, w->cols, w->line};
    return (struct extent){space_places(s, space), 1, 1};
}

static struct cstmt *lower_lowest(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct cstmt *calls = lower_keys(m, s, pass);
    struct extent e = extent_of(s, pass->space);
    const struct field *mask = site_mask(m, s, pass->space);
    struct place *p = place_new(m, s, r->target, SPACE_LAYER);
    target_param(p, r);
    kernel_param(&p->kernel, "const float *restrict", "key", "m->work + %lld",
                 (long long)pass->keys->at);
    if (mask)
        kernel_param(&p->kernel, "const uint8_t *restrict", "alive_at", "m->%s", mask->name);
    place_given(p, "q");
    struct cstmt *body = cstmt_declare(a, "const float", "q", place_expr(p, r->q));
    body = cstmt_join(body, code(a, NULL, "plast_lowest(key, %s, %lld, %lld, %lld, q, result);",
                                 mask ? "alive_at" : "NULL", e.rows, e.cols, e.line));
    return cstmt_join(calls, finish(p, pass, place_finish(p, body)));
}

static struct cstmt *lower_quantile(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct cstmt *calls = lower_keys(m, s, pass);
    struct extent e = extent_of(s, pass->space);
    const char *at = "0";
    if (r->space == SPACE_NEURON) {
        at = arena_format(a, "i * %lld", e.line);
        e.rows = 1;
    } else if (r->space == SPACE_INPUT) {
        at = "j";
        e.cols = 1;
    }
    struct place *p = place_new(m, s, r->target, r->space);
    target_param(p, r);
    kernel_param(&p->kernel, "const float *restrict", "key", "m->work + %lld",
                 (long long)pass->keys->at);
    place_given(p, "q");
    struct cstmt *body = cstmt_declare(a, "const float", "q", place_expr(p, r->q));
    body = cstmt_join(body,
                      code(a, NULL, "result[%s] = plast_quantile(key + %s, %lld, %lld, %lld, q);",
                           place_index(p, r->space), at, e.rows, e.cols, e.line));
    body = place_finish(p, body);
    return cstmt_join(calls, finish(p, pass, space_loop(a, s, r->space, body)));
}

/* --- death and growth */

static struct cstmt *lower_die(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    bool neurons = r->space == SPACE_NEURON, grows = r->kind == RULE_GROW;
    const struct field *mask = site_mask(m, s, r->space);
    if (!mask)
        return NULL; /* a rule that only grows, where nothing can die */
    struct place *p = place_new(m, s, grows ? "grow" : "drop", pass->space);
    place_given(p, "x");
    /* the name that a condition which reads the mask would give it */
    const char *array = neurons ? "alive_neuron_at" : "alive_at";
    kernel_param(&p->kernel, "uint8_t *restrict", array, "m->%s", mask->name);
    struct expr *value = place_expr(p, r->value);
    if (!expr_is_logical(value))
        value = expr_binary(a, r->loc, E_NE, value, ex(a, "0.0f"));
    /* the condition may read the mask itself */
    struct cstmt *x = place_finish(p, cstmt_declare(a, "const int", "x", value));
    struct holes h = {.s = {x}};
    struct cstmt *body, *settle = code(a, NULL, "settle(m);");
    if (neurons && !grows) {
        body = code(a, &h,
                    "int64_t first = -1;"
                    "int64_t left = 0;"
                    "for (int64_t i = 0; i < %lld; i++) {"
                    "    @0"
                    "    if (%s[i] != 0) {"
                    "        first = first < 0 ? i : first;"
                    "        %s[i] = x != 0 ? 0 : 1;"
                    "        left += %s[i];"
                    "    }"
                    "}"
                    "if (left == 0 && first >= 0) {"
                    "    %s[first] = 1; /* one neuron stays */"
                    "}",
                    (long long)s->weight->rows, array, array, array, array);
        return cstmt_join(finish(p, pass, body), settle);
    }
    const char *i = place_index(p, r->space);
    h.s[0] =
        cstmt_join(x, grows ? code(a, NULL, "%s[%s] = x != 0 ? 1 : %s[%s];", array, i, array, i)
                            : code(a, NULL, "%s[%s] = x != 0 ? 0 : %s[%s];", array, i, array, i));
    body = space_loop(a, s, r->space, h.s[0]);
    struct cstmt *call = finish(p, pass, body);
    return cstmt_join(in_region(m, call), settle);
}

/* --- lists */

/* A condition of the layer, where the calls stand. */
static struct expr *condition(struct module *m, const struct site *s, struct expr *e);

static struct expr *memory_value(void *context, const struct expr *e)
{
    void **both = context;
    struct module *m = both[0];
    const struct site *s = both[1];
    const struct slot *slot = site_slot(s, e->name);
    if (strncmp(e->name, "scalar", 6) == 0)
        return ex(m->arena, "scalar[%s]", e->name + 6);
    if (strcmp(e->name, "period") == 0)
        return ex(m->arena, "(float)m->%s[2]", s->counters->name);
    if (!slot)
        return NULL;
    if (slot->field)
        return ex(m->arena, "m->%s[0]", slot->field->name);
    return ex(m->arena, "m->work[%lld]", (long long)slot->buffer->at);
}

static struct expr *condition(struct module *m, const struct site *s, struct expr *e)
{
    union {
        const void *in;
        void *out;
    } site = {s};
    void *both[2] = {m, site.out};
    e = expr_replace(m->arena, plan_hoist(m->plan, e), memory_value, both);
    return expr_is_logical(e) ? e : expr_binary(m->arena, e->loc, E_NE, e, ex(m->arena, "0.0f"));
}

static const char *moment_of(struct module *m, const struct site *s, enum phase phase)
{
    switch (phase) {
    case PHASE_SETUP:
        return "0";
    case PHASE_ADAPT:
        return arena_format(m->arena, "m->%s[2]", s->counters->name);
    default:
        return "m->run.step";
    }
}

static struct cstmt *lower_pass(struct module *m, const struct site *s, const struct pass *pass,
                                enum phase phase)
{
    static const char *const names[] = {"setup", "modulate", "observe", "adapt"};
    struct cstmt *call;
    switch (pass->kind) {
    case PASS_MAP:
        call = lower_map_pass(m, s, pass, moment_of(m, s, phase),
                              arena_format(m->arena, "%s_pass", names[phase]));
        return in_parallel(pass) ? in_region(m, call) : call;
    case PASS_REDUCE:
        return lower_reduce(m, s, pass);
    case PASS_QUANTILE:
        return lower_quantile(m, s, pass);
    case PASS_LOWEST:
        return lower_lowest(m, s, pass);
    case PASS_BATCH:
        return in_region(m, lower_batch(m, s, pass));
    case PASS_DIE:
        return lower_die(m, s, pass);
    case PASS_IF: {
        struct holes h = {
            .e = {condition(m, s, pass->stmt[0]->value)},
            .s = {lower_passes(m, s, pass->then, phase), lower_passes(m, s, pass->other, phase)}};
        return code(m->arena, &h, "if ($0) { @0 } else { @1 }");
    }
    }
    bug("pass %d", (int)pass->kind);
}

/* What a loop of its own wrote into a state; on elements and in maps that is done at once. */
static struct cstmt *silence_state(struct module *m, const struct site *s, const struct pass *pass)
{
    bool whole = pass->kind == PASS_REDUCE || pass->kind == PASS_QUANTILE ||
                 pass->kind == PASS_LOWEST || pass->kind == PASS_BATCH;
    const struct slot *slot = whole ? site_slot(s, pass->stmt[0]->target) : NULL;
    if (!slot || !slot->field || !slot->field->alive)
        return NULL;
    return in_region(m, lower_silence(m, slot->field));
}

struct cstmt *lower_passes(struct module *m, const struct site *s, const struct pass *pass,
                           enum phase phase)
{
    struct cstmt *calls = NULL;
    for (; pass; pass = pass->next) {
        calls = cstmt_join(calls, lower_pass(m, s, pass, phase));
        calls = cstmt_join(calls, silence_state(m, s, pass));
    }
    return calls;
}
