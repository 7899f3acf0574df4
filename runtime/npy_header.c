/* The head of a .npy file: magic bytes, version, length, and a Python dictionary of three known
 * keys. Takes a stream, gives the array's type and shape; trusts nothing in it. */
#include "npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_HEADER = 1 << 16, MAGIC_BYTES = 8 };

/* The dictionary while it is read. */
struct reader {
    const char *text, *at, *end; /* *end is 0 */
    uint64_t begin;              /* where in the file it begins */
    const char *name;
    struct plast_npy *array;
    struct plast_fault *fault;
    int seen_descr, seen_order, seen_shape;
};

static int refuse(struct reader *r, const char *expected)
{
    char found[32] = "its end";
    if (*r->at > ' ' && *r->at < 127)
        snprintf(found, sizeof found, "'%c'", *r->at);
    else if (r->at < r->end)
        snprintf(found, sizeof found, "byte 0x%02x", (unsigned char)*r->at);
    return plast_fail(r->fault, PLAST_STATUS_FILE,
                      "%s: byte %" PRIu64 ": expected %s in the npy header, found %s", r->name,
                      r->begin + (uint64_t)(r->at - r->text), expected, found);
}

static void skip_blanks(struct reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

/* Takes one character if it comes next. */
static int take(struct reader *r, char c)
{
    skip_blanks(r);
    if (*r->at != c)
        return 0;
    r->at++;
    skip_blanks(r);
    return 1;
}

/* 'text' or "text"; what does not fit is cut. */
static int read_string(struct reader *r, char *text, size_t size)
{
    skip_blanks(r);
    char quote = *r->at;
    const char *end = quote == '\'' || quote == '"' ? strchr(r->at + 1, quote) : NULL;
    if (!end)
        return refuse(r, "a string");
    size_t length = (size_t)(end - r->at - 1), used = 0;
    for (size_t i = 0; i < length && used + 1 < size; i++) {
        char c = r->at[1 + i];
        text[used++] = c >= ' ' && c < 127 ? c : '?';
    }
    text[used] = 0;
    r->at = end + 1;
    return 0;
}

/* Keeps `kind` 0 for what is not read: big-endian, complex, records, and so on. */
static int read_descr(struct reader *r)
{
    struct plast_npy *array = r->array;
    skip_blanks(r);
    if (*r->at == '[') {
        strcpy(array->descr, "[...]");
        return plast_fail(r->fault, PLAST_STATUS_FILE,
                          "%s: byte %" PRIu64 ": holds records, not plain numbers", r->name,
                          r->begin + (uint64_t)(r->at - r->text));
    }
    int status = read_string(r, array->descr, sizeof array->descr);
    const char *d = array->descr;
    if (status || strlen(d) != 3)
        return status;
    int width = d[2] - '0', order_fits = d[0] == '<' || (d[0] == '|' && width == 1);
    int known = d[1] == 'f' ? width == 4 || width == 8
                            : (d[1] == 'i' || d[1] == 'u') &&
                                  (width == 1 || width == 2 || width == 4 || width == 8);
    if (known && order_fits) {
        array->kind = d[1];
        array->width = width;
    }
    return 0;
}

static int read_order(struct reader *r)
{
    skip_blanks(r);
    if (!strncmp(r->at, "True", 4))
        return plast_fail(r->fault, PLAST_STATUS_FILE,
                          "%s: byte %" PRIu64 ": an array in Fortran order; save it in C order"
                          " (numpy.ascontiguousarray)",
                          r->name, r->begin + (uint64_t)(r->at - r->text));
    if (strncmp(r->at, "False", 5))
        return refuse(r, "True or False");
    r->at += 5;
    return 0;
}

static int read_size(struct reader *r, uint64_t *size)
{
    if (*r->at < '0' || *r->at > '9')
        return refuse(r, "a size");
    for (*size = 0; *r->at >= '0' && *r->at <= '9'; r->at++) {
        if (*size > (UINT64_C(1) << 48))
            return refuse(r, "a smaller size");
        *size = *size * 10 + (uint64_t)(*r->at - '0');
    }
    if (*r->at == 'L') /* written by Python 2 */
        r->at++;
    return 0;
}

static int read_shape(struct reader *r)
{
    struct plast_npy *array = r->array;
    array->rank = 0;
    if (!take(r, '('))
        return refuse(r, "'('");
    while (!take(r, ')')) {
        if (array->rank == PLAST_NPY_RANK)
            return refuse(r, "at most 8 dimensions");
        int status = read_size(r, &array->shape[array->rank]);
        if (status)
            return status;
        array->rank++;
        if (!take(r, ',') && *r->at != ')')
            return refuse(r, "',' or ')'");
    }
    return 0;
}

static int read_entry(struct reader *r)
{
    char key[16];
    const char *begin = r->at;
    int status = read_string(r, key, sizeof key);
    if (status)
        return status;
    if (!take(r, ':'))
        return refuse(r, "':'");
    int *seen = !strcmp(key, "descr")           ? &r->seen_descr
                : !strcmp(key, "fortran_order") ? &r->seen_order
                : !strcmp(key, "shape")         ? &r->seen_shape
                                                : NULL;
    if (!seen || (*seen)++)
        return plast_fail(r->fault, PLAST_STATUS_FILE, "%s: byte %" PRIu64 ": %s key '%s'", r->name,
                          r->begin + (uint64_t)(begin - r->text), seen ? "repeated" : "unknown",
                          key);
    return seen == &r->seen_descr   ? read_descr(r)
           : seen == &r->seen_order ? read_order(r)
                                    : read_shape(r);
}

static int read_dictionary(struct reader *r)
{
    if (!take(r, '{'))
        return refuse(r, "'{'");
    while (!take(r, '}')) {
        int status = read_entry(r);
        if (status)
            return status;
        if (!take(r, ',') && *r->at != '}')
            return refuse(r, "',' or '}'");
    }
    if (r->at < r->end)
        return refuse(r, "nothing more");
    const char *missing = !r->seen_descr   ? "descr"
                          : !r->seen_order ? "fortran_order"
                          : !r->seen_shape ? "shape"
                                           : NULL;
    if (missing)
        return plast_fail(r->fault, PLAST_STATUS_FILE, "%s: the npy header has no '%s'", r->name,
                          missing);
    return 0;
}

static void print_shape(struct plast_npy *array)
{
    char *text = array->shape_text;
    size_t size = sizeof array->shape_text, used = 1;
    strcpy(text, "(");
    for (int i = 0; i < array->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%" PRIu64, i ? ", " : "",
                                 array->shape[i]);
    if (used < size)
        snprintf(text + used, size - used, array->rank == 1 ? ",)" : ")");
}

static int multiply(uint64_t *product, uint64_t factor)
{
    const uint64_t most = UINT64_C(1) << 53;
    if (factor && *product > most / factor)
        return 0;
    *product *= factor;
    return 1;
}

/* Products in 64 bits, each checked; what passes is at most 2^56 bytes. */
static int multiply_shape(struct plast_npy *array, const char *name, struct plast_fault *fault)
{
    int fits = 1;
    array->row = 1;
    print_shape(array);
    for (int i = 1; i < array->rank; i++)
        fits = fits && multiply(&array->row, array->shape[i]);
    array->elements = array->row;
    if (array->rank)
        fits = fits && multiply(&array->elements, array->shape[0]);
    return fits ? 0
                : plast_fail(fault, PLAST_STATUS_FILE, "%s: shape %s is too large", name,
                             array->shape_text);
}

/* Magic bytes, version and the length of the dictionary. */
static int read_prefix(struct plast_stream *s, uint32_t *length, struct plast_fault *fault)
{
    uint8_t prefix[MAGIC_BYTES + 4] = {0};
    size_t got, more;
    int status = plast_stream_read(s, prefix, MAGIC_BYTES, &got, fault);
    if (status)
        return status;
    if (memcmp(prefix, "\x93NUMPY", got < 6 ? got : 6) || got == 0)
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: byte 0: not an npy file, which begins with \\x93NUMPY", s->name);
    if (got == MAGIC_BYTES && (prefix[6] < 1 || prefix[6] > 3 || prefix[7] != 0))
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: byte 6: npy version %d.%d; 1.0, 2.0 and 3.0 are read", s->name,
                          prefix[6], prefix[7]);
    size_t width = prefix[6] == 1 ? 2 : 4;
    status = plast_stream_read(s, prefix + MAGIC_BYTES, width, &more, fault);
    if (!status && (got < MAGIC_BYTES || more < width))
        status = plast_fail(fault, PLAST_STATUS_FILE, "%s: ends at byte %zu, within the npy header",
                            s->name, got + more);
    *length = (uint32_t)prefix[8] | (uint32_t)prefix[9] << 8 | (uint32_t)prefix[10] << 16 |
              (uint32_t)prefix[11] << 24;
    if (!status && *length > LONGEST_HEADER)
        status = plast_fail(fault, PLAST_STATUS_FILE,
                            "%s: byte %d: an npy header of %" PRIu32 " bytes; at most %d are read",
                            s->name, MAGIC_BYTES, *length, LONGEST_HEADER);
    return status;
}

int plast_read_npy_header(struct plast_npy *array, struct plast_stream *s,
                          struct plast_fault *fault)
{
    uint32_t length = 0;
    uint8_t *text = NULL;
    size_t got;
    *array = (struct plast_npy){0};
    int status = read_prefix(s, &length, fault);
    if (status)
        return status;
    uint64_t begin = s->at;
    status = plast_stream_take(s, length, &text, &got, fault);
    if (status)
        return status;
    struct reader r = {.text = (char *)text,
                       .at = (char *)text,
                       .end = (char *)text + got,
                       .begin = begin,
                       .name = s->name,
                       .array = array,
                       .fault = fault};
    if (got < length)
        status = plast_fail(fault, PLAST_STATUS_FILE,
                            "%s: ends at byte %" PRIu64 ", but its npy header ends at byte"
                            " %" PRIu64,
                            s->name, s->at, begin + length);
    else
        status = read_dictionary(&r);
    free(text);
    return status ? status : multiply_shape(array, s->name, fault);
}
