/* Tests of the reference interpreter itself: slopes and gradients against
 * central differences, the feedback ways to learn and the optimizers against
 * sums done here by hand, and that its tolerances are narrow. */
#include "ast.h"
#include "gradient_try.h"
#include "reference.h"
#include "tap.h"

#include <math.h>
#include <plast.h>
#include <string.h>

enum { MOST_SAMPLES = 4 };

static struct arena *arena;

static struct net *net_of(const char *text)
{
    struct diag *diag = diag_new(arena);
    struct file *file = parse_text(arena, diag, "test.pl", text, strlen(text));
    struct net *net = check_file(arena, diag, file, NULL, 0);

    if (!net)
        diag_print(diag, stdout, DIAG_TEXT, false);
    return net;
}

static double uniform(uint32_t stream, int64_t index)
{
    return (double)plast_uniform(stream, (uint32_t)index) * 2 - 1;
}

static struct reference *reference_of(const char *text)
{
    struct net *net = net_of(text);
    struct reference *r;

    if (!net)
        return NULL;
    r = reference_new(arena, net);
    r->run = (struct reference_run){7, 1, 4, 3, 5};
    for (int p = 0; p < net->param_count; p++)
        for (int64_t i = 0; i < r->param[p].size; i++)
            values_set(&r->param[p], i,
                       uniform((uint32_t)p, i) / sqrt((double)net->param[p]->shape.dim[1] + 1), 0);
    return r;
}

/* ------------------------------------------------------------------------- slopes */

static const char *const functions[] = {
    "x > 0 ? x : 0.1 * x",
    "1 / (1 + exp(-x))",
    "x * tanh(log(1 + exp(x)))",
    "sqrt(1 + x ^ 2) - abs(x - 0.2)",
    "sin(2 * x) * cos(x) / (2 + x ^ 3 / 100)",
    "min(max(x, -1), x ^ 2)",
    "(1.5 + tanh(x)) ^ (1 + x / 4)",
    "x > 0.5 and not (x > 1.5) or x < -2 ? exp(-x ^ 2) : x / 2",
    "floor(x) + progress * x ^ 2 / (1 + step)",
};

/* The largest disagreement of a slope with the difference of values beside it. */
static double slope_error(struct reference *r, const struct expr *map)
{
    struct binding names[RUN_SCALARS + 1];
    double worst = 0, h = 1e-5;

    reference_scalars(r, names + 1);
    names[0].name = intern(arena, "x");
    for (double x = -3.0123; x < 3; x += 0.0917) {
        struct number at, low, high;
        names[0].value = number_variable(x, 0);
        at = number_evaluate(map, names, RUN_SCALARS + 1);
        names[0].value.value = x - h;
        low = number_evaluate(map, names, RUN_SCALARS + 1);
        names[0].value.value = x + h;
        high = number_evaluate(map, names, RUN_SCALARS + 1);
        worst = fmax(worst, fabs(at.slope - (high.value - low.value) / (2 * h)));
    }
    return worst;
}

static void test_slopes(void)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        const char *text = arena_format(arena,
                                        "model t; function f(x) = %s; input x[1]; output y = x |> "
                                        "dense(1) |> f; loss mse; optimizer sgd(0.1);",
                                        functions[i]);
        struct reference *r = reference_of(text);
        double worst = r ? slope_error(r, r->net->output->value->map) : INFINITY;
        if (!ok(worst < 1e-7, "slope of %s", functions[i]))
            note("%g away", worst);
    }
}

static struct number at_point(const char *function, double x, double error)
{
    struct reference *r = reference_of(
        arena_format(arena,
                     "model t; function f(x) = %s; input x[1]; output y = x |> dense(1) |> f; "
                     "loss mse; optimizer sgd(0.1);",
                     function));
    struct binding names[RUN_SCALARS + 1];

    if (!r)
        return number_exact(NAN);
    reference_scalars(r, names + 1);
    names[0] = (struct binding){intern(arena, "x"), number_variable(x, error)};
    return number_evaluate(r->net->output->value->map, names, RUN_SCALARS + 1);
}

static void test_special_slopes(void)
{
    struct number n = at_point("fire(2 * x, x ^ 2) + x", 3, 0);

    ok(n.value == 4 && n.slope == 19, "fire: its window, not differentiated");
    n = at_point("detach(x) * x", 3, 0);
    ok(n.value == 9 && n.slope == 3, "detach");
    n = at_point("max(2 * x, 3 * x)", 0, 0);
    ok(n.slope == 3, "of equal ones the second");
    ok(at_point("abs(x)", 0, 0).slope == 0, "abs at zero");
    n = at_point("x - 1 > 0 ? x : 0", 1 + 1e-9, 1e-7);
    ok(n.slope == 1 && n.slope_error >= 1, "a condition that rounding may turn is unsure");
    n = at_point("x - 1 > 0 ? x : 0", 1.25, 1e-7);
    ok(n.slope == 1 && n.slope_error < 1e-6, "one it cannot turn is sure");
}

/* ---------------------------------------------------------------------- gradients */

static const float inputs[MOST_SAMPLES * 12] = {
    0.3F,  -1.2F, 0.7F, 0.0F,  1.5F, -0.4F, 0.9F,  0.1F, -0.8F, 0.6F,  -0.2F, 1.1F,
    -0.5F, 0.4F,  1.3F, -0.9F, 0.2F, 0.8F,  -1.4F, 0.0F, 0.5F,  -0.3F, 0.7F,  -0.6F,
    1.0F,  -0.1F, 0.6F, 1.2F,  0.0F, -1.0F, 0.3F,  0.9F, -0.7F, 0.4F,  1.6F,  -0.2F,
    -1.1F, 0.5F,  0.2F, -0.4F, 0.8F, 1.4F,  -0.6F, 0.1F, 0.0F,  -1.3F, 0.9F,  0.3F};
static const int32_t labels[MOST_SAMPLES] = {1, 0, 2, 1};
static const float targets[MOST_SAMPLES * 3] = {0.5F,   -1,   2, 0, 0.25F, 1,
                                                -0.75F, 1.5F, 0, 1, -2,    0.5F};
static const uint64_t numbers[MOST_SAMPLES] = {5, 1234567890123, 0, 59999};

static const struct trial with_labels = {inputs, labels, false, numbers, MOST_SAMPLES};
static const struct trial with_targets = {inputs, targets, true, numbers, MOST_SAMPLES};

#define SMOOTH "function f(x) = x / (1 + exp(-x)); function g(x) = tanh(x) + x / 4;\n"
#define TAIL " loss cross_entropy; optimizer sgd(0.1); batch 4;"

static const struct {
    const char *what, *text;
    bool with_targets;
} nets[] = {
    {"two layers",
     "model t; " SMOOTH "input x[12]; layer h = x |> dense(5) |> f;"
     "output y = h |> dense(3);" TAIL,
     false},
    {"branches, concat, skips",
     "model t; " SMOOTH "input x[3, 2, 2]; layer a = x |> dense(4) |> f;"
     "layer b = ((x |> dense(4)) + (a |> g |> dense(4, bias = false)) + a) |> g;"
     "layer c = concat(a, concat(b, a + b)) |> f; layer d = c + c;"
     "output y = (d |> dense(3)) + (x |> f |> dense(3));" TAIL,
     false},
    {"dropout, input transforms, mse of labels",
     "model t; " SMOOTH "input x[3, 2, 2] |> scale(2, 0.1) |> normalize(mean = (0.1, 0.2, 0.3),"
     "deviation = (0.5, 1, 2)); layer a = x |> dropout(0.3) |> dense(6) |> f |> dropout(0.5);"
     "output y = a |> dense(3) |> g; loss mse; optimizer sgd(0.1); batch 4;",
     false},
    {"mse of targets",
     "model t; " SMOOTH "input x[12]; layer h = x |> dense(5) |> f; output y = h |> dense(3);"
     "loss mse; optimizer sgd(0.1); batch 4;",
     true},
};

static void test_gradients(void)
{
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        struct reference *r = reference_of(nets[i].text);
        double worst =
            r ? gradient_error(r, nets[i].with_targets ? &with_targets : &with_labels) : INFINITY;
        if (!ok(worst < 1e-8, "gradients: %s", nets[i].what))
            note("%g away", worst);
        ok(r && largest_tolerance(r) < 2e-5 && largest_tolerance(r) > 1e-8, "their tolerances");
    }
}

static void test_dropout(void)
{
    struct reference *r = reference_of("model t; input x[12]; layer a = x |> dropout(0.25);"
                                       "output y = a |> dense(3);" TAIL);
    int dropped = 0, scaled = 0;

    if (!ok(r != NULL, "a net that drops its input"))
        return;
    reference_forward(r, inputs, numbers, MOST_SAMPLES, true);
    for (int i = 0; i < MOST_SAMPLES * 12; i++) {
        const struct node *drop = r->net->output->value->input[0];
        uint64_t key =
            plast_key(7, PLAST_STREAM_DROPOUT, (uint64_t)drop->index, 1, numbers[i / 12]);
        bool kept = (double)plast_uniform(key, (uint32_t)(i % 12)) >= 0.25;
        double y = r->value[drop->index].at[i], x = (double)inputs[i];
        dropped += !kept && y == 0;
        scaled += kept && fabs(y - x / 0.75) < 1e-12;
    }
    ok(dropped > 3 && scaled > 20 && dropped + scaled == 48, "dropout: %d of 48 dropped", dropped);
}

/* ----------------------------------------------------------------------- feedback */

static const char direct[] =
    "model t; input x[12]; layer h = x |> dense(5) |> tanh |> dropout(0.2);"
    "layer k = h |> dense(4) |> tanh; output y = k |> dense(3); learn %s;" TAIL;

static void test_feedback(void)
{
    struct reference *b = reference_of(arena_format(arena, direct, "backprop"));
    struct reference *r = reference_of(arena_format(arena, direct, "feedback_alignment"));
    double worst = 0, apart = 0;

    if (!ok(b && r, "a net with feedback alignment"))
        return;
    for (int p = 0; p < r->net->param_count; p++)
        if (r->param_feedback[p].size > 0)
            memcpy(r->param_feedback[p].at, r->param[p].at,
                   (size_t)r->param[p].size * sizeof(double));
    for (int other = 0; other < 2; other++) {
        loss_of(b, &with_labels);
        loss_of(r, &with_labels);
        reference_backward(b);
        reference_backward(r);
        for (int p = 0; p < r->net->param_count; p++)
            for (int64_t i = 0; i < r->gradient[p].size; i++) {
                double d = fabs(b->gradient[p].at[i] - r->gradient[p].at[i]);
                *(other ? &apart : &worst) = fmax(other ? apart : worst, d);
            }
        values_set(&r->param_feedback[2], 0, 3, 0);
    }
    ok(r->param_feedback[0].size == 0, "nothing is carried back to the input");
    ok(worst == 0, "with the weights themselves it is backprop");
    ok(apart > 1e-3, "with others it is not");
}

static void test_direct_feedback(void)
{
    struct reference *r = reference_of(arena_format(arena, direct, "direct_feedback_alignment"));
    double worst = 0;

    if (!ok(r && r->layer_feedback[1].size == 15 && r->layer_feedback[2].size == 12,
            "a net with direct feedback alignment"))
        return;
    for (int k = 1; k < 3; k++)
        for (int64_t i = 0; i < r->layer_feedback[k].size; i++)
            values_set(&r->layer_feedback[k], i, uniform(100, i), 0);
    loss_of(r, &with_labels);
    reference_backward(r);
    for (int i = 0; i < 5; i++) /* the bias of h, summed here */
    {
        double sum = 0, delta;
        for (int s = 0; s < MOST_SAMPLES; s++) {
            const struct node *map = r->net->layer[1]->neurons, *output = r->net->output->value;
            double h = r->value[map->index].at[s * 5 + i];
            delta = 0;
            for (int j = 0; j < 3; j++)
                delta += uniform(100, i * 3 + j) * r->delta[output->index].at[s * 3 + j];
            sum += delta * (1 - h * h);
        }
        worst = fmax(worst, fabs(sum - r->gradient[1].at[i]));
    }
    ok(worst < 1e-15, "the error at a hidden layer is the feedback times that of the output");
}

/* ----------------------------------------------------------------------- optimizers */

static void test_optimizer(void)
{
    struct reference *r = reference_of(
        "model t; optimizer own(rate) { state v = 0.5, n = 1; n += 1; g = 2 * grad;"
        "if (g > 0) { v = 0.5 * v + g; } else { v -= g; g = 0; } w -= rate * v * n + g; }"
        "input x[1]; output y = x |> dense(1); loss mse; optimizer own(0.25 * 0.5 ^ epoch);");

    if (!ok(r && r->net->optimizer->state_count == 2, "a net with its own optimizer"))
        return;
    reference_start(r);
    values_set(&r->param[0], 0, 10, 0);
    values_set(&r->param[1], 0, 10, 0);
    values_set(&r->gradient[0], 0, 3, 0);  /* g 6, v 6.25, n 2: 10 - (0.125 * 12.5 + 6) */
    values_set(&r->gradient[1], 0, -3, 0); /* g -6 then 0, v 6.5, n 2: 10 - 0.125 * 13 */
    reference_update(r);
    ok(r->param[0].at[0] == 10 - 0.125 * 12.5 - 6, "one branch");
    ok(r->param[1].at[0] == 10 - 0.125 * 13, "the other");
    ok(r->run.step == 4, "the step is counted");
}

int main(void)
{
    arena = arena_new();
    test_slopes();
    test_special_slopes();
    test_gradients();
    test_dropout();
    test_feedback();
    test_direct_feedback();
    test_optimizer();
    arena_free(arena);
    return tap_done();
}
