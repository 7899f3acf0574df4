/* The loss of the reference interpreter's last forward pass, and the error it makes at the output.
 */
#include "reference.h"

#include <math.h>

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
