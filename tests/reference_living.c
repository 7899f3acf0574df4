/* Which channels of a network of which parts are dead live, in the reference interpreter: those
 * that something alive is summed into. */
#include "reference_rule.h"

int layer_number(const struct reference *r, const struct layer *layer)
{
    int k = 0;

    while (r->net->layer[k] != layer)
        k++;
    return k;
}

/* Whether something that lives is summed into a channel, by what is known of those before. */
static bool channel_lives(const struct reference *r, const struct node *node, int64_t channel)
{
    bool any = false;

    switch (node->op) {
    case N_INPUT:
    case N_DENSE:
    case N_CONV:
        return true;
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
void find_living(struct reference *r)
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

bool column_lives(const struct reference *r, const struct node *weighted, int64_t column)
{
    const struct node *in = weighted->input[0];
    int64_t area = weighted->op == N_DENSE ? in->size / reference_channels(in) : 1;

    return r->channel_alive[in->index].at[column / area] != 0;
}

int64_t columns_of(const struct node *weighted)
{
    const struct node *in = weighted->input[0];

    return weighted->op == N_DENSE ? in->size : reference_channels(in);
}
