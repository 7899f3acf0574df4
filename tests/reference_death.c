/* Death in the reference interpreter: masks, what dropping and growing does to them, and what they
 * do to weights, states, values and errors. */
#include "reference_rule.h"

#include <string.h>

static struct values all_alive(struct arena *arena, int64_t size)
{
    struct values v = values_new(arena, size);

    for (int64_t i = 0; i < size; i++)
        v.at[i] = 1;
    return v;
}

void make_masks(struct reference *r)
{
    const struct net *net = r->net;

    r->alive = NEW_ARRAY(r->arena, net->param_count + 1, struct values);
    r->demand = NEW_ARRAY(r->arena, net->param_count + 1, struct values);
    r->alive_neuron = NEW_ARRAY(r->arena, net->layer_count + 1, struct values);
    for (int p = 0; p < net->param_count; p++)
        if (net->param[p]->node->weight == net->param[p]) {
            r->alive[p] = all_alive(r->arena, r->param[p].size);
            r->demand[p] = values_new(r->arena, r->param[p].size);
        }
    for (int k = 0; k < net->layer_count; k++)
        if (net->layer[k]->branch_count > 0)
            r->alive_neuron[k] = all_alive(r->arena, net->layer[k]->neurons->size);
}

/* ---------------------------------------------------------------- what masks mean */

static void zero_dead(struct values *values, const struct values *alive)
{
    for (int64_t i = 0; i < alive->size; i++)
        if (alive->at[i] == 0)
            values_set(values, i, 0, 0);
}

void silence(const struct reference *r, const struct attachment *a, struct values *values,
             enum space space)
{
    if (space == SPACE_SYNAPSE || space == SPACE_KERNEL)
        zero_dead(values, &r->alive[a->on->node->weight->index]);
    if (space == SPACE_NEURON)
        zero_dead(values, &r->alive_neuron[a->layer]);
}

void silence_neurons(struct reference *r, const struct layer *layer, struct values *of_samples)
{
    for (int k = 0; k < r->net->layer_count; k++) {
        const struct values *alive = &r->alive_neuron[k];
        if (r->net->layer[k] != layer)
            continue;
        for (int64_t i = 0; alive->size > 0 && i < (int64_t)r->n * alive->size; i++)
            if (alive->at[i % alive->size] == 0)
                values_set(of_samples, i, 0, 0);
    }
}

static int layer_number(const struct reference *r, const struct layer *layer)
{
    int k = 0;

    while (r->net->layer[k] != layer)
        k++;
    return k;
}

/* Of a weight its synapses, of a bias its neurons. */
static const struct values *mask_of(const struct reference *r, const struct param *param)
{
    return param->node->weight == param ? &r->alive[param->index]
                                        : &r->alive_neuron[layer_number(r, param->node->layer)];
}

void silence_gradients(struct reference *r)
{
    for (int p = 0; p < r->net->param_count; p++)
        zero_dead(&r->gradient[p], mask_of(r, r->net->param[p]));
}

void silence_updated(struct reference *r)
{
    for (int p = 0; p < r->net->param_count; p++) {
        const struct values *mask = mask_of(r, r->net->param[p]);
        zero_dead(&r->param[p], mask);
        for (int s = 0; s < r->net->optimizer->state_count; s++)
            zero_dead(&r->state[p][s], mask);
    }
}

/* ------------------------------------------------------------------------ settling */

/* For each unit of a node, whether something that lives is summed into it. */
static bool unit_lives(const struct reference *r, const struct node *node, int64_t unit)
{
    int layer = layer_number(r, node->layer);
    bool any = false;

    if (r->alive_neuron[layer].size > 0 && r->net->layer[layer]->neurons == node &&
        r->alive_neuron[layer].at[unit] == 0)
        return false;
    switch (node->op) {
    case N_INPUT:
    case N_AFFINE:
    case N_DENSE:
        return true;
    case N_SUM:
        for (int k = 0; k < node->input_count; k++)
            any = any || unit_lives(r, node->input[k], unit);
        return any;
    case N_CONCAT:
        for (int k = 0; k < node->input_count; unit -= node->input[k++]->size)
            if (unit < node->input[k]->size)
                return unit_lives(r, node->input[k], unit);
        break;
    case N_MAP:
    case N_DROPOUT:
        return unit_lives(r, node->input[0], unit);
    }
    bug("node %d has no unit %lld", node->index, (long long)unit);
}

bool reference_neurons_may_die(const struct reference *r, const struct layer *layer)
{
    for (int k = 0; k < r->attachments; k++)
        if (r->attachment[k].on->layer == layer && r->attachment[k].rule->drops_neurons)
            return true;
    return false;
}

static void set_mortal_neurons(struct reference *r, double alive)
{
    for (int k = 0; k < r->net->layer_count; k++)
        for (int64_t i = 0; i < r->alive_neuron[k].size; i++)
            if (reference_neurons_may_die(r, r->net->layer[k]))
                r->alive_neuron[k].at[i] = alive;
}

bool reference_may_die(struct reference *r, const struct param *weight)
{
    const struct node *dense = weight->node;
    bool may = reference_neurons_may_die(r, dense->layer);

    for (int k = 0; k < r->attachments; k++)
        may = may || (r->attachment[k].on->node == dense && r->attachment[k].rule->drops_synapses);
    set_mortal_neurons(r, 0);
    for (int64_t j = 0; j < dense->input[0]->size; j++)
        may = may || !unit_lives(r, dense->input[0], j);
    set_mortal_neurons(r, 1);
    return may;
}

static void kill_synapses(struct reference *r, const struct node *dense)
{
    const struct values *neuron = &r->alive_neuron[layer_number(r, dense->layer)];
    struct values *alive = &r->alive[dense->weight->index];
    int64_t columns = dense->input[0]->size;

    for (int64_t j = 0; j < columns; j++) {
        bool lives = unit_lives(r, dense->input[0], j);
        for (int64_t i = 0; i < dense->size; i++)
            if (!lives || neuron->at[i] == 0)
                alive->at[i * columns + j] = 0;
    }
}

void reference_settle(struct reference *r)
{
    for (int k = 0; k < r->net->node_count; k++)
        if (r->net->node[k]->op == N_DENSE)
            kill_synapses(r, r->net->node[k]);
    silence_updated(r);
    silence_gradients(r);
    for (int k = 0; k < r->attachments; k++) {
        struct attachment *a = &r->attachment[k];
        for (int i = 0; i < a->rule->value_count && !a->rule->grows; i++)
            if (a->rule->value[i].stored)
                silence(r, a, &a->value[i], a->rule->value[i].space);
    }
}

/* ------------------------------------------------------------------ drop and grow */

static bool decide(struct rule_context *c, struct number n)
{
    bool unsure, is = number_true(n, &unsure);

    c->r->undecided = c->r->undecided || unsure;
    return is;
}

/* The live one of lowest index stays where none would. */
static void drop_neurons(struct rule_context *c, struct formula *f)
{
    struct values *alive = &c->r->alive_neuron[c->a->layer];
    int64_t first = -1, left = 0;

    for (int64_t i = alive->size - 1; i >= 0; i--) {
        if (alive->at[i] == 0)
            continue;
        first = i;
        if (decide(c, formula_at(f, place_of(c->a, SPACE_NEURON, i))))
            alive->at[i] = 0;
        else
            left++;
    }
    if (left == 0 && first >= 0)
        alive->at[first] = 1;
}

static void drop_synapses(struct rule_context *c, struct formula *f)
{
    struct values *alive = &c->r->alive[c->a->on->node->weight->index];

    for (int64_t i = 0; i < alive->size; i++)
        if (alive->at[i] != 0 && decide(c, formula_at(f, place_of(c->a, SPACE_SYNAPSE, i))))
            alive->at[i] = 0;
}

/* Between two that live: settling kills the others again. */
static void grow_synapses(struct rule_context *c, struct formula *f)
{
    struct values *alive = &c->r->alive[c->a->on->node->weight->index];

    for (int64_t i = 0; i < alive->size; i++)
        if (alive->at[i] == 0 && decide(c, formula_at(f, place_of(c->a, SPACE_SYNAPSE, i))))
            alive->at[i] = 1;
}

void run_death(struct rule_context *c, const struct rule_stmt *s)
{
    struct formula f;

    formula_new(&f, c, s->value, 0);
    if (s->kind == RULE_GROW)
        grow_synapses(c, &f);
    else if (s->space == SPACE_NEURON)
        drop_neurons(c, &f);
    else
        drop_synapses(c, &f);
    reference_settle(c->r);
}
