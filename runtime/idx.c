/* idx:DIR: the four files of MNIST and the sets that share its format, big-endian headers
 * followed by bytes. Takes streams, gives images and labels that fit the model. */
#include "source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { IMAGE_MAGIC = 0x803, LABEL_MAGIC = 0x801, IMAGE_HEADER = 16, LABEL_HEADER = 8 };

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Reads and checks what both kinds of file begin with. */
static int read_header(struct plast_stream *s, uint8_t *header, size_t size, uint32_t magic,
                       const char *what, const struct plast_request *request)
{
    size_t got;
    int status = plast_stream_read(s, header, size, &got, request->fault);
    if (status)
        return status;
    if (got >= 4 && big_endian(header) != magic)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: byte 0: magic number 0x%08" PRIx32 ", but idx files of %s begin with"
                          " 0x%08" PRIx32,
                          s->name, big_endian(header), what, magic);
    if (got < size)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: ends at byte %zu, but the header of an idx file of %s has %zu bytes",
                          s->name, got, what, size);
    if (big_endian(header + 4) == 0)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: byte 4: a count of 0 %s", s->name,
                          what);
    return 0;
}

/* Exactly `size` bytes and then the end. */
static int take_rest(struct plast_stream *s, uint64_t size, const char *what, uint8_t **bytes,
                     const struct plast_request *request)
{
    uint64_t begin = s->at;
    size_t got;
    int status = plast_stream_take(s, size, bytes, &got, request->fault);
    if (status)
        return status;
    if (got < size)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: ends at byte %" PRIu64 ", but %s end at byte %" PRIu64, s->name,
                          s->at, what, begin + size);
    uint8_t more;
    status = plast_stream_read(s, &more, 1, &got, request->fault);
    if (!status && got)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: byte %" PRIu64 ": the file goes on after %s", s->name, begin + size,
                          what);
    return status;
}

/* A model of one dimension takes any image with as many points. */
static int image_fits(const struct plast_model *model, uint64_t height, uint64_t width)
{
    if (height * width != (uint64_t)model->inputs)
        return 0;
    if (model->input_rank < 3)
        return 1;
    return model->input_shape[0] == 1 && (uint64_t)model->input_shape[1] == height;
}

int plast_read_idx_images(struct plast_data *data, struct plast_stream *s,
                          const struct plast_request *request)
{
    uint8_t header[IMAGE_HEADER];
    char input[80], what[80];
    int status = read_header(s, header, sizeof header, IMAGE_MAGIC, "images", request);
    if (status)
        return status;
    uint32_t count = big_endian(header + 4);
    uint32_t height = big_endian(header + 8), width = big_endian(header + 12);
    if (!image_fits(request->model, height, width))
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: byte 8: images of %" PRIu32 " x %" PRIu32
                          ", but the input of '%s' is %s",
                          s->name, height, width, request->model->name,
                          plast_print_input(input, sizeof input, request->model));
    snprintf(what, sizeof what, "%" PRIu32 " images of %" PRIu32 " x %" PRIu32, count, height,
             width);
    data->samples = count;
    data->inputs = request->model->inputs;
    data->outputs = request->model->outputs;
    if (data->inputs > INT64_MAX / count)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: %s are too many", s->name, what);
    return take_rest(s, (uint64_t)data->inputs * count, what, &data->bytes, request);
}

static int widen_labels(struct plast_data *data, const uint8_t *bytes, const struct plast_stream *s,
                        const struct plast_request *request)
{
    data->labels = malloc((size_t)data->samples * sizeof(int32_t));
    if (!data->labels)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: no memory for its labels",
                          s->name);
    for (int64_t i = 0; i < data->samples; i++) {
        data->labels[i] = bytes[i];
        if (bytes[i] >= data->outputs) {
            char place[40];
            snprintf(place, sizeof place, "byte %" PRId64, i + LABEL_HEADER);
            return plast_check_label(bytes[i], i, s->name, place, request);
        }
    }
    return 0;
}

int plast_read_idx_labels(struct plast_data *data, struct plast_stream *s,
                          const struct plast_request *request)
{
    uint8_t header[LABEL_HEADER], *bytes = NULL;
    char what[40];
    int status = read_header(s, header, sizeof header, LABEL_MAGIC, "labels", request);
    if (status)
        return status;
    uint32_t count = big_endian(header + 4);
    if (count != data->samples)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: byte 4: %" PRIu32 " labels, but there are %" PRId64 " images",
                          s->name, count, data->samples);
    snprintf(what, sizeof what, "%" PRIu32 " labels", count);
    status = take_rest(s, count, what, &bytes, request);
    if (!status)
        status = widen_labels(data, bytes, s, request);
    free(bytes);
    return status;
}

static int exists(const char *path)
{
    struct stat status;
    return !stat(path, &status);
}

/* Finds PART-WHATs-idxN-ubyte, also written PART-WHATs.idxN-ubyte, each plain or packed. */
static int find_file(char *path, size_t size, const char *folder, const char *part,
                     const char *kind, const struct plast_request *request)
{
    const char *number = !strcmp(kind, "images") ? "idx3" : "idx1";
    for (int variant = 0; variant < 4; variant++) {
        int length = snprintf(path, size, "%s/%s-%s%c%s-ubyte%s", folder, part, kind,
                              variant < 2 ? '-' : '.', number, variant % 2 ? ".gz" : "");
        if (length < 0 || (size_t)length >= size)
            return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: the name is too long",
                              folder);
        if (exists(path))
            return 0;
    }
    if (!exists(folder))
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: %s", folder, strerror(errno));
    return plast_fail(request->fault, PLAST_STATUS_FILE,
                      "%s: holds no %s-%s-%s-ubyte, neither plain nor .gz", folder, part, kind,
                      number);
}

static int
read_part(struct plast_data *data, const char *folder, const char *part, const char *kind,
          int (*read)(struct plast_data *, struct plast_stream *, const struct plast_request *),
          const struct plast_request *request)
{
    char path[4096];
    struct plast_stream stream;
    int status = find_file(path, sizeof path, folder, part, kind, request);
    if (!status)
        status = plast_stream_open(&stream, path, request->fault);
    if (status)
        return status;
    status = read(data, &stream, request);
    plast_stream_close(&stream);
    return status;
}

static int read_set(struct plast_data *data, const char *folder, const char *part,
                    const struct plast_request *request)
{
    int status = read_part(data, folder, part, "images", plast_read_idx_images, request);
    return status ? status
                  : read_part(data, folder, part, "labels", plast_read_idx_labels, request);
}

int plast_open_idx(struct plast_split *split, const char *folder,
                   const struct plast_request *request)
{
    if (!*folder)
        return plast_fail(request->fault, PLAST_STATUS_USAGE, "idx: expected idx:DIR");
    if (request->purpose == PLAST_FOR_TRAIN) {
        int status = read_set(&split->train, folder, "train", request);
        if (status)
            return status;
    }
    return read_set(&split->test, folder, "t10k", request);
}
