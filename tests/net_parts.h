/* What the tests of the reference interpreter share that look into a net: its parts by name or
 * operator, and a batch to feed it. For one file of a program. */
#ifndef PLAST_TESTS_NET_PARTS_H
#define PLAST_TESTS_NET_PARTS_H

#include "rule_try.h"

enum { MOST_INPUTS = 512 };

static float noise[MOST_INPUTS]; /* in [-1, 1): made by the next */
TAP_UNUSED static const int32_t label[4] = {1, 0, 2, 1};
TAP_UNUSED static const uint64_t number[4] = {5, 1234567890123, 0, 59999};

TAP_UNUSED static const struct node *node_of(const struct reference *r, enum node_op op, int which)
{
    for (int k = 0; k < r->net->node_count; k++)
        if (r->net->node[k]->op == op && which-- == 0)
            return r->net->node[k];
    bug("no node of op %d", (int)op);
}

TAP_UNUSED static struct values *param_named(struct reference *r, const char *name)
{
    for (int p = 0; p < r->net->param_count; p++)
        if (!strcmp(r->net->param[p]->name, name))
            return &r->param[p];
    bug("there is no %s", name);
}

TAP_UNUSED static bool is_all(const double *got, const double *want, int64_t count)
{
    double worst = 0;

    for (int64_t i = 0; i < count; i++)
        worst = fmax(worst, fabs(got[i] - want[i]));
    if (!(worst < 1e-12))
        note("%g away", worst);
    return worst < 1e-12;
}

TAP_UNUSED static void forward(struct reference *r, const float *x, size_t n)
{
    reference_forward(r, x, number, n, true);
}

static void make_noise(void)
{
    for (int i = 0; i < MOST_INPUTS; i++)
        noise[i] = (float)uniform(77, i);
}

#endif
