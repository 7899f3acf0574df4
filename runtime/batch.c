/* The order in which an epoch takes its samples, and the gathering of one batch after another.
 * The order is a function of the seed and the epoch alone, so that a resumed run finds the place
 * where it was stopped. */
#include "trainer.h"

#include <stdlib.h>

int64_t plast_count_steps(int64_t samples, int64_t batch)
{
    return samples / batch + (samples % batch != 0);
}

void plast_file_order(int64_t *order, int64_t samples)
{
    for (int64_t i = 0; i < samples; i++)
        order[i] = i;
}

/* Fisher and Yates' shuffle; each exchange is drawn by its place. */
void plast_shuffle(int64_t *order, int64_t samples, uint64_t seed, int64_t epoch)
{
    uint64_t key = plast_key(seed, PLAST_STREAM_SHUFFLE, 0, (uint64_t)epoch, 0);
    plast_file_order(order, samples);
    for (int64_t i = samples - 1; i > 0; i--) {
        uint64_t high = plast_bits(key, (uint32_t)(2 * i)),
                 low = plast_bits(key, (uint32_t)(2 * i + 1));
        int64_t j = (int64_t)((high << 32 | low) % (uint64_t)(i + 1));
        int64_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

int plast_open_batch(struct plast_batch *batch, const struct plast_data *data,
                     const struct plast_model *model, struct plast_fault *fault)
{
    size_t limit = (size_t)model->batch;
    size_t answer = data->targets ? (size_t)model->outputs * sizeof(float) : sizeof(int32_t);
    *batch = (struct plast_batch){.data = data, .limit = limit};
    batch->order = malloc((size_t)data->samples * sizeof *batch->order + 1);
    batch->x = plast_new_block(limit * (size_t)plast_sample_size(model) * sizeof(float), fault);
    batch->y = plast_new_block(limit * answer, fault);
    batch->sample = malloc(limit * sizeof *batch->sample);
    if (batch->order && batch->x && batch->y && batch->sample) {
        plast_file_order(batch->order, data->samples);
        return 0;
    }
    plast_close_batch(batch);
    return plast_fail(fault, PLAST_STATUS_FILE, "no memory for a batch of %zu samples", limit);
}

void plast_close_batch(struct plast_batch *batch)
{
    free(batch->order);
    free(batch->x);
    free(batch->y);
    free(batch->sample);
    *batch = (struct plast_batch){0};
}

/* All of the batch at a place of the order but its inputs. */
static void gather_answers(struct plast_batch *batch, int64_t at)
{
    int64_t left = batch->data->samples - at;
    batch->n = (uint64_t)left < batch->limit ? (size_t)left : batch->limit;
    bool answers = batch->data->labels || batch->data->targets;
    plast_data_gather(batch->data, batch->order + at, batch->n, NULL, answers ? batch->y : NULL);
    for (size_t i = 0; i < batch->n; i++)
        batch->sample[i] = (uint64_t)batch->order[at + (int64_t)i];
}

void plast_gather(struct plast_batch *batch, int64_t at)
{
    gather_answers(batch, at);
    plast_data_gather(batch->data, batch->order + at, batch->n, batch->x, NULL);
}

int plast_step_batch(struct plast_batch *batch, int64_t at, const struct plast_model *model,
                     void *block, float *loss)
{
    const struct plast_data *data = batch->data;
    const struct plast_source from = {data->bytes, data->floats, batch->order + at, batch->x};
    int targets = data->targets != NULL;
    gather_answers(batch, at);
    if (model->step_from && !data->counts)
        return model->step_from(block, &from, batch->y, targets, batch->sample, batch->n, loss);
    plast_data_gather(data, from.index, batch->n, batch->x, NULL);
    return model->step(block, batch->x, batch->y, targets, batch->sample, batch->n, loss);
}
