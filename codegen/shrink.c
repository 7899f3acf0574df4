/* A net -> the same net without the units that are dead in a checkpoint. Those that something keeps
 * on the way (a sum with what lives, the output) stay everywhere on it; what is alive stays in any
 * case, read or not, so that what the smaller net saves says of every neuron what became of it. */
#include "checkpoint.h"

#include <string.h>

struct shrinking {
    const struct plan *plan;
    const struct checkpoint *checkpoint;
    bool **stays; /* of each node, each unit */
};

/* A sum that was made part of another has no value; it stays as long as that. */
static bool reaches_memory(const struct plan *p, const struct value *v)
{
    return v && p->value[v->index] == v;
}

static void mark(struct shrinking *s, const struct node *node)
{
    const struct plan *p = s->plan;
    const struct value *v = p->home[node->index];
    bool *stays = s->stays[node->index] = NEW_ARRAY(p->arena, node->size, bool);
    const bool *dead = reaches_memory(p, v) ? find_dead(p, s->checkpoint, v) : NULL;
    for (int64_t i = 0; i < node->size; i++)
        stays[i] = node == p->net->output->value || (dead && !dead[i]);
}

static bool tie(bool *a, bool *b, int64_t count)
{
    bool changed = false;
    for (int64_t i = 0; i < count; i++) {
        changed |= a[i] != b[i];
        a[i] = b[i] = a[i] || b[i];
    }
    return changed;
}

/* Whether the node and what it reads kept different units of those that are the same. */
static bool tie_inputs(struct shrinking *s, const struct node *node)
{
    bool changed = false, *at = s->stays[node->index];
    for (int i = 0; i < node->input_count && node->op != N_DENSE; i++) {
        const struct node *from = node->input[i];
        changed |= tie(at, s->stays[from->index], from->size);
        at += node->op == N_CONCAT ? from->size : 0;
    }
    return changed;
}

static void tie_all(struct shrinking *s)
{
    const struct net *net = s->plan->net;
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < net->node_count; i++)
            changed |= tie_inputs(s, net->node[i]);
        for (int i = net->node_count - 1; i >= 0; i--)
            changed |= tie_inputs(s, net->node[i]);
    }
}

static void shrink_node(struct arena *a, struct node *node, const bool *stays)
{
    struct axis *axis = NEW(a, struct axis);
    axis->whole = node->size;
    axis->place = NEW_ARRAY(a, node->size, int64_t);
    for (int64_t i = 0; i < node->size; i++)
        if (stays[i])
            axis->place[axis->count++] = i;
    if (axis->count == axis->whole)
        return;
    if (node->shape.rank != 1 || !axis->count)
        bug("units of an image, or all, are dead");
    node->axis = axis;
    node->size = node->shape.dim[0] = axis->count;
}

static void shrink_param(struct param *p)
{
    const struct node *node = p->node;
    p->fan_in = node->input[0]->size;
    p->fan_out = p->shape.dim[0] = node->size;
    if (p->shape.rank > 1)
        p->shape.dim[1] = p->fan_in;
}

static const char *find_empty(const struct plan *p, const struct checkpoint *c)
{
    for (int i = 0; i < p->fields; i++) {
        const struct field *f = &p->field[i];
        if (f->kind == F_MASK && !f->param && c->mask[i] && !memchr(c->mask[i], 1, (size_t)f->rows))
            return f->tensor;
    }
    return NULL;
}

bool shrink_net(const struct plan *p, const struct checkpoint *c, const char **wrong)
{
    struct net *net = p->net;
    struct shrinking s = {p, c, NEW_ARRAY(p->arena, net->node_count, bool *)};
    const char *empty = find_empty(p, c);
    if (empty) {
        *wrong = arena_format(p->arena, "%s: %s has no neuron alive; one of a layer always stays",
                              c->path, empty);
        return false;
    }
    for (int i = 0; i < net->node_count; i++)
        mark(&s, net->node[i]);
    tie_all(&s);
    for (int i = 0; i < net->node_count; i++)
        shrink_node(p->arena, net->node[i], s.stays[i]);
    for (int i = 0; i < net->param_count; i++)
        shrink_param(net->param[i]);
    return true;
}

const struct axis *axis_of_rows(const struct field *f)
{
    if (f->kind == F_COUNTER || (f->kind == F_RULE && f->space == SPACE_LAYER))
        return NULL;
    if (f->kind == F_RULE && f->space == SPACE_INPUT)
        return f->param->node->input[0]->axis;
    return f->param ? f->param->node->axis : f->layer->neurons->axis;
}

const struct axis *axis_of_columns(const struct field *f)
{
    return f->rank > 1 && f->param ? f->param->node->input[0]->axis : NULL;
}
