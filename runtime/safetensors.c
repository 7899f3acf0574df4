/* Bytes -> the checked header of a safetensors file. Every length is compared with what is there
 * before it is used; nothing is allocated that the file did not pay for in bytes. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "safetensors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Longer headers are refused by other readers, too. */
enum { MOST_HEADER = 100000000 };

static const struct {
    const char *name;
    int bytes;
} type_table[] = {{"F64", 8}, {"F32", 4}, {"F16", 2},  {"BF16", 2},    {"I64", 8},
                  {"I32", 4}, {"I16", 2}, {"I8", 1},   {"U64", 8},     {"U32", 4},
                  {"U16", 2}, {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};

static int type_bytes(const char *name)
{
    for (size_t i = 0; i < sizeof type_table / sizeof *type_table; i++)
        if (!strcmp(name, type_table[i].name))
            return type_table[i].bytes;
    return 0;
}

/* Room for one more element; arrays grow by doubling. */
static void *grow(void *array, size_t count, size_t size, struct plast_json *json)
{
    if (count & (count - 1) || (count && count < 8))
        return array;
    void *larger = realloc(array, (count ? 2 * count : 8) * size);
    if (!larger)
        plast_fail(json->fault, PLAST_STATUS_FILE, "%s: no memory for the header", json->name);
    return larger;
}

static bool fail_entry(struct plast_json *json, const struct plast_entry *entry, const char *what)
{
    plast_fail(json->fault, PLAST_STATUS_FILE, "%s: %s: %s", json->name, entry->name, what);
    return false;
}

/* Names are printed in messages. */
static bool is_printable(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name < 0x20 || *name == 0x7f)
            return false;
    return true;
}

static bool read_shape(struct plast_json *json, struct plast_entry *entry)
{
    if (!plast_json_pass(json, '['))
        return false;
    entry->rank = 0;
    while (!plast_json_sees(json, ']')) {
        if (entry->rank == PLAST_MOST_RANK)
            return fail_entry(json, entry, "has more than 8 dimensions");
        if (entry->rank && !plast_json_pass(json, ','))
            return false;
        if (!plast_json_integer(json, &entry->shape[entry->rank++]))
            return false;
    }
    return plast_json_pass(json, ']');
}

static bool read_offsets(struct plast_json *json, struct plast_entry *entry)
{
    int64_t begin, end;
    if (!plast_json_pass(json, '[') || !plast_json_integer(json, &begin) ||
        !plast_json_pass(json, ',') || !plast_json_integer(json, &end) ||
        !plast_json_pass(json, ']'))
        return false;
    entry->begin = (uint64_t)begin;
    entry->end = (uint64_t)end;
    return true;
}

/* One of dtype, shape, data_offsets; `seen` tells which have been read. */
static bool read_field(struct plast_json *json, struct plast_entry *entry, unsigned *seen)
{
    const char *key = plast_json_string(json);
    if (!key || !plast_json_pass(json, ':'))
        return false;
    unsigned field = !strcmp(key, "dtype")          ? 1
                     : !strcmp(key, "shape")        ? 2
                     : !strcmp(key, "data_offsets") ? 4
                                                    : 0;
    if (!field || *seen & field)
        return fail_entry(json, entry,
                          field ? "says something twice"
                                : "has a key other than dtype, shape, data_offsets");
    *seen |= field;
    if (field == 2)
        return read_shape(json, entry);
    if (field == 4)
        return read_offsets(json, entry);
    entry->type = plast_json_string(json);
    return entry->type != NULL;
}

/* The bytes that a shape needs; false if they are not a size_t. */
static bool count_bytes(const struct plast_entry *entry, uint64_t *bytes)
{
    bool fits = true;
    *bytes = (uint64_t)type_bytes(entry->type);
    for (int i = 0; i < entry->rank; i++)
        if (entry->shape[i] == 0) {
            *bytes = 0;
            return true;
        }
    for (int i = 0; i < entry->rank && fits; i++) {
        fits = *bytes <= (uint64_t)INT64_MAX / (uint64_t)entry->shape[i];
        *bytes *= (uint64_t)entry->shape[i];
    }
    return fits;
}

static bool check_entry(struct plast_json *json, const struct plast_entry *entry, unsigned seen)
{
    uint64_t bytes;
    if (seen != 7)
        return fail_entry(json, entry, "lacks one of dtype, shape, data_offsets");
    if (!type_bytes(entry->type))
        return fail_entry(json, entry, "has a dtype that is not known");
    if (entry->begin > entry->end || !count_bytes(entry, &bytes) ||
        bytes != entry->end - entry->begin)
        return fail_entry(json, entry, "data_offsets are not as long as dtype and shape say");
    return true;
}

static bool read_entry(struct plast_json *json, struct plast_safetensors *file, const char *name)
{
    unsigned seen = 0;
    struct plast_entry *array = grow(file->entry, file->entries, sizeof *array, json);
    if (!array)
        return false;
    file->entry = array;
    struct plast_entry *entry = &array[file->entries++];
    *entry = (struct plast_entry){.name = name};
    if (!is_printable(name)) {
        plast_fail(json->fault, PLAST_STATUS_FILE, "%s: a tensor's name has a control character",
                   json->name);
        return false;
    }
    if (!plast_json_pass(json, '{'))
        return false;
    while (!plast_json_sees(json, '}'))
        if ((seen && !plast_json_pass(json, ',')) || !read_field(json, entry, &seen))
            return false;
    return plast_json_pass(json, '}') && check_entry(json, entry, seen);
}

static bool read_metadata(struct plast_json *json, struct plast_safetensors *file)
{
    if (file->metadata) {
        plast_fail(json->fault, PLAST_STATUS_FILE, "%s: __metadata__ is there twice", json->name);
        return false;
    }
    if (!plast_json_pass(json, '{'))
        return false;
    while (!plast_json_sees(json, '}')) {
        if (file->pairs && !plast_json_pass(json, ','))
            return false;
        struct plast_pair *array = grow(file->metadata, file->pairs, sizeof *array, json);
        if (!array)
            return false;
        file->metadata = array;
        struct plast_pair *pair = &array[file->pairs];
        pair->key = plast_json_string(json);
        if (!pair->key || !plast_json_pass(json, ':'))
            return false;
        pair->value = plast_json_string(json);
        if (!pair->value)
            return false;
        file->pairs++;
    }
    return plast_json_pass(json, '}');
}

static bool read_header(struct plast_json *json, struct plast_safetensors *file)
{
    bool first = true;
    if (!plast_json_pass(json, '{'))
        return false;
    for (; !plast_json_sees(json, '}'); first = false) {
        if (!first && !plast_json_pass(json, ','))
            return false;
        const char *name = plast_json_string(json);
        if (!name || !plast_json_pass(json, ':'))
            return false;
        if (!strcmp(name, "__metadata__") ? !read_metadata(json, file)
                                          : !read_entry(json, file, name))
            return false;
    }
    json->at++;
    plast_json_sees(json, ' ');
    return json->at == json->end || plast_json_wrong(json, "nothing but blanks");
}

static int compare_begin(const void *a, const void *b)
{
    const struct plast_entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int compare_name(const void *a, const void *b)
{
    const struct plast_entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int compare_key(const void *a, const void *b)
{
    const struct plast_pair *x = a, *y = b;
    return strcmp(x->key, y->key);
}

/* The ranges must follow each other from the first byte of the values to the last. */
static bool check_ranges(struct plast_json *json, struct plast_safetensors *file, uint64_t values)
{
    uint64_t at = 0;
    if (file->entries)
        qsort(file->entry, file->entries, sizeof *file->entry, compare_begin);
    for (size_t i = 0; i < file->entries; i++) {
        const struct plast_entry *entry = &file->entry[i];
        if (entry->end > values)
            return fail_entry(json, entry, "its values end behind the end of the file");
        if (entry->begin != at)
            return fail_entry(json, entry,
                              entry->begin < at ? "its values overlap those of another tensor"
                                                : "there is a gap before its values");
        at = entry->end;
    }
    if (at == values)
        return true;
    plast_fail(json->fault, PLAST_STATUS_FILE, "%s: %llu bytes at the end belong to no tensor",
               json->name, (unsigned long long)(values - at));
    return false;
}

/* Sorts by name for plast_find_entry(); equal neighbours are the same name twice. */
static bool check_names(struct plast_json *json, struct plast_safetensors *file)
{
    if (file->entries)
        qsort(file->entry, file->entries, sizeof *file->entry, compare_name);
    if (file->pairs)
        qsort(file->metadata, file->pairs, sizeof *file->metadata, compare_key);
    for (size_t i = 1; i < file->entries; i++)
        if (!compare_name(&file->entry[i - 1], &file->entry[i]))
            return fail_entry(json, &file->entry[i], "is there twice");
    for (size_t i = 1; i < file->pairs; i++)
        if (!compare_key(&file->metadata[i - 1], &file->metadata[i])) {
            plast_fail(json->fault, PLAST_STATUS_FILE, "%s: __metadata__ has a key twice",
                       json->name);
            return false;
        }
    return true;
}

/* Takes over the text. */
static int parse_text(struct plast_safetensors *file, const char *name, char *text, uint64_t length,
                      uint64_t values, struct plast_fault *fault)
{
    struct plast_json json = {text, text, text + length, name, fault};
    *file = (struct plast_safetensors){.text = text, .data = length + 8};
    if (read_header(&json, file) && check_ranges(&json, file, values) && check_names(&json, file))
        return 0;
    plast_free_safetensors(file);
    return PLAST_STATUS_FILE;
}

int plast_parse_safetensors(struct plast_safetensors *file, const char *name, const char *header,
                            uint64_t length, uint64_t values, struct plast_fault *fault)
{
    *file = (struct plast_safetensors){0};
    char *text = length <= MOST_HEADER ? malloc((size_t)length + 1) : NULL;
    if (!text)
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: no memory for a header of %llu bytes",
                          name, (unsigned long long)length);
    memcpy(text, header, (size_t)length);
    return parse_text(file, name, text, length, values, fault);
}

int plast_header_length(const char *name, const unsigned char *bytes, uint64_t size,
                        uint64_t *length, struct plast_fault *fault)
{
    if (size < 8)
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: has %llu bytes, not the 8 that a safetensors file begins with", name,
                          (unsigned long long)size);
    *length = 0;
    for (int i = 7; i >= 0; i--)
        *length = *length << 8 | bytes[i];
    if (*length > size - 8 || *length > MOST_HEADER)
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: bytes 0 to 7 claim a header of %llu bytes; %llu are there: not a "
                          "safetensors file, or cut off",
                          name, (unsigned long long)*length, (unsigned long long)(size - 8));
    return 0;
}

static int read_length(const char *name, FILE *from, uint64_t *length, uint64_t *size,
                       struct plast_fault *fault)
{
    unsigned char bytes[8] = {0};
    struct stat there;
    if (fstat(fileno(from), &there))
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: %s", name, strerror(errno));
    if (!S_ISREG(there.st_mode))
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: is not a regular file", name);
    *size = (uint64_t)there.st_size;
    if (fread(bytes, 1, 8, from) != 8)
        *size = *size < 8 ? *size : 0;
    return plast_header_length(name, bytes, *size, length, fault);
}

int plast_read_safetensors(struct plast_safetensors *file, const char *name, FILE *from,
                           struct plast_fault *fault)
{
    uint64_t length = 0, size = 0;
    *file = (struct plast_safetensors){0};
    int status = read_length(name, from, &length, &size, fault);
    if (status)
        return status;
    char *text = malloc((size_t)length + 1);
    if (!text)
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: no memory for the header", name);
    if (fread(text, 1, (size_t)length, from) != length) {
        free(text);
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: the header cannot be read", name);
    }
    return parse_text(file, name, text, length, size - 8 - length, fault);
}

void plast_free_safetensors(struct plast_safetensors *file)
{
    free(file->text);
    free(file->entry);
    free(file->metadata);
    *file = (struct plast_safetensors){0};
}

const struct plast_entry *plast_find_entry(const struct plast_safetensors *file, const char *name)
{
    struct plast_entry key = {.name = name};
    return file->entries ? bsearch(&key, file->entry, file->entries, sizeof key, compare_name)
                         : NULL;
}

const char *plast_find_metadata(const struct plast_safetensors *file, const char *key)
{
    struct plast_pair wanted = {.key = key};
    const struct plast_pair *pair =
        file->pairs ? bsearch(&wanted, file->metadata, file->pairs, sizeof wanted, compare_key)
                    : NULL;
    return pair ? pair->value : NULL;
}

void plast_little_endian(void *values, size_t size, size_t count)
{
    const uint16_t probe = 1;
    unsigned char *at = values;
    if (*(const unsigned char *)&probe || size == 1)
        return;
    for (; count; count--, at += size)
        for (size_t i = 0; i < size / 2; i++) {
            unsigned char kept = at[i];
            at[i] = at[size - 1 - i];
            at[size - 1 - i] = kept;
        }
}
