/* Weights that slide over maps. A tile is PLAST_ROWS channels at one place of the map by VECS
 * vectors of samples: with the samples innermost, each weight of the window is one more term of the
 * same sums that dense weights make, and nothing need be rearranged. `inside` is a constant: where
 * the whole window lies in the map, its loops have constant bounds. */
#include "lower_rule.h"
#include "lower_time.h"
#include "memory.h"

/* The places of a side at which a window lies in the map whole: [from, to). */
struct range {
    long long from, to;
};

static struct range meet(struct range a, struct range b)
{
    return (struct range){a.from > b.from ? a.from : b.from, a.to < b.to ? a.to : b.to};
}

/* Of places of the result, where the window is read forward. */
static struct range inside_forward(const struct window *w, long long side_in, int s)
{
    long long last = side_in + w->pad[s] - w->size[s];
    return (struct range){(w->pad[s] + w->stride[s] - 1) / w->stride[s],
                          last < 0 ? 0 : last / w->stride[s] + 1};
}

/* Of places of the input, where what came from it is collected. */
static struct range inside_backward(const struct window *w, long long side_out, int s)
{
    if (w->stride[s] > 1)
        return (struct range){0, 0};
    return (struct range){w->size[s] - 1 - w->pad[s], side_out - w->pad[s]};
}

static struct range all_inside(const struct value *v, bool back, int s)
{
    struct range r = {0, side_of(v, s)};
    for (int t = 0; !back && t < v->terms; t++)
        if (is_conv(&v->term[t]))
            r = meet(r, inside_forward(&v->term[t].dense->window,
                                       side_of(v->term[t].segment[0].value, s), s));
    for (int i = 0; back && i < v->uses; i++) {
        const struct use *u = &v->use[i];
        if (u->by->error && is_conv(&u->by->term[u->term]))
            r = meet(r, inside_backward(&u->by->term[u->term].dense->window, side_of(u->by, s), s));
    }
    return r;
}

/* Channels that one tile may hold together: those of a group. */
static long long block_of(const struct value *v, bool back)
{
    long long block = neurons_in(v);
    for (int t = 0; !back && t < v->terms; t++)
        if (is_conv(&v->term[t])) {
            long long own = neurons_in(v) / v->term[t].dense->groups;
            block = own < block ? own : block;
        }
    for (int i = 0; back && i < v->uses; i++) {
        const struct term *t = &v->use[i].by->term[v->use[i].term];
        if (!is_conv(t) || t->dense->groups == 1)
            continue;
        long long own = neurons_in(v) / t->dense->groups, a = block;
        while (own) { /* whatever divides both */
            long long rest = a % own;
            a = own;
            own = rest;
        }
        block = a;
    }
    return block;
}

struct map_tile {
    const struct kernel *kernel;
    const char *inside; /* when the window is in the map whole; NULL: always */
    bool never;
};

static struct cstmt *map_tile(void *context, const char *rows)
{
    const struct map_tile *m = context;
    const struct kernel *k = m->kernel;
    struct holes h;
    for (int in = 0; in < 2; in++)
        h.s[in] = code(k->module->arena, NULL, "%s_tile(%s, %d, i, c, y, x, %s);", k->name, rows,
                       in, k->tile_names);
    return !m->inside ? h.s[1]
           : m->never ? h.s[0]
                      : code(k->module->arena, &h, "if (%s) { @1 } else { @0 }", m->inside);
}

static struct cstmt *tiles(struct kernel *k, const struct value *v, bool back)
{
    struct arena *a = k->module->arena;
    struct range y = all_inside(v, back, HEIGHT), x = all_inside(v, back, WIDTH);
    long long block = block_of(v, back), high = side_of(v, HEIGHT), wide = side_of(v, WIDTH);
    bool always = y.from <= 0 && x.from <= 0 && y.to >= high && x.to >= wide;
    bool never = y.from >= y.to || x.from >= x.to;
    const char *inside = arena_format(a, "y >= %lld && y < %lld && x >= %lld && x < %lld", y.from,
                                      y.to, x.from, x.to);
    struct map_tile t = {k, always ? NULL : inside, never};
    if (v->live) { /* and so no groups */
        struct holes h = {.s = {tile_rows(a, v, held_neurons(k, v), arena_format(a, "%lld", block),
                                          map_tile, &t)}};
        return code(a, &h,
                    "collapse for (int64_t y = 0; y < %lld; y++)"
                    "    for (int64_t c = 0; c < n; c += STRIP) {"
                    "        for (int64_t i = 0; i < %s; i += PLAST_ROWS)"
                    "            for (int64_t x = 0; x < %lld; x++) {"
                    "                @0"
                    "            }"
                    "    }",
                    high, held_neurons(k, v), wide);
    }
    struct holes h = {.s = {map_tile(&t, "PLAST_ROWS"),
                            map_tile(&t, arena_format(a, "%lld %% PLAST_ROWS", block))}};
    h.s[2] = code(a, &h,
                  "for (int64_t i = b; i < b + %lld; i += PLAST_ROWS) {"
                  "    for (int64_t x = 0; x < %lld; x++) {"
                  "        if (i + PLAST_ROWS <= b + %lld) {"
                  "            @0"
                  "        } else {"
                  "            @1"
                  "        }"
                  "    }"
                  "}",
                  block, wide, block);
    return code(a, &h,
                "collapse for (int64_t y = 0; y < %lld; y++)"
                "    for (int64_t c = 0; c < n; c += STRIP) {"
                "        for (int64_t b = 0; b < %lld; b += %lld) {"
                "            @2"
                "        }"
                "    }",
                high, (long long)neurons_in(v), block);
}

static struct cstmt *tiles_forward(struct kernel *k, const struct value *v, int64_t depth)
{
    (void)depth;
    return tiles(k, v, false);
}

static struct cstmt *tiles_back(struct kernel *k, const struct value *v, int64_t depth)
{
    (void)depth;
    return tiles(k, v, true);
}

/* The bounds of a loop over a side of the window: constant inside the map. What is outside of a map
 * that is not padded is never read. */
static const char *bound(struct arena *a, const char *most, long long whole, const char *other)
{
    if (!other)
        return arena_format(a, "%lld", whole);
    return arena_format(a, "(inside != 0 ? %lld : %s(%lld, %s))", whole, most, whole, other);
}

/* In the tile: sum[r][q] += s * v[q], s being first[r * step]. */
static const char multiply[] = "plast_vec v[VECS];"
                               "unroll for (int q = 0; q < VECS; q++)"
                               "    v[q] = plast_load(from + q * PLAST_LANES);"
                               "unroll for (int r = 0; r < rows; r++) {"
                               "    const float s = first[r * %lld];"
                               "    unroll for (int q = 0; q < VECS; q++)"
                               "        sum[r][q] += s * v[q];"
                               "}";

/* The place of the window that is `from` of a side of the map; NULL: there is no pad to care for.
 */
static const char *left(struct arena *a, const struct window *w, long long from, int s)
{
    return w->pad[s] ? arena_format(a, "%lld - %s * %lld", from + (long long)w->pad[s],
                                    s == HEIGHT ? "y" : "x", (long long)w->stride[s])
                     : NULL;
}

static struct cstmt *conv_inputs(struct kernel *k, const struct value *v, int t, bool train)
{
    struct arena *a = k->module->arena;
    const struct term *m = &v->term[t];
    const struct window *w = &m->dense->window;
    const char *name = arena_format(a, "w%d", t);
    struct cstmt *s = NULL;
    long long channel = 0, groups = m->dense->groups;
    kernel_param(k, "const float *restrict", name, "m->%s", m->weight);
    for (int i = 0; i < m->segments; i++) {
        const struct segment *g = &m->segment[i];
        const char *in = arena_format(a, "in%d_%d", t, i);
        long long channels = g->rows / g->value->map / groups;
        long long high = side_of(g->value, HEIGHT), wide = side_of(g->value, WIDTH);
        kernel_param(k, "const float *restrict", in, "%s", read_from(a, g, train));
        /* of grouped ones all channels stand before their part */
        const char *base = groups > 1
                               ? arena_format(a, "i / %lld * %lld + j",
                                              (long long)neurons_in(v) / groups, channels)
                               : arena_format(a, "%lld + j", (long long)(g->from / g->value->map));
        struct holes h = {.s = {code(a, NULL, multiply, (long long)m->line)}};
        s = cstmt_join(
            s,
            code(a, &h,
                 "for (int64_t j = 0; j < %s; j++)"
                 "    for (int64_t ky = %s; ky < %s; ky++)"
                 "        for (int64_t kx = %s; kx < %s; kx++) {"
                 "            const float *from = %s + (((%s) * %lld + (y * %lld + ky - %lld)) * "
                 "%lld + (x * %lld + kx - %lld)) * COLUMNS + c;"
                 "            const float *first = %s + i * %lld + ((%lld + j) * %lld + ky) * %lld "
                 "+ kx;"
                 "            @0"
                 "        }",
                 g->value->live ? held_neurons(k, g->value) : arena_format(a, "%lld", channels),
                 bound(a, "PLAST_MOST", 0, left(a, w, 0, HEIGHT)),
                 bound(a, "PLAST_LEAST", w->size[0], left(a, w, high, HEIGHT)),
                 bound(a, "PLAST_MOST", 0, left(a, w, 0, WIDTH)),
                 bound(a, "PLAST_LEAST", w->size[1], left(a, w, wide, WIDTH)), in, base, high,
                 (long long)w->stride[0], (long long)w->pad[0], wide, (long long)w->stride[1],
                 (long long)w->pad[1], name, (long long)m->line, channel, (long long)w->size[0],
                 (long long)w->size[1]));
        channel += channels;
    }
    return s;
}

/* Where a place of the input was read: by which places of the window, in one direction. */
struct reach {
    const char *from, *to, *at; /* of the window; of the result */
};

static struct reach reach(struct arena *a, const struct window *w, long long side_out, int s)
{
    const char *place = s == HEIGHT ? "y" : "x", *step = s == HEIGHT ? "ky" : "kx";
    long long pad = w->pad[s], stride = w->stride[s], size = w->size[s];
    struct reach r = {
        .to = bound(a, "PLAST_LEAST", size, arena_format(a, "%s + %lld", place, pad + 1))};
    if (stride == 1) {
        r.from =
            bound(a, "PLAST_MOST", 0, arena_format(a, "%s + %lld", place, pad - (side_out - 1)));
        r.at = arena_format(a, "(%s + %lld - %s)", place, pad, step);
        return r;
    }
    r.from = arena_format(a, "PLAST_MOST((%s + %lld) %% %lld, %s + %lld)", place, pad, stride,
                          place, pad - (side_out - 1) * stride);
    r.at = arena_format(a, "(%s + %lld - %s) / %lld", place, pad, step, stride);
    return r;
}

static struct cstmt *conv_outputs(struct kernel *k, const struct use *u, int number)
{
    struct arena *a = k->module->arena;
    const struct value *by = u->by;
    const struct term *t = &by->term[u->term];
    const struct window *w = &t->dense->window;
    const struct value *from = t->segment[0].value;
    const char *name = arena_format(a, "w%d", number), *in = arena_format(a, "error%d", number);
    long long taps = w->size[0] * w->size[1], groups = t->dense->groups;
    long long outs = neurons_in(by) / groups, ins = t->rows / from->map / groups;
    struct reach y = reach(a, w, side_of(by, HEIGHT), HEIGHT),
                 x = reach(a, w, side_of(by, WIDTH), WIDTH);
    kernel_param(k, "const float *restrict", name, "m->%s", t->feedback ? t->feedback : t->weight);
    kernel_param(k, "const float *restrict", in, "%s", slice_of(a, by->error, u->delay));
    const char *row = groups > 1 ? arena_format(a, "i / %lld * %lld + j", ins, outs) : "j";
    const char *column = groups > 1
                             ? arena_format(a, "i %% %lld", ins)
                             : arena_format(a, "%lld + i", (long long)(u->column / from->map));
    struct holes h = {.s = {code(a, NULL, multiply, taps)}};
    return code(a, &h,
                "for (int64_t j = 0; j < %s; j++)"
                "    for (int64_t ky = %s; ky < %s; ky += %lld)"
                "        for (int64_t kx = %s; kx < %s; kx += %lld) {"
                "            const float *from = %s + (((%s) * %lld + %s) * %lld + %s) * COLUMNS + "
                "c;"
                "            const float *first = %s + (%s) * %lld + ((%s) * %lld + ky) * %lld + "
                "kx;"
                "            @0"
                "        }",
                by->live ? held_neurons(k, by) : arena_format(a, "%lld", outs), y.from, y.to,
                (long long)w->stride[0], x.from, x.to, (long long)w->stride[1], in, row,
                side_of(by, HEIGHT), y.at, side_of(by, WIDTH), x.at, name, row, (long long)t->line,
                column, (long long)w->size[0], (long long)w->size[1]);
}

/* What comes back from dense weights, of one place of all channels. */
static struct cstmt *flat_outputs(struct kernel *k, const struct use *u, int number)
{
    struct arena *a = k->module->arena;
    const struct term *t = &u->by->term[u->term];
    long long map = t->segment[0].value->map;
    const char *name = arena_format(a, "w%d", number), *in = arena_format(a, "error%d", number);
    kernel_param(k, "const float *restrict", name, "m->%s", t->feedback ? t->feedback : t->weight);
    kernel_param(k, "const float *restrict", in, "%s", slice_of(a, u->by->error, u->delay));
    struct holes h = {.s = {code(a, NULL, multiply, map)}};
    return code(a, &h,
                "for (int64_t j = 0; j < %s; j++) {"
                "    const float *from = %s + j * COLUMNS + c;"
                "    const float *first = %s + j * %lld + %lld + i * %lld + p;"
                "    @0"
                "}",
                rows_of(k, u->by), in, name, (long long)t->line, (long long)u->column, map);
}

static struct cstmt *map_outputs(struct kernel *k, const struct use *u, int number)
{
    return is_conv(&u->by->term[u->term]) ? conv_outputs(k, u, number) : flat_outputs(k, u, number);
}

static const char map_params[] = "const int rows, const int inside, const int64_t i, const int64_t "
                                 "c, const int64_t y, const int64_t x";

const struct form form_map = {
    .suffix = "",
    .map = true,
    .params = map_params,
    .rows = "rows",
    .vecs = "VECS",
    .span = "STRIP",
    .most = "PLAST_ROWS",
    .each = "unroll for",
    .inputs = conv_inputs,
    .tiles = tiles_forward,
};

/* Of a value's error: some readers slide over it, or pool it. */
const struct form form_map_back = {
    .suffix = "",
    .map = true,
    .params = map_params,
    .rows = "rows",
    .vecs = "VECS",
    .span = "STRIP",
    .most = "PLAST_ROWS",
    .each = "unroll for",
    .outputs = map_outputs,
    .tiles = tiles_back,
};

/* --- gradients */

/* The first and the end of the places of the result whose window reads the map at its k-th place.
 */
static const char *first_place(struct arena *a, const struct window *w, int s, const char *k)
{
    return w->pad[s] == 0 ? "0"
                          : arena_format(a, "PLAST_MOST(0, (%lld - (%s)) / %lld)",
                                         (long long)(w->pad[s] + w->stride[s] - 1), k,
                                         (long long)w->stride[s]);
}

static const char *end_place(struct arena *a, const struct window *w, int s, const char *k,
                             long long side_in, long long side_out)
{
    return arena_format(a, "PLAST_LEAST(%lld, (%lld - (%s)) / %lld + 1)", side_out,
                        side_in - 1 + (long long)w->pad[s], k, (long long)w->stride[s]);
}

/* The products at one place x of the result, of all samples; `tap` is run for each of the taps. */
static struct cstmt *at_place(struct arena *a, const struct value *v, long long step,
                              const char *tap)
{
    struct cstmt *part[2];
    for (int last = 0; last < 2; last++) {
        const char *of = last ? "plast_first(plast_load(%s), n - b)" : "plast_load(%s)";
        const char *in = arena_format(a, "f + t * %lld * COLUMNS + b", step);
        const char *error = arena_format(a, "e + r * %lld * COLUMNS + b", (long long)v->map);
        struct holes h = {
            .e = {ex(a, "%s", arena_format(a, of, in)), ex(a, "%s", arena_format(a, of, error))}};
        if (*tap)
            part[last] = code(a, &h,
                              "unroll for (int t = 0; t < taps; t++) {"
                              "    if (%s) {"
                              "        const plast_vec v = $0;"
                              "        unroll for (int r = 0; r < rows; r++)"
                              "            sum[r][t] += $1 * v;"
                              "    }"
                              "}",
                              tap);
        else
            part[last] = code(a, &h,
                              "plast_vec v[PLAST_TAPS];"
                              "unroll for (int t = 0; t < taps; t++)"
                              "    v[t] = $0;"
                              "unroll for (int r = 0; r < rows; r++) {"
                              "    const plast_vec s = $1;"
                              "    unroll for (int t = 0; t < taps; t++)"
                              "        sum[r][t] += s * v[t];"
                              "}");
    }
    struct holes h = {.s = {part[0], part[1]}};
    return code(a, &h,
                "for (int64_t b = 0; b < n; b += PLAST_LANES) {"
                "    if (b + PLAST_LANES <= n) { @0 } else { @1 }"
                "}");
}

/* How the weights of a tile stand: beside each other in the window, or at the same place of it, of
 * channels beside each other. */
struct taps {
    const struct value *v, *from;
    const struct term *t;
    const struct window *w;
    bool along;                      /* the window */
    long long ins;                   /* channels of the input, of a group */
    long long column;                /* channels of the term before the segment */
    long long in_slice, error_slice; /* of a time step; 0: there is one */
};

static struct cstmt *places(struct arena *a, const struct taps *p)
{
    const struct window *w = p->w;
    long long high = side_of(p->from, HEIGHT), wide = side_of(p->from, WIDTH),
              out = side_of(p->v, WIDTH);
    const char *last = p->along ? "kx + taps - 1" : "kx";
    const char *from = first_place(a, w, WIDTH, "kx"),
               *to = end_place(a, w, WIDTH, last, wide, out);
    long long step = p->along ? 1 : p->from->map;
    struct holes h = {.s = {at_place(a, p->v, step, "")}};
    if (p->along && w->pad[WIDTH]) { /* some taps of the window are outside at the edges */
        const char *read = arena_format(a, "x * %lld + kx + t - %lld", (long long)w->stride[WIDTH],
                                        (long long)w->pad[WIDTH]);
        h.s[1] = at_place(a, p->v, step, arena_format(a, "%s >= 0 && %s < %lld", read, read, wide));
        h.s[0] = code(a, &h, "if (x >= %s && x < %s) { @0 } else { @1 }", from, to);
        from = first_place(a, w, WIDTH, last);
        to = end_place(a, w, WIDTH, "kx", wide, out);
    }
    const char *channel =
        p->t->dense->groups > 1
            ? arena_format(a, "i / %lld * %lld + j",
                           (long long)neurons_in(p->v) / p->t->dense->groups, p->ins)
            : "j";
    const char *error = "error", *in = "in";
    if (p->error_slice) {
        error = arena_format(a, "error + step * %lld", p->error_slice);
        in = arena_format(a, "in + step * %lld", p->in_slice);
    }
    h.s[0] = code(
        a, &h,
        "for (int64_t y = %s; y < %s; y++)"
        "    for (int64_t x = %s; x < %s; x++) {"
        "        const float *e = %s + (i * %lld + y * %lld + x) * COLUMNS;"
        "        const float *f = %s + (((%s) * %lld + (y * %lld + ky - %lld)) * %lld + (x * "
        "%lld + kx - %lld)) * COLUMNS;"
        "        @0"
        "    }",
        first_place(a, w, HEIGHT, "ky"), end_place(a, w, HEIGHT, "ky", high, side_of(p->v, HEIGHT)),
        from, to, error, (long long)p->v->map, out, in, channel, high, (long long)w->stride[0],
        (long long)w->pad[0], wide, (long long)w->stride[1], (long long)w->pad[1]);
    return p->error_slice ? code(a, &h, "for (int64_t step = 0; step < STEPS; step++) { @0 }")
                          : h.s[0];
}

/* Products over samples and places of errors and inputs: PLAST_TAP_ROWS channels of the result by
 * PLAST_TAPS weights of each. Sums are of vectors of samples, whose lanes are added last. */
static void tap_tile(struct kernel *k, const struct field *f, const struct taps *p)
{
    struct arena *a = k->module->arena;
    kernel_param(k, "float *restrict", "gradient", "%s", gradient_memory(k->module, p->t, f));
    struct holes h = {.s = {places(a, p)}};
    struct expr *value = ex(a, "plast_total(sum[r][t])");
    h.e[0] = p->t->wants_demand ? value : if_alive(k, f, value);
    struct cstmt *body =
        code(a, &h,
             "plast_vec sum[PLAST_TAP_ROWS][PLAST_TAPS];"
             "unroll for (int r = 0; r < rows; r++)"
             "    unroll for (int t = 0; t < taps; t++)"
             "        sum[r][t] = plast_splat(0.0f);"
             "@0"
             "unroll for (int r = 0; r < rows; r++)"
             "    unroll for (int t = 0; t < taps; t++) {"
             "        const int64_t at = (i + r) * %lld + ((%lld + j%s) * %lld + ky) * %lld + kx%s;"
             "        const int64_t l = 0;"
             "        PLAST_IGNORE(l);"
             "        gradient[at] = $0;"
             "    }",
             (long long)p->t->line, p->column, p->along ? "" : " + t", (long long)p->w->size[0],
             (long long)p->w->size[1], p->along ? " + t" : "");
    kernel_tile(k,
                "const int rows, const int taps, const int64_t i, const int64_t j, const int64_t "
                "ky, const int64_t kx",
                body);
}

/* The tiles of a segment: `q` runs over what of the window and the channels a tile begins at. */
struct tap_call {
    const struct kernel *kernel;
    const struct taps *taps;
    const char *ins; /* channels of the input that there are */
};

static struct cstmt *tap_call(const struct tap_call *c, const char *rows, const char *taps)
{
    bool along = c->taps->along;
    return code(c->kernel->module->arena, NULL, "%s_tile(%s, %s, i, %s, ky, %s, %s);",
                c->kernel->name, rows, taps, along ? "j" : "u", along ? "u" : "kx",
                c->kernel->tile_names);
}

/* The tiles of `rows` channels, of all taps from u on: packed inputs end at a multiple of four. */
static struct cstmt *tap_columns(const struct tap_call *c, const char *rows, long long deep)
{
    struct arena *a = c->kernel->module->arena;
    struct holes h = {.s = {tap_call(c, rows, "PLAST_TAPS"),
                            tap_call(c, rows, arena_format(a, "%lld %% PLAST_TAPS", deep))}};
    if (c->taps->along || !c->taps->from->live)
        return code(a, &h, "if (u + PLAST_TAPS <= %lld) { @0 } else { @1 }", deep);
    h.s[2] = tap_call(c, rows, "4");
    h.s[3] = tap_call(c, rows, "2");
    return code(a, &h,
                "if (u + PLAST_TAPS <= %s) { @0 }"
                "else { if (%s - u == %lld %% PLAST_TAPS) { @1 }"
                "else { if (%s - u == 4) { @2 } else { @3 } } }",
                c->ins, c->ins, deep, c->ins);
}

/* The tiles of a segment: `u` runs over the channels, or places of the window, that a tile holds,
 * `q` over the others. */
static struct cstmt *tap_tiles(struct kernel *k, const struct taps *p)
{
    struct arena *a = k->module->arena;
    long long kh = p->w->size[0], kw = p->w->size[1], outs = neurons_in(p->v);
    long long block = outs / p->t->dense->groups, deep = p->along ? kw : p->ins;
    const char *ins = p->from->live ? held_neurons(k, p->from) : arena_format(a, "%lld", p->ins);
    const char *rows = p->v->live ? held_neurons(k, p->v) : arena_format(a, "%lld", outs);
    struct tap_call c = {k, p, ins};
    struct holes h = {
        .s = {tap_columns(&c, "PLAST_TAP_ROWS", deep),
              tap_columns(&c, arena_format(a, "%lld %% PLAST_TAP_ROWS", block), deep)}};
    const char *to = block == outs ? rows : arena_format(a, "b + %lld", block);
    h.s[4] = code(a, &h, "if (i + PLAST_TAP_ROWS <= %s) { @0 } else { @1 }", to);
    /* all that the loops below go over, as one loop that threads share */
    const char *outer =
        p->along ? arena_format(a, "%s * %lld", ins, kh) : arena_format(a, "%lld", kh * kw);
    const char *end = p->along ? arena_format(a, "%lld", kw) : ins;
    const char *first = p->along ? arena_format(a, "const int64_t j = q / %lld;", kh)
                                 : arena_format(a, "const int64_t ky = q / %lld;", kw);
    const char *second = p->along ? arena_format(a, "const int64_t ky = q %% %lld;", kh)
                                  : arena_format(a, "const int64_t kx = q %% %lld;", kw);
    if (block == outs)
        return code(a, &h,
                    "collapse for (int64_t q = 0; q < %s; q++)"
                    "    for (int64_t i = 0; i < %s; i += PLAST_TAP_ROWS) {"
                    "        %s"
                    "        %s"
                    "        for (int64_t u = 0; u < %s; u += PLAST_TAPS) {"
                    "            @4"
                    "        }"
                    "    }",
                    outer, rows, first, second, end);
    return code(a, &h,
                "collapse for (int64_t b = 0; b < %lld; b += %lld)"
                "    for (int64_t q = 0; q < %s; q++) {"
                "        %s"
                "        %s"
                "        for (int64_t u = 0; u < %s; u += PLAST_TAPS)"
                "            for (int64_t i = b; i < b + %lld; i += PLAST_TAP_ROWS) {"
                "                @4"
                "            }"
                "    }",
                outs, block, outer, first, second, end, block);
}

struct cstmt *lower_conv_gradient(struct module *m, const struct value *v, const struct term *t)
{
    struct arena *a = m->arena;
    const struct field *f = plan_field(m->plan, t->dense->weight, NULL);
    struct cstmt *calls = NULL;
    long long column = 0;
    for (int i = 0; i < t->segments; i++) {
        const struct segment *g = &t->segment[i];
        struct taps p = {.v = v,
                         .from = g->value,
                         .t = t,
                         .w = &t->dense->window,
                         .ins = g->rows / g->value->map / t->dense->groups,
                         .column = column};
        p.along = p.ins < 4 && p.w->size[1] > 1;
        struct kernel k =
            kernel_new(m, arena_format(a, "%s%s_gradient", t->kernel,
                                       t->segments > 1 ? arena_format(a, "_%d", i + 1) : ""));
        kernel_param(&k, "const int64_t", "n", "n");
        kernel_param(&k, "const float *restrict", "error", "%s", v->error->name);
        kernel_param(&k, "const float *restrict", "in", "%s + %lld * COLUMNS",
                     first_slice(a, g->value->plain, g->delay), (long long)g->from);
        p.error_slice = v->error->slice;
        p.in_slice = g->value->plain->slice;
        tap_tile(&k, f, &p);
        kernel_finish(
            &k, arena_format(a, "%s: the gradient of %s.", where(m, t->dense->loc), f->tensor),
            tap_tiles(&k, &p));
        calls = cstmt_join(calls, kernel_call(&k));
        column += p.ins;
    }
    return calls;
}
