/* Passes of rules as functions: a loop over the places of a space each. */
#include "lower_rule.h"

#include <string.h>

struct cstmt *space_loop(struct arena *a, const struct site *s, enum space space,
                         struct cstmt *element)
{
    struct holes h = {.s = {element}};
    struct extent e = site_extent(s, space);
    if (space_is_matrix(space))
        return code(a, &h,
                    "independent for (int64_t i = 0; i < %lld; i++)"
                    "    independent for (int64_t j = 0; j < %lld; j++) {"
                    "        const int64_t at = i * %lld + j;"
                    "        @0"
                    "    }",
                    (long long)e.rows, (long long)e.cols, (long long)e.line);
    if (space == SPACE_LAYER)
        return element;
    const char *i = space == SPACE_INPUT ? "j" : "i";
    return code(a, &h, "independent for (int64_t %s = 0; %s < %lld; %s++) { @0 }", i, i,
                (long long)space_places(s, space), i);
}

const struct value *site_input(const struct site *s)
{
    const struct value *from = s->term->segment[0].value;
    return from->live ? from : NULL;
}

void place_stored(struct place *p, enum stored stored)
{
    struct arena *a = p->kernel.module->arena;
    const struct site *s = p->site;
    const char *column = "j";
    p->stored = stored;
    p->kernel.sparse = stored == STORED_CSR;
    if (stored == STORED_PLAIN)
        return;
    if (stored == STORED_CSR)
        column = arena_format(a, "%s[at]", row_index(a, s->term));
    if (is_conv(s->term))
        place_at(p, "i", "j");
    else
        place_at(p, place_text(a, s->value, "i"),
                 site_input(s) ? unit_text(a, site_input(s), column) : column);
}

void place_params(struct place *p, const struct cstmt *list)
{
    struct kernel *k = &p->kernel;
    const struct term *t = p->site->term;
    place_if_used(k, p->site->value, list);
    if (site_input(p->site))
        place_if_used(k, site_input(p->site), list);
    if (k->sparse && cstmt_uses(list, intern(k->module->arena, row_index(k->module->arena, t))))
        row_index_of(k, t);
}

/* Columns that are held of the matrix that the place runs over. */
const char *held_columns(struct place *p)
{
    const struct site *s = p->site;
    if (p->domain != SPACE_KERNEL || !is_conv(s->term))
        return weight_columns(&p->kernel, s->term);
    return site_input(s) ? held_neurons(&p->kernel, site_input(s))
                         : arena_format(p->kernel.module->arena, "%lld",
                                        (long long)site_extent(s, SPACE_KERNEL).cols);
}

struct cstmt *matrix_loop(struct place *p, struct cstmt *element)
{
    struct kernel *k = &p->kernel;
    struct arena *a = k->module->arena;
    const struct site *s = p->site;
    struct holes h = {.s = {element}};
    if (p->stored == STORED_PLAIN)
        return space_loop(a, s, p->domain, element);
    place_params(p, element);
    if (p->stored == STORED_HELD)
        return code(a, &h,
                    "independent for (int64_t i = 0; i < %s; i++)"
                    "    independent for (int64_t j = 0; j < %s; j++) {"
                    "        const int64_t at = i * %lld + j;"
                    "        @0"
                    "    }",
                    held_neurons(k, s->value), held_columns(p),
                    (long long)site_extent(s, p->domain).line);
    return code(a, &h,
                "independent for (int64_t i = 0; i < %s; i++) {"
                "    const int64_t first = %s;"
                "    const int64_t end = %s;"
                "    independent for (int64_t at = first; at < end; at++) {"
                "        @0"
                "    }"
                "}",
                rows_of(k, s->value), walk_row(k, s->term, "i").first,
                walk_row(k, s->term, "i").end);
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

struct cstmt *clear_target(struct arena *a, const struct value *held, int64_t places)
{
    return held ? code(a, NULL,
                       "independent for (int64_t l = 0; l < %lld; l++)"
                       "    result[l] = 0.0f;",
                       (long long)places)
                : NULL;
}

struct cstmt *pass_element(struct place *p, const struct rule_stmt *s, struct cstmt *use)
{
    struct arena *a = p->kernel.module->arena;
    place_given(p, "x");
    struct expr *value = as_number(a, place_expr(p, s->value));
    return place_finish(p, cstmt_join(cstmt_declare(a, "const float", "x", value), use));
}

static struct cstmt *lower_map_pass(struct module *m, const struct site *s, const struct pass *pass,
                                    enum stored stored, const char *moment, const char *suffix)
{
    struct place *p = place_new(m, s, suffix, pass->space);
    bool matrix = space_is_matrix(pass->space);
    p->moment = moment;
    if (matrix)
        place_stored(p, stored);
    place_statements(p, pass->stmt, pass->stmts, NULL);
    struct cstmt *element = place_finish(p, p->body);
    struct cstmt *call = pass_finish(
        p, pass, matrix ? matrix_loop(p, element) : space_loop(m->arena, s, pass->space, element));
    return in_parallel(pass) ? in_region(m, call) : call;
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

static struct cstmt *lower_stored(struct module *m, const struct site *s, const struct pass *pass,
                                  enum phase phase, enum stored stored)
{
    static const char *const names[] = {"setup", "modulate", "observe", "adapt"};
    switch (pass->kind) {
    case PASS_MAP:
        return lower_map_pass(m, s, pass, stored, moment_of(m, s, phase),
                              arena_format(m->arena, "%s_pass", names[phase]));
    case PASS_REDUCE:
        return lower_reduce(m, s, pass, stored);
    case PASS_QUANTILE:
        return lower_quantile(m, s, pass);
    case PASS_LOWEST:
        return lower_lowest(m, s, pass);
    case PASS_SHUFFLED:
        return lower_shuffled(m, s, pass, moment_of(m, s, phase));
    case PASS_BATCH:
        return in_region(m, lower_batch(m, s, pass, stored));
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

/* What a loop of its own wrote into a state; on elements and in maps that is done at once. Where
 * live synapses alone are stored there is nothing to do. */
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

/* A pass over the places of a weight is made for each form that a step may meet. */
static bool has_two_forms(const struct site *s, const struct pass *pass)
{
    const struct rule_stmt *r = pass->stmt[0];
    if (!s->value->form || pass->kind == PASS_IF)
        return false;
    return space_is_matrix(pass->space) || (pass->kind == PASS_BATCH && space_is_matrix(r->space));
}

struct cstmt *lower_passes(struct module *m, const struct site *s, const struct pass *pass,
                           enum phase phase)
{
    struct cstmt *calls = NULL;
    bool rare = phase == PHASE_SETUP || phase == PHASE_ADAPT;
    for (; pass; pass = pass->next) {
        bool both = !rare && has_two_forms(s, pass);
        struct cstmt *dense = lower_stored(m, s, pass, phase, rare ? STORED_PLAIN : STORED_HELD);
        struct cstmt *csr = both ? lower_stored(m, s, pass, phase, STORED_CSR) : NULL;
        struct cstmt *silence = silence_state(m, s, pass);
        bool neurons = !space_is_matrix(pass->stmt[0]->space);
        dense = cstmt_join(dense, both && neurons ? NULL : silence);
        calls = cstmt_join(calls, by_form(m, s->value, dense, csr));
        calls = cstmt_join(calls, both && neurons ? silence : NULL);
    }
    return calls;
}
