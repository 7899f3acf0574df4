/* A deployed net -> C99 that needs nothing around it: constant arrays, one function of each kind of
 * product that occurs, NAME_predict. Columns are walked, and a silent input's passed over. */
#include "deploy.h"
#include "memory.h"
#include "names.h"

#include <math.h>
#include <string.h>

struct printer {
    struct deployment *d;
    struct arena *arena;
    const char *net;
    struct names *names;
    struct text constants, functions, prototypes;
    const char **known; /* functions that are printed already */
    int knowns;
};

/* --- constant arrays */

static void begin_array(struct text *t, const char *type, const char *name, int64_t count)
{
    text_printf(t, "static const %s %s[%lld] = {", type, name, (long long)count);
}

static void next_place(struct text *t, int64_t i, int64_t each_line)
{
    text_add(t, i == 0 ? "\n    " : i % each_line == 0 ? ",\n    " : ", ");
}

static void print_floats(struct printer *p, const char *name, const double *x, int64_t count)
{
    struct text *t = &p->constants;
    begin_array(t, "float", name, count);
    for (int64_t i = 0; i < count; i++) {
        next_place(t, i, 8);
        print_literal(t, (double)(float)x[i], EXPR_FLOAT);
    }
    text_add(t, "};\n");
}

static void print_integers(struct printer *p, const char *type, const char *name,
                           const int64_t *number, const double *x, int64_t count)
{
    struct text *t = &p->constants;
    begin_array(t, type, name, count);
    for (int64_t i = 0; i < count; i++) {
        next_place(t, i, 20);
        text_printf(t, "%lld", (long long)(number ? number[i] : (int64_t)x[i]));
    }
    text_add(t, "};\n");
}

static const char *type_of(const struct numbers *n)
{
    return n->bytes == 1 ? "uint8_t" : n->bytes == 2 ? "uint16_t" : "uint32_t";
}

static const char *array_name(struct printer *p, const char *stem, const char *what)
{
    return names_unique(p->names, arena_format(p->arena, "%s_%s", stem, what));
}

/* --- functions */

static bool is_new(struct printer *p, const char *name)
{
    for (int i = 0; i < p->knowns; i++)
        if (strcmp(p->known[i], name) == 0)
            return false;
    PUSH(p->arena, p->known, p->knowns, name);
    return true;
}

static void add_function(struct printer *p, const char *type, const char *name, const char *params,
                         const char *comment, struct cstmt *body)
{
    struct cfunc *f = cfunc_new(p->arena, type, name, params);
    f->comment = comment;
    f->body = body;
    simplify(p->arena, f);
    print_func(&p->functions, f);
    text_add(&p->functions, "\n");
}

/* What a form does with one input that is not silent, as `v`, and then, to come to the next. */
static const char *body_of(enum storage s)
{
    switch (s) {
    case STORED_DENSE:
        return "if (v != 0) {"
               "    for (size_t i = 0; i < rows; i++)"
               "        y[i] += w[i] * v;"
               "}"
               "w += rows;";
    case STORED_CSR8:
    case STORED_CSR16:
        return "const size_t n = count[j];"
               "if (v != 0) {"
               "    size_t i = 0;"
               "    for (size_t k = 0; k < n; k++) {"
               "        i += step[k];"
               "        y[i] += w[k] * v;"
               "    }"
               "}"
               "step += n;"
               "w += n;";
    case STORED_BITS: /* print_bits_function */
    case STORAGES:
        break;
    }
    bug("no form");
}

/* Steps say themselves where they end. */
static bool walks_rows(const struct product *m)
{
    return m->storage == STORED_DENSE || m->storage == STORED_BITS;
}

static const char *input_type(const struct printer *p, const struct product *m)
{
    return !p->d->int8 ? "float" : m->from->is_signed ? "int8_t" : "uint8_t";
}

/* Where the first, second, ... of the weights of eight rows go, by the eight bits that say which
 * rows have one; -1: to none. */
static void print_spread(struct printer *p, const char *name)
{
    int64_t to[256 * 8];
    for (int bits = 0; bits < 256; bits++)
        for (int b = 0, k = 0; b < 8; b++)
            to[8 * bits + b] = bits >> b & 1 ? k++ : -1;
    struct text constants = p->constants;
    p->constants = text_new(p->arena);
    print_integers(p, "int8_t", name, to, NULL, 256 * 8);
    text_add(&p->functions, p->constants.bytes);
    p->constants = constants;
}

/* The loop IR has no bits. With AVX2 eight rows are done at once: their weights, which stand side
 * by side, are moved to where they belong, and zeros put between them. The last rows, and all
 * without AVX2, go bit by bit. */
static void print_bits_function(struct printer *p, const char *name, const char *params,
                                const char *sum)
{
    struct text *t = &p->functions;
    bool vectors = !p->d->int8;
    const char *spread = arena_format(p->arena, "%s_spread", p->net);
    if (vectors && is_new(p, spread)) {
        text_add(t, "#if defined __AVX2__ && defined __FMA__\n#include <immintrin.h>\n");
        print_spread(p, spread);
        text_add(t, "#endif\n\n");
    }
    text_printf(
        t,
        "/* y += w x. The inputs that are not silent are found first, of 64: to ask at each "
        "costs\n * more than it saves where one cannot tell what comes. */\n"
        "static void %s(%s)\n{\n"
        "    const size_t bytes = (rows + 7) / 8;\n"
        "    for (size_t from = 0; from < columns; from += 64) {\n"
        "        const size_t end = columns - from < 64 ? columns : from + 64;\n"
        "        size_t found = 0, next = 0;\n"
        "        uint32_t start[64];\n        uint8_t column[64];\n"
        "        for (size_t j = from; j < end; j++) {\n"
        "            start[found] = (uint32_t)next;\n"
        "            column[found] = (uint8_t)(j - from);\n"
        "            found += x[j] != 0;\n"
        "            next += count[j];\n"
        "        }\n"
        "        for (size_t f = 0; f < found; f++) {\n"
        "            const %s v = x[from + column[f]];\n"
        "            const uint8_t *restrict here = bits + (from + column[f]) * bytes;\n"
        "            size_t i = 0, k = start[f];\n",
        name, params, sum);
    if (vectors)
        text_printf(
            t,
            "#if defined __AVX2__ && defined __FMA__\n"
            "            const __m256 all = _mm256_set1_ps(v);\n"
            "            for (; i + 8 <= rows; i += 8) {\n"
            "                const unsigned mask = here[i / 8];\n"
            "                const __m256i to = _mm256_cvtepi8_epi32(\n"
            "                    _mm_loadl_epi64((const void *)(%s + 8 * mask)));\n"
            "                const __m256 moved = _mm256_permutevar8x32_ps(_mm256_loadu_ps(w + k), "
            "to);\n"
            "                const __m256 own = _mm256_blendv_ps(moved, _mm256_setzero_ps(), "
            "_mm256_castsi256_ps(to));\n"
            "                _mm256_storeu_ps(y + i, _mm256_fmadd_ps(own, all, "
            "_mm256_loadu_ps(y + i)));\n"
            "                k += (size_t)__builtin_popcount(mask);\n"
            "            }\n#endif\n",
            spread);
    text_add(t, "            for (; i < rows; i += 8) {\n"
                "                unsigned left = here[i / 8];\n"
                "#if defined __GNUC__ && (defined __x86_64__ || defined __aarch64__)\n"
                "                for (; left != 0; left &= left - 1) {\n"
                "                    y[i + (size_t)__builtin_ctz(left)] += w[k++] * v;\n"
                "                }\n"
                "#else\n"
                "                for (size_t b = i; left != 0; b++, left >>= 1) {\n"
                "                    if ((left & 1) != 0) {\n"
                "                        y[b] += w[k++] * v;\n"
                "                    }\n"
                "                }\n"
                "#endif\n"
                "            }\n"
                "        }\n        w += next;\n    }\n}\n\n");
}

/* The function that adds such a product; it is made where it is first asked for. */
static const char *product_function(struct printer *p, const struct product *m)
{
    struct arena *a = p->arena;
    const char *in = input_type(p, m), *weight = p->d->int8 ? "int8_t" : "float",
               *sum = p->d->int8 ? "int32_t" : "float";
    struct text params = text_new(a);
    const char *name =
        arena_format(a, "%s_add_%s%s%s%s", p->net, storage_name(m->storage),
                     m->storage == STORED_DENSE ? "" : arena_format(a, "_%d", 8 * m->counts.bytes),
                     p->d->int8 ? "_" : "",
                     !p->d->int8          ? ""
                     : m->from->is_signed ? "s8"
                                          : "u8");
    if (!is_new(p, name))
        return name;
    text_printf(&params, "const %s *restrict x, size_t columns, ", in);
    if (walks_rows(m))
        text_add(&params, "size_t rows, ");
    if (m->storage != STORED_DENSE)
        text_printf(&params, "const %s *restrict count, const %s *restrict %s, ",
                    type_of(&m->counts), type_of(&m->index),
                    m->storage == STORED_BITS ? "bits" : "step");
    text_printf(&params, "const %s *restrict w, %s *restrict y", weight, sum);
    if (m->storage == STORED_BITS) {
        print_bits_function(p, name, params.bytes, sum);
        return name;
    }
    add_function(p, "void", name, params.bytes, "y += w x",
                 code(a, NULL, "for (size_t j = 0; j < columns; j++) { const %s v = x[j]; %s }",
                      sum, body_of(m->storage)));
    return name;
}

/* --- the primitives of C that are not free of libraries, by our own functions */

struct own {
    const char *primitive, *name, *params;
    const char *body; /* %s: the prefix */
};

static const struct own own[] = {
    {"abs", "abs", "float x", "return x < 0.0f ? -x : x;"},
    {"min", "min", "float a, float b", "return a < b ? a : b;"},
    {"max", "max", "float a, float b", "return a > b ? a : b;"},
    {"floor", "floor", "float x",
     "if (!(x > -8388608.0f && x < 8388608.0f)) { return x; } "
     "const float whole = (float)(int32_t)x; return whole > x ? whole - 1.0f : whole;"},
    /* by quarters of a turn, whose length is taken off in three parts, then Taylor's series; what
     * floats of more than 100,000 come to is chance, and 0 here */
    {"sin", "sin", "float x",
     "if (!(x > -100000.0f && x < 100000.0f)) { return x - x; } "
     "const float n = %s_floor(x * 0.636619772f + 0.5f);"
     "const float r = ((x - n * 1.5703125f) - n * 0.000483751297f) - n * 7.54978995e-8f;"
     "const float s = r * r;"
     "const int quarter = (int)(n - 4.0f * %s_floor(n * 0.25f));"
     "const float odd = r * (1.0f + s * (-0.166666667f + s * (0.00833333333f + s * "
     "(-0.000198412698f + s * 2.75573192e-6f))));"
     "const float even = 1.0f + s * (-0.5f + s * (0.0416666667f + s * (-0.00138888889f + s * "
     "2.48015873e-5f)));"
     "const float y = quarter % 2 != 0 ? even : odd; return quarter > 1 ? -y : y;"},
    {"cos", "cos", "float x", "return %s_sin(x + 1.57079633f);"},
};

static void need_own(struct printer *p, const char *primitive)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        const char *name = arena_format(p->arena, "%s_%s", p->net, own[i].name);
        if (strcmp(own[i].primitive, primitive) != 0 || !is_new(p, name))
            continue;
        struct text body = text_new(p->arena);
        for (const char *at = own[i].body; *at;) {
            const char *hole = strstr(at, "%s");
            size_t n = hole ? (size_t)(hole - at) : strlen(at);
            text_add_bytes(&body, at, n);
            if (hole)
                text_add(&body, p->net);
            at += n + (hole ? 2 : 0);
        }
        if (strcmp(primitive, "cos") == 0)
            need_own(p, "sin");
        if (strcmp(primitive, "sin") == 0)
            need_own(p, "floor");
        add_function(p, "float", name, own[i].params, NULL, code(p->arena, NULL, "%s", body.bytes));
    }
}

/* Calls that the C may make: of its own functions, and of five of the C library's. */
static struct expr *free_standing(void *context, struct expr *e)
{
    struct printer *p = context;
    static const char *const library[] = {"exp", "log", "tanh", "sqrt"};
    e = expr_map(p->arena, e, free_standing, p);
    const char *prototype =
        e->kind == E_POW ? arena_format(p->arena, "float powf(float, float);\n") : NULL;
    for (size_t i = 0; e->kind == E_CALL && i < sizeof library / sizeof *library; i++)
        if (strcmp(e->name, library[i]) == 0)
            prototype = arena_format(p->arena, "float %sf(float);\n", library[i]);
    if (prototype && is_new(p, prototype))
        text_add(&p->prototypes, prototype);
    for (size_t i = 0; e->kind == E_CALL && i < sizeof own / sizeof *own; i++)
        if (strcmp(e->name, own[i].primitive) == 0) {
            need_own(p, own[i].primitive);
            return expr_call(p->arena, e->loc,
                             intern(p->arena, arena_format(p->arena, "%s_%s", p->net, own[i].name)),
                             e->count, e->arg, NULL);
        }
    return e;
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
    const char *function = product_function(p, m), *weights = array_name(p, m->name, "values");
    const char *index = "";
    if (m->storage != STORED_DENSE) {
        const char *counts = array_name(p, m->name, "counts"),
                   *steps = array_name(p, m->name, m->storage == STORED_BITS ? "bits" : "steps");
        print_integers(p, type_of(&m->counts), counts, m->counts.value, NULL, m->counts.count);
        print_integers(p, type_of(&m->index), steps, m->index.value, NULL, m->index.count);
        index = arena_format(a, "%s, %s, ", counts, steps);
    }
    if (int8)
        print_integers(p, "int8_t", weights, NULL, m->stored, m->weights);
    else
        print_floats(p, weights, m->stored, m->weights + m->beyond);
    const char *rows =
        walks_rows(m)
            ? arena_format(a, "%lld, ",
                           (long long)(deploy_pads(d, v) ? round_up(m->rows, 8) : m->rows))
            : "";
    const char *from = int8 ? arena_format(a, "%s_q", m->from->name) : sums_of(p->d, m->from);
    if (!int8)
        return code(a, NULL, "%s(%s, %lld, %s%s%s, %s);", function, from, (long long)m->cols, rows,
                    index, weights, sums_of(p->d, v));
    double *scale = NEW_ARRAY(a, m->rows, double);
    for (int64_t i = 0; i < m->rows; i++)
        scale[i] = m->scale[i] * m->from->unit;
    const char *scales = array_name(p, m->name, "scale");
    print_floats(p, scales, scale, m->rows);
    return code(a, NULL,
                "for (size_t i = 0; i < %lld; i++)"
                "    %s_sum[i] = 0;"
                "%s(%s, %lld, %s%s%s, %s_sum);"
                "for (size_t i = 0; i < %lld; i++)"
                "    %s[i] += %s[i] * (float)%s_sum[i];",
                (long long)m->rows, v->name, function, from, (long long)m->cols, rows, index,
                weights, v->name, (long long)m->rows, sums_of(p->d, v), scales, v->name);
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
    print_integers(p, type_of(&width), rows, c->row, NULL, c->count);
    print_integers(p, type_of(&width), from_rows, c->from_row, NULL, c->count);
    return code(a, NULL, "for (size_t i = 0; i < %lld; i++) %s[%s[i]] += %s[%s[i]];",
                (long long)c->count, to, rows, from, from_rows);
}

static struct cstmt *emit_start(struct printer *p, const struct deployed *v)
{
    struct arena *a = p->arena;
    for (int64_t i = 0; i < v->rows; i++)
        if (v->bias[i] != 0) {
            const char *bias = array_name(p, v->name, "bias");
            print_floats(p, bias, v->bias, v->rows);
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
    struct expr *chain = expr_substitute(a, free_standing(p, v->chain), intern(a, "x"),
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
    if (v->is_signed)
        return code(a, &h,
                    "for (size_t i = 0; i < %lld; i++) {"
                    "    const float v = %s[i] * $0;"
                    "    %s_q[i] = (int8_t)(v > 127.0f ? 127.0f : v < -127.0f ? -127.0f : v < 0.0f "
                    "? v - 0.5f : v + 0.5f);"
                    "}",
                    (long long)v->rows, at, v->name);
    return code(a, &h,
                "for (size_t i = 0; i < %lld; i++) {"
                "    const float v = %s[i] * $0;"
                "    %s_q[i] = (uint8_t)(v > 254.5f ? 255.0f : v > 0.0f ? v + 0.5f : 0.0f);"
                "}",
                (long long)v->rows, at, v->name);
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
    print_integers(p, type_of(&width), rows, v->row, NULL, v->rows);
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
    print_floats(&q, in, x, d->input->units);
    print_floats(&q, out, y, d->output->units);
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
