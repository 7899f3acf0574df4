/* A dense network in plain loops that keeps the contract of plast.h without the compiler, so that
 * the trainer can be tested alone. What it is made of comes from the environment, as words like
 * HANDMADE="depth=3 act=tanh flip=slope"; see struct setting. */
#include <plast.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_LAYERS = 12, PER_LAYER = 7 };

static struct setting {
    int depth, width, inputs, outputs, batch; /* depth: layers with weights */
    int epochs, pause, rest; /* microseconds: before each step, at the end of each epoch */
    double rate, momentum, dropout, gain; /* gain: of the initial weights */
    char name[32], act[16], loss[16], learn[16];
    char flip[16]; /* what is computed with a wrong sign */
    int frames;    /* of the inputs, which are all one flat row to the layers; 0: no time axis */
    int gather;    /* 1: it has a step_from */
} set = {2,          12, 16, 10, 16, 3, 0, 0, 0.1, 0.9, 0, 1, "handmade", "relu", "cross_entropy",
         "backprop", "", 0,  0};

/* Places of one layer's arrays in the block, in floats. */
static struct layer {
    int in, units, line; /* line: floats from one row of the weights to the next */
    size_t w, b, velocity_w, velocity_b, feedback, value, slope, error;
} layer[MOST_LAYERS];
static int layers;
static struct plast_tensor tensor[MOST_LAYERS * PER_LAYER + 1];
static struct plast_layer shown[MOST_LAYERS + 1];
static char names[MOST_LAYERS * PER_LAYER + 1][32], shown_names[MOST_LAYERS][16];
static struct plast_model model;

/* What entered the activations of the last probe, and whether it is kept; see plast.h. */
static float *entered;
static int anchored;

static int is_flipped(const char *what)
{
    return !strcmp(set.flip, what);
}

static float *at(const void *block, size_t place)
{
    return (float *)block + place;
}

/* As x * detach(1 / (1 + e^-x)) + fire(x, 1 / (1 + x * x)): around x0 where it is anchored. */
static float activate_anchored(float x, float *x0, float *slope)
{
    if (!anchored)
        *x0 = x;
    float s = 1 / (1 + expf(-*x0)), window = 1 / (1 + *x0 * *x0);
    *slope = (is_flipped("slope") ? -1 : 1) * (s + (is_flipped("term") ? -window : window));
    return x * s + (float)(*x0 > 0) + window * (x - *x0);
}

/* The activation and its derivative; `flip=slope` and `flip=term` make the latter wrong. */
static float activate(float x, float *slope)
{
    float y = x, first = 1, second = 0;
    float s = 1 / (1 + expf(-x)), t = tanhf(x);
    if (!strcmp(set.act, "relu")) {
        y = x > 0 ? x : 0;
        first = x > 0;
    } else if (!strcmp(set.act, "leaky")) {
        y = x > 0 ? x : 0.01f * x;
        first = x > 0 ? 1 : 0;
        second = x > 0 ? 0 : 0.01f;
    } else if (!strcmp(set.act, "abs")) {
        y = fabsf(x);
        first = x > 0 ? 1 : 0;
        second = x > 0 ? 0 : -1;
    } else if (!strcmp(set.act, "tanh")) {
        y = t;
        second = -t * t;
    } else if (!strcmp(set.act, "sigmoid")) {
        y = s;
        first = s;
        second = -s * s;
    } else if (!strcmp(set.act, "swish")) {
        y = x * s;
        first = s;
        second = x * s * (1 - s);
    } else if (!strcmp(set.act, "step")) {
        y = x > 0;
        first = 0;
    } else if (!strcmp(set.act, "gelu")) {
        float u = 0.79788456f * (x + 0.044715f * x * x * x), h = tanhf(u);
        float inner = 0.79788456f * (1 + (is_flipped("inner") ? -1 : 1) * 0.134145f * x * x);
        y = 0.5f * x * (1 + h);
        first = 0.5f * (1 + h);
        second = 0.5f * x * (1 - h * h) * inner;
    }
    *slope = (is_flipped("slope") ? -1 : 1) * (first + (is_flipped("term") ? -second : second));
    return y;
}

/* 0 or what keeps the mean. */
static float dropout_factor(const struct plast_run *run, int l, uint64_t sample, int unit)
{
    if (set.dropout <= 0)
        return 1;
    uint64_t key =
        plast_key(run->seed, PLAST_STREAM_DROPOUT, (uint64_t)l, (uint64_t)run->epoch, sample);
    return plast_uniform(key, (uint32_t)unit) < set.dropout ? 0 : (float)(1 / (1 - set.dropout));
}

/* values[unit][sample] of layer l from what is below; below is NULL for the first. */
static void forward_layer(const void *block, int l, const float *below, float *value, float *slope,
                          const uint64_t *sample, int n, int training)
{
    const struct layer *y = &layer[l];
    for (int u = 0; u < y->units; u++) {
        for (int i = 0; i < n; i++) {
            const float *w = at(block, y->w) + (size_t)u * (size_t)y->line;
            float sum = at(block, y->b)[u], d = 1;
            for (int k = 0; k < y->in; k++)
                sum += w[k] * below[k * set.batch + i];
            if (l < layers - 1) {
                float drop =
                    training ? dropout_factor(block, l, sample ? sample[i] : (uint64_t)i, u) : 1;
                sum =
                    training && !strcmp(set.act, "detached")
                        ? activate_anchored(sum, &entered[(l * set.width + u) * set.batch + i], &d)
                        : activate(sum, &d);
                sum *= drop;
                d *= drop;
            }
            value[u * set.batch + i] = sum;
            if (slope)
                slope[u * set.batch + i] = d;
        }
    }
}

static double softmax_error(const float *out, float *error, int label, int n)
{
    double most = -INFINITY, sum = 0;
    for (int o = 0; o < set.outputs; o++)
        most = fmax(most, out[o * set.batch]);
    for (int o = 0; o < set.outputs; o++)
        sum += exp(out[o * set.batch] - most);
    for (int o = 0; o < set.outputs; o++)
        error[o * set.batch] = (float)((exp(out[o * set.batch] - most) / sum - (o == label)) / n);
    return log(sum) + most - out[label * set.batch];
}

static double square_error(const float *out, float *error, const float *target, int label, int n)
{
    double sum = 0;
    for (int o = 0; o < set.outputs; o++) {
        float d = out[o * set.batch] - (target ? target[o] : (float)(o == label));
        error[o * set.batch] = 2 * d / (float)(n * set.outputs);
        sum += (double)d * d;
    }
    return sum / set.outputs;
}

/* The mean loss; fills the output's error. */
static float find_loss(void *block, const void *y, int y_is_targets, int n, int64_t *correct)
{
    const struct layer *out = &layer[layers - 1];
    double sum = 0;
    *correct = y_is_targets ? -1 : 0;
    for (int i = 0; i < n; i++) {
        float *value = at(block, out->value) + i, *error = at(block, out->error) + i;
        int label = y_is_targets ? 0 : ((const int32_t *)y)[i], best = 0;
        const float *target =
            y_is_targets ? (const float *)y + (size_t)i * (size_t)set.outputs : NULL;
        sum += !strcmp(set.loss, "mse") ? square_error(value, error, target, label, n)
                                        : softmax_error(value, error, label, n);
        for (int o = 0; o < set.outputs; o++) {
            best = value[o * set.batch] > value[best * set.batch] ? o : best;
            if (is_flipped("loss"))
                error[o * set.batch] *= -1;
        }
        if (!y_is_targets)
            *correct += best == label;
    }
    return (float)(sum / n);
}

/* What arrives at the values of layer l, by the way of learning that was chosen. */
static float arriving(const void *block, int l, int u, int i)
{
    const struct layer *above = &layer[l + 1], *out = &layer[layers - 1];
    int direct = !strcmp(set.learn, "direct"), aligned = !strcmp(set.learn, "alignment");
    float sum = 0;
    if (direct) {
        for (int o = 0; o < set.outputs; o++)
            sum += at(block, layer[l].feedback)[u * set.outputs + o] *
                   at(block, out->error)[o * set.batch + i];
        return sum;
    }
    for (int k = 0; k < above->units; k++)
        sum += at(block, aligned ? above->feedback : above->w)[k * above->line + u] *
               at(block, above->error)[k * set.batch + i];
    return is_flipped("back") ? -sum : sum;
}

/* Errors of all layers, from the output's. */
static void backward(void *block, int n)
{
    for (int l = layers - 2; l >= 0; l--)
        for (int u = 0; u < layer[l].units; u++)
            for (int i = 0; i < n; i++)
                at(block, layer[l].error)[u * set.batch + i] =
                    arriving(block, l, u, i) * at(block, layer[l].slope)[u * set.batch + i];
}

static float *input_values(void *block)
{
    return at(block, layer[0].value) - set.inputs * set.batch;
}

/* The gradient of weight [u][k], or, for k = in, of the bias. */
static float gradient_at(void *block, int l, int u, int k, int n)
{
    const float *below = l ? at(block, layer[l - 1].value) : input_values(block);
    float sum = 0;
    int first = is_flipped("sample") && n > 1;
    for (int i = first; i < n; i++)
        sum += at(block, layer[l].error)[u * set.batch + i] *
               (k < layer[l].in ? below[k * set.batch + i] : 1);
    return is_flipped("bias") && k == layer[l].in ? -sum : sum;
}

static int check_batch(const float *x, const void *y, int y_is_targets, size_t n)
{
    if (!x || !y || n < 1 || n > (size_t)set.batch)
        return PLAST_E_ARGUMENT;
    for (size_t i = 0; i < n && !y_is_targets; i++)
        if (((const int32_t *)y)[i] < 0 || ((const int32_t *)y)[i] >= set.outputs)
            return PLAST_E_LABEL;
    return 0;
}

static int run_batch(void *block, const float *x, const void *y, int y_is_targets,
                     const uint64_t *sample, size_t size, float *loss, int64_t *correct)
{
    int n = (int)size, code = check_batch(x, y, y_is_targets, size);
    if (code)
        return code;
    float *below = input_values(block);
    for (int k = 0; k < set.inputs; k++)
        for (int i = 0; i < n; i++)
            below[k * set.batch + i] = x[i * set.inputs + k];
    for (int l = 0; l < layers; l++) {
        forward_layer(block, l, below, at(block, layer[l].value), at(block, layer[l].slope), sample,
                      n, 1);
        below = at(block, layer[l].value);
    }
    *loss = find_loss(block, y, y_is_targets, n, correct);
    if (!isfinite(*loss))
        return PLAST_E_NUMBER;
    backward(block, n);
    return 0;
}

static void update(float *w, float *velocity, float gradient)
{
    *velocity = (float)set.momentum * *velocity + gradient;
    *w -= (float)set.rate * *velocity;
}

static void wait_for(int microseconds)
{
    struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000L};
    if (microseconds)
        nanosleep(&time, NULL);
}

static int step(void *block, const float *x, const void *y, int y_is_targets,
                const uint64_t *sample, size_t n, float *loss)
{
    struct plast_run *run = block;
    int64_t correct;
    float mean;
    wait_for(set.pause);
    int code = run_batch(block, x, y, y_is_targets, sample, n, &mean, &correct);
    if (code)
        return code;
    for (int l = 0; l < layers; l++)
        for (int u = 0; u < layer[l].units; u++)
            for (int k = 0; k <= layer[l].in; k++) {
                size_t place = (size_t)(u * layer[l].line + k);
                float g = gradient_at(block, l, u, k, (int)n);
                if (k < layer[l].in)
                    update(at(block, layer[l].w) + place, at(block, layer[l].velocity_w) + place,
                           g);
                else
                    update(at(block, layer[l].b) + u, at(block, layer[l].velocity_b) + u, g);
            }
    run->step++;
    run->step_in_epoch++;
    run->samples += (int64_t)n;
    run->correct = correct < 0 ? -1 : run->correct + correct;
    run->loss += (double)mean * (double)n;
    if (loss)
        *loss = mean;
    return 0;
}

/* Of bytes that are 255ths, and of floats. */
static int step_from(void *block, const struct plast_source *from, const void *y, int y_is_targets,
                     const uint64_t *sample, size_t n, float *loss)
{
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < set.inputs; k++) {
            int64_t place = from->index[i] * set.inputs + k;
            from->rows[(int)i * set.inputs + k] =
                from->bytes ? plast_unit(from->bytes[place]) : from->floats[place];
        }
    return step(block, from->rows, y, y_is_targets, sample, n, loss);
}

static int probe(void *block, const float *x, const void *y, int y_is_targets,
                 const uint64_t *sample, size_t n, float *loss, float *gradient)
{
    int64_t correct;
    int code = run_batch(block, x, y, y_is_targets, sample, n, loss, &correct);
    int64_t place = 0;
    for (int l = 0; l < layers && !code; l++) {
        for (int u = 0; u < layer[l].units; u++) {
            for (int k = 0; k < layer[l].in; k++)
                gradient[place + u * layer[l].line + k] = gradient_at(block, l, u, k, (int)n);
            gradient[place + layer[l].units * layer[l].line + u] =
                gradient_at(block, l, u, layer[l].in, (int)n);
        }
        place += layer[l].units * (layer[l].line + 1);
    }
    return code;
}

static int init(void *block, size_t bytes, uint64_t seed)
{
    struct plast_run *run = block;
    if (bytes < model.train_bytes || (uintptr_t)block % 64)
        return PLAST_E_MEMORY;
    memset(block, 0, model.train_bytes);
    run->seed = seed;
    for (int l = 0; l < layers; l++) {
        const struct layer *y = &layer[l];
        plast_fill(at(block, y->w), y->units, y->in, y->line, 1 + l % 3, y->in, y->units, seed,
                   PLAST_STREAM_PARAM, (uint64_t)l);
        for (int i = 0; i < y->units * y->line; i++)
            at(block, y->w)[i] *= (float)set.gain;
        if (!strcmp(set.learn, "direct"))
            plast_fill(at(block, y->feedback), y->units, set.outputs, set.outputs, 3, set.outputs,
                       y->units, seed, PLAST_STREAM_FEEDBACK, (uint64_t)l);
        else
            plast_fill(at(block, y->feedback), y->units, y->in, y->line, 3, y->in, y->units, seed,
                       PLAST_STREAM_FEEDBACK, (uint64_t)l);
    }
    return 0;
}

static int begin(void *block, int64_t epochs, int64_t steps_per_epoch)
{
    struct plast_run *run = block;
    run->epochs = epochs;
    run->steps_per_epoch = steps_per_epoch;
    return 0;
}

static int end_epoch(void *block)
{
    struct plast_run *run = block;
    wait_for(set.rest);
    run->epoch++;
    run->step_in_epoch = run->samples = run->correct = 0;
    run->loss = 0;
    return 0;
}

static int predict(const void *block, void *scratch, const float *x, const uint64_t *sample,
                   size_t size, float *out)
{
    int n = (int)size;
    float *below = scratch, *value = below + set.batch * (set.inputs + set.width + set.outputs);
    if (!x || n < 1 || n > set.batch)
        return PLAST_E_ARGUMENT;
    for (int k = 0; k < set.inputs; k++)
        for (int i = 0; i < n; i++)
            below[k * set.batch + i] = x[i * set.inputs + k];
    for (int l = 0; l < layers; l++) {
        forward_layer(block, l, below, value, NULL, sample, n, 0);
        float *kept = below;
        below = value;
        value = kept;
    }
    for (int i = 0; i < n; i++)
        for (int o = 0; o < set.outputs; o++)
            out[i * set.outputs + o] = below[o * set.batch + i];
    return 0;
}

static int anchor(void *block, int on)
{
    (void)block;
    anchored = on;
    return 0;
}

static double fma_rounds(int64_t rounds)
{
    float a[8] = {0};
    for (int64_t k = 0; k < rounds; k++)
        for (int i = 0; i < 8; i++)
            a[i] = a[i] * 0.999f + 0.5f;
    volatile float keep = a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
    (void)keep;
    return 16.0 * (double)rounds;
}

static void read_setting(void)
{
    char text[512], *rest = text;
    const char *given = getenv("HANDMADE");
    struct {
        const char *key;
        int *whole;
        double *real;
        char *word;
    } key[] = {{"depth", &set.depth, NULL, NULL},     {"width", &set.width, NULL, NULL},
               {"inputs", &set.inputs, NULL, NULL},   {"outputs", &set.outputs, NULL, NULL},
               {"batch", &set.batch, NULL, NULL},     {"epochs", &set.epochs, NULL, NULL},
               {"pause", &set.pause, NULL, NULL},     {"rest", &set.rest, NULL, NULL},
               {"frames", &set.frames, NULL, NULL},   {"gather", &set.gather, NULL, NULL},
               {"rate", NULL, &set.rate, NULL},       {"momentum", NULL, &set.momentum, NULL},
               {"dropout", NULL, &set.dropout, NULL}, {"gain", NULL, &set.gain, NULL},
               {"name", NULL, NULL, set.name},        {"act", NULL, NULL, set.act},
               {"loss", NULL, NULL, set.loss},        {"learn", NULL, NULL, set.learn},
               {"flip", NULL, NULL, set.flip}};
    snprintf(text, sizeof text, "%s", given ? given : "");
    for (char *word; (word = strtok(rest, " ")); rest = NULL) {
        char *value = strchr(word, '=');
        size_t k = 0;
        while (value && k < sizeof key / sizeof *key &&
               strncmp(word, key[k].key, (size_t)(value - word)))
            k++;
        if (!value || k == sizeof key / sizeof *key) {
            fprintf(stderr, "HANDMADE: what is %s?\n", word);
            exit(99);
        }
        if (key[k].whole)
            *key[k].whole = atoi(value + 1);
        else if (key[k].real)
            *key[k].real = atof(value + 1);
        else
            snprintf(key[k].word, 16, "%s", value + 1);
    }
}

static size_t take(size_t *place, int floats)
{
    size_t first = *place;
    *place += ((size_t)floats + 15) / 16 * 16;
    return first;
}

static void add_tensor(int l, const char *part, enum plast_role role, int rows, int columns,
                       int line, size_t place, int64_t gradient)
{
    int i = model.tensors++;
    snprintf(names[i], sizeof names[i], "%s.%s", shown_names[l], part);
    tensor[i] = (struct plast_tensor){.name = names[i],
                                      .role = role,
                                      .type = PLAST_F32,
                                      .rank = columns ? 2 : 1,
                                      .shape = {rows, columns},
                                      .stride = columns ? line : 1,
                                      .offset = place * sizeof(float),
                                      .probe = gradient,
                                      .layer = l + 1};
}

static void plan_layer(int l, size_t *place, int64_t *gradient)
{
    struct layer *y = &layer[l];
    int direct = !strcmp(set.learn, "direct"), last = l == layers - 1;
    y->in = l ? set.width : set.inputs;
    y->units = last ? set.outputs : set.width;
    y->line = (y->in + 7) / 8 * 8;
    int columns = direct ? set.outputs : y->in, line = direct ? set.outputs : y->line;
    y->w = take(place, y->units * y->line);
    y->b = take(place, y->units);
    y->velocity_w = take(place, y->units * y->line);
    y->velocity_b = take(place, y->units);
    y->feedback = take(place, y->units * line);
    if (!l)
        take(place, set.inputs * set.batch + 16);
    y->value = take(place, y->units * set.batch);
    y->slope = take(place, y->units * set.batch);
    y->error = take(place, y->units * set.batch);
    snprintf(shown_names[l], sizeof shown_names[l], last ? "out" : "h%d", l + 1);
    add_tensor(l, "weight", PLAST_WEIGHT, y->units, y->in, y->line, y->w, *gradient);
    add_tensor(l, "bias", PLAST_BIAS, y->units, 0, 1, y->b, *gradient + y->units * y->line);
    add_tensor(l, "weight.velocity", PLAST_STATE, y->units, y->in, y->line, y->velocity_w, -1);
    add_tensor(l, "bias.velocity", PLAST_STATE, y->units, 0, 1, y->velocity_b, -1);
    if (direct ? !last : l > 0 && !strcmp(set.learn, "alignment"))
        add_tensor(l, "feedback", PLAST_FEEDBACK, y->units, columns, line, y->feedback, -1);
    if (direct)
        add_tensor(l, last ? "error" : "value", PLAST_VALUE, y->units, set.batch, set.batch,
                   last ? y->error : y->value, -1);
    *gradient += y->units * (y->line + 1);
    shown[l + 1] = (struct plast_layer){.name = shown_names[l],
                                        .units = y->units,
                                        .synapses = (int64_t)y->units * y->in,
                                        .text = "a layer",
                                        .rank = 1,
                                        .shape = {y->units},
                                        .flops = 2.0 * y->units * y->in};
    model.step_flops += (l ? 6.0 : 4.0) * y->units * y->in;
}

static void plan(void)
{
    size_t place = sizeof(struct plast_run) / sizeof(float);
    take(&place, 0);
    place = (place + 15) / 16 * 16;
    layers = set.depth;
    shown[0] = (struct plast_layer){
        .name = "image", .units = set.inputs, .text = "", .rank = 1, .shape = {set.inputs}};
    for (int l = 0; l < layers; l++)
        plan_layer(l, &place, &model.probe_size);
    model.abi = PLAST_ABI;
    model.name = set.name;
    model.input_rank = 1;
    model.frames = model.steps = set.frames;
    model.input_shape[0] = model.inputs = set.frames ? set.inputs / set.frames : set.inputs;
    model.outputs = set.outputs;
    model.loss = strcmp(set.loss, "mse") ? PLAST_CROSS_ENTROPY : PLAST_MSE;
    model.learn = !strcmp(set.learn, "direct")      ? PLAST_DIRECT_FEEDBACK
                  : !strcmp(set.learn, "alignment") ? PLAST_FEEDBACK_ALIGNMENT
                                                    : PLAST_BACKPROP;
    model.batch = set.batch;
    model.epochs = set.epochs;
    model.seed = 1;
    model.train_bytes = place * sizeof(float);
    model.predict_bytes =
        2 * (size_t)set.batch * (size_t)(set.inputs + set.width + set.outputs) * sizeof(float);
    model.tensor = tensor;
    model.layer = shown;
    model.layers = layers + 1;
    model.init = init;
    model.begin = begin;
    model.step = step;
    model.step_from = set.gather ? step_from : NULL;
    model.probe = probe;
    model.end_epoch = end_epoch;
    model.predict = predict;
    model.fma = fma_rounds;
    model.anchor = strcmp(set.act, "detached") ? NULL : anchor;
}

int main(int argc, char **argv)
{
    read_setting();
    plan();
    entered = calloc((size_t)(set.depth * set.width * set.batch), sizeof *entered);
    int status = entered ? plast_main(argc, argv, &model) : 99;
    free(entered);
    return status;
}
