/* When rules run: what a step and the end of an epoch call. */
#include "lower_rule.h"
#include "names.h"

static struct cstmt *add_function(struct module *m, const struct site *s, const char *what,
                                  const char *comment, bool is_rare, struct cstmt *body)
{
    struct arena *a = m->arena;
    bool samples = cstmt_uses(body, intern(a, "n"));
    /* what runs in each step takes weights in the form they have */
    if (is_rare && plan_has_forms(m->plan))
        body = cstmt_join(code(a, NULL, "unpack(m);"), body);
    const char *name = names_unique(m->plan->names, arena_format(a, "%s_%s", s->stem, what));
    struct holes h = {.s = {body}};
    body = cstmt_join(cstmt_uses(body, intern(a, "scalar")) ? lower_scalars(m) : NULL,
                      code(a, &h,
                           "const uint64_t flushed = plast_flush_begin();"
                           "@0"
                           "plast_flush_end(flushed);"));
    struct cfunc *f = cfunc_new(
        a, "void", name,
        arena_format(a, "struct %s *m%s", m->plan->net->name, samples ? ", const int64_t n" : ""));
    f->comment = comment;
    f->body = body;
    m->last->next = f;
    m->last = f;
    return code(a, NULL, samples ? "%s(m, n);" : "%s(m);", name);
}

/* Whether the rule acts in the epoch that the run is in, as a further condition. */
static const char *in_its_epochs(struct module *m, const struct rule *r)
{
    const char *from =
        r->from > 0 ? arena_format(m->arena, " && m->run.epoch >= %lld", (long long)r->from) : "";
    if (r->until == INT64_MAX)
        return from;
    return arena_format(m->arena, "%s && m->run.epoch < %lld", from, (long long)r->until);
}

static void lower_setup(struct module *m, const struct site *s)
{
    struct arena *a = m->arena;
    struct cstmt *passes = lower_passes(m, s, s->phase[PHASE_SETUP], PHASE_SETUP);
    if (passes)
        passes = add_function(
            m, s, "setup", arena_format(a, "%s: when it first acts.", s->on->name), true, passes);
    struct holes h = {.s = {passes}};
    m->setups = cstmt_join(m->setups, code(a, &h,
                                           "if (%s_acts != 0 && m->%s[0] == 0) {"
                                           "    @0"
                                           "    m->%s[0] = 1;"
                                           "}",
                                           s->stem, s->counters->name, s->counters->name));
}

static void lower_when_acting(struct module *m, const struct site *s, const struct pass *pass,
                              enum phase phase, const char *what, struct cstmt **list)
{
    struct cstmt *passes = lower_passes(m, s, pass, phase);
    if (!passes)
        return;
    struct holes h = {
        .s = {add_function(m, s, what, arena_format(m->arena, "%s, once a step.", s->on->name),
                           false, passes)}};
    *list = cstmt_join(*list, code(m->arena, &h, "if (%s_acts != 0) { @0 }", s->stem));
}

/* The adapt of one site; NULL where it runs on tiles, or is none. */
static struct cstmt *adapt_call(struct module *m, const struct site *s)
{
    const struct rule *r = s->rule;
    if (!s->phase[PHASE_ADAPT] || s->fused_adapt)
        return NULL;
    struct cstmt *passes = lower_passes(m, s, s->phase[PHASE_ADAPT], PHASE_ADAPT);
    if (plan_carries(m->plan))
        passes = cstmt_join(passes, code(m->arena, NULL, "m->carried[0] = 0;"));
    return add_function(m, s, "adapt",
                        arena_format(m->arena, "%s, each %lld %s.", s->on->name, (long long)r->each,
                                     r->each_steps ? "steps" : "epochs"),
                        true, passes);
}

static void lower_adapt(struct module *m, const struct site *s)
{
    struct arena *a = m->arena;
    const struct rule *r = s->rule;
    const char *counters = s->counters->name;
    struct holes h = {.s = {adapt_call(m, s)}};
    struct cstmt *count = code(a, NULL, "m->%s[1] += 1;", counters);
    if (s->phase[PHASE_ADAPT])
        count = cstmt_join(count, code(a, &h,
                                       "if (m->%s[1] %% %lld == 0) {"
                                       "    @0"
                                       "    m->%s[2] += 1;"
                                       "}",
                                       counters, (long long)r->each, counters));
    h.s[0] = count;
    if (r->each_steps)
        m->due = cstmt_join(m->due, code(a, &h, "if (%s_acts != 0) { @0 }", s->stem));
    else
        m->epoch_end = cstmt_join(m->epoch_end, code(a, &h, "if (m->%s[0] != 0%s) { @0 }", counters,
                                                     in_its_epochs(m, r)));
}

/* Which adapts are due in this step of those that run on tiles: each, and any of a weight. */
static struct cstmt *rules_due(struct module *m)
{
    struct arena *a = m->arena;
    struct cstmt *list = NULL;
    for (int v = 0; v < m->plan->values; v++)
        for (int t = 0; t < m->plan->value[v]->terms; t++) {
            const struct term *term = &m->plan->value[v]->term[t];
            const char *any = NULL;
            for (int i = 0; i < m->plan->sites; i++) {
                const struct site *s = m->plan->site[i];
                if (s->term != term || !s->fused_adapt)
                    continue;
                list = cstmt_join(
                    list,
                    code(a, NULL, "const int %s_due = %s_acts != 0 && (m->%s[1] + 1) %% %lld == 0;",
                         s->stem, s->stem, s->counters->name, (long long)s->rule->each));
                any =
                    arena_format(a, "%s%s%s_due != 0", any ? any : "", any ? " || " : "", s->stem);
            }
            if (any)
                list = cstmt_join(list, code(a, NULL, "const int %s_due = %s;", term->kernel, any));
        }
    return list;
}

/* `const int h1_bounds_acts`: in this step; a probe runs no rules. */
struct cstmt *rule_acts(struct module *m)
{
    struct cstmt *list = NULL;
    for (int i = 0; i < m->plan->sites; i++) {
        const struct site *s = m->plan->site[i];
        list = cstmt_join(list, code(m->arena, NULL, "const int %s_acts = gradient == NULL%s;",
                                     s->stem, in_its_epochs(m, s->rule)));
    }
    return cstmt_join(list, rules_due(m));
}

void lower_rules(struct module *m)
{
    for (int i = 0; i < m->plan->sites; i++)
        lower_setup(m, m->plan->site[i]);
    for (int i = 0; i < m->plan->sites; i++) {
        const struct site *s = m->plan->site[i];
        lower_when_acting(m, s, s->phase[PHASE_MODULATE], PHASE_MODULATE, "modulate", &m->before);
        lower_when_acting(m, s, s->late, PHASE_MODULATE, "modulate_gradient", &m->gradients);
    }
    lower_map_sums(m);
    lower_traces(m);
    for (int i = 0; i < m->plan->sites; i++) {
        const struct site *s = m->plan->site[i];
        lower_when_acting(m, s, s->phase[PHASE_OBSERVE], PHASE_OBSERVE, "observe", &m->after);
    }
    for (int i = 0; i < m->plan->sites; i++)
        lower_adapt(m, m->plan->site[i]);
}
