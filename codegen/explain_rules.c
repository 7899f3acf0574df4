/* What --explain says of rules: what they keep, when they run, in how many passes over a weight,
 * before and after fusion, and what stopped the rest. */
#include "memory.h"
#include "sites.h"

static const char *const moments[] = {"at its first step, once",
                                      "each step, before the forward pass",
                                      "each step, after the update", "adapt"};

/* Passes over places, and those over a matrix of the weight's shape. */
static void count_passes(const struct pass *pass, int *all, int *matrix)
{
    for (; pass; pass = pass->next) {
        if (pass->carried) {
            (*all)++; /* the last sums, over neurons */
            continue;
        }
        count_passes(pass->then, all, matrix);
        count_passes(pass->other, all, matrix);
        *all += pass->kind != PASS_IF;
        *matrix += pass->kind != PASS_IF && space_is_matrix(pass->space);
    }
}

/* A pass for each statement: what there would be without fusion. */
static int count_statements(const struct rule_stmt *s)
{
    int n = 0;
    for (; s; s = s->next)
        n += s->kind == RULE_IF ? count_statements(s->then) + count_statements(s->other)
                                : space_is_matrix(s->kind == RULE_REDUCE ? s->from : s->space);
    return n;
}

static void explain_phase(struct text *t, const struct site *s, enum phase phase)
{
    int all = 0, matrix = 0, before = count_statements(s->rule->phase[phase]);
    count_passes(s->phase[phase], &all, &matrix);
    if (!s->rule->phase[phase])
        return;
    text_printf(t, "    %s", moments[phase]);
    if (phase == PHASE_ADAPT)
        text_printf(t, " each %lld %s", (long long)s->rule->each,
                    s->rule->each_steps ? "steps" : "epochs");
    if (phase == PHASE_ADAPT && s->fused_adapt)
        text_printf(t,
                    ": in the update of %s, before its rows leave the cache; without fusion %d "
                    "more passes over the weights\n",
                    s->weight->tensor, before);
    else
        text_printf(t,
                    ": %d pass%s over the weights (%d without fusion), %d over narrower spaces\n",
                    matrix, matrix == 1 ? "" : "es", before, all - matrix);
    if (phase == PHASE_ADAPT && s->alone)
        text_printf(t, "      not in the update: %s\n", s->alone);
}

static void explain_carried(struct text *t, const struct plan *p, const struct site *s)
{
    for (int i = 0; i < s->term->carries; i++) {
        const struct carry *c = &s->term->carry[i];
        if (c->site != s)
            continue;
        if (p->fuse && !s->term->keeps_gradient)
            text_printf(t,
                        "      %s is added up in the update of %s, for the next step: no pass of "
                        "its own but after an adapt that changes weights, or a load\n",
                        c->pass->stmt[0]->target, s->weight->tensor);
        else
            text_printf(t, "      %s takes a pass of its own: %s\n", c->pass->stmt[0]->target,
                        p->fuse ? "the update is one already" : "--no-fuse");
    }
}

static void explain_modulate(struct text *t, const struct plan *p, const struct site *s)
{
    if (!s->rule->phase[PHASE_MODULATE])
        return;
    explain_phase(t, s, PHASE_MODULATE);
    explain_carried(t, p, s);
    if (s->errors)
        text_printf(t,
                    "    each step, where the error of %s is complete: on its elements, no pass of "
                    "its own\n",
                    s->on->layer->name);
    if (s->grads)
        text_printf(t,
                    "    each step, on the gradient of %s: on the elements that the optimizer is "
                    "given, no pass of its own\n",
                    s->weight->tensor);
    if (s->late)
        text_printf(t,
                    "    each step, on the gradient of %s, in passes: it is kept whole, since a "
                    "rule makes values from it\n",
                    s->weight->tensor);
}

static void explain_kept(struct text *t, const struct site *s)
{
    int64_t bytes = 0;
    for (int i = 0; i < s->rule->value_count; i++)
        if (s->slot[i].field)
            bytes += (int64_t)field_bytes(s->slot[i].field);
    text_printf(t, "  %-24s %s\n    keeps %lld bytes:", s->on->name, s->rule->text,
                (long long)bytes);
    for (int i = 0; i < s->rule->value_count; i++)
        if (s->slot[i].field)
            text_printf(t, " %s (%s)", s->slot[i].value->name, space_text(s->slot[i].value->space));
    text_add(t, bytes ? "\n" : " nothing\n");
}

void explain_rules(struct text *t, const struct plan *p)
{
    if (p->sites)
        text_add(t, "\nRules, in the order they run\n");
    for (int i = 0; i < p->sites; i++) {
        const struct site *s = p->site[i];
        explain_kept(t, s);
        if (s->rule->from > 0 || s->rule->until != INT64_MAX)
            text_printf(t, "    acts from epoch %lld\n", (long long)s->rule->from);
        explain_phase(t, s, PHASE_SETUP);
        explain_modulate(t, p, s);
        explain_phase(t, s, PHASE_OBSERVE);
        if (s->term->keeps_gradient && !is_conv(s->term))
            text_printf(t,
                        "      the optimizer of %s is a pass of its own: a rule reads its whole "
                        "gradient\n",
                        s->weight->tensor);
        explain_phase(t, s, PHASE_ADAPT);
    }
}
