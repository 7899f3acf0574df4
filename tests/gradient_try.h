/* What the tests of the reference interpreter share that train: gradients against central
 * differences of the loss. After rule_try.h or in its place. */
#ifndef PLAST_TESTS_GRADIENT_TRY_H
#define PLAST_TESTS_GRADIENT_TRY_H

#include "reference.h"
#include "tap.h"

#include <math.h>

struct trial { /* a batch, with its names for the random streams */
    const float *x;
    const void *y;
    bool with_targets;
    const uint64_t *number;
    size_t n;
};

TAP_UNUSED static double loss_of(struct reference *r, const struct trial *t)
{
    reference_forward(r, t->x, t->number, t->n, true);
    reference_loss(r, t->y, t->with_targets);
    return r->loss.value;
}

/* By values at two distances on either side: of what is left the fourth power of h counts. */
TAP_UNUSED static double difference_at(struct reference *r, const struct trial *t, double *param)
{
    double old = *param, h = 2e-5, sum = 0;

    for (int k = 1; k <= 2; k++) {
        double part;
        *param = old + k * h;
        part = loss_of(r, t);
        *param = old - k * h;
        part -= loss_of(r, t);
        sum += (k == 1 ? 8 : -1) * part;
    }
    *param = old;
    return sum / (12 * h);
}

/* The largest disagreement over all that is trained. */
TAP_UNUSED static double gradient_error(struct reference *r, const struct trial *t)
{
    double worst = 0;

    loss_of(r, t);
    reference_backward(r);
    for (int p = 0; p < r->net->param_count; p++)
        for (int64_t i = 0; i < r->param[p].size; i++) {
            double away = difference_at(r, t, &r->param[p].at[i]) - r->gradient[p].at[i];
            worst = fmax(worst, fabs(away));
        }
    return worst;
}

/* As a part of the largest gradient. */
TAP_UNUSED static double largest_tolerance(const struct reference *r)
{
    double worst = 0, scale = 0;

    for (int p = 0; p < r->net->param_count; p++)
        for (int64_t i = 0; i < r->gradient[p].size; i++) {
            scale = fmax(scale, fabs(r->gradient[p].at[i]));
            worst = fmax(worst, r->gradient[p].error[i] * NUMBER_SAFETY);
        }
    return worst / scale;
}

#endif
