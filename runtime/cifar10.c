/* cifar10:DIR: the binary batches of CIFAR-10, plain or packed: records of a label and an image.
 * Takes streams, appends what they hold to a set. */
#include "source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { IMAGE = 3 * 32 * 32, RECORD = 1 + IMAGE, CLASSES = 10, CHUNK = 256, BATCHES = 5 };

/* Which batches make a set: bit n for data_batch_n.bin, bit 0 for the test batch. */
struct choice {
    unsigned train, test;
};

static int check_input(const struct plast_request *request)
{
    const struct plast_model *model = request->model;
    const int64_t *shape = model->input_shape;
    char input[80];
    if (model->inputs == IMAGE &&
        (model->input_rank != 3 || (shape[0] == 3 && shape[1] == 32 && shape[2] == 32)))
        return 0;
    return plast_fail(request->fault, PLAST_STATUS_USAGE,
                      "cifar10: images are [3, 32, 32] or, flat, [%d], but the input of '%s' is %s",
                      IMAGE, model->name, plast_print_input(input, sizeof input, model));
}

/* Room for `more` samples behind those that are there. */
static int grow(struct plast_data *data, int64_t *room, int64_t more, const char *name,
                const struct plast_request *request)
{
    if (data->samples + more <= *room)
        return 0;
    int64_t wish = *room + *room / 2 + more;
    uint8_t *bytes = realloc(data->bytes, (size_t)wish * IMAGE);
    data->bytes = bytes ? bytes : data->bytes;
    int32_t *labels = realloc(data->labels, (size_t)wish * sizeof *labels);
    data->labels = labels ? labels : data->labels;
    if (!bytes || !labels)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: no memory for %" PRId64 " images",
                          name, wish);
    *room = wish;
    return 0;
}

static int check_label(int label, int64_t record, const struct plast_stream *s,
                       const struct plast_request *request)
{
    char place[40];
    snprintf(place, sizeof place, "byte %" PRId64, record * RECORD);
    if (label >= CLASSES)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: %s: label %d of record %" PRId64 ", but there are %d classes",
                          s->name, place, label, record, CLASSES);
    return plast_check_label(label, record, s->name, place, request);
}

int plast_read_cifar10(struct plast_data *data, struct plast_stream *s,
                       const struct plast_request *request)
{
    int64_t room = data->samples, first = data->samples, record = 0;
    uint8_t *chunk = malloc((size_t)CHUNK * RECORD);
    size_t got = (size_t)CHUNK * RECORD;
    int status =
        chunk ? 0
              : plast_fail(request->fault, PLAST_STATUS_FILE, "%s: no memory to read it", s->name);
    data->inputs = IMAGE;
    data->outputs = request->model->outputs;
    while (!status && got == (size_t)CHUNK * RECORD) {
        status = plast_stream_read(s, chunk, got, &got, request->fault);
        if (!status)
            status = grow(data, &room, CHUNK, s->name, request);
        for (size_t at = 0; !status && at + RECORD <= got; at += RECORD, record++) {
            status = check_label(chunk[at], record, s, request);
            data->labels[data->samples] = chunk[at];
            memcpy(data->bytes + data->samples++ * IMAGE, chunk + at + 1, IMAGE);
        }
    }
    free(chunk);
    if (!status && got % RECORD)
        status = plast_fail(request->fault, PLAST_STATUS_FILE,
                            "%s: ends at byte %" PRIu64 ", inside record %" PRId64
                            ", which ends at byte %" PRId64,
                            s->name, s->at, record, (record + 1) * RECORD);
    if (!status && data->samples == first)
        status = plast_fail(request->fault, PLAST_STATUS_FILE, "%s: holds no record", s->name);
    return status;
}

static bool exists(const char *path)
{
    struct stat status;
    return !stat(path, &status);
}

/* DIR/NAME.bin as it is, or packed. */
static bool find_variant(char *path, size_t size, const char *folder, const char *name)
{
    static const char *const packed[] = {"", ".gz", ".xz"};
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (snprintf(path, size, "%s/%s.bin%s", folder, name, packed[i]) < (int)size &&
            exists(path))
            return true;
    return false;
}

static int refuse_missing(const char *folder, const char *name, const char *instead,
                          const struct plast_request *request)
{
    if (!exists(folder))
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: %s", folder, strerror(errno));
    return plast_fail(request->fault, PLAST_STATUS_FILE,
                      "%s: holds no %s.bin%s, neither plain nor .gz nor .xz", folder, name,
                      instead);
}

/* Of the test batch there may be only the beginning. */
static int find_batch(char *path, size_t size, const char *folder, int number,
                      const struct plast_request *request)
{
    char name[40];
    if (number == 0)
        return find_variant(path, size, folder, "test_batch") ||
                       find_variant(path, size, folder, "test_batch_first1000")
                   ? 0
                   : refuse_missing(folder, "test_batch", " or test_batch_first1000.bin", request);
    snprintf(name, sizeof name, "data_batch_%d", number);
    return find_variant(path, size, folder, name) ? 0 : refuse_missing(folder, name, "", request);
}

static int read_set(struct plast_data *data, const char *folder, unsigned batches,
                    const struct plast_request *request)
{
    int status = 0;
    for (int n = 0; n <= BATCHES && !status; n++) {
        struct plast_stream stream;
        char path[4096];
        if (!(batches & 1u << n))
            continue;
        status = find_batch(path, sizeof path, folder, n, request);
        if (!status)
            status = plast_stream_open(&stream, path, request->fault);
        if (status)
            break;
        status = plast_read_cifar10(data, &stream, request);
        plast_stream_close(&stream);
    }
    return status;
}

/* "1-4", "1,3-5": returns what follows, or NULL. */
static const char *read_batches(const char *at, unsigned *batches)
{
    *batches = 0;
    for (;; at++) {
        int low = *at - '0', high = low;
        if (low < 1 || low > BATCHES)
            return NULL;
        at++;
        if (*at == '-') {
            high = at[1] - '0';
            if (high < low || high > BATCHES)
                return NULL;
            at += 2;
        }
        for (int n = low; n <= high; n++)
            *batches |= 1u << n;
        if (*at != ',')
            return at;
    }
}

/* "DIR" or "DIR?train=LIST&test=LIST", in either order: where DIR ends, and the batches. */
static bool read_choice(const char *rest, size_t *length, struct choice *choice)
{
    static const struct choice all = {((1u << BATCHES) - 1) << 1, 1};
    const char *at = strrchr(rest, '?');
    bool named = at && (!strncmp(at, "?train=", 7) || !strncmp(at, "?test=", 6));
    *length = named ? (size_t)(at - rest) : strlen(rest);
    *choice = all;
    while (named && *at) {
        bool train = !strncmp(at + 1, "train=", 6);
        if (!train && strncmp(at + 1, "test=", 5))
            return false;
        at = read_batches(at + (train ? 7 : 6), train ? &choice->train : &choice->test);
        if (!at || (*at && *at != '&'))
            return false;
    }
    return *length > 0;
}

int plast_open_cifar10(struct plast_split *split, const char *rest,
                       const struct plast_request *request)
{
    struct choice choice;
    char folder[4000];
    size_t length;
    if (!read_choice(rest, &length, &choice))
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "cifar10:%s: expected cifar10:DIR or cifar10:DIR?train=LIST&test=LIST, "
                          "batches 1 to %d as in 1-4 or 1,3,5",
                          rest, BATCHES);
    if (length >= sizeof folder)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "cifar10: the name is too long");
    if (request->purpose == PLAST_FOR_TRAIN && choice.train & choice.test)
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "cifar10:%s: a batch is in both sets: what is trained on is no test",
                          rest);
    memcpy(folder, rest, length);
    folder[length] = 0;
    int status = check_input(request);
    if (!status && request->purpose == PLAST_FOR_TRAIN)
        status = read_set(&split->train, folder, choice.train, request);
    return status ? status : read_set(&split->test, folder, choice.test, request);
}
