/* Gradients and updates of weights and biases, in tiles of PLAST_ROWS rows by two vectors of
 * weights: the optimizer runs on a tile before it leaves the first cache. Sums run over samples in
 * order. */
#include "lower.h"

struct update {
    struct module *m;
    const struct value *v;
    const struct term *t;
    const struct segment *g;
    const struct field *f;
    int64_t column; /* of the segment in the weight */
};

/* The gradient of rows i.. of the weight and `cols` of its columns from j, in vectors. */
static struct cstmt *gradient_tile(struct arena *a, const struct update *u)
{
    const struct value *from = u->g->value;
    long long line = from->transposed ? from->line : from->rows;
    return code(a, NULL,
                "plast_vec sum[PLAST_ROWS][2];"
                "unroll for (int r = 0; r < rows; r++)"
                "    unroll for (int q = 0; q < vecs; q++)"
                "        sum[r][q] = plast_splat(0.0f);"
                "for (int64_t b = 0; b < n; b++) {"
                "    plast_vec v[2];"
                "    unroll for (int q = 0; q < vecs; q++)"
                "        v[q] = plast_load(in + b * %lld + j + q * PLAST_LANES);"
                "    unroll for (int r = 0; r < rows; r++) {"
                "        const float s = error[(i + r) * COLUMNS + b];"
                "        unroll for (int q = 0; q < vecs; q++)"
                "            sum[r][q] += s * v[q];"
                "    }"
                "}",
                line);
}

static const char update_params[] =
    "const int rows, const int vecs, const int cols, const int64_t i, const int64_t j";

static struct cstmt *update_loops(struct kernel *k, const struct update *u)
{
    struct arena *a = k->module->arena;
    const char *names = k->tile_names, *nowait = u->m->plan->fuse ? "nowait" : "";
    /* columns done for all rows before the next: their inputs stay in the second cache */
    long long cols = u->g->rows, group = 16384 / u->m->plan->columns / 32 * 32;
    group = group < 32 ? 32 : group;
    return code(
        a, NULL,
        "collapse %s for (int64_t h = 0; h < %lld; h += %lld)"
        "    for (int64_t i = 0; i < %s; i += PLAST_ROWS)"
        "    for (int64_t j = h; j < PLAST_LEAST(h + %lld, %lld); j += 2 * PLAST_LANES) {"
        "        if (i + PLAST_ROWS <= %s) {"
        "            if (j + 2 * PLAST_LANES <= %lld) {"
        "                %s_tile(PLAST_ROWS, 2, 2 * PLAST_LANES, i, j, %s);"
        "            } else {"
        "                %s_tile(PLAST_ROWS, PLAST_TAIL_VECS(%lld), PLAST_TAIL(%lld), i, j, %s);"
        "            }"
        "        } else {"
        "            if (j + 2 * PLAST_LANES <= %lld) {"
        "                %s_tile(%s %% PLAST_ROWS, 2, 2 * PLAST_LANES, i, j, %s);"
        "            } else {"
        "                %s_tile(%s %% PLAST_ROWS, PLAST_TAIL_VECS(%lld), PLAST_TAIL(%lld), i, j, "
        "%s);"
        "            }"
        "        }"
        "    }",
        nowait, cols, group, u->v->units, group, cols, u->v->units, cols, k->name, names, k->name,
        cols, cols, names, cols, k->name, u->v->units, names, k->name, u->v->units, cols, cols,
        names);
}

/* Fused: the optimizer runs on the tile before it leaves L1. A probe asks for the gradient
 * instead. */
static void lower_weight(struct update *u, int segment)
{
    struct module *m = u->m;
    struct arena *a = m->arena;
    bool fuse = m->plan->fuse;
    const char *suffix = u->t->segments > 1 ? arena_format(a, "_%d", segment + 1) : "";
    struct kernel k = kernel_new(
        m, arena_format(a, "%s%s_%s", u->t->kernel, suffix, fuse ? "update" : "gradient"));
    struct cstmt *head = NULL, *optimizer = NULL;
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "error", "%s", u->v->error->name);
    kernel_param(&k, "const float *restrict", "in", "%s",
                 u->g->value->transposed ? u->g->value->transposed->name : "x");
    if (fuse)
        optimizer = declare_if_used(a, "const float", "grad", ex(a, "g[l]"),
                                    lower_optimizer(&k, u->f, &head));
    kernel_param(
        &k, "float *restrict", "gradient", "%s",
        fuse ? arena_format(a, "gradient != NULL ? gradient + %lld : NULL", (long long)u->f->probe)
             : "grad");
    struct holes h = {.e = {NULL}, .s = {optimizer}};
    struct cstmt *store = code(a, NULL,
                               "independent for (int l = 0; l < cols; l++)"
                               "    gradient[at + l] = g[l];");
    h.s[1] = store;
    struct cstmt *element = fuse ? code(a, &h,
                                        "if (gradient != NULL) {"
                                        "    @1"
                                        "} else {"
                                        "    independent for (int l = 0; l < cols; l++) {"
                                        "        @0"
                                        "    }"
                                        "}")
                                 : store;
    h.s[2] = element;
    struct cstmt *body = cstmt_join(head, gradient_tile(a, u));
    body = cstmt_join(body, code(a, &h,
                                 "unroll for (int r = 0; r < rows; r++) {"
                                 "    float g[2 * PLAST_LANES];"
                                 "    unroll for (int q = 0; q < vecs; q++)"
                                 "        plast_store(g + q * PLAST_LANES, sum[r][q]);"
                                 "    const int64_t at = (i + r) * %lld + %lld + j;"
                                 "    @2"
                                 "}",
                                 (long long)u->t->line, (long long)u->column));
    kernel_tile(&k, update_params, body);
    kernel_finish(&k,
                  arena_format(a, "%s: the gradient of %s%s.", where(m, u->t->dense->loc),
                               u->f->tensor, fuse ? " and, tile by tile, its update" : ""),
                  update_loops(&k, u));
    m->errors = cstmt_join(m->errors, kernel_call(&k));
}

/* The optimizer as a pass of its own over a tensor, where it was not fused. */
static void lower_separate(struct module *m, const struct field *f, const char *stem)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_update", stem));
    struct cstmt *head = NULL, *element = lower_optimizer(&k, f, &head);
    element = declare_if_used(a, "const float", "grad", ex(a, "grads[at + l]"), element);
    if (cstmt_uses(element, intern(a, "grads")))
        kernel_param(&k, "const float *restrict", "grads", "grad");
    struct holes h = {.s = {element}};
    struct cstmt *body = code(a, &h,
                              "independent for (int64_t i = 0; i < %lld; i++) {"
                              "    const int64_t at = i * %lld;"
                              "    independent for (int64_t l = 0; l < %lld; l++) {"
                              "        @0"
                              "    }"
                              "}",
                              (long long)f->rows, (long long)f->line, (long long)f->cols);
    kernel_finish(&k, arena_format(a, "The update of %s.", f->tensor), cstmt_join(head, body));
    m->errors = cstmt_join(m->errors, code(a, &(struct holes){.s = {kernel_call(&k)}},
                                           "if (gradient == NULL) { @0 }"));
}

static void lower_bias(struct module *m, const struct value *v, const struct term *t)
{
    struct arena *a = m->arena;
    const struct field *f = plan_field(m->plan, t->dense->bias, NULL);
    struct kernel k = kernel_new(m, arena_format(a, "%s_update", t->bias));
    struct cstmt *head = NULL;
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "error", "%s", v->error->name);
    struct cstmt *element = lower_optimizer(&k, f, &head);
    kernel_param(&k, "float *restrict", "gradient", "gradient != NULL ? gradient + %lld : NULL",
                 (long long)f->probe);
    struct holes h = {.s = {element}};
    struct cstmt *body = code(a, &h,
                              "independent nowait for (int64_t at = 0; at < %s; at++) {"
                              "    const float grad = plast_sum(error + at * COLUMNS, n);"
                              "    const int64_t l = 0;"
                              "    if (gradient != NULL) {"
                              "        gradient[at] = grad;"
                              "    } else {"
                              "        @0"
                              "    }"
                              "}",
                              v->units);
    kernel_finish(&k, NULL, cstmt_join(head, body));
    m->errors = cstmt_join(m->errors, kernel_call(&k));
}

static const char *gradient_memory(struct module *m, const struct field *f)
{
    return arena_format(m->arena, "grad = gradient != NULL ? gradient + %lld : %s;",
                        (long long)f->probe, m->plan->gradient->name);
}

void lower_updates(struct module *m, struct value *v)
{
    for (int t = 0; t < v->terms; t++) {
        const struct term *term = &v->term[t];
        if (!term->dense)
            continue;
        struct update u = {m, v, term, NULL, plan_field(m->plan, term->dense->weight, NULL), 0};
        if (!m->plan->fuse)
            m->errors = cstmt_join(m->errors, code(m->arena, NULL, "%s", gradient_memory(m, u.f)));
        for (int s = 0; s < term->segments; s++) {
            u.g = &term->segment[s];
            lower_weight(&u, s);
            u.column += u.g->rows;
        }
        if (!m->plan->fuse)
            lower_separate(m, u.f, term->kernel);
        if (term->bias)
            lower_bias(m, v, term);
    }
}
