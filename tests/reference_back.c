/* The backward half of the reference interpreter: the error at every node by each of the three ways
 * to learn, from the last time step to the first, and the gradients of the mean loss. */
#include "reference_node.h"
#include "reference_rule.h"

/* ----------------------------------------------------------------------- gradients */

static void find_dense_gradients(struct reference *r, const struct node *node)
{
    const struct node *from = node->input[0];
    const struct values *in = &r->value[from->index], *delta = &r->delta[node->index];
    int64_t rows = reference_steps(r, node) * (int64_t)r->n;

    for (int64_t i = 0; i < node->size; i++) {
        struct dot bias = {0, 0, 0, 0, 0};
        for (int64_t j = 0; j < from->size; j++) {
            struct dot dot = {0, 0, 0, 0, 0};
            for (int64_t s = 0; s < rows; s++)
                dot_add(&dot, delta->at[s * node->size + i], delta->error[s * node->size + i],
                        in->at[s * from->size + j], in->error[s * from->size + j]);
            values_set(&r->gradient[node->weight->index], i * from->size + j, dot.sum,
                       dot_error(&dot));
        }
        for (int64_t s = 0; s < rows; s++)
            dot_add(&bias, delta->at[s * node->size + i], delta->error[s * node->size + i], 1, 0);
        if (node->bias)
            values_set(&r->gradient[node->bias->index], i, bias.sum, dot_error(&bias));
    }
}

/* From the deltas of all time steps and what entered. */
static void find_gradients(struct reference *r)
{
    for (int k = 0; k < r->net->node_count; k++) {
        const struct node *node = r->net->node[k];
        if (node->op == N_DENSE)
            find_dense_gradients(r, node);
        else if (node->op == N_CONV)
            find_conv_gradients(r, node);
        else if (node->op == N_BATCHNORM)
            find_norm_gradients(r, node);
    }
}

/* -------------------------------------------------------------------------- passing */

/* rows x columns, transposed, times the deltas at `node`: added to those of what entered. */
static void carry_dense(struct reference *r, const struct values *matrix, const struct node *node,
                        int64_t step)
{
    const struct node *to = node->input[0];
    const struct values *delta = &r->delta[node->index];

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t j = 0; j < to->size; j++) {
            int64_t row = reference_row(r, node, step, s);
            struct dot dot = {0, 0, 0, 0, 0};
            for (int64_t i = 0; i < node->size; i++)
                dot_add(&dot, matrix->at[i * to->size + j], 0, delta->at[row + i],
                        delta->error[row + i]);
            values_add(&r->delta[to->index], reference_row(r, to, step, s) + j, dot.sum,
                       dot_error(&dot));
        }
}

static void carry(struct reference *r, const struct node *node, int64_t step)
{
    const struct values *matrix = r->net->learn == LEARN_FEEDBACK
                                      ? &r->param_feedback[node->weight->index]
                                      : &r->param[node->weight->index];

    if (r->net->learn == LEARN_DIRECT_FEEDBACK || !reference_carries(r, node))
        return;
    if (node->op == N_CONV)
        carry_conv(r, matrix, node, step);
    else
        carry_dense(r, matrix, node, step);
}

static void pass_slopes(struct reference *r, struct values *stream, const struct node *node,
                        int64_t step)
{
    const struct values *slope = &r->slope[node->index], *delta = &stream[node->index];
    int64_t row = reference_row(r, node, step, 0);

    for (int64_t i = row; i < row + (int64_t)r->n * node->size; i++) {
        struct dot dot = {0, 0, 0, 0, 0};
        dot_add(&dot, slope->at[i], slope->error[i], delta->at[i], delta->error[i]);
        values_add(&stream[node->input[0]->index], i, dot.sum, dot_error(&dot));
    }
}

/* To the input that begins at element `first` of the node. */
static void pass_part(struct reference *r, const struct node *node, const struct node *to,
                      int64_t first, int64_t step)
{
    const struct values *delta = &r->delta[node->index];

    for (int64_t i = 0; i < (int64_t)r->n * to->size; i++) {
        int64_t from = reference_row(r, node, step, i / to->size) + first + i % to->size;
        values_add(&r->delta[to->index], reference_row(r, to, step, 0) + i, delta->at[from],
                   delta->error[from]);
    }
}

/* Where errors come directly from the output, nothing passes from a layer to another. */
static bool passes(const struct reference *r, const struct node *node, const struct node *to)
{
    return r->net->learn != LEARN_DIRECT_FEEDBACK || to->layer == node->layer;
}

static void pass_parts(struct reference *r, const struct node *node, int64_t step)
{
    int64_t first = 0;

    for (int k = 0; k < node->input_count; first += node->input[k++]->size)
        if (passes(r, node, node->input[k]))
            pass_part(r, node, node->input[k], node->op == N_SUM ? 0 : first, step);
}

/* What changes each value alone, or joins those of one map: may stand behind a layer's neurons, and
 * then passes what came through `prev` by itself. */
static void pass_element_wise(struct reference *r, struct values *stream, const struct node *node,
                              int64_t step)
{
    if (!passes(r, node, node->input[0]))
        return;
    if (node->op == N_MAXPOOL)
        pass_maxpool(r, stream, node, step);
    else if (node->op == N_AVGPOOL)
        pass_avgpool(r, stream, node, step);
    else
        pass_slopes(r, stream, node, step);
}

/* Adds to the deltas of what entered the node. */
static void pass_delta(struct reference *r, struct values *stream, const struct node *node,
                       int64_t step)
{
    switch (node->op) {
    case N_INPUT:
    case N_AFFINE:
    case N_FLIP:
    case N_CROP:
    case N_ENCODE:
        return;
    case N_DENSE:
    case N_CONV:
        carry(r, node, step);
        return;
    case N_SUM:
    case N_CONCAT:
        pass_parts(r, node, step);
        return;
    case N_MAP:
    case N_DROPOUT:
    case N_MAXPOOL:
    case N_AVGPOOL:
        pass_element_wise(r, stream, node, step);
        return;
    case N_BATCHNORM:
        if (passes(r, node, node->input[0]))
            pass_norm(r, node, step);
        return;
    case N_NEURON:
        pass_neuron(r, node, step);
        return;
    case N_PREV:
        pass_prev(r, node, step);
        return;
    case N_READOUT:
        pass_readout(r, node);
        return;
    }
}

/* ------------------------------------------------------------------------ backward */

static void clear(struct values *values)
{
    for (int64_t i = 0; i < values->size; i++)
        values_set(values, i, 0, 0);
}

/* The error at every hidden layer's neurons, from that at the output. */
static void feed_back(struct reference *r)
{
    const struct net *net = r->net;
    const struct node *output = net->output->value;

    for (int k = 0; k < net->layer_count; k++) {
        const struct node *neurons = net->layer[k]->neurons;
        const struct values *matrix = &r->layer_feedback[k];
        for (int64_t s = 0; s < (int64_t)r->n && matrix->size > 0; s++)
            for (int64_t i = 0; i < neurons->size; i++) {
                struct dot dot = {0, 0, 0, 0, 0};
                for (int64_t j = 0; j < output->size; j++)
                    dot_add(&dot, matrix->at[i * output->size + j], 0,
                            r->delta[output->index].at[s * output->size + j],
                            r->delta[output->index].error[s * output->size + j]);
                values_set(&r->delta[neurons->index], s * neurons->size + i, dot.sum,
                           dot_error(&dot));
            }
    }
}

/* What came through `prev` joins the rest. */
static void add_late(struct reference *r, const struct node *neurons, int64_t step)
{
    const struct values *late = &r->late[neurons->index];
    int64_t row = reference_row(r, neurons, step, 0);

    for (int64_t i = row; i < row + (int64_t)r->n * neurons->size && late->size > 0; i++)
        values_add(&r->delta[neurons->index], i, late->at[i], late->error[i]);
    silence_neurons(r, neurons->layer, &r->delta[neurons->index], step);
}

static void pass_node(struct reference *r, const struct node *node, int64_t step)
{
    const struct node *neurons = node->layer->neurons;
    const struct node *output = r->net->output->value;

    if (node == neurons) {
        if (node != output) /* that has been done */
            modulate_error(r, node, step);
        add_late(r, node, step);
    }
    if (node->index > neurons->index && node->timed)
        pass_delta(r, r->late, node, step);
    pass_delta(r, r->delta, node, step);
}

void reference_backward(struct reference *r)
{
    const struct net *net = r->net;
    int output = net->output->value->index;

    for (int k = 0; k < net->node_count; k++) {
        if (k != output)
            clear(&r->delta[k]);
        clear(&r->late[k]);
    }
    for (int k = 0; k < net->param_count; k++)
        clear(&r->gradient[k]);
    if (net->output->neurons->index == output)
        modulate_error(r, net->output->neurons, 0);
    if (net->learn == LEARN_DIRECT_FEEDBACK)
        feed_back(r);
    for (int64_t t = net->steps > 0 ? net->steps - 1 : 0; t >= 0; t--)
        for (int k = net->node_count - 1; k >= 0; k--)
            if (is_due(r, net->node[k], t))
                pass_node(r, net->node[k], t);
    find_gradients(r);
    modulate_gradients(r);
}
