/* Pools: a value of its own, the largest or the mean of what a window covers. What pads a map is
 * never the largest; it counts as zero in a mean. */
#include "lower_time.h"

static const char *ratio(struct arena *a, const struct window *w)
{
    struct text t = text_new(a);
    print_literal(&t, 1.0 / (double)(w->size[0] * w->size[1]), EXPR_FLOAT);
    return t.bytes;
}

/* `read` for all of the window at place (y, x) of the result, of channel `channel` of `from`, which
 * is at `f`. */
static struct cstmt *each_tap(struct arena *a, const struct window *w, const struct value *from,
                              const char *in, const char *channel, struct cstmt *read)
{
    long long h = side_of(from, 0), wide = side_of(from, 1);
    struct holes holes = {.s = {read}};
    return code(a, &holes,
                "for (int64_t ky = PLAST_MOST(0, %lld - y * %lld); ky < PLAST_LEAST(%lld, %lld - y "
                "* %lld); ky++)"
                "    for (int64_t kx = PLAST_MOST(0, %lld - x * %lld); kx < PLAST_LEAST(%lld, %lld "
                "- x * %lld); kx++) {"
                "        const float *f = %s + (((%s) * %lld + (y * %lld + ky - %lld)) * %lld + (x "
                "* %lld + kx - %lld)) * COLUMNS + c;"
                "        @0"
                "    }",
                (long long)w->pad[0], (long long)w->stride[0], (long long)w->size[0],
                h + (long long)w->pad[0], (long long)w->stride[0], (long long)w->pad[1],
                (long long)w->stride[1], (long long)w->size[1], wide + (long long)w->pad[1],
                (long long)w->stride[1], in, channel, h, (long long)w->stride[0],
                (long long)w->pad[0], wide, (long long)w->stride[1], (long long)w->pad[1]);
}

enum way { POOL_TRAIN, POOL_HELD, POOL_SHOWN };

/* Which place of the window was the largest. */
static void peak_param(struct kernel *k, const struct value *v, const char *name, int delay,
                       bool written)
{
    bool byte = has_byte_peak(v->term[0].pool);
    const char *type = arena_format(k->module->arena, "%s%s *restrict", written ? "" : "const ",
                                    byte ? "uint8_t" : "float");
    kernel_param(k, type, name, byte ? "(uint8_t *)(%s)" : "%s",
                 slice_of(k->module->arena, v->peak, delay));
}

/* What a place of the window does to the sums, or largest, s[l]. */
static struct cstmt *take(struct arena *a, const struct value *v, enum way way)
{
    const struct node *pool = v->term[0].pool;
    long long wide = pool->window.size[1];
    if (pool->op == N_AVGPOOL)
        return code(a, NULL, "independent for (int l = 0; l < STRIP; l++) s[l] += f[l];");
    if (way == POOL_HELD) /* the largest is where it was */
        return code(a, NULL,
                    "const int tap = (int)(ky * %lld + kx);"
                    "independent for (int l = 0; l < STRIP; l++)"
                    "    s[l] = (int)peak[q + l] == tap ? f[l] : s[l];",
                    wide);
    if (way == POOL_SHOWN || !v->peak)
        return code(a, NULL,
                    "independent for (int l = 0; l < STRIP; l++)"
                    "    s[l] = f[l] > s[l] ? f[l] : s[l];");
    return code(a, NULL,
                "const int tap = (int)(ky * %lld + kx);"
                "independent for (int l = 0; l < STRIP; l++) {"
                "    which[l] = f[l] > s[l] ? tap : which[l];"
                "    s[l] = f[l] > s[l] ? f[l] : s[l];"
                "}",
                wide);
}

/* The channels that come from one segment. */
static struct cstmt *pool_segment(struct kernel *k, const struct value *v, int segment,
                                  int64_t channel, enum way way)
{
    struct arena *a = k->module->arena;
    const struct segment *g = &v->term[0].segment[segment];
    const struct node *pool = v->term[0].pool;
    bool most = pool->op == N_MAXPOOL, notes = v->peak && way == POOL_TRAIN;
    const char *in = arena_format(a, "in%d", segment);
    kernel_param(k, "const float *restrict", in, "%s + %lld * COLUMNS",
                 read_from(a, g, way != POOL_SHOWN), (long long)g->from);
    struct holes h = {.s = {each_tap(a, &pool->window, g->value, in, "i", take(a, v, way))}};
    h.e[0] = most ? ex(a, "-FLT_MAX") : ex(a, "0.0f");
    h.e[1] = most ? ex(a, "s[l]") : ex(a, "s[l] * %s", ratio(a, &pool->window));
    if (notes) {
        h.s[1] = code(a, NULL,
                      "int which[STRIP];"
                      "for (int l = 0; l < STRIP; l++)"
                      "    which[l] = 0;");
        h.s[2] = code(a, NULL,
                      "independent for (int l = 0; l < STRIP; l++)"
                      "    peak[q + l] = (%s)which[l];",
                      has_byte_peak(pool) ? "uint8_t" : "float");
    }
    return code(a, &h,
                "collapse for (int64_t i = 0; i < %s; i++)"
                "    for (int64_t c = 0; c < n; c += STRIP) {"
                "        for (int64_t y = 0; y < %lld; y++)"
                "            for (int64_t x = 0; x < %lld; x++) {"
                "                const int64_t q = ((%lld + i) * %lld + y * %lld + x) * COLUMNS + "
                "c;"
                "                float s[STRIP];"
                "                for (int l = 0; l < STRIP; l++)"
                "                    s[l] = $0;"
                "                @1"
                "                @0"
                "                independent for (int l = 0; l < STRIP; l++)"
                "                    out[q + l] = $1;"
                "                @2"
                "            }"
                "    }",
                g->value->live ? held_neurons(k, g->value)
                               : arena_format(a, "%lld", (long long)(g->rows / g->value->map)),
                side_of(v, 0), side_of(v, 1), (long long)channel, (long long)v->map, side_of(v, 1));
}

static struct kernel pool_kernel(struct module *m, const struct value *v, enum way way)
{
    static const char *const suffix[] = {"forward", "held", "predict"};
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_%s", v->name, suffix[way]));
    struct cstmt *body = NULL;
    int64_t channel = 0;
    kernel_param(&k, "const int64_t", "n", "n");
    if (v->peak && way != POOL_SHOWN)
        peak_param(&k, v, "peak", 0, way == POOL_TRAIN);
    for (int s = 0; s < v->term[0].segments; s++) {
        const struct segment *g = &v->term[0].segment[s];
        body = cstmt_join(body, pool_segment(&k, v, s, channel, way));
        channel += g->rows / g->value->map;
    }
    kernel_param(&k, "float *restrict", "out", "%s",
                 slice_of(a, way == POOL_SHOWN ? v->shown : v->plain, 0));
    kernel_finish(&k, arena_format(a, "%s: pooled", where(m, v->term[0].pool->loc)), body);
    return k;
}

void lower_pool(struct module *m, struct value *v)
{
    struct kernel k = pool_kernel(m, v, POOL_TRAIN);
    struct cstmt *call = kernel_call(&k);
    if (v->peak && m->plan->held) {
        struct kernel held = pool_kernel(m, v, POOL_HELD);
        call = if_held(m, kernel_call(&held), call);
    }
    m->forward = cstmt_join(m->forward, call);
    k = pool_kernel(m, v, POOL_SHOWN);
    m->shown = cstmt_join(m->shown, kernel_call(&k));
}

struct cstmt *pool_outputs(struct kernel *k, const struct value *v, const struct use *u, int number)
{
    struct arena *a = k->module->arena;
    const struct value *by = u->by;
    const struct node *pool = by->term[0].pool;
    const struct window *w = &pool->window;
    long long channel = (u->column - u->from) / v->map;
    kernel_param(k, "const float *restrict", arena_format(a, "error%d", number), "%s",
                 slice_of(a, by->error, u->delay));
    struct cstmt *take;
    if (pool->op == N_MAXPOOL) {
        peak_param(k, by, arena_format(a, "peak%d", number), u->delay, false);
        take = code(a, NULL,
                    "const int tap = (int)(ty * %lld + tx);"
                    "independent for (int l = 0; l < STRIP; l++)"
                    "    s[l] += (int)peak%d[q + l] == tap ? error%d[q + l] : 0.0f;",
                    (long long)w->size[1], number, number);
    } else {
        take = code(a, NULL,
                    "independent for (int l = 0; l < STRIP; l++)"
                    "    s[l] += error%d[q + l] * %s;",
                    number, ratio(a, w));
    }
    struct holes h = {.s = {take}};
    const char *from[2], *to[2];
    for (int s = 0; s < 2; s++) {
        const char *at = s ? "x" : "y";
        long long stride = w->stride[s], pad = w->pad[s];
        from[s] = arena_format(a, "PLAST_MOST(0, (%s + %lld) / %lld)", at,
                               pad - (long long)w->size[s] + stride, stride);
        to[s] = arena_format(a, "PLAST_LEAST(%lld, (%s + %lld) / %lld + 1)", side_of(by, s), at,
                             pad, stride);
    }
    return code(a, &h,
                "for (int64_t oy = %s; oy < %s; oy++)"
                "    for (int64_t ox = %s; ox < %s; ox++) {"
                "        const int64_t q = ((%lld + i + r) * %lld + oy * %lld + ox) * COLUMNS + c;"
                "        const int64_t ty = y + %lld - oy * %lld;"
                "        const int64_t tx = x + %lld - ox * %lld;"
                "        PLAST_IGNORE(ty + tx);"
                "        @0"
                "    }",
                from[0], to[0], from[1], to[1], channel, (long long)by->map, side_of(by, 1),
                (long long)w->pad[0], (long long)w->stride[0], (long long)w->pad[1],
                (long long)w->stride[1]);
}
