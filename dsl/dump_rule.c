/* A checked rule goes in, text that reads like the definition it came from goes out. */
#include "net.h"

static void add_expr(struct text *t, const char *before, const struct expr *e)
{
    text_add(t, before);
    expr_print(t, e, EXPR_MODEL);
}

static void add_batch(struct text *t, const struct rule_stmt *s)
{
    text_add(t, s->mean ? "batch_mean(" : "batch_sum(");
    if (s->neuron_side)
        add_expr(t, "", s->neuron_side);
    if (s->neuron_side && s->input_side)
        text_add(t, " outer ");
    if (s->input_side)
        add_expr(t, "", s->input_side);
    text_add(t, ")");
}

static void add_list(struct text *, const struct rule *, const struct rule_stmt *, int indent);

static void add_if(struct text *t, const struct rule *rule, const struct rule_stmt *s, int indent)
{
    add_expr(t, "if (", s->value);
    text_add(t, ") {\n");
    add_list(t, rule, s->then, indent + 2);
    if (s->other) {
        text_printf(t, "%*s} else {\n", indent, "");
        add_list(t, rule, s->other, indent + 2);
    }
    text_printf(t, "%*s}", indent, "");
}

static void add_right(struct text *t, const struct rule_stmt *s)
{
    switch (s->kind) {
    case RULE_SET:
        add_expr(t, "", s->value);
        return;
    case RULE_REDUCE:
        text_printf(t, "%s over %s (", reduction_text(s->reduction), space_text(s->from));
        break;
    case RULE_LOWEST:
        text_add(t, "lowest(");
        break;
    case RULE_SHUFFLED:
        text_printf(t, "shuffled %d (", s->stream_index);
        break;
    case RULE_RANDOM:
        text_printf(t, "random %d", s->stream_index);
        return;
    case RULE_BATCH:
        add_batch(t, s);
        return;
    case RULE_DROP:
    case RULE_GROW:
    case RULE_IF:
        return;
    }
    add_expr(t, "", s->value);
    if (s->q)
        add_expr(t, ", ", s->q);
    text_add(t, ")");
}

static void add_stmt_text(struct text *t, const struct rule *rule, const struct rule_stmt *s,
                          int indent)
{
    if (s->kind == RULE_IF) {
        add_if(t, rule, s, indent);
    } else if (s->kind == RULE_DROP || s->kind == RULE_GROW) {
        text_printf(t, "%s %s", s->kind == RULE_DROP ? "drop" : "grow", space_text(s->space));
        add_expr(t, " when ", s->value);
    } else {
        text_printf(t, "%s %s = ", space_text(s->space), s->target);
        add_right(t, s);
    }
    if (s->for_error || s->for_grad)
        text_printf(t, "  # for %s%s%s", s->for_error ? "error" : "",
                    s->for_error && s->for_grad ? ", " : "", s->for_grad ? "grad" : "");
    text_add(t, "\n");
}

static void add_list(struct text *t, const struct rule *rule, const struct rule_stmt *s, int indent)
{
    for (; s; s = s->next) {
        text_printf(t, "%*s", indent, "");
        add_stmt_text(t, rule, s, indent);
    }
}

static void add_reads(struct text *t, unsigned reads)
{
    static const char *const names[] = {"w",     "grad", "alive", "alive_neuron", "demand",
                                        "error", "pre",  "post",  "trace(pre)",   "trace(post)"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (reads >> i & 1)
            text_printf(t, " %s", names[i]);
}

static void add_period(struct text *t, const struct rule *rule)
{
    text_printf(t, "  each %lld %s from epoch %lld", (long long)rule->each,
                rule->each_steps ? "steps" : "epochs", (long long)rule->from);
    if (rule->until < INT64_MAX)
        text_printf(t, " until epoch %lld", (long long)rule->until);
    text_add(t, "\n");
}

void dump_rule(struct text *t, const struct rule *rule)
{
    static const char *const phase[] = {"first", "modulate", "observe", "adapt"};
    text_printf(t, "%s %s\n", rule->prunes ? "prune" : "plasticity", rule->text);
    for (int i = 0; i < rule->on_count; i++)
        text_printf(t, "  on %s as %s\n", rule->on[i].node->weight->name, rule->on[i].name);
    add_period(t, rule);
    for (int i = 0; i < rule->value_count; i++)
        if (rule->value[i].stored)
            text_printf(t, "  %s %s %s\n", rule->value[i].is_state ? "state" : "kept",
                        space_text(rule->value[i].space), rule->value[i].name);
    for (int i = 0; i < PHASES; i++) {
        if (!rule->phase[i])
            continue;
        text_printf(t, "  %s:%s", phase[i], rule->reads[i] ? " reads" : "");
        add_reads(t, rule->reads[i]);
        text_add(t, "\n");
        add_list(t, rule, rule->phase[i], 4);
    }
}
