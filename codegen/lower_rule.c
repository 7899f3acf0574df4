/* Passes of rules as functions: a loop over the places of a space each. */
#include "lower_rule.h"

#include <string.h>

struct cstmt *space_loop(struct arena *a, const struct site *s, enum space space,
                         struct cstmt *element)
{
    struct holes h = {.s = {element}};
    const struct field *w = s->weight;
    if (space_is_matrix(space))
        return code(a, &h,
                    "independent for (int64_t i = 0; i < %lld; i++)"
                    "    independent for (int64_t j = 0; j < %lld; j++) {"
                    "        const int64_t at = i * %lld + j;"
                    "        @0"
                    "    }",
                    (long long)w->rows, (long long)w->cols, (long long)w->line);
    if (space == SPACE_LAYER)
        return element;
    const char *i = space == SPACE_INPUT ? "j" : "i";
    return code(a, &h, "independent for (int64_t %s = 0; %s < %lld; %s++) { @0 }", i, i,
                (long long)space_places(s, space), i);
}

struct cstmt *in_region(struct module *m, struct cstmt *calls)
{
    struct holes h = {.s = {calls}};
    return code(m->arena, &h,
                "parallel (plast_threads(m->run.threads)) {"
                "    const uint64_t flush = plast_flush_begin();"
                "    @0"
                "    plast_flush_end(flush);"
                "}");
}

/* "model.pl:7: h1.bounds: upper" */
const char *pass_comment(struct module *m, const struct site *s, const struct pass *pass)
{
    const char *target = pass->stmt[0]->target;
    return arena_format(m->arena, "%s: %s%s%s", where(m, s->rule->loc), s->on->name,
                        target ? ": " : "", target ? target : "");
}

struct cstmt *pass_finish(struct place *p, const struct pass *pass, struct cstmt *body)
{
    struct module *m = p->kernel.module;
    kernel_finish(&p->kernel, pass_comment(m, p->site, pass), cstmt_join(p->head, body));
    return kernel_call(&p->kernel);
}

void pass_target(struct place *p, const struct rule_stmt *s)
{
    const struct slot *slot = site_slot(p->site, s->target);
    kernel_param(&p->kernel, "float *restrict", "result", "%s",
                 slot_memory(p->kernel.module, slot));
}

struct cstmt *pass_element(struct place *p, const struct rule_stmt *s, struct cstmt *use)
{
    struct arena *a = p->kernel.module->arena;
    place_given(p, "x");
    struct expr *value = as_number(a, place_expr(p, s->value));
    return place_finish(p, cstmt_join(cstmt_declare(a, "const float", "x", value), use));
}

static struct cstmt *lower_map_pass(struct module *m, const struct site *s, const struct pass *pass,
                                    const char *moment, const char *suffix)
{
    struct place *p = place_new(m, s, suffix, pass->space);
    p->moment = moment;
    place_statements(p, pass->stmt, pass->stmts, NULL);
    struct cstmt *element = place_finish(p, p->body);
    return pass_finish(p, pass, space_loop(m->arena, s, pass->space, element));
}

/* --- death and growth */

static struct cstmt *lower_die(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    bool neurons = r->space == SPACE_NEURON, grows = r->kind == RULE_GROW;
    const struct field *mask = site_mask(m, s, r->space);
    if (!mask)
        return NULL; /* a rule that only grows, where nothing can die */
    struct place *p = place_new(m, s, grows ? "grow" : "drop", pass->space);
    place_given(p, "x");
    /* the name that a condition which reads the mask would give it */
    const char *array = neurons ? "alive_neuron_at" : "alive_at";
    kernel_param(&p->kernel, "uint8_t *restrict", array, "m->%s", mask->name);
    struct expr *value = as_condition(a, place_expr(p, r->value));
    /* the condition may read the mask itself */
    struct cstmt *x = place_finish(p, cstmt_declare(a, "const int", "x", value));
    struct holes h = {.s = {x}};
    struct cstmt *body, *settle = code(a, NULL, "settle(m);");
    if (neurons && !grows) {
        body = code(a, &h,
                    "int64_t first = -1;"
                    "int64_t left = 0;"
                    "for (int64_t i = 0; i < %lld; i++) {"
                    "    @0"
                    "    if (%s[i] != 0) {"
                    "        first = first < 0 ? i : first;"
                    "        %s[i] = x != 0 ? 0 : 1;"
                    "        left += %s[i];"
                    "    }"
                    "}"
                    "if (left == 0 && first >= 0) {"
                    "    %s[first] = 1; /* one neuron stays */"
                    "}",
                    (long long)s->weight->rows, array, array, array, array);
        return cstmt_join(pass_finish(p, pass, body), settle);
    }
    const char *i = place_index(p, r->space);
    h.s[0] =
        cstmt_join(x, grows ? code(a, NULL, "%s[%s] = x != 0 ? 1 : %s[%s];", array, i, array, i)
                            : code(a, NULL, "%s[%s] = x != 0 ? 0 : %s[%s];", array, i, array, i));
    body = space_loop(a, s, r->space, h.s[0]);
    struct cstmt *call = pass_finish(p, pass, body);
    return cstmt_join(in_region(m, call), settle);
}

/* --- lists */

/* A condition of the layer, where the calls stand. */
static struct expr *condition(struct module *m, const struct site *s, struct expr *e);

static struct expr *memory_value(void *context, const struct expr *e)
{
    void **both = context;
    struct module *m = both[0];
    const struct site *s = both[1];
    const struct slot *slot = site_slot(s, e->name);
    if (strncmp(e->name, "scalar", 6) == 0)
        return ex(m->arena, "scalar[%s]", e->name + 6);
    if (strcmp(e->name, "period") == 0)
        return ex(m->arena, "(float)m->%s[2]", s->counters->name);
    if (!slot)
        return NULL;
    if (slot->field)
        return ex(m->arena, "m->%s[0]", slot->field->name);
    return ex(m->arena, "m->work[%lld]", (long long)slot->buffer->at);
}

static struct expr *condition(struct module *m, const struct site *s, struct expr *e)
{
    union {
        const void *in;
        void *out;
    } site = {s};
    void *both[2] = {m, site.out};
    e = expr_replace(m->arena, plan_hoist(m->plan, e), memory_value, both);
    return as_condition(m->arena, e);
}

static const char *moment_of(struct module *m, const struct site *s, enum phase phase)
{
    switch (phase) {
    case PHASE_SETUP:
        return "0";
    case PHASE_ADAPT:
        return arena_format(m->arena, "m->%s[2]", s->counters->name);
    default:
        return "m->run.step";
    }
}

static struct cstmt *lower_pass(struct module *m, const struct site *s, const struct pass *pass,
                                enum phase phase)
{
    static const char *const names[] = {"setup", "modulate", "observe", "adapt"};
    struct cstmt *call;
    switch (pass->kind) {
    case PASS_MAP:
        call = lower_map_pass(m, s, pass, moment_of(m, s, phase),
                              arena_format(m->arena, "%s_pass", names[phase]));
        return in_parallel(pass) ? in_region(m, call) : call;
    case PASS_REDUCE:
        return lower_reduce(m, s, pass);
    case PASS_QUANTILE:
        return lower_quantile(m, s, pass);
    case PASS_LOWEST:
        return lower_lowest(m, s, pass);
    case PASS_SHUFFLED:
        return lower_shuffled(m, s, pass, moment_of(m, s, phase));
    case PASS_BATCH:
        return in_region(m, lower_batch(m, s, pass));
    case PASS_DIE:
        return lower_die(m, s, pass);
    case PASS_IF: {
        struct holes h = {
            .e = {condition(m, s, pass->stmt[0]->value)},
            .s = {lower_passes(m, s, pass->then, phase), lower_passes(m, s, pass->other, phase)}};
        return code(m->arena, &h, "if ($0) { @0 } else { @1 }");
    }
    }
    bug("pass %d", (int)pass->kind);
}

/* What a loop of its own wrote into a state; on elements and in maps that is done at once. */
static struct cstmt *silence_state(struct module *m, const struct site *s, const struct pass *pass)
{
    bool whole = pass->kind == PASS_REDUCE || pass->kind == PASS_QUANTILE ||
                 pass->kind == PASS_LOWEST || pass->kind == PASS_SHUFFLED ||
                 pass->kind == PASS_BATCH;
    const struct slot *slot = whole ? site_slot(s, pass->stmt[0]->target) : NULL;
    if (!slot || !slot->field || !slot->field->alive)
        return NULL;
    return in_region(m, lower_silence(m, slot->field));
}

struct cstmt *lower_passes(struct module *m, const struct site *s, const struct pass *pass,
                           enum phase phase)
{
    struct cstmt *calls = NULL;
    for (; pass; pass = pass->next) {
        calls = cstmt_join(calls, lower_pass(m, s, pass, phase));
        calls = cstmt_join(calls, silence_state(m, s, pass));
    }
    return calls;
}
