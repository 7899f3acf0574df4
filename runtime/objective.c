/* What a gradient is the gradient of, as a number that can be measured. Mostly the loss. Under
 * direct feedback a hidden layer receives its feedback matrix times the output's error instead of
 * the loss's own derivative: what its weights then follow downhill is the sum of its neurons, each
 * weighted by what was sent to it. */
#include "selftest.h"

#include <math.h>
#include <stdlib.h>

/* The error of all outputs for the batch, or NULL. */
static const struct plast_tensor *find_error(const struct plast_model *model)
{
    return plast_find_tensor(model, model->layer[model->layers - 1].name, ".error");
}

static double sent_error(const struct plast_tested *t, const struct plast_tensor *feedback,
                         const struct plast_tensor *error, int64_t unit, int64_t sample)
{
    const float *row = plast_tensor_row(feedback, t->block, unit);
    double sum = 0;
    for (int64_t o = 0; o < t->model->outputs; o++)
        sum += (double)row[o] * ((const float *)plast_tensor_row(error, t->block, o))[sample];
    return sum;
}

/* The weights of all neurons and samples, and the noise. */
static int weigh_values(struct plast_objective *objective, const struct plast_tested *t,
                        const struct plast_tensor *feedback, const struct plast_tensor *error)
{
    int64_t n = (int64_t)t->n, units = plast_tensor_rows(objective->value);
    double squares = 0, most = 0;
    objective->weight = malloc((size_t)(units * n) * sizeof *objective->weight);
    if (!objective->weight)
        return plast_fail(t->fault, PLAST_STATUS_FILE, "no memory for the self-test");
    for (int64_t u = 0; u < units; u++) {
        const float *value = plast_tensor_row(objective->value, t->block, u);
        for (int64_t i = 0; i < n; i++) {
            double weight = sent_error(t, feedback, error, u, i);
            objective->weight[u * n + i] = weight;
            squares += weight * weight;
            most = fmax(most, fabs((double)value[i]));
        }
    }
    objective->noise = 0x1p-22 * (most + 1) * sqrt(squares);
    return 0;
}

int plast_open_objective(struct plast_objective *objective, struct plast_tested *t,
                         const struct plast_tensor *tensor)
{
    const struct plast_model *model = t->model;
    const char *layer = tensor->layer >= 0 ? model->layer[tensor->layer].name : "";
    const struct plast_tensor *feedback = plast_find_tensor(model, layer, ".feedback");
    const struct plast_tensor *error = find_error(model);
    double loss;
    *objective = (struct plast_objective){.noise = t->loss_noise};
    if (model->learn != PLAST_DIRECT_FEEDBACK || !feedback)
        return 0;
    objective->value = plast_find_tensor(model, layer, ".value");
    if (!objective->value || !error)
        return plast_fail(t->fault, PLAST_STATUS_BUG, "%s: the model shows no values of %s",
                          model->name, layer);
    int status = plast_measure(&(struct plast_objective){0}, t, &loss);
    return status ? status : weigh_values(objective, t, feedback, error);
}

void plast_close_objective(struct plast_objective *objective)
{
    free(objective->weight);
}

int plast_measure(const struct plast_objective *objective, struct plast_tested *t, double *value)
{
    float loss = 0;
    int64_t n = (int64_t)t->n;
    t->work += t->model->step_flops * (double)(n > 16 ? n : 16);
    int code =
        t->model->probe(t->block, t->x, t->y, t->y_is_targets, t->sample, t->n, &loss, t->ignored);
    if (code)
        return plast_model_fault(code, t->model, "a probe", t->fault);
    *value = loss;
    if (!objective->value)
        return 0;
    *value = 0;
    for (int64_t u = 0; u < plast_tensor_rows(objective->value); u++) {
        const float *row = plast_tensor_row(objective->value, t->block, u);
        for (int64_t i = 0; i < n; i++)
            *value += objective->weight[u * n + i] * (double)row[i];
    }
    return 0;
}
