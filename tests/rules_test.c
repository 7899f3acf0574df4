/* Tests of rules in the reference interpreter: the golden values of GRAPES and its properties, and
 * each construct of rules against small cases worked by hand. */
#include "golden_grapes.h"
#include "rule_try.h"

#include <limits.h>

/* ------------------------------------------------------------------------- golden */

static const char *const learn_texts[] = {"backprop", "feedback_alignment",
                                          "direct_feedback_alignment"};

static struct reference *golden_reference(const char *rule, enum golden_learn learn)
{
    struct reference *r = reference_of(arena_format(
        arena,
        "model t; input x[3]; layer h1 = x |> dense(4, bias = false) |> relu;"
        "layer h2 = h1 |> dense(3, bias = false) |> relu; output y = h2 |> dense(2, bias = false);"
        "loss cross_entropy; learn %s; optimizer sgd(0.1); batch 1; %s",
        learn_texts[learn], rule ? arena_format(arena, "plasticity %s;", rule) : ""));

    set_all(&r->param[0], golden_w1);
    set_all(&r->param[1], golden_w2);
    set_all(&r->param[2], golden_w3);
    for (int i = 0; learn == GOLDEN_FA && i < 3; i++) { /* shaped as the weight: transposed */
        for (int k = 0; k < 4; k++)
            values_set(&r->param_feedback[1], i * 4 + k, golden_b2[k * 3 + i], 0);
        for (int k = 0; k < 2; k++)
            values_set(&r->param_feedback[2], k * 3 + i, golden_b3[i * 2 + k], 0);
    }
    if (learn == GOLDEN_DFA) {
        set_all(&r->layer_feedback[1], golden_d2);
        set_all(&r->layer_feedback[2], golden_b3);
    }
    return r;
}

static void backward_golden(struct reference *r)
{
    const float x[] = {(float)golden_x[0], (float)golden_x[1], (float)golden_x[2]};
    const int32_t label = 0;

    reference_set_up(r);
    reference_forward(r, x, NULL, 1, true);
    reference_loss(r, &label, false);
    reference_backward(r);
}

/* Each gradient is an error times what entered its weight. */
static double golden_difference(const struct reference *r, const double *error)
{
    double worst = 0;
    int row = 0;

    for (int p = 0; p < 3; p++) {
        const struct node *node = r->net->param[p]->node;
        int64_t columns = node->input[0]->size;
        for (int64_t i = 0; i < node->size; i++, row++)
            for (int64_t j = 0; j < columns; j++) {
                double want = error[row] * r->value[node->input[0]->index].at[j];
                worst = fmax(worst, fabs(r->gradient[p].at[i * columns + j] - want));
            }
    }
    return worst;
}

static void test_golden(void)
{
    for (size_t i = 0; i < sizeof golden_cases / sizeof *golden_cases; i++) {
        const struct golden_case *g = &golden_cases[i];
        struct reference *r = golden_reference(g->rule, g->learn);
        backward_golden(r);
        ok(golden_difference(r, g->error) < 1e-13, "golden values: %s", g->what);
    }
}

static double factor(const struct attachment *a, int64_t i)
{
    double m = 2 * value_of(a, "responsibility")->at[i] / value_of(a, "largest")->at[0];

    return fmin(fmax(m, 1), 2);
}

static void test_factors(void)
{
    struct reference *r = golden_reference("grapes", GOLDEN_BACKPROP);
    double worst = 0, largest = 0, least = 3;

    backward_golden(r);
    for (int i = 0; i < 4; i++)
        worst = fmax(worst, fabs(factor(&r->attachment[0], i) - golden_m1[i]));
    for (int i = 0; i < 3; i++) {
        double m = factor(&r->attachment[1], i);
        worst = fmax(worst, fabs(m - golden_m2[i]));
        largest = fmax(largest, m);
        least = fmin(least, m);
    }
    ok(worst < 1e-15, "golden values: the factors");
    ok(largest == 2 && least >= 1, "factors lie between 1 and 2, and the largest is 2");
}

/* --------------------------------------------------------------------- properties */

/* The gradients with the first weight 3 times as large are made of the same factors. */
static void test_scaling(void)
{
    struct reference *plain = golden_reference(NULL, GOLDEN_DFA);
    struct reference *r = golden_reference("grapes", GOLDEN_DFA);
    double worst = 0;

    for (int i = 0; i < 12; i++) {
        values_set(&plain->param[0], i, 3 * golden_w1[i], 0);
        values_set(&r->param[0], i, 3 * golden_w1[i], 0);
    }
    backward_golden(plain);
    backward_golden(r);
    for (int i = 0; i < 12; i++)
        worst =
            fmax(worst, fabs(r->gradient[0].at[i] - golden_m1[i / 3] * plain->gradient[0].at[i]));
    ok(worst < 1e-14, "scaling a weight changes no factor");
}

static void test_no_range(void)
{
    struct reference *plain = golden_reference(NULL, GOLDEN_BACKPROP);
    struct reference *r = golden_reference("grapes(high = 1)", GOLDEN_BACKPROP);
    bool same = true;

    backward_golden(plain);
    backward_golden(r);
    for (int p = 0; p < 3; p++)
        same = same && apart(&r->gradient[p], plain->gradient[p].at, 1) == 0;
    ok(same, "with the range [1, 1] it is plain backprop");
}

static void test_local(void)
{
    struct reference *plain = golden_reference(NULL, GOLDEN_BACKPROP);
    struct reference *r = golden_reference("grapes_local", GOLDEN_BACKPROP);
    double worst = 0;

    backward_golden(plain);
    backward_golden(r);
    for (int i = 0; i < 12; i++) {
        worst =
            fmax(worst, fabs(r->gradient[0].at[i] - golden_m1[i / 3] * plain->gradient[0].at[i]));
        worst =
            fmax(worst, fabs(r->gradient[1].at[i] - golden_m2[i / 4] * plain->gradient[1].at[i]));
    }
    ok(worst < 1e-15, "the local form is a rate for each row");
    r = golden_reference("grapes", GOLDEN_BACKPROP);
    for (int i = 0; i < 12; i++)
        values_set(&r->param[0], i, 0, 0);
    backward_golden(r);
    for (int i = 0; i < 12; i++)
        values_set(&plain->param[0], i, 0, 0);
    backward_golden(plain);
    ok(value_of(&r->attachment[0], "largest")->at[0] == 0 &&
           apart(&r->gradient[0], plain->gradient[0].at, 1) == 0,
       "weights that are all zero give the factor 1");
}

/* -------------------------------------------------------------------------- values */

static const char tiny[] = "model t; %s input x[3]; layer h = x |> dense(2) |> relu;"
                           "output y = h |> dense(2); loss cross_entropy; optimizer sgd(0);"
                           "batch 2; epochs 9; %s;";
static const double tiny_w[] = {0.5, -2, 1, 3, 0, -0.25};
static const double tiny_bias[] = {0.5, -1};
static const float tiny_x[] = {1, 0.5F, 2, -1, 4, 0};
static const int32_t tiny_label[] = {0, 1};

static struct reference *tiny_reference(const char *definition, const char *use)
{
    struct reference *r = reference_of(arena_format(arena, tiny, definition, use));

    set_all(&r->param[0], tiny_w);
    set_all(&r->param[1], tiny_bias);
    return r;
}

static bool holds(const struct attachment *a, const char *name, int count, const double *want)
{
    const struct values *v = value_of(a, name);
    bool same = v->size == count;

    for (int i = 0; same && i < count; i++) {
        same = fabs(v->at[i] - want[i]) < 1e-12;
        if (!same)
            note("%s[%d] is %.17g", name, i, v->at[i]);
    }
    return same;
}
#define HOLDS(a, name, ...)                                                                        \
    holds(a, name, (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__})

static void test_reductions(void)
{
    struct reference *r = tiny_reference(
        "rule m() { state neuron s = 0, q = 0; state input a = 0; state layer n = 0, f = 0;"
        "state synapse z = 0; state kernel k = 0; adapt { s = sum(w); q = quantile(w, 0.4); a = "
        "mean(abs(w));"
        "n = count(w) + 10 * max(w) + 100 * min(w); f = rms(w); synapse l = lowest(w, 0.5);"
        "k = 2 * max(w * s); z = l; } }",
        "plasticity m");
    const struct attachment *a = r->attachment;

    reference_set_up(r);
    reference_end_epoch(r);
    ok(HOLDS(a, "s", -0.5, 2.75), "sum over the synapses of a neuron");
    ok(HOLDS(a, "q", 0.5, 0), "quantile: the element floor(q n) of them sorted");
    ok(HOLDS(a, "a", 1.75, 1, 0.625), "mean over the synapses of an input");
    ok(HOLDS(a, "n", 5 + 30 - 200.0), "count, max and min of a layer");
    ok(HOLDS(a, "f", sqrt((0.25 + 4 + 1 + 9 + 0.0625) / 6)), "rms");
    ok(HOLDS(a, "z", 0, 1, 0, 0, 1, 1), "lowest");
    ok(HOLDS(a, "k", -0.5, 2, -1, 16.5, 0, -1.375), "of a kernel the weight itself");
    ok(a->adapted == 1 && r->run.epoch == 1, "the adapt and the epoch are counted");
}

static void test_batch(void)
{
    struct reference *r = tiny_reference(
        "rule m() { state neuron p = 0, t = 0; state input i = 0; state kernel k = 0;"
        "state synapse g = 0, d = 0; observe { p += batch_sum(post); t = batch_mean(trace(post, "
        "0.5));"
        "i = batch_mean(abs(pre)); k = batch_sum(post * (post - 1) * pre); g = grad; d = demand; } "
        "}",
        "plasticity m");
    const struct attachment *a = r->attachment;

    /* before relu: 0.5 - 1 + 2 + 0.5 = 2 and 3 - 0.5 - 1 = 1.5;  -0.5 - 8 + 0.5 = -8 and -4 */
    step(r, tiny_x, tiny_label, 2);
    ok(HOLDS(a, "p", 2, 1.5), "batch_sum of the neurons");
    ok(HOLDS(a, "t", -3, -1.25), "in a static net the trace is what enters the activation");
    ok(HOLDS(a, "i", 1, 2.25, 1), "batch_mean of the input");
    ok(HOLDS(a, "k", 2, 1, 4, 0.75, 0.375, 1.5), "an outer product over the batch");
    ok(apart(value_of(a, "g"), r->gradient[0].at, 1) == 0 && r->gradient[0].at[0] != 0 &&
           apart(value_of(a, "d"), r->gradient[0].at, 1) == 0,
       "grad as used, and while all live the demand is the same");
}

static void test_conditions(void)
{
    struct reference *r = tiny_reference(
        "rule m() { synapse start = w; state synapse s = 1; state layer c = 5; state neuron n = 0;"
        "adapt { if (w > 0) { s = 2; w += 1; s = w; } else { if (w < -1) { s = -s; } s *= 3; }"
        "if (period > 0) { n = sum(s) + c; } else { c = 7; } w = w + start * 0; } }",
        "plasticity m");
    const struct attachment *a = r->attachment;

    reference_set_up(r);
    reference_end_epoch(r);
    ok(HOLDS(a, "s", 1.5, -3, 2, 4, 3, 3), "a condition is evaluated once, before");
    ok(HOLDS(a, "c", 7) && HOLDS(a, "n", 0, 0), "period 0");
    reference_end_epoch(r);
    ok(HOLDS(a, "s", 2.5, 9, 3, 5, 9, 9) && HOLDS(a, "n", 21.5, 30), "period 1");
}

static void test_periods(void)
{
    static const char rule[] = "rule m() { state layer n = epoch, o = 0; observe { o += 1; }"
                               "adapt { n += 10; } }";
    struct reference *r =
        tiny_reference(rule, "plasticity m each 2 epochs from epoch 1 until epoch 6;"
                             "plasticity m each 3 steps from epoch 2");
    const struct attachment *a = r->attachment;

    for (int epoch = 0; epoch < 8; epoch++) {
        for (int i = 0; i < 2; i++)
            step(r, tiny_x, tiny_label, 2);
        reference_end_epoch(r);
    }
    ok(HOLDS(&a[0], "n", 21) && HOLDS(&a[0], "o", 10) && a[0].acted == 5 && a[0].adapted == 2,
       "each 2 epochs, from 1 until 6: five epochs, two adapts");
    ok(HOLDS(&a[1], "n", 42) && HOLDS(&a[1], "o", 12) && a[1].acted == 12 && a[1].adapted == 4,
       "each 3 steps from epoch 2: twelve steps, four adapts");
}

static void test_random(void)
{
    struct reference *r = tiny_reference(
        "rule m() { state synapse a = 0, b = 0; adapt { synapse u = random(), v = random();"
        "a = u; b = v; } }",
        "plasticity m; plasticity m on y");
    uint64_t key = plast_key(7, PLAST_STREAM_RULE, 1, 1, 1);
    const struct attachment *a = r->attachment;
    double first;

    reference_set_up(r);
    reference_end_epoch(r);
    first = value_of(a, "a")->at[0];
    reference_end_epoch(r);
    ok(value_of(a, "a")->at[0] != first, "other draws at each adapt");
    ok(value_of(a, "a")->at[0] != value_of(&a[1], "a")->at[0] &&
           value_of(a, "a")->at[0] != value_of(a, "b")->at[0],
       "other draws for each place and each random()");
    ok(value_of(&a[1], "b")->at[3] == (double)plast_uniform(key, 3), "drawn by their place alone");
}

/* ----------------------------------------------------------------------- shuffled */

static int compare_numbers(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;

    return (a > b) - (a < b);
}

static bool same_numbers(const double *a, const double *b, int count)
{
    double sorted[2][8];

    memcpy(sorted[0], a, (size_t)count * sizeof *a);
    memcpy(sorted[1], b, (size_t)count * sizeof *b);
    qsort(sorted[0], (size_t)count, sizeof *a, compare_numbers);
    qsort(sorted[1], (size_t)count, sizeof *b, compare_numbers);
    return memcmp(sorted[0], sorted[1], (size_t)count * sizeof *a) == 0;
}

static void test_shuffled(void)
{
    struct reference *r = tiny_reference(
        "rule m() { state synapse a = 0, b = 0; state input i = 0; adapt { synapse u = shuffled(w);"
        "synapse v = shuffled(w); input s = sum(w); input t = shuffled(s); a = u; b = v; i = t; } "
        "}",
        "plasticity m");
    const struct attachment *a = r->attachment;
    const double sums[] = {3.5, -2, 0.75};
    double first[6];
    int moved = 0, apart = 0, inputs = 0;

    reference_set_up(r);
    for (int k = 0; k < 40; k++) {
        const double *one = value_of(a, "a")->at, *other = value_of(a, "b")->at;
        memcpy(first, one, sizeof first);
        reference_end_epoch(r);
        inputs += same_numbers(value_of(a, "i")->at, sums, 3);
        if (!same_numbers(one, tiny_w, 6) || !same_numbers(other, tiny_w, 6))
            break;
        moved += memcmp(first, one, sizeof first) != 0;
        apart += memcmp(one, other, sizeof first) != 0;
    }
    ok(moved >= 35, "the same values in another order at each adapt (%d of 40)", moved);
    ok(apart >= 35, "two calls give two orders (%d of 40)", apart);
    ok(inputs == 40, "of inputs");
}

/* plast_shuffled on rows of 3, 4 apart; what lies between them is not touched. */
static void shuffle_rows(const uint8_t *alive, uint64_t key, float *result)
{
    float x[8] = {1, 2, 3, 100, 4, 5, 6, 100};

    memset(result, 0, 8 * sizeof *result);
    plast_shuffled(x, alive, 2, 3, 4, key, result);
}

static void test_orders(void)
{
    static const uint8_t alive[] = {1, 0, 1, 1, 0, 0, 1, 1};
    int seen[4][4] = {{0}}, wrong = 0, least = INT_MAX, most = 0;
    float got[8];

    for (uint64_t key = 0; key < 6000; key++) { /* 1, 3 and 6 change places */
        shuffle_rows(alive, plast_key(key, PLAST_STREAM_SELFTEST, 0, 0, 0), got);
        wrong += got[1] != 2 || got[4] != 4 || got[5] != 5 || got[3] != 0 || got[7] != 0 ||
                 got[0] + got[2] + got[6] != 10 || got[0] * got[2] * got[6] != 18;
        seen[(int)got[0] / 2][(int)got[2] / 2]++;
    }
    ok(wrong == 0, "the living change places, the dead keep theirs");
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            if (i != j && i != 2 && j != 2) {
                least = seen[i][j] < least ? seen[i][j] : least;
                most = seen[i][j] > most ? seen[i][j] : most;
            }
    ok(least > 850 && most < 1150, "each of six orders comes as often: %d to %d of 6000", least,
       most);
}

int main(void)
{
    arena = arena_new();
    test_golden();
    test_factors();
    test_scaling();
    test_no_range();
    test_local();
    test_reductions();
    test_batch();
    test_conditions();
    test_periods();
    test_random();
    test_shuffled();
    test_orders();
    arena_free(arena);
    return tap_done();
}
