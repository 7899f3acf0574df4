/* Loops over time steps: which slice of a buffer a step uses, spikes made of inputs, read-outs, and
 * what a value before the loop gets back from all steps. */
#include "lower_time.h"
#include "memory.h"

const char *slice_of(struct arena *a, const struct buffer *b, int shift)
{
    if (!b->slice)
        return b->name;
    if (b->ring)
        return arena_format(a, "%s + (t + %lld) %% %lld * %lld", b->name,
                            (long long)(1 + b->ahead + shift), (long long)(1 + b->ahead),
                            (long long)b->slice);
    if (b->ahead + shift == 0)
        return arena_format(a, "%s + t * %lld", b->name, (long long)b->slice);
    return arena_format(a, "%s + (t + %lld) * %lld", b->name, (long long)(b->ahead + shift),
                        (long long)b->slice);
}

const char *read_from(struct arena *a, const struct segment *g, bool train)
{
    return slice_of(a, train ? g->value->plain : g->value->shown, -g->delay);
}

const char *first_slice(struct arena *a, const struct buffer *b, int delay)
{
    if (!b->slice || b->ahead == delay)
        return b->name;
    return arena_format(a, "%s + %lld", b->name, (long long)((b->ahead - delay) * b->slice));
}

/* Of prediction: keys are of the samples alone. */
static struct expr *spike_of(struct kernel *k, const struct value *v, bool train)
{
    struct arena *a = k->module->arena;
    const struct plan *p = k->module->plan;
    int number = 0;
    if (v->encode->encoder == ENCODE_LATENCY)
        return ex(a, "x > 0.0f && PLAST_LEAST((float)(STEPS - 1), floorf((1.0f - x) * "
                     "(float)STEPS)) == (float)t");
    while (p->dropout[number] != v->encode)
        number++;
    kernel_param(k, "const uint64_t *restrict", "key", "%s + %d * COLUMNS",
                 train ? "m->key" : "draw", number);
    struct expr *gain = expr_number(a, v->encode->loc, v->encode->gain);
    return expr_binary(a, v->encode->loc, E_LT,
                       ex(a, "plast_uniform(key[c], (uint32_t)(t * %s + i))", v->units),
                       expr_binary(a, v->encode->loc, E_MUL, ex(a, "x"), gain));
}

static struct kernel encoder(struct module *m, struct value *v, bool train)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_%s", v->name, train ? "encode" : "show"));
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const int64_t", "t", "t");
    kernel_param(&k, "const float *restrict", "in", "%s",
                 read_from(a, &v->term[0].segment[0], train));
    kernel_param(&k, "float *restrict", "out", "%s", slice_of(a, train ? v->plain : v->shown, 0));
    struct holes h = {.e = {spike_of(&k, v, train)}};
    kernel_finish(&k, train ? where(m, v->encode->loc) : NULL,
                  code(a, &h,
                       "independent for (int64_t i = 0; i < %s; i++)"
                       "    independent for (int64_t c = 0; c < n; c++) {"
                       "        const float x = in[i * COLUMNS + c];"
                       "        out[i * COLUMNS + c] = $0 ? 1.0f : 0.0f;"
                       "    }",
                       v->units));
    return k;
}

void lower_encoder(struct module *m, struct value *v)
{
    struct kernel k = encoder(m, v, true), shown = encoder(m, v, false);
    m->forward = cstmt_join(m->forward, kernel_call(&k));
    m->shown = cstmt_join(m->shown, kernel_call(&shown));
}

static const char *sum_up(const struct value *v, bool train, bool held)
{
    if (held) /* the largest is where it was */
        return "    out[at] = peak[at] == (float)t ? y : out[at];";
    switch (v->readout->readout) {
    case READ_RATE:
        return "    const float sum = t == 0 ? y : out[at] + y;"
               "    out[at] = t == STEPS - 1 ? sum / (float)STEPS : sum;";
    case READ_TOTAL:
        return "    out[at] = t == 0 ? y : out[at] + y;";
    case READ_LAST:
        return "    out[at] = y;";
    case READ_PEAK:
        return train ? "    const int64_t above = t == 0 || y > out[at];"
                       "    peak[at] = above != 0 ? (float)t : peak[at];"
                       "    out[at] = above != 0 ? y : out[at];"
                     : "    out[at] = t == 0 || y > out[at] ? y : out[at];";
    }
    bug("read-out %d", (int)v->readout->readout);
}

static struct cstmt *readout(struct module *m, struct value *v, bool train, bool held)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_%s", v->name,
                                                 held    ? "held"
                                                 : train ? "read"
                                                         : "show"));
    bool last = v->readout->readout == READ_LAST;
    struct cstmt *body = NULL;
    int64_t row = 0;
    kernel_param(&k, "const int64_t", "n", "n");
    if (!last)
        kernel_param(&k, "const int64_t", "t", "t");
    for (int s = 0; s < v->term[0].segments; s++) {
        const struct segment *g = &v->term[0].segment[s];
        const char *in = arena_format(a, "in%d", s);
        kernel_param(&k, "const float *restrict", in, "%s", read_from(a, g, train));
        body = cstmt_join(
            body, code(a, &(struct holes){.s = {code(a, NULL, "%s", sum_up(v, train, held))}},
                       "independent for (int64_t i = 0; i < %lld; i++)"
                       "    independent for (int64_t c = 0; c < n; c++) {"
                       "        const int64_t at = (i + %lld) * COLUMNS + c;"
                       "        const float y = %s[(i + %lld) * COLUMNS + c];"
                       "        @0"
                       "    }",
                       (long long)g->rows, (long long)row, in, (long long)g->from));
        row += g->rows;
    }
    kernel_param(&k, "float *restrict", "out", "%s", train ? v->plain->name : v->shown->name);
    if (train && v->peak)
        kernel_param(&k, "float *restrict", "peak", "%s", v->peak->name);
    kernel_finish(&k, NULL, body);
    struct holes h = {.s = {kernel_call(&k)}};
    return last ? code(a, &h, "if (t == STEPS - 1) { @0 }") : h.s[0];
}

void lower_readout(struct module *m, struct value *v)
{
    struct cstmt *call = readout(m, v, true, false);
    if (v->peak && m->plan->held)
        call = if_held(m, readout(m, v, true, true), call);
    m->forward = cstmt_join(m->forward, call);
    m->shown = cstmt_join(m->shown, readout(m, v, false, false));
}

struct expr *readout_share(struct kernel *k, const struct value *v, int number, struct expr *error,
                           const char *at)
{
    struct arena *a = k->module->arena;
    struct expr *none = ex(a, "0.0f");
    const char *peak = arena_format(a, "peak%d", number);
    switch (v->readout->readout) {
    case READ_RATE:
        return expr_binary(a, (struct loc){0}, E_DIV, error, ex(a, "(float)STEPS"));
    case READ_TOTAL:
        return error;
    case READ_LAST:
        kernel_param(k, "const int64_t", "t", "t");
        return expr_cond(a, (struct loc){0}, ex(a, "t == STEPS - 1"), error, none);
    case READ_PEAK:
        kernel_param(k, "const int64_t", "t", "t");
        kernel_param(k, "const float *restrict", peak, "%s", v->peak->name);
        return expr_cond(a, (struct loc){0}, ex(a, "%s[%s] == (float)t", peak, at), error, none);
    }
    bug("read-out %d", (int)v->readout->readout);
}

void lower_gathered(struct module *m, struct value *v)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_gather", v->name));
    struct cstmt *body = NULL;
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const int64_t", "t", "t");
    for (int i = 0; i < v->uses; i++) {
        const struct use *u = &v->use[i];
        if (u->by->stage != STAGE_LOOP || !u->by->error)
            continue;
        if (u->by->term[u->term].dense)
            bug("a weight in the loop over what does not change in it");
        const char *in = arena_format(a, "error%d", i);
        kernel_param(&k, "const float *restrict", in, "%s", slice_of(a, u->by->error, 0));
        body = cstmt_join(
            body, code(a, NULL,
                       "independent for (int64_t i = 0; i < %lld; i++)"
                       "    independent for (int64_t c = 0; c < n; c++)"
                       "        sum[(i + %lld) * COLUMNS + c] += %s[(i + %lld) * COLUMNS + c];",
                       (long long)u->rows, (long long)u->from, in, (long long)u->column));
    }
    kernel_param(&k, "float *restrict", "sum", "%s", v->gathered->name);
    struct holes h = {.s = {body}};
    kernel_finish(&k, arena_format(a, "What all steps send back to %s.", v->name),
                  code(a, &h,
                       "if (t == STEPS - 1) {"
                       "    independent for (int64_t i = 0; i < %s; i++)"
                       "        independent for (int64_t c = 0; c < n; c++)"
                       "            sum[i * COLUMNS + c] = 0.0f;"
                       "}"
                       "@0",
                       v->units));
    m->errors = cstmt_join(m->errors, kernel_call(&k));
}

static struct cstmt *zeros(struct arena *a, const struct buffer *b, int64_t first, int64_t slices)
{
    if (slices == 0)
        return NULL;
    return code(a, NULL, "plast_clear(%s + %lld, %lld);", b->name, (long long)(first * b->slice),
                (long long)(slices * b->slice));
}

struct cstmt *lower_zeros(struct module *m, enum zeros which)
{
    const struct plan *p = m->plan;
    bool shown = which == ZEROS_SHOWN;
    struct cstmt *s = NULL;
    for (int i = 0; i < (shown ? p->showns : p->buffers); i++) {
        const struct buffer *b = shown ? p->shown[i] : p->buffer[i];
        if (b->slice && !b->never_first && which != ZEROS_BEHIND)
            s = cstmt_join(s, zeros(m->arena, b, 0, b->ring ? 1 + b->ahead : b->ahead));
        if (b->zero_behind && which == ZEROS_BEHIND)
            s = cstmt_join(s, zeros(m->arena, b, b->ahead + p->net->steps, b->behind));
    }
    return s;
}

struct cstmt *if_held(struct module *m, struct cstmt *held, struct cstmt *otherwise)
{
    struct holes h = {.s = {held, otherwise}};
    return code(m->arena, &h, "if (gradient != NULL && m->run.anchor != 0) { @0 } else { @1 }");
}

struct cstmt *lower_loop(struct module *m, struct cstmt *body, bool back)
{
    struct holes h = {.s = {body}};
    if (!body)
        return NULL;
    return back ? code(m->arena, &h,
                       "for (int64_t back = 0; back < STEPS; back++) {"
                       "    const int64_t t = STEPS - 1 - back;"
                       "    @0"
                       "}")
                : code(m->arena, &h, "for (int64_t t = 0; t < STEPS; t++) { @0 }");
}

struct cstmt *lower_shown_keys(struct module *m)
{
    struct arena *a = m->arena;
    const struct plan *p = m->plan;
    struct cstmt *s = NULL;
    for (int i = 0; i < p->dropouts; i++)
        if (p->dropout[i]->op == N_ENCODE)
            s = cstmt_join(s, code(a, NULL,
                                   "for (int64_t i = 0; i < n; i++)"
                                   "    draw[%lld + i] = plast_key(0, PLAST_STREAM_INPUT, %d, "
                                   "UINT64_MAX, sample != NULL ? sample[i] : (uint64_t)i);",
                                   (long long)(i * p->columns), p->dropout[i]->index));
    if (!s)
        return NULL;
    return cstmt_join(code(a, NULL, "uint64_t draw[%d * COLUMNS];", p->dropouts), s);
}
