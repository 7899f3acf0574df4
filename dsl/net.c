/* Shapes, and the checked network as text; its nodes are in dump_node.c. */
#include "net.h"

int64_t shape_size(const struct shape *shape)
{
    int64_t size = 1;
    for (int i = 0; i < shape->rank; i++)
        size *= shape->dim[i];
    return size;
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

const char *dimensions_text(struct arena *arena, const int64_t *dim, int rank)
{
    struct text text = text_new(arena);
    text_add(&text, "[");
    for (int i = 0; i < rank; i++)
        text_printf(&text, "%s%lld", i ? ", " : "", (long long)dim[i]);
    text_add(&text, "]");
    return text.bytes;
}

const char *shape_text(struct arena *arena, const struct shape *shape)
{
    return dimensions_text(arena, shape->dim, shape->rank);
}

static const char *init_text(enum init init)
{
    switch (init) {
    case INIT_ZEROS:
        return "zeros";
    case INIT_HE_UNIFORM:
        return "he_uniform";
    case INIT_HE_NORMAL:
        return "he_normal";
    case INIT_GLOROT_UNIFORM:
        return "glorot_uniform";
    case INIT_CONSTANT: /* its value is printed instead */
        break;
    }
    bug("distribution %d", (int)init);
}

static void dump_expr(struct text *text, const char *before, const struct expr *e)
{
    text_add(text, before);
    expr_print(text, e, EXPR_MODEL);
}

static void dump_layer(struct text *text, const struct net *net, const struct layer *layer)
{
    text_printf(text, "%s %s = %%%d, neurons %%%d\n",
                layer == net->input    ? "input"
                : layer == net->output ? "output"
                                       : "layer",
                layer->name, layer->value->index, layer->neurons->index);
    for (int i = 0; i < net->node_count; i++)
        if (net->node[i]->layer == layer)
            dump_node(text, net->node[i]);
}

static void dump_updates(struct text *text, const struct update_stmt *s, int indent)
{
    for (; s; s = s->next) {
        text_printf(text, "%*s", indent, "");
        if (s->condition) {
            dump_expr(text, "if (", s->condition);
            text_add(text, ") {\n");
            dump_updates(text, s->then, indent + 4);
            if (s->other) {
                text_printf(text, "%*s} else {\n", indent, "");
                dump_updates(text, s->other, indent + 4);
            }
            text_printf(text, "%*s}\n", indent, "");
        } else {
            text_printf(text, "%s = ", s->target);
            expr_print(text, s->value, EXPR_MODEL);
            text_add(text, "\n");
        }
    }
}

static void dump_optimizer(struct text *text, const struct optimizer *o)
{
    text_printf(text, "optimizer %s\n", o->text);
    for (int i = 0; i < o->state_count; i++) {
        text_printf(text, "  state %s = ", o->state[i].name);
        expr_print(text, o->state[i].initial, EXPR_MODEL);
        text_add(text, "\n");
    }
    dump_updates(text, o->body, 2);
}

void dump_net(struct text *text, const struct net *net)
{
    static const char *const learn[] = {"backprop", "feedback_alignment",
                                        "direct_feedback_alignment"};
    text_printf(text, "model %s\n", net->name);
    if (net->steps > 0)
        text_printf(text, "time %lld%s\n", (long long)net->steps, net->frames ? " frames" : "");
    for (int i = 0; i < net->layer_count; i++)
        dump_layer(text, net, net->layer[i]);
    for (int i = 0; i < net->param_count; i++) {
        const struct param *p = net->param[i];
        text_printf(text, "param %s %s init ", p->name, shape_text(text->arena, &p->shape));
        if (p->init == INIT_CONSTANT)
            print_literal(text, p->value, EXPR_MODEL);
        else
            text_add(text, init_text(p->init));
        text_printf(text, " fan %lld, %lld\n", (long long)p->fan_in, (long long)p->fan_out);
    }
    text_printf(text, "loss %s\nlearn %s\n", net->loss == LOSS_MSE ? "mse" : "cross_entropy",
                learn[net->learn]);
    dump_optimizer(text, net->optimizer);
    for (int i = 0; i < net->rule_count; i++)
        dump_rule(text, net->rule[i]);
    text_printf(text, "batch %lld\nepochs %lld\nseed %llu\n", (long long)net->batch,
                (long long)net->epochs, (unsigned long long)net->seed);
    if (net->budget > 0)
        text_printf(text, "budget memory <= %.0f bytes\n", net->budget);
}
