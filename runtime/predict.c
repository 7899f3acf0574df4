/* The predict command: the class of each sample, one a line, or the targets where the network has
 * those; with --raw all outputs as a numpy array. */
#include "safetensors.h"
#include "trainer.h"

#include <inttypes.h>
#include <stdlib.h>

struct prediction {
    const struct plast_options *options;
    const struct plast_model *model;
    struct plast_fault *fault;
    void *block, *scratch;
    struct plast_split split;
    struct plast_batch batch;
    float *out;
    struct plast_output raw; /* file NULL: lines */
};

/* Version 1.0 of the format: the text ends at a multiple of 64 bytes. */
static void write_npy_header(FILE *to, int64_t samples, int64_t outputs)
{
    char text[118];
    int length =
        snprintf(text, sizeof text,
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRId64 ", %" PRId64 "), }",
                 samples, outputs);
    fwrite("\x93NUMPY\x01\x00\x76\x00", 1, 10, to);
    fprintf(to, "%s%*s\n", text, 117 - length, "");
}

/* Cross entropy is about classes; mse may be about either, the data tell. Without answers it is
 * taken to be about targets. */
static bool has_classes(const struct prediction *p)
{
    return p->model->loss == PLAST_CROSS_ENTROPY || p->split.test.labels;
}

static void print_outputs(const struct prediction *p, const float *out)
{
    if (has_classes(p)) {
        printf("%" PRId64 "\n", plast_largest(out, p->model->outputs));
        return;
    }
    for (int64_t i = 0; i < p->model->outputs; i++)
        printf("%s%.9g", i ? " " : "", (double)out[i]);
    putchar('\n');
}

static int predict_batch(struct prediction *p, int64_t at)
{
    size_t outputs = (size_t)p->model->outputs;
    plast_gather(&p->batch, at);
    int code =
        p->model->predict(p->block, p->scratch, p->batch.x, p->batch.sample, p->batch.n, p->out);
    if (code)
        return plast_model_fault(code, p->model, "predicting", p->fault);
    if (!p->raw.file) {
        for (size_t i = 0; i < p->batch.n; i++)
            print_outputs(p, p->out + i * outputs);
        return 0;
    }
    plast_little_endian(p->out, sizeof(float), p->batch.n * outputs);
    fwrite(p->out, sizeof(float), p->batch.n * outputs, p->raw.file);
    return 0;
}

static int predict_all(struct prediction *p)
{
    int64_t samples = p->split.test.samples;
    int status = plast_open_batch(&p->batch, &p->split.test, p->model, p->fault);
    if (status)
        return status;
    p->scratch = plast_new_block(p->model->predict_bytes, p->fault);
    p->out =
        plast_new_block((size_t)(p->model->batch * p->model->outputs) * sizeof(float), p->fault);
    if (!p->scratch || !p->out)
        return PLAST_STATUS_FILE;
    if (p->options->raw)
        status = plast_open_output(&p->raw, p->options->raw, p->fault);
    if (p->raw.file)
        write_npy_header(p->raw.file, samples, p->model->outputs);
    for (int64_t at = 0; at < samples && !status; at += p->model->batch)
        status = predict_batch(p, at);
    if (p->raw.file && status)
        plast_abandon_output(&p->raw);
    else if (p->raw.file)
        status = plast_commit_output(&p->raw, p->fault);
    return status;
}

static int open_prediction(struct prediction *p)
{
    const struct plast_options *options = p->options;
    struct plast_saved saved;
    int status = plast_init_block(&p->block, p->model, p->model->seed, options, p->fault);
    if (!status)
        status = plast_load(options->load, p->model, p->block, &saved, p->fault);
    if (status)
        return status;
    const struct plast_run *run = p->block;
    return plast_data_open(&p->split, options->test ? options->test : options->data,
                           PLAST_FOR_PREDICT, p->model,
                           options->has_seed ? options->seed : run->seed, p->fault);
}

int plast_command_predict(const struct plast_options *options, const struct plast_model *model,
                          struct plast_fault *fault)
{
    struct prediction p = {.options = options, .model = model, .fault = fault};
    int status = open_prediction(&p);
    if (!status)
        status = predict_all(&p);
    free(p.scratch);
    free(p.out);
    plast_close_batch(&p.batch);
    plast_data_close(&p.split);
    free(p.block);
    return status;
}
