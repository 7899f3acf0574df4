/* The header of a safetensors file: eight bytes of length, JSON that names tensors, then their
 * values without gaps. Reading trusts nothing: whatever the bytes are, the result is either a
 * header in which every range lies in the file and no two overlap, or a fault. */
#ifndef PLAST_SAFETENSORS_H
#define PLAST_SAFETENSORS_H

#include "fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PLAST_MOST_RANK = 8 };

struct plast_entry {
    const char *name;
    const char *type; /* "F32": one of the format's names */
    int rank;
    int64_t shape[PLAST_MOST_RANK];
    uint64_t begin, end; /* bytes, from the end of the header */
};

struct plast_pair {
    const char *key, *value;
};

struct plast_safetensors {
    char *text;                /* owns all strings */
    struct plast_entry *entry; /* sorted by name */
    size_t entries;
    struct plast_pair *metadata;
    size_t pairs;
    uint64_t data; /* where the values begin in the file */
};

/* Reads a header of `length` bytes (without the eight before it) of a file that has `values` bytes
 * behind it. `name` is for messages. */
int plast_parse_safetensors(struct plast_safetensors *, const char *name, const char *header,
                            uint64_t length, uint64_t values, struct plast_fault *);
/* The length of the header that the first eight of `size` bytes give; a fault if there are not so
 * many. */
int plast_header_length(const char *name, const unsigned char *bytes, uint64_t size,
                        uint64_t *length, struct plast_fault *);
/* The whole from an open file. */
int plast_read_safetensors(struct plast_safetensors *, const char *name, FILE *,
                           struct plast_fault *);
void plast_free_safetensors(struct plast_safetensors *);

const struct plast_entry *plast_find_entry(const struct plast_safetensors *, const char *name);
/* The value of a key of __metadata__, or NULL. */
const char *plast_find_metadata(const struct plast_safetensors *, const char *key);

/* Swaps the bytes of `count` elements of `size` bytes where the machine is not little-endian. */
void plast_little_endian(void *values, size_t size, size_t count);

/* ---------------------------------------------------------------- json.c */
/* A place in JSON text. Strings are decoded where they stand, so the text is changed. */
struct plast_json {
    char *at, *start, *end;
    const char *name; /* of the file */
    struct plast_fault *fault;
};

/* Passes blanks, then `wanted`; false with the fault set if something else is there. */
bool plast_json_pass(struct plast_json *, char wanted);
/* Whether the next character after blanks is this one. */
bool plast_json_sees(struct plast_json *, char);
/* A string, decoded and ended by NUL; NULL with the fault set. */
char *plast_json_string(struct plast_json *);
/* A whole number from 0 to INT64_MAX. */
bool plast_json_integer(struct plast_json *, int64_t *);
bool plast_json_wrong(struct plast_json *, const char *expected);

#endif
