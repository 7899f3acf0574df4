/* The block of memory that a model lives in, and the tensors inside it. */
#include "trainer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void *plast_new_block(size_t bytes, struct plast_fault *fault)
{
    void *block = NULL;
    size_t whole = bytes ? bytes : 1;
    if (posix_memalign(&block, 64, whole)) {
        plast_fail(fault, PLAST_STATUS_FILE, "no memory: %zu bytes are needed", bytes);
        return NULL;
    }
    return block;
}

int plast_init_block(void **block, const struct plast_model *model, uint64_t seed,
                     const struct plast_options *options, struct plast_fault *fault)
{
    *block = plast_new_block(model->train_bytes, fault);
    if (!*block)
        return PLAST_STATUS_FILE;
    int code = model->init(*block, model->train_bytes, seed);
    if (code) {
        free(*block);
        *block = NULL;
        return plast_model_fault(code, model, "initialising", fault);
    }
    struct plast_run *run = *block;
    run->threads = (int32_t)options->threads;
    run->forms = options->forms;
    return 0;
}

void plast_pack_block(const struct plast_model *model, void *block)
{
    if (model->pack)
        model->pack(block);
}

void plast_unpack_block(const struct plast_model *model, void *block)
{
    if (model->unpack)
        model->unpack(block);
}

const char *plast_form_name(const struct plast_model *model, const void *block, int layer)
{
    static const char *const name[] = {
        [PLAST_DENSE] = "dense", [PLAST_PACKED] = "packed", [PLAST_CSR] = "csr"};
    return name[model->form ? model->form(block, layer) : PLAST_DENSE];
}

int plast_model_fault(int code, const struct plast_model *model, const char *what,
                      struct plast_fault *fault)
{
    int status = code == PLAST_E_LABEL    ? PLAST_STATUS_FILE
                 : code == PLAST_E_NUMBER ? PLAST_STATUS_NUMBER
                                          : PLAST_STATUS_BUG;
    return plast_fail(fault, status, "%s: %s: %s", model->name, what, plast_strerror(code));
}

int64_t plast_tensor_rows(const struct plast_tensor *tensor)
{
    return tensor->rank > 0 ? tensor->shape[0] : 1;
}

int64_t plast_tensor_columns(const struct plast_tensor *tensor)
{
    int64_t columns = 1;
    for (int i = 1; i < tensor->rank; i++)
        columns *= tensor->shape[i];
    return columns;
}

size_t plast_type_size(enum plast_type type)
{
    switch (type) {
    case PLAST_F32:
        return 4;
    case PLAST_F64:
    case PLAST_I64:
    case PLAST_U64:
        return 8;
    case PLAST_U8:
        return 1;
    }
    return 0;
}

const char *plast_type_name(enum plast_type type)
{
    switch (type) {
    case PLAST_F32:
        return "F32";
    case PLAST_F64:
        return "F64";
    case PLAST_I64:
        return "I64";
    case PLAST_U64:
        return "U64";
    case PLAST_U8:
        return "U8";
    }
    return "?";
}

void *plast_tensor_row(const struct plast_tensor *tensor, void *block, int64_t row)
{
    size_t elements = (size_t)row * (size_t)tensor->stride;
    return (char *)block + tensor->offset + elements * plast_type_size(tensor->type);
}

bool plast_has_shape(const struct plast_tensor *tensor, const struct plast_tensor *of)
{
    return tensor->rank == of->rank &&
           !memcmp(tensor->shape, of->shape, (size_t)of->rank * sizeof *of->shape);
}

const char *plast_print_shape(char *to, size_t size, const int64_t *shape, int rank)
{
    size_t at = 0;
    int length = snprintf(to, size, "[");
    for (int i = 0; i < rank && length > 0 && at + (size_t)length < size; i++) {
        at += (size_t)length;
        length = snprintf(to + at, size - at, "%s%" PRId64, i ? ", " : "", shape[i]);
    }
    if (length > 0 && at + (size_t)length < size)
        snprintf(to + at + length, size - at - (size_t)length, "]");
    return to;
}
