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
    r->channel_alive = NEW_ARRAY(r->arena, net->node_count + 1, struct values);
    for (int k = 0; k < net->node_count; k++)
        r->channel_alive[k] = all_alive(r->arena, reference_channels(net->node[k]));
    for (int p = 0; p < net->param_count; p++)
        if (reference_is_weight(net->param[p])) {
            r->alive[p] = all_alive(r->arena, r->param[p].size);
            r->demand[p] = values_new(r->arena, r->param[p].size);
        }
    for (int k = 0; k < net->layer_count; k++)
        if (net->layer[k]->branch_count > 0)
            r->alive_neuron[k] = all_alive(r->arena, reference_channels(net->layer[k]->neurons));
}

/* ---------------------------------------------------------------- what masks mean */

static void zero_dead(struct values *values, const struct values *alive)
{
    for (int64_t i = 0; i < alive->size; i++)
        if (alive->at[i] == 0)
            values_set(values, i, 0, 0);
}

bool kernel_is_dead(const struct reference *r, const struct attachment *a, int64_t kernel)
{
    const struct values *alive = &r->alive[a->on->node->weight->index];
    int64_t synapses = alive->size / reference_places(a, SPACE_KERNEL);

    for (int64_t i = 0; i < synapses; i++)
        if (alive->at[kernel * synapses + i] != 0)
            return false;
    return true;
}

void silence(const struct reference *r, const struct attachment *a, struct values *values,
             enum space space)
{
    if (space == SPACE_SYNAPSE)
        zero_dead(values, &r->alive[a->on->node->weight->index]);
    if (space == SPACE_NEURON)
        zero_dead(values, &r->alive_neuron[a->layer]);
    for (int64_t i = 0; space == SPACE_KERNEL && i < values->size; i++)
        if (kernel_is_dead(r, a, i))
            values_set(values, i, 0, 0);
}

void silence_neurons(struct reference *r, const struct layer *layer, struct values *of_samples,
                     int64_t step)
{
    const struct values *alive = &r->alive_neuron[layer_number(r, layer)];
    const struct node *neurons = layer->neurons;
    int64_t row = reference_row(r, neurons, step, 0);

    for (int64_t i = 0; alive->size > 0 && i < (int64_t)r->n * neurons->size; i++)
        if (alive->at[i % neurons->size / (neurons->size / alive->size)] == 0)
            values_set(of_samples, row + i, 0, 0);
}

/* Whether each channel of the node becomes the neuron of its number: on the way back from the
 * neurons it is met before any weights. */
static bool becomes_neurons(const struct node *node, const struct node *from)
{
    bool becomes = node == from;

    if (from->layer != node->layer || from->op == N_DENSE || from->op == N_CONV ||
        from->op == N_CONCAT)
        return false;
    for (int k = 0; k < from->input_count && !becomes; k++)
        becomes = becomes_neurons(node, from->input[k]);
    return becomes;
}

/* Of batch norm, and of neurons that each have learnables: NULL where none of them can die. */
static const struct values *mask_of_channels(const struct reference *r, const struct node *node)
{
    const struct values *neurons = &r->alive_neuron[layer_number(r, node->layer)];

    return neurons->size > 0 && becomes_neurons(node, node->layer->neurons) ? neurons : NULL;
}

/* Of a weight its synapses, of a bias its neurons; NULL: it outlives them. */
static const struct values *mask_of(const struct reference *r, const struct param *param)
{
    const struct node *node = param->node;

    if (reference_is_weight(param))
        return &r->alive[param->index];
    if (node->op == N_DENSE || node->op == N_CONV)
        return &r->alive_neuron[layer_number(r, node->layer)];
    return shape_size(&param->shape) == reference_channels(node) ? mask_of_channels(r, node) : NULL;
}

void silence_gradients(struct reference *r)
{
    for (int p = 0; p < r->net->param_count; p++) {
        const struct values *mask = mask_of(r, r->net->param[p]);
        if (mask)
            zero_dead(&r->gradient[p], mask);
    }
}

void silence_updated(struct reference *r)
{
    for (int p = 0; p < r->net->param_count; p++) {
        const struct values *mask = mask_of(r, r->net->param[p]);
        if (!mask)
            continue;
        zero_dead(&r->param[p], mask);
        for (int s = 0; s < r->net->optimizer->state_count; s++)
            zero_dead(&r->state[p][s], mask);
    }
    for (int k = 0; k < r->net->node_count; k++) {
        const struct node *node = r->net->node[k];
        const struct values *mask = node->op == N_BATCHNORM ? mask_of_channels(r, node) : NULL;
        if (!mask)
            continue;
        zero_dead(&r->running_mean[k], mask);
        zero_dead(&r->running_variance[k], mask);
    }
}

/* ------------------------------------------------------------------------ settling */

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
    const struct node *node = weight->node;
    bool may = reference_neurons_may_die(r, node->layer);

    for (int k = 0; k < r->attachments; k++)
        may = may || (r->attachment[k].on->node == node && r->attachment[k].rule->drops_synapses);
    set_mortal_neurons(r, 0);
    find_living(r);
    for (int64_t j = 0; j < columns_of(node); j++)
        may = may || !column_lives(r, node, j);
    set_mortal_neurons(r, 1);
    find_living(r);
    return may;
}

/* Of a neuron that is dead, or of an input where nothing lives. */
static void kill_synapses(struct reference *r, const struct node *node)
{
    const struct values *neuron = &r->alive_neuron[layer_number(r, node->layer)];
    struct values *alive = &r->alive[node->weight->index];
    int64_t rows = reference_channels(node), each = node->weight->shape.dim[1];
    int64_t groups = columns_of(node) / each, taps = alive->size / rows / each;

    for (int64_t q = 0; q < alive->size; q++) {
        int64_t row = q / taps / each, column = row / (rows / groups) * each + q / taps % each;
        if (neuron->at[row] == 0 || !column_lives(r, node, column))
            alive->at[q] = 0;
    }
}

void reference_settle(struct reference *r)
{
    find_living(r);
    for (int k = 0; k < r->net->node_count; k++)
        if (r->net->node[k]->op == N_DENSE || r->net->node[k]->op == N_CONV)
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
