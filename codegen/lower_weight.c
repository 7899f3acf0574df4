/* Gradients and updates of weights and biases, in tiles of PLAST_ROWS rows by two vectors of
 * weights: the optimizer runs on a tile before it leaves the first cache. Sums run over samples in
 * order. */
#include "lower_rule.h"
#include "lower_time.h"

struct update {
    struct module *m;
    const struct value *v;
    const struct term *t;
    const struct segment *g;
    const struct field *f;
    int segment;
    int64_t column; /* of the segment in the weight */
    bool sparse;    /* csr: `at` counts synapses */
};

/* The row of the weight, the column of the segment that an element of the update is at. */
static const char *row_of_element(const struct update *u)
{
    return u->sparse ? "i" : "i + r";
}

static const char *neuron_of(struct arena *a, const struct update *u)
{
    return place_text(a, u->v, row_of_element(u));
}

static const char *input_of(struct arena *a, const struct update *u, const char *column)
{
    if (u->sparse)
        return unit_text(a, u->g->value, arena_format(a, "%s[%s]", row_index(a, u->t), column));
    return arena_format(a, "%lld + %s", (long long)u->column, unit_text(a, u->g->value, column));
}

static void element_places(struct kernel *k, const struct update *u, const struct cstmt *list)
{
    place_if_used(k, u->v, list);
    place_if_used(k, u->g->value, list);
    if (u->sparse && cstmt_uses(list, intern(k->module->arena, row_index(k->module->arena, u->t))))
        row_index_of(k, u->t);
}

struct cstmt *lower_sample_product(struct arena *a, int64_t line, int64_t in_slice,
                                   int64_t error_slice)
{
    const char *in = "", *error = "";
    if (error_slice) {
        in = arena_format(a, "t * %lld + ", (long long)in_slice);
        error = arena_format(a, "t * %lld + ", (long long)error_slice);
    }
    struct cstmt *samples = code(a, NULL,
                                 "for (int64_t b = 0; b < n; b++) {"
                                 "    plast_vec v[2];"
                                 "    unroll for (int q = 0; q < vecs; q++)"
                                 "        v[q] = plast_load(in + %sb * %lld + j + q * PLAST_LANES);"
                                 "    unroll for (int r = 0; r < rows; r++) {"
                                 "        const float s = error[%s(i + r) * COLUMNS + b];"
                                 "        unroll for (int q = 0; q < vecs; q++)"
                                 "            sum[r][q] += s * v[q];"
                                 "    }"
                                 "}",
                                 in, (long long)line, error);
    struct holes h = {.s = {samples}};
    if (error_slice)
        h.s[0] = code(a, &h, "for (int64_t t = 0; t < STEPS; t++) { @0 }");
    return code(a, &h,
                "plast_vec sum[PLAST_ROWS][2];"
                "unroll for (int r = 0; r < rows; r++)"
                "    unroll for (int q = 0; q < vecs; q++)"
                "        sum[r][q] = plast_splat(0.0f);"
                "@0");
}

const char sample_product_params[] =
    "const int rows, const int vecs, const int cols, const int64_t i, const int64_t j";

struct cstmt *lower_sample_product_loops(struct kernel *k, const struct value *v,
                                         const struct value *from, int64_t all, bool nowait,
                                         struct cstmt *after)
{
    struct arena *a = k->module->arena;
    const char *names = k->tile_names, *free = nowait ? "nowait" : "", *units = v->units;
    const char *rows = rows_of(k, v);
    const char *columns =
        from && from->live ? columns_of(k, from) : arena_format(a, "%lld", (long long)all);
    long long cols = all, group = group_columns(k->module->plan);
    struct holes h = {.s = {after}};
    return code(
        a, &h,
        "collapse %s for (int64_t h = 0; h < %s; h += %lld)"
        "    for (int64_t i = 0; i < %s; i += PLAST_ROWS) {"
        "    for (int64_t j = h; j < PLAST_LEAST(h + %lld, %s); j += 2 * PLAST_LANES) {"
        "        if (i + PLAST_ROWS <= %s) {"
        "            if (j + 2 * PLAST_LANES <= %s) {"
        "                %s_tile(PLAST_ROWS, 2, 2 * PLAST_LANES, i, j, %s);"
        "            } else {"
        "                %s_tile(PLAST_ROWS, PLAST_TAIL_VECS(%lld), PLAST_TAIL(%lld), i, j, %s);"
        "            }"
        "        } else {"
        "            if (j + 2 * PLAST_LANES <= %s) {"
        "                %s_tile(%s %% PLAST_ROWS, 2, 2 * PLAST_LANES, i, j, %s);"
        "            } else {"
        "                %s_tile(%s %% PLAST_ROWS, PLAST_TAIL_VECS(%lld), PLAST_TAIL(%lld), i, j, "
        "%s);"
        "            }"
        "        }"
        "    }"
        "    @0"
        "    }",
        free, columns, group, rows, group, columns, rows, columns, k->name, names, k->name, cols,
        cols, names, columns, k->name, units, names, k->name, units, cols, cols, names);
}

const char *gradient_memory(struct module *m, const struct term *t, const struct field *f)
{
    const char *in_step = "NULL";
    if (t->keeps_gradient)
        in_step = (t->demand ? t->demand : t->kept)->name;
    else if (!m->plan->fuse)
        in_step = m->plan->gradient->name;
    return arena_format(m->arena, "gradient != NULL ? gradient + %lld : %s", (long long)f->probe,
                        in_step);
}

/* Fused: the optimizer runs on the tile before it leaves L1. A probe asks for the gradient
 * instead. */
static struct cstmt *tile_optimizer(struct kernel *k, const struct update *u,
                                    const char *const *part, struct cstmt **head)
{
    struct arena *a = k->module->arena;
    const char *column = input_of(a, u, u->sparse ? "at + l" : "j + l");
    struct cstmt *before = lower_gradient_rules(k, u->t, "at + l", neuron_of(a, u), column, head);
    const char *type = before ? "float" : "const float";
    struct cstmt *after = part ? lower_carries(k, u->t, part, head) : NULL;
    struct cstmt *element = lower_optimizer(k, u->f, before, after, head);
    struct holes h = {
        .s = {declare_if_used(a, type, "grad", if_alive(k, u->f, ex(a, "g[l]")), element)}};
    element_places(k, u, h.s[0]);
    return code(a, &h,
                u->sparse ? "independent for (int64_t l = 0; l < cols; l++) { @0 }"
                          : "independent for (int l = 0; l < cols; l++) { @0 }");
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
    const char *column = input_of(a, u, u->sparse ? "at" : "j");
    struct holes h = {.s = {lower_tile_adapts(k, u->t, "at", neuron_of(a, u), column, head)}};
    if (!h.s[0])
        return NULL;
    element_places(k, u, h.s[0]);
    kernel_param(k, "float *restrict", "w_at", "m->%s", u->f->name);
    if (u->sparse)
        return code(a, &h,
                    "independent for (int64_t at = from; at < to; at++) {"
                    "    float w = w_at[at];"
                    "    @0"
                    "    w_at[at] = w;"
                    "}");
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
    own.sparse = u->sparse;
    struct cstmt *head = NULL, *body = adapt_row(&own, u, &head);
    if (!body)
        return NULL;
    const char *row = intern(a, "i");
    struct cfunc *f = cfunc_new(a, "void", own.name,
                                arena_format(a, "%sconst int64_t from, const int64_t to, %s",
                                             !u->sparse ? "const int64_t rows, const int64_t i, "
                                             : cstmt_uses(body, row) ? "const int64_t i, "
                                                                     : "",
                                             own.params.bytes));
    f->is_inline = true;
    f->comment = "The adapts that are due, on rows just updated.";
    f->body = cstmt_join(head, body);
    module_add(m, f);
    struct cstmt *again = NULL;
    adapt_row(k, u, &again); /* the same parameters for the kernel */
    const char *due = arena_format(a, "%s_due", u->t->kernel);
    kernel_param(k, "const int", due, "%s", due);
    if (u->sparse)
        return code(a, NULL, "if (%s != 0) { %s(%sfirst, end, %s); }", due, own.name,
                    cstmt_uses(body, row) ? "i, " : "", own.names.bytes);
    const char *cols = u->g->value->live ? columns_of(k, u->g->value)
                                         : arena_format(a, "%lld", (long long)u->g->rows);
    return code(a, NULL,
                "if (gradient == NULL && %s != 0) {"
                "    %s(PLAST_LEAST(PLAST_ROWS, %s - i), i, h, PLAST_LEAST(h + %lld, %s), %s);"
                "}",
                due, own.name, rows_of(k, u->v), (long long)group_columns(m->plan), cols,
                own.names.bytes);
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

static struct cstmt *lower_dense_weight(struct update *u, bool fuse)
{
    struct module *m = u->m;
    struct arena *a = m->arena;
    const char *suffix = u->t->segments > 1 ? arena_format(a, "_%d", u->segment + 1) : "";
    struct kernel k = kernel_new(
        m, arena_format(a, "%s%s_%s", u->t->kernel, suffix, fuse ? "update" : "gradient"));
    struct cstmt *head = NULL, *optimizer = NULL;
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "error", "%s", u->v->error->name);
    const struct buffer *turned = u->g->value->transposed;
    int64_t frames = m->plan->net->frames ? m->plan->net->steps : 1;
    kernel_param(&k, "const float *restrict", "in", "%s",
                 turned ? first_slice(a, turned, u->g->delay) : "x");
    const char **part = NEW_ARRAY(a, u->t->carries + 1, const char *);
    for (int i = 0; i < u->t->carries; i++)
        part[i] = arena_format(a, "part%d", i);
    if (fuse)
        optimizer = tile_optimizer(&k, u, part, &head);
    kernel_param(&k, "float *restrict", "gradient", "%s", gradient_memory(m, u->t, u->f));
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
    struct cstmt *body = cstmt_join(
        head, lower_sample_product(a, turned ? u->g->value->line : u->g->value->rows * frames,
                                   turned ? turned->slice : u->g->value->rows, u->v->error->slice));
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
                  lower_sample_product_loops(&k, u->v, u->g->value, u->g->rows, fuse, adapts));
    return kernel_call(&k);
}

/* Of live synapses: each a product over samples of an error and an input. A probe sees no csr. */
static struct cstmt *lower_csr_weight(struct update *u, bool fuse)
{
    struct module *m = u->m;
    struct arena *a = m->arena;
    const struct term *t = u->t;
    const char *suffix = t->segments > 1 ? arena_format(a, "_%d", u->segment + 1) : "";
    struct kernel k = kernel_new(
        m, arena_format(a, "%s%s_%s_csr", t->kernel, suffix, fuse ? "update" : "gradient"));
    struct cstmt *head = NULL, *element;
    k.sparse = true;
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "error", "%s", u->v->error->name);
    kernel_param(&k, "const float *restrict", "in", "%s",
                 u->g->value->again ? u->g->value->again->name : u->g->value->plain->name);
    if (fuse) {
        element = tile_optimizer(&k, u, NULL, &head);
    } else {
        const char *to = t->keeps_gradient ? t->kept->name : m->plan->gradient->name;
        kernel_param(&k, "float *restrict", "gradient", "%s", to);
        element = code(a, NULL,
                       "independent for (int64_t l = 0; l < cols; l++)"
                       "    gradient[at + l] = g[l];");
    }
    struct cstmt *rows = lower_sampled(&k, u->v, t, u->segment, fuse ? "nowait" : "", true, element,
                                       fuse ? lower_adapt_rows(&k, u) : NULL);
    kernel_finish(&k,
                  arena_format(a, "%s: the gradient of what lives of %s%s.",
                               where(m, t->dense->loc), u->f->tensor,
                               fuse ? " and, row by row, its update" : ""),
                  cstmt_join(head, rows));
    return kernel_call(&k);
}

/* Before the first update that reads it, if any of them is csr. */
static void load_again(struct module *m, const struct value *v)
{
    struct holes h = {.s = {m->again}};
    const char *when = "";
    if (!m->again)
        return;
    m->again = NULL;
    for (int i = 0; i < v->uses; i++)
        if (v->use[i].by->form)
            when = arena_format(m->arena, "%s%sm->%s[0] != 0", when, *when ? " || " : "",
                                v->use[i].by->form);
    m->errors = cstmt_join(m->errors, code(m->arena, &h, "if (%s) { plast_wait(); @0 }", when));
}

static void lower_weight(struct update *u)
{
    bool fuse = u->m->plan->fuse && !u->t->keeps_gradient;
    struct cstmt *dense = lower_dense_weight(u, fuse), *csr = NULL;
    if (u->v->form) {
        u->sparse = true;
        csr = lower_csr_weight(u, fuse);
        u->sparse = false;
    }
    if (csr && u->g->value->again)
        load_again(u->m, u->g->value);
    u->m->errors = cstmt_join(u->m->errors, by_form(u->m, u->v, dense, csr));
}

const char *weight_columns(struct kernel *k, const struct term *t)
{
    struct arena *a = k->module->arena;
    const struct value *from = t->segment[0].value;
    if (!from->live)
        return arena_format(a, "%lld", (long long)t->cols);
    if (!is_conv(t))
        return columns_of(k, from);
    return arena_format(a, "%s * %lld", held_neurons(k, from),
                        (long long)(t->cols / t->dense->weight->shape.dim[1]));
}

/* The elements of a weight, `at + l`, as it is stored. */
static struct cstmt *each_element(struct kernel *k, const struct value *v, const struct term *t,
                                  struct cstmt *element)
{
    struct arena *a = k->module->arena;
    struct holes h = {.s = {element}};
    if (k->sparse)
        return code(a, &h,
                    "independent for (int64_t i = 0; i < %s; i++) {"
                    "    const int64_t at = %s;"
                    "    const int64_t cols = %s - at;"
                    "    independent for (int64_t l = 0; l < cols; l++) {"
                    "        @0"
                    "    }"
                    "}",
                    rows_of(k, v), walk_row(k, t, "i").first, walk_row(k, t, "i").end);
    return code(a, &h,
                "independent for (int64_t i = 0; i < %s; i++) {"
                "    const int64_t at = i * %lld;"
                "    independent for (int64_t l = 0; l < %s; l++) {"
                "        @0"
                "    }"
                "}",
                held_neurons(k, v), (long long)t->line, weight_columns(k, t));
}

/* The gradient as it is used, made from the product: zero where nothing lives. Where a rule asks
 * for the whole product no form but dense will do. */
static struct cstmt *mask_product(const struct update *u, const char *what, const char *from,
                                  const char *to)
{
    struct module *m = u->m;
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_%s", u->t->kernel, what));
    const char *in = from ? "demand" : "grads";
    if (from)
        kernel_param(&k, "const float *restrict", in, "%s", from);
    kernel_param(&k, "float *restrict", "grads", "%s", to);
    struct expr *value = if_alive(&k, u->f, ex(a, "%s[at + l]", in));
    kernel_finish(&k, arena_format(a, "The gradient of %s where it lives.", u->f->tensor),
                  each_element(&k, u->v, u->t, cstmt_assign(a, ex(a, "grads[at + l]"), value)));
    return kernel_call(&k);
}

/* The optimizer as a pass of its own over a tensor, where it was not fused. */
static struct cstmt *separate_call(const struct update *u, bool sparse)
{
    struct module *m = u->m;
    struct arena *a = m->arena;
    const struct term *t = u->t;
    struct kernel k =
        kernel_new(m, arena_format(a, "%s_update%s", t->kernel, sparse ? "_csr" : ""));
    const struct value *from = t->segment[0].value;
    const char *column = sparse ? arena_format(a, "%s[at + l]", row_index(a, t)) : "l";
    struct cstmt *head = NULL;
    k.sparse = sparse;
    struct cstmt *element =
        lower_gradient_rules(&k, t, "at + l", is_conv(t) ? "i" : place_text(a, u->v, "i"),
                             is_conv(t) ? column : unit_text(a, from, column), &head);
    const char *type = element ? "float" : "const float";
    element = lower_optimizer(&k, u->f, element, NULL, &head);
    element = declare_if_used(a, type, "grad", ex(a, "grads[at + l]"), element);
    if (cstmt_uses(element, intern(a, "grads")))
        kernel_param(&k, "const float *restrict", "grads", "%s",
                     (t->kept ? t->kept : m->plan->gradient)->name);
    place_if_used(&k, u->v, element);
    place_if_used(&k, from, element);
    if (sparse && cstmt_uses(element, intern(a, row_index(a, t))))
        row_index_of(&k, t);
    kernel_finish(&k, arena_format(a, "The update of %s.", u->f->tensor),
                  cstmt_join(head, each_element(&k, u->v, t, element)));
    return kernel_call(&k);
}

static struct cstmt *lower_separate(const struct update *u)
{
    struct cstmt *dense = separate_call(u, false);
    return by_form(u->m, u->v, dense, u->v->form ? separate_call(u, true) : NULL);
}

/* Rules saw the whole gradient: the optimizer runs when they have. */
static void lower_kept(const struct update *u)
{
    struct module *m = u->m;
    struct arena *a = m->arena;
    const struct term *t = u->t;
    if (t->demand) {
        struct cstmt *used = mask_product(u, "used", t->demand->name, t->kept->name);
        m->gradients = cstmt_join(m->gradients, in_region(m, used));
    }
    if (t->demand && u->f->alive) {
        const char *to = arena_format(a, "gradient + %lld", (long long)u->f->probe);
        struct holes h = {.s = {mask_product(u, "probed", NULL, to)}};
        m->errors = cstmt_join(m->errors, code(a, &h, "if (gradient != NULL) { @0 }"));
    }
    m->optimizers = cstmt_join(m->optimizers, in_region(m, lower_separate(u)));
}

static void lower_bias(const struct update *u)
{
    struct module *m = u->m;
    struct arena *a = m->arena;
    const struct value *v = u->v;
    const struct field *f = plan_field(m->plan, u->t->dense->bias, NULL);
    struct kernel k = kernel_new(m, arena_format(a, "%s_update", u->t->bias));
    struct cstmt *head = NULL;
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "error", "%s", v->error->name);
    struct cstmt *element = lower_optimizer(&k, f, NULL, NULL, &head);
    kernel_param(&k, "float *restrict", "gradient", "gradient != NULL ? gradient + %lld : NULL",
                 (long long)f->probe);
    bool map = is_conv(u->t);
    struct expr *sum = map ? ex(a, "total") : ex(a, "plast_sum(error + i * COLUMNS, n)");
    if (v->error->slice && !map)
        sum = ex(a, "plast_sum_steps(error + i * COLUMNS, n, STEPS, %lld)",
                 (long long)v->error->slice);
    struct holes h = {.e = {if_alive(&k, f, sum)}, .s = {element}};
    const char *row =
        v->error->slice
            ? arena_format(a, "plast_sum_steps(error + (i * %lld + p) * COLUMNS, n, STEPS, %lld)",
                           (long long)v->map, (long long)v->error->slice)
            : arena_format(a, "plast_sum(error + (i * %lld + p) * COLUMNS, n)", (long long)v->map);
    if (map)
        h.s[1] = code(a, NULL,
                      "float total = 0.0f;"
                      "for (int64_t p = 0; p < %lld; p++)"
                      "    total += %s;",
                      (long long)v->map, row);
    struct cstmt *body = code(a, &h,
                              "independent nowait for (int64_t i = 0; i < %s; i++) {"
                              "    const int64_t at = %s;"
                              "    const int64_t l = 0;"
                              "    @1"
                              "    const float grad = $0;"
                              "    if (gradient != NULL) {"
                              "        gradient[at] = grad;"
                              "    } else {"
                              "        @0"
                              "    }"
                              "}",
                              held_neurons(&k, v), place_of(&k, v, "i"));
    kernel_finish(&k, NULL, cstmt_join(head, body));
    m->errors = cstmt_join(m->errors, kernel_call(&k));
}

void lower_vector_update(struct module *m, const struct param *param, const char *from)
{
    struct arena *a = m->arena;
    const struct field *f = plan_field(m->plan, param, NULL);
    struct kernel k = kernel_new(m, arena_format(a, "%s_update", f->name));
    struct cstmt *head = NULL, *element = lower_optimizer(&k, f, NULL, NULL, &head);
    kernel_param(&k, "const float *restrict", "sums", "%s", from);
    kernel_param(&k, "float *restrict", "gradient", "gradient != NULL ? gradient + %lld : NULL",
                 (long long)f->probe);
    struct holes h = {.e = {if_alive(&k, f, ex(a, "sums[at]"))}, .s = {element}};
    struct cstmt *body = code(a, &h,
                              "independent nowait for (int64_t at = 0; at < %lld; at++) {"
                              "    const int64_t l = 0;"
                              "    const float grad = $0;"
                              "    if (gradient != NULL) {"
                              "        gradient[at] = grad;"
                              "    } else {"
                              "        @0"
                              "    }"
                              "}",
                              (long long)f->rows);
    kernel_finish(&k, NULL, cstmt_join(head, body));
    m->errors = cstmt_join(m->errors, kernel_call(&k));
}

void lower_updates(struct module *m, struct value *v)
{
    if (v->norm)
        lower_norm_updates(m, v);
    lower_trained(m, v);
    for (int t = 0; t < v->terms; t++) {
        const struct term *term = &v->term[t];
        if (!term->dense)
            continue;
        struct update u = {
            .m = m, .v = v, .t = term, .f = plan_field(m->plan, term->dense->weight, NULL)};
        if (is_conv(term))
            m->errors = cstmt_join(m->errors, lower_conv_gradient(m, v, term));
        for (; !is_conv(term) && u.segment < term->segments; u.segment++) {
            u.g = &term->segment[u.segment];
            lower_weight(&u);
            u.column += u.g->rows;
        }
        if (term->keeps_gradient)
            lower_kept(&u);
        else if (!m->plan->fuse)
            m->errors =
                cstmt_join(m->errors, code(m->arena, &(struct holes){.s = {lower_separate(&u)}},
                                           "if (gradient == NULL) { @0 }"));
        if (term->bias)
            lower_bias(&u);
    }
}
