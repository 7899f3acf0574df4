/* Data sets: what a SPEC on the command line names, held in memory, and the gathering of chosen
 * samples into the arrays that a model's step reads. */
#ifndef PLAST_DATA_H
#define PLAST_DATA_H

#include "fault.h"
#include "plast.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One set of samples. Exactly one of `bytes` and `floats` is there (when samples > 0), and one of
 * `labels` and `targets`; neither of the latter only in a set opened for PLAST_FOR_PREDICT. All
 * is owned by the set. Permutations are already applied. */
struct plast_data {
    int64_t samples;         /* 0: there is no such set */
    int64_t inputs, outputs; /* values of one sample, all its frames; as in the model */
    int64_t frames;          /* as in the model; 0: no time axis */
    uint8_t *bytes;          /* [samples][inputs], gathered as value / 255 */
    bool counts;             /* the bytes count events and are gathered as they are */
    float *floats;           /* [samples][inputs], gathered as they are; all finite */
    int32_t *labels;         /* [samples], each 0 <= label < outputs */
    float *targets;          /* [samples][outputs], all finite; only where the loss is mse */
};

struct plast_split {
    struct plast_data train, test;
};

/* Values of one sample of the model: of all its frames. */
static inline int64_t plast_sample_size(const struct plast_model *model)
{
    return model->frames ? model->frames * model->inputs : model->inputs;
}

/* What a SPEC is opened for decides which sets are read:
 *   PLAST_FOR_TRAIN    `train`, and `test` where the source has one: npy and csv have none
 *   PLAST_FOR_TEST     only `test`: the source's test set, or all of it where it has but one
 *                      (npy, csv). For `--test SPEC` and for `eval --data SPEC`
 *   PLAST_FOR_PREDICT  as PLAST_FOR_TEST, but answers may be absent: `npy:X.npy` will do
 * first:N: cuts the training set, or, where there is none, the set that was read.
 * permuted:K: permutes the inputs of all sets, those of all frames alike; K alone fixes the
 * permutation, 0 is none. */
enum plast_purpose { PLAST_FOR_TRAIN, PLAST_FOR_TEST, PLAST_FOR_PREDICT };

/* Reads what `spec` names (NULL: glyphs) for this model. `seed` fixes the glyphs alone: a set
 * to evaluate on must be opened with the seed of the run that trained. Returns 0, or
 * PLAST_STATUS_USAGE (a wrong SPEC) or PLAST_STATUS_FILE with the message in the fault; the split
 * is empty then. Files are checked wholly before this returns. */
int plast_data_open(struct plast_split *, const char *spec, enum plast_purpose,
                    const struct plast_model *, uint64_t seed, struct plast_fault *);

/* Copies n samples: x is float [n][data->inputs]; y is int32_t [n] where the set has labels, float
 * [n][outputs] where it has targets; either may be NULL. */
void plast_data_gather(const struct plast_data *, const int64_t *index, size_t n, float *x,
                       void *y);

/* Frees what was opened; an empty split is fine. */
void plast_data_close(struct plast_split *);

#endif
