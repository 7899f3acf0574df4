/* Comes in: a checked network. Goes out: the reference interpreter's memory for it, and what of the
 * network's graph it needs to know. */
#include "reference_node.h"
#include "reference_rule.h"

static struct values *one_each(struct arena *arena, int count)
{
    return NEW_ARRAY(arena, count + 1, struct values);
}

bool reference_is_weight(const struct param *param)
{
    const struct node *node = param->node;

    return (node->op == N_DENSE || node->op == N_CONV) && node->weight == param;
}

int64_t reference_steps(const struct reference *r, const struct node *node)
{
    return node->timed ? r->net->steps : 1;
}

int64_t reference_row(const struct reference *r, const struct node *node, int64_t step,
                      int64_t sample)
{
    return ((node->timed ? step : 0) * (int64_t)r->n + sample) * node->size;
}

int64_t reference_channels(const struct node *node)
{
    return node->shape.dim[0];
}

/* ------------------------------------------------------------------------- params */

static void start_param(struct reference *r, const struct param *param)
{
    for (int64_t i = 0; i < r->param[param->index].size && param->init == INIT_CONSTANT; i++)
        values_set(&r->param[param->index], i, param->value, 0);
}

void make_params(struct reference *r)
{
    const struct net *net = r->net;
    int states = net->optimizer->state_count;

    r->param = one_each(r->arena, net->param_count);
    r->gradient = one_each(r->arena, net->param_count);
    r->param_feedback = one_each(r->arena, net->param_count);
    r->state = NEW_ARRAY(r->arena, net->param_count + 1, struct values *);
    for (int i = 0; i < net->param_count; i++) {
        int64_t size = shape_size(&net->param[i]->shape);
        r->param[i] = values_new(r->arena, size);
        r->gradient[i] = values_new(r->arena, size);
        r->state[i] = one_each(r->arena, states);
        for (int s = 0; s < states; s++)
            r->state[i][s] = values_new(r->arena, size);
        start_param(r, net->param[i]);
    }
}

/* -------------------------------------------------------------------------- nodes */

static void make_node(struct reference *r, const struct node *node)
{
    int64_t size = r->net->batch * node->size * reference_steps(r, node);
    int k = node->index;

    r->value[k] = values_new(r->arena, size);
    r->delta[k] = values_new(r->arena, size);
    if (node->op == N_MAP || node->op == N_DROPOUT)
        r->slope[k] = values_new(r->arena, size);
    if (node->timed) /* any may be what `prev` names, or stand between that and its neurons */
        r->late[k] = values_new(r->arena, size);
    if (node->op == N_BATCHNORM)
        prepare_norm(r, node);
    if (node->op == N_NEURON)
        prepare_neuron(r, node);
}

/* Whether something is trained at the node itself. */
static bool has_params(const struct node *node)
{
    return node->op == N_DENSE || node->op == N_CONV || node->op == N_BATCHNORM ||
           (node->op == N_NEURON && node->neuron->learnables > 0);
}

/* Round after round, since what `prev` names may stand later. */
static void find_trained(struct reference *r)
{
    bool found = true;

    r->trained = NEW_ARRAY(r->arena, r->net->node_count, bool);
    while (found) {
        found = false;
        for (int k = 0; k < r->net->node_count; k++) {
            const struct node *node = r->net->node[k];
            bool trained =
                has_params(node) || (node->op == N_PREV && r->trained[node->source->index]);
            for (int i = 0; i < node->input_count; i++)
                trained = trained || r->trained[node->input[i]->index];
            found = found || trained != r->trained[k];
            r->trained[k] = trained;
        }
    }
}

void make_nodes(struct reference *r)
{
    const struct net *net = r->net;

    r->value = one_each(r->arena, net->node_count);
    r->delta = one_each(r->arena, net->node_count);
    r->late = one_each(r->arena, net->node_count);
    r->slope = one_each(r->arena, net->node_count);
    r->mean = one_each(r->arena, net->node_count);
    r->variance = one_each(r->arena, net->node_count);
    r->running_mean = one_each(r->arena, net->node_count);
    r->running_variance = one_each(r->arena, net->node_count);
    r->neuron_state = NEW_ARRAY(r->arena, net->node_count, struct values *);
    r->neuron_carried = NEW_ARRAY(r->arena, net->node_count, struct values *);
    r->bare = NEW_ARRAY(r->arena, net->node_count, struct neuron *);
    for (int k = 0; k < net->node_count; k++)
        make_node(r, net->node[k]);
    find_trained(r);
    find_ended(r);
}

/* ----------------------------------------------------------------------- feedback */

bool reference_carries(const struct reference *r, const struct node *weighted)
{
    return r->trained[weighted->input[0]->index];
}

void make_feedback(struct reference *r)
{
    const struct net *net = r->net;
    int64_t outputs = net->output->value->size;

    r->layer_feedback = one_each(r->arena, net->layer_count);
    for (int i = 0; i < net->param_count && net->learn == LEARN_FEEDBACK; i++) {
        const struct param *param = net->param[i];
        if (reference_is_weight(param) && reference_carries(r, param->node))
            r->param_feedback[i] = values_new(r->arena, shape_size(&param->shape));
    }
    for (int i = 0; i < net->layer_count && net->learn == LEARN_DIRECT_FEEDBACK; i++) {
        const struct layer *layer = net->layer[i];
        if (layer->branch_count > 0 && !layer->is_output)
            r->layer_feedback[i] = values_new(r->arena, layer->neurons->size * outputs);
    }
}
