/* What the tests of rules in the reference interpreter share: a model's text becomes a reference
 * with weights to work on. For one file of a program. */
#ifndef PLAST_TESTS_RULE_TRY_H
#define PLAST_TESTS_RULE_TRY_H

#include "ast.h"
#include "reference.h"
#include "tap.h"

#include <math.h>
#include <plast.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static double uniform(uint32_t stream, int64_t index)
{
    return (double)plast_uniform(stream, (uint32_t)index) * 2 - 1;
}

/* Weights and biases are random; a file that is wrong ends the program. */
static struct reference *reference_of(const char *text)
{
    struct diag *diag = diag_new(arena);
    struct file *file = parse_text(arena, diag, "test.pl", text, strlen(text));
    struct net *net = check_file(arena, diag, file, NULL, 0);
    struct reference *r;

    if (!net) {
        diag_print(diag, stdout, DIAG_TEXT, false);
        exit(1);
    }
    r = reference_new(arena, net);
    r->run = (struct reference_run){7, 0, 4, 0, 5};
    for (int p = 0; p < net->param_count; p++)
        for (int64_t i = 0; i < r->param[p].size; i++)
            values_set(&r->param[p], i, uniform((uint32_t)p, i), 0);
    return r;
}

TAP_UNUSED static void set_all(struct values *values, const double *from)
{
    for (int64_t i = 0; i < values->size; i++)
        values_set(values, i, from[i], 0);
}

TAP_UNUSED static const struct values *value_of(const struct attachment *a, const char *name)
{
    for (int i = 0; i < a->rule->value_count; i++)
        if (!strcmp(a->rule->value[i].name, name))
            return &a->value[i];
    bug("rule '%s' has no value '%s'", a->rule->name, name);
}

TAP_UNUSED static void step(struct reference *r, const float *x, const int32_t *label, size_t n)
{
    static const uint64_t number[] = {0, 1, 2, 3, 4, 5, 6, 7};

    reference_set_up(r);
    reference_forward(r, x, number, n, true);
    reference_loss(r, label, false);
    reference_backward(r);
    reference_update(r);
}

/* The largest difference of two tensors, the second one scaled. */
TAP_UNUSED static double apart(const struct values *a, const double *b, double scale)
{
    double worst = 0;

    for (int64_t i = 0; i < a->size; i++) {
        double d = fabs(a->at[i] - scale * b[i]);
        worst = isnan(d) ? INFINITY : fmax(worst, d);
    }
    return worst;
}

#endif
