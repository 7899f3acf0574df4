/* Statements go in as they were parsed, text of the language comes out that parses to the same
 * statements. Relies on expr_print for what stands in them. */
#include "parser.h"

#include <string.h>

static const char *const stmt_word[] = {
    [ST_MODEL] = "model",
    [ST_INCLUDE] = "include",
    [ST_LET] = "let",
    [ST_TIME] = "time",
    [ST_INPUT] = "input",
    [ST_LAYER] = "layer",
    [ST_BLOCK] = "block",
    [ST_OUTPUT] = "output",
    [ST_LOSS] = "loss",
    [ST_LEARN] = "learn",
    [ST_USE_OPTIMIZER] = "optimizer",
    [ST_BATCH] = "batch",
    [ST_EPOCHS] = "epochs",
    [ST_SEED] = "seed",
    [ST_PLASTICITY] = "plasticity",
    [ST_PRUNE] = "prune",
    [ST_BUDGET] = "budget",
    [ST_FUNCTION] = "function",
    [ST_NEURON] = "neuron",
    [ST_OPTIMIZER] = "optimizer",
    [ST_RULE] = "rule",
};

static const char *const space_word[] = {
    [SPACE_NONE] = "",          [SPACE_SYNAPSE] = "synapse ", [SPACE_KERNEL] = "kernel ",
    [SPACE_NEURON] = "neuron ", [SPACE_INPUT] = "input ",     [SPACE_LAYER] = "layer ",
};

static void add_value(struct text *t, const char *before, const struct expr *e)
{
    if (!e)
        return;
    text_add(t, before);
    expr_print(t, e, EXPR_MODEL);
}

static void add_entries(struct text *t, const struct entries *list)
{
    for (int i = 0; i < list->count; i++) {
        const struct entry *e = &list->at[i];
        text_printf(t, "%s%s", i ? ", " : "", e->name.text ? e->name.text : "");
        add_value(t, e->name.text ? " = " : "", e->value);
    }
}

static void add_list(struct text *t, const struct entries *list)
{
    if (!list->parens)
        return;
    text_add(t, "(");
    add_entries(t, list);
    text_add(t, ")");
}

static void add_dims(struct text *t, const struct stmt *s)
{
    for (int i = 0; i < s->dim_count; i++)
        add_value(t, i ? ", " : "[", s->dims[i]);
    text_add(t, s->dim_count ? "]" : "");
}

/* Of a pipeline, what follows its head. */
static void add_transforms(struct text *t, const struct expr *e)
{
    if (e->kind != E_PIPE)
        return;
    add_transforms(t, e->arg[0]);
    add_value(t, " |> ", e->arg[1]);
}

static void add_attachment(struct text *t, const struct stmt *s)
{
    for (int i = 0; i < s->target_count; i++) {
        const struct target *target = &s->targets[i];
        text_printf(t, "%s%s", i ? ", " : " on ", target->layer.text);
        add_value(t, "[", target->branch);
        text_add(t, target->branch ? "]" : "");
    }
    const struct period *period = &s->period;
    if (period->each)
        add_value(t, " each ", period->each);
    if (period->each_loc.file)
        text_add(t, !period->each ? " each epoch" : period->steps ? " steps" : " epochs");
    add_value(t, " from epoch ", period->from);
    add_value(t, " until epoch ", period->until);
}

static void add_budget(struct text *t, const struct stmt *s)
{
    const char *name;
    double bytes;
    add_value(t, " <= ", s->value);
    for (size_t i = 0; (name = unit_name(i, &bytes)); i++)
        if (bytes == s->unit)
            text_printf(t, " %s", name);
}

/* --- bodies */

static void add_body(struct text *, const struct body *, int indent);

static void add_braces(struct text *t, const struct body *b, int indent)
{
    text_add(t, " {\n");
    add_body(t, b, indent + 4);
    text_printf(t, "%*s}", indent, "");
}

static const char *assign_text(enum expr_kind op)
{
    return op == E_ADD ? "+=" : op == E_SUB ? "-=" : op == E_MUL ? "*=" : op == E_DIV ? "/=" : "=";
}

static void add_declaration(struct text *t, const char *word, const struct body *b)
{
    text_printf(t, "%s%s", word, space_word[b->space]);
    add_entries(t, &b->list);
    text_add(t, ";\n");
}

static void add_item_text(struct text *t, const struct body *b, int indent)
{
    switch (b->kind) {
    case B_STATE:
        add_declaration(t, "state ", b);
        return;
    case B_LEARNABLE:
        add_declaration(t, "learnable ", b);
        return;
    case B_VALUE:
        add_declaration(t, "", b);
        return;
    case B_ASSIGN:
        text_printf(t, "%s %s", b->name.text, assign_text(b->op));
        add_value(t, " ", b->value);
        text_add(t, ";\n");
        return;
    case B_EMIT:
        add_value(t, "emit ", b->value);
        text_add(t, ";\n");
        return;
    case B_IF:
        add_value(t, "if (", b->value);
        text_add(t, ")");
        add_braces(t, b->inner, indent);
        text_add(t, b->other ? " else" : "");
        if (b->other)
            add_braces(t, b->other, indent);
        text_add(t, "\n");
        return;
    case B_PHASE:
        text_add(t, b->name.text);
        add_braces(t, b->inner, indent);
        text_add(t, "\n");
        return;
    case B_DROP:
    case B_GROW:
        text_printf(t, "%s %s", b->kind == B_DROP ? "drop" : "grow", space_word[b->space]);
        add_value(t, "when ", b->value);
        text_add(t, ";\n");
        return;
    }
    bug("body statement of kind %d", (int)b->kind);
}

static void add_body(struct text *t, const struct body *b, int indent)
{
    for (; b; b = b->next) {
        text_printf(t, "%*s", indent, "");
        add_item_text(t, b, indent);
    }
}

/* --- statements */

static void add_statement(struct text *t, const struct stmt *s)
{
    text_printf(t, "%s", stmt_word[s->kind]);
    if (s->name.text)
        text_printf(t, " %s", s->name.text);
    switch (s->kind) {
    case ST_INCLUDE:
        text_printf(t, " \"%s\"", s->path);
        break;
    case ST_TIME:
    case ST_BATCH:
    case ST_EPOCHS:
    case ST_SEED:
        add_value(t, " ", s->value);
        break;
    case ST_INPUT:
        add_dims(t, s);
        add_transforms(t, s->value);
        break;
    case ST_BUDGET:
        add_budget(t, s);
        break;
    case ST_NEURON:
    case ST_OPTIMIZER:
    case ST_RULE:
        add_list(t, &s->list);
        add_braces(t, s->body, 0);
        text_add(t, "\n");
        return;
    case ST_MODEL:
    case ST_LET:
    case ST_LAYER:
    case ST_BLOCK:
    case ST_OUTPUT:
    case ST_LOSS:
    case ST_LEARN:
    case ST_USE_OPTIMIZER:
    case ST_PLASTICITY:
    case ST_PRUNE:
    case ST_FUNCTION:
        add_dims(t, s);
        add_list(t, &s->list);
        add_value(t, " = ", s->value);
        add_attachment(t, s);
        break;
    }
    text_add(t, ";\n");
}

void dump_file(struct text *t, const struct file *f)
{
    for (const struct stmt *s = f->first; s; s = s->next)
        add_statement(t, s);
}
