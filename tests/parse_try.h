/* For tests of the front end: a text is parsed, and what came of it is one
 * string that can be compared. */
#ifndef PLAST_PARSE_TRY_H
#define PLAST_PARSE_TRY_H

#include "ast.h"
#include "tap.h"

#include <string.h>

struct attempt {
    struct arena *arena;
    struct diag *diag;
    struct file *file;
};

TAP_UNUSED static struct attempt parse_bytes(const char *path, const char *text, size_t size)
{
    struct attempt a = {.arena = arena_new()};
    a.diag = diag_new(a.arena);
    a.file = parse_text(a.arena, a.diag, path, text, size);
    return a;
}

TAP_UNUSED static struct attempt parse_string(const char *text)
{
    return parse_bytes("test.pl", text, strlen(text));
}

/* All statements of the model, as text. */
TAP_UNUSED static const char *dump(const struct attempt *a)
{
    struct text t = text_new(a->arena);
    dump_file(&t, a->file);
    return t.bytes;
}

static void add_message(struct text *t, const struct diag *d, const struct message *m)
{
    const struct source *s = &d->source[m->loc.file];
    uint32_t line = diag_find_line(d, m->loc.file, m->loc.start);
    if (m->loc.file)
        text_printf(t, "%u:%u: ", line + 1, m->loc.start - s->line[line] + 1);
    text_printf(t, "%s\n", m->text);
    for (const struct message *n = m->notes; n; n = n->next) {
        text_add(t, "  ");
        add_message(t, d, n);
    }
}

/* "line:column: message\n" of each error, its notes indented; "" where all was well. */
TAP_UNUSED static const char *messages(const struct attempt *a)
{
    struct text t = text_new(a->arena);
    for (const struct message *m = a->diag->first; m; m = m->next)
        add_message(&t, a->diag, m);
    return t.bytes;
}

TAP_UNUSED static void end_attempt(struct attempt *a)
{
    arena_free(a->arena);
}

TAP_UNUSED static bool is_string(const char *seen, const char *wanted, const char *what)
{
    bool same = !strcmp(seen, wanted);
    if (!ok(same, "%s", what)) {
        note("wanted:");
        fputs(wanted, stderr);
        note("seen:");
        fputs(seen, stderr);
    }
    return same;
}

#endif
