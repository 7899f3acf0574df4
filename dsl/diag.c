/* Sources and the messages recorded about places in them: what the front end
 * says goes in, report.c prints it. Nothing here prints or exits. */
#include "diag.h"

/* A file of a million mistakes must not cost memory for each: only so many are
 * kept (far more than are printed, as they are sorted first), all are counted. */
enum { KEPT_ERRORS = 1000 };

struct diag *diag_new(struct arena *arena)
{
    struct diag *d = NEW(arena, struct diag);
    d->arena = arena;
    PUSH(arena, d->source, d->sources, ((struct source){.path = "", .text = ""}));
    return d;
}

uint32_t diag_add_source(struct diag *d, const char *path, const char *text, size_t size)
{
    struct source s = {.path = path, .text = text, .size = size};
    PUSH(d->arena, d->source, d->sources, s);
    return d->sources - 1;
}

static bool same_place(struct loc a, struct loc b)
{
    return a.file && a.file == b.file && a.start == b.start && a.end == b.end;
}

static bool is_known(const struct diag *d, struct loc loc)
{
    for (const struct message *m = d->first; m; m = m->next)
        if (same_place(m->loc, loc))
            return true;
    return false;
}

static struct message *new_message(struct diag *d, struct loc loc, const char *format, va_list args)
{
    struct message *m = NEW(d->arena, struct message);
    m->loc = loc;
    m->text = arena_vformat(d->arena, format, args);
    return m;
}

void diag_error(struct diag *d, struct loc loc, const char *format, ...)
{
    bool full = d->errors >= KEPT_ERRORS;
    d->dropped = full || is_known(d, loc);
    if (full || !d->dropped)
        d->errors++;
    if (d->dropped)
        return;
    va_list args;
    va_start(args, format);
    struct message *m = new_message(d, loc, format, args);
    va_end(args);
    if (d->last)
        d->last->next = m;
    else
        d->first = m;
    d->last = m;
}

void diag_note(struct diag *d, struct loc loc, const char *format, ...)
{
    if (d->dropped || !d->last)
        return;
    va_list args;
    va_start(args, format);
    struct message *m = new_message(d, loc, format, args);
    va_end(args);
    struct message **end = &d->last->notes;
    while (*end)
        end = &(*end)->next;
    *end = m;
}

struct loc loc_join(struct loc a, struct loc b)
{
    if (!a.file)
        return b;
    if (!b.file || a.file != b.file)
        return a;
    return (struct loc){a.file, a.start < b.start ? a.start : b.start,
                        a.end > b.end ? a.end : b.end};
}

static void find_lines(struct diag *d, struct source *s)
{
    uint32_t *line = NULL, lines = 0;
    PUSH(d->arena, line, lines, 0);
    for (size_t i = 0; i < s->size; i++)
        if (s->text[i] == '\n')
            PUSH(d->arena, line, lines, (uint32_t)i + 1);
    s->line = line;
    s->lines = lines;
}

uint32_t diag_find_line(const struct diag *d, uint32_t file, uint32_t offset)
{
    struct source *s = &d->source[file];
    if (!s->line)
        find_lines((struct diag *)d, s);
    uint32_t low = 0, high = s->lines; /* line[low] <= offset < line[high] */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (s->line[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int diag_line(const struct diag *d, struct loc loc)
{
    return loc.file ? (int)diag_find_line(d, loc.file, loc.start) + 1 : 0;
}

const char *diag_path(const struct diag *d, struct loc loc)
{
    return d->source[loc.file].path;
}
