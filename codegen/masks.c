/* What can die: which synapses and neurons have masks, and where death reaches the readers. */
#include "memory.h"

#include <string.h>

static bool neurons_die(const struct net *net, const struct layer *layer)
{
    for (int i = 0; i < net->rule_count; i++)
        for (int k = 0; net->rule[i]->drops_neurons && k < net->rule[i]->on_count; k++)
            if (net->rule[i]->on[k].layer == layer)
                return true;
    return false;
}

static bool synapses_drop(const struct net *net, const struct node *weight)
{
    for (int i = 0; i < net->rule_count; i++)
        for (int k = 0; net->rule[i]->drops_synapses && k < net->rule[i]->on_count; k++)
            if (net->rule[i]->on[k].node == weight)
                return true;
    return false;
}

/* Those of the source's rows that are read, as rows of the reader, which has them from row `to`. */
static void add_shifted(struct arena *a, struct mortal **list, int *count, const struct segment *g,
                        int64_t to)
{
    for (int i = 0; i < g->value->mortals; i++) {
        const struct mortal *o = &g->value->mortal[i];
        int64_t first = o->from > g->from ? o->from : g->from;
        int64_t end = o->from + o->rows < g->from + g->rows ? o->from + o->rows : g->from + g->rows;
        struct mortal part = {.from = first - g->from + to, .rows = end - first, .map = o->map};
        for (int k = 0; k < o->deaths; k++) {
            struct death d = {o->death[k].alive, o->death[k].shift + (g->from - to) / o->map};
            PUSH(a, part.death, part.deaths, d);
        }
        if (part.rows > 0)
            PUSH(a, *list, *count, part);
    }
}

int term_mortals(struct arena *a, const struct term *t, struct mortal **list)
{
    int count = 0;
    int64_t row = 0;
    *list = NULL;
    for (int s = 0; s < t->segments; s++) {
        add_shifted(a, list, &count, &t->segment[s], row);
        row += t->segment[s].rows;
    }
    return count;
}

/* A sum is dead where all that is summed is. */
static void meet(struct arena *a, struct value *v, const struct mortal *list, int count)
{
    struct mortal *both = NULL;
    int boths = 0;
    for (int i = 0; i < v->mortals; i++)
        for (int k = 0; k < count; k++) {
            const struct mortal *x = &v->mortal[i], *y = &list[k];
            int64_t first = x->from > y->from ? x->from : y->from;
            int64_t x_end = x->from + x->rows, y_end = y->from + y->rows;
            struct mortal part = {
                .from = first, .rows = (x_end < y_end ? x_end : y_end) - first, .map = x->map};
            for (int d = 0; d < x->deaths; d++)
                PUSH(a, part.death, part.deaths, x->death[d]);
            for (int d = 0; d < y->deaths; d++)
                PUSH(a, part.death, part.deaths, y->death[d]);
            if (part.rows > 0)
                PUSH(a, both, boths, part);
        }
    v->mortal = both;
    v->mortals = boths;
}

/* Of a value without weights a row is dead where nothing that lives is summed into it, whatever the
 * functions after the sum make of a zero. */
static void find_mortals(struct plan *p, struct value *v)
{
    if (v->alive) {
        struct mortal all = {.rows = v->rows, .map = v->map};
        struct death own = {v->alive, 0};
        PUSH(p->arena, all.death, all.deaths, own);
        PUSH(p->arena, v->mortal, v->mortals, all);
        return;
    }
    if (v->is_input || has_update(v))
        return;
    for (int t = 0; t < v->terms; t++) {
        struct mortal *list;
        int count = term_mortals(p->arena, &v->term[t], &list);
        for (int i = 0; i < count && v->term[t].pool; i++) {
            list[i].from = list[i].from / list[i].map * v->map;
            list[i].rows = list[i].rows / list[i].map * v->map;
            list[i].map = v->map;
        }
        if (t) {
            meet(p->arena, v, list, count);
        } else {
            v->mortal = list;
            v->mortals = count;
        }
    }
}

const char *plan_neuron_mask(const struct plan *p, const struct layer *layer)
{
    for (int i = 0; i < p->values; i++)
        if (p->value[i]->layer == layer && p->value[i]->alive)
            return p->value[i]->alive;
    return NULL;
}

static const char *add_neurons(struct plan *p, struct layer *layer, int64_t rows)
{
    struct field *f = plan_add_field(p, arena_format(p->arena, "%s.alive", layer->name));
    f->kind = F_MASK;
    f->layer = layer;
    f->rank = 1;
    f->shape[0] = f->rows = rows;
    f->cols = f->line = 1;
    return f->name;
}

static const char *add_synapses(struct plan *p, const struct param *weight)
{
    struct field like = *plan_field(p, weight, NULL);
    struct field *f = plan_add_field(p, arena_format(p->arena, "%s.alive", weight->name));
    like.tensor = f->tensor;
    like.name = f->name;
    like.kind = F_MASK;
    like.probe = -1;
    *f = like;
    return f->name;
}

static const char *add_kernels(struct plan *p, const struct param *weight)
{
    struct field *f = plan_add_field(p, arena_format(p->arena, "%s.kernels", weight->name));
    f->kind = F_KERNELS;
    f->layer = weight->node->layer;
    f->rank = 2;
    f->rows = f->shape[0] = weight->shape.dim[0];
    f->cols = f->shape[1] = weight->shape.dim[1];
    f->line = round_up(f->cols, 16);
    return f->name;
}

/* The places of a trained tensor and of what belongs to it. */
static void set_alive(struct plan *p, const struct param *param, const char *alive)
{
    for (int i = 0; i < p->fields; i++)
        if (p->field[i].param == param &&
            (p->field[i].kind == F_PARAM || p->field[i].kind == F_STATE))
            p->field[i].alive = alive;
}

/* Whether each channel of the node becomes the neuron of its number: on the way back from the
 * neurons it is met before any weights. */
static bool becomes_neurons(const struct node *node, const struct node *from)
{
    bool becomes = node == from;
    if (from->layer != node->layer || from->op == N_DENSE || from->op == N_CONV ||
        from->op == N_CONCAT)
        return false;
    for (int i = 0; i < from->input_count && !becomes; i++)
        becomes = becomes_neurons(node, from->input[i]);
    return becomes;
}

static void mask_neurons(struct plan *p, struct value *v)
{
    struct layer *layer = v->layer;
    if (v->is_copy)
        v->alive = plan_neuron_mask(p, layer);
    if (!v->has_neurons || !neurons_die(p->net, layer))
        return;
    v->alive = add_neurons(p, layer, neurons_in(v));
    for (int i = 0; i < layer->branch_count; i++)
        if (layer->branch[i]->bias)
            set_alive(p, layer->branch[i]->bias, v->alive);
    for (int i = 0; v->neuron && i < v->neuron->neuron->learnables; i++)
        if (v->neuron->neuron->learnable[i].param->shape.dim[0] == neurons_in(v))
            set_alive(p, v->neuron->neuron->learnable[i].param, v->alive);
    for (int i = 0; i < p->values; i++) {
        const struct value *n = p->value[i];
        if (!n->norm || n->layer != layer || !becomes_neurons(n->norm, layer->neurons))
            continue;
        set_alive(p, n->norm->weight, v->alive);
        set_alive(p, n->norm->bias, v->alive);
        for (int k = 0; k < p->fields; k++)
            if (p->field[k].name == n->running_mean || p->field[k].name == n->running_var)
                p->field[k].alive = v->alive;
    }
}

static void mask_synapses(struct plan *p, struct term *t)
{
    struct mortal *list;
    if (!t->dense || (!synapses_drop(p->net, t->dense) && !neurons_die(p->net, t->dense->layer) &&
                      term_mortals(p->arena, t, &list) == 0))
        return;
    t->alive = add_synapses(p, t->dense->weight);
    set_alive(p, t->dense->weight, t->alive);
    if (is_conv(t))
        t->kernels = add_kernels(p, t->dense->weight);
}

void plan_masks(struct plan *p)
{
    /* what is read one step later may come later: all neurons first, where there is time */
    for (int i = 0; p->net->steps && i < p->values; i++) {
        mask_neurons(p, p->value[i]);
        find_mortals(p, p->value[i]);
    }
    for (int i = 0; i < p->values; i++) {
        struct value *v = p->value[i];
        if (!p->net->steps) {
            mask_neurons(p, v);
            find_mortals(p, v);
        }
        for (int t = 0; t < v->terms; t++)
            mask_synapses(p, &v->term[t]);
    }
}
