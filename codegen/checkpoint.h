/* What a run saved, as the compiler reads it: weights and masks by the fields of a plan, and which
 * neurons are still of use. */
#ifndef PLAST_CHECKPOINT_H
#define PLAST_CHECKPOINT_H

#include "plan.h"

struct checkpoint {
    const char *path;
    /* By the number of the plan's field, without padding: [rows][cols]. */
    float **values; /* F_PARAM; all finite, zero where dead. Of others NULL */
    uint8_t **mask; /* F_MASK, 1 or 0; NULL: the file has none, everything is alive */
    double epoch, epochs, step, progress; /* as they stood when it was saved; 0: not said */
};

/* NULL, with what was wrong in *wrong (which names the file, the tensor and, of a value, its row
 * and column), where the file cannot be read or is not of this model: each trained tensor must be
 * there with its shape, and no tensor that the model does not have. */
struct checkpoint *checkpoint_read(const struct plan *, const char *path, const char **wrong);
const float *checkpoint_values(const struct plan *, const struct checkpoint *, const char *field);
const uint8_t *checkpoint_mask(const struct plan *, const struct checkpoint *, const char *field);

/* Of a value, the rows that are alive and that something alive reads: all others can go without a
 * change of any output. Those of the input and of the output stay. */
struct survivors {
    int64_t count;
    int64_t *row;   /* [count], rising */
    int64_t *place; /* [rows of the value]: its place in `row`, -1: gone */
};
/* One for each value of the plan. */
struct survivors *find_survivors(const struct plan *, const struct checkpoint *);
/* [rows]: whether the masks have it dead. */
bool *find_dead(const struct plan *, const struct checkpoint *, const struct value *);

/* Takes those units out of the plan's net that the checkpoint has dead wherever they are summed or
 * passed on, the input's and the output's apart. The plan is then of no net any more; the net must
 * be planned again. False, with what is wrong, where a layer has no neuron alive. */
bool shrink_net(const struct plan *, const struct checkpoint *, const char **wrong);
/* Of a tensor of a shrunk net's plan; NULL: all are left. */
const struct axis *axis_of_rows(const struct field *);
const struct axis *axis_of_columns(const struct field *);

#endif
