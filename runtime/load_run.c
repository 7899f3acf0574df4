/* What __metadata__ of a checkpoint says of the run: how far it has come. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "load.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int fail_key(struct reader *reader, const char *key, const char *value)
{
    if (!value)
        return plast_fail(reader->fault, PLAST_STATUS_FILE, "%s: __metadata__ has no %s",
                          reader->name, key);
    return plast_fail(reader->fault, PLAST_STATUS_FILE, "%s: %s in __metadata__ is damaged",
                      reader->name, key);
}

/* A whole number of at least `least`, as it is written by save.c. */
static int read_count(struct reader *reader, const char *key, int64_t least, int64_t *count)
{
    const char *value = plast_find_metadata(&reader->header, key);
    char *end = NULL;
    errno = 0;
    *count = value ? strtoll(value, &end, 10) : 0;
    if (!value || errno || end == value || *end || *count < least)
        return fail_key(reader, key, value);
    return 0;
}

static int read_seed(struct reader *reader, uint64_t *seed)
{
    const char *value = plast_find_metadata(&reader->header, "seed");
    char *end = NULL;
    errno = 0;
    *seed = value ? strtoull(value, &end, 10) : 0;
    if (!value || errno || *value < '0' || *value > '9' || *end)
        return fail_key(reader, "seed", value);
    return 0;
}

static int read_loss(struct reader *reader, double *loss)
{
    const char *value = plast_find_metadata(&reader->header, "loss");
    char *end = NULL;
    *loss = value ? strtod(value, &end) : 0;
    if (!value || end == value || *end || !isfinite(*loss))
        return fail_key(reader, "loss", value);
    return 0;
}

/* Counters that contradict each other would lead outside the data. */
static int check_run(struct reader *reader, const struct plast_run *run,
                     const struct plast_saved *saved)
{
    bool begun = run->step_in_epoch > 0;
    if (run->step_in_epoch > run->step ||
        (begun && (run->step_in_epoch >= run->steps_per_epoch ||
                   run->steps_per_epoch != plast_count_steps(saved->data_samples, saved->batch) ||
                   run->samples != run->step_in_epoch * saved->batch)) ||
        run->correct > run->samples)
        return plast_fail(reader->fault, PLAST_STATUS_FILE,
                          "%s: the counters in __metadata__ contradict each other", reader->name);
    return 0;
}

int plast_read_run(struct reader *reader, struct plast_run *run, struct plast_saved *saved)
{
    const char *order = plast_find_metadata(&reader->header, "order");
    struct {
        const char *key;
        int64_t least, *to;
    } count[] = {{"epoch", 0, &run->epoch},
                 {"epochs", 0, &run->epochs},
                 {"step", 0, &run->step},
                 {"step_in_epoch", 0, &run->step_in_epoch},
                 {"steps_per_epoch", 0, &run->steps_per_epoch},
                 {"samples", 0, &run->samples},
                 {"correct", -1, &run->correct},
                 {"batch", 1, &saved->batch},
                 {"data_samples", 0, &saved->data_samples}};
    int status = read_seed(reader, &run->seed);
    for (size_t i = 0; i < sizeof count / sizeof *count && !status; i++)
        status = read_count(reader, count[i].key, count[i].least, count[i].to);
    if (!status)
        status = read_loss(reader, &run->loss);
    if (!status && (!order || (strcmp(order, "file") && strcmp(order, "shuffled"))))
        status = fail_key(reader, "order", order);
    saved->keep_order = order && !strcmp(order, "file");
    return status ? status : check_run(reader, run, saved);
}
