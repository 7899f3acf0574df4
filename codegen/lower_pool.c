/* Pools: a value of its own, the largest or the mean of what a window covers. What pads a map is
 * never the largest; it counts as zero in a mean. */
#include "lower_time.h"

static long long side(const struct value *v, int s)
{
    return v->shape.rank == 3 ? v->shape.dim[1 + s] : 1;
}

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
    long long h = side(from, 0), wide = side(from, 1);
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

/* The channels that come from one segment. */
static struct cstmt *pool_segment(struct kernel *k, const struct value *v, int segment,
                                  int64_t channel, bool train, bool held)
{
    struct arena *a = k->module->arena;
    const struct segment *g = &v->term[0].segment[segment];
    const struct node *pool = v->term[0].pool;
    bool most = pool->op == N_MAXPOOL;
    const char *in = arena_format(a, "in%d", segment);
    kernel_param(k, "const float *restrict", in, "%s + %lld * COLUMNS", read_from(a, g, train),
                 (long long)g->from);
    struct cstmt *take =
        most ? code(a, NULL,
                    "independent for (int l = 0; l < STRIP; l++)"
                    "    s[l] = f[l] > s[l] ? f[l] : s[l];")
             : code(a, NULL, "independent for (int l = 0; l < STRIP; l++) s[l] += f[l];");
    bool chooses = train && v->choice && !held;
    const char *tap = arena_format(a, "(float)(ky * %lld + kx)", (long long)pool->window.size[1]);
    if (chooses)
        take = code(a, NULL,
                    "independent for (int l = 0; l < STRIP; l++) {"
                    "    which[l] = f[l] > s[l] ? %s : which[l];"
                    "    s[l] = f[l] > s[l] ? f[l] : s[l];"
                    "}",
                    tap);
    if (held) /* the largest is where it was */
        take = code(a, NULL,
                    "independent for (int l = 0; l < STRIP; l++)"
                    "    s[l] = choice[at + l] == %s ? f[l] : s[l];",
                    tap);
    struct holes h = {.s = {each_tap(a, &pool->window, g->value, in, "i", take)}};
    if (chooses) {
        h.s[1] =
            code(a, NULL, "float which[STRIP]; for (int l = 0; l < STRIP; l++) which[l] = 0.0f;");
        h.s[2] =
            code(a, NULL, "independent for (int l = 0; l < STRIP; l++) choice[at + l] = which[l];");
    }
    struct cstmt *at =
        code(a, NULL, "const int64_t at = ((%lld + i) * %lld + y * %lld + x) * COLUMNS + c;",
             (long long)channel, (long long)v->map, side(v, 1));
    h.s[3] = held ? cstmt_join(at, h.s[0]) : cstmt_join(h.s[0], at);
    h.e[0] = most ? ex(a, "-FLT_MAX") : ex(a, "0.0f");
    h.e[1] = most ? ex(a, "s[l]") : ex(a, "s[l] * %s", ratio(a, &pool->window));
    return code(a, &h,
                "collapse for (int64_t i = 0; i < %s; i++)"
                "    for (int64_t c = 0; c < n; c += STRIP) {"
                "        for (int64_t y = 0; y < %lld; y++)"
                "            for (int64_t x = 0; x < %lld; x++) {"
                "                float s[STRIP];"
                "                for (int l = 0; l < STRIP; l++)"
                "                    s[l] = $0;"
                "                @1"
                "                @3"
                "                independent for (int l = 0; l < STRIP; l++)"
                "                    out[at + l] = $1;"
                "                @2"
                "            }"
                "    }",
                g->value->live ? held_neurons(k, g->value)
                               : arena_format(a, "%lld", (long long)(g->rows / g->value->map)),
                side(v, 0), side(v, 1));
}

static struct kernel pool_kernel(struct module *m, const struct value *v, bool train, bool held)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_%s", v->name,
                                                 held    ? "held"
                                                 : train ? "forward"
                                                         : "predict"));
    struct cstmt *body = NULL;
    int64_t channel = 0;
    kernel_param(&k, "const int64_t", "n", "n");
    for (int s = 0; s < v->term[0].segments; s++) {
        const struct segment *g = &v->term[0].segment[s];
        body = cstmt_join(body, pool_segment(&k, v, s, channel, train, held));
        channel += g->rows / g->value->map;
    }
    kernel_param(&k, "float *restrict", "out", "%s", slice_of(a, train ? v->plain : v->shown, 0));
    if (train && v->choice)
        kernel_param(&k, held ? "const float *restrict" : "float *restrict", "choice", "%s",
                     slice_of(a, v->choice, 0));
    if (train || v->choice)
        kernel_finish(&k, arena_format(a, "%s: pooled", where(m, v->term[0].pool->loc)), body);
    return k;
}

/* One function serves training and prediction, where it does not say what it chose. */
void lower_pool(struct module *m, struct value *v)
{
    struct kernel k = pool_kernel(m, v, true, false), shown = pool_kernel(m, v, false, false);
    struct cstmt *call = kernel_call(&k);
    if (v->choice) {
        if (m->plan->held) {
            k = pool_kernel(m, v, true, true);
            call = if_held(m, kernel_call(&k), call);
        }
        m->forward = cstmt_join(m->forward, call);
        m->shown = cstmt_join(m->shown, kernel_call(&shown));
        return;
    }
    m->forward = cstmt_join(m->forward, call);
    m->shown = cstmt_join(m->shown, code(m->arena, NULL, "%s(%s);", k.name, shown.actuals.bytes));
}

/* Whether the place is the largest of its window, and the first in order that is. */
static struct cstmt *take_first(struct arena *a, const struct window *w, const struct value *v,
                                const char *channel, int number)
{
    struct cstmt *lose = code(a, NULL,
                              "if (ky < ty || (ky == ty && kx < tx)) {"
                              "    independent for (int l = 0; l < STRIP; l++)"
                              "        first[l] = f[l] == pooled%d[q + l] ? 0.0f : first[l];"
                              "}",
                              number);
    struct holes h = {.s = {each_tap(a, w, v, "result", channel, lose)}};
    struct cstmt *inner = code(a, &h,
                               "const int64_t y = oy;"
                               "const int64_t x = ox;"
                               "@0");
    h.s[0] = inner;
    return code(a, &h,
                "float first[STRIP];"
                "for (int l = 0; l < STRIP; l++)"
                "    first[l] = 1.0f;"
                "if (ty + tx > 0) {"
                "    @0"
                "}"
                "independent for (int l = 0; l < STRIP; l++)"
                "    s[l] += result[at + l] == pooled%d[q + l] ? first[l] * error%d[q + l] : 0.0f;",
                number, number);
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
    if (by->choice) {
        kernel_param(k, "const float *restrict", arena_format(a, "choice%d", number), "%s",
                     slice_of(a, by->choice, u->delay));
        take = code(a, NULL,
                    "const float which = (float)(ty * %lld + tx);"
                    "independent for (int l = 0; l < STRIP; l++)"
                    "    s[l] += choice%d[q + l] == which ? error%d[q + l] : 0.0f;",
                    (long long)w->size[1], number, number);
    } else if (pool->op == N_MAXPOOL) {
        kernel_param(k, "const float *restrict", "result", "%s", slice_of(a, v->plain, 0));
        kernel_param(k, "const float *restrict", arena_format(a, "pooled%d", number), "%s",
                     slice_of(a, by->plain, u->delay));
        take = take_first(a, w, v, "i + r", number);
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
        to[s] = arena_format(a, "PLAST_LEAST(%lld, (%s + %lld) / %lld + 1)", side(by, s), at, pad,
                             stride);
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
                from[0], to[0], from[1], to[1], channel, (long long)by->map, side(by, 1),
                (long long)w->pad[0], (long long)w->stride[0], (long long)w->pad[1],
                (long long)w->stride[1]);
}
