/* The products of a deployed net's C: y += w x by each form of storage. Columns are walked, and a
 * silent input's passed over. */
#include "deploy_print.h"

#include <string.h>

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

bool deploy_walks_rows(const struct product *m)
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
    deploy_integers(p, "int8_t", name, to, NULL, 256 * 8);
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
    if (vectors && deploy_is_new(p, spread)) {
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

const char *deploy_product_function(struct printer *p, const struct product *m)
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
    if (!deploy_is_new(p, name))
        return name;
    text_printf(&params, "const %s *restrict x, size_t columns, ", in);
    if (deploy_walks_rows(m))
        text_add(&params, "size_t rows, ");
    if (m->storage != STORED_DENSE)
        text_printf(&params, "const %s *restrict count, const %s *restrict %s, ",
                    numbers_type(&m->counts), numbers_type(&m->index),
                    m->storage == STORED_BITS ? "bits" : "step");
    text_printf(&params, "const %s *restrict w, %s *restrict y", weight, sum);
    if (m->storage == STORED_BITS) {
        print_bits_function(p, name, params.bytes, sum);
        return name;
    }
    deploy_function(p, "void", name, params.bytes, "y += w x",
                    code(a, NULL, "for (size_t j = 0; j < columns; j++) { const %s v = x[j]; %s }",
                         sum, body_of(m->storage)));
    return name;
}
