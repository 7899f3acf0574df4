/* Tests of the reference interpreter over time: neurons against cases worked by hand and an
 * independent program's values, encoders, `prev` and read-outs, and gradients: where everything is
 * smooth by central differences, through spikes by dual numbers with their windows. */
#include "golden_snu.h"
#include "gradient_try.h"
#include "net_parts.h"

/* The output's errors are these, not those of a loss. */
static void backward_from(struct reference *r, const double *delta)
{
    const struct node *output = r->net->output->value;

    for (int64_t i = 0; i < (int64_t)r->n * output->size; i++)
        values_set(&r->delta[output->index], i, delta[i], 0);
    reference_backward(r);
}

#define TAIL " loss mse; optimizer sgd(0.1, momentum = 0.9); batch 4;"

/* ------------------------------------------------------------------------- neurons */

static void make_identity(struct reference *r)
{
    set_all(param_named(r, "h.weight"), (const double[]){1, 0, 0, 1});
}

static void test_leaky(void)
{
    static const float x[2] = {1.5F, 2.5F};
    static const double one[2] = {1, 0};
    struct reference *r = reference_of(
        "model t; time 3; input x[2]; layer h = x |> dense(2, bias = false) |> lif(tau = 2);"
        "output y = h |> last;" TAIL);
    const struct node *neuron = node_of(r, N_NEURON, 0);
    double w = 1 / (1 + pow(1.570796327 * 2 * 0.125, 2));
    const struct values *in = &r->delta[neuron->input[0]->index];

    make_identity(r);
    forward(r, x, 1);
    ok(is_all(r->value[neuron->index].at, (const double[]){0, 1, 1, 1, 0, 1}, 6),
       "a leaky neuron fires when its potential has risen above the threshold");
    ok(is_all(r->neuron_state[neuron->index][0].at, (const double[]){0, 0, 0.75, 0, 0, 0}, 6),
       "and starts from zero again");
    r = reference_of(
        "model t; time 2; input x[2]; layer h = x |> dense(2, bias = false) |> lif(tau = 2);"
        "output y = h |> last;" TAIL);
    in = &r->delta[node_of(r, N_NEURON, 0)->input[0]->index];
    make_identity(r);
    forward(r, x, 1);
    backward_from(r, one);
    ok(is_all(in->at, (const double[]){w / 4, 0, w / 2, 0}, 4),
       "an error goes back by the window and the leak");
}

static void test_golden_spikes(void)
{
    struct reference *r =
        reference_of("model t; time 5; input x[3] |> events; layer h = x |> dense(2, bias = false)"
                     "|> snu(decay = 0.8, slope = 0.1); output y = h |> total;" TAIL);
    const struct node *neuron = node_of(r, N_NEURON, 0);
    float x[15];

    for (int i = 0; i < 15; i++)
        x[i] = (float)golden_snu_x[i];
    set_all(param_named(r, "h.weight"), golden_snu_w);
    for (int i = 0; i < 2; i++)
        values_set(param_named(r, "h.snu.bias"), i, -1, 0);
    forward(r, x, 1);
    ok(is_all(r->value[neuron->index].at, golden_snu_y, 10), "golden values: spikes");
    ok(is_all(r->neuron_state[neuron->index][0].at + 2, golden_snu_s, 8), "and states");
}

/* The loss has an error at each step: they are added up over runs that end at it. */
static void test_golden_soft(void)
{
    struct values sum[4] = {{0}};
    float x[3 * GOLDEN_SOFT_STEPS];
    static const char *const name[4] = {"h.weight", "h.weight2", "h.cell.b", "h.cell.d"};
    static const double *const from[4] = {golden_soft_w, golden_soft_h, golden_soft_b,
                                          golden_soft_d};
    static const double *const want[4] = {golden_soft_gw, golden_soft_gh, golden_soft_gb,
                                          golden_soft_gd};

    for (int i = 0; i < 3 * GOLDEN_SOFT_STEPS; i++)
        x[i] = (float)golden_soft_x[i];
    for (int t = 0; t < GOLDEN_SOFT_STEPS; t++) {
        struct reference *r = reference_of(arena_format(
            arena,
            "model t; time %d; neuron cell(x) { learnable neuron d = 0.8, b = -1;"
            "state s = 0, y = 0; s = leaky_relu(x + d * s * (1 - y), 0.1); y = sigmoid(s + b);"
            "emit y; } input x[3] |> events; layer h[4] = ((x |> dense(4, bias = false)) +"
            "(prev(h) |> dense(4, bias = false))) |> cell; output y = h |> last;" TAIL,
            t + 1));
        double delta[4];
        for (int p = 0; p < 4; p++)
            set_all(param_named(r, name[p]), from[p]);
        forward(r, x, 1);
        for (int i = 0; i < 4; i++)
            delta[i] = 2 * golden_soft_c[4 * t + i] * r->value[r->net->output->value->index].at[i];
        backward_from(r, delta);
        for (int p = 0; p < 4; p++) {
            const struct values *g = &r->gradient[param_named(r, name[p]) - r->param];
            if (t == 0)
                sum[p] = values_new(arena, g->size);
            for (int64_t i = 0; i < g->size; i++)
                sum[p].at[i] += g->at[i];
        }
    }
    for (int p = 0; p < 4; p++)
        ok(is_all(sum[p].at, want[p], sum[p].size), "golden gradients: %s", name[p]);
}

/* ------------------------------------------------------------ encoders and read-outs */

static void test_bernoulli(void)
{
    struct reference *r =
        reference_of("model t; time 6; input x[5] |> scale(0.5, 0.5)"
                     "|> bernoulli(gain = 0.8); output y = x |> dense(2) |> rate;" TAIL);
    const struct node *code = node_of(r, N_ENCODE, 0);

    for (int training = 0; training < 2; training++) {
        int right = 0, spikes = 0;
        reference_forward(r, noise, number, 4, training);
        for (int t = 0; t < 6; t++)
            for (int i = 0; i < 20; i++) {
                uint64_t key =
                    training ? plast_key(7, 5, (uint64_t)code->index, 0, number[i / 5])
                             : plast_key(0, 5, (uint64_t)code->index, UINT64_MAX, number[i / 5]);
                double x = (double)noise[i] * 0.5 + 0.5;
                bool spike = (double)plast_uniform(key, (uint32_t)(t * 5 + i % 5)) < x * 0.8;
                right += r->value[code->index].at[t * 20 + i] == spike;
                spikes += spike;
            }
        ok(right == 120 && spikes > 20 && spikes < 100, "%d spikes drawn in %s", spikes,
           training ? "training" : "evaluation");
    }
}

static void test_encoders(void)
{
    static const float x[6] = {1, 0.5F, 0.26F, 0, -1, 1.25F}, frames[6] = {1, 2, 3, 4, 5, 6};
    static const double when[24] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                    0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct reference *r = reference_of("model t; time 4; input x[6] |> latency;"
                                       "output y = x |> dense(2) |> rate;" TAIL);

    forward(r, x, 1);
    ok(is_all(r->value[node_of(r, N_ENCODE, 0)->index].at, when, 24),
       "latency: the larger the earlier, nothing at zero or above one");
    r = reference_of(
        "model t; time 3; input x[2] |> events; output y = x |> dense(2) |> rate;" TAIL);
    forward(r, frames, 1);
    ok(is_all(r->value[r->net->input->value->index].at, (const double[]){1, 2, 3, 4, 5, 6}, 6),
       "events: each step its own frame");
    r = reference_of("model t; time 3; input x[2]; output y = x |> dense(2) |> rate;" TAIL);
    forward(r, frames, 1);
    ok(is_all(r->value[r->net->input->value->index].at, (const double[]){1, 2, 1, 2, 1, 2}, 6),
       "direct: each step the same");
}

static void test_readouts(void)
{
    static const float frames[8] = {1, 3, 2, 2, 2, 3, 1, 0};
    static const struct {
        const char *name;
        double value[2], error[8];
    } cases[] = {{"rate", {1.5, 2}, {2.5, 5, 2.5, 5, 2.5, 5, 2.5, 5}},
                 {"total", {6, 8}, {10, 20, 10, 20, 10, 20, 10, 20}},
                 {"last", {1, 0}, {0, 0, 0, 0, 0, 0, 10, 20}},
                 {"peak", {2, 3}, {0, 20, 10, 0, 0, 0, 0, 0}}};

    for (int k = 0; k < 4; k++) {
        struct reference *r =
            reference_of(arena_format(arena,
                                      "model t; time 4; input x[2] |> events; layer h = x |> "
                                      "dense(2, bias = false) |> %s; output y = h;" TAIL,
                                      cases[k].name));
        const struct node *out = node_of(r, N_READOUT, 0);
        make_identity(r);
        forward(r, frames, 1);
        ok(is_all(r->value[out->index].at, cases[k].value, 2), "%s", cases[k].name);
        backward_from(r, (const double[]){10, 20});
        ok(is_all(r->delta[out->input[0]->index].at, cases[k].error, 8), "its error");
    }
}

/* --------------------------------------------------------------------- differences */

#define CELL                                                                                       \
    "neuron cell(x, k = 0.7) { learnable neuron a = 0.3, start = 0.1; learnable b = 0.2;"          \
    "state s = start * b, v = 0.1; s = tanh(x) + k * s * (1 - v * b); v = v / 2 + s * a;"          \
    "emit v + s * b; } function f(x) = x / (1 + exp(-x));\n"

static const struct {
    const char *what, *text;
} nets[] = {
    {"a recurrent layer",
     "time 4; input x[6]; layer h[5] = ((x |> dense(5)) + (prev(h) |> dense(5, bias = false)))"
     "|> cell; output y = h |> dense(3) |> rate;"},
    {"layers that read each other, dropout behind the neurons",
     "time 4; input x[6] |> bernoulli; layer a[5] = ((x |> dense(5)) + (prev(b) |> dense(5)))"
     "|> cell; layer b[4] = a |> dense(4) |> cell(k = -0.5) |> dropout(0.3);"
     "output y = ((b |> dense(3)) + (prev(a) |> dense(3))) |> last;"},
    {"maps, batch norm at each step, pools",
     "time 3; input x[1, 4, 4] |> bernoulli; layer c[3, 2, 2] = ((x |> conv(3, 3, pad = 1)) +"
     "(prev(e) |> conv(3, 1, bias = false))) |> batchnorm |> cell |> avgpool(2);"
     "layer e[3, 4, 4] = x |> conv(3, 3, pad = 1) |> f |> avgpool(3, stride = 1, pad = 1); output "
     "y = c |> dense(3) |> cell |> peak;"},
    {"a sum with what was, and layers behind a read-out",
     "time 4; input x[6]; layer s[4] = (x |> dense(4)) + prev(s) |> f; layer t = s |> cell |> "
     "total;"
     "layer u = t |> dense(4) |> batchnorm |> f; output y = (u |> dense(3)) + (t |> dense(3));"},
};

static void test_gradients(void)
{
    const struct trial t = {noise, label, false, number, 4};

    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        struct reference *r =
            reference_of(arena_format(arena, "model t;" CELL "%s" TAIL, nets[i].text));
        double worst = gradient_error(r, &t);
        if (!ok(worst < 1e-8, "gradients: %s", nets[i].what))
            note("%g away", worst);
        loss_of(r, &t);
        reference_backward(r);
        if (!ok(largest_tolerance(r) < 2e-4 && largest_tolerance(r) > 1e-8, "their tolerances"))
            note("%g", largest_tolerance(r));
    }
}

/* -------------------------------------------------------------------- dual numbers */

enum { STEPS = 5, IN = 3, UNITS = 4, OUT = 2 };

struct dual {
    double v, d;
};

static struct dual plus(struct dual a, struct dual b)
{
    return (struct dual){a.v + b.v, a.d + b.d};
}

static struct dual times(struct dual a, struct dual b)
{
    return (struct dual){a.v * b.v, a.d * b.v + a.v * b.d};
}

static struct dual constant(double v)
{
    return (struct dual){v, 0};
}

/* d[p][i]: 1 for what the derivative is taken of. */
static struct dual taken(const struct reference *r, int p, int64_t i, int of, int64_t at)
{
    return (struct dual){r->param[p].at[i], p == of && i == at};
}

/* Loss of one sample of the spiking net below, by the same text written out once more. */
static struct dual loss_by_duals(const struct reference *r, const float *x, const float *target,
                                 int of, int64_t at)
{
    struct dual s[UNITS] = {{0, 0}}, y[UNITS] = {{0, 0}}, out[OUT] = {{0, 0}}, loss = {0, 0};

    for (int t = 0; t < STEPS; t++) {
        struct dual old[UNITS];
        memcpy(old, y, sizeof old);
        for (int i = 0; i < UNITS; i++) {
            struct dual in = {0, 0}, z;
            for (int j = 0; j < IN; j++)
                in = plus(in, times(taken(r, 0, i * IN + j, of, at), constant((double)x[j])));
            for (int j = 0; j < UNITS; j++)
                in = plus(in, times(taken(r, 1, i * UNITS + j, of, at), old[j]));
            s[i] = plus(in, times(times(constant(0.8), s[i]),
                                  plus(constant(1), times(constant(-1), old[i]))));
            if (s[i].v < 0)
                s[i] = times(constant(0.1), s[i]);
            z = plus(s[i], taken(r, 2, i, of, at));
            y[i] = (struct dual){z.v > 0, (1 - tanh(z.v) * tanh(z.v)) * z.d};
        }
        for (int k = 0; k < OUT; k++)
            for (int i = 0; i < UNITS; i++)
                out[k] = plus(out[k], times(taken(r, 3, k * UNITS + i, of, at), y[i]));
    }
    for (int k = 0; k < OUT; k++) {
        struct dual away = plus(times(out[k], constant(1. / STEPS)), constant(-(double)target[k]));
        loss = plus(loss, times(constant(1. / OUT), times(away, away)));
    }
    return loss;
}

static void test_spikes(void)
{
    struct reference *r =
        reference_of("model t; time 5; input x[3]; layer h[4] = ((x |> dense(4, bias = false)) +"
                     "(prev(h) |> dense(4, bias = false))) |> snu(decay = 0.8, slope = 0.1);"
                     "output y = h |> dense(2, bias = false) |> rate;" TAIL);
    static const float target[OUT] = {0.5F, -0.25F}, x[IN] = {1.5F, -0.5F, 2};
    const struct trial t = {x, target, true, number, 1};
    const struct node *neuron = node_of(r, N_NEURON, 0);
    double worst = 0, largest = 0;
    int spikes = 0;

    for (int i = 0; i < UNITS; i++)
        values_set(param_named(r, "h.snu.bias"), i, -0.5, 0);
    loss_of(r, &t);
    reference_backward(r);
    for (int i = 0; i < STEPS * UNITS; i++)
        spikes += r->value[neuron->index].at[i] != 0;
    for (int p = 0; p < 4; p++)
        for (int64_t i = 0; i < r->param[p].size; i++) {
            struct dual want = loss_by_duals(r, x, target, p, i);
            worst = fmax(worst, fabs(want.d - r->gradient[p].at[i]));
            worst = fmax(worst, fabs(want.v - r->loss.value));
            largest = fmax(largest, fabs(want.d));
        }
    if (!ok(worst < 1e-12 && largest > 0.01 && spikes > 3 && spikes < 18,
            "through %d spikes of %d, as dual numbers with the windows say", spikes, STEPS * UNITS))
        note("%g away of %g", worst, largest);
}

/* A potential that leaks forgets its errors as well. */
static void test_tolerance(void)
{
    struct reference *r =
        reference_of("model t; time 60; neuron leak(x) { state u = 0;"
                     "u += (x - u) / 2; emit u; } input x[8];"
                     "layer h = x |> dense(5) |> leak; output y = h |> last;" TAIL);
    double worst = 0;

    forward(r, noise, 4);
    for (int i = 0; i < 20; i++)
        worst = fmax(worst, r->value[r->net->output->value->index].error[i]);
    ok(worst < 2e-6 && worst > 1e-8, "tolerances do not grow with time: %.2g", worst);
}

int main(void)
{
    arena = arena_new();
    make_noise();
    test_leaky();
    test_golden_spikes();
    test_golden_soft();
    test_bernoulli();
    test_encoders();
    test_readouts();
    test_gradients();
    test_spikes();
    test_tolerance();
    arena_free(arena);
    return tap_done();
}
