/* Gradients and updates of weights and biases, in tiles of PLAST_ROWS rows by two vectors of
 * weights: the optimizer runs on a tile before it leaves the first cache. Sums run over samples in
 * order. */
#include "lower_rule.h"

struct update {
    struct module *m;
    const struct value *v;
    const struct term *t;
    const struct segment *g;
    const struct field *f;
    int64_t column; /* of the segment in the weight */
};

struct cstmt *lower_sample_product(struct arena *a, int64_t line)
{
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
                (long long)line);
}

const char sample_product_params[] =
    "const int rows, const int vecs, const int cols, const int64_t i, const int64_t j";

struct cstmt *lower_sample_product_loops(struct kernel *k, const char *units, int64_t columns,
                                         bool nowait, struct cstmt *after)
{
    struct arena *a = k->module->arena;
    const char *names = k->tile_names, *free = nowait ? "nowait" : "";
    long long cols = columns, group = group_columns(k->module->plan);
    struct holes h = {.s = {after}};
    return code(
        a, &h,
        "collapse %s for (int64_t h = 0; h < %lld; h += %lld)"
        "    for (int64_t i = 0; i < %s; i += PLAST_ROWS) {"
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
        "    }"
        "    @0"
        "    }",
        free, cols, group, units, group, cols, units, cols, k->name, names, k->name, cols, cols,
        names, cols, k->name, units, names, k->name, units, cols, cols, names);
}

/* Where the gradient of a weight goes, in a probe and in a step. */
static const char *gradient_memory(struct module *m, const struct update *u)
{
    const struct term *t = u->t;
    const char *in_step = "NULL";
    if (t->keeps_gradient)
        in_step = (t->demand ? t->demand : t->kept)->name;
    else if (!m->plan->fuse)
        in_step = m->plan->gradient->name;
    return arena_format(m->arena, "gradient != NULL ? gradient + %lld : %s", (long long)u->f->probe,
                        in_step);
}

/* Fused: the optimizer runs on the tile before it leaves L1. A probe asks for the gradient
 * instead. */
static struct cstmt *tile_optimizer(struct kernel *k, const struct update *u,
                                    const char *const *part, struct cstmt **head)
{
    struct arena *a = k->module->arena;
    const char *column = arena_format(a, "%lld + j + l", (long long)u->column);
    struct cstmt *before = lower_gradient_rules(k, u->t, "at + l", "i + r", column, head);
    const char *type = before ? "float" : "const float";
    struct cstmt *element =
        lower_optimizer(k, u->f, before, lower_carries(k, u->t, part, head), head);
    struct holes h = {
        .s = {declare_if_used(a, type, "grad", if_alive(k, u->f, ex(a, "g[l]")), element)}};
    return code(a, &h, "independent for (int l = 0; l < cols; l++) { @0 }");
}

static int64_t first_group(const struct kernel *k, const struct update *u)
{
    int64_t first = 0, group = group_columns(k->module->plan);
    for (const struct segment *g = u->t->segment; g != u->g; g++)
        first += (g->rows + group - 1) / group;
    return first;
}

/* The adapts of one row, in columns `from` to `to` of the segment, and the carried sums made anew.
 */
static struct cstmt *adapt_row(struct kernel *k, const struct update *u, struct cstmt **head)
{
    struct arena *a = k->module->arena;
    const char *column = arena_format(a, "%lld + j", (long long)u->column);
    struct holes h = {.s = {lower_tile_adapts(k, u->t, "at", "i + r", column, head)}};
    if (!h.s[0])
        return NULL;
    kernel_param(k, "float *restrict", "w_at", "m->%s", u->f->name);
    struct cstmt *body = code(a, &h,
                              "independent for (int64_t j = from; j < to; j++) {"
                              "    const int64_t at = (i + r) * %lld + %lld + j;"
                              "    float w = w_at[at];"
                              "    @0"
                              "    w_at[at] = w;"
                              "}",
                              (long long)u->t->line, (long long)u->column);
    for (int i = 0; i < u->t->carries; i++)
        body = cstmt_join(body, lower_carry_row(k, &u->t->carry[i], u->t->line, u->column,
                                                first_group(k, u), head));
    h.s[0] = body;
    return code(a, &h, "for (int64_t r = 0; r < rows; r++) { @0 }");
}

/* Where adapts are due: the call that runs them on rows whose weights were just updated, a group
 * of columns at a time, while these are in the second cache. Along rows, because the many arrays of
 * a rule are then few streams. */
static struct cstmt *lower_adapt_rows(struct kernel *k, const struct update *u)
{
    struct arena *a = k->module->arena;
    struct module *m = k->module;
    struct kernel own = kernel_new(m, arena_format(a, "%s_adapt", k->name));
    struct cstmt *head = NULL, *body = adapt_row(&own, u, &head);
    if (!body)
        return NULL;
    struct cfunc *f =
        cfunc_new(a, "void", own.name,
                  arena_format(a,
                               "const int64_t rows, const int64_t i, const int64_t from, const "
                               "int64_t to, %s",
                               own.params.bytes));
    f->is_inline = true;
    f->comment = "The adapts that are due, on rows just updated.";
    f->body = cstmt_join(head, body);
    module_add(m, f);
    struct cstmt *again = NULL;
    adapt_row(k, u, &again); /* the same parameters for the kernel */
    const char *due = arena_format(a, "%s_due", u->t->kernel);
    kernel_param(k, "const int", due, "%s", due);
    return code(a, NULL,
                "if (gradient == NULL && %s != 0) {"
                "    %s(PLAST_LEAST(PLAST_ROWS, %s - i), i, h, PLAST_LEAST(h + %lld, %lld), %s);"
                "}",
                due, own.name, u->v->units, (long long)group_columns(m->plan),
                (long long)u->g->rows, own.names.bytes);
}

/* The row of the tile, with its part of the sums that rules read in the next step. */
static struct cstmt *add_carries(struct kernel *k, const struct update *u, const char *const *part,
                                 struct cstmt *element)
{
    struct arena *a = k->module->arena;
    for (int i = u->t->carries - 1; i >= 0; i--) {
        struct holes h = {
            .e = {ex(a, "%s", reduction_start(u->t->carry[i].pass->stmt[0]->reduction))},
            .s = {element, lower_carry_tile(k, &u->t->carry[i], part[i], first_group(k, u))}};
        element = code(a, &h,
                       "float %s[2 * PLAST_LANES];"
                       "for (int l = cols; l < 2 * PLAST_LANES; l++)"
                       "    %s[l] = $0;"
                       "@0"
                       "@1",
                       part[i], part[i]);
    }
    return element;
}

static void lower_weight(struct update *u, int segment)
{
    struct module *m = u->m;
    struct arena *a = m->arena;
    bool fuse = m->plan->fuse && !u->t->keeps_gradient;
    const char *suffix = u->t->segments > 1 ? arena_format(a, "_%d", segment + 1) : "";
    struct kernel k = kernel_new(
        m, arena_format(a, "%s%s_%s", u->t->kernel, suffix, fuse ? "update" : "gradient"));
    struct cstmt *head = NULL, *optimizer = NULL;
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "error", "%s", u->v->error->name);
    kernel_param(&k, "const float *restrict", "in", "%s",
                 u->g->value->transposed ? u->g->value->transposed->name : "x");
    const char **part = NEW_ARRAY(a, u->t->carries + 1, const char *);
    for (int i = 0; i < u->t->carries; i++)
        part[i] = arena_format(a, "part%d", i);
    if (fuse)
        optimizer = tile_optimizer(&k, u, part, &head);
    kernel_param(&k, "float *restrict", "gradient", "%s", gradient_memory(m, u));
    struct expr *product = ex(a, "g[l]");
    struct holes h = {.e = {u->t->demand ? product : if_alive(&k, u->f, product)},
                      .s = {optimizer}};
    struct cstmt *store = code(a, &h,
                               "independent for (int l = 0; l < cols; l++)"
                               "    gradient[at + l] = $0;");
    h.s[1] = store;
    struct cstmt *element = fuse ? code(a, &h,
                                        "if (gradient != NULL) {"
                                        "    @1"
                                        "} else {"
                                        "    @0"
                                        "}")
                                 : store;
    if (fuse)
        element = add_carries(&k, u, part, element);
    h.s[2] = element;
    struct cstmt *body =
        cstmt_join(head, lower_sample_product(a, u->g->value->transposed ? u->g->value->line
                                                                         : u->g->value->rows));
    body = cstmt_join(body, code(a, &h,
                                 "unroll for (int r = 0; r < rows; r++) {"
                                 "    float g[2 * PLAST_LANES];"
                                 "    unroll for (int q = 0; q < vecs; q++)"
                                 "        plast_store(g + q * PLAST_LANES, sum[r][q]);"
                                 "    const int64_t at = (i + r) * %lld + %lld + j;"
                                 "    @2"
                                 "}",
                                 (long long)u->t->line, (long long)u->column));
    kernel_tile(&k, sample_product_params, body);
    struct cstmt *adapts = fuse ? lower_adapt_rows(&k, u) : NULL;
    kernel_finish(&k,
                  arena_format(a, "%s: the gradient of %s%s.", where(m, u->t->dense->loc),
                               u->f->tensor, fuse ? " and, tile by tile, its update" : ""),
                  lower_sample_product_loops(&k, u->v->units, u->g->rows, fuse, adapts));
    m->errors = cstmt_join(m->errors, kernel_call(&k));
}

static struct cstmt *each_element(struct arena *a, const struct field *f, struct cstmt *element)
{
    return code(a, &(struct holes){.s = {element}},
                "independent for (int64_t i = 0; i < %lld; i++) {"
                "    const int64_t at = i * %lld;"
                "    independent for (int64_t l = 0; l < %lld; l++) {"
                "        @0"
                "    }"
                "}",
                (long long)f->rows, (long long)f->line, (long long)f->cols);
}

/* The gradient as it is used, made from the product: zero where nothing lives. */
static struct cstmt *mask_product(struct module *m, const struct term *t, const struct field *f,
                                  const char *what, const char *from, const char *to)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_%s", t->kernel, what));
    const char *in = from ? "demand" : "grads";
    if (from)
        kernel_param(&k, "const float *restrict", in, "%s", from);
    kernel_param(&k, "float *restrict", "grads", "%s", to);
    struct expr *value = if_alive(&k, f, ex(a, "%s[at + l]", in));
    kernel_finish(&k, arena_format(a, "The gradient of %s where it lives.", f->tensor),
                  each_element(a, f, cstmt_assign(a, ex(a, "grads[at + l]"), value)));
    return kernel_call(&k);
}

/* The optimizer as a pass of its own over a tensor, where it was not fused. */
static struct cstmt *lower_separate(struct module *m, const struct term *t, const struct field *f)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_update", t->kernel));
    struct cstmt *head = NULL, *element = lower_gradient_rules(&k, t, "at + l", "i", "l", &head);
    const char *type = element ? "float" : "const float";
    element = lower_optimizer(&k, f, element, NULL, &head);
    element = declare_if_used(a, type, "grad", ex(a, "grads[at + l]"), element);
    if (cstmt_uses(element, intern(a, "grads")))
        kernel_param(&k, "const float *restrict", "grads", "%s",
                     (t->kept ? t->kept : m->plan->gradient)->name);
    kernel_finish(&k, arena_format(a, "The update of %s.", f->tensor),
                  cstmt_join(head, each_element(a, f, element)));
    return kernel_call(&k);
}

/* Rules saw the whole gradient: the optimizer runs when they have. */
static void lower_kept(struct module *m, const struct term *t, const struct field *f)
{
    struct arena *a = m->arena;
    if (t->demand) {
        struct cstmt *used = mask_product(m, t, f, "used", t->demand->name, t->kept->name);
        m->gradients = cstmt_join(m->gradients, in_region(m, used));
    }
    if (t->demand && f->alive) {
        const char *to = arena_format(a, "gradient + %lld", (long long)f->probe);
        struct holes h = {.s = {mask_product(m, t, f, "probed", NULL, to)}};
        m->errors = cstmt_join(m->errors, code(a, &h, "if (gradient != NULL) { @0 }"));
    }
    m->optimizers = cstmt_join(m->optimizers, in_region(m, lower_separate(m, t, f)));
}

static void lower_bias(struct module *m, const struct value *v, const struct term *t)
{
    struct arena *a = m->arena;
    const struct field *f = plan_field(m->plan, t->dense->bias, NULL);
    struct kernel k = kernel_new(m, arena_format(a, "%s_update", t->bias));
    struct cstmt *head = NULL;
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "error", "%s", v->error->name);
    struct cstmt *element = lower_optimizer(&k, f, NULL, NULL, &head);
    kernel_param(&k, "float *restrict", "gradient", "gradient != NULL ? gradient + %lld : NULL",
                 (long long)f->probe);
    struct holes h = {.e = {if_alive(&k, f, ex(a, "plast_sum(error + at * COLUMNS, n)"))},
                      .s = {element}};
    struct cstmt *body = code(a, &h,
                              "independent nowait for (int64_t at = 0; at < %s; at++) {"
                              "    const int64_t l = 0;"
                              "    const float grad = $0;"
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

void lower_updates(struct module *m, struct value *v)
{
    for (int t = 0; t < v->terms; t++) {
        const struct term *term = &v->term[t];
        if (!term->dense)
            continue;
        struct update u = {m, v, term, NULL, plan_field(m->plan, term->dense->weight, NULL), 0};
        for (int s = 0; s < term->segments; s++) {
            u.g = &term->segment[s];
            lower_weight(&u, s);
            u.column += u.g->rows;
        }
        if (term->keeps_gradient)
            lower_kept(m, term, u.f);
        else if (!m->plan->fuse)
            m->errors = cstmt_join(
                m->errors, code(m->arena, &(struct holes){.s = {lower_separate(m, term, u.f)}},
                                "if (gradient == NULL) { @0 }"));
        if (term->bias)
            lower_bias(m, v, term);
    }
}
