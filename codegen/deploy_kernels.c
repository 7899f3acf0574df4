/* The products of a deployed net's C: y += w x by each form of storage. Columns are walked, and a
 * silent input's passed over. */
#include "deploy_print.h"

#include <string.h>

/* Steps say themselves where they end. */
static const char csr_body[] = "for (size_t j = 0; j < columns; j++) {"
                               "    const %s v = x[j];"
                               "    const size_t n = count[j];"
                               "    if (v != 0) {"
                               "        size_t i = 0;"
                               "        for (size_t k = 0; k < n; k++) {"
                               "            i += step[k];"
                               "            y[i] += w[k] * v;"
                               "        }"
                               "    }"
                               "    step += n;"
                               "    w += n;"
                               "}";

static const char dense_body[] = "    for (size_t j = 0; j < columns; j++) {\n"
                                 "        const %s v = x[j];\n"
                                 "        if (v != 0) {\n"
                                 "            for (size_t i = 0; i < %lld; i++) {\n"
                                 "                y[i] += w[i] * v;\n"
                                 "            }\n"
                                 "        }\n"
                                 "        w += %lld;\n"
                                 "    }\n";

static const char bits_body[] =
    "    for (size_t j = 0; j < columns; j++) {\n"
    "        if ((live[j / 8] >> j %% 8 & 1) == 0) {\n"
    "            continue;\n"
    "        }\n"
    "        const %s v = x[j];\n"
    "        if (v != 0) {\n"
    "            const %s *restrict own = w + *start;\n"
    "            for (size_t i = 0; i < %lld; i += 8) {\n"
    "                unsigned left = bits[i / 8];\n"
    "#if defined __GNUC__ && (defined __x86_64__ || defined __aarch64__)\n"
    "                for (; left != 0; left &= left - 1) {\n"
    "                    y[i + (size_t)__builtin_ctz(left)] += *own++ * v;\n"
    "                }\n"
    "#else\n"
    "                for (size_t b = i; left != 0; b++, left >>= 1) {\n"
    "                    if ((left & 1) != 0) {\n"
    "                        y[b] += *own++ * v;\n"
    "                    }\n"
    "                }\n"
    "#endif\n"
    "            }\n"
    "        }\n"
    "        start++;\n"
    "        bits += %lld;\n"
    "    }\n";

/* Of which the vectors' passes are a part: of the rows of this one product. */
static void print_by_rows(struct printer *p, const struct product *m,
                          const struct deploy_types *types, const char *name, const char *params)
{
    struct text *t = &p->functions;
    bool dense = m->storage == STORED_DENSE;
    long long rows = m->rows;
    deploy_vectors(p);
    deploy_passes(p, types, dense, m->rows);
    text_printf(t, "/* y += w x */\nstatic void %s(%s)\n{\n", name, params);
    deploy_call_passes(p, types, dense, m->rows);
    text_add(t, "#else\n");
    if (dense)
        text_printf(t, dense_body, types->sum, rows, rows);
    else
        text_printf(t, bits_body, types->sum, types->weight, rows, (rows + 15) / 16 * 2);
    text_add(t, "#endif\n}\n\n");
}

const char *deploy_product_function(struct printer *p, const struct product *m)
{
    struct arena *a = p->arena;
    bool int8 = p->d->int8, dense = m->storage == STORED_DENSE, bits = m->storage == STORED_BITS;
    int width = 8 * m->counts.bytes;
    struct deploy_types types = {
        .in = !int8                ? "float"
              : m->from->is_signed ? "int8_t"
                                   : "uint8_t",
        .weight = int8 ? "int8_t" : "float",
        .sum = int8 ? "int32_t" : "float",
        .start = numbers_type(&m->counts),
        .kind = arena_format(a, "bits%d", width),
        .suffix = !int8                ? ""
                  : m->from->is_signed ? "_s8"
                                       : "_u8",
    };
    const char *name =
        dense  ? arena_format(a, "%s_add_dense_%lld%s", p->net, (long long)m->rows, types.suffix)
        : bits ? arena_format(a, "%s_add_bitmask_%d_%lld%s", p->net, width, (long long)m->rows,
                              types.suffix)
               : arena_format(a, "%s_add_%s_%d%s", p->net, storage_name(m->storage), width,
                              types.suffix);
    if (!deploy_is_new(p, name))
        return name;
    struct text params = text_new(a);
    text_printf(&params, "const %s *restrict x, size_t columns, ", types.in);
    if (bits)
        text_printf(&params,
                    "const uint8_t *restrict live, const %s *restrict start, const "
                    "uint8_t *restrict bits, ",
                    types.start);
    else if (!dense)
        text_printf(&params, "const %s *restrict count, const %s *restrict step, ",
                    numbers_type(&m->counts), numbers_type(&m->index));
    text_printf(&params, "const %s *restrict w, %s *restrict y", types.weight, types.sum);
    if (dense || bits)
        print_by_rows(p, m, &types, name, params.bytes);
    else
        deploy_function(p, "void", name, params.bytes, "y += w x",
                        code(a, NULL, csr_body, types.sum));
    return name;
}
