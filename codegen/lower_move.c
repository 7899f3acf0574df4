/* Flips and crops of the input, in training alone: each sample's own, drawn under its key. What was
 * loaded is read from where it is moved; a crop's pads are zeroes, which the transforms behind it
 * turn into what they make of zeroes. */
#include "lower.h"
#include "memory.h"

bool is_moved(const struct value *v)
{
    for (int i = 0; v->is_input && i < v->links; i++)
        if (v->chain[i]->op == N_FLIP || v->chain[i]->op == N_CROP)
            return true;
    return false;
}

static int key_of(const struct plan *p, const struct node *n)
{
    int number = 0;
    while (p->dropout[number] != n)
        number++;
    return number;
}

/* `float padN`: what the links after the crop make of a zero of channel `i`. */
static struct cstmt *pad_value(struct module *m, const struct value *v, int link)
{
    int64_t channels = v->shape.dim[0];
    double *pad = NEW_ARRAY(m->arena, channels, double);
    for (int64_t c = 0; c < channels; c++)
        for (int i = link + 1; i < v->links; i++)
            if (v->chain[i]->op == N_AFFINE) {
                int64_t at = v->chain[i]->channels == 1 ? 0 : c;
                pad[c] = pad[c] * v->chain[i]->scale[at] + v->chain[i]->shift[at];
            }
    const char *name =
        lower_table(m, arena_format(m->arena, "%s_pad%d", v->name, link), pad, channels);
    return code(m->arena, NULL, "const float pad%d = %s[i];", link, name);
}

/* Moves of 16 samples: how far down and right, whether mirrored. */
static struct cstmt *draw(struct kernel *k, const struct value *v, int link)
{
    struct arena *a = k->module->arena;
    const struct node *n = v->chain[link];
    const char *key = arena_format(a, "key%d", link);
    kernel_param(k, "const uint64_t *restrict", key, "m->key + %d * COLUMNS",
                 key_of(k->module->plan, n));
    if (n->op == N_FLIP)
        return code(a, NULL,
                    "int mirrored%d[16];"
                    "for (int l = 0; l < 16; l++)"
                    "    mirrored%d[l] = plast_uniform(%s[c + l], 0) < 0.5f ? 1 : 0;",
                    link, link, key);
    return code(a, NULL,
                "int down%d[16];"
                "int right%d[16];"
                "for (int l = 0; l < 16; l++) {"
                "    down%d[l] = (int)(plast_uniform(%s[c + l], 0) * %lld.0f) - %lld;"
                "    right%d[l] = (int)(plast_uniform(%s[c + l], 1) * %lld.0f) - %lld;"
                "}",
                link, link, link, key, (long long)(2 * n->pad + 1), (long long)n->pad, link, key,
                (long long)(2 * n->pad + 1), (long long)n->pad);
}

/* Back through the links: where the pixel of sample c + l comes from. */
static struct cstmt *trace_back(struct arena *a, const struct value *v, int link)
{
    long long high = v->shape.dim[1], wide = v->shape.dim[2];
    if (v->chain[link]->op == N_FLIP)
        return code(a, NULL, "column = mirrored%d[l] != 0 ? %lld - column : column;", link,
                    wide - 1);
    return code(a, NULL,
                "row += down%d[l];"
                "column += right%d[l];"
                "if (row < 0 || row >= %lld || column < 0 || column >= %lld) {"
                "    outside = inside != 0 ? pad%d : outside;"
                "    inside = 0;"
                "}",
                link, link, high, wide, link);
}

void lower_move(struct module *m, const struct value *v)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_move", v->name));
    struct cstmt *draws = NULL, *pads = NULL, *back = NULL;
    long long high = v->shape.dim[1], wide = v->shape.dim[2];
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "in", "%s", v->raw->name);
    kernel_param(&k, "float *restrict", "out", "%s", v->plain->name);
    for (int i = v->links - 1; i >= 0; i--) {
        if (v->chain[i]->op == N_AFFINE)
            continue;
        draws = cstmt_join(draws, draw(&k, v, i));
        back = cstmt_join(back, trace_back(a, v, i));
        if (v->chain[i]->op == N_CROP)
            pads = cstmt_join(pads, pad_value(m, v, i));
    }
    struct holes h = {.s = {draws, pads, back}};
    struct cstmt *body =
        code(a, &h,
             "collapse for (int64_t c = 0; c < n; c += 16)"
             "    for (int64_t i = 0; i < %lld; i++) {"
             "        @0"
             "        @1"
             "        for (int64_t y = 0; y < %lld; y++)"
             "            for (int64_t x = 0; x < %lld; x++)"
             "                for (int l = 0; l < 16; l++) {"
             "                    int64_t row = y;"
             "                    int64_t column = x;"
             "                    int inside = 1;"
             "                    float outside = 0.0f;"
             "                    @2"
             "                    row = inside != 0 ? row : 0;"
             "                    column = inside != 0 ? column : 0;"
             "                    const float pixel = in[((i * %lld + row) * %lld + column) * "
             "COLUMNS + c + l];"
             "                    out[((i * %lld + y) * %lld + x) * COLUMNS + c + l] = inside != 0 "
             "? pixel : outside;"
             "                }"
             "    }",
             (long long)v->shape.dim[0], high, wide, high, wide, high, wide);
    kernel_finish(&k, arena_format(a, "%s: flips and crops", where(m, v->layer->loc)), body);
    m->forward = cstmt_join(m->forward, kernel_call(&k));
}
