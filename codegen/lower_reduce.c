/* Reductions of rules. Sums run in a fixed order: 16 partial sums over a row, then a tree of them.
 */
#include "lower_rule.h"

const char *reduction_start(enum reduction r)
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
struct cstmt *reduction_join(struct arena *a, enum reduction r, const char *sum)
{
    bool ends = r == REDUCE_MIN || r == REDUCE_MAX;
    return take_in(a, ends ? r : REDUCE_SUM, sum);
}

struct expr *reduction_result(struct arena *a, enum reduction r, const char *sum, int64_t n)
{
    if (r == REDUCE_MEAN)
        return ex(a, "%s / %lld.0f", sum, (long long)n);
    if (r == REDUCE_RMS)
        return ex(a, "sqrtf(%s / %lld.0f)", sum, (long long)n);
    return ex(a, "%s", sum);
}

const char *reduction_tree(enum reduction r)
{
    return r == REDUCE_MIN ? "plast_least16" : r == REDUCE_MAX ? "plast_most16" : "plast_sum16";
}

/* The least and the most of what is held are that of all only with the zeros of what is not. */
struct cstmt *reduction_join_zero(struct arena *a, enum reduction r, const char *held,
                                  long long all)
{
    if (r != REDUCE_MIN && r != REDUCE_MAX)
        return NULL;
    return code(a, NULL, "if (%s < %lld) { sum = sum %s 0.0f ? sum : 0.0f; }", held, all,
                r == REDUCE_MIN ? "<" : ">");
}

/* part[l] over `count` places from `first` on: `at + l`, or, in a matrix, columns b + l of row i.
 */
static struct cstmt *part_loops(struct place *p, const char *count, struct cstmt *element)
{
    struct arena *a = p->kernel.module->arena;
    struct holes h = {.s = {element}};
    if (p->stored == STORED_CSR)
        return code(a, &h,
                    "for (int64_t b = first; b < end; b += 16) {"
                    "    const int64_t width = PLAST_LEAST(16, end - b);"
                    "    independent for (int64_t l = 0; l < width; l++) {"
                    "        const int64_t at = b + l;"
                    "        PLAST_IGNORE(at);"
                    "        @0"
                    "    }"
                    "}");
    long long line = site_extent(p->site, p->domain).line;
    return code(a, &h,
                "for (int64_t b = 0; b < %s / 16 * 16; b += 16)"
                "    independent for (int l = 0; l < 16; l++) {"
                "        const int64_t j = b + l;"
                "        const int64_t at = i * %lld + j;"
                "        PLAST_IGNORE(at);"
                "        @0"
                "    }"
                "for (int64_t l = 0; l < %s %% 16; l++) {"
                "    const int64_t j = %s / 16 * 16 + l;"
                "    const int64_t at = i * %lld + j;"
                "    PLAST_IGNORE(at);"
                "    @0"
                "}",
                count, line, count, count, line);
}

/* Along the rows of a matrix: one value a row, or, for the layer, one more over those. */
struct cstmt *reduce_rows(struct module *m, const struct site *s, const struct pass *pass,
                          enum stored stored)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    const struct extent e = site_extent(s, r->from), *w = &e;
    bool layer = r->space == SPACE_LAYER, held = stored != STORED_PLAIN;
    struct place *p = place_new(m, s, r->target, r->from);
    place_stored(p, stored);
    struct kernel *k = &p->kernel;
    struct cstmt *element = pass_element(p, r, take_in(a, r->reduction, "part[l]"));
    place_params(p, element);
    const char *rows =
        held ? held_neurons(k, s->value) : arena_format(a, "%lld", (long long)w->rows);
    const char *count = arena_format(a, "%lld", (long long)w->cols);
    struct cstmt *walk = NULL, *clear = NULL;
    if (stored == STORED_HELD && site_input(s))
        count = held_columns(p);
    if (stored == STORED_CSR) {
        walk = code(a, NULL, "const int64_t first = %s; const int64_t end = %s;",
                    walk_row(k, s->term, "i").first, walk_row(k, s->term, "i").end);
        count = "end - first";
    }
    if (layer) {
        kernel_param(k, "float *restrict", "result", "m->work + %lld", (long long)pass->keys->at);
    } else {
        pass_target(p, r);
        clear = clear_target(a, held && s->value->live ? s->value : NULL, w->rows);
    }
    const char *to = !layer && held ? place_of(k, s->value, "i") : "i";
    struct holes h = {
        .e = {layer ? ex(a, "sum") : reduction_result(a, r->reduction, "sum", w->cols),
              ex(a, "%s", reduction_start(r->reduction))},
        .s = {part_loops(p, count, element),
              held ? reduction_join_zero(a, r->reduction, count, w->cols) : NULL, walk}};
    struct cstmt *body =
        code(a, &h,
             "independent for (int64_t i = 0; i < %s; i++) {"
             "    @2"
             "    float part[16];"
             "    for (int l = 0; l < 16; l++)"
             "        part[l] = $1;"
             "    @0"
             "    %s sum = %s(part);"
             "    @1"
             "    result[%s] = $0;"
             "}",
             rows, h.s[1] ? "float" : "const float", reduction_tree(r->reduction), to);
    struct cstmt *calls = in_region(m, pass_finish(p, pass, cstmt_join(clear, body)));
    if (!layer)
        return calls;
    p = place_new(m, s, arena_format(a, "%s_of_rows", r->target), SPACE_LAYER);
    pass_target(p, r);
    kernel_param(&p->kernel, "const float *restrict", "row", "m->work + %lld",
                 (long long)pass->keys->at);
    rows = held ? held_neurons(&p->kernel, s->value) : arena_format(a, "%lld", (long long)w->rows);
    h.e[0] = reduction_result(a, r->reduction, "sum", w->cols * w->rows);
    h.s[0] = reduction_join(a, r->reduction, "sum");
    h.s[1] = held && s->value->live ? reduction_join_zero(a, r->reduction, rows, w->rows) : NULL;
    body = code(a, &h,
                "float sum = $1;"
                "for (int64_t i = 0; i < %s; i++) {"
                "    const float x = row[i];"
                "    @0"
                "}"
                "@1"
                "result[0] = $0;",
                rows);
    return cstmt_join(calls, pass_finish(p, pass, body));
}

/* Down the columns of a matrix. */
static struct cstmt *reduce_columns(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    const struct field *w = s->weight;
    struct place *p = place_new(m, s, r->target, SPACE_SYNAPSE);
    struct cstmt *element = pass_element(p, r, take_in(a, r->reduction, "part[l]"));
    pass_target(p, r);
    struct holes h = {.e = {reduction_result(a, r->reduction, "part[l]", w->rows),
                            ex(a, "%s", reduction_start(r->reduction))},
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
    return in_region(m, pass_finish(p, pass, body));
}

/* The same where weights slide over maps: of each input channel the kernels of its group. */
static struct cstmt *reduce_channels(struct module *m, const struct site *s,
                                     const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct extent e = site_extent(s, r->from), k = site_extent(s, SPACE_KERNEL);
    long long rows = e.rows / s->term->dense->groups, each = e.cols / k.cols;
    struct place *p = place_new(m, s, r->target, r->from);
    struct cstmt *element = pass_element(p, r, take_in(a, r->reduction, "part"));
    pass_target(p, r);
    struct holes h = {.e = {reduction_result(a, r->reduction, "part", rows * each),
                            ex(a, "%s", reduction_start(r->reduction))},
                      .s = {element}};
    struct cstmt *body = code(
        a, &h,
        "independent for (int64_t b = 0; b < %lld; b++) {"
        "    float part = $1;"
        "    for (int64_t i = b / %lld * %lld; i < (b / %lld + 1) * %lld; i++)"
        "        for (int64_t j = b %% %lld * %lld; j < (b %% %lld + 1) * %lld; j++) {"
        "            const int64_t at = i * %lld + j;"
        "            PLAST_IGNORE(at);"
        "            @0"
        "        }"
        "    result[b] = $0;"
        "}",
        (long long)site_extent(s, SPACE_INPUT).rows, (long long)k.cols, rows, (long long)k.cols,
        rows, (long long)k.cols, each, (long long)k.cols, each, (long long)e.line);
    return in_region(m, pass_finish(p, pass, body));
}

/* The synapses of each kernel. */
static struct cstmt *reduce_taps(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct extent e = site_extent(s, SPACE_SYNAPSE), k = site_extent(s, SPACE_KERNEL);
    long long taps = site_taps(s);
    struct place *p = place_new(m, s, r->target, SPACE_SYNAPSE);
    struct cstmt *element = pass_element(p, r, take_in(a, r->reduction, "part"));
    pass_target(p, r);
    struct holes h = {.e = {reduction_result(a, r->reduction, "part", taps),
                            ex(a, "%s", reduction_start(r->reduction))},
                      .s = {element}};
    struct cstmt *body = code(a, &h,
                              "independent for (int64_t i = 0; i < %lld; i++)"
                              "    for (int64_t b = 0; b < %lld; b++) {"
                              "        float part = $1;"
                              "        for (int64_t j = b * %lld; j < (b + 1) * %lld; j++) {"
                              "            const int64_t at = i * %lld + j;"
                              "            PLAST_IGNORE(at);"
                              "            @0"
                              "        }"
                              "        result[i * %lld + b] = $0;"
                              "    }",
                              (long long)k.rows, (long long)k.cols, taps, taps, (long long)e.line,
                              (long long)k.line);
    return in_region(m, pass_finish(p, pass, body));
}

/* Over neurons, inputs or the one layer. */
static struct cstmt *reduce_list(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct place *p = place_new(m, s, r->target, r->from);
    struct cstmt *element = pass_element(p, r, take_in(a, r->reduction, "part"));
    pass_target(p, r);
    const char *i = r->from == SPACE_INPUT ? "j" : "i";
    long long places = space_places(s, r->from);
    struct holes h = {.e = {reduction_result(a, r->reduction, "part", places),
                            ex(a, "%s", reduction_start(r->reduction))},
                      .s = {element}};
    return pass_finish(p, pass,
                       code(a, &h,
                            "float part = $1;"
                            "for (int64_t %s = 0; %s < %lld; %s++) { @0 }"
                            "result[0] = $0;",
                            i, i, places, i));
}

struct cstmt *lower_reduce(struct module *m, const struct site *s, const struct pass *pass,
                           enum stored stored)
{
    const struct rule_stmt *r = pass->stmt[0];
    if (!space_is_matrix(r->from))
        return reduce_list(m, s, pass);
    if (pass->carried)
        return lower_carried(m, s, pass, stored);
    if (r->space == SPACE_KERNEL)
        return reduce_taps(m, s, pass);
    if (r->space == SPACE_INPUT)
        return is_conv(s->term) ? reduce_channels(m, s, pass) : reduce_columns(m, s, pass);
    return reduce_rows(m, s, pass, stored);
}
