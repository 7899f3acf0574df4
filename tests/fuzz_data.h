/* What the fuzzers of the data readers share: models to read for, and what must hold of a set
 * that was accepted. */
#ifndef PLAST_FUZZ_DATA_H
#define PLAST_FUZZ_DATA_H

#include "../runtime/source.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static inline struct plast_model fuzz_model(int rank, enum plast_loss loss)
{
    struct plast_model model = {.name = "net", .loss = loss, .inputs = 4, .outputs = 3};
    model.input_rank = rank;
    model.input_shape[0] = rank == 1 ? 4 : 1;
    model.input_shape[1] = model.input_shape[2] = 2;
    return model;
}

static inline void fuzz_require(int holds)
{
    if (!holds)
        abort();
}

/* Every value is read once: what was promised must be there. */
static inline void fuzz_check_set(const struct plast_data *data, int needs_answers)
{
    float x[4], targets[3];
    fuzz_require(data->samples > 0 && data->inputs == 4 && data->outputs == 3);
    fuzz_require(!data->bytes != !data->floats && !(data->labels && data->targets));
    fuzz_require(!needs_answers || data->labels || data->targets);
    for (int64_t i = 0; i < data->samples; i++) {
        plast_data_gather(data, &i, 1, x, data->targets ? targets : NULL);
        for (int k = 0; k < 4; k++)
            fuzz_require(x[k] - x[k] == 0);
        for (int k = 0; data->targets && k < 3; k++)
            fuzz_require(targets[k] - targets[k] == 0);
        fuzz_require(!data->labels || (data->labels[i] >= 0 && data->labels[i] < 3));
    }
}

/* A refusal is for a file and says something on one line. */
static inline void fuzz_check_fault(int status, const struct plast_fault *fault)
{
    fuzz_require(status == PLAST_STATUS_FILE && fault->text[0]);
    fuzz_require(strlen(fault->text) < sizeof fault->text && !strchr(fault->text, '\n'));
}

#endif
