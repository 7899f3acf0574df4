/* Tests of the reference interpreter where a neuron is a channel of a map: rules in the spaces of a
 * convolution, and what dies with a channel. */
#include "gradient_try.h"
#include "net_parts.h"

#define TAIL " loss cross_entropy; optimizer sgd(0.1, momentum = 0.9); batch 4;"

/* --------------------------------------------------------------------------- rules */

static void test_spaces(void)
{
    struct reference *r = reference_of(
        "model t; rule all() { state kernel k = 0, prod = 0; state neuron n = 0, p = 0;"
        "state input i = 0, seen = 0; state layer m = 0;"
        "observe { prod = batch_sum(post * pre); p = batch_mean(post); seen = batch_sum(pre); }"
        "adapt { k = sum(abs(w)); n = sum(k); i = max(k); m = quantile(w, 0.5); } }\n"
        "input x[4, 2, 2]; layer h = x |> conv(2, (1, 2), groups = 2);"
        "output y = h |> dense(3); plasticity all on h;" TAIL);
    const struct attachment *a = r->attachment;
    double w[8] = {1, -2, 3, 4, -5, 6, 7, 8}, pre[4] = {0}, post[2] = {0}, product[4] = {0};

    set_all(param_named(r, "h.weight"), w);
    reference_start(r);
    step(r, noise, label, 3);
    for (int s = 0; s < 3; s++) {
        const double *y = r->value[node_of(r, N_CONV, 0)->index].at + s * 4;
        double in[4] = {0};
        for (int i = 0; i < 16; i++)
            in[i / 4] += (double)noise[s * 16 + i];
        for (int c = 0; c < 4; c++) {
            pre[c] += in[c];
            product[c] += in[c] * (y[c / 2 * 2] + y[c / 2 * 2 + 1]);
        }
        for (int o = 0; o < 2; o++)
            post[o] += (y[o * 2] + y[o * 2 + 1]) / 3;
    }
    ok(is_all(value_of(a, "seen")->at, pre, 4), "pre is the sum over the map");
    ok(is_all(value_of(a, "p")->at, post, 2), "so is post");
    ok(is_all(value_of(a, "prod")->at, product, 4) && value_of(a, "prod")->size == 4,
       "a kernel is a pair of channels of one group");
    set_all(param_named(r, "h.weight"), w);
    reference_end_epoch(r);
    ok(is_all(value_of(a, "k")->at, (const double[]){3, 7, 11, 15}, 4), "from synapses to kernels");
    ok(is_all(value_of(a, "n")->at, (const double[]){10, 26}, 2), "to output channels");
    ok(is_all(value_of(a, "i")->at, (const double[]){3, 7, 11, 15}, 4), "to input channels");
    ok(value_of(a, "m")->at[0] == 4, "to the layer");
}

static void test_modulation(void)
{
    static const char text[] =
        "model t; rule part() { modulate { neuron k = sum(abs(w)); error *= k; } }\n"
        "input x[1, 3, 3]; layer h = x |> conv(2, 2) |> tanh; output y = h |> dense(3);"
        "%s" TAIL;
    struct reference *a = reference_of(arena_format(arena, text, ""));
    struct reference *b = reference_of(arena_format(arena, text, "plasticity part on h;"));
    const struct values *w = param_named(a, "h.weight");
    const struct trial t = {noise, label, false, number, 4};
    double worst = 0;

    loss_of(a, &t);
    loss_of(b, &t);
    reference_backward(a);
    reference_backward(b);
    for (int o = 0; o < 2; o++) {
        double k = fabs(w->at[4 * o]) + fabs(w->at[4 * o + 1]) + fabs(w->at[4 * o + 2]) +
                   fabs(w->at[4 * o + 3]);
        for (int i = 4 * o; i < 4 * o + 4; i++)
            worst = fmax(worst, fabs(b->gradient[0].at[i] - k * a->gradient[0].at[i]));
    }
    ok(worst < 1e-15, "each place of a channel's map has its own error, and one factor");
}

/* --------------------------------------------------------------------------- death */

static const char dying[] =
    "model t; function one(x) = 1 + x / (1 + abs(x)); rule no() { adapt { neuron k = sum(w); drop "
    "neuron when k > 1e9; } }\n"
    "input x[2, 4, 4]; layer a = x |> conv(4, 3, pad = 1) |> batchnorm |> one;"
    "layer b = x |> conv(4, 1) |> one |> maxpool(1);"
    "layer s = a + b |> batchnorm |> maxpool(2); layer c = concat(a |> avgpool(2), s);"
    "layer d = c |> conv(4, 1, groups = 2) |> one; output y = (d |> dense(3)) + (a |> dense(3));"
    "prune no on a, b;" TAIL;

static int64_t count_dead(const struct values *alive)
{
    int64_t dead = 0;

    for (int64_t i = 0; i < alive->size; i++)
        dead += alive->at[i] == 0;
    return dead;
}

static const struct values *mask_named(const struct reference *r, const char *name)
{
    for (int p = 0; p < r->net->param_count; p++)
        if (!strcmp(r->net->param[p]->name, name))
            return &r->alive[p];
    bug("there is no %s", name);
}

static bool is_silent(const struct reference *r, const struct node *node, int channel)
{
    int64_t area = node->size / reference_channels(node);

    for (int64_t s = 0; s < (int64_t)r->n; s++)
        for (int64_t i = 0; i < area; i++)
            if (r->value[node->index].at[s * node->size + channel * area + i] != 0)
                return false;
    return true;
}

static void test_death(void)
{
    struct reference *r = reference_of(dying);
    const struct node *in_s = node_of(r, N_BATCHNORM, 1);

    ok(reference_may_die(r, r->net->param[0]), "a weight whose neurons may die");
    reference_start(r);
    step(r, noise, label, 4);
    r->alive_neuron[1].at[1] = 0; /* a[1] */
    reference_settle(r);
    ok(count_dead(mask_named(r, "a.weight")) == 18 && param_named(r, "a.bias")->at[1] == 0 &&
           param_named(r, "a.batchnorm.weight")->at[1] == 0 &&
           param_named(r, "a.batchnorm.bias")->at[1] == 0 &&
           param_named(r, "a.batchnorm.weight")->at[0] != 0,
       "a channel's kernels, bias, scale and shift die with it");
    ok(r->running_variance[node_of(r, N_BATCHNORM, 0)->index].at[1] == 0 &&
           r->running_variance[node_of(r, N_BATCHNORM, 0)->index].at[0] != 0,
       "and its running moments");
    ok(count_dead(mask_named(r, "d.weight")) == 2 && mask_named(r, "d.weight")->at[1] == 0 &&
           mask_named(r, "d.weight")->at[5] == 0,
       "what reads its pool in a concat dies, in its group");
    ok(count_dead(mask_named(r, "y.weight2")) == 48, "so do units that were its map");
    ok(param_named(r, "s.batchnorm.weight")->at[1] != 0, "a sum with what lives goes on");
    r->alive_neuron[2].at[1] = 0; /* b[1] */
    reference_settle(r);
    ok(count_dead(mask_named(r, "d.weight")) == 4 && mask_named(r, "d.weight")->at[9] == 0,
       "where both of a sum are dead its readers die");
    step(r, noise, label, 4);
    ok(is_silent(r, node_of(r, N_BATCHNORM, 0), 1) &&
           is_silent(r, node_of(r, N_BATCHNORM, 0)->layer->neurons, 1) &&
           !is_silent(r, node_of(r, N_BATCHNORM, 0)->layer->neurons, 0),
       "a dead channel is silent");
    ok(r->gradient[node_of(r, N_BATCHNORM, 0)->weight->index].at[1] == 0 &&
           param_named(r, "a.batchnorm.bias")->at[1] == 0,
       "what died stays so in a step");
    forward(r, noise, 4);
    ok(param_named(r, "s.batchnorm.bias")->at[1] != 0 &&
           r->value[in_s->index].at[16] == param_named(r, "s.batchnorm.bias")->at[1] &&
           count_dead(mask_named(r, "d.weight")) == 4,
       "another layer's shift lives on, but nothing reads it");
}

int main(void)
{
    arena = arena_new();
    make_noise();
    test_spaces();
    test_modulation();
    test_death();
    arena_free(arena);
    return tap_done();
}
