/* Tests of the reference interpreter on what runs along with time: rules that trace and modulate,
 * moments of each step, and death in recurrent layers. */
#include "gradient_try.h"
#include "net_parts.h"

#define TAIL " loss mse; optimizer sgd(0.1, momentum = 0.9); batch 4;"

/* ---------------------------------------------------------------------------- rules */

enum { STEPS = 3, SAMPLES = 2, IN = 2, UNITS = 2, AREA = 4 };

static void test_traces(void)
{
    struct reference *r = reference_of(
        "model t; time 3; rule seen() { state kernel both = 0; state neuron p = 0, e = 0, q = 0;"
        "state input i = 0; observe { both = batch_sum(trace(post, 0.5) * trace(pre, 0.25));"
        "p = batch_mean(post); e = batch_sum(error); i = batch_sum(trace(pre, 0.25));"
        "q = batch_sum(post * trace(post, 0.5)); } }\n"
        "input x[2, 2, 2] |> events; layer h = x |> conv(2, 1) |> lif(threshold = 0.2)"
        "|> avgpool(2); output y = h |> dense(3) |> rate; plasticity seen on h;" TAIL);
    const struct node *pre = node_of(r, N_CONV, 0)->input[0], *post = node_of(r, N_NEURON, 0);
    double both[UNITS * IN] = {0}, p[UNITS] = {0}, e[UNITS] = {0}, i_sum[IN] = {0}, q[UNITS] = {0};

    reference_start(r);
    step(r, noise, label, SAMPLES);
    for (int s = 0; s < SAMPLES; s++) {
        double in[IN] = {0}, out[UNITS] = {0}, beside[UNITS] = {0};
        for (int t = 0; t < STEPS; t++)
            for (int k = 0; k < IN; k++) {
                in[k] *= 0.25;
                out[k] *= 0.5;
                for (int a = 0; a < AREA; a++) {
                    int at = ((t * SAMPLES + s) * IN + k) * AREA + a;
                    in[k] += r->value[pre->index].at[at];
                    out[k] += r->value[post->index].at[at];
                    beside[k] += r->value[post->index].at[at];
                    e[k] += r->delta[post->index].at[at] / STEPS;
                }
            }
        for (int k = 0; k < UNITS; k++) {
            p[k] += beside[k] / STEPS / SAMPLES;
            q[k] += beside[k] / STEPS * out[k] / STEPS;
            i_sum[k] += in[k] / STEPS;
            for (int j = 0; j < IN; j++)
                both[k * IN + j] += out[k] / STEPS * in[j] / STEPS;
        }
    }
    ok(is_all(value_of(r->attachment, "both")->at, both, UNITS * IN) && both[0] != 0,
       "traces fade from step to step, and count as their mean");
    ok(is_all(value_of(r->attachment, "i")->at, i_sum, IN), "of what enters too");
    ok(is_all(value_of(r->attachment, "p")->at, p, UNITS), "signals are averaged over the steps");
    ok(is_all(value_of(r->attachment, "e")->at, e, UNITS) && e[0] != 0, "errors too");
    ok(is_all(value_of(r->attachment, "q")->at, q, UNITS), "beside a trace as well");
}

/* h = a x + b prev(h): y = c h, of the last step. */
static void test_modulation(void)
{
    static const float x[4] = {2, 3};
    struct reference *r = reference_of(
        "model t; time 2; rule three() { modulate { error *= 3; } }\n"
        "input x[1] |> events; layer h[1] = ((x |> dense(1, bias = false)) +"
        "(prev(h) |> dense(1, bias = false))); output y = h |> last |> dense(1, bias = false);"
        "plasticity three on h;" TAIL);
    const double a = 0.5, b = -2, c = 7, h0 = 2 * a, h1 = 3 * a + b * h0;
    const double d1 = 3 * c, d0 = b * d1; /* of the first step: what comes through prev alone */

    set_all(param_named(r, "h.weight"), &a);
    set_all(param_named(r, "h.weight2"), &b);
    set_all(param_named(r, "y.weight"), &c);
    reference_set_up(r);
    forward(r, x, 1);
    values_set(&r->delta[r->net->output->value->index], 0, 1, 0);
    reference_backward(r);
    ok(r->gradient[0].at[0] == d1 * 3 + d0 * 2 && r->gradient[1].at[0] == d1 * h0 &&
           r->gradient[2].at[0] == h1,
       "what comes through prev is not modulated again");
}

static void test_modulation_each_step(void)
{
    static const char text[] =
        "model t; time 3; rule part() { modulate { neuron k = sum(abs(w)); error *= k; } }\n"
        "input x[3] |> events; layer h = x |> dense(2, bias = false) |> soft_snu;"
        "output y = h |> dense(3) |> rate; %s" TAIL;
    struct reference *a = reference_of(arena_format(arena, text, ""));
    struct reference *b = reference_of(arena_format(arena, text, "plasticity part on h;"));
    const struct values *w = param_named(a, "h.weight");
    const struct trial t = {noise, label, false, number, 4};
    double worst = 0;

    loss_of(a, &t);
    loss_of(b, &t);
    reference_backward(a);
    reference_backward(b);
    for (int i = 0; i < 6; i++) {
        double k = fabs(w->at[i / 3 * 3]) + fabs(w->at[i / 3 * 3 + 1]) + fabs(w->at[i / 3 * 3 + 2]);
        worst = fmax(worst, fabs(b->gradient[0].at[i] - k * a->gradient[0].at[i]));
    }
    ok(worst < 1e-15, "errors are modulated at each step");
}

/* -------------------------------------------------------------------------- moments */

static void test_moments(void)
{
    struct reference *r = reference_of(
        "model t; time 2; input x[1] |> events; layer h = x |> batchnorm(momentum = 0.5, epsilon ="
        "1) |> lif; output y = h |> dense(2) |> rate;" TAIL);
    static const float x[4] = {1, 10, 3, 16}; /* two samples: 1 then 10, 3 then 16 */
    const struct node *norm = node_of(r, N_BATCHNORM, 0);
    double deep = sqrt(10), want[4];

    for (int i = 0; i < 2; i++) {
        double scale = param_named(r, "h.batchnorm.weight")->at[0];
        double shift = param_named(r, "h.batchnorm.bias")->at[0];
        want[i] = (i ? 1 : -1) / sqrt(2) * scale + shift;
        want[2 + i] = (i ? 3 : -3) / deep * scale + shift;
    }
    reference_start(r);
    step(r, x, label, 2);
    ok(is_all(r->value[norm->index].at, want, 4), "each step has moments of its own");
    ok(is_all(r->running_mean[norm->index].at, (const double[]){(0. + 2) / 4 + 13. / 2}, 1) &&
           is_all(r->running_variance[norm->index].at, (const double[]){(1. + 2) / 4 + 18. / 2}, 1),
       "running ones follow them step by step");
    r = reference_of("model t; time 3; input x[1]; layer h = x |> batchnorm(momentum = 0.5) |> lif;"
                     "output y = h |> dense(2) |> rate;" TAIL);
    reference_start(r);
    step(r, x, label, 2); /* 1 and 10: mean 5.5, unbiased variance 40.5 */
    norm = node_of(r, N_BATCHNORM, 0);
    ok(is_all(r->running_mean[norm->index].at, (const double[]){5.5 * 0.875}, 1) &&
           is_all(r->running_variance[norm->index].at, (const double[]){0.125 + 40.5 * 0.875}, 1),
       "as often where nothing varies");
}

/* ---------------------------------------------------------------------------- death */

static int64_t count_dead(const struct reference *r, const char *name)
{
    const struct values *alive = &r->alive[param_named((struct reference *)r, name) - r->param];
    int64_t dead = 0;

    for (int64_t i = 0; i < alive->size; i++)
        dead += alive->at[i] == 0;
    return dead;
}

static bool is_silent(const struct reference *r, const struct node *node, int unit)
{
    for (int64_t t = 0; t < reference_steps(r, node); t++)
        for (int64_t s = 0; s < (int64_t)r->n; s++)
            if (r->value[node->index].at[reference_row(r, node, t, s) + unit] != 0)
                return false;
    return true;
}

static void test_death(void)
{
    struct reference *r = reference_of(
        "model t; time 3; rule no() { adapt { neuron k = sum(w); drop neuron when k > 1e9; } }\n"
        "input x[4]; layer h[3] = ((x |> dense(3)) + (prev(h) |> dense(3))) |> soft_snu;"
        "layer g[3] = h + prev(g); layer k[2] = ((g |> dense(2)) + (prev(g) |> dense(2))) |> plif;"
        "output y = k |> dense(3) |> rate; prune no on h;" TAIL);
    const struct layer *h = r->net->layer[1], *g = r->net->layer[2];

    ok(reference_may_die(r, r->net->param[param_named(r, "h.weight2") - r->param]) &&
           reference_may_die(r, r->net->param[param_named(r, "k.weight2") - r->param]) &&
           !reference_may_die(r, r->net->param[param_named(r, "y.weight") - r->param]),
       "what reads the past of neurons that may die may die");
    reference_start(r);
    step(r, noise, label, 4);
    r->alive_neuron[1].at[1] = 0;
    reference_settle(r);
    ok(count_dead(r, "h.weight") == 4 && count_dead(r, "h.weight2") == 5,
       "a neuron's rows die, and the columns that read what it was");
    ok(count_dead(r, "k.weight") == 2 && count_dead(r, "k.weight2") == 2,
       "a sum with its own past does not keep it alive");
    ok(param_named(r, "h.soft_snu.bias")->at[1] == 0 &&
           param_named(r, "h.soft_snu.bias")->at[0] != 0 && param_named(r, "k.plif.a")->at[0] != 0,
       "its learnables die with it, a layer's do not");
    step(r, noise, label, 4);
    ok(is_silent(r, h->neurons, 1) && !is_silent(r, h->neurons, 0) && is_silent(r, g->value, 1),
       "it is silent at all steps");
    ok(param_named(r, "h.soft_snu.bias")->at[1] == 0 && count_dead(r, "h.weight2") == 5,
       "and stays so");
}

int main(void)
{
    arena = arena_new();
    make_noise();
    test_traces();
    test_modulation();
    test_modulation_each_step();
    test_moments();
    test_death();
    arena_free(arena);
    return tap_done();
}
