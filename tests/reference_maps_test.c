/* Tests of the reference interpreter on maps: convolution, pools and batch norm against cases
 * worked by hand and central differences, flips and crops against their random numbers. */
#include "gradient_try.h"
#include "net_parts.h"
#include "reference_node.h"

#define TAIL " loss cross_entropy; optimizer sgd(0.1, momentum = 0.9); batch 4;"

/* ---------------------------------------------------------------------------- conv */

static void test_conv(void)
{
    static const float nine[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const double kernel[4] = {1, 10, 100, 1000}, pair[2] = {1, 10};
    struct reference *r = reference_of("model t; input x[1, 3, 3]; layer h = x |> conv(1, 2);"
                                       "output y = h |> dense(3);" TAIL);

    set_all(param_named(r, "h.weight"), kernel);
    values_set(param_named(r, "h.bias"), 0, 0.5, 0);
    forward(r, nine, 1);
    ok(is_all(r->value[node_of(r, N_CONV, 0)->index].at,
              (const double[]){5421.5, 6532.5, 8754.5, 9865.5}, 4),
       "a convolution is a cross-correlation");
    r = reference_of(
        "model t; input x[1, 3, 3]; layer h = x |> conv(1, kernel = (1, 2),"
        "stride = (2, 3), pad = (0, 1), bias = false); output y = h |> dense(3);" TAIL);
    set_all(param_named(r, "h.weight"), pair);
    forward(r, nine, 1);
    ok(is_all(r->value[node_of(r, N_CONV, 0)->index].at, (const double[]){10, 3, 70, 9}, 4),
       "unequal sides, strides and pads");
    r = reference_of("model t; input x[2, 1, 2]; layer h = x |> conv(4, 1, groups = 2,"
                     "bias = false); output y = h |> dense(3);" TAIL);
    set_all(param_named(r, "h.weight"), kernel);
    forward(r, nine, 1);
    ok(is_all(r->value[node_of(r, N_CONV, 0)->index].at,
              (const double[]){1, 2, 10, 20, 300, 400, 3000, 4000}, 8),
       "groups read their own channels");
}

/* The same net as a convolution and as a dense one: what enters the second is flat. */
static double difference(const char *conv, const char *dense)
{
    const struct trial t = {noise, label, false, number, 4};
    struct reference *a = reference_of(conv), *b = reference_of(dense);
    double worst = 0;

    for (int p = 0; p < a->net->param_count; p++)
        set_all(&b->param[p], a->param[p].at);
    worst = fabs(loss_of(a, &t) - loss_of(b, &t));
    reference_backward(a);
    reference_backward(b);
    for (int p = 0; p < a->net->param_count; p++)
        worst = fmax(worst, apart(&a->gradient[p], b->gradient[p].at, 1));
    return worst;
}

static void test_conv_as_dense(void)
{
    ok(difference("model t; input x[6, 1, 1]; layer g = x |> conv(5, 1) |> tanh;"
                  "layer h = g |> conv(4, 1) |> tanh; output y = h |> dense(3);" TAIL,
                  "model t; input x[6]; layer g = x |> dense(5) |> tanh;"
                  "layer h = g |> dense(4) |> tanh; output y = h |> dense(3);" TAIL) < 1e-15,
       "a convolution of one place is dense");
    ok(difference("model t; input x[2, 3, 2]; layer g = x |> conv(12, (3, 2)) |> tanh;"
                  "layer h = g |> conv(4, 1) |> tanh; output y = h |> dense(3);" TAIL,
                  "model t; input x[12]; layer g = x |> dense(12) |> tanh;"
                  "layer h = g |> dense(4) |> tanh; output y = h |> dense(3);" TAIL) < 1e-15,
       "one as large as the map is dense");
}

/* ---------------------------------------------------------------------- differences */

#define SMOOTH "function f(x) = x / (1 + exp(-x)); function g(x) = tanh(x) + x / 4;\n"

static const struct {
    const char *what, *text;
} nets[] = {
    {"convolutions with strides, pads and groups",
     "input x[2, 5, 4]; layer a = x |> conv(4, 3, pad = 1) |> f;"
     "layer b = a |> conv(4, (3, 2), stride = (2, 1), pad = (1, 0), groups = 2, bias = false) |> g;"
     "output y = b |> dense(3);"},
    {"pools of both kinds",
     "input x[2, 6, 5]; layer a = x |> conv(3, 2) |> f |> maxpool(2, stride = 1, pad = 1);"
     "layer b = a |> conv(3, 2) |> avgpool((2, 3), pad = (1, 2)) |> g |> dropout(0.3);"
     "output y = b |> dense(3);"},
    {"batch norm of maps and units, before weights and behind them",
     "input x[2, 4, 4]; layer a = x |> conv(3, 2, bias = false) |> batchnorm |> f;"
     "layer b = a |> batchnorm(epsilon = 0.1) |> conv(3, 2) |> batchnorm |> g |> avgpool(all);"
     "layer c = b |> dense(5) |> batchnorm |> f; output y = c |> dense(3) |> batchnorm;"},
    {"joins of maps", "input x[2, 4, 4]; layer a = x |> conv(3, 3, pad = 1) |> batchnorm |> f;"
                      "layer b = ((a |> conv(3, 1) |> batchnorm) + (x |> conv(3, 1)) + a) |> g;"
                      "layer c = concat(b |> avgpool(2), a |> maxpool(2)) |> f;"
                      "output y = (c |> dense(3)) + (a + b |> avgpool(all) |> dense(3));"},
};

static void test_gradients(void)
{
    const struct trial t = {noise, label, false, number, 4};

    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        struct reference *r =
            reference_of(arena_format(arena, "model t;" SMOOTH "%s" TAIL, nets[i].text));
        double worst = gradient_error(r, &t);
        if (!ok(worst < 1e-8, "gradients: %s", nets[i].what))
            note("%g away", worst);
        loss_of(r, &t);
        reference_backward(r);
        if (!ok(largest_tolerance(r) < 2e-3 && largest_tolerance(r) > 1e-8, "their tolerances"))
            note("%g", largest_tolerance(r));
    }
}

static void test_feedback(void)
{
    static const char text[] =
        "model t; input x[2, 4, 4]; layer a = x |> conv(3, 2) |> tanh;"
        "layer b = a |> conv(2, 2, stride = 1, pad = 1) |> tanh; output y = b |> dense(3);"
        "learn %s;" TAIL;
    const struct trial t = {noise, label, false, number, 4};
    struct reference *b = reference_of(arena_format(arena, text, "backprop"));
    struct reference *r = reference_of(arena_format(arena, text, "feedback_alignment"));
    double worst = 0;

    for (int p = 0; p < r->net->param_count; p++)
        if (r->param_feedback[p].size > 0)
            set_all(&r->param_feedback[p], r->param[p].at);
    loss_of(b, &t);
    loss_of(r, &t);
    reference_backward(b);
    reference_backward(r);
    for (int p = 0; p < r->net->param_count; p++)
        worst = fmax(worst, apart(&r->gradient[p], b->gradient[p].at, 1));
    ok(worst == 0 && r->param_feedback[2].size == 24 && r->param_feedback[0].size == 0,
       "feedback alignment by the weights themselves is backprop");
    values_set(&r->param_feedback[2], 5, 3, 0);
    reference_backward(r);
    ok(apart(&r->gradient[0], b->gradient[0].at, 1) > 1e-3, "by others it is not");
}

/* --------------------------------------------------------------------------- pools */

static void test_pools(void)
{
    static const float map[9] = {-1, -2, 5, -3, -4, 5, 7, 7, 7};
    struct reference *r =
        reference_of("model t; input x[1, 3, 3];"
                     "layer h = x |> conv(1, 1, bias = false) |> maxpool(2, pad = 1);"
                     "output y = h |> dense(3);" TAIL);
    const struct node *pool = node_of(r, N_MAXPOOL, 0), *conv = node_of(r, N_CONV, 0);

    values_set(param_named(r, "h.weight"), 0, 1, 0);
    forward(r, map, 1);
    ok(is_all(r->value[pool->index].at, (const double[]){-1, 5, 7, 7}, 4),
       "what pads is never the largest");
    for (int i = 0; i < 4; i++)
        values_set(&r->delta[pool->index], i, 1 << i, 0);
    for (int i = 0; i < 9; i++)
        values_set(&r->delta[conv->index], i, 0, 0);
    pass_maxpool(r, r->delta, pool, 0);
    ok(is_all(r->delta[conv->index].at, (const double[]){1, 0, 2, 0, 0, 0, 4, 8, 0}, 9),
       "the first of equal ones gets the error");
    r = reference_of("model t; input x[1, 3, 3];"
                     "layer h = x |> conv(1, 1, bias = false) |> avgpool(2, pad = 1);"
                     "output y = h |> dense(3);" TAIL);
    values_set(param_named(r, "h.weight"), 0, 4, 0);
    forward(r, map, 1);
    ok(is_all(r->value[node_of(r, N_AVGPOOL, 0)->index].at, (const double[]){-1, 3, 4, 15}, 4),
       "the mean is over all places of the window");
}

/* ---------------------------------------------------------------------- batch norm */

static void test_norm(void)
{
    static const float x[4] = {1, 3, 5, 7}; /* mean 4, variance 5, with epsilon 9 */
    static const double after[4] = {0.5, -1. / 3, -1. / 6, 0};
    struct reference *r = reference_of("model t; input x[1, 1, 2];"
                                       "layer h = x |> batchnorm(momentum = 0.5, epsilon = 4);"
                                       "output y = h |> dense(3);" TAIL);
    const struct node *norm = node_of(r, N_BATCHNORM, 0), *in = norm->input[0];
    double variance = 0.5 + 20. / 3 / 2, eval[2];

    ok(r->net->param[norm->weight->index]->init == INIT_CONSTANT &&
           reference_new(arena, r->net)->param[norm->weight->index].at[0] == 1,
       "the scale starts at 1");
    values_set(param_named(r, "h.batchnorm.weight"), 0, 2, 0);
    values_set(param_named(r, "h.batchnorm.bias"), 0, 1, 0);
    forward(r, x, 2);
    ok(is_all(r->value[norm->index].at, (const double[]){-1, 1. / 3, 5. / 3, 3}, 4),
       "training: by the moments of the batch and the map");
    for (int i = 0; i < 4; i++) {
        values_set(&r->delta[norm->index], i, i == 0, 0);
        values_set(&r->delta[in->index], i, 0, 0);
    }
    pass_norm(r, norm, 0);
    for (int i = 0; i < 4; i++)
        values_set(&r->delta[in->index], i, r->delta[in->index].at[i] * 1.5, 0);
    ok(is_all(r->delta[in->index].at, after, 4), "the error goes through the moments as well");
    ok(r->running_mean[norm->index].at[0] == 0 && r->running_variance[norm->index].at[0] == 1,
       "running moments are 0 and 1 until an update");
    update_moments(r);
    ok(r->running_mean[norm->index].at[0] == 2 &&
           fabs(r->running_variance[norm->index].at[0] - variance) < 1e-14,
       "they move towards the mean and the unbiased variance");
    reference_forward(r, x, number, 1, false);
    for (int i = 0; i < 2; i++)
        eval[i] = ((double)x[i] - 2) / sqrt(variance + 4) * 2 + 1;
    ok(is_all(r->value[norm->index].at, eval, 2), "evaluation: by the running moments");
}

static void test_norm_update(void)
{
    struct reference *r = reference_of(
        "model t; input x[2, 2, 2]; layer h = x |> conv(2, 1, bias = false) |> batchnorm |> tanh;"
        "output y = h |> dense(3); loss cross_entropy; optimizer sgd(0.5, decay = 0.25); batch 4;");
    struct values *scale = param_named(r, "h.batchnorm.weight");
    double old, gradient;

    reference_start(r);
    forward(r, noise, 4);
    reference_loss(r, label, false);
    reference_backward(r);
    old = scale->at[1];
    gradient = r->gradient[node_of(r, N_BATCHNORM, 0)->weight->index].at[1];
    reference_update(r);
    ok(fabs(scale->at[1] - (old - 0.5 * (gradient + 0.25 * old))) < 1e-15 && gradient != 0,
       "an optimizer treats the scale as any weight");
    ok(r->running_mean[node_of(r, N_BATCHNORM, 0)->index].at[0] != 0,
       "an update moves the running moments");
}

/* ----------------------------------------------------------------- flips and crops */

static void test_moves(void)
{
    struct reference *r = reference_of("model t; input x[2, 3, 4] |> flip |> crop(1);"
                                       "output y = x |> dense(3);" TAIL);
    const struct node *flip = node_of(r, N_FLIP, 0), *crop = node_of(r, N_CROP, 0);
    int right = 0, flipped = 0, moved = 0;

    forward(r, noise, 4);
    for (int s = 0; s < 4; s++) {
        uint64_t one = plast_key(7, 5, (uint64_t)flip->index, 0, number[s]);
        uint64_t two = plast_key(7, 5, (uint64_t)crop->index, 0, number[s]);
        int down = (int)(plast_uniform(two, 0) * 3) - 1,
            side = (int)(plast_uniform(two, 1) * 3) - 1;
        bool mirrored = plast_uniform(one, 0) < 0.5F;
        flipped += mirrored;
        moved += down != 0 || side != 0;
        for (int i = 0; i < 24; i++) {
            int c = i / 12, y = i / 4 % 3 + down, x = i % 4 + side;
            bool inside = y >= 0 && y < 3 && x >= 0 && x < 4;
            int from = s * 24 + c * 12 + y * 4 + (mirrored ? 3 - x : x);
            right += r->value[crop->index].at[s * 24 + i] == (inside ? (double)noise[from] : 0);
        }
    }
    ok(right == 96 && flipped > 0 && flipped < 4 && moved > 0, "%d flipped, %d moved", flipped,
       moved);
    reference_forward(r, noise, number, 4, false);
    right = 0;
    for (int i = 0; i < 96; i++)
        right += r->value[crop->index].at[i] == (double)noise[i];
    ok(right == 96, "in evaluation neither");
}

int main(void)
{
    arena = arena_new();
    make_noise();
    test_conv();
    test_conv_as_dense();
    test_gradients();
    test_feedback();
    test_pools();
    test_norm();
    test_norm_update();
    test_moves();
    arena_free(arena);
    return tap_done();
}
