/* From a SPEC to sets in memory: takes first:N: and permuted:K: off, opens the source, applies
 * them. The sources themselves are in idx.c, cifar10.c, events_open.c, npy.c, csv.c and glyphs.c.
 */
#include "data.h"

#include "source.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char known_sources[] = "the sources are glyphs, idx:DIR, cifar10:DIR, "
                                    "cifar10:DIR?train=1-4&test=5, events:DIR, npy:X.npy,Y.npy, "
                                    "csv:FILE, csv:FILE?targets=K, first:N:SPEC, permuted:K:SPEC";

enum { DEEPEST_SPEC = 16 };

void plast_free_data(struct plast_data *data)
{
    free(data->bytes);
    free(data->floats);
    free(data->labels);
    free(data->targets);
    *data = (struct plast_data){0};
}

void plast_data_close(struct plast_split *split)
{
    plast_free_data(&split->train);
    plast_free_data(&split->test);
}

char *plast_print_input(char *text, size_t size, const struct plast_model *model)
{
    size_t used = 0;
    for (int i = 0; i < model->input_rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%" PRId64, i ? ", " : "[",
                                 model->input_shape[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}

int plast_check_label(int64_t label, int64_t sample, const char *name, const char *place,
                      const struct plast_request *request)
{
    int64_t outputs = request->model->outputs;
    if (label >= 0 && label < outputs)
        return 0;
    return plast_fail(request->fault, PLAST_STATUS_FILE,
                      "%s: %s: label %" PRId64 " of sample %" PRId64 ", but the output of '%s' has"
                      " %" PRId64 " class%s (labels count from 0)",
                      name, place, label, sample, request->model->name, outputs,
                      outputs == 1 ? "" : "es");
}

/* Keeps the first n samples and gives the rest of the memory back. */
static void *shorten(void *array, int64_t n, int64_t width, size_t size)
{
    void *less = array ? realloc(array, (size_t)n * (size_t)width * size) : NULL;
    return less ? less : array;
}

static int keep_first(struct plast_data *data, int64_t n, const struct plast_request *request)
{
    if (n > data->samples)
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "first:%" PRId64 ": there are only %" PRId64 " samples", n,
                          data->samples);
    data->samples = n;
    data->bytes = shorten(data->bytes, n, data->inputs, 1);
    data->floats = shorten(data->floats, n, data->inputs, sizeof(float));
    data->labels = shorten(data->labels, n, 1, sizeof(int32_t));
    data->targets = shorten(data->targets, n, data->outputs, sizeof(float));
    return 0;
}

/* The number between "first:" or "permuted:" and the next colon. Returns what follows the colon,
 * or NULL. */
static const char *read_count(const char *text, int64_t least, int64_t *number)
{
    *number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (*number > (INT64_MAX - 9) / 10)
            return NULL;
        *number = *number * 10 + (*at - '0');
    }
    return at > text && *at == ':' && *number >= least ? at + 1 : NULL;
}

static int open_spec(struct plast_split *, const char *spec, int depth,
                     const struct plast_request *);

static int open_first(struct plast_split *split, const char *rest, int depth,
                      const struct plast_request *request)
{
    int64_t n;
    const char *inner = read_count(rest, 1, &n);
    if (!inner)
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "first:%s: expected first:N:SPEC with N at least 1", rest);
    int status = open_spec(split, inner, depth + 1, request);
    return status ? status : keep_first(plast_sole_set(split, request), n, request);
}

static int open_permuted(struct plast_split *split, const char *rest, int depth,
                         const struct plast_request *request)
{
    int64_t number;
    const char *inner = read_count(rest, 0, &number);
    if (!inner)
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "permuted:%s: expected permuted:K:SPEC with a number K", rest);
    int status = open_spec(split, inner, depth + 1, request);
    if (!status)
        status = plast_permute_inputs(&split->train, (uint64_t)number, request->fault);
    if (!status)
        status = plast_permute_inputs(&split->test, (uint64_t)number, request->fault);
    return status;
}

/* What follows `name:` in the spec, or NULL if it is another source. */
static const char *after(const char *spec, const char *name)
{
    size_t length = strlen(name);
    return !strncmp(spec, name, length) && spec[length] == ':' ? spec + length + 1 : NULL;
}

/* The sources of a file or folder, and whether their samples have a time axis. */
static const struct source {
    const char *name;
    enum { STILL, TIMED, EITHER } axis;
    int (*open)(struct plast_split *, const char *rest, const struct plast_request *);
} sources[] = {{"idx", STILL, plast_open_idx},
               {"cifar10", STILL, plast_open_cifar10},
               {"events", TIMED, plast_open_events},
               {"npy", EITHER, plast_open_npy},
               {"csv", STILL, plast_open_csv}};

static int open_source(struct plast_split *split, const struct source *source, const char *rest,
                       const struct plast_request *request)
{
    const struct plast_model *model = request->model;
    if (source->axis == TIMED && !model->frames)
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "%s: recordings have a time axis, but the input of '%s' has none: it is"
                          " declared with `|> events`",
                          source->name, model->name);
    if (source->axis == STILL && model->frames)
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "%s: its samples have no time axis, but '%s' takes events in %" PRId64
                          " frames: events:DIR, npy:X.npy,Y.npy and glyphs have one",
                          source->name, model->name, model->frames);
    return source->open(split, rest, request);
}

static int open_spec(struct plast_split *split, const char *spec, int depth,
                     const struct plast_request *request)
{
    const char *rest;
    if (depth > DEEPEST_SPEC)
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "data source nested more than %d deep", DEEPEST_SPEC);
    if ((rest = after(spec, "first")))
        return open_first(split, rest, depth, request);
    if ((rest = after(spec, "permuted")))
        return open_permuted(split, rest, depth, request);
    if (!strcmp(spec, "glyphs"))
        return plast_open_glyphs(split, request);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if ((rest = after(spec, sources[i].name)))
            return open_source(split, &sources[i], rest, request);
    return plast_fail(request->fault, PLAST_STATUS_USAGE, "unknown data source '%s'; %s", spec,
                      known_sources);
}

int plast_data_open(struct plast_split *split, const char *spec, enum plast_purpose purpose,
                    const struct plast_model *model, uint64_t seed, struct plast_fault *fault)
{
    struct plast_request request = {model, purpose, seed, fault};
    *split = (struct plast_split){0};
    int status = open_spec(split, spec ? spec : "glyphs", 0, &request);
    if (status)
        plast_data_close(split);
    return status;
}
