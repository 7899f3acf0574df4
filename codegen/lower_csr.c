/* Products with weights of which live synapses alone are stored. A tile is one row by so many
 * samples as vectors of sums hide each other's latency; each sum runs along the row in order. */
#include "lower.h"

/* Adds what stands in the walk to the sums `to` of a row; `in` begins with unit `shift`. */
static struct cstmt *walk_sums(struct arena *a, const struct walk *walk, const char *weight,
                               const char *in, int64_t shift, const char *vecs, const char *to)
{
    const char *unit = arena_format(a, "(int64_t)%s[p]", walk->index);
    if (shift)
        unit = arena_format(a, "(%s - %lld)", unit, (long long)shift);
    const char *at = walk->position ? arena_format(a, "%s[p]", walk->position) : "p";
    return code(a, NULL,
                "for (int64_t p = %s; p < %s; p++) {"
                "    const float w = %s[%s];"
                "    const float *first = %s + %s * COLUMNS + c;"
                "    unroll for (int q = 0; q < %s; q++)"
                "        %s[q] += w * plast_load(first + q * PLAST_LANES);"
                "}",
                walk->first, walk->end, weight, at, in, unit, vecs, to);
}

/* One segment of a row of the tile, in registers or, part by part, of all its rows. */
static struct cstmt *segment_sums(struct kernel *k, const struct value *v, const struct term *m,
                                  int segment, const char *weight, const char *in, int64_t column)
{
    struct arena *a = k->module->arena;
    row_index_of(k, m);
    if (!has_parts(v)) {
        struct walk walk = walk_segment(k, m, segment, "i");
        return walk_sums(a, &walk, weight, in, column, form_csr.vecs, "sum[0]");
    }
    struct walk walk = walk_segment(k, m, segment, "i + r");
    int first = first_part(m, segment), end = first_part(m, segment + 1);
    walk.first = arena_format(a, "%s[(i + r) * %d + part]", m->starts, m->parts);
    walk.end = arena_format(a, "%s[(i + r) * %d + PLAST_LEAST(part + together, %d)]", m->starts,
                            m->parts, end);
    struct holes h = {.s = {walk_sums(a, &walk, weight, in, column, form_parts.vecs, "s")}};
    kernel_param(k, "const int64_t", "together", "m->%s[1]", v->form);
    return code(a, &h,
                "for (int64_t part = %d; part < %d; part += together)"
                "    for (int r = 0; r < rows; r++) {"
                "        plast_vec s[%s];"
                "        unroll for (int q = 0; q < %s; q++)"
                "            s[q] = sum[r][q];"
                "        @0"
                "        unroll for (int q = 0; q < %s; q++)"
                "            sum[r][q] = s[q];"
                "    }",
                first, end, form_parts.vecs, form_parts.vecs, form_parts.vecs);
}

static struct cstmt *csr_inputs(struct kernel *k, const struct value *v, int t, bool train)
{
    struct arena *a = k->module->arena;
    const struct term *m = &v->term[t];
    const char *w = arena_format(a, "w%d", t);
    struct cstmt *s = NULL;
    int64_t column = 0;
    kernel_param(k, "const float *restrict", w, "m->%s", m->weight);
    for (int i = 0; i < m->segments; i++) {
        const struct segment *g = &m->segment[i];
        const char *in = arena_format(a, "in%d_%d", t, i);
        kernel_param(k, "const float *restrict", in, "%s",
                     train ? g->value->plain->name : g->value->shown->name);
        s = cstmt_join(s, segment_sums(k, v, m, i, w, in, column));
        column += g->rows;
    }
    return s;
}

struct cstmt *csr_row_outputs(struct kernel *k, const struct use *u, int number, const char *row,
                              const char *vecs, const char *to)
{
    struct arena *a = k->module->arena;
    const struct term *t = &u->by->term[u->term];
    const char *w = arena_format(a, "w%d", number), *in = arena_format(a, "error%d", number);
    kernel_param(k, "const float *restrict", w, "m->%s", t->weight);
    kernel_param(k, "const float *restrict", in, "%s", u->by->error->name);
    const char *column = arena_format(a, "%s + %lld", row, (long long)u->column);
    struct walk walk = walk_column(k, t, arena_format(a, "%d", number), column);
    return walk_sums(a, &walk, w, in, 0, vecs, to);
}

static struct cstmt *csr_outputs(struct kernel *k, const struct use *u, int number)
{
    return csr_row_outputs(k, u, number, "i", form_csr.vecs, "sum[0]");
}

/* All rows on some samples before the next samples: what is read of the others stays near. */
static struct cstmt *csr_tiles(struct kernel *k, const struct value *v, int64_t depth)
{
    (void)depth;
    const char *rows = rows_of(k, v);
    return code(k->module->arena, NULL,
                "collapse for (int64_t c = 0; c < n; c += SPAN)"
                "    for (int64_t h = 0; h < %s; h += 16)"
                "        for (int64_t i = h; i < PLAST_LEAST(h + 16, %s); i++)"
                "            %s_tile(i, c, %s);",
                rows, rows, k->name, k->tile_names);
}

const struct form form_csr = {
    .suffix = "_csr",
    .sparse = true,
    .params = "const int64_t i, const int64_t c",
    .rows = "1",
    .vecs = "SPAN_VECS",
    .span = "SPAN",
    .most = "1",
    .each = "unroll for",
    .inputs = csr_inputs,
    .outputs = csr_outputs,
    .tiles = csr_tiles,
};

/* Rows enough that what is read of the inputs serves many, few enough for threads to share. */
#define GROUP "48"

static struct cstmt *group_tiles(struct kernel *k, const struct value *v, int64_t depth)
{
    (void)depth;
    const char *rows = rows_of(k, v);
    return code(k->module->arena, NULL,
                "collapse for (int64_t c = 0; c < n; c += SPAN)"
                "    for (int64_t i = 0; i < %s; i += " GROUP ")"
                "        %s_tile(PLAST_LEAST(" GROUP ", %s - i), i, c, %s);",
                rows, k->name, rows, k->tile_names);
}

const struct form form_parts = {
    .suffix = "_csr",
    .sparse = true,
    .params = "const int64_t rows, const int64_t i, const int64_t c",
    .rows = "rows",
    .vecs = "SPAN_VECS",
    .span = "SPAN",
    .most = GROUP,
    .each = "for",
    .inputs = csr_inputs,
    .tiles = group_tiles,
};

struct cstmt *lower_sampled(struct kernel *k, const struct value *v, const struct term *t,
                            int segment, const char *wait, bool whole_batch, struct cstmt *element,
                            struct cstmt *row)
{
    struct arena *a = k->module->arena;
    bool all = segment < 0;
    struct walk walk = all ? walk_row(k, t, "i") : walk_segment(k, t, segment, "i");
    const char *rows = rows_of(k, v), *together = "1";
    int64_t shift = 0;
    for (int s = 0; s < segment; s++)
        shift += t->segment[s].rows;
    row_index_of(k, t);
    if (has_parts(v)) {
        together = "together";
        kernel_param(k, "const int64_t", together, "m->%s[1]", v->form);
    }
    const char *call = arena_format(
        a,
        "next = plast_sampled_rows(sampled, error, in, COLUMNS, %s, %s, %d, %d, %d, %s, %lld, i, "
        "PLAST_LEAST(h + 24, %s), at, ",
        walk.index, t->starts, t->parts, all ? 0 : first_part(t, segment),
        all ? t->parts : first_part(t, segment + 1), together, (long long)shift, rows);
    struct holes h = {
        .s = {whole_batch
                  ? code(a, NULL, "if (n == BATCH) { %sBATCH); } else { %sn); }", call, call)
                  : code(a, NULL, "%sn);", call),
              element, row}};
    return code(a, &h,
                "independent %s for (int64_t h = 0; h < %s; h += 24) {"
                "    float sampled[PLAST_RUN];"
                "    int64_t base = 0;"
                "    int64_t next = h;"
                "    for (int64_t i = h; i < PLAST_LEAST(h + 24, %s); i++) {"
                "        const int64_t first = %s;"
                "        const int64_t end = %s;"
                "        for (int64_t at = first; at < end; at += PLAST_RUN) {"
                "            const int64_t cols = PLAST_LEAST(PLAST_RUN, end - at);"
                "            if (i >= next) { base = at; @0 }"
                "            const float *const g = sampled + (at - base);"
                "            @1"
                "        }"
                "        @2"
                "    }"
                "}",
                wait, rows, rows, walk.first, walk.end);
}
