/* The backward half of the reference interpreter: the loss of the last forward
 * pass, the error at every node by each of the three ways to learn, and the
 * gradients of the mean loss. */
#include "reference_rule.h"

#include <math.h>
#include <string.h>

/* --------------------------------------------------------------------------- loss */

struct targets { /* what one sample should give */
    int32_t label;
    const float *value; /* NULL: one-hot of the label */
};

static double target_of(const struct targets *t, int64_t i)
{
    return t->value ? (double)t->value[i] : i == t->label;
}

/* Softmax and its logarithm; p[i] = exp(z[i] - shift) / sum. */
static void lose_cross_entropy(struct reference *r, size_t s, int32_t label)
{
    const struct node *node = r->net->output->value;
    int64_t classes = node->size, from = (int64_t)s * classes;
    const double *z = r->value[node->index].at + from, *e = r->value[node->index].error + from;
    double largest = z[0], sum = 0, spread = 0, loss;

    for (int64_t i = 1; i < classes; i++)
        largest = fmax(largest, z[i]);
    for (int64_t i = 0; i < classes; i++)
        sum += exp(z[i] - largest);
    for (int64_t i = 0; i < classes; i++) /* what errors of z make of log(sum) */
        spread += exp(z[i] - largest) / sum * (e[i] + 2 * NUMBER_ROUNDING * (1 + largest - z[i]));
    for (int64_t i = 0; i < classes; i++) {
        double p = exp(z[i] - largest) / sum;
        double relative = e[i] + spread + NUMBER_ROUNDING * (6 + 2 * (largest - z[i]));
        values_set(&r->delta[node->index], from + i, (p - (i == label)) / (double)r->n,
                   (p * relative + 2 * NUMBER_ROUNDING * (i == label)) / (double)r->n);
    }
    loss = log(sum) + largest - z[label];
    r->loss.value += loss / (double)r->n;
    r->loss.error +=
        (spread + e[label] + 4 * NUMBER_ROUNDING * (fabs(largest) + fabs(z[label]) + loss + 1)) /
        (double)r->n;
}

static void lose_squares(struct reference *r, size_t s, const struct targets *t)
{
    const struct node *node = r->net->output->value;
    int64_t from = (int64_t)s * node->size;
    double all = (double)node->size * (double)r->n;

    for (int64_t i = 0; i < node->size; i++) {
        double z = r->value[node->index].at[from + i], e = r->value[node->index].error[from + i];
        double d = z - target_of(t, i), error = e + NUMBER_ROUNDING * fabs(d);
        values_set(&r->delta[node->index], from + i, 2 * d / all,
                   2 * (error + 2 * NUMBER_ROUNDING * fabs(d)) / all);
        r->loss.value += d * d / all;
        r->loss.error += (2 * fabs(d) * error + error * error + 4 * NUMBER_ROUNDING * d * d) / all;
    }
}

static void count_correct(struct reference *r, size_t s, int32_t label)
{
    const struct node *node = r->net->output->value;
    const double *z = r->value[node->index].at + (int64_t)s * node->size;
    const double *e = r->value[node->index].error + (int64_t)s * node->size;
    bool surely = true, maybe = true;

    for (int64_t i = 0; i < node->size; i++) {
        double lead = z[label] - z[i], reach = NUMBER_SAFETY * (e[label] + e[i]);
        if (i == label)
            continue;
        surely = surely && lead > reach;
        maybe = maybe && lead >= -reach;
    }
    r->correct_least += surely;
    r->correct_most += maybe;
}

void reference_loss(struct reference *r, const void *y, bool y_is_targets)
{
    int64_t outputs = r->net->output->value->size;

    r->loss = number_exact(0);
    r->correct_least = r->correct_most = 0;
    for (size_t s = 0; s < r->n; s++) {
        struct targets t = {0, NULL};
        if (y_is_targets)
            t.value = (const float *)y + (int64_t)s * outputs;
        else
            t.label = ((const int32_t *)y)[s];
        if (r->net->loss == LOSS_CROSS_ENTROPY)
            lose_cross_entropy(r, s, t.label);
        else
            lose_squares(r, s, &t);
        if (!y_is_targets)
            count_correct(r, s, t.label);
    }
    r->loss.error += NUMBER_ROUNDING * sqrt((double)r->n) * r->loss.value;
}

/* ------------------------------------------------------------------------ backward */

/* The gradient of the weight, from the deltas of the node and what entered it. */
static void find_gradients(struct reference *r, const struct node *node)
{
    const struct values *in = &r->value[node->input[0]->index], *delta = &r->delta[node->index];
    int64_t inputs = node->input[0]->size;

    for (int64_t i = 0; i < node->size; i++) {
        struct dot bias = {0, 0, 0, 0, 0};
        for (int64_t j = 0; j < inputs; j++) {
            struct dot dot = {0, 0, 0, 0, 0};
            for (int64_t s = 0; s < (int64_t)r->n; s++)
                dot_add(&dot, delta->at[s * node->size + i], delta->error[s * node->size + i],
                        in->at[s * inputs + j], in->error[s * inputs + j]);
            values_set(&r->gradient[node->weight->index], i * inputs + j, dot.sum, dot_error(&dot));
        }
        for (int64_t s = 0; s < (int64_t)r->n; s++)
            dot_add(&bias, delta->at[s * node->size + i], delta->error[s * node->size + i], 1, 0);
        if (node->bias)
            values_set(&r->gradient[node->bias->index], i, bias.sum, dot_error(&bias));
    }
}

/* rows x columns, transposed, times the deltas at `node`: added to those at `to`. */
static void carry(struct reference *r, const struct values *matrix, const struct node *node,
                  const struct node *to)
{
    const struct values *delta = &r->delta[node->index];

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t j = 0; j < to->size; j++) {
            struct dot dot = {0, 0, 0, 0, 0};
            for (int64_t i = 0; i < node->size; i++)
                dot_add(&dot, matrix->at[i * to->size + j], 0, delta->at[s * node->size + i],
                        delta->error[s * node->size + i]);
            values_add(&r->delta[to->index], s * to->size + j, dot.sum, dot_error(&dot));
        }
}

static void pass_slopes(struct reference *r, const struct node *node)
{
    const struct values *slope = &r->slope[node->index], *delta = &r->delta[node->index];

    for (int64_t i = 0; i < (int64_t)r->n * node->size; i++) {
        struct dot dot = {0, 0, 0, 0, 0};
        dot_add(&dot, slope->at[i], slope->error[i], delta->at[i], delta->error[i]);
        values_add(&r->delta[node->input[0]->index], i, dot.sum, dot_error(&dot));
    }
}

/* To the input that begins at element `first` of the node. */
static void pass_part(struct reference *r, const struct node *node, const struct node *to,
                      int64_t first)
{
    const struct values *delta = &r->delta[node->index];

    for (int64_t i = 0; i < (int64_t)r->n * to->size; i++) {
        int64_t from = i / to->size * node->size + first + i % to->size;
        values_add(&r->delta[to->index], i, delta->at[from], delta->error[from]);
    }
}

static bool stays_inside(const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (node->input[i]->layer != node->layer)
            return false;
    return true;
}

/* Adds to the deltas of what entered the node. Where errors come directly from the output,
 * nothing passes from a layer to another. */
static void pass_delta(struct reference *r, const struct node *node)
{
    bool direct = r->net->learn == LEARN_DIRECT_FEEDBACK;
    int64_t first = 0;

    switch (node->op) {
    case N_INPUT:
    case N_AFFINE:
        return;
    case N_DENSE:
        find_gradients(r, node);
        if (!direct && reference_carries(r, node))
            carry(r,
                  r->net->learn == LEARN_FEEDBACK ? &r->param_feedback[node->weight->index]
                                                  : &r->param[node->weight->index],
                  node, node->input[0]);
        return;
    case N_SUM:
    case N_CONCAT:
        for (int k = 0; k < node->input_count; k++) {
            if (!direct || node->input[k]->layer == node->layer)
                pass_part(r, node, node->input[k], node->op == N_SUM ? 0 : first);
            first += node->input[k]->size;
        }
        return;
    case N_MAP:
    case N_DROPOUT:
        if (!direct || stays_inside(node))
            pass_slopes(r, node);
        return;
    }
}

static void clear(struct values *values, int64_t size)
{
    memset(values->at, 0, (size_t)size * sizeof *values->at);
    memset(values->error, 0, (size_t)size * sizeof *values->error);
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

void reference_backward(struct reference *r)
{
    const struct net *net = r->net;
    int output = net->output->value->index;

    for (int k = 0; k < net->node_count; k++)
        if (k != output)
            clear(&r->delta[k], (int64_t)r->n * net->node[k]->size);
    for (int k = 0; k < net->param_count; k++)
        clear(&r->gradient[k], r->gradient[k].size);
    if (net->output->neurons->index == output)
        modulate_error(r, net->output->neurons);
    if (net->learn == LEARN_DIRECT_FEEDBACK)
        feed_back(r);
    for (int k = net->node_count - 1; k >= 0; k--) {
        const struct node *node = net->node[k];
        if (node->layer->neurons == node && k != output)
            modulate_error(r, node);
        pass_delta(r, node);
    }
    modulate_gradients(r);
}
