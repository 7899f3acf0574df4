/* Values that have weights: forward, error and update as products in register tiles. A tile is
 * PLAST_ROWS rows by VECS vectors of samples (forward, error) or of weights (update); each sum runs
 * over its index in order, so that no result depends on the shape of the tiles or on threads. */
#include "lower_rule.h"
#include "lower_time.h"
#include "memory.h"
#include "recall.h"

/* Rows that are done for all samples before the next: their weights stay in the second cache, yet
 * there are pieces enough for threads to share. A multiple of every PLAST_ROWS. */
static int64_t group_rows(int64_t rows, int64_t depth)
{
    int64_t fit = 40960 / (depth + 1) / 12 * 12, share = round_up(rows, 96) / 8;
    int64_t group = fit < share ? fit : share;
    return group < 12 ? 12 : group;
}

/* Where rows are packed, they are as many as whole tiles have, or all; of channels, as many as
 * thirds of tiles have. */
struct cstmt *tile_rows(struct arena *a, const struct value *v, const char *rows, const char *all,
                        struct cstmt *(*tile)(void *, const char *rows), void *context)
{
    struct holes h = {.s = {tile(context, "PLAST_ROWS"),
                            tile(context, arena_format(a, "%s %% PLAST_ROWS", all))}};
    if (!v->live || !v->of_channels)
        return code(a, &h, "if (i + PLAST_ROWS <= %s) { @0 } else { @1 }", rows);
    h.s[2] = tile(context, "PLAST_ROWS / 3 * 2");
    h.s[3] = tile(context, "PLAST_ROWS / 3");
    return code(a, &h,
                "if (i + PLAST_ROWS <= %s) { @0 }"
                "else { if (%s - i == %s %% PLAST_ROWS) { @1 }"
                "else { if (%s - i == PLAST_ROWS / 3 * 2) { @2 } else { @3 } } }",
                rows, rows, all, rows);
}

static struct cstmt *dense_tile(void *kernel, const char *rows)
{
    const struct kernel *k = kernel;
    return code(k->module->arena, NULL, "%s_tile(%s, i, c, %s);", k->name, rows, k->tile_names);
}

static struct cstmt *dense_tiles(struct kernel *k, const struct value *v, int64_t depth)
{
    struct arena *a = k->module->arena;
    const char *rows = rows_of(k, v);
    long long group = group_rows(v->rows, depth);
    struct holes h = {.s = {tile_rows(a, v, rows, v->units, dense_tile, k)}};
    return code(a, &h,
                "collapse for (int64_t h = 0; h < %s; h += %lld)"
                "    for (int64_t c = 0; c < n; c += STRIP)"
                "        for (int64_t i = h; i < PLAST_LEAST(h + %lld, %s); i += PLAST_ROWS) {"
                "            @0"
                "        }",
                rows, group, group, rows);
}

/* Adds weight * input to the sums, `count` terms: row r of the tile has its weight of term j at
 * first[r * step]. The address is one base and constant distances: with a pointer a row, compilers
 * load all rows ahead and run out of registers. */
static struct cstmt *accumulate(struct arena *a, const char *in, const char *first, int64_t step,
                                const char *count)
{
    return code(a, NULL,
                "for (int64_t j = 0; j < %s; j++) {"
                "    plast_vec v[VECS];"
                "    unroll for (int q = 0; q < VECS; q++)"
                "        v[q] = plast_load(%s + j * COLUMNS + c + q * PLAST_LANES);"
                "    const float *first = %s;"
                "    unroll for (int r = 0; r < rows; r++) {"
                "        const float s = first[r%s];"
                "        unroll for (int q = 0; q < VECS; q++)"
                "            sum[r][q] += s * v[q];"
                "    }"
                "}",
                count, in, first, step == 1 ? "" : arena_format(a, " * %lld", (long long)step));
}

/* How many of the segment's rows there are. */
static const char *term_rows(struct kernel *k, const struct segment *g)
{
    return g->value->live ? rows_of(k, g->value)
                          : arena_format(k->module->arena, "%lld", (long long)g->rows);
}

static struct cstmt *dense_inputs(struct kernel *k, const struct value *v, int t, bool train)
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
        kernel_param(k, "const float *restrict", in, "%s", read_from(a, g, train));
        const char *first =
            arena_format(a, "%s + i * %lld + %lld + j", w, (long long)m->line, (long long)column);
        s = cstmt_join(s, accumulate(a, in, first, m->line, term_rows(k, g)));
        column += g->rows;
    }
    return s;
}

/* Operands that are added as they are: " + in1_0[...]" for the element, by which rows they have. */
static struct expr *add_plain(struct kernel *k, const struct value *v, bool train, struct expr *x)
{
    struct arena *a = k->module->arena;
    const char *unit =
        v->map > 1 ? arena_format(a, "(i + r) * %lld + p", (long long)v->map) : "i + r";
    for (int t = 0; t < v->terms; t++) {
        const struct term *m = &v->term[t];
        if (m->dense)
            continue;
        struct expr *pieces = NULL;
        int64_t row = m->rows;
        for (int s = m->segments - 1; s >= 0; s--) {
            const struct segment *g = &m->segment[s];
            row -= g->rows;
            const char *in = arena_format(a, "in%d_%d", t, s);
            kernel_param(k, "const float *restrict", in, "%s", read_from(a, g, train));
            struct expr *piece =
                ex(a, "%s[(%s - %lld) * COLUMNS + c + l]", in, unit, (long long)row);
            pieces = pieces ? expr_cond(a, (struct loc){0},
                                        ex(a, "%s < %lld", unit, (long long)(row + g->rows)), piece,
                                        pieces)
                            : piece;
        }
        x = expr_binary(a, (struct loc){0}, E_ADD, x, pieces);
    }
    return x;
}

static struct expr *bias_sum(struct kernel *k, const struct value *v)
{
    struct arena *a = k->module->arena;
    struct expr *sum = NULL;
    for (int t = 0; t < v->terms; t++) {
        if (!v->term[t].dense || !v->term[t].bias)
            continue;
        const char *name = arena_format(a, "bias%d", t);
        kernel_param(k, "const float *restrict", name, "m->%s", v->term[t].bias);
        struct expr *e = ex(a, "%s[%s]", name, place_of(k, v, "i + r"));
        sum = sum ? expr_binary(a, (struct loc){0}, E_ADD, sum, e) : e;
    }
    return sum ? sum : ex(a, "0.0f");
}

static struct cstmt *clear_sums(struct arena *a, const struct form *form, struct expr *start)
{
    struct holes h = {.e = {start}};
    return code(a, &h,
                "plast_vec sum[%s][%s];"
                "%s (int r = 0; r < %s; r++)"
                "    unroll for (int q = 0; q < %s; q++)"
                "        sum[r][q] = plast_splat($0);",
                form->most, form->vecs, form->each, form->rows, form->vecs);
}

/* The neuron that row r of a tile is. */
static const char *tile_neuron(struct kernel *k, const struct form *form, const struct value *v)
{
    if (!form->map)
        return neuron_of_unit(k, v, "i + r");
    k->position = "p";
    return "i + r";
}

static struct cstmt *begin_tile(struct arena *a, const struct form *form, const struct value *v,
                                struct cstmt *body)
{
    long long wide = side_of(v, WIDTH);
    if (!form->map)
        return body;
    if (!cstmt_uses(body, intern(a, "inside")))
        body = cstmt_join(code(a, NULL, "PLAST_IGNORE(inside);"), body);
    return cstmt_join(code(a, NULL, "const int64_t p = y * %lld + x;", wide), body);
}

/* The sums leave their registers row by row; `element` is run for each, in l, after `row` was for
 * all of them. */
static struct cstmt *leave_tile(struct arena *a, const struct form *form, const struct value *v,
                                struct cstmt *row, struct cstmt *element)
{
    struct holes h = {.s = {element, row}};
    const char *unit =
        form->map ? arena_format(a, "((i + r) * %lld + p)", (long long)v->map) : "(i + r)";
    return code(a, &h,
                "%s (int r = 0; r < %s; r++) {"
                "    float s[%s];"
                "    unroll for (int q = 0; q < %s; q++)"
                "        plast_store(s + q * PLAST_LANES, sum[r][q]);"
                "    const int64_t at = %s * COLUMNS + c;"
                "    @1"
                "    independent for (int l = 0; l < %s; l++) {"
                "        @0"
                "    }"
                "}",
                form->each, form->rows, form->span, form->vecs, unit, form->span);
}

static int64_t depth_of(const struct value *v)
{
    int64_t depth = 0;
    for (int t = 0; t < v->terms; t++)
        depth += v->term[t].dense ? v->term[t].rows : 0;
    return depth;
}

static int64_t depth_of_error(const struct value *v)
{
    int64_t depth = 0;
    for (int i = 0; i < v->uses; i++)
        depth += v->use[i].by->term[v->use[i].term].dense ? v->use[i].by->rows : 0;
    return depth;
}

/* The function that computes the value; its parameters are those of training or of prediction. */
static struct kernel lower_products(struct module *m, struct value *v, const struct form *form,
                                    bool train, bool held, const char *comment)
{
    struct arena *a = m->arena;
    const char *what = held ? "held" : train ? "forward" : "predict";
    struct kernel k = kernel_new(m, arena_format(a, "%s_%s%s", v->name, what, form->suffix));
    k.sparse = form->sparse;
    k.held = held;
    struct cstmt *head = NULL, *body = clear_sums(a, form, bias_sum(&k, v));
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].dense)
            body = cstmt_join(body, form->inputs(&k, v, t, train));
    struct expr *x = add_plain(&k, v, train, ex(a, "s[l]"));
    struct cstmt *element = lower_chain(&k, v, train, tile_neuron(&k, form, v), &head);
    element = declare_if_used(a, "const float", "x", x, element);
    body = begin_tile(a, form, v, cstmt_join(body, leave_tile(a, form, v, NULL, element)));
    body = cstmt_join(head, body);
    kernel_tile(&k, form->params, body);
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_finish(&k, comment, form->tiles(&k, v, depth_of(v)));
    return k;
}

/* Where training and prediction compute the same from the same, one function serves both. */
static bool same_both_ways(const struct value *v)
{
    return v->dropouts == 0 && !v->recall && !v->slopes && !v->anchors && !v->post_tap &&
           !v->trace_tap;
}

static const char *shown_actuals(struct module *m, struct value *v, const struct form *form)
{
    /* the same parameters in the same order, with the buffers of prediction */
    struct kernel shown = kernel_new(m, v->name);
    struct cstmt *head = NULL;
    shown.sparse = form->sparse;
    bias_sum(&shown, v);
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].dense)
            form->inputs(&shown, v, t, false);
    add_plain(&shown, v, false, ex(m->arena, "x"));
    lower_chain(&shown, v, false, tile_neuron(&shown, form, v), &head);
    shown.tile_names = "n";
    kernel_param(&shown, "const int64_t", "n", "n");
    form->tiles(&shown, v, depth_of(v));
    return shown.actuals.bytes;
}

/* The calls that compute the value in training, and in prediction. */
static struct cstmt *forward_calls(struct module *m, struct value *v, const struct form *form,
                                   struct cstmt **shown)
{
    struct arena *a = m->arena;
    const char *comment = where(m, v->layer->loc);
    const char *of =
        form->sparse ? arena_format(a, "%s, of live synapses", v->layer->name) : v->layer->name;
    struct kernel k =
        lower_products(m, v, form, true, false, arena_format(a, "%s: %s", comment, of));
    if (same_both_ways(v)) {
        *shown = code(a, NULL, "%s(%s);", k.name, shown_actuals(m, v, form));
        return kernel_call(&k);
    }
    struct kernel other = lower_products(m, v, form, false, false,
                                         arena_format(a, "%s: the same in evaluation", comment));
    *shown = kernel_call(&other);
    if (!v->recall || !v->recall->held)
        return kernel_call(&k);
    other = lower_products(m, v, form, true, true,
                           arena_format(a, "%s: the same about an earlier probe", comment));
    return if_held(m, kernel_call(&other), kernel_call(&k));
}

static bool slides(const struct value *v)
{
    for (int t = 0; t < v->terms; t++)
        if (is_conv(&v->term[t]))
            return true;
    return false;
}

void lower_forward(struct module *m, struct value *v)
{
    if (v->norm)
        lower_moments(m, v);
    if (v->terms && v->term[0].pool) {
        lower_pool(m, v);
        return;
    }
    if (!has_update(v)) {
        lower_plain_forward(m, v);
        return;
    }
    struct cstmt *shown, *csr_shown = NULL, *csr = NULL;
    struct cstmt *calls = forward_calls(m, v, slides(v) ? &form_map : &form_dense, &shown);
    if (v->form)
        csr = forward_calls(m, v, has_parts(v) ? &form_parts : &form_csr, &csr_shown);
    m->forward = cstmt_join(m->forward, by_form(m, v, calls, csr));
    m->shown = cstmt_join(m->shown, by_form(m, v, shown, csr_shown));
}

/* What comes back from one reader that has weights. */
static struct cstmt *dense_outputs(struct kernel *k, const struct use *u, int number)
{
    struct arena *a = k->module->arena;
    const struct term *t = &u->by->term[u->term];
    const char *w = arena_format(a, "w%d", number), *in = arena_format(a, "error%d", number);
    kernel_param(k, "const float *restrict", w, "m->%s", t->feedback ? t->feedback : t->weight);
    kernel_param(k, "const float *restrict", in, "%s", slice_of(a, u->by->error, u->delay));
    const char *first =
        arena_format(a, "%s + j * %lld + %lld + i", w, (long long)t->line, (long long)u->column);
    return accumulate(a, in, first, 1, rows_of(k, u->by));
}

const struct form form_dense = {
    .suffix = "",
    .params = "const int rows, const int64_t i, const int64_t c",
    .rows = "rows",
    .vecs = "VECS",
    .span = "STRIP",
    .most = "PLAST_ROWS",
    .each = "unroll for",
    .inputs = dense_inputs,
    .outputs = dense_outputs,
    .tiles = dense_tiles,
};

/* One of several readers, each of which may be csr or not: a tile asks it, and walks its rows one
 * by one where it is. */
static struct cstmt *either_outputs(struct kernel *k, const struct use *u, int number)
{
    struct arena *a = k->module->arena;
    struct cstmt *dense = dense_outputs(k, u, number);
    if (!u->by->term[u->term].columns)
        return dense;
    const char *flag = arena_format(a, "csr%d", number);
    kernel_param(k, "const int64_t", flag, "m->%s[0]", u->by->form);
    struct holes h = {
        .s = {csr_row_outputs(k, u, number, "i + r", form_dense.vecs, "sum[r]"), dense}};
    return code(a, &h,
                "if (%s != 0) {"
                "    unroll for (int r = 0; r < rows; r++) { @0 }"
                "} else {"
                "    @1"
                "}",
                flag);
}

static const struct form form_either = {
    .suffix = "",
    .params = "const int rows, const int64_t i, const int64_t c",
    .rows = "rows",
    .vecs = "VECS",
    .span = "STRIP",
    .most = "PLAST_ROWS",
    .each = "unroll for",
    .outputs = either_outputs,
    .tiles = dense_tiles,
};

static struct cstmt *pull_direct(struct kernel *k, const struct value *v)
{
    const struct value *output = k->module->plan->output;
    int64_t line = (output->rows + 15) / 16 * 16;
    kernel_param(k, "const float *restrict", "w0", "m->%s", v->direct);
    kernel_param(k, "const float *restrict", "error0", "%s", output->error->name);
    const char *first = arena_format(k->module->arena, "w0 + i * %lld + j", (long long)line);
    return accumulate(k->module->arena, "error0", first, line, output->units);
}

static struct expr *slope_of(struct kernel *k, const struct value *v, struct cstmt **head,
                             struct cstmt **element)
{
    struct arena *a = k->module->arena;
    if (v->slope_is_one)
        return NULL;
    if (!v->slope_from_result) {
        kernel_param(k, "const float *restrict", "slope", "%s", slice_of(a, v->slopes, 0));
        return ex(a, "slope[at + l]");
    }
    struct expr *e = kernel_hoist(k, v->slope, head);
    if (expr_uses(e, intern(a, "y"))) {
        kernel_param(k, "const float *restrict", "result", "%s", slice_of(a, v->plain, 0));
        *element = cstmt_join(*element, code(a, NULL, "const float y = result[at + l];"));
    }
    return e;
}

/* Readers whose errors come back at this step and from later ones, or only either. */
enum when { ANY_STEP, THIS_STEP, LATER_STEPS };

static bool comes_back(const struct use *u, const struct value *v, enum when when)
{
    bool gathered = v->stage == STAGE_BEFORE && u->by->stage == STAGE_LOOP;
    return u->by->error && !gathered &&
           (when == ANY_STEP || (when == LATER_STEPS) == (u->delay > 0));
}

/* The readers' errors, and what is added without weights: to the row's sums, to the element's. */
static struct cstmt *pull_all(struct kernel *k, struct value *v, const struct form *form,
                              enum when when, struct cstmt **row, struct expr **x)
{
    struct arena *a = k->module->arena;
    struct cstmt *body = NULL;
    *x = when == LATER_STEPS ? ex(a, "late[l]") : ex(a, "s[l]");
    *row = NULL;
    if (v->direct)
        return pull_direct(k, v);
    for (int i = 0; i < v->uses; i++) {
        const struct use *u = &v->use[i];
        if (!comes_back(u, v, when) ||
            (k->module->plan->net->learn == LEARN_DIRECT_FEEDBACK && u->by->layer != v->layer))
            continue;
        if (u->by->term[u->term].dense) {
            body = cstmt_join(body, form->outputs(k, u, i));
            continue;
        }
        if (u->by->term[u->term].pool) {
            *row = cstmt_join(*row, pool_outputs(k, v, u, i));
            continue;
        }
        if (u->by->norm) {
            *x = expr_binary(a, (struct loc){0}, E_ADD, *x,
                             norm_output(k, v, u, i, tile_neuron(k, form, v)));
            continue;
        }
        kernel_param(k, "const float *restrict", arena_format(a, "error%d", i), "%s",
                     slice_of(a, u->by->error, u->delay));
        const char *at = arena_format(a, "at + l + %lld * COLUMNS", (long long)u->column);
        struct expr *back = ex(a, "error%d[%s]", i, at);
        if (u->by->readout)
            back = readout_share(k, u->by, i, back, at);
        *x = expr_binary(a, (struct loc){0}, E_ADD, *x, back);
    }
    if (v->gathered && when != LATER_STEPS) {
        kernel_param(k, "const float *restrict", "gathered", "%s", v->gathered->name);
        *x = expr_binary(a, (struct loc){0}, E_ADD, *x, ex(a, "gathered[at + l]"));
    }
    return body;
}

static const char *unit_of(struct kernel *k, const struct value *v, const char *neuron)
{
    if (v->map == 1)
        return neuron;
    return arena_format(k->module->arena, "(%s) * %lld + %s", neuron, (long long)v->map,
                        k->position);
}

/* What rules observe: with what came back from later steps. */
static struct cstmt *tap_error(struct kernel *k, const struct value *v, const char *name,
                               const char *row)
{
    struct arena *a = k->module->arena;
    if (!v->error_tap)
        return NULL;
    kernel_param(k, "float *restrict", "neuron_error", "%s", slice_of(a, v->error_tap, 0));
    return code(a, NULL, "neuron_error[(%s) * COLUMNS + c + l] = %s;", unit_of(k, v, row), name);
}

struct cstmt *lower_modulated(struct kernel *k, const struct value *v, const char *name,
                              const char *row, struct cstmt **head)
{
    struct arena *a = k->module->arena;
    struct cstmt *list = NULL;
    for (int i = v->neuron_keeps; i < v->dropouts; i++) {
        struct holes h = {.e = {lower_keep(k, v, i, row, head)}};
        list = cstmt_join(list, code(a, &h, "%s *= $0;", name));
    }
    list = cstmt_join(list, lower_error_rules(k, v, name, row, head));
    if (v->alive) {
        struct holes h = {.e = {if_neuron_alive(k, v, row, ex(a, "%s", name))}};
        list = cstmt_join(list, code(a, &h, "%s = $0;", name));
    }
    return v->delay > 0 ? list : cstmt_join(list, tap_error(k, v, name, row));
}

/* The errors that come back from later steps: to be added when rules have seen the others. */
static struct cstmt *pull_later(struct kernel *k, struct value *v, const struct form *form,
                                struct cstmt **row, struct expr **late)
{
    struct arena *a = k->module->arena;
    struct cstmt *body = pull_all(k, v, form, LATER_STEPS, row, late);
    /* what comes back one place after the other is added to a row when its sums leave */
    *row = cstmt_join(code(a, NULL,
                           "float late[%s];"
                           "unroll for (int q = 0; q < %s; q++)"
                           "    plast_store(late + q * PLAST_LANES, later[r][q]);",
                           form->span, form->vecs),
                      *row);
    return cstmt_join(body, code(a, NULL,
                                 "plast_vec later[%s][%s];"
                                 "%s (int r = 0; r < %s; r++)"
                                 "    unroll for (int q = 0; q < %s; q++) {"
                                 "        later[r][q] = sum[r][q];"
                                 "        sum[r][q] = plast_splat(0.0f);"
                                 "    }",
                                 form->most, form->vecs, form->each, form->rows, form->vecs));
}

/* They too come through what stands behind the neurons. */
static struct expr *late_expr(struct kernel *k, const struct value *v, struct expr *late,
                              const char *row, struct cstmt **head)
{
    for (int i = v->neuron_keeps; i < v->dropouts; i++)
        late = expr_binary(k->module->arena, (struct loc){0}, E_MUL, late,
                           lower_keep(k, v, i, row, head));
    return late;
}

/* Through a step of the neurons: x is the error at what they emit. */
static struct cstmt *neuron_error(struct kernel *k, const struct value *v, struct expr *x,
                                  const char *row, struct cstmt **head)
{
    struct arena *a = k->module->arena;
    struct cstmt *s = cstmt_assign(
        a, ex(a, "error[at + l]"),
        if_neuron_alive(k, v, row, neuron_passes_error(v) ? ex(a, "x_back") : ex(a, "0.0f")));
    s = lower_neuron_back(k, v, row, s, head);
    for (int i = 0; i < v->dropouts && !v->modulated; i++)
        x = expr_binary(a, (struct loc){0}, E_MUL, x, lower_keep(k, v, i, row, head));
    if (!v->modulated)
        return declare_if_used(a, "const float", "e", x, s);
    return cstmt_join(x->kind == E_NAME ? NULL : cstmt_assign(a, ex(a, "e"), x), s);
}

static struct cstmt *error_call(struct module *m, struct value *v, const struct form *form)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_backward%s", v->name, form->suffix));
    struct cstmt *head = NULL, *element = NULL, *row, *late_row = NULL;
    struct expr *x, *late = NULL;
    struct cstmt *body = clear_sums(a, form, ex(a, "0.0f"));
    bool apart = v->modulated && v->delay > 0;
    if (apart)
        body = cstmt_join(body, pull_later(&k, v, form, &late_row, &late));
    body = cstmt_join(body, pull_all(&k, v, form, apart ? THIS_STEP : ANY_STEP, &row, &x));
    const char *neuron = tile_neuron(&k, form, v);
    if (v->modulated) {
        element = cstmt_join(cstmt_declare(a, "float", "e", x),
                             lower_modulated(&k, v, "e", neuron, &head));
        x = ex(a, "e");
    }
    if (apart) {
        struct holes more = {.e = {late_expr(&k, v, late, neuron, &head)}};
        element = cstmt_join(element, code(a, &more, "e += $0;"));
        element = cstmt_join(element, tap_error(&k, v, "e", neuron));
        row = cstmt_join(late_row, row);
    }
    struct expr *slope = v->recall ? NULL : slope_of(&k, v, &head, &element);
    if (v->recall) {
        element = cstmt_join(element, neuron_error(&k, v, x, neuron, &head));
    } else {
        x = slope ? expr_binary(a, (struct loc){0}, E_MUL, x, slope) : x;
        struct holes h = {.e = {if_neuron_alive(&k, v, neuron, x)}};
        element = cstmt_join(
            element,
            code(a, &h, slope ? "error[at + l] = $0; /* derivative */" : "error[at + l] = $0;"));
    }
    kernel_param(&k, "float *restrict", "error", "%s", slice_of(a, v->error, 0));
    body = begin_tile(a, form, v, cstmt_join(body, leave_tile(a, form, v, row, element)));
    kernel_tile(&k, form->params, cstmt_join(head, body));
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_finish(&k,
                  arena_format(a, "The loss's gradient at the sums of %s%s.", v->name,
                               form->sparse ? ", through live synapses" : ""),
                  form->tiles(&k, v, depth_of_error(v)));
    return kernel_call(&k);
}

/* Readers with weights, and those of them that may be csr. */
static int count_readers(const struct value *v, const struct value **sparse)
{
    int products = 0;
    *sparse = NULL;
    for (int i = 0; i < v->uses && !v->direct; i++) {
        const struct use *u = &v->use[i];
        const struct term *t = &u->by->term[u->term];
        products += t->dense && u->by->error;
        if (t->dense && u->by->error && t->columns)
            *sparse = u->by;
    }
    return products;
}

/* Whether a reader asks where in its map an element is. */
static bool is_read_as_map(const struct value *v)
{
    for (int i = 0; i < v->uses; i++) {
        const struct term *t = &v->use[i].by->term[v->use[i].term];
        if (v->use[i].by->error && (t->pool || is_conv(t)))
            return true;
    }
    return false;
}

void lower_error(struct module *m, struct value *v)
{
    const struct value *reader;
    bool several = count_readers(v, &reader) > 1;
    struct cstmt *csr = NULL, *dense;
    if (is_read_as_map(v)) {
        m->errors = cstmt_join(m->errors, error_call(m, v, &form_map_back));
        return;
    }
    dense = error_call(m, v, several && reader ? &form_either : &form_dense);
    if (reader && !several)
        csr = error_call(m, v, &form_csr);
    m->errors = cstmt_join(m->errors, csr ? by_form(m, reader, dense, csr) : dense);
}
