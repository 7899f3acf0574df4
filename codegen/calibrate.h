/* Samples that a deployed net is measured and tested with. */
#ifndef PLAST_CALIBRATE_H
#define PLAST_CALIBRATE_H

#include "plan.h"

struct samples {
    float *train; /* [trains][inputs], the first of the training set; or, where there is none, of
                     what there is */
    int64_t trains;
    float *test; /* one sample of the test set, or of the others */
};
/* Reads what the SPEC names for the model of this plan, at most `most` samples. NULL, with what was
 * wrong in *wrong and the exit status, if it cannot be read. */
struct samples *samples_read(const struct plan *, const char *spec, int64_t most,
                             const char **wrong, int *status);
/* One sample made of nothing: numbers from 0 to 1. */
float *samples_none(const struct plan *);

#endif
