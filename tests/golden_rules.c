/* The golden values of GRAPES in compiled models, whose order is that of golden_cases: after the
 * first step a velocity is the gradient. */
#include "golden_grapes.h"
#include "tap.h"

#include <math.h>
#include <plast.h>
#include <stdlib.h>
#include <string.h>

extern const struct plast_model *const models[];

static _Alignas(64) char block[1 << 20];

static const struct plast_tensor *tensor_of(const struct plast_model *model, const char *name)
{
    for (int i = 0; i < model->tensors; i++)
        if (!strcmp(model->tensor[i].name, name))
            return &model->tensor[i];
    printf("Bail out! there is no tensor %s\n", name);
    exit(1);
}

static float *element(const struct plast_tensor *t, int64_t i, int64_t j)
{
    return (float *)(void *)(block + t->offset) + i * t->stride + j;
}

/* `transposed`: element [i][j] is at [j][i]. */
static void fill(const struct plast_model *model, const char *name, const double *from,
                 bool transposed)
{
    const struct plast_tensor *t = tensor_of(model, name);

    for (int64_t i = 0; i < t->shape[0]; i++)
        for (int64_t j = 0; j < t->shape[1]; j++)
            *element(t, i, j) = (float)from[transposed ? j * t->shape[0] + i : i * t->shape[1] + j];
}

/* What enters the three weights, by the weights alone. */
static void forward(double in[3][4])
{
    memcpy(in[0], golden_x, sizeof golden_x);
    for (int i = 0; i < 4; i++) {
        in[1][i] = 0;
        for (int j = 0; j < 3; j++)
            in[1][i] += golden_w1[i * 3 + j] * in[0][j];
        in[1][i] = fmax(0, in[1][i]);
    }
    for (int i = 0; i < 3; i++) {
        in[2][i] = 0;
        for (int j = 0; j < 4; j++)
            in[2][i] += golden_w2[i * 4 + j] * in[1][j];
        in[2][i] = fmax(0, in[2][i]);
    }
}

/* The largest difference of a gradient from error times what entered, relative to the largest of
 * its weight: some errors are small differences of large sums. */
static double difference(const struct plast_model *model, const double *error)
{
    static const char *const name[] = {"h1.weight.velocity", "h2.weight.velocity",
                                       "y.weight.velocity"};
    double in[3][4], worst = 0;
    int row = 0;

    forward(in);
    for (int p = 0; p < 3; p++) {
        const struct plast_tensor *t = tensor_of(model, name[p]);
        double largest = 0, away = 0;
        for (int64_t i = 0; i < t->shape[0]; i++, row++)
            for (int64_t j = 0; j < t->shape[1]; j++) {
                double want = error[row] * in[p][j], d = fabs((double)*element(t, i, j) - want);
                largest = fmax(largest, fabs(want));
                away = isnan(d) ? INFINITY : fmax(away, d);
            }
        worst = fmax(worst, away / largest);
    }
    return worst;
}

static double run(const struct plast_model *model, const struct golden_case *g)
{
    const float x[] = {(float)golden_x[0], (float)golden_x[1], (float)golden_x[2]};
    const int32_t label = 0;

    if (sizeof block < model->train_bytes || model->init(block, sizeof block, 1) != 0 ||
        model->begin(block, 1, 1) != 0)
        return INFINITY;
    fill(model, "h1.weight", golden_w1, false);
    fill(model, "h2.weight", golden_w2, false);
    fill(model, "y.weight", golden_w3, false);
    if (g->learn == GOLDEN_FA) {
        fill(model, "h2.feedback", golden_b2, true);
        fill(model, "y.feedback", golden_b3, true);
    }
    if (g->learn == GOLDEN_DFA) {
        fill(model, "h1.feedback", golden_d2, false);
        fill(model, "h2.feedback", golden_b3, false);
    }
    if (model->begin(block, 1, 1) != 0 || model->step(block, x, &label, 0, NULL, 1, NULL) != 0)
        return INFINITY;
    return difference(model, g->error);
}

int main(void)
{
    for (size_t i = 0; i < sizeof golden_cases / sizeof *golden_cases; i++) {
        double worst = models[i] ? run(models[i], &golden_cases[i]) : INFINITY;
        ok(worst <= 1e-6, "golden values: %s, %.2g away", golden_cases[i].what, worst);
    }
    return tap_done();
}
