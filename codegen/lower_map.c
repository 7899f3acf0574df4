/* Elementwise chains, values that have no weights, and the input. */
#include "lower.h"
#include "lower_time.h"
#include "memory.h"
#include "recall.h"

#include <math.h>

struct expr *lower_keep(struct kernel *k, const struct value *v, int i, const char *row,
                        struct cstmt **head)
{
    struct arena *a = k->module->arena;
    struct plan *plan = k->module->plan;
    int number = 0;
    while (plan->dropout[number] != v->dropout[i])
        number++;
    kernel_param(k, "const uint64_t *restrict", arena_format(a, "key%d", i),
                 "m->key + %d * COLUMNS", number);
    struct expr *p = kernel_hoist(k, v->dropout[i]->p, head);
    struct holes h = {.e = {p}};
    const char *unit = place_of(k, v, row);
    if (v->map > 1)
        unit = arena_format(a, "(%s) * %lld + %s", unit, (long long)v->map, k->position);
    struct cstmt *s = code(
        a, &h, "x = plast_uniform(key%d[c + l], (uint32_t)(%s)) >= $0 ? 1.0f / (1.0f - $0) : 0.0f;",
        i, unit);
    return s->value;
}

const char *neuron_of_unit(struct kernel *k, const struct value *v, const char *unit)
{
    struct arena *a = k->module->arena;
    if (v->map == 1)
        return unit;
    k->position = arena_format(a, "(%s) %% %lld", unit, (long long)v->map);
    return arena_format(a, "(%s) / %lld", unit, (long long)v->map);
}

/* A probe keeps what entered, or, where that is held, takes the function about it. */
static struct cstmt *hold(struct kernel *k, struct value *v, const char *row, struct cstmt **head)
{
    kernel_param(k, "float *restrict", "anchor", "gradient != NULL ? %s : NULL",
                 slice_of(k->module->arena, v->anchors, 0));
    kernel_param(k, "const int32_t", "held", "m->run.anchor");
    struct holes h = {.e = {if_neuron_alive(k, v, row, kernel_hoist(k, v->held, head))}};
    return code(k->module->arena, &h,
                "if (anchor != NULL) {"
                "    if (held != 0) {"
                "        const float x0 = anchor[at + l];"
                "        out[at + l] = $0;"
                "    } else {"
                "        anchor[at + l] = x;"
                "    }"
                "}");
}

/* What rules observe of the inside of the chain. */
static struct cstmt *keep_signal(struct kernel *k, const char *name, const struct buffer *buffer,
                                 struct expr *value)
{
    struct holes h = {.e = {value}};
    kernel_param(k, "float *restrict", name, "%s", slice_of(k->module->arena, buffer, 0));
    return code(k->module->arena, &h, "%s[at + l] = $0;", name);
}

struct cstmt *lower_chain(struct kernel *k, struct value *v, bool train, const char *row,
                          struct cstmt **head)
{
    struct arena *a = k->module->arena;
    struct cstmt *s = NULL;
    if (v->recall)
        return lower_neuron(k, v,
                            !train    ? NEURON_SHOWN
                            : k->held ? NEURON_HELD
                                      : NEURON_TRAIN,
                            row, head);
    struct expr *list[2] = {kernel_hoist(k, train ? v->train : v->predict, head), NULL};
    bool slopes = train && v->slopes != NULL;
    if (slopes)
        list[1] = kernel_hoist(k, v->slope, head);
    if (train)
        for (int i = 0; i < v->dropouts; i++)
            s = cstmt_join(s, cstmt_declare(a, "const float", arena_format(a, "keep%d", i),
                                            lower_keep(k, v, i, row, head)));
    s = cstmt_join(s, bind_common(a, list, slopes ? 2 : 1));
    kernel_param(k, "float *restrict", "out", "%s", slice_of(a, train ? v->plain : v->shown, 0));
    struct holes h = {.e = {if_neuron_alive(k, v, row, list[0]), list[1]}};
    s = cstmt_join(s, code(a, &h, "out[at + l] = $0;"));
    if (train && v->anchors)
        s = cstmt_join(s, hold(k, v, row, head));
    if (train && v->post_tap)
        s = cstmt_join(s, keep_signal(k, "post", v->post_tap,
                                      if_neuron_alive(k, v, row, kernel_hoist(k, v->post, head))));
    if (train && v->trace_tap)
        s = cstmt_join(s, keep_signal(k, "trace", v->trace_tap, kernel_hoist(k, v->trace, head)));
    if (slopes) {
        kernel_param(k, "float *restrict", "slope", "%s", slice_of(a, v->slopes, 0));
        s = cstmt_join(s, code(a, &h, "slope[at + l] = $1; /* derivative */"));
    }
    return s;
}

const char *lower_table(struct module *m, const char *name, const double *data, int64_t n)
{
    text_printf(&m->tables, "static const float %s[%lld] = {", name, (long long)n);
    for (int64_t i = 0; i < n; i++) {
        text_add(&m->tables, i == 0 ? "" : i % 8 == 0 ? ",\n    " : ", ");
        print_literal(&m->tables, data[i], EXPR_FLOAT);
    }
    text_add(&m->tables, "};\n");
    return name;
}

static struct cstmt *affine(struct module *m, const struct value *v)
{
    double *scale, *shift;
    int64_t channels = input_transform(m->arena, v, &scale, &shift);
    const char *s = lower_table(m, arena_format(m->arena, "%s_scale", v->name), scale, channels);
    const char *t = lower_table(m, arena_format(m->arena, "%s_shift", v->name), shift, channels);
    return code(m->arena, NULL,
                "independent for (int64_t i = 0; i < %s; i++) {"
                "    const float a = %s[i / %lld];"
                "    const float b = %s[i / %lld];"
                "    independent for (int64_t c = 0; c < n; c++)"
                "        out[i * COLUMNS + c] = a * out[i * COLUMNS + c] + b;"
                "}",
                v->units, s, (long long)(v->rows / channels), t, (long long)(v->rows / channels));
}

void lower_input(struct module *m, struct value *v)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_load", v->name));
    bool frames = m->plan->net->frames;
    const char *in = frames ? arena_format(a, "x + t * %s", v->units) : "x";
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "in", "%s", in);
    if (!frames) /* these are rows already */
        kernel_param(&k, "const struct plast_source *", "from", "from");
    kernel_param(&k, "float *restrict", "out", "%s",
                 v->raw ? v->raw->name : slice_of(a, v->plain, 0));
    struct cstmt *body =
        frames ? code(a, NULL, "plast_transpose(in, n, %s, STEPS * %s, out, COLUMNS);", v->units,
                      v->units)
               : code(a, NULL,
                      "if (in != NULL) {"
                      "    plast_transpose(in, n, %s, %s, out, COLUMNS);"
                      "} else {"
                      "    plast_gather_columns(from, n, %s, out, COLUMNS);"
                      "}",
                      v->units, v->units, v->units);
    bool scaled = false;
    for (int i = 0; i < v->links; i++)
        scaled |= v->chain[i]->op == N_AFFINE;
    if (scaled)
        body = cstmt_join(body, affine(m, v));
    kernel_finish(&k, arena_format(a, "%s: samples become columns", where(m, v->layer->loc)), body);
    m->forward = cstmt_join(m->forward, kernel_call(&k));
    if (v->raw)
        lower_move(m, v);
    if (v->again)
        m->again = code(a, NULL, "%s(n, x, from, %s);", k.name, v->again->name);
    m->shown = cstmt_join(m->shown, code(a, NULL, "%s(n, %s, %s%s);", k.name, in,
                                         frames ? "" : "NULL, ", slice_of(a, v->shown, 0)));
}

/* The sum that a neuron gets, where its operands have the same rows as it. */
static struct expr *same_rows(struct kernel *k, const struct value *v, bool train)
{
    struct arena *a = k->module->arena;
    struct expr *sum = NULL;
    for (int t = 0; t < v->terms; t++)
        if (!v->recall || v->term[t].segments != 1)
            return NULL;
    for (int t = 0; t < v->terms; t++) {
        const char *in = arena_format(a, "in%d_0", t);
        kernel_param(k, "const float *restrict", in, "%s",
                     read_from(a, &v->term[t].segment[0], train));
        struct expr *x = ex(a, "%s[at + l]", in);
        sum = sum ? expr_binary(a, (struct loc){0}, E_ADD, sum, x) : x;
    }
    return sum;
}

/* A value that is a sum of others, without weights. */
static struct kernel lower_plain(struct module *m, struct value *v, bool train, bool held)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_%s", v->name,
                                                 held    ? "held"
                                                 : train ? "forward"
                                                         : "predict"));
    k.held = held;
    kernel_param(&k, "const int64_t", "n", "n");
    struct expr *x = same_rows(&k, v, train);
    struct cstmt *body = NULL, *head = NULL;
    /* concatenated terms change at the same rows in no two of them: sum piece by piece of the first
     */
    for (int t = 0; t < v->terms && !x && !v->norm; t++) {
        int64_t row = 0;
        for (int s = 0; s < v->term[t].segments; s++) {
            struct segment *g = &v->term[t].segment[s];
            const char *in = arena_format(a, "in%d_%d", t, s);
            kernel_param(&k, "const float *restrict", in, "%s", read_from(a, g, train));
            body = cstmt_join(body,
                              code(a, NULL,
                                   "independent for (int64_t i = 0; i < %s; i++)"
                                   "    independent for (int64_t c = 0; c < n; c++)"
                                   "        out[(i + %lld) * COLUMNS + c] %s %s[i * COLUMNS + c];",
                                   g->value->live ? rows_of(&k, g->value)
                                                  : arena_format(a, "%lld", (long long)g->rows),
                                   (long long)row, t ? "+=" : "=", in));
            row += g->rows;
        }
    }
    bool simple =
        (train ? v->links == 0 : v->predict->kind == E_NAME) && !v->alive && !v->norm && !v->recall;
    kernel_param(&k, "float *restrict", "out", "%s", slice_of(a, train ? v->plain : v->shown, 0));
    if (!simple) {
        const char *neuron = neuron_of_unit(&k, v, "i");
        struct cstmt *element = lower_chain(&k, v, train, neuron, &head);
        if (v->norm)
            x = norm_input(&k, v, train, neuron);
        element = declare_if_used(a, "const float", "x", x ? x : ex(a, "out[at + l]"), element);
        element = declare_if_used(a, "const int64_t", "c", ex(a, "0"), element);
        struct holes h = {.s = {element}};
        body = cstmt_join(body, code(a, &h,
                                     "independent for (int64_t i = 0; i < %s; i++) {"
                                     "    const int64_t at = i * COLUMNS;"
                                     "    independent for (int64_t l = 0; l < n; l++) {"
                                     "        @0"
                                     "    }"
                                     "}",
                                     rows_of(&k, v)));
    }
    kernel_finish(&k, NULL, cstmt_join(head, body));
    return k;
}

void lower_plain_forward(struct module *m, struct value *v)
{
    struct kernel k = lower_plain(m, v, true, false);
    m->last->comment = arena_format(m->arena, "%s", where(m, v->layer->loc));
    struct cstmt *call = kernel_call(&k);
    if (v->recall && v->recall->held) {
        k = lower_plain(m, v, true, true);
        call = if_held(m, kernel_call(&k), call);
    }
    m->forward = cstmt_join(m->forward, call);
    k = lower_plain(m, v, false, false);
    m->shown = cstmt_join(m->shown, kernel_call(&k));
}
