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

static int layer_number(const struct reference *r, const struct layer *layer)
{
    int k = 0;

    while (r->net->layer[k] != layer)
        k++;
    return k;
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

/* Of a weight its synapses, of a bias its neurons, of what belongs to channels those; NULL: of one
 * number for a whole layer. */
static const struct values *mask_of(const struct reference *r, const struct param *param)
{
    const struct node *node = param->node;
    const struct values *channels = &r->channel_alive[node->index];

    if (reference_is_weight(param))
        return &r->alive[param->index];
    if (node->op == N_DENSE || node->op == N_CONV)
        return &r->alive_neuron[layer_number(r, node->layer)];
    return shape_size(&param->shape) == channels->size ? channels : NULL;
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
    for (int k = 0; k < r->net->node_count; k++)
        if (r->net->node[k]->op == N_BATCHNORM) {
            zero_dead(&r->running_mean[k], &r->channel_alive[k]);
            zero_dead(&r->running_variance[k], &r->channel_alive[k]);
        }
}

/* ------------------------------------------------------------------------ settling */

/* Whether something that lives is summed into a channel, by what is known of those before. */
static bool channel_lives(const struct reference *r, const struct node *node, int64_t channel)
{
    bool any = false;

    switch (node->op) {
    case N_INPUT:
        return true;
    case N_DENSE:
    case N_CONV:
        return r->alive_neuron[layer_number(r, node->layer)].at[channel] != 0;
    case N_SUM:
        for (int k = 0; k < node->input_count; k++)
            any = any || r->channel_alive[node->input[k]->index].at[channel] != 0;
        return any;
    case N_CONCAT:
        for (int k = 0; k < node->input_count; channel -= reference_channels(node->input[k++]))
            if (channel < reference_channels(node->input[k]))
                return r->channel_alive[node->input[k]->index].at[channel] != 0;
        break;
    case N_PREV:
        return r->channel_alive[node->source->index].at[channel] != 0;
    case N_AFFINE:
    case N_MAP:
    case N_DROPOUT:
    case N_MAXPOOL:
    case N_AVGPOOL:
    case N_BATCHNORM:
    case N_NEURON:
    case N_READOUT:
    case N_FLIP:
    case N_CROP:
    case N_ENCODE:
        return r->channel_alive[node->input[0]->index].at[channel] != 0;
    }
    bug("node %d has no channel %lld", node->index, (long long)channel);
}

static bool node_lives(const struct reference *r, const struct node *node, int64_t channel)
{
    const struct values *neuron = &r->alive_neuron[layer_number(r, node->layer)];

    if (node->layer->neurons == node && neuron->size > 0 && neuron->at[channel] == 0)
        return false;
    return channel_lives(r, node, channel);
}

/* From nothing on, as long as more is found to live: round a loop nothing lives of itself. */
static void find_living(struct reference *r)
{
    const struct net *net = r->net;
    bool found = true;

    for (int k = 0; k < net->node_count; k++)
        for (int64_t i = 0; i < r->channel_alive[k].size; i++)
            r->channel_alive[k].at[i] = 0;
    while (found) {
        found = false;
        for (int k = 0; k < net->node_count; k++)
            for (int64_t i = 0; i < r->channel_alive[k].size; i++)
                if (r->channel_alive[k].at[i] == 0 && node_lives(r, net->node[k], i)) {
                    r->channel_alive[k].at[i] = 1;
                    found = true;
                }
    }
}

/* Of what enters a weight: a unit that a dense one reads, a channel of a convolution. */
static bool column_lives(const struct reference *r, const struct node *weighted, int64_t column)
{
    const struct node *in = weighted->input[0];
    int64_t area = weighted->op == N_DENSE ? in->size / reference_channels(in) : 1;

    return r->channel_alive[in->index].at[column / area] != 0;
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

static int64_t columns_of(const struct node *weighted)
{
    const struct node *in = weighted->input[0];

    return weighted->op == N_DENSE ? in->size : reference_channels(in);
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
