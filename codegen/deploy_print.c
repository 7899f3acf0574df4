/* A deployed net -> C99 that needs nothing around it: constant arrays, one function of each kind of
 * product that occurs, NAME_predict. */
#include "deploy_print.h"
#include "memory.h"
#include "names.h"

#include <math.h>
#include <string.h>

/* --- constant arrays */

static void begin_array(struct text *t, const char *type, const char *name, int64_t count)
{
    text_printf(t, "static const %s %s[%lld] = {", type, name, (long long)count);
}

static void next_place(struct text *t, int64_t i, int64_t each_line)
{
    text_add(t, i == 0 ? "\n    " : i % each_line == 0 ? ",\n    " : ", ");
}

void deploy_floats(struct printer *p, const char *name, const double *x, int64_t count,
                   int64_t beyond)
{
    struct text *t = &p->constants;
    begin_array(t, "float", name, count + beyond);
    for (int64_t i = 0; i < count; i++) {
        next_place(t, i, 8);
        print_literal(t, (double)(float)x[i], EXPR_FLOAT);
    }
    text_add(t, "};\n");
}

void deploy_integers(struct printer *p, const char *type, const char *name, const int64_t *number,
                     const double *x, int64_t count, int64_t beyond)
{
    struct text *t = &p->constants;
    begin_array(t, type, name, count + beyond);
    for (int64_t i = 0; i < count; i++) {
        next_place(t, i, 20);
        text_printf(t, "%lld", (long long)(number ? number[i] : (int64_t)x[i]));
    }
    text_add(t, "};\n");
}

const char *numbers_type(const struct numbers *n)
{
    return n->bytes == 1 ? "uint8_t" : n->bytes == 2 ? "uint16_t" : "uint32_t";
}

static void print_numbers(struct printer *p, const char *name, const struct numbers *n)
{
    deploy_integers(p, numbers_type(n), name, n->value, NULL, n->count, 0);
}

static const char *array_name(struct printer *p, const char *stem, const char *what)
{
    return names_unique(p->names, arena_format(p->arena, "%s_%s", stem, what));
}

/* --- functions */

bool deploy_is_new(struct printer *p, const char *name)
{
    for (int i = 0; i < p->knowns; i++)
        if (strcmp(p->known[i], name) == 0)
            return false;
    PUSH(p->arena, p->known, p->knowns, name);
    return true;
}

void deploy_function(struct printer *p, const char *type, const char *name, const char *params,
                     const char *comment, struct cstmt *body)
{
    struct cfunc *f = cfunc_new(p->arena, type, name, params);
    f->comment = comment;
    f->body = body;
    simplify(p->arena, f);
    print_func(&p->functions, f);
    text_add(&p->functions, "\n");
}

/* --- NAME_predict */

/* "h1": where the sums of a value are. */
static const char *sums_of(const struct deployment *d, const struct deployed *v)
{
    return v->is_input ? "x" : v == d->output && v->rows == v->units ? "out" : v->name;
}

static struct cstmt *emit_product(struct printer *p, const struct deployed *v,
                                  const struct product *m)
{
    struct arena *a = p->arena;
    const struct deployment *d = p->d;
    bool int8 = d->int8;
    const char *function = deploy_product_function(p, m),
               *weights = array_name(p, m->name, "values");
    const char *index = "";
    int64_t beyond = stored_beyond(m);
    if (m->storage == STORED_BITS) {
        const char *live = array_name(p, m->name, "live"),
                   *starts = array_name(p, m->name, "starts"),
                   *bits = array_name(p, m->name, "bits");
        print_numbers(p, live, &m->columns);
        print_numbers(p, starts, &m->counts);
        print_numbers(p, bits, &m->index);
        index = arena_format(a, "%s, %s, %s, ", live, starts, bits);
    } else if (m->storage != STORED_DENSE) {
        const char *counts = array_name(p, m->name, "counts"),
                   *steps = array_name(p, m->name, "steps");
        print_numbers(p, counts, &m->counts);
        print_numbers(p, steps, &m->index);
        index = arena_format(a, "%s, %s, ", counts, steps);
    }
    if (int8)
        deploy_integers(p, "int8_t", weights, NULL, m->stored, m->weights, beyond);
    else
        deploy_floats(p, weights, m->stored, m->weights, beyond);
    const char *from = int8 ? arena_format(a, "%s_q", m->from->name) : sums_of(p->d, m->from);
    if (!int8)
        return code(a, NULL, "%s(%s, %lld, %s%s, %s);", function, from, (long long)m->cols, index,
                    weights, sums_of(p->d, v));
    double *scale = NEW_ARRAY(a, m->rows, double);
    for (int64_t i = 0; i < m->rows; i++)
        scale[i] = m->scale[i] * m->from->unit;
    const char *scales = array_name(p, m->name, "scale");
    deploy_floats(p, scales, scale, m->rows, 0);
    return code(a, NULL,
                "for (size_t i = 0; i < %lld; i++)"
                "    %s_sum[i] = 0;"
                "%s(%s, %lld, %s%s, %s_sum);"
                "for (size_t i = 0; i < %lld; i++)"
                "    %s[i] += %s[i] * (float)%s_sum[i];",
                (long long)m->rows, v->name, function, from, (long long)m->cols, index, weights,
                v->name, (long long)m->rows, sums_of(p->d, v), scales, v->name);
}

static struct cstmt *emit_copy(struct printer *p, const struct deployed *v, const struct copy *c)
{
    struct arena *a = p->arena;
    const char *to = sums_of(p->d, v), *from = sums_of(p->d, c->from);
    if (c->whole)
        return code(a, NULL, "for (size_t i = 0; i < %lld; i++) %s[i] += %s[i];",
                    (long long)c->count, to, from);
    struct numbers width = {.bytes = v->rows < 256 && c->from->rows < 256       ? 1
                                     : v->rows < 65536 && c->from->rows < 65536 ? 2
                                                                                : 4};
    const char *rows = array_name(p, c->name, "to"), *from_rows = array_name(p, c->name, "from");
    deploy_integers(p, numbers_type(&width), rows, c->row, NULL, c->count, 0);
    deploy_integers(p, numbers_type(&width), from_rows, c->from_row, NULL, c->count, 0);
    return code(a, NULL, "for (size_t i = 0; i < %lld; i++) %s[%s[i]] += %s[%s[i]];",
                (long long)c->count, to, rows, from, from_rows);
}

static struct cstmt *emit_start(struct printer *p, const struct deployed *v)
{
    struct arena *a = p->arena;
    for (int64_t i = 0; i < v->rows; i++)
        if (v->bias[i] != 0) {
            const char *bias = array_name(p, v->name, "bias");
            deploy_floats(p, bias, v->bias, v->rows, 0);
            return code(a, NULL, "for (size_t i = 0; i < %lld; i++) %s[i] = %s[i];",
                        (long long)v->rows, sums_of(p->d, v), bias);
        }
    return code(a, NULL, "for (size_t i = 0; i < %lld; i++) %s[i] = 0.0f;", (long long)v->rows,
                sums_of(p->d, v));
}

static struct cstmt *emit_chain(struct printer *p, const struct deployed *v)
{
    struct arena *a = p->arena;
    const char *at = sums_of(p->d, v);
    if (v->chain->kind == E_NAME)
        return NULL;
    struct expr *chain = expr_substitute(a, deploy_free_standing(p, v->chain), intern(a, "x"),
                                         expr_name(a, v->chain->loc, intern(a, "v")));
    if (expr_is_logical(chain))
        chain = expr_cond(a, chain->loc, chain, ex(a, "1.0f"), ex(a, "0.0f"));
    struct holes h = {.e = {chain}};
    if (!expr_uses(chain, intern(a, "v")))
        return code(a, &h, "for (size_t i = 0; i < %lld; i++) %s[i] = $0;", (long long)v->rows, at);
    return code(a, &h, "for (size_t i = 0; i < %lld; i++) { const float v = %s[i]; %s[i] = $0; }",
                (long long)v->rows, at, at);
}

/* What products read of a value, in units of it, rounded to the nearest. */
static struct cstmt *emit_integers(struct printer *p, const struct deployed *v)
{
    struct arena *a = p->arena;
    struct expr *per_unit = expr_number(a, (struct loc){0}, (double)(float)(1 / v->unit));
    struct holes h = {.e = {per_unit}};
    const char *at = sums_of(p->d, v);
    const char *half = v->is_signed ? "(v < 0.0f ? -0.5f : 0.5f)" : "0.5f",
               *least = v->is_signed ? "-127.0f" : "0.0f",
               *most = v->is_signed ? "127.0f" : "255.0f",
               *type = v->is_signed ? "int8_t" : "uint8_t";
    return code(a, &h,
                "for (size_t i = 0; i < %lld; i++) {"
                "    const float v = %s[i] * $0;"
                "    const float near = v + %s;"
                "    const float above = near > %s ? near : %s;"
                "    %s_q[i] = (%s)(int32_t)(above < %s ? above : %s);"
                "}",
                (long long)v->rows, at, half, least, least, v->name, type, most, most);
}

static struct cstmt *emit_dead_outputs(struct printer *p, const struct deployed *v)
{
    struct arena *a = p->arena;
    struct numbers width = {.bytes = v->units < 256 ? 1 : v->units < 65536 ? 2 : 4};
    struct cstmt *s =
        code(a, NULL, "for (size_t i = 0; i < %lld; i++) out[i] = 0.0f;", (long long)v->units);
    if (!v->rows)
        return s;
    const char *rows = array_name(p, v->name, "rows");
    deploy_integers(p, numbers_type(&width), rows, v->row, NULL, v->rows, 0);
    return cstmt_join(s, code(a, NULL, "for (size_t i = 0; i < %lld; i++) out[%s[i]] = %s[i];",
                              (long long)v->rows, rows, v->name));
}

static struct cstmt *place(struct printer *p, const char *type, const char *name,
                           const struct buffer *b)
{
    return b->floats
               ? code(p->arena, NULL, "%s *const %s = (%s *)scratch + %lld;", type, name, type,
                      (long long)(b->at * 4 /
                                  (strcmp(type, "float") == 0 || strcmp(type, "int32_t") == 0 ? 4
                                                                                              : 1)))
               : NULL;
}

static struct cstmt *emit_value(struct printer *p, const struct deployed *v)
{
    struct arena *a = p->arena;
    struct cstmt *s = cstmt_join(
        place(p, "float", v->name, &v->sums),
        cstmt_join(place(p, v->is_signed ? "int8_t" : "uint8_t", arena_format(a, "%s_q", v->name),
                         &v->integers),
                   place(p, "int32_t", arena_format(a, "%s_sum", v->name), &v->products_sums)));
    if (!v->is_input && v->rows) {
        s = cstmt_join(s, emit_start(p, v));
        for (int i = 0; i < v->products; i++)
            s = cstmt_join(s, emit_product(p, v, &v->product[i]));
        for (int i = 0; i < v->copies; i++)
            s = cstmt_join(s, emit_copy(p, v, &v->copy[i]));
        s = cstmt_join(s, emit_chain(p, v));
    }
    if (v->integers.floats)
        s = cstmt_join(s, emit_integers(p, v));
    if (v->is_output && v->rows < v->units)
        s = cstmt_join(s, emit_dead_outputs(p, v));
    return s;
}

/* --- the files */

static void print_interface(struct text *t, const struct deployment *d)
{
    const char *net = d->plan->net->name, *upper = upper_case(d->arena, net);
    text_printf(t, "#define %s_INPUTS %lld\n#define %s_OUTPUTS %lld\n", upper,
                (long long)d->input->units, upper, (long long)d->output->units);
    text_printf(t, "#define %s_SCRATCH_BYTES %zu\n#define %s_CONSTANT_BYTES %zu\n\n", upper,
                d->scratch, upper, d->bytes);
    text_printf(t,
                "/* x: %s_INPUTS numbers, out: %s_OUTPUTS, the output layer as it is, without "
                "softmax; scratch:\n * %s_SCRATCH_BYTES, aligned as a float is, which need not be "
                "cleared. 0; 1 where a pointer is\n * null. */\n",
                upper, upper, upper);
    text_printf(t, "int %s_predict(const float *x, float *out, void *scratch);\n", net);
    text_printf(t,
                "#ifdef %s_SELFTEST\n"
                "/* 0 if a sample that is compiled in gives what it should, else the number of "
                "the first output\n * that does not, from 1. */\n"
                "int %s_selftest(void *scratch);\n#endif\n",
                upper, net);
}

void deploy_print_header(struct text *t, const struct deployment *d)
{
    const char *upper = upper_case(d->arena, d->plan->net->name);
    text_printf(t, "#ifndef %s_H\n#define %s_H\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
                upper, upper);
    print_interface(t, d);
    text_add(t, "\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

static void print_selftest(struct text *t, const struct printer *p)
{
    const struct deployment *d = p->d;
    const char *upper = upper_case(p->arena, p->net);
    double tolerance = fmax(d->largest, 1e-30) * (d->int8 ? 0.02 : 1e-4);
    struct printer q = *p;
    double *x = NEW_ARRAY(p->arena, d->input->units, double),
           *y = NEW_ARRAY(p->arena, d->output->units, double);
    for (int64_t i = 0; i < d->input->units; i++)
        x[i] = (double)d->sample[i];
    for (int64_t i = 0; i < d->output->units; i++)
        y[i] = (double)d->expected[i];
    q.constants = text_new(p->arena);
    const char *in = names_unique(p->names, "test_x"), *out = names_unique(p->names, "test_out");
    deploy_floats(&q, in, x, d->input->units, 0);
    deploy_floats(&q, out, y, d->output->units, 0);
    text_printf(t, "\n#ifdef %s_SELFTEST\n%s\n", upper, q.constants.bytes);
    text_printf(t,
                "int %s_selftest(void *scratch)\n{\n    static float out[%s_OUTPUTS];\n"
                "    if (%s_predict(%s, out, scratch) != 0) {\n        return 1;\n    }\n"
                "    for (int i = 0; i < %s_OUTPUTS; i++) {\n"
                "        const float off = out[i] - %s[i];\n        if (!(off <= ",
                p->net, upper, p->net, in, upper, out);
    print_literal(t, tolerance, EXPR_FLOAT);
    text_add(t, " && off >= -");
    print_literal(t, tolerance, EXPR_FLOAT);
    text_add(t, ")) {\n            return i + 1;\n        }\n    }\n    return 0;\n}\n#endif\n");
}

void deploy_print(struct text *t, struct deployment *d, const struct layout *layout)
{
    struct printer p = {.d = d, .arena = d->arena, .net = d->plan->net->name};
    p.upper = upper_case(d->arena, p.net);
    p.names = names_new(d->arena);
    for (const char *const *taken =
             (const char *const[]){"x", "out", "scratch", "i", "v", p.net, NULL};
         *taken; taken++)
        names_unique(p.names, *taken);
    p.constants = text_new(d->arena);
    p.functions = text_new(d->arena);
    p.prototypes = text_new(d->arena);
    for (int i = 0; i < d->values; i++)
        d->value[i]->name = names_unique(p.names, d->value[i]->name);
    struct cstmt *body =
        code(d->arena, NULL, "if (x == 0 || out == 0 || scratch == 0) { return 1; }");
    for (int i = 0; i < d->values; i++)
        body = cstmt_join(body, emit_value(&p, d->value[i]));
    body = cstmt_join(body, code(d->arena, NULL, "return 0;"));
    struct cfunc *f = cfunc_new(d->arena, "int", arena_format(d->arena, "%s_predict", p.net),
                                "const float *x, float *out, void *scratch");
    f->is_public = true;
    f->body = body;
    simplify(d->arena, f);
    text_printf(t,
                "/* The network %s as it was trained and pruned, for prediction: %zu bytes of "
                "constants. Made by plastc. */\n",
                p.net, d->bytes);
    text_add(t, "#include <stddef.h>\n#include <stdint.h>\n\n");
    if (layout->header)
        text_printf(t, "#include \"%s\"\n\n", layout->header);
    else
        print_interface(t, d);
    if (p.prototypes.size)
        text_printf(t, "%s\n", p.prototypes.bytes);
    text_printf(t, "%s\n%s", p.constants.size ? p.constants.bytes : "",
                p.functions.size ? p.functions.bytes : "");
    print_func(t, f);
    if (d->sample)
        print_selftest(t, &p);
}
