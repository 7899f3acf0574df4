/* batch_sum and batch_mean: sums over the samples of a batch, of signals that are kept as [unit]
 * [sample]. A product of both sides is one matrix product, as a weight's gradient is. */
#include "lower_rule.h"

#include <string.h>

/* What an expression over samples reads, and what its traces are of. */
struct samples {
    struct sample {
        const char *name;
        const struct buffer *buffer;
        int delay;
    } at[4];
    int count;
    const struct buffer *traced;
    int delay;
};

struct reading {
    struct arena *arena;
    const struct plan *plan;
    const struct samples *samples;
};

/* `trace(post, 0.5)` of a net without time is a signal as others are. */
static struct expr *plain_signals(void *context, struct expr *e)
{
    const struct reading *r = context;
    if (e->kind != E_CALL || strcmp(e->name, "trace") != 0)
        return expr_map(r->arena, e, plain_signals, context);
    if (r->plan->net->steps)
        return ex(
            r->arena, "traced%d",
            plan_find_trace(r->plan, r->samples->traced, r->samples->delay, e->arg[1]->number));
    return strcmp(e->arg[0]->name, "pre") == 0 ? ex(r->arena, "pre") : ex(r->arena, "trace_post");
}

/* `const float name`, of the signal at the unit, before the list where that reads it. */
static struct cstmt *read_signal(struct place *p, const char *name, const struct buffer *b,
                                 int delay, const char *unit, struct cstmt *list)
{
    struct arena *a = p->kernel.module->arena;
    const char *array = arena_format(a, "%s_at", name);
    if (!cstmt_uses(list, intern(a, name)))
        return list;
    const char *step = b->slice ? arena_format(a, "t * %lld + ", (long long)b->slice) : "";
    kernel_param(&p->kernel, "const float *restrict", array, "m->work + %lld",
                 (long long)(b->at + (b->ahead - delay) * b->slice));
    return cstmt_join(cstmt_declare(a, "const float", name,
                                    ex(a, "%s[%s%s * COLUMNS + c + l]", array, step, unit)),
                      list);
}

/* The expression at unit `unit` (an index in the signals' buffers) and sample `c + l`, as
 * `const float x`; `use` follows. */
static struct cstmt *sample_value(struct place *p, struct expr *e, const char *unit,
                                  const struct samples *s, struct cstmt *use)
{
    struct arena *a = p->kernel.module->arena;
    const struct plan *plan = p->kernel.module->plan;
    struct reading reading = {a, plan, s};
    struct cstmt *list;
    for (int i = 0; i < s->count; i++)
        place_given(p, s->at[i].name);
    for (int i = 0; i < plan->traces; i++)
        place_given(p, intern(a, arena_format(a, "traced%d", i)));
    place_given(p, "x");
    list = cstmt_declare(a, "const float", "x",
                         expr_cond(a, e->loc, ex(a, "c + l < n"),
                                   place_expr(p, plain_signals(&reading, e)), ex(a, "0.0f")));
    for (int i = 0; i < s->count; i++)
        list = read_signal(p, s->at[i].name, s->at[i].buffer, s->at[i].delay, unit, list);
    for (int i = 0; i < plan->traces; i++)
        list = read_signal(p, arena_format(a, "traced%d", i), plan->trace[i].to, 0, unit, list);
    return place_finish(p, cstmt_join(list, use));
}

/* At every time step, where there is time. */
static struct cstmt *each_step(struct module *m, struct cstmt *body)
{
    struct holes h = {.s = {body}};
    return m->plan->net->steps ? code(m->arena, &h, "for (int64_t t = 0; t < STEPS; t++) { @0 }")
                               : body;
}

/* Sums are over samples, but means over time steps. */
static const char *share(const struct module *m, const struct rule_stmt *r)
{
    bool timed = m->plan->net->steps > 0;
    if (r->mean)
        return timed ? " / ((float)n * (float)STEPS)" : " / (float)n";
    return timed ? " / (float)STEPS" : "";
}

static const struct buffer *tapped(const struct buffer *tap, const struct value *v)
{
    return tap ? tap : v->plain;
}

static struct samples neuron_signals(const struct plan *p, const struct site *s)
{
    const struct value *v = s->neurons;
    const struct buffer *post = observed(p, s, tapped(v->post_tap, v));
    return (struct samples){
        .at = {{"post", post, 0},
               {"trace_post", observed(p, s, tapped(v->trace_tap, v)), 0},
               {"error", observed(p, s, s->blamed->error_tap), 0}},
        .count = 3,
        .traced = post,
    };
}

static struct samples input_signals(const struct plan *p, const struct site *s,
                                    const struct segment *g)
{
    const struct buffer *pre = observed(p, s, g->value->plain);
    return (struct samples){
        .at = {{"pre", pre, g->delay}}, .count = 1, .traced = pre, .delay = g->delay};
}

/* How many values a sample has in a signal of the value. */
static const char *signal_rows(struct kernel *k, const struct site *s, const struct value *v)
{
    return is_conv(s->term) ? held_neurons(k, v) : rows_of(k, v);
}

/* The place of row `unit` in its space. */
static const char *unit_of_signal(struct kernel *k, const struct site *s, const struct value *v)
{
    place_of(k, v, "unit");
    return is_conv(s->term) ? place_text(k->module->arena, v, "unit")
                            : unit_text(k->module->arena, v, "unit");
}

static int64_t signal_columns(const struct site *s, const struct segment *g)
{
    return is_conv(s->term) ? neurons_in(g->value) : g->rows;
}

static struct cstmt *finish(struct place *p, const struct pass *pass, struct cstmt *body)
{
    kernel_param(&p->kernel, "const int64_t", "n", "n");
    return pass_finish(p, pass, body);
}

/* One value a unit of the value, the first of them place `column` of the space. */
static struct cstmt *sum_samples(struct place *p, const struct pass *pass, struct expr *e,
                                 const struct samples *signals, const struct value *v,
                                 int64_t column)
{
    struct arena *a = p->kernel.module->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct cstmt *element = sample_value(p, e, "unit", signals, code(a, NULL, "part[l] += x;"));
    kernel_param(&p->kernel, "float *restrict", "result", "%s",
                 slot_memory(p->kernel.module, site_slot(p->site, r->target)));
    struct holes h = {
        .s = {element, clear_target(a, v->live ? v : NULL, space_places(p->site, r->space))}};
    h.s[2] =
        each_step(p->kernel.module, code(a, &h,
                                         "for (int64_t c = 0; c < n; c += 16)"
                                         "    independent for (int l = 0; l < 16; l++) { @0 }"));
    const char *i = place_index(p, r->space);
    return finish(p, pass,
                  code(a, &h,
                       "@1"
                       "independent for (int64_t unit = 0; unit < %s; unit++) {"
                       "    const int64_t %s = %lld + %s;"
                       "    float part[16];"
                       "    for (int l = 0; l < 16; l++)"
                       "        part[l] = 0.0f;"
                       "    @2"
                       "    result[%s] = plast_sum16(part)%s;"
                       "}",
                       signal_rows(&p->kernel, p->site, v), i, (long long)column,
                       unit_of_signal(&p->kernel, p->site, v), i, share(p->kernel.module, r)));
}

static struct cstmt *sum_inputs(struct module *m, const struct site *s, const struct pass *pass)
{
    const struct rule_stmt *r = pass->stmt[0];
    struct cstmt *calls = NULL;
    int64_t column = 0;
    for (int i = 0; i < s->term->segments; i++) {
        const struct segment *g = &s->term->segment[i];
        struct place *p = place_new(m, s, r->target, SPACE_INPUT);
        struct samples pre = input_signals(m->plan, s, g);
        calls = cstmt_join(calls, sum_samples(p, pass, r->input_side, &pre, g->value, column));
        column += signal_columns(s, g);
    }
    return calls;
}

/* One side of an outer product as a buffer [unit][sample]. */
static struct cstmt *lower_side(struct module *m, const struct site *s, const struct pass *pass,
                                bool inputs, const struct segment *g, int64_t column)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct samples signals = inputs ? input_signals(m->plan, s, g) : neuron_signals(m->plan, s);
    const char *step =
        !m->plan->net->steps
            ? ""
            : arena_format(a, "t * %lld + ",
                           (long long)(m->plan->columns *
                                       (inputs ? space_places(s, SPACE_INPUT) : s->weight->rows)));
    struct place *p =
        place_new(m, s, arena_format(a, "%s_%s", r->target, inputs ? "inputs" : "neurons"),
                  inputs ? SPACE_INPUT : SPACE_NEURON);
    const struct value *v = inputs ? g->value : s->neurons;
    struct cstmt *element = sample_value(
        p, inputs ? r->input_side : r->neuron_side, "unit", &signals,
        code(a, NULL, "side[%s(%lld + unit) * COLUMNS + c + l] = x;", step, (long long)column));
    kernel_param(&p->kernel, "float *restrict", "side", "m->work + %lld",
                 (long long)pass->side[inputs]->at);
    struct holes h = {.s = {element}};
    h.s[1] = each_step(m, code(a, &h,
                               "for (int64_t c = 0; c < n; c += 16)"
                               "    independent for (int l = 0; l < 16; l++) { @0 }"));
    return finish(p, pass,
                  code(a, &h,
                       "independent for (int64_t unit = 0; unit < %s; unit++) {"
                       "    const int64_t %s = %lld + %s;"
                       "    PLAST_IGNORE(%s);"
                       "    @1"
                       "}",
                       signal_rows(&p->kernel, s, v), inputs ? "j" : "i", (long long)column,
                       unit_of_signal(&p->kernel, s, v), inputs ? "j" : "i"));
}

/* Both sides as buffers, of a product over the samples. */
static struct cstmt *lower_sides(struct module *m, const struct site *s, const struct pass *pass)
{
    struct cstmt *calls = lower_side(m, s, pass, false, NULL, 0);
    int64_t column = 0;
    for (int i = 0; i < s->term->segments; i++) {
        const struct segment *g = &s->term->segment[i];
        calls = cstmt_join(calls, lower_side(m, s, pass, true, g, column));
        column += signal_columns(s, g);
    }
    return calls;
}

static struct kernel product_kernel(struct module *m, const struct site *s, const struct pass *pass,
                                    const struct buffer *inputs)
{
    struct kernel k =
        kernel_new(m, arena_format(m->arena, "%s_%s", s->stem, pass->stmt[0]->target));
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "error", "m->work + %lld",
                 (long long)pass->side[0]->at);
    kernel_param(&k, "const float *restrict", "in", "m->work + %lld", (long long)inputs->at);
    kernel_param(&k, "float *restrict", "result", "%s",
                 slot_memory(m, site_slot(s, pass->stmt[0]->target)));
    return k;
}

/* Of all synapses, as a weight's gradient is made. */
static struct cstmt *outer_product(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    const struct field *w = s->weight;
    const struct value *from = site_input(s);
    struct cstmt *calls = lower_sides(m, s, pass);
    const char *columns = from ? module_rows(m, from) : arena_format(a, "%lld", (long long)w->cols);
    long long in_step = (long long)(space_places(s, SPACE_INPUT) * m->plan->columns),
              turned_step = (long long)(w->line * m->plan->columns),
              error_step = (long long)(w->rows * m->plan->columns);
    bool timed = m->plan->net->steps > 0;
    calls = cstmt_join(
        calls,
        timed ? each_step(m, code(a, NULL,
                                  "plast_transpose(m->work + %lld + t * %lld, %s, n, COLUMNS, "
                                  "m->work + %lld + t * %lld, %lld);",
                                  (long long)pass->side[1]->at, in_step, columns,
                                  (long long)pass->turned->at, turned_step, (long long)w->line))
              : code(a, NULL,
                     "plast_transpose(m->work + %lld, %s, n, COLUMNS, m->work + %lld, %lld);",
                     (long long)pass->side[1]->at, columns, (long long)pass->turned->at,
                     (long long)w->line));
    struct kernel k = product_kernel(m, s, pass, pass->turned);
    struct cstmt *body = lower_sample_product(a, w->line, turned_step, timed ? error_step : 0);
    body = cstmt_join(body, code(a, NULL,
                                 "unroll for (int r = 0; r < rows; r++) {"
                                 "    float g[2 * PLAST_LANES];"
                                 "    unroll for (int q = 0; q < vecs; q++)"
                                 "        plast_store(g + q * PLAST_LANES, sum[r][q]);"
                                 "    const int64_t at = (i + r) * %lld + j;"
                                 "    independent for (int l = 0; l < cols; l++)"
                                 "        result[at + l] = g[l]%s;"
                                 "}",
                                 (long long)w->line, share(m, r)));
    kernel_tile(&k, sample_product_params, body);
    kernel_finish(&k, pass_comment(m, s, pass),
                  lower_sample_product_loops(&k, s->value, from, w->cols, false, NULL));
    return cstmt_join(calls, kernel_call(&k));
}

/* Of pairs of channels: few, each a sum over the samples. */
static struct cstmt *pair_product(struct module *m, const struct site *s, const struct pass *pass)
{
    struct cstmt *calls = lower_sides(m, s, pass);
    struct kernel k = product_kernel(m, s, pass, pass->side[1]);
    struct extent e = site_extent(s, SPACE_KERNEL);
    bool timed = m->plan->net->steps > 0;
    const char *neurons = "", *inputs = "";
    if (timed) {
        neurons =
            arena_format(m->arena, "t * %lld + ", (long long)(s->weight->rows * m->plan->columns));
        inputs = arena_format(m->arena, " + t * %lld",
                              (long long)(space_places(s, SPACE_INPUT) * m->plan->columns));
    }
    struct holes h = {
        .s = {each_step(m, code(m->arena, NULL,
                                "for (int64_t c = 0; c < n; c += 16)"
                                "    independent for (int l = 0; l < 16; l++)"
                                "        part[l] += error[%si * COLUMNS + c + l] * pre[c + l%s];",
                                neurons, inputs))}};
    struct cstmt *body = code(m->arena, &h,
                              "independent for (int64_t i = 0; i < %s; i++)"
                              "    for (int64_t j = 0; j < %s; j++) {"
                              "        const float *pre = in + (i / %lld * %lld + j) * COLUMNS;"
                              "        float part[16];"
                              "        for (int l = 0; l < 16; l++)"
                              "            part[l] = 0.0f;"
                              "        @0"
                              "        result[i * %lld + j] = plast_sum16(part)%s;"
                              "    }",
                              held_neurons(&k, s->value),
                              site_input(s) ? held_neurons(&k, site_input(s))
                                            : arena_format(m->arena, "%lld", (long long)e.cols),
                              (long long)(e.rows / s->term->dense->groups), (long long)e.cols,
                              (long long)e.line, share(m, pass->stmt[0]));
    kernel_finish(&k, pass_comment(m, s, pass), body);
    return cstmt_join(calls, kernel_call(&k));
}

void lower_map_sums(struct module *m)
{
    struct arena *a = m->arena;
    for (int i = 0; i < m->plan->map_sums; i++) {
        const struct map_sum *sum = &m->plan->map_sum[i];
        struct kernel k = kernel_new(m, sum->to->name);
        kernel_param(&k, "const int64_t", "n", "n");
        kernel_param(&k, "const float *restrict", "in", "m->work + %lld", (long long)sum->of->at);
        kernel_param(&k, "float *restrict", "out", "m->work + %lld", (long long)sum->to->at);
        long long slices = sum->of->slice ? sum->of->floats / sum->of->slice : 1;
        struct cstmt *body =
            code(a, NULL,
                 "independent for (int64_t i = 0; i < %s; i++)"
                 "    for (int64_t c = 0; c < n; c += 16) {"
                 "        float sum[16];"
                 "        for (int l = 0; l < 16; l++)"
                 "            sum[l] = 0.0f;"
                 "        for (int64_t p = 0; p < %lld; p++)"
                 "            independent for (int l = 0; l < 16; l++)"
                 "                sum[l] += in[(i * %lld + p) * COLUMNS + c + l];"
                 "        independent for (int l = 0; l < 16; l++)"
                 "            out[i * COLUMNS + c + l] = sum[l];"
                 "    }",
                 slices == 1 ? held_neurons(&k, sum->value)
                             : arena_format(a, "%lld", slices * (long long)neurons_in(sum->value)),
                 (long long)sum->value->map, (long long)sum->value->map);
        kernel_finish(&k, "Sums over maps, for rules.", body);
        m->after = cstmt_join(m->after, in_region(m, kernel_call(&k)));
    }
}

static void lower_trace(struct module *m, const struct trace *t)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, t->to->name);
    const struct buffer *of = t->of;
    struct holes h = {.e = {expr_number(a, (struct loc){0}, t->decay)}};
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "in", "m->work + %lld",
                 (long long)(of->at + (of->ahead - t->delay) * of->slice));
    kernel_param(&k, "float *restrict", "out", "m->work + %lld", (long long)t->to->at);
    kernel_finish(&k, "Traces over the time steps, for rules.",
                  code(a, &h,
                       "independent for (int64_t i = 0; i < %lld; i++)"
                       "    for (int64_t c = 0; c < n; c += 16) {"
                       "        float sum[16];"
                       "        for (int l = 0; l < 16; l++)"
                       "            sum[l] = 0.0f;"
                       "        for (int64_t t = 0; t < STEPS; t++)"
                       "            independent for (int l = 0; l < 16; l++)"
                       "                sum[l] = $0 * sum[l] + in[t * %lld + i * COLUMNS + c + l];"
                       "        independent for (int l = 0; l < 16; l++)"
                       "            out[i * COLUMNS + c + l] = sum[l] / (float)STEPS;"
                       "    }",
                       (long long)t->rows, (long long)of->slice));
    m->after = cstmt_join(m->after, in_region(m, kernel_call(&k)));
}

void lower_traces(struct module *m)
{
    for (int i = 0; i < m->plan->traces; i++)
        lower_trace(m, &m->plan->trace[i]);
}

/* Of live synapses. */
static struct cstmt *sampled_product(struct module *m, const struct site *s,
                                     const struct pass *pass)
{
    struct cstmt *calls = lower_sides(m, s, pass);
    struct kernel k = product_kernel(m, s, pass, pass->side[1]);
    struct cstmt *element = code(m->arena, NULL,
                                 "independent for (int64_t l = 0; l < cols; l++)"
                                 "    result[at + l] = g[l]%s;",
                                 pass->stmt[0]->mean ? " / (float)n" : "");
    struct cstmt *body = lower_sampled(&k, s->value, s->term, -1, "", false, element, NULL);
    kernel_finish(&k, pass_comment(m, s, pass), body);
    return cstmt_join(calls, kernel_call(&k));
}

struct cstmt *lower_batch(struct module *m, const struct site *s, const struct pass *pass,
                          enum stored stored)
{
    const struct rule_stmt *r = pass->stmt[0];
    if (space_is_matrix(r->space) && is_conv(s->term))
        return pair_product(m, s, pass);
    if (space_is_matrix(r->space))
        return stored == STORED_CSR ? sampled_product(m, s, pass) : outer_product(m, s, pass);
    if (r->space == SPACE_INPUT)
        return sum_inputs(m, s, pass);
    struct place *p = place_new(m, s, r->target, SPACE_NEURON);
    struct samples signals = neuron_signals(m->plan, s);
    return sum_samples(p, pass, r->neuron_side, &signals, s->neurons, 0);
}
