/* The gradient of one tensor, compared with central differences along a direction. All is float,
 * so that a single step size proves nothing: small steps drown in rounding, large ones meet
 * curvature and the kinks of rectifiers. Steps are halved until the two agree, which settles it,
 * or until rounding hides what there is to see. If the difference between them stayed the same over
 * the last steps that are well above rounding, and no kink stands at the very point, the gradient
 * is wrong. Anything else proves nothing; other directions and other batches will. */
#include "selftest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 16 };

static const double agree = 0.01, contradict = 0.02;

/* A direction: rows first .. first + rows - 1 of the tensor, of length 1. */
struct direction {
    int64_t first, rows, columns;
    double *along;   /* [rows][columns] */
    float *kept;     /* what the tensor held there */
    double steepest; /* the length of the longest row */
};

static const float *gradient_row(const struct plast_tested *t, const struct plast_tensor *tensor,
                                 int64_t row)
{
    return t->gradient + tensor->probe + row * tensor->stride;
}

static bool has_gradient(const struct plast_tested *t, const struct plast_tensor *tensor,
                         int64_t row, int64_t columns)
{
    const float *g = gradient_row(t, tensor, row);
    for (int64_t j = 0; j < columns; j++)
        if (g[j] != 0)
            return true;
    return false;
}

/* A random row, for gradient directions the next one that has a gradient. */
static int64_t choose_row(struct plast_tested *t, const struct plast_tensor *tensor,
                          enum plast_direction kind)
{
    int64_t rows = plast_tensor_rows(tensor), columns = plast_tensor_columns(tensor);
    int64_t first = plast_draw_below(&t->draw, rows);
    for (int64_t i = 0; i < rows && kind == PLAST_ROW_GRADIENT; i++)
        if (has_gradient(t, tensor, (first + i) % rows, columns))
            return (first + i) % rows;
    return first;
}

/* Along the gradient the change is the largest for a given step; uneven weights keep parts of it
 * from cancelling each other. */
static void point(struct direction *d, struct plast_tested *t, const struct plast_tensor *tensor,
                  enum plast_direction kind)
{
    double squares = 0, most = 0;
    for (int64_t i = 0; i < d->rows; i++) {
        const float *g = gradient_row(t, tensor, d->first + i);
        double uneven = 0.5 + plast_draw_uniform(&t->draw);
        for (int64_t j = 0; j < d->columns; j++)
            d->along[i * d->columns + j] =
                kind == PLAST_ROW_RANDOM ? plast_draw_normal(&t->draw)
                                         : g[j] * uneven * (0.5 + plast_draw_uniform(&t->draw));
    }
    for (int64_t i = 0; i < d->rows; i++) {
        double sum = 0;
        for (int64_t j = 0; j < d->columns; j++)
            sum += d->along[i * d->columns + j] * d->along[i * d->columns + j];
        squares += sum;
        most = fmax(most, sum);
    }
    double length = sqrt(squares);
    for (int64_t i = 0; i < d->rows * d->columns && length > 0; i++)
        d->along[i] /= length;
    d->steepest = length > 0 ? sqrt(most) / length : 0;
}

static int open_direction(struct direction *d, struct plast_tested *t,
                          const struct plast_tensor *tensor, enum plast_direction kind)
{
    bool all = kind == PLAST_ALL_GRADIENT;
    d->rows = all ? plast_tensor_rows(tensor) : 1;
    d->first = all ? 0 : choose_row(t, tensor, kind);
    d->columns = plast_tensor_columns(tensor);
    size_t count = (size_t)(d->rows * d->columns);
    d->along = malloc(count * sizeof *d->along);
    d->kept = malloc(count * sizeof *d->kept);
    if (!d->along || !d->kept)
        return plast_fail(t->fault, PLAST_STATUS_FILE, "no memory for the self-test");
    for (int64_t i = 0; i < d->rows; i++)
        memcpy(d->kept + i * d->columns, plast_tensor_row(tensor, t->block, d->first + i),
               (size_t)d->columns * sizeof *d->kept);
    point(d, t, tensor, kind);
    return 0;
}

/* Moves the tensor to `step` along the direction, from where it was at first. Returns the change
 * that the gradient foretells for where the tensor really went: floats are coarse. */
static double move(const struct direction *d, const struct plast_tested *t,
                   const struct plast_tensor *tensor, double step)
{
    double foretold = 0;
    for (int64_t i = 0; i < d->rows; i++) {
        float *row = plast_tensor_row(tensor, t->block, d->first + i);
        const float *g = gradient_row(t, tensor, d->first + i);
        for (int64_t j = 0; j < d->columns; j++) {
            float kept = d->kept[i * d->columns + j];
            row[j] = (float)(kept + step * d->along[i * d->columns + j]);
            foretold += (double)g[j] * ((double)row[j] - (double)kept);
        }
    }
    return foretold;
}

/* Both sides of one step: slopes. */
struct slopes {
    double step, analytic, numeric, bend; /* bend: forward less backward difference */
};

static int measure_slopes(struct slopes *s, const struct direction *d, struct plast_tested *t,
                          const struct plast_tensor *tensor,
                          const struct plast_objective *objective, double here)
{
    double up = 0, down = 0;
    double foretold = move(d, t, tensor, s->step);
    int status = plast_measure(objective, t, &up);
    foretold -= move(d, t, tensor, -s->step);
    if (!status)
        status = plast_measure(objective, t, &down);
    move(d, t, tensor, 0);
    s->analytic = foretold / (2 * s->step);
    s->numeric = (up - down) / (2 * s->step);
    s->bend = (up - 2 * here + down) / s->step;
    return status;
}

/* Whether the differences of this step and the two before it are one difference. */
static bool is_steady(const struct slopes *s, double noise)
{
    double now = s[0].numeric - s[0].analytic, before = s[-1].numeric - s[-1].analytic,
           first = s[-2].numeric - s[-2].analytic;
    double scale = fmax(fabs(s[0].numeric), fabs(s[0].analytic));
    return fabs(now) > contradict * scale + 4 * noise && fabs(now - before) < 0.2 * fabs(now) &&
           fabs(now - first) < 0.2 * fabs(now) && fabs(s[0].bend) < 0.5 * fabs(now);
}

/* What one step proves; PLAST_UNCLEAR: nothing. */
static enum plast_verdict judge_step(const struct slopes *s, double noise)
{
    double difference = fabs(s->numeric - s->analytic), size = fabs(s->analytic);
    if (size == 0 && difference == 0)
        return PLAST_NOTHING;
    if (noise < 0.03 * size && difference <= agree * size + noise)
        return PLAST_AGREES;
    return PLAST_UNCLEAR;
}

/* What all steps prove that did not agree. The smallest step that is above rounding decides. */
static enum plast_verdict judge_all(const struct slopes *s, int steps, double noise)
{
    for (int k = steps - 1; k >= 2; k--) {
        double here = noise / s[k].step, difference = fabs(s[k].numeric - s[k].analytic);
        if (difference > 8 * here)
            return is_steady(&s[k], here) ? PLAST_CONTRADICTS : PLAST_UNCLEAR;
    }
    return PLAST_UNCLEAR;
}

/* As far as moves a neuron's input by a few tenths, or the objective by a tenth. */
static double first_step(const struct direction *d, const struct plast_tested *t, double slope)
{
    double step = 0.4 / (d->steepest * sqrt((double)d->columns));
    double change = 0.1 * (fabs(t->loss) + 0.1);
    return fabs(slope) * step > change ? change / fabs(slope) : step;
}

static int halve_steps(struct plast_difference *result, const struct direction *d,
                       struct plast_tested *t, const struct plast_tensor *tensor,
                       const struct plast_objective *objective)
{
    struct slopes s[MOST_STEPS];
    double here = 0;
    int status = plast_measure(objective, t, &here), k = 0;
    double slope = move(d, t, tensor, 1e-3) / 1e-3, step = first_step(d, t, slope);
    move(d, t, tensor, 0);
    result->verdict = PLAST_UNCLEAR;
    while (k < MOST_STEPS && !status && result->verdict == PLAST_UNCLEAR) {
        s[k].step = step;
        status = measure_slopes(&s[k], d, t, tensor, objective, here);
        double noise = objective->noise / step;
        result->verdict = judge_step(&s[k], noise);
        result->analytic = s[k].analytic;
        result->numeric = s[k].numeric;
        result->step = step;
        double size = fmax(fabs(s[k++].analytic), fabs(result->numeric));
        if (noise > 0.1 * size)
            break;
        step /= 2;
    }
    if (result->verdict == PLAST_UNCLEAR)
        result->verdict = judge_all(s, k, objective->noise);
    return status;
}

int plast_compare_gradient(struct plast_difference *result, struct plast_tested *t,
                           const struct plast_tensor *tensor, enum plast_direction kind)
{
    struct direction d = {0};
    struct plast_objective objective = {0};
    *result = (struct plast_difference){.verdict = PLAST_NOTHING, .direction = kind};
    int status = open_direction(&d, t, tensor, kind);
    result->row = d.first;
    if (!status)
        status = plast_open_objective(&objective, t, tensor);
    if (!status && d.steepest > 0)
        status = halve_steps(result, &d, t, tensor, &objective);
    plast_close_objective(&objective);
    free(d.along);
    free(d.kept);
    return status;
}
