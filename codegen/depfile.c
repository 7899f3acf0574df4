/* Which files the output depends on, as make reads it. */
#include "driver.h"

#include <string.h>

static bool make_can_name(const char *path)
{
    return path[strcspn(path, "\n\r\t:;%\\|=")] == '\0';
}

/* A path as make reads it. */
static void add_make_path(struct text *t, const char *path)
{
    for (; *path; path++) {
        if (*path == ' ' || *path == '#')
            text_add(t, "\\");
        if (*path == '$')
            text_add(t, "$");
        text_add_bytes(t, path, 1);
    }
}

int write_depfile(struct arena *a, const struct options *o, const struct diag *d,
                  const char *output)
{
    struct text t = text_new(a);
    if (!make_can_name(output))
        return usage("make cannot have a file named '%s'", output);
    if (o->from && !make_can_name(o->from))
        return usage("make cannot have a file named '%s'", o->from);
    for (uint32_t i = 1; i < d->sources; i++)
        if (!make_can_name(d->source[i].path))
            return usage("make cannot have a file named '%s'", d->source[i].path);
    add_make_path(&t, output);
    text_add(&t, ":");
    for (uint32_t i = 1; i < d->sources; i++) {
        if (d->source[i].path[0] == '<')
            continue;
        text_add(&t, " ");
        add_make_path(&t, d->source[i].path);
    }
    if (o->from) {
        text_add(&t, " ");
        add_make_path(&t, o->from);
    }
    text_add(&t, "\n");
    for (uint32_t i = 1; i < d->sources; i++) {
        if (d->source[i].path[0] == '<' || strcmp(d->source[i].path, o->input) == 0)
            continue;
        add_make_path(&t, d->source[i].path);
        text_add(&t, ":\n");
    }
    return write_file(a, o->depfile, &t);
}
