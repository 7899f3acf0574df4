/* One operator of the checked network as text. */
#include "net.h"

static const char *op_text(enum node_op op)
{
    switch (op) {
    case N_INPUT:
        return "input";
    case N_AFFINE:
        return "affine";
    case N_DENSE:
        return "dense";
    case N_SUM:
        return "sum";
    case N_CONCAT:
        return "concat";
    case N_MAP:
        return "map";
    case N_DROPOUT:
        return "dropout";
    case N_CONV:
        return "conv";
    case N_MAXPOOL:
        return "maxpool";
    case N_AVGPOOL:
        return "avgpool";
    case N_BATCHNORM:
        return "batchnorm";
    case N_NEURON:
        return "neuron";
    case N_PREV:
        return "prev";
    case N_READOUT:
        return "readout";
    case N_FLIP:
        return "flip";
    case N_CROP:
        return "crop";
    case N_ENCODE:
        return "encode";
    }
    bug("operator %d", (int)op);
}

static void dump_expr(struct text *text, const char *before, const struct expr *e)
{
    text_add(text, before);
    expr_print(text, e, EXPR_MODEL);
}

static void dump_affine(struct text *text, const struct node *n)
{
    for (int64_t i = 0; i < n->channels; i++) {
        text_add(text, i ? ", * " : " * ");
        print_literal(text, n->scale[i], EXPR_MODEL);
        text_add(text, " + ");
        print_literal(text, n->shift[i], EXPR_MODEL);
    }
}

static void dump_pair(struct text *text, const char *name, const int64_t pair[2])
{
    text_printf(text, " %s %lld * %lld", name, (long long)pair[0], (long long)pair[1]);
}

static void dump_window(struct text *text, const struct node *n)
{
    dump_pair(text, "window", n->window.size);
    dump_pair(text, "stride", n->window.stride);
    dump_pair(text, "pad", n->window.pad);
    if (n->op == N_CONV)
        text_printf(text, " groups %lld", (long long)n->groups);
}

static void dump_weights(struct text *text, const struct node *n)
{
    if (n->weight)
        text_printf(text, " weight %s", n->weight->name);
    if (n->bias)
        text_printf(text, " bias %s", n->bias->name);
    if (n->op == N_BATCHNORM) {
        text_add(text, " momentum ");
        print_literal(text, n->momentum, EXPR_MODEL);
        text_add(text, " epsilon ");
        print_literal(text, n->epsilon, EXPR_MODEL);
    }
}

/* A step, in the order in which it is computed. */
static void dump_neuron(struct text *text, const struct neuron *n)
{
    for (int i = 0; i < n->learnables; i++)
        text_printf(text, "    learnable %s is %s\n", n->learnable[i].name,
                    n->learnable[i].param->name);
    for (int i = 0; i < n->states; i++) {
        text_printf(text, "    state %s", n->state[i].name);
        dump_expr(text, " = ", n->state[i].initial);
        dump_expr(text, ", then ", n->state[i].next);
        text_add(text, "\n");
    }
    for (int i = 0; i < n->locals; i++) {
        text_printf(text, "    %s", n->local[i].name);
        dump_expr(text, " = ", n->local[i].value);
        text_add(text, "\n");
    }
    dump_expr(text, "    emit ", n->emit);
    text_add(text, "\n");
}

void dump_node(struct text *text, const struct node *n)
{
    static const char *const readout[] = {"rate", "total", "last", "peak"};
    static const char *const encoder[] = {"direct", "bernoulli", "latency", "events"};
    text_printf(text, "  %%%d = %s", n->index, op_text(n->op));
    for (int i = 0; i < n->input_count; i++)
        text_printf(text, "%s%%%d", i ? ", " : " ", n->input[i]->index);
    if (n->op == N_AFFINE)
        dump_affine(text, n);
    else if (n->op == N_MAP)
        dump_expr(text, " x -> ", n->map);
    else if (n->op == N_DROPOUT)
        dump_expr(text, " p ", n->p);
    else if (n->op == N_CONV || n->op == N_MAXPOOL || n->op == N_AVGPOOL)
        dump_window(text, n);
    else if (n->op == N_CROP)
        text_printf(text, " pad %lld", (long long)n->pad);
    else if (n->op == N_PREV)
        text_printf(text, " of %%%d", n->source->index);
    else if (n->op == N_READOUT)
        text_printf(text, " %s", readout[n->readout]);
    else if (n->op == N_ENCODE)
        text_printf(text, " %s", encoder[n->encoder]);
    else if (n->op == N_NEURON)
        text_printf(text, " %s", n->neuron->text);
    if (n->op == N_ENCODE && n->encoder == ENCODE_BERNOULLI) {
        text_add(text, " gain ");
        print_literal(text, n->gain, EXPR_MODEL);
    }
    dump_weights(text, n);
    text_printf(text, " : %s%s\n", shape_text(text->arena, &n->shape),
                n->varies  ? " each step"
                : n->timed ? " at every step"
                           : "");
    if (n->op == N_NEURON)
        dump_neuron(text, n->neuron);
}
