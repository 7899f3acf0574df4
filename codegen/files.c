/* Files that plastc writes: whole or not at all, and never over what it read. */
#include "driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* `path` with its ending replaced. */
static const char *with_ending(struct arena *a, const char *path, const char *ending)
{
    const char *base = base_name(path), *dot = strrchr(base, '.');
    size_t n = dot && dot != base ? (size_t)(dot - path) : strlen(path);
    return arena_format(a, "%.*s%s", (int)n, path, ending);
}

static int write_failed(const char *path)
{
    fprintf(stderr, "plastc: %s: %s\n", path, strerror(errno));
    return STATUS_FILE;
}

/* What the umask leaves, as for any new file: mkstemp's are the owner's alone. */
static bool give_mode(const char *path)
{
    mode_t mask = umask(0);
    umask(mask);
    return chmod(path, 0666 & ~mask) == 0;
}

/* What is there and is no regular file (a pipe, a device) is written to, never replaced. */
static int write_special(const char *path, const struct text *t)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return write_failed(path);
    bool ok = fwrite(t->bytes, 1, t->size, f) == t->size;
    ok = fclose(f) == 0 && ok;
    return ok ? STATUS_DONE : write_failed(path);
}

int write_file(struct arena *a, const char *path, const struct text *t)
{
    struct stat is;
    if (strcmp(path, "-") != 0 && stat(path, &is) == 0 && !S_ISREG(is.st_mode))
        return write_special(path, t);
    char *real = realpath(path, NULL);
    path = real ? arena_format(a, "%s", real) : path;
    free(real);
    if (strcmp(path, "-") == 0)
        return fwrite(t->bytes, 1, t->size, stdout) < t->size || fflush(stdout) != 0
                   ? write_failed("standard output")
                   : STATUS_DONE;
    char *temporary = arena_format(a, "%s.XXXXXX", path);
    int file = mkstemp(temporary);
    FILE *f = file < 0 ? NULL : fdopen(file, "wb");
    if (!f)
        return write_failed(path);
    bool ok = fwrite(t->bytes, 1, t->size, f) == t->size;
    ok = fflush(f) == 0 && ok;
    ok = fclose(f) == 0 && ok;
    if (ok && give_mode(temporary) && rename(temporary, path) == 0)
        return STATUS_DONE;
    int why = errno;
    unlink(temporary);
    errno = why;
    return write_failed(path);
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    if (strcmp(a, "-") == 0 || strcmp(b, "-") == 0)
        return false;
    if (stat(a, &x) == 0 && stat(b, &y) == 0)
        return x.st_dev == y.st_dev && x.st_ino == y.st_ino && S_ISREG(x.st_mode);
    return strcmp(a, b) == 0;
}

/* Nothing that was read (`also`: a checkpoint, or NULL), and nothing else that is written, is
 * written over. */
static int check_outputs(const struct diag *d, const char *also, const char *const *output,
                         int count)
{
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < i; k++)
            if (output[i] && output[k] && same_file(output[i], output[k]))
                return usage("two outputs are the same file, '%s'", output[i]);
        if (output[i] && also && same_file(output[i], also))
            return usage("'%s' is read: the output would replace it", output[i]);
        for (uint32_t k = 1; output[i] && k < d->sources; k++)
            if (d->source[k].path[0] != '<' && same_file(output[i], d->source[k].path))
                return usage("'%s' is read: the output would replace it", output[i]);
    }
    return STATUS_DONE;
}

int name_outputs(struct arena *a, const struct options *o, const struct diag *d, const char *more,
                 struct outputs *to)
{
    to->c = o->output ? o->output : with_ending(a, base_name(o->input), ".c");
    to->header = o->header ? o->header : o->print_header ? with_ending(a, to->c, ".h") : NULL;
    if (o->print_header && strcmp(to->c, "-") == 0 && !o->header)
        return usage("%s", "--header needs a file name where the C goes to standard output");
    const char *const all[] = {to->c, to->header, more};
    return check_outputs(d, o->deploy ? o->deploy : o->from, all, 3);
}
