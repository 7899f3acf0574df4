/* A checkpoint -> a block. All names, types and shapes are compared with the model before the
 * first value is read; the first difference is named. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_saved(const struct plast_tensor *tensor)
{
    return tensor->role != PLAST_VALUE;
}

/* Weights from elsewhere need hold no more than what predicts. */
static bool is_needed(const struct plast_tensor *tensor, bool complete)
{
    return complete ? is_saved(tensor) : tensor->role == PLAST_WEIGHT || tensor->role == PLAST_BIAS;
}

static bool has_shape(const struct plast_tensor *tensor, const struct plast_entry *entry)
{
    return tensor->rank == entry->rank && !memcmp(plast_whole_shape(tensor), entry->shape,
                                                  (size_t)tensor->rank * sizeof *tensor->shape);
}

static int compare_tensor(struct reader *reader, const struct plast_tensor *tensor, bool complete)
{
    char here[120], there[220];
    const struct plast_entry *entry = plast_find_entry(&reader->header, tensor->name);
    if (!entry)
        return is_needed(tensor, complete)
                   ? plast_fail(reader->fault, PLAST_STATUS_FILE,
                                "%s: is of another model: it has no %s", reader->name, tensor->name)
                   : 0;
    if (!has_shape(tensor, entry))
        return plast_fail(
            reader->fault, PLAST_STATUS_FILE, "%s: is of another model: %s is %s here, %s in %s",
            reader->name, tensor->name,
            plast_print_shape(here, sizeof here, plast_whole_shape(tensor), tensor->rank),
            plast_print_shape(there, sizeof there, entry->shape, entry->rank), reader->name);
    if (strcmp(entry->type, plast_type_name(tensor->type)))
        return plast_fail(reader->fault, PLAST_STATUS_FILE,
                          "%s: is of another model: %s is %s here, %s in %s", reader->name,
                          tensor->name, plast_type_name(tensor->type), entry->type, reader->name);
    return 0;
}

static bool has_tensor(const struct plast_model *model, const char *name)
{
    for (int i = 0; i < model->tensors; i++)
        if (is_saved(&model->tensor[i]) && !strcmp(model->tensor[i].name, name))
            return true;
    return false;
}

static int compare_model(struct reader *reader, bool complete)
{
    const struct plast_model *model = reader->model;
    const struct plast_safetensors *header = &reader->header;
    const char *name = plast_find_metadata(header, "model");
    for (int i = 0; i < model->tensors; i++) {
        int status =
            is_saved(&model->tensor[i]) ? compare_tensor(reader, &model->tensor[i], complete) : 0;
        if (status)
            return status;
    }
    for (size_t i = 0; i < header->entries; i++)
        if (!has_tensor(model, header->entry[i].name))
            return plast_fail(reader->fault, PLAST_STATUS_FILE,
                              "%s: is of another model: it has %s, which %s has not", reader->name,
                              header->entry[i].name, model->name);
    if (complete && (!name || strcmp(name, model->name)))
        return plast_fail(reader->fault, PLAST_STATUS_FILE,
                          "%s: is of another model: its model is not %s", reader->name,
                          model->name);
    return 0;
}

static bool has_neuron_masks(struct reader *reader)
{
    for (int i = 0; i < reader->model->tensors; i++) {
        const struct plast_tensor *tensor = &reader->model->tensor[i];
        if (tensor->role == PLAST_MASK && tensor->rank == 1 &&
            !plast_find_entry(&reader->header, tensor->name))
            return false;
    }
    return true;
}

/* What has no place in a model that was compiled with --from must be dead in the file: where that
 * has masks, they say so of neurons, and all else there is dead with them, whatever it is. */
static int check_outside(struct reader *reader, const struct plast_tensor *tensor, const void *line,
                         int64_t i, int64_t at)
{
    bool tells = reader->masked ? tensor->role == PLAST_MASK && tensor->rank == 1
                                : tensor->role == PLAST_MASK || tensor->role == PLAST_WEIGHT ||
                                      tensor->role == PLAST_BIAS;
    int64_t j = tells ? plast_find_outside(tensor, line, i, at) : -1;
    if (j < 0)
        return 0;
    return plast_fail(reader->fault, PLAST_STATUS_FILE,
                      "%s: %s is not 0 in row %" PRId64 ", column %" PRId64
                      ": %s was compiled with --from, and has no place for it",
                      reader->name, tensor->name, i, j, reader->model->name);
}

/* One neuron of a layer always stays. */
static int check_neurons(struct reader *reader)
{
    const struct plast_model *model = reader->model;
    for (int i = 0; i < model->layers; i++) {
        const struct plast_tensor *mask = plast_neuron_mask(model, i);
        if (mask && !plast_count_alive(mask, reader->block))
            return plast_fail(reader->fault, PLAST_STATUS_FILE,
                              "%s: %s has no neuron alive; one of a layer always stays",
                              reader->name, mask->name);
    }
    return 0;
}

static int read_tensor(struct reader *reader, const struct plast_tensor *tensor)
{
    const struct plast_entry *entry = plast_find_entry(&reader->header, tensor->name);
    size_t size = plast_type_size(tensor->type), columns = (size_t)plast_whole_columns(tensor);
    int64_t rows = plast_whole_rows(tensor), at = 0;
    int status = 0;
    if (!entry)
        return 0;
    if (fseeko(reader->file, (off_t)(reader->header.data + entry->begin), SEEK_SET))
        return plast_fail(reader->fault, PLAST_STATUS_FILE, "%s: %s", reader->name,
                          strerror(errno));
    void *line = malloc(columns * size);
    if (!line)
        return plast_fail(reader->fault, PLAST_STATUS_FILE, "%s: no memory to read it with",
                          reader->name);
    for (int64_t i = 0; i < rows && !status; i++) {
        if (fread(line, size, columns, reader->file) != columns) {
            status = plast_fail(reader->fault, PLAST_STATUS_FILE, "%s: ends inside %s",
                                reader->name, tensor->name);
            break;
        }
        plast_little_endian(line, size, columns);
        status = plast_check_row(reader, tensor, line, i);
        if (!status)
            status = check_outside(reader, tensor, line, i, at);
        if (plast_row_is_left(tensor, i, at))
            plast_move_row(tensor, plast_tensor_row(tensor, reader->block, at++), line, false);
    }
    free(line);
    return status;
}

static int read_block(struct reader *reader, struct plast_saved *saved)
{
    const char *format = plast_find_metadata(&reader->header, "format");
    struct plast_run *run = reader->block;
    *saved = (struct plast_saved){.complete = format && !strncmp(format, "plast", 5)};
    if (saved->complete && strcmp(format, "plast 1"))
        return plast_fail(reader->fault, PLAST_STATUS_FILE,
                          "%s: is a checkpoint of a version of plast that is not known",
                          reader->name);
    int status = compare_model(reader, saved->complete);
    reader->masked = has_neuron_masks(reader);
    if (!status && saved->complete) {
        struct plast_run kept = *run;
        status = plast_read_run(reader, run, saved);
        run->threads = kept.threads;
        run->forms = kept.forms;
    }
    for (int i = 0; i < reader->model->tensors && !status; i++)
        if (is_saved(&reader->model->tensor[i]))
            status = read_tensor(reader, &reader->model->tensor[i]);
    return status ? status : check_neurons(reader);
}

/* A file may say that a synapse is dead and give it a weight. */
static int settle(const struct plast_model *model, void *block, struct plast_fault *fault)
{
    int code = model->settle ? model->settle(block) : 0;
    return code ? plast_model_fault(code, model, "carrying out the masks", fault) : 0;
}

int plast_load(const char *name, const struct plast_model *model, void *block,
               struct plast_saved *saved, struct plast_fault *fault)
{
    struct reader reader = {.name = name, .model = model, .block = block, .fault = fault};
    reader.file = fopen(name, "rb");
    if (!reader.file)
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: %s", name, strerror(errno));
    int status = plast_read_safetensors(&reader.header, name, reader.file, fault);
    if (!status)
        status = read_block(&reader, saved);
    plast_free_safetensors(&reader.header);
    fclose(reader.file);
    if (!status)
        status = settle(model, block, fault);
    if (!status)
        plast_pack_block(model, block);
    return status;
}
