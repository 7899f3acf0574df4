/* Which values tensors of a checkpoint may have. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "load.h"

#include <inttypes.h>
#include <math.h>

static int check_numbers(struct reader *reader, const struct plast_tensor *tensor, const float *row,
                         int64_t i)
{
    int64_t columns = plast_whole_columns(tensor);
    for (int64_t j = 0; tensor->type == PLAST_F32 && j < columns; j++)
        if (!isfinite(row[j]))
            return plast_fail(reader->fault, PLAST_STATUS_FILE,
                              "%s: %s is infinite or not a number in row %" PRId64
                              ", column %" PRId64,
                              reader->name, tensor->name, i, j);
    return 0;
}

static int check_mask(struct reader *reader, const struct plast_tensor *tensor, const uint8_t *row,
                      int64_t i)
{
    int64_t columns = plast_whole_columns(tensor);
    for (int64_t j = 0; j < columns; j++)
        if (row[j] > 1)
            return plast_fail(reader->fault, PLAST_STATUS_FILE,
                              "%s: %s is %d in row %" PRId64 ", column %" PRId64
                              ": 0 (dead) or 1 (alive) was expected",
                              reader->name, tensor->name, row[j], i, j);
    return 0;
}

/* The first only says whether the rule has begun. */
static int check_counter(struct reader *reader, const struct plast_tensor *tensor,
                         const int64_t *row, int64_t i)
{
    if (*row >= 0 && (i || *row <= 1))
        return 0;
    return plast_fail(reader->fault, PLAST_STATUS_FILE,
                      "%s: %s is %" PRId64 " in row %" PRId64 ": %s was expected", reader->name,
                      tensor->name, *row, i, i ? "a count" : "0 or 1");
}

int plast_check_row(struct reader *reader, const struct plast_tensor *tensor, const void *row,
                    int64_t i)
{
    switch (tensor->role) {
    case PLAST_WEIGHT:
    case PLAST_BIAS:
    case PLAST_FEEDBACK:
        return check_numbers(reader, tensor, row, i);
    case PLAST_MASK:
        return check_mask(reader, tensor, row, i);
    case PLAST_COUNTER:
        return check_counter(reader, tensor, row, i);
    case PLAST_STATE:
    case PLAST_VALUE:
        break;
    }
    return 0;
}
