/* npy:X.npy,Y.npy: arrays as numpy saves them. Takes the array that npy_header.c describes, gives
 * bytes or floats as inputs and labels or targets as answers. */
#include "npy.h"

#include "source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads the elements and the end of the file behind them. */
static int take_elements(struct plast_stream *s, const struct plast_npy *array, uint8_t **bytes,
                         struct plast_fault *fault)
{
    uint64_t begin = s->at, size = array->elements * (uint64_t)array->width;
    size_t got;
    int status = plast_stream_take(s, size, bytes, &got, fault);
    if (status)
        return status;
    if (got < size)
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: ends at byte %" PRIu64 ", but an array %s of '%s' ends at byte"
                          " %" PRIu64,
                          s->name, s->at, array->shape_text, array->descr, begin + size);
    uint8_t more;
    status = plast_stream_read(s, &more, 1, &got, fault);
    if (!status && got)
        status = plast_fail(fault, PLAST_STATUS_FILE,
                            "%s: byte %" PRIu64 ": the file goes on after an array %s of '%s'",
                            s->name, begin + size, array->shape_text, array->descr);
    return status;
}

/* Little-endian, whatever this machine is. */
static uint64_t read_bits(const uint8_t *at, int width)
{
    uint64_t bits = 0;
    for (int i = width - 1; i >= 0; i--)
        bits = bits << 8 | at[i];
    return bits;
}

static double read_real(const uint8_t *at, int width)
{
    uint64_t bits = read_bits(at, width);
    uint32_t low = (uint32_t)bits;
    float single;
    double real;
    memcpy(&single, &low, sizeof single);
    memcpy(&real, &bits, sizeof real);
    return width == 4 ? (double)single : real;
}

/* True for what a float holds: not for NaN, infinities and doubles beyond its range. */
static int fits_float(double x)
{
    return x >= -0x1.fffffefffffffp+127 && x <= 0x1.fffffefffffffp+127;
}

/* Converts in place: an element of the result never begins behind the one it is made from. */
static int convert_reals(uint8_t *bytes, const struct plast_npy *array, uint64_t begin,
                         const char *name, struct plast_fault *fault)
{
    for (uint64_t i = 0; i < array->elements; i++) {
        double real = read_real(bytes + i * (uint64_t)array->width, array->width);
        if (!fits_float(real))
            return plast_fail(fault, PLAST_STATUS_FILE,
                              "%s: byte %" PRIu64 ": element %" PRIu64 " of sample %" PRIu64
                              " is %g, which is not a finite float",
                              name, begin + i * (uint64_t)array->width, i % array->row,
                              i / array->row, real);
        float single = (float)real;
        memcpy(bytes + i * sizeof single, &single, sizeof single);
    }
    return 0;
}

static int take_reals(struct plast_stream *s, const struct plast_npy *array, float **floats,
                      struct plast_fault *fault)
{
    uint8_t *bytes = NULL;
    uint64_t begin = s->at;
    int status = take_elements(s, array, &bytes, fault);
    if (!status)
        status = convert_reals(bytes, array, begin, s->name, fault);
    if (status) {
        free(bytes);
        return status;
    }
    size_t size = (size_t)array->elements * sizeof(float);
    void *less = realloc(bytes, size ? size : 1);
    *floats = less ? less : (void *)bytes;
    return 0;
}

/* A model of three dimensions wants them, but for a leading 1; one of one dimension takes any.
 * Frames may be a dimension of their own, the first of a sample. */
static int row_fits(const struct plast_npy *array, const struct plast_model *model)
{
    int first = model->frames && array->rank > 2 ? 2 : 1;
    if (array->row != (uint64_t)plast_sample_size(model) ||
        (first == 2 && array->shape[1] != (uint64_t)model->frames))
        return 0;
    if (model->input_rank < 3 || array->rank == first + 1)
        return 1;
    int skipped = model->input_shape[0] == 1 && array->rank == first + 2;
    if (array->rank - first + skipped != model->input_rank)
        return 0;
    for (int i = skipped; i < model->input_rank; i++)
        if (array->shape[first + i - skipped] != (uint64_t)model->input_shape[i])
            return 0;
    return 1;
}

/* "(N, 784)", or, with frames, "(N, 10, 2312)". */
static const char *print_expected(char *text, size_t size, const struct plast_model *model)
{
    if (model->frames)
        snprintf(text, size, "(N, %" PRId64 ", %" PRId64 ")", model->frames, model->inputs);
    else
        snprintf(text, size, "(N, %" PRId64 ")", model->inputs);
    return text;
}

static int check_inputs(const struct plast_npy *array, const char *name,
                        const struct plast_request *request)
{
    char input[80], expected[80];
    if (!array->kind || (array->kind == 'u' && array->width != 1) || array->kind == 'i')
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: elements of type '%s'; inputs are read as '<f4', '<f8' or '|u1'",
                          name, array->descr);
    if (array->rank == 0 || !row_fits(array, request->model))
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: shape %s, but the input of '%s' is %s, so %s is expected", name,
                          array->shape_text, request->model->name,
                          plast_print_input(input, sizeof input, request->model),
                          print_expected(expected, sizeof expected, request->model));
    if (array->elements == 0)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: shape %s holds no samples", name,
                          array->shape_text);
    return 0;
}

int plast_read_npy_inputs(struct plast_data *data, struct plast_stream *s,
                          const struct plast_request *request)
{
    struct plast_npy array;
    int status = plast_read_npy_header(&array, s, request->fault);
    if (!status)
        status = check_inputs(&array, s->name, request);
    if (status)
        return status;
    data->samples = (int64_t)array.shape[0];
    data->inputs = plast_sample_size(request->model);
    data->frames = request->model->frames;
    data->outputs = request->model->outputs;
    if (array.kind == 'u')
        return take_elements(s, &array, &data->bytes, request->fault);
    return take_reals(s, &array, &data->floats, request->fault);
}

static int64_t read_integer(const uint8_t *at, const struct plast_npy *array)
{
    uint64_t bits = read_bits(at, array->width);
    int spare = 64 - 8 * array->width;
    if (array->kind == 'u')
        return bits > INT64_MAX ? INT64_MAX : (int64_t)bits;
    uint64_t sign = UINT64_C(1) << (8 * array->width - 1);
    /* The sign bit is carried up without a shift of a negative number. */
    return spare ? (int64_t)(bits ^ sign) - (int64_t)sign
                 : (bits & sign ? -(int64_t)~bits - 1 : (int64_t)bits);
}

static int take_labels(struct plast_data *data, struct plast_stream *s,
                       const struct plast_npy *array, const struct plast_request *request)
{
    uint8_t *bytes = NULL;
    uint64_t begin = s->at;
    int status = take_elements(s, array, &bytes, request->fault);
    if (!status && !(data->labels = malloc((size_t)data->samples * sizeof(int32_t))))
        status =
            plast_fail(request->fault, PLAST_STATUS_FILE, "%s: no memory for its labels", s->name);
    for (int64_t i = 0; !status && i < data->samples; i++) {
        char place[40];
        uint64_t at = (uint64_t)i * (uint64_t)array->width;
        int64_t label = read_integer(bytes + at, array);
        if (label >= 0 && label < data->outputs) {
            data->labels[i] = (int32_t)label;
            continue;
        }
        snprintf(place, sizeof place, "byte %" PRIu64, begin + at);
        status = plast_check_label(label, i, s->name, place, request);
    }
    free(bytes);
    return status;
}

static int check_answers(const struct plast_npy *array, const struct plast_data *data,
                         const char *name, const struct plast_request *request)
{
    const struct plast_model *model = request->model;
    if (!array->kind)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: elements of type '%s'; labels are read as integers, targets as"
                          " '<f4' or '<f8'",
                          name, array->descr);
    if (array->kind == 'f' && model->loss == PLAST_CROSS_ENTROPY)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: elements of type '%s', but '%s' has the loss cross_entropy, which"
                          " needs integer labels",
                          name, array->descr, model->name);
    uint64_t row = array->kind == 'f' ? (uint64_t)model->outputs : 1;
    if (array->rank == 0 || array->row != row)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: shape %s, but %s of '%s' have the shape (N, %" PRIu64 ")", name,
                          array->shape_text, array->kind == 'f' ? "targets" : "labels", model->name,
                          row);
    if (array->shape[0] != (uint64_t)data->samples)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: answers for %" PRIu64 " samples, but there are inputs for %" PRId64,
                          name, array->shape[0], data->samples);
    return 0;
}

int plast_read_npy_answers(struct plast_data *data, struct plast_stream *s,
                           const struct plast_request *request)
{
    struct plast_npy array;
    int status = plast_read_npy_header(&array, s, request->fault);
    if (!status)
        status = check_answers(&array, data, s->name, request);
    if (status)
        return status;
    if (array.kind == 'f')
        return take_reals(s, &array, &data->targets, request->fault);
    return take_labels(data, s, &array, request);
}

static int read_file(struct plast_data *data, const char *path,
                     int (*read)(struct plast_data *, struct plast_stream *,
                                 const struct plast_request *),
                     const struct plast_request *request)
{
    struct plast_stream stream;
    int status = plast_stream_open(&stream, path, request->fault);
    if (status)
        return status;
    status = read(data, &stream, request);
    plast_stream_close(&stream);
    return status;
}

/* The comma between the names: the one behind ".npy" if a name holds commas itself. */
static const char *find_comma(const char *rest)
{
    const char *ending = strstr(rest, ".npy,");
    return ending ? ending + 4 : strchr(rest, ',');
}

int plast_open_npy(struct plast_split *split, const char *rest, const struct plast_request *request)
{
    const char *comma = find_comma(rest);
    struct plast_data *data = plast_sole_set(split, request);
    int answers = comma && comma[1];
    if (!*rest || comma == rest || (comma && !comma[1]) ||
        (!answers && request->purpose != PLAST_FOR_PREDICT))
        return plast_fail(request->fault, PLAST_STATUS_USAGE, "npy:%s: expected npy:X.npy,Y.npy%s",
                          rest, request->purpose == PLAST_FOR_PREDICT ? " or npy:X.npy" : "");
    char *name = malloc(strlen(rest) + 1);
    if (!name)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "no memory for a name");
    strcpy(name, rest);
    if (comma)
        name[comma - rest] = 0;
    int status = read_file(data, name, plast_read_npy_inputs, request);
    if (!status && answers)
        status = read_file(data, comma + 1, plast_read_npy_answers, request);
    free(name);
    return status;
}
