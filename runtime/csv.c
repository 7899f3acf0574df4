/* csv:FILE: numbers in lines, separated by commas, semicolons or blanks, perhaps under a line of
 * names, perhaps in quotes; the class or the targets stand last. Takes a stream, gives floats and
 * labels or targets. Relies on csv_number.c for single numbers. */
#include "csv.h"

#include "source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file while it is read. */
struct table {
    const char *at, *end; /* *end is 0 */
    int64_t line;         /* 1-based, the one being read */
    char separator;       /* ',', ';', or ' ' for blanks; 0: not seen yet */
    int64_t columns;      /* of each line */
    int64_t inputs, targets;
    int64_t rows, room;
    float *row; /* [columns], the line being read */
    struct plast_data *data;
    const char *name;
    const struct plast_request *request;
};

static int refuse_line(struct table *t, const char *text)
{
    return plast_fail(t->request->fault, PLAST_STATUS_FILE, "%s: line %" PRId64 ": %s", t->name,
                      t->line, text);
}

static void skip_blanks(struct table *t)
{
    while (*t->at == ' ' || *t->at == '\t' ||
           (*t->at == '\r' && (t->at[1] == '\n' || t->at + 1 == t->end)))
        t->at++;
}

static int at_line_end(const struct table *t)
{
    return t->at == t->end || *t->at == '\n';
}

/* What stands at this place, for messages: up to the next separator, made printable. */
static void quote_field(const struct table *t, char *text, size_t size)
{
    size_t used = 0;
    const char *at = t->at;
    for (; at < t->end && (!*at || !strchr(",; \t\n", *at)) && used + 4 < size; at++)
        text[used++] = *at >= ' ' && *at < 127 ? *at : '?';
    if (used + 4 == size) {
        memcpy(text + used, "...", 3);
        used += 3;
    }
    text[used] = 0;
}

static int refuse_field(struct table *t, int64_t column, enum plast_number found)
{
    char field[28], text[120];
    quote_field(t, field, sizeof field);
    if (at_line_end(t) || *t->at == ',' || *t->at == ';')
        snprintf(text, sizeof text, "value %" PRId64 " is missing", column + 1);
    else if (found == PLAST_NUMBER_INFINITE)
        snprintf(text, sizeof text, "value %" PRId64 " is %s, which is not a finite float",
                 column + 1, field);
    else
        snprintf(text, sizeof text, "value %" PRId64 " is '%s', not a number", column + 1, field);
    return refuse_line(t, text);
}

/* One number, with or without quotes, into row[column] (values past the expected are counted by
 * the caller, not kept). */
static int read_field(struct table *t, int64_t column)
{
    float value;
    const char *from = t->at;
    char quote = *t->at == '"' || *t->at == '\'' ? *t->at++ : 0;
    enum plast_number found = plast_read_number(&t->at, t->end, &value);
    int good = found == PLAST_NUMBER_GOOD;
    if (good && quote)
        good = *t->at++ == quote;
    skip_blanks(t);
    int blank = t->at > from && (t->at[-1] == ' ' || t->at[-1] == '\t');
    if (!good || !(blank || at_line_end(t) || *t->at == ',' || *t->at == ';')) {
        t->at = from;
        return refuse_field(t, column, found);
    }
    if (column < t->columns)
        t->row[column] = value;
    return 0;
}

/* Between two values of a line; the first one seen is the one of the file. */
static int read_separator(struct table *t, int64_t column)
{
    char text[100], separator = *t->at == ',' || *t->at == ';' ? *t->at : ' ';
    if (!t->separator)
        t->separator = separator;
    if (separator != t->separator) {
        snprintf(text, sizeof text, "%s after value %" PRId64 " in a file separated by %s",
                 separator == ' '   ? "a blank"
                 : separator == ',' ? "a comma"
                                    : "a semicolon",
                 column,
                 t->separator == ' '   ? "blanks"
                 : t->separator == ',' ? "commas"
                                       : "semicolons");
        return refuse_line(t, text);
    }
    if (separator != ' ')
        t->at++;
    skip_blanks(t);
    return 0;
}

static int refuse_columns(struct table *t, int64_t found)
{
    char input[80], last[80];
    const struct plast_model *model = t->request->model;
    if (t->columns == t->inputs) {
        snprintf(last, sizeof last, "%" PRId64 " values among lines of %" PRId64, found,
                 t->columns);
        return refuse_line(t, last);
    }
    if (t->targets)
        snprintf(last, sizeof last, "%" PRId64 " target%s", t->targets, t->targets > 1 ? "s" : "");
    else
        snprintf(last, sizeof last, "the class");
    return plast_fail(t->request->fault, PLAST_STATUS_FILE,
                      "%s: line %" PRId64 ": %" PRId64 " value%s, but the input %s of '%s' and %s"
                      " are %" PRId64,
                      t->name, t->line, found, found == 1 ? "" : "s",
                      plast_print_input(input, sizeof input, model), model->name, last,
                      t->inputs + (t->targets ? t->targets : 1));
}

/* A file to predict on may end its lines with the inputs; the first line says. */
static int is_width(struct table *t, int64_t found)
{
    if (found == t->columns)
        return 1;
    if (t->rows || t->request->purpose != PLAST_FOR_PREDICT || found != t->inputs)
        return 0;
    t->columns = found;
    return 1;
}

static int read_row(struct table *t)
{
    for (int64_t column = 0;; column++) {
        int status = column ? read_separator(t, column) : 0;
        if (!status)
            status = read_field(t, column);
        if (status)
            return status;
        if (at_line_end(t))
            return is_width(t, column + 1) ? 0 : refuse_columns(t, column + 1);
    }
}

/* realloc of one array to `room` rows; the old one stays where it fails. */
static int grow_floats(float **array, int64_t room, int64_t width)
{
    if (width > INT64_MAX / 8 / room)
        return 0;
    float *grown = realloc(*array, (size_t)room * (size_t)width * sizeof **array);
    *array = grown ? grown : *array;
    return grown != NULL;
}

static int grow_labels(int32_t **array, int64_t room)
{
    int32_t *grown = realloc(*array, (size_t)room * sizeof **array);
    *array = grown ? grown : *array;
    return grown != NULL;
}

/* Room for one more row in all arrays. */
static int grow_arrays(struct table *t)
{
    if (t->rows < t->room)
        return 0;
    int64_t room = t->room ? t->room * 2 : 16;
    int good = grow_floats(&t->data->floats, room, t->inputs);
    if (good && t->targets)
        good = grow_floats(&t->data->targets, room, t->targets);
    else if (good && t->columns > t->inputs)
        good = grow_labels(&t->data->labels, room);
    if (!good)
        return plast_fail(t->request->fault, PLAST_STATUS_FILE,
                          "%s: no memory for more than %" PRId64 " samples", t->name, t->rows);
    t->room = room;
    return 0;
}

static int keep_class(struct table *t, float value)
{
    char text[80];
    if (!(value > -0x1p31f && value < 0x1p31f) || (float)(int32_t)value != value) {
        snprintf(text, sizeof text, "the class, its last value, is %g, not a whole number",
                 (double)value);
        return refuse_line(t, text);
    }
    snprintf(text, sizeof text, "line %" PRId64, t->line);
    t->data->labels[t->rows] = (int32_t)value;
    return plast_check_label((int32_t)value, t->rows, t->name, text, t->request);
}

static int keep_row(struct table *t)
{
    int status = grow_arrays(t);
    if (status)
        return status;
    const float *answer = t->row + t->inputs;
    memcpy(t->data->floats + t->rows * t->inputs, t->row, (size_t)t->inputs * sizeof *t->row);
    if (t->columns > t->inputs && t->targets)
        memcpy(t->data->targets + t->rows * t->targets, answer,
               (size_t)t->targets * sizeof *answer);
    else if (t->columns > t->inputs)
        status = keep_class(t, *answer);
    t->rows++;
    return status;
}

static int read_lines(struct table *t)
{
    int status = 0, begun = 0;
    for (t->line = 1; !status && t->at < t->end; t->line++) {
        skip_blanks(t);
        if (!at_line_end(t) && !begun && plast_is_line_of_names(t->at, t->end)) {
            const char *next = memchr(t->at, '\n', (size_t)(t->end - t->at));
            t->at = next ? next : t->end;
            begun = 1;
        } else if (!at_line_end(t)) {
            begun = 1;
            status = read_row(t);
            if (!status)
                status = keep_row(t);
        }
        t->at += !status && t->at < t->end;
    }
    if (!status && t->rows == 0)
        return plast_fail(t->request->fault, PLAST_STATUS_FILE, "%s: holds no samples", t->name);
    return status;
}

/* Targets in the file must be what the model gives, and its loss one that takes them. */
static int check_targets(int64_t targets, const char *name, const struct plast_request *request)
{
    const struct plast_model *model = request->model;
    if (targets && model->loss == PLAST_CROSS_ENTROPY)
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "csv:%s?targets=%" PRId64 ": '%s' has the loss cross_entropy, which needs"
                          " classes",
                          name, targets, model->name);
    if (targets && targets != model->outputs)
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "csv:%s?targets=%" PRId64 ": the output of '%s' has %" PRId64 " values",
                          name, targets, model->name, model->outputs);
    return 0;
}

int plast_read_csv(struct plast_data *data, struct plast_stream *s, int64_t targets,
                   const struct plast_request *request)
{
    uint8_t *bytes = NULL;
    size_t size;
    int status = check_targets(targets, s->name, request);
    if (!status)
        status = plast_stream_take(s, UINT64_MAX, &bytes, &size, request->fault);
    if (status)
        return status;
    struct table t = {.at = (char *)bytes,
                      .end = (char *)bytes + size,
                      .inputs = request->model->inputs,
                      .targets = targets,
                      .data = data,
                      .name = s->name,
                      .request = request};
    t.columns = t.inputs + (targets ? targets : 1);
    t.row = malloc((size_t)t.columns * sizeof *t.row);
    if (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
        t.at += 3;
    status =
        t.row ? read_lines(&t)
              : plast_fail(request->fault, PLAST_STATUS_FILE, "%s: no memory for a line", s->name);
    data->samples = t.rows;
    data->inputs = t.inputs;
    data->outputs = request->model->outputs;
    free(t.row);
    free(bytes);
    return status;
}

/* "FILE" or "FILE?targets=K": where the name ends, and K. */
static int split_options(const char *rest, size_t *length, int64_t *targets)
{
    const char *option = strrchr(rest, '?');
    *length = strlen(rest);
    *targets = 0;
    if (!option || !strchr(option, '='))
        return *length > 0;
    *length = (size_t)(option - rest);
    if (strncmp(option, "?targets=", 9) || strspn(option + 9, "0123456789") > 9)
        return 0;
    char *end;
    *targets = strtol(option + 9, &end, 10);
    return *length > 0 && !*end && option[9] >= '0' && option[9] <= '9' && *targets > 0;
}

int plast_open_csv(struct plast_split *split, const char *rest, const struct plast_request *request)
{
    size_t length;
    int64_t targets;
    if (!split_options(rest, &length, &targets))
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "csv:%s: expected csv:FILE or csv:FILE?targets=K with K at least 1",
                          rest);
    char *name = malloc(length + 1);
    if (!name)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "no memory for a name");
    memcpy(name, rest, length);
    name[length] = 0;
    struct plast_stream stream;
    int status = plast_stream_open(&stream, name, request->fault);
    if (!status) {
        status = plast_read_csv(plast_sole_set(split, request), &stream, targets, request);
        plast_stream_close(&stream);
    }
    free(name);
    return status;
}
