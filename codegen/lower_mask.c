/* Death: what stands in dead places is zero, and who reads only the dead dies with them. */
#include "lower.h"
#include "memory.h"
#include "names.h"
#include "sites.h"

static struct expr *select_alive(struct arena *a, const char *alive, struct expr *value)
{
    return expr_cond(a, (struct loc){0}, ex(a, "%s != 0", alive), value, ex(a, "0.0f"));
}

struct expr *if_neuron_alive(struct kernel *k, const struct value *v, const char *row,
                             struct expr *value)
{
    struct arena *a = k->module->arena;
    if (!v->alive)
        return value;
    kernel_param(k, "const uint8_t *restrict", "alive", "m->%s", v->alive);
    return select_alive(a, arena_format(a, "alive[%s]", place_of(k, v, row)), value);
}

struct expr *if_alive(struct kernel *k, const struct field *f, struct expr *value)
{
    if (!f->alive || k->sparse)
        return value;
    kernel_param(k, "const uint8_t *restrict", "alive_at", "m->%s", f->alive);
    return select_alive(k->module->arena, "alive_at[at + l]", value);
}

/* Element at + l of everything that dies with the mask's places; `mask` is what it is called. */
static struct cstmt *kill_states(struct kernel *k, const char *alive, const char *mask)
{
    struct arena *a = k->module->arena;
    const struct plan *p = k->module->plan;
    struct cstmt *s = NULL;
    for (int i = 0; i < p->fields; i++) {
        if (p->field[i].alive != alive)
            continue;
        const char *name = p->field[i].name;
        kernel_param(k, "float *restrict", name, "m->%s", name);
        struct expr *at = ex(a, "%s[at + l]", name);
        s = cstmt_join(
            s, cstmt_assign(a, at, select_alive(a, arena_format(a, "%s[at + l]", mask), at)));
    }
    return s;
}

/* Synapses whose input is dead for ever. */
static struct cstmt *kill_columns(struct kernel *k, const struct term *t)
{
    struct arena *a = k->module->arena;
    struct mortal *list;
    int count = term_mortals(a, t, &list);
    struct cstmt *s = NULL;
    const struct window *w = is_conv(t) ? &t->dense->window : NULL;
    for (int i = 0; i < count; i++) {
        struct expr *any = NULL;
        const struct mortal *o = &list[i];
        /* columns of a neuron */
        long long each = w ? (long long)(w->size[0] * w->size[1]) : (long long)o->map;
        bool grouped = w && t->dense->groups > 1;
        const char *channel =
            grouped ? arena_format(a, "(i / %lld * %lld + l / %lld)",
                                   (long long)(t->dense->shape.dim[0] / t->dense->groups),
                                   (long long)t->cols / each, each)
                    : NULL;
        long long from = o->from / o->map * each, cols = o->rows / o->map * each;
        for (int d = 0; d < o->deaths; d++) {
            const char *in = arena_format(a, "in%d_%d", i, d), *neuron;
            kernel_param(k, "const uint8_t *restrict", in, "m->%s", o->death[d].alive);
            long long shift = o->from / o->map + o->death[d].shift;
            neuron = each > 1 ? arena_format(a, "l / %lld + %lld", each, shift)
                              : arena_format(a, "l + %lld", shift);
            if (grouped)
                neuron = arena_format(a, "%s + %lld", channel, (long long)o->death[d].shift);
            struct expr *one = ex(a, "%s[%s] != 0", in, neuron);
            any = any ? expr_binary(a, (struct loc){0}, E_OR, any, one) : one;
        }
        if (grouped) { /* all columns of the group's rows, where their channels are among these */
            any =
                expr_binary(a, (struct loc){0}, E_OR,
                            ex(a, "%s < %lld || %s >= %lld", channel, (long long)(o->from / o->map),
                               channel, (long long)((o->from + o->rows) / o->map)),
                            any);
            from = 0;
            cols = t->cols;
        }
        struct holes h = {.e = {any}};
        s = cstmt_join(s, code(a, &h,
                               "independent for (int64_t l = 0; l < %lld; l++)"
                               "    synapse[at + %lld + l] = $0 ? synapse[at + %lld + l] : 0;",
                               cols, from, from));
    }
    return s;
}

static struct cstmt *settle_synapses(struct module *m, const struct value *v, const struct term *t)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_settle", t->kernel));
    kernel_param(&k, "uint8_t *restrict", "synapse", "m->%s", t->alive);
    const char *neurons = plan_neuron_mask(m->plan, t->dense->layer);
    struct cstmt *rows = NULL;
    if (neurons) {
        kernel_param(&k, "const uint8_t *restrict", "alive", "m->%s", neurons);
        rows = code(a, NULL,
                    "independent for (int64_t l = 0; l < %lld; l++)"
                    "    synapse[at + l] = alive[i] != 0 ? synapse[at + l] : 0;",
                    (long long)t->cols);
    }
    struct holes h = {.s = {rows, kill_columns(&k, t), kill_states(&k, t->alive, "synapse")}};
    struct cstmt *body =
        code(a, &h,
             "independent for (int64_t i = 0; i < %s; i++) {"
             "    const int64_t at = i * %lld;"
             "    @0"
             "    @1"
             "    independent for (int64_t l = 0; l < %lld; l++) {"
             "        @2"
             "    }"
             "}",
             is_conv(t) ? arena_format(a, "%lld", (long long)neurons_in(v)) : v->units,
             (long long)t->line, (long long)t->cols);
    kernel_finish(&k,
                  arena_format(a,
                               "Dead synapses of %s: no neuron, nothing that enters, or dropped.",
                               t->dense->weight->name),
                  body);
    return kernel_call(&k);
}

/* What belongs to pairs of channels that have lost all of their synapses. */
static struct cstmt *settle_kernels(struct module *m, const struct value *v, const struct term *t)
{
    struct arena *a = m->arena;
    const struct window *w = &t->dense->window;
    long long taps = w->size[0] * w->size[1], cols = t->cols / taps, line = round_up(cols, 16);
    struct kernel k = kernel_new(m, arena_format(a, "%s_settle", t->kernels));
    kernel_param(&k, "const uint8_t *restrict", "synapse", "m->%s", t->alive);
    kernel_param(&k, "uint8_t *restrict", "pair", "m->%s", t->kernels);
    struct holes h = {.s = {kill_states(&k, t->kernels, "pair")}};
    struct cstmt *body = code(a, &h,
                              "independent for (int64_t i = 0; i < %lld; i++)"
                              "    for (int64_t l = 0; l < %lld; l++) {"
                              "        const int64_t at = i * %lld;"
                              "        int any = 0;"
                              "        for (int64_t j = l * %lld; j < (l + 1) * %lld; j++)"
                              "            any = synapse[i * %lld + j] != 0 ? 1 : any;"
                              "        pair[at + l] = any != 0 ? 1 : 0;"
                              "        @0"
                              "    }",
                              (long long)neurons_in(v), cols, line, taps, taps, (long long)t->line);
    kernel_finish(&k,
                  arena_format(a, "Pairs of channels of %s that have lost all of their synapses.",
                               t->dense->weight->name),
                  body);
    return kernel_call(&k);
}

static struct cstmt *settle_neurons(struct module *m, const struct value *v)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_settle", v->name));
    kernel_param(&k, "const uint8_t *restrict", "alive", "m->%s", v->alive);
    struct cstmt *element = kill_states(&k, v->alive, "alive");
    if (!element)
        return NULL;
    struct holes h = {.s = {element}};
    struct cstmt *body = code(a, &h,
                              "independent for (int64_t at = 0; at < %lld; at++) {"
                              "    const int64_t l = 0;"
                              "    @0"
                              "}",
                              (long long)neurons_in(v));
    kernel_finish(&k, arena_format(a, "What dead neurons of %s have of their own.", v->layer->name),
                  body);
    return kernel_call(&k);
}

struct cstmt *lower_silence(struct module *m, const struct field *f)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_silence", f->name));
    kernel_param(&k, "float *restrict", "state", "m->%s", f->name);
    struct holes h = {.e = {if_alive(&k, f, ex(a, "state[at + l]"))}};
    struct cstmt *body = code(a, &h,
                              "independent for (int64_t i = 0; i < %lld; i++) {"
                              "    const int64_t at = i * %lld;"
                              "    independent for (int64_t l = 0; l < %lld; l++)"
                              "        state[at + l] = $0;"
                              "}",
                              (long long)f->rows, (long long)f->line, (long long)f->cols);
    kernel_finish(&k, arena_format(a, "%s is zero where it is dead.", f->tensor), body);
    return kernel_call(&k);
}

void lower_settle(struct module *m)
{
    struct arena *a = m->arena;
    const struct plan *p = m->plan;
    struct cstmt *calls = NULL;
    for (int i = 0; i < p->values; i++) {
        const struct value *v = p->value[i];
        if (v->alive && !v->is_copy)
            calls = cstmt_join(calls, settle_neurons(m, v));
        for (int t = 0; t < v->terms; t++)
            if (v->term[t].alive)
                calls = cstmt_join(calls, settle_synapses(m, v, &v->term[t]));
        for (int t = 0; t < v->terms; t++)
            if (v->term[t].kernels)
                calls = cstmt_join(calls, settle_kernels(m, v, &v->term[t]));
    }
    if (!calls)
        return;
    m->mortal = true;
    struct holes h = {.s = {calls}};
    struct cfunc *f = cfunc_new(a, "void", "settle", arena_format(a, "struct %s *m", p->net->name));
    f->comment = "Carries out what the masks say. Not to be called by threads together.";
    f->body = code(a, &h, "parallel (plast_threads(m->run.threads)) { @0 }");
    module_add(m, f);
    f = cfunc_new(a, "int", "model_settle", "void *block");
    f->body =
        code(a, NULL, "%ssettle(block); return 0;", plan_has_forms(p) ? "unpack(block);" : "");
    module_add(m, f);
}
