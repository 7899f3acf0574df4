/* A random state of a network, a random batch, and the gradient that the model computes for them:
 * one side of the self-test. Everything depends on the seed and the number of the round alone. */
#include "selftest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t plast_draw_below(struct plast_draw *draw, int64_t limit)
{
    int64_t number = (int64_t)(plast_draw_uniform(draw) * (double)limit);
    return number < limit ? number : limit - 1;
}

/* The sum of twelve uniforms, less its mean: near enough. */
double plast_draw_normal(struct plast_draw *draw)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += plast_draw_uniform(draw);
    return sum;
}

int plast_open_tested(struct plast_tested *t, const struct plast_model *model, int64_t threads,
                      struct plast_fault *fault)
{
    size_t batch = (size_t)model->batch, outputs = (size_t)model->outputs;
    *t = (struct plast_tested){.model = model, .fault = fault};
    const struct plast_options options = {.threads = threads};
    int status = plast_init_block(&t->block, model, model->seed, &options, fault);
    if (status)
        return status;
    t->scratch = plast_new_block(model->predict_bytes, fault);
    t->x = plast_new_block(batch * (size_t)plast_sample_size(model) * sizeof(float), fault);
    t->y = plast_new_block(batch * outputs * sizeof(float), fault);
    t->out = plast_new_block(batch * outputs * sizeof(float), fault);
    t->sample = plast_new_block(batch * sizeof(uint64_t), fault);
    t->gradient = plast_new_block((size_t)model->probe_size * sizeof(float), fault);
    t->ignored = plast_new_block((size_t)model->probe_size * sizeof(float), fault);
    bool all = t->scratch && t->x && t->y && t->out && t->sample && t->gradient && t->ignored;
    return all ? 0 : PLAST_STATUS_FILE;
}

void plast_close_tested(struct plast_tested *t)
{
    free(t->block);
    free(t->scratch);
    free(t->x);
    free(t->y);
    free(t->out);
    free(t->sample);
    free(t->gradient);
    free(t->ignored);
}

const struct plast_tensor *plast_find_tensor(const struct plast_model *model, const char *layer,
                                             const char *part)
{
    size_t length = strlen(layer);
    for (int i = 0; i < model->tensors; i++) {
        const char *name = model->tensor[i].name;
        if (!strncmp(name, layer, length) && !strcmp(name + length, part))
            return &model->tensor[i];
    }
    return NULL;
}

static bool is_all_zero(const struct plast_tensor *tensor, void *block)
{
    int64_t rows = plast_tensor_rows(tensor), columns = plast_tensor_columns(tensor);
    for (int64_t i = 0; i < rows; i++) {
        const float *row = plast_tensor_row(tensor, block, i);
        for (int64_t j = 0; j < columns; j++)
            if (row[j] != 0)
                return false;
    }
    return true;
}

/* Weights are multiplied by the gain; a tensor of zeros, a bias or a weight whose layer asks for
 * them, would leave gradients that nothing can be seen in, and becomes random. */
static void move_tensor(struct plast_tested *t, const struct plast_tensor *tensor, double gain)
{
    int64_t rows = plast_tensor_rows(tensor), columns = plast_tensor_columns(tensor);
    bool random = tensor->role == PLAST_BIAS || is_all_zero(tensor, t->block);
    double scale = tensor->role == PLAST_BIAS ? 1.2 : 2 / sqrt((double)columns);
    for (int64_t i = 0; i < rows; i++) {
        float *row = plast_tensor_row(tensor, t->block, i);
        for (int64_t j = 0; j < columns; j++)
            row[j] = random ? (float)(scale * (plast_draw_uniform(&t->draw) - 0.5) + 1e-3)
                            : (float)(row[j] * gain);
    }
}

/* Under feedback alignment the gradient is that of the loss where the feedback is the weight:
 * "h2.feedback" stands for "h2.weight", "h2.feedback2" for "h2.weight2". */
static void copy_feedback(struct plast_tested *t, const struct plast_tensor *feedback)
{
    const struct plast_model *model = t->model;
    const char *mark = strstr(feedback->name, ".feedback");
    char layer[256], part[64];
    if (!mark || (size_t)(mark - feedback->name) >= sizeof layer)
        return;
    memcpy(layer, feedback->name, (size_t)(mark - feedback->name));
    layer[mark - feedback->name] = 0;
    snprintf(part, sizeof part, ".weight%s", mark + strlen(".feedback"));
    const struct plast_tensor *weight = plast_find_tensor(model, layer, part);
    if (!weight)
        return;
    for (int64_t i = 0; i < plast_tensor_rows(weight); i++)
        memcpy(plast_tensor_row(feedback, t->block, i), plast_tensor_row(weight, t->block, i),
               (size_t)plast_tensor_columns(weight) * sizeof(float));
}

static void move_state(struct plast_tested *t, double gain, int shift)
{
    const struct plast_model *model = t->model;
    for (int i = 0; i < model->tensors; i++)
        if (model->tensor[i].role == PLAST_WEIGHT || model->tensor[i].role == PLAST_BIAS)
            move_tensor(t, &model->tensor[i], gain);
    for (int i = 0; i < model->tensors && shift; i++) {
        const struct plast_tensor *bias = &model->tensor[i];
        for (int64_t j = 0; bias->role == PLAST_BIAS && j < plast_tensor_rows(bias); j++)
            *(float *)plast_tensor_row(bias, t->block, j) +=
                0.05f * (float)shift * (float)(plast_draw_uniform(&t->draw) - 0.5);
    }
    for (int i = 0; i < model->tensors && model->learn == PLAST_FEEDBACK_ALIGNMENT; i++)
        if (model->tensor[i].role == PLAST_FEEDBACK)
            copy_feedback(t, &model->tensor[i]);
}

static void draw_batch(struct plast_tested *t, int round)
{
    const struct plast_model *model = t->model;
    int64_t outputs = model->outputs;
    t->y_is_targets = model->loss == PLAST_MSE && round % 2 == 0;
    for (size_t i = 0; i < t->n * (size_t)plast_sample_size(model); i++)
        t->x[i] = (float)plast_draw_uniform(&t->draw);
    for (size_t i = 0; i < t->n; i++) {
        t->sample[i] = (uint64_t)plast_draw_below(&t->draw, 1000000);
        if (!t->y_is_targets)
            ((int32_t *)t->y)[i] = (int32_t)plast_draw_below(&t->draw, outputs);
        for (int64_t o = 0; o < outputs && t->y_is_targets; o++)
            ((float *)t->y)[(int64_t)i * outputs + o] =
                (float)(2 * plast_draw_uniform(&t->draw) - 1);
    }
}

/* Rounding errors are relative to the largest numbers that the loss is made of. */
static int bound_noise(struct plast_tested *t)
{
    double most = 0;
    int code = t->model->predict(t->block, t->scratch, t->x, t->sample, t->n, t->out);
    if (code)
        return plast_model_fault(code, t->model, "predicting", t->fault);
    for (size_t i = 0; i < t->n * (size_t)t->model->outputs; i++)
        most = fmax(most, fabs((double)t->out[i]));
    most = t->model->loss == PLAST_MSE ? (most + 1) * (most + 1) : most + 1;
    t->loss_noise = 0x1p-22 * (most + fabs(t->loss));
    return 0;
}

/* The differences are taken around the state that the last probe saw. */
static int anchor_tested(struct plast_tested *t)
{
    int code = t->model->anchor ? t->model->anchor(t->block, 1) : 0;
    return code ? plast_model_fault(code, t->model, "keeping a state", t->fault) : 0;
}

int plast_prepare_tested(struct plast_tested *t, uint64_t seed, int64_t threads, int round,
                         size_t n, double gain, int shift)
{
    const struct plast_model *model = t->model;
    float loss = 0;
    t->draw.key = plast_key(seed, PLAST_STREAM_SELFTEST, 0, (uint64_t)round, 0);
    t->draw.index = 0;
    t->n = n;
    int code = model->anchor ? model->anchor(t->block, 0) : 0;
    if (!code)
        code = model->init(t->block, model->train_bytes, seed + (uint64_t)round);
    if (code)
        return plast_model_fault(code, model, "initialising", t->fault);
    ((struct plast_run *)t->block)->threads = (int32_t)threads;
    move_state(t, gain, shift);
    draw_batch(t, round);
    code = model->begin(t->block, 2, 4);
    if (!code)
        code =
            model->probe(t->block, t->x, t->y, t->y_is_targets, t->sample, n, &loss, t->gradient);
    if (code)
        return plast_model_fault(code, model, "a probe", t->fault);
    t->loss = loss;
    return anchor_tested(t) ? PLAST_STATUS_BUG : bound_noise(t);
}
