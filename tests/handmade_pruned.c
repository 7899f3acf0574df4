/* A network with masks in plain loops that keeps the contract of plast.h without the compiler: a
 * sigmoid layer h1 of two branches, whose synapses and neurons a rule `wane` drops at the end of
 * each epoch, and an output whose synapses die with what they read and which a rule `sprout` grows
 * again. The word in HANDMADE is something it is to forget. */
#include <plast.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 16, LINE = 24, H = 8, OUT = 10, BATCH = 8, BRANCHES = 2 };
enum {
    GRADIENT_B1 = BRANCHES * H * LINE,
    GRADIENT_W2 = GRADIENT_B1 + H,
    GRADIENT_B2 = GRADIENT_W2 + OUT * H
};
static const float rate = 0.5f, momentum = 0.5f;

struct net {
    struct plast_run run;
    float w1[BRANCHES][H][LINE], v1[BRANCHES][H][LINE], age[BRANCHES][H][LINE];
    float b1[H], vb1[H], use[H];
    float w2[OUT][H], v2[OUT][H], memory[OUT][H], b2[OUT], vb2[OUT];
    int64_t wane[BRANCHES][3], sprout[3];
    uint8_t alive1[BRANCHES][H][LINE], neuron[H], alive2[OUT][H];
    float x[IN][BATCH], h[H][BATCH], error1[H][BATCH], out[OUT][BATCH], error2[OUT][BATCH];
};

static int forgets(const char *what)
{
    const char *word = getenv("HANDMADE");
    return word && !strcmp(word, what);
}

static float keep(int alive, float x, const char *what)
{
    return alive || forgets(what) ? x : 0;
}

static void settle_neuron(struct net *m, int u)
{
    m->b1[u] = keep(0, m->b1[u], "bias");
    m->vb1[u] = keep(0, m->vb1[u], "bias.velocity");
    m->use[u] = keep(0, m->use[u], "neuron_state");
    for (int e = 0; e < BRANCHES && !forgets("entering"); e++)
        memset(m->alive1[e][u], 0, IN);
    for (int o = 0; o < OUT; o++)
        m->alive2[o][u] = 0;
}

static void settle_synapse(struct net *m, int e, int u, int k)
{
    int alive = m->alive1[e][u][k];
    m->w1[e][u][k] = keep(alive, m->w1[e][u][k], "weight");
    m->v1[e][u][k] = keep(alive, m->v1[e][u][k], e ? "velocity2" : "velocity");
    m->age[e][u][k] = keep(alive, m->age[e][u][k], e ? "state2" : "state");
}

static int settle(void *block)
{
    struct net *m = block;
    for (int u = 0; u < H; u++) {
        if (!m->neuron[u])
            settle_neuron(m, u);
        for (int k = 0; k < BRANCHES * IN; k++)
            settle_synapse(m, k / IN, u, k % IN);
        for (int o = 0; o < OUT; o++) {
            m->w2[o][u] = keep(m->alive2[o][u], m->w2[o][u], "");
            m->v2[o][u] = keep(m->alive2[o][u], m->v2[o][u], "");
        }
    }
    for (int u = 0; u < H && forgets("repeat"); u++)
        m->use[u] += m->neuron[u];
    return 0;
}

static int init(void *block, size_t bytes, uint64_t seed)
{
    struct net *m = block;
    if (bytes < sizeof *m || (uintptr_t)block % 64)
        return PLAST_E_MEMORY;
    memset(m, 0, sizeof *m);
    m->run.seed = seed;
    plast_fill(m->w2[0], OUT, H, H, 3, H, OUT, seed, PLAST_STREAM_PARAM, BRANCHES);
    for (int e = 0; e < BRANCHES; e++) {
        plast_fill(m->w1[e][0], H, IN, LINE, 3, IN, H, seed, PLAST_STREAM_PARAM, (uint64_t)e);
        for (int u = 0; u < H; u++)
            memset(m->alive1[e][u], 1, IN);
    }
    memset(m->neuron, 1, sizeof m->neuron);
    memset(m->alive2, 1, sizeof m->alive2);
    return 0;
}

static int begin(void *block, int64_t epochs, int64_t steps_per_epoch)
{
    struct net *m = block;
    m->run.epochs = epochs;
    m->run.steps_per_epoch = steps_per_epoch;
    return 0;
}

static float hidden(const struct net *m, int u, const float *x)
{
    float sum = m->b1[u];
    for (int k = 0; k < IN; k++)
        sum += (m->w1[0][u][k] + m->w1[1][u][k]) * x[k];
    return keep(m->neuron[u], 1 / (1 + expf(-sum)), "silence");
}

static void forward(const struct net *m, const float *x, float *h, float *out)
{
    for (int u = 0; u < H; u++)
        h[u] = hidden(m, u, x);
    for (int o = 0; o < OUT; o++) {
        out[o] = m->b2[o];
        for (int u = 0; u < H; u++)
            out[o] += m->w2[o][u] * h[u];
    }
}

/* Values and errors of sample i; its loss. */
static double run_sample(struct net *m, int i, const float *x, const float *target, int label,
                         size_t n)
{
    float h[H], out[OUT];
    double loss = 0;
    forward(m, x, h, out);
    for (int k = 0; k < IN; k++)
        m->x[k][i] = x[k];
    for (int o = 0; o < OUT; o++) {
        float d = out[o] - (target ? target[o] : (float)(o == label));
        m->out[o][i] = out[o];
        m->error2[o][i] = 2 * d / (float)(n * OUT);
        loss += (double)d * d / OUT;
    }
    for (int u = 0; u < H; u++) {
        float sum = 0;
        for (int o = 0; o < OUT; o++)
            sum += m->w2[o][u] * m->error2[o][i];
        m->h[u][i] = h[u];
        m->error1[u][i] = sum * h[u] * (1 - h[u]);
    }
    return loss;
}

static int run_batch(struct net *m, const float *x, const void *y, int targets, size_t n,
                     float *loss)
{
    double sum = 0;
    if (!x || !y || n < 1 || n > BATCH)
        return PLAST_E_ARGUMENT;
    for (size_t i = 0; i < n; i++)
        sum += run_sample(m, (int)i, x + i * IN, targets ? (const float *)y + i * OUT : NULL,
                          targets ? 0 : ((const int32_t *)y)[i], n);
    *loss = (float)(sum / (double)n);
    return isfinite(*loss) ? 0 : PLAST_E_NUMBER;
}

static float product(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * (b ? b[i] : 1);
    return sum;
}

static float gradient1(const struct net *m, int e, int u, int k, size_t n)
{
    return keep(m->alive1[e][u][k], product(m->error1[u], m->x[k], n), "gradient");
}

static float gradient2(const struct net *m, int o, int u, size_t n)
{
    return keep(m->alive2[o][u], product(m->error2[o], m->h[u], n), "");
}

static int probe(void *block, const float *x, const void *y, int targets, const uint64_t *sample,
                 size_t n, float *loss, float *gradient)
{
    struct net *m = block;
    (void)sample;
    int code = run_batch(m, x, y, targets, n, loss);
    if (code)
        return code;
    for (int u = 0; u < H; u++) {
        for (int k = 0; k < BRANCHES * IN; k++)
            gradient[(k / IN * H + u) * LINE + k % IN] = gradient1(m, k / IN, u, k % IN, n);
        gradient[GRADIENT_B1 + u] = product(m->error1[u], NULL, n);
        for (int o = 0; o < OUT; o++)
            gradient[GRADIENT_W2 + o * H + u] = gradient2(m, o, u, n);
    }
    for (int o = 0; o < OUT; o++)
        gradient[GRADIENT_B2 + o] = product(m->error2[o], NULL, n);
    return 0;
}

static void update(float *w, float *velocity, float gradient, int alive, const char *what)
{
    *velocity = keep(alive, momentum * *velocity + gradient, what);
    *w = keep(alive, *w - rate * *velocity, what);
}

static int64_t count_correct(const struct net *m, const int32_t *label, size_t n)
{
    int64_t correct = 0;
    for (size_t i = 0; i < n; i++) {
        int best = 0;
        for (int o = 0; o < OUT; o++)
            best = m->out[o][i] > m->out[best][i] ? o : best;
        correct += best == label[i];
    }
    return correct;
}

/* Both rules observe each step; what `sprout` remembers lives on in dead synapses. */
static void observe(struct net *m)
{
    for (int u = 0; u < H; u++) {
        m->use[u] = keep(m->neuron[u], m->use[u] + fabsf(m->b1[u]) + 1, "");
        for (int e = 0; e < BRANCHES; e++)
            for (int k = 0; k < IN; k++)
                m->age[e][u][k] =
                    keep(m->alive1[e][u][k], m->age[e][u][k] + fabsf(m->w1[e][u][k]) + 1, "");
        for (int o = 0; o < OUT; o++)
            m->memory[o][u] += 1 + m->w2[o][u];
    }
    m->wane[0][0] = m->wane[1][0] = m->sprout[0] = 1;
}

static int step(void *block, const float *x, const void *y, int targets, const uint64_t *sample,
                size_t n, float *loss)
{
    struct net *m = block;
    float mean, dead = forgets("update");
    int code = run_batch(m, x, y, targets, n, &mean);
    (void)sample;
    if (code)
        return code;
    for (int u = 0; u < H; u++) {
        for (int e = 0; e < BRANCHES; e++)
            for (int k = 0; k < IN; k++)
                update(&m->w1[e][u][k], &m->v1[e][u][k], gradient1(m, e, u, k, n) + dead,
                       m->alive1[e][u][k], "update");
        update(&m->b1[u], &m->vb1[u], product(m->error1[u], NULL, n), m->neuron[u], "");
        for (int o = 0; o < OUT; o++)
            update(&m->w2[o][u], &m->v2[o][u], gradient2(m, o, u, n), m->alive2[o][u], "");
    }
    for (int o = 0; o < OUT; o++)
        update(&m->b2[o], &m->vb2[o], product(m->error2[o], NULL, n), 1, "");
    observe(m);
    m->run.step++;
    m->run.step_in_epoch++;
    m->run.samples += (int64_t)n;
    m->run.correct = targets ? -1 : m->run.correct + count_correct(m, y, n);
    m->run.loss += (double)mean * (double)n;
    if (loss)
        *loss = mean;
    return 0;
}

/* Drops what is small, and in its third turn the last neuron. */
static void wane(struct net *m, int e)
{
    for (int u = 0; u < H; u++)
        for (int k = 0; k < IN; k++)
            if (fabsf(m->w1[e][u][k]) < 0.03f * (float)(1 + m->wane[e][2]))
                m->alive1[e][u][k] = 0;
    if (m->wane[e][2] == 2)
        m->neuron[H - 1] = 0;
    m->wane[e][1]++;
    m->wane[e][2]++;
}

/* Every other epoch, at random. */
static void sprout(struct net *m)
{
    uint64_t key = plast_key(m->run.seed, PLAST_STREAM_RULE, 1, (uint64_t)m->sprout[2], 0);
    if (++m->sprout[1] % 2)
        return;
    for (int o = 0; o < OUT; o++)
        for (int u = 0; u < H; u++)
            if (m->neuron[u] && plast_uniform(key, (uint32_t)(o * H + u)) < 0.25f)
                m->alive2[o][u] = 1;
    m->sprout[2]++;
}

static int end_epoch(void *block)
{
    struct net *m = block;
    if (m->sprout[0]) {
        wane(m, 0);
        wane(m, 1);
        sprout(m);
        settle(m);
    }
    if (forgets("death"))
        memset(m->neuron, 1, sizeof m->neuron);
    m->run.epoch++;
    m->run.step_in_epoch = m->run.samples = m->run.correct = 0;
    m->run.loss = 0;
    return 0;
}

static int predict(const void *block, void *scratch, const float *x, const uint64_t *sample,
                   size_t n, float *out)
{
    float h[H];
    (void)scratch, (void)sample;
    if (!x || n < 1 || n > BATCH)
        return PLAST_E_ARGUMENT;
    for (size_t i = 0; i < n; i++)
        forward(block, x + i * IN, h, out + i * OUT);
    return 0;
}

static double fma_rounds(int64_t rounds)
{
    volatile float a = 0;
    for (int64_t k = 0; k < rounds; k++)
        a = a * 0.999f + 0.5f;
    return 2.0 * (double)rounds;
}

#define AT(field) offsetof(struct net, field)
static const struct plast_tensor tensor[] = {
    {"h1.weight", PLAST_WEIGHT, PLAST_F32, 2, {H, IN}, LINE, AT(w1), 0, 1, 0},
    {"h1.weight.velocity", PLAST_STATE, PLAST_F32, 2, {H, IN}, LINE, AT(v1), -1, 1, 0},
    {"h1.weight.alive", PLAST_MASK, PLAST_U8, 2, {H, IN}, LINE, AT(alive1), -1, 1, 0},
    {"h1.weight2", PLAST_WEIGHT, PLAST_F32, 2, {H, IN}, LINE, AT(w1[1]), H *LINE, 1, 0},
    {"h1.weight2.velocity", PLAST_STATE, PLAST_F32, 2, {H, IN}, LINE, AT(v1[1]), -1, 1, 0},
    {"h1.weight2.alive", PLAST_MASK, PLAST_U8, 2, {H, IN}, LINE, AT(alive1[1]), -1, 1, 0},
    {"h1.bias", PLAST_BIAS, PLAST_F32, 1, {H}, 1, AT(b1), GRADIENT_B1, 1, 0},
    {"h1.bias.velocity", PLAST_STATE, PLAST_F32, 1, {H}, 1, AT(vb1), -1, 1, 0},
    {"h1.alive", PLAST_MASK, PLAST_U8, 1, {H}, 1, AT(neuron), -1, 1, 0},
    {"h1.value", PLAST_VALUE, PLAST_F32, 2, {H, BATCH}, BATCH, AT(h), -1, 1, 0},
    {"h1.wane.age", PLAST_STATE, PLAST_F32, 2, {H, IN}, LINE, AT(age), -1, 1, 0},
    {"h1.wane2.age", PLAST_STATE, PLAST_F32, 2, {H, IN}, LINE, AT(age[1]), -1, 1, 0},
    {"h1.wane2.period", PLAST_COUNTER, PLAST_I64, 1, {3}, 1, AT(wane[1]), -1, 1, 0},
    {"h1.wane.use", PLAST_STATE, PLAST_F32, 1, {H}, 1, AT(use), -1, 1, 0},
    {"h1.wane.period", PLAST_COUNTER, PLAST_I64, 1, {3}, 1, AT(wane), -1, 1, 0},
    {"out.weight", PLAST_WEIGHT, PLAST_F32, 2, {OUT, H}, H, AT(w2), GRADIENT_W2, 2, 0},
    {"out.weight.velocity", PLAST_STATE, PLAST_F32, 2, {OUT, H}, H, AT(v2), -1, 2, 0},
    {"out.weight.alive", PLAST_MASK, PLAST_U8, 2, {OUT, H}, H, AT(alive2), -1, 2, 0},
    {"out.bias", PLAST_BIAS, PLAST_F32, 1, {OUT}, 1, AT(b2), GRADIENT_B2, 2, 0},
    {"out.bias.velocity", PLAST_STATE, PLAST_F32, 1, {OUT}, 1, AT(vb2), -1, 2, 0},
    {"out.sprout.memory", PLAST_STATE, PLAST_F32, 2, {OUT, H}, H, AT(memory), -1, 2, 1},
    {"out.sprout.period", PLAST_COUNTER, PLAST_I64, 1, {3}, 1, AT(sprout), -1, 2, 0},
};

static const struct plast_layer layer[] = {
    {"image", IN, 0, "", 1, {IN}, 0},
    {"h1", H, (int64_t)BRANCHES *H *IN, "a layer", 1, {H}, 2.0 * BRANCHES *H *IN},
    {"out", OUT, (int64_t)OUT *H, "a layer", 1, {OUT}, 2.0 * OUT *H},
};

int main(int argc, char **argv)
{
    const struct plast_model model = {.abi = PLAST_ABI,
                                      .name = "pruned",
                                      .input_rank = 1,
                                      .input_shape = {IN},
                                      .inputs = IN,
                                      .outputs = OUT,
                                      .loss = PLAST_MSE,
                                      .learn = PLAST_BACKPROP,
                                      .batch = BATCH,
                                      .epochs = 6,
                                      .seed = 1,
                                      .train_bytes = sizeof(struct net),
                                      .predict_bytes = 64,
                                      .tensor = tensor,
                                      .tensors = sizeof tensor / sizeof *tensor,
                                      .probe_size = GRADIENT_B2 + OUT,
                                      .layer = layer,
                                      .layers = 3,
                                      .step_flops = 4.0 * BRANCHES * H * IN + 6.0 * OUT * H,
                                      .init = init,
                                      .begin = begin,
                                      .step = step,
                                      .probe = probe,
                                      .end_epoch = end_epoch,
                                      .predict = predict,
                                      .fma = fma_rounds,
                                      .settle = forgets("settle") ? NULL : settle};
    return plast_main(argc, argv, &model);
}
