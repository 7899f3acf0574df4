/* Recorded messages go in, text for people or JSON for programs comes out.
 * Source text is shown with whatever could confuse a terminal taken out. */
#include "diag.h"

#include <stdlib.h>
#include <string.h>

enum { BEFORE_CARET = 60, WINDOW = 110 }; /* columns of a long line that are shown */

struct printer {
    const struct diag *diag;
    FILE *out;
    bool color;
};

struct position {
    uint32_t line, column; /* 1-based; columns count characters */
};

/* Bytes of the UTF-8 character at s, 0 if there is none. */
static size_t character_size(const char *s, const char *end)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t size = u[0] < 0x80   ? 1
                  : u[0] < 0xc2 ? 0
                  : u[0] < 0xe0 ? 2
                  : u[0] < 0xf0 ? 3
                  : u[0] < 0xf5 ? 4
                                : 0;
    if (size > (size_t)(end - s))
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xf0 && u[1] < 0x90) ||
        (u[0] == 0xed && u[1] > 0x9f) || (u[0] == 0xf4 && u[1] > 0x8f))
        return 0;
    return size;
}

static const char *next_character(const char *s, const char *end)
{
    size_t size = character_size(s, end);
    return s + (size ? size : 1);
}

static uint32_t count_columns(const char *s, const char *end)
{
    uint32_t columns = 0;
    for (; s < end; s = next_character(s, end))
        columns++;
    return columns;
}

static void put_shown(FILE *out, const char *s, const char *end)
{
    while (s < end) {
        size_t size = character_size(s, end);
        unsigned char c = (unsigned char)*s;
        bool control =
            c < ' ' || c == 0x7f || (c == 0xc2 && size == 2 && (unsigned char)s[1] < 0xa0);
        if (c == '\t')
            fputc(' ', out);
        else if (!size || control)
            fputc('?', out);
        else
            fwrite(s, 1, size, out);
        s += size ? size : 1;
    }
}

static void put_string(FILE *out, const char *s)
{
    put_shown(out, s, s + strlen(s));
}

static struct position find_position(const struct diag *d, uint32_t file, uint32_t offset)
{
    const struct source *s = &d->source[file];
    if (offset > s->size)
        offset = (uint32_t)s->size;
    uint32_t line = diag_find_line(d, file, offset);
    return (struct position){line + 1,
                             count_columns(s->text + s->line[line], s->text + offset) + 1};
}

/* --- for people */

static void paint(const struct printer *p, const char *code)
{
    if (p->color)
        fprintf(p->out, "\033[%sm", code);
}

static const char *line_end(const struct source *s, const char *from)
{
    const char *end = s->text + s->size;
    const char *stop = memchr(from, '\n', (size_t)(end - from));
    stop = stop ? stop : end;
    return stop > from && stop[-1] == '\r' ? stop - 1 : stop;
}

static const char *window_start(const char *line, const char *caret)
{
    for (int i = 0; i < BEFORE_CARET && caret > line; i++) {
        caret--;
        while (caret > line && ((unsigned char)*caret & 0xc0) == 0x80)
            caret--;
    }
    return caret;
}

static const char *window_end(const char *from, const char *end)
{
    for (int i = 0; i < WINDOW && from < end; i++)
        from = next_character(from, end);
    return from;
}

static void put_repeated(FILE *out, char c, uint32_t times)
{
    while (times--)
        fputc(c, out);
}

static void print_excerpt(const struct printer *p, struct loc loc)
{
    const struct source *s = &p->diag->source[loc.file];
    uint32_t number = diag_find_line(p->diag, loc.file, loc.start);
    const char *line = s->text + s->line[number], *end = line_end(s, line);
    const char *start = s->text + loc.start;
    start = start > end ? end : start;
    const char *from = window_start(line, start);
    if (window_end(line, start) == start) /* near enough to the start of the line */
        from = line;
    const char *to = window_end(from, end), *stop = s->text + loc.end;
    stop = stop > to ? to : stop;
    const char *lead = from > line ? "..." : "";
    fprintf(p->out, "%5u | %s", number + 1, lead);
    put_shown(p->out, from, to);
    fprintf(p->out, "%s\n      | ", to < end ? "..." : "");
    put_repeated(p->out, ' ', (uint32_t)strlen(lead) + count_columns(from, start));
    paint(p, "1;32");
    put_repeated(p->out, '^', stop > start ? count_columns(start, stop) : 1);
    paint(p, "0");
    fputc('\n', p->out);
}

static void print_place(const struct printer *p, struct loc loc)
{
    paint(p, "1");
    if (loc.file) {
        struct position at = find_position(p->diag, loc.file, loc.start);
        put_string(p->out, diag_path(p->diag, loc));
        fprintf(p->out, ":%u:%u: ", at.line, at.column);
    } else {
        fputs("plastc: ", p->out);
    }
    paint(p, "0");
}

static void print_message(const struct printer *p, const struct message *m, struct loc loc,
                          bool note)
{
    print_place(p, loc);
    paint(p, note ? "1;36" : "1;31");
    fputs(note ? "note: " : "error: ", p->out);
    paint(p, "0");
    put_string(p->out, m->text);
    fputc('\n', p->out);
    if (m->loc.file)
        print_excerpt(p, m->loc);
    for (const struct message *n = m->notes; n; n = n->next)
        print_message(p, n, n->loc.file ? n->loc : loc, true);
}

/* --- for programs */

static void put_json_string(FILE *out, const char *s)
{
    const char *end = s + strlen(s);
    fputc('"', out);
    while (s < end) {
        size_t size = character_size(s, end);
        if (!size)
            fputs("\\ufffd", out);
        else if (*s == '"' || *s == '\\')
            fprintf(out, "\\%c", *s);
        else if ((unsigned char)*s < ' ')
            fprintf(out, "\\u%04x", (unsigned)*s);
        else
            fwrite(s, 1, size, out);
        s += size ? size : 1;
    }
    fputc('"', out);
}

static void print_json_place(const struct printer *p, struct loc loc)
{
    if (!loc.file) {
        fputs("null, \"line\": 0, \"column\": 0, \"end_line\": 0, \"end_column\": 0, \"start\": 0, "
              "\"end\": 0",
              p->out);
        return;
    }
    struct position start = find_position(p->diag, loc.file, loc.start);
    struct position end = find_position(p->diag, loc.file, loc.end);
    put_json_string(p->out, diag_path(p->diag, loc));
    fprintf(p->out, ", \"line\": %u, \"column\": %u, \"end_line\": %u, \"end_column\": %u",
            start.line, start.column, end.line, end.column);
    fprintf(p->out, ", \"start\": %u, \"end\": %u", loc.start, loc.end);
}

static void print_json(const struct printer *p, const struct message *m, struct loc loc, bool note)
{
    fprintf(p->out, "{\"severity\": \"%s\", \"file\": ", note ? "note" : "error");
    print_json_place(p, loc);
    fputs(", \"message\": ", p->out);
    put_json_string(p->out, m->text);
    fputs(", \"notes\": [", p->out);
    for (const struct message *n = m->notes; n; n = n->next) {
        print_json(p, n, n->loc.file ? n->loc : loc, true);
        if (n->next)
            fputs(", ", p->out);
    }
    fputs("]}", p->out);
}

/* --- all of them */

struct ranked {
    const struct message *message;
    size_t rank; /* of two at one place, the first recorded goes first */
};

static int compare_places(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    const struct loc *p = &x->message->loc, *q = &y->message->loc;
    if (p->file != q->file)
        return p->file < q->file ? -1 : 1;
    if (p->start != q->start)
        return p->start < q->start ? -1 : 1;
    return x->rank < y->rank ? -1 : 1;
}

void diag_print(const struct diag *d, FILE *out, enum diag_format format, bool color)
{
    struct printer p = {d, out, color && format == DIAG_TEXT};
    struct ranked *sorted = NULL;
    size_t count = 0;
    for (const struct message *m = d->first; m; m = m->next) {
        struct ranked r = {m, count};
        PUSH(d->arena, sorted, count, r);
    }
    if (count)
        qsort(sorted, count, sizeof *sorted, compare_places);
    count = count < DIAG_LIMIT ? count : DIAG_LIMIT;
    if (format == DIAG_JSON)
        fputc('[', out);
    for (size_t i = 0; i < count; i++) {
        const struct message *m = sorted[i].message;
        if (format == DIAG_TEXT) {
            print_message(&p, m, m->loc, false);
            continue;
        }
        fputs(i ? ",\n " : "", out);
        print_json(&p, m, m->loc, false);
    }
    int more = d->errors - (int)count;
    if (format == DIAG_JSON)
        fputs("]\n", out);
    else if (more > 0)
        fprintf(out, "plastc: %d more error%s not shown\n", more, more == 1 ? "" : "s");
}
