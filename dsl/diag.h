/* Source texts, places in them, and messages about those places. A place is a
 * pair of byte offsets; line and column are computed when a message is
 * printed. Messages are recorded, never printed or exited from inside. */
#ifndef PLAST_DIAG_H
#define PLAST_DIAG_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct loc {
    uint32_t file;       /* number of the source; 0 is "no place" */
    uint32_t start, end; /* bytes, half open */
};

struct source {
    const char *path; /* as the user wrote it; "<prelude>" and "<command line>" too */
    const char *text; /* NUL-terminated, may hold NUL bytes before */
    size_t size;
    uint32_t *line; /* byte offset of each line, made at the first message */
    uint32_t lines;
};

struct message {
    struct loc loc;
    const char *text;
    struct message *notes; /* linked by `next`, in order */
    struct message *next;
};

struct diag {
    struct arena *arena;
    struct source *source; /* source[0] stands for no file */
    uint32_t sources;
    struct message *first, *last;
    int errors;   /* all of them, also those past the limit */
    bool dropped; /* the last error was not recorded: its notes go with it */
};

enum { DIAG_LIMIT = 20 }; /* errors printed of one run */
enum diag_format { DIAG_TEXT, DIAG_JSON };

struct diag *diag_new(struct arena *);
uint32_t diag_add_source(struct diag *, const char *path, const char *text, size_t size);

/* Records an error. An error at exactly the place of an earlier one is dropped:
 * it would be its consequence. */
void diag_error(struct diag *, struct loc, const char *format, ...) PRINTF_LIKE(3, 4);
/* Adds a note to the error recorded last (dropped with it). A note whose place
 * has file 0 prints without an excerpt. */
void diag_note(struct diag *, struct loc, const char *format, ...) PRINTF_LIKE(3, 4);

/* Prints everything recorded, in order of source and place:
 *
 *   model.pl:4:19: error: unknown operator 'dens'
 *       4 | layer h1 = image |> dens(300) |> tanh;
 *         |                     ^^^^
 *   model.pl:4:19: note: did you mean 'dense'?
 *
 * Tabs count one column and are shown as one space; other control bytes are
 * shown as '?'; long lines are shown around the caret. Ends with a count when
 * errors were left out. JSON is one array, each element {"severity", "file",
 * "line", "column", "end_line", "end_column", "start", "end", "message",
 * "notes": [...]}. */
void diag_print(const struct diag *, FILE *, enum diag_format, bool color);

/* 1-based; for comments in generated C. */
int diag_line(const struct diag *, struct loc);
const char *diag_path(const struct diag *, struct loc);
uint32_t diag_find_line(const struct diag *, uint32_t file, uint32_t offset); /* 0-based */
struct loc loc_join(struct loc, struct loc);

/* The nearest of `count` names by edit distance (transpositions count one), or
 * NULL when none is near enough to be what was meant. */
const char *nearest_name(const char *name, const char *const *names, size_t count);

#endif
