/* A deployed net run by the compiler, in double precision: what ranges its values have, and what
 * the C is to compute. */
#include "deploy_build.h"

#include <math.h>
#include <string.h>

static bool value_of_x(void *context, const char *name, double *result)
{
    *result = *(const double *)context;
    return strcmp(name, "x") == 0;
}

double deploy_apply(const struct expr *chain, double x)
{
    double y;
    if (!expr_evaluate(chain, value_of_x, &x, &y))
        bug("a chain has no value");
    return y;
}

/* As the products of --int8 read it. */
static double as_integer(const struct deployed *v, double x)
{
    double q = round(x / v->unit);
    return fmin(fmax(q, v->is_signed ? -INT8_MAX : 0), v->is_signed ? INT8_MAX : UINT8_MAX);
}

static void add_product(const struct deployment *d, const struct product *p, const double *x,
                        double *y)
{
    for (int64_t col = 0; col < p->cols; col++) {
        double in = d->int8 ? as_integer(p->from, x[col]) * p->from->unit : x[col];
        for (int64_t row = 0; in != 0 && row < p->rows; row++)
            y[row] += p->weight[col * p->rows + row] * (p->scale ? p->scale[row] : 1) * in;
    }
}

/* The values of all rows of all values, `at[i]` of value i. */
static void run(const struct deployment *d, const float *sample, double *const *at)
{
    for (int i = 0; i < d->values; i++) {
        const struct deployed *v = d->value[i];
        for (int64_t row = 0; row < v->rows; row++)
            at[i][row] = v->is_input ? (double)sample[row] : v->bias[row];
        for (int k = 0; k < v->products; k++)
            add_product(d, &v->product[k], at[v->product[k].from->index], at[i]);
        for (int k = 0; k < v->copies; k++)
            for (int64_t c = 0; c < v->copy[k].count; c++)
                at[i][v->copy[k].row[c]] += at[v->copy[k].from->index][v->copy[k].from_row[c]];
        for (int64_t row = 0; !v->is_input && row < v->rows; row++)
            at[i][row] = deploy_apply(v->chain, at[i][row]);
    }
}

static double **make_room(const struct deployment *d)
{
    double **at = NEW_ARRAY(d->arena, d->values, double *);
    for (int i = 0; i < d->values; i++)
        at[i] = NEW_ARRAY(d->arena, d->value[i]->rows + 1, double);
    return at;
}

void deploy_run(const struct deployment *d, const float *sample, double *out)
{
    double **at = make_room(d);
    run(d, sample, at);
    for (int64_t i = 0; i < d->output->units; i++)
        out[i] = 0;
    for (int64_t row = 0; row < d->output->rows; row++)
        out[d->output->row[row]] = at[d->output->index][row];
}

int64_t deploy_widest(const struct deployment *d)
{
    int64_t most = 0;
    for (int i = 0; i < d->values; i++)
        for (int k = 0; k < d->value[i]->products; k++)
            if (d->value[i]->product[k].cols > most)
                most = d->value[i]->product[k].cols;
    return most;
}

void deploy_calibrate(struct deployment *d, const float *sample, int64_t samples)
{
    double **at = make_room(d);
    for (int64_t s = 0; s < samples; s++) {
        run(d, sample + s * d->input->units, at);
        for (int i = 0; i < d->values; i++) {
            struct deployed *v = d->value[i];
            for (int64_t row = 0; row < v->rows; row++) {
                v->lowest = fmin(v->lowest, at[i][row]);
                v->highest = fmax(v->highest, at[i][row]);
            }
        }
    }
    for (int i = 0; i < d->values; i++) {
        struct deployed *v = d->value[i];
        v->is_signed = v->lowest < 0;
        double most = fmax(v->highest, -v->lowest);
        v->unit = most > 0 ? most / (v->is_signed ? INT8_MAX : UINT8_MAX) : 1;
        for (int k = 0; k < v->products; k++)
            v->product[k].from->is_quantised = true;
    }
    d->int8 = true;
}

void deploy_expect(struct deployment *d, const float *sample)
{
    double *out = NEW_ARRAY(d->arena, d->output->units, double);
    deploy_run(d, sample, out);
    d->sample = NEW_ARRAY(d->arena, d->input->units, float);
    d->expected = NEW_ARRAY(d->arena, d->output->units, float);
    memcpy(d->sample, sample, (size_t)d->input->units * sizeof *sample);
    for (int64_t i = 0; i < d->output->units; i++) {
        d->expected[i] = (float)out[i];
        d->largest = fmax(d->largest, fabs(out[i]));
    }
}
