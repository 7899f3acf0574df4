/* A block -> a checkpoint: a safetensors file with all tensors that are not mere activations,
 * without their padding, and the counters of the run as text in __metadata__. The bytes depend on
 * the state alone. */
#include "safetensors.h"
#include "trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_text(FILE *to, const char *key, const char *value)
{
    fprintf(to, ", \"%s\": ", key);
    plast_write_json_string(to, value);
}

static void write_count(FILE *to, const char *key, int64_t value)
{
    fprintf(to, ", \"%s\": \"%" PRId64 "\"", key, value);
}

static void write_metadata(FILE *to, const struct plast_model *model, const struct plast_run *run,
                           const struct plast_saved *saved)
{
    fprintf(to, "\"__metadata__\": {\"format\": \"plast 1\"");
    write_text(to, "model", model->name);
    fprintf(to, ", \"seed\": \"%" PRIu64 "\"", run->seed);
    write_count(to, "epoch", run->epoch);
    write_count(to, "epochs", run->epochs);
    write_count(to, "step", run->step);
    write_count(to, "step_in_epoch", run->step_in_epoch);
    write_count(to, "steps_per_epoch", run->steps_per_epoch);
    write_count(to, "samples", run->samples);
    write_count(to, "correct", run->correct);
    fprintf(to, ", \"loss\": \"%a\"", run->loss);
    write_text(to, "order", saved->keep_order ? "file" : "shuffled");
    write_count(to, "batch", saved->batch);
    write_count(to, "data_samples", saved->data_samples);
    putc('}', to);
}

static uint64_t tensor_bytes(const struct plast_tensor *tensor)
{
    return (uint64_t)plast_whole_rows(tensor) * (uint64_t)plast_whole_columns(tensor) *
           plast_type_size(tensor->type);
}

static void write_entry(FILE *to, const struct plast_tensor *tensor, uint64_t *at)
{
    fputs(", ", to);
    plast_write_json_string(to, tensor->name);
    fprintf(to, ": {\"dtype\": \"%s\", \"shape\": [", plast_type_name(tensor->type));
    for (int i = 0; i < tensor->rank; i++)
        fprintf(to, "%s%" PRId64, i ? ", " : "", plast_whole_shape(tensor)[i]);
    fprintf(to, "], \"data_offsets\": [%" PRIu64 ", %" PRIu64 "]}", *at,
            *at + tensor_bytes(tensor));
    *at += tensor_bytes(tensor);
}

/* Wide elements first, so that each tensor stands at a multiple of its element's size. */
static bool is_in_round(const struct plast_tensor *tensor, size_t size)
{
    return tensor->role != PLAST_VALUE && plast_type_size(tensor->type) == size;
}

static const size_t element_size[] = {8, 4, 1};
enum { ROUNDS = sizeof element_size / sizeof *element_size };

/* The JSON text, padded so that the values begin at a multiple of 8. */
static char *make_header(const struct plast_model *model, const struct plast_run *run,
                         const struct plast_saved *saved, size_t *length)
{
    char *text = NULL;
    uint64_t at = 0;
    FILE *to = open_memstream(&text, length);
    if (!to)
        return NULL;
    putc('{', to);
    write_metadata(to, model, run, saved);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < model->tensors; i++)
            if (is_in_round(&model->tensor[i], element_size[round]))
                write_entry(to, &model->tensor[i], &at);
    putc('}', to);
    fflush(to);
    while (*length % 8 != 0) {
        putc(' ', to);
        fflush(to);
    }
    if (fclose(to)) {
        free(text);
        return NULL;
    }
    return text;
}

/* Rows go through a small array because a big-endian machine swaps their bytes. */
static void write_row(FILE *to, const char *row, size_t size, size_t count)
{
    char part[4096];
    for (size_t bytes = size * count; bytes;) {
        size_t n = bytes < sizeof part ? bytes : sizeof part;
        memcpy(part, row, n);
        plast_little_endian(part, size, n / size);
        fwrite(part, 1, n, to);
        row += n;
        bytes -= n;
    }
}

static int write_tensor(FILE *to, const struct plast_tensor *tensor, void *block)
{
    size_t size = plast_type_size(tensor->type), columns = (size_t)plast_whole_columns(tensor);
    int64_t rows = plast_whole_rows(tensor), at = 0;
    char *line = malloc(columns * size);
    if (!line)
        return -1;
    for (int64_t i = 0; i < rows && !ferror(to); i++) {
        memset(line, 0, columns * size);
        if (plast_row_is_left(tensor, i, at))
            plast_move_row(tensor, line, plast_tensor_row(tensor, block, at++), true);
        write_row(to, line, size, columns);
    }
    free(line);
    return 0;
}

static int write_file(FILE *to, const struct plast_model *model, void *block,
                      const struct plast_saved *saved)
{
    size_t length = 0;
    unsigned char bytes[8];
    char *header = make_header(model, block, saved, &length);
    if (!header)
        return -1;
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)length >> 8 * i);
    fwrite(bytes, 1, 8, to);
    fwrite(header, 1, length, to);
    free(header);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < model->tensors; i++)
            if (is_in_round(&model->tensor[i], element_size[round]) &&
                write_tensor(to, &model->tensor[i], block))
                return -1;
    return 0;
}

/* Weights that are no numbers cannot be read back: what was saved before is worth more. */
static int check_tensor(const struct plast_tensor *tensor, void *block, struct plast_fault *fault)
{
    int64_t rows = plast_tensor_rows(tensor), columns = plast_tensor_columns(tensor);
    if (tensor->type != PLAST_F32 || (tensor->role != PLAST_WEIGHT && tensor->role != PLAST_BIAS))
        return 0;
    for (int64_t i = 0; i < rows; i++) {
        const float *row = plast_tensor_row(tensor, block, i);
        for (int64_t j = 0; j < columns; j++)
            if (!isfinite(row[j]))
                return plast_fail(fault, PLAST_STATUS_NUMBER,
                                  "%s became infinite or not a number in row %" PRId64
                                  ", column %" PRId64
                                  "; nothing was saved (a smaller rate may help)",
                                  tensor->name, i, j);
    }
    return 0;
}

static int save_unpacked(const char *name, const struct plast_model *model, void *block,
                         const struct plast_saved *saved, struct plast_fault *fault)
{
    struct plast_output output;
    int status = 0;
    for (int i = 0; i < model->tensors && !status; i++)
        status = check_tensor(&model->tensor[i], block, fault);
    if (!status)
        status = plast_open_output(&output, name, fault);
    if (status)
        return status;
    if (write_file(output.file, model, block, saved)) {
        plast_abandon_output(&output);
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: no memory to write it with", name);
    }
    return plast_commit_output(&output, fault);
}

int plast_save(const char *name, const struct plast_model *model, void *block,
               const struct plast_saved *saved, struct plast_fault *fault)
{
    plast_unpack_block(model, block);
    int status = save_unpacked(name, model, block, saved, fault);
    plast_pack_block(model, block);
    return status;
}
