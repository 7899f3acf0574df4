/* The loss and accuracy of a network on a data set, in double precision from the outputs of
 * predict. */
#include "trainer.h"

#include <math.h>
#include <stdlib.h>

int64_t plast_largest(const float *out, int64_t outputs)
{
    int64_t best = 0;
    for (int64_t i = 1; i < outputs; i++)
        if (out[i] > out[best])
            best = i;
    return best;
}

static double cross_entropy(const float *out, int64_t outputs, int32_t label)
{
    double most = out[plast_largest(out, outputs)], sum = 0;
    for (int64_t i = 0; i < outputs; i++)
        sum += exp(out[i] - most);
    return log(sum) + most - out[label];
}

/* The mean over the outputs; a label stands for its one-hot vector. */
static double squared_error(const float *out, int64_t outputs, const float *target, int32_t label)
{
    double sum = 0;
    for (int64_t i = 0; i < outputs; i++) {
        double difference = out[i] - (target ? (double)target[i] : (double)(i == label));
        sum += difference * difference;
    }
    return sum / (double)outputs;
}

static void score_sample(struct plast_score *score, const struct plast_model *model,
                         const float *out, const float *target, int32_t label)
{
    int64_t outputs = model->outputs;
    score->loss += model->loss == PLAST_CROSS_ENTROPY ? cross_entropy(out, outputs, label)
                                                      : squared_error(out, outputs, target, label);
    score->samples++;
    if (target)
        return;
    int64_t guess = plast_largest(out, outputs);
    score->correct += guess == label;
    if (score->confusion)
        score->confusion[label * outputs + guess]++;
}

static void score_batch(struct plast_score *score, const struct plast_model *model,
                        const struct plast_batch *batch, const float *out)
{
    for (size_t i = 0; i < batch->n; i++) {
        const float *o = out + i * (size_t)model->outputs;
        if (batch->data->targets)
            score_sample(score, model, o, (float *)batch->y + i * (size_t)model->outputs, 0);
        else
            score_sample(score, model, o, NULL, ((int32_t *)batch->y)[i]);
    }
}

static int score_batches(struct plast_score *score, const struct plast_model *model,
                         const void *block, struct plast_batch *batch, void *scratch, float *out,
                         struct plast_fault *fault)
{
    for (int64_t at = 0; at < batch->data->samples; at += model->batch) {
        plast_gather(batch, at);
        int code = model->predict(block, scratch, batch->x, batch->sample, batch->n, out);
        if (code)
            return plast_model_fault(code, model, "evaluating", fault);
        score_batch(score, model, batch, out);
    }
    return 0;
}

int plast_evaluate(struct plast_score *score, const struct plast_model *model, const void *block,
                   const struct plast_data *data, struct plast_fault *fault)
{
    struct plast_batch batch;
    int status = plast_open_batch(&batch, data, model, fault);
    if (status)
        return status;
    void *scratch = plast_new_block(model->predict_bytes, fault);
    float *out = plast_new_block((size_t)(model->batch * model->outputs) * sizeof(float), fault);
    score->samples = score->correct = 0;
    score->loss = 0;
    status = scratch && out ? score_batches(score, model, block, &batch, scratch, out, fault)
                            : PLAST_STATUS_FILE;
    if (data->targets)
        score->correct = -1;
    if (score->samples)
        score->loss /= (double)score->samples;
    free(scratch);
    free(out);
    plast_close_batch(&batch);
    return status;
}
