/* A path goes in, the statements of the file and of all that it includes come out, behind those of
 * the prelude. Here files are opened and read, and skipped text gives up its words. */
#include "parser.h"

#include "parse.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BROKEN_MOST = 4096, /* names remembered of skipped text; after that any name is one */
    BROKEN_SLOTS = 4 * BROKEN_MOST,
    TOO_LARGE = -1, /* beside the values of errno */
    NOT_REGULAR = -2
};

struct seen_file {
    dev_t device;
    ino_t inode;
    bool open;        /* being read: to include it now would be a cycle */
    struct loc place; /* of the include */
};

/* --- names in skipped text */

static void add_broken(struct unit *u, const char *name)
{
    struct file *f = u->file;
    if (!u->broken_slot)
        u->broken_slot = NEW_ARRAY(u->arena, BROKEN_SLOTS, const char *);
    size_t slot = ((uintptr_t)name >> 4) % BROKEN_SLOTS;
    for (; u->broken_slot[slot]; slot = (slot + 1) % BROKEN_SLOTS)
        if (u->broken_slot[slot] == name)
            return;
    u->broken_slot[slot] = name;
    PUSH(u->arena, f->broken, f->broken_count, name);
    f->any_broken |= f->broken_count >= BROKEN_MOST;
}

static const char *end_of_word(const char *s, const char *end)
{
    while (s < end && (isalnum((unsigned char)*s) || *s == '_'))
        s++;
    return s;
}

static const char *end_of_line(const char *s, const char *end)
{
    const char *stop = memchr(s, '\n', (size_t)(end - s));
    return stop ? stop : end;
}

void skip_text(struct parser *p, struct loc loc)
{
    const char *s = p->text + loc.start, *end = p->text + loc.end;
    while (s < end && !p->unit->file->any_broken) {
        const char *word = s;
        s = *s == '#' ? end_of_line(s, end) : end_of_word(s, end);
        if (isalpha((unsigned char)*word) || *word == '_')
            add_broken(p->unit, intern_bytes(p->arena, word, (size_t)(s - word)));
        s += s == word;
    }
}

bool file_is_broken(const struct file *f, const char *name)
{
    for (int i = 0; i < f->broken_count; i++)
        if (f->broken[i] == name)
            return true;
    return f->any_broken;
}

/* --- one source */

static void parse_source(struct unit *u, uint32_t number)
{
    struct source *s = &u->diag->source[number];
    struct parser p = {.unit = u, .arena = u->arena, .diag = u->diag, .file = number};
    p.text = s->text;
    p.size = (uint32_t)s->size;
    p.copy = arena_alloc(u->arena, s->size + 2);
    memcpy(p.copy, s->text, s->size);
    scanner_open(&p);
    feed_open(&p);
    if (yyparse(&p)) /* it stopped before the end */
        u->file->any_broken = true;
    scanner_close(&p);
}

static int read_text(struct unit *u, int fd, struct text *text)
{
    char part[1 << 14];
    for (ssize_t size; (size = read(fd, part, sizeof part)) != 0;) {
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno;
        text_add_bytes(text, part, (size_t)size);
        if (u->bytes + text->size > MAX_BYTES)
            return TOO_LARGE;
    }
    u->bytes += text->size;
    return 0;
}

static const char *read_failure(struct unit *u, int error)
{
    if (error == TOO_LARGE)
        return arena_format(u->arena, "more than %d MiB of model text", MAX_BYTES >> 20);
    return error == NOT_REGULAR ? "not a regular file" : strerror(error);
}

static void report_unreadable(struct unit *u, struct loc loc, const char *path, int error)
{
    u->file->any_broken = true;
    diag_error(u->diag, loc, "'%s' cannot be read: %s", path, read_failure(u, error));
}

/* --- includes */

static struct seen_file *find_seen(struct unit *u, const struct stat *info)
{
    for (int i = 0; i < u->seen_count; i++)
        if (u->seen[i].device == info->st_dev && u->seen[i].inode == info->st_ino)
            return &u->seen[i];
    return NULL;
}

static int add_seen(struct unit *u, const struct stat *info, struct loc place)
{
    struct seen_file seen = {info->st_dev, info->st_ino, true, place};
    PUSH(u->arena, u->seen, u->seen_count, seen);
    return u->seen_count - 1;
}

static const char *path_beside(struct arena *arena, const char *includer, const char *path)
{
    const char *slash = strrchr(includer, '/');
    if (!slash || *path == '/')
        return path;
    return arena_format(arena, "%.*s%s", (int)(slash + 1 - includer), includer, path);
}

static void refuse_cycle(struct unit *u, struct loc loc, const char *path,
                         const struct seen_file *seen)
{
    diag_error(u->diag, loc, "'%s' is included while it is being read: a cycle", path);
    if (seen->place.file)
        diag_note(u->diag, seen->place, "it was included here");
}

static void read_include(struct unit *u, struct loc loc, const char *path, int fd,
                         const struct stat *info)
{
    const struct seen_file *seen = find_seen(u, info);
    if (seen && seen->open)
        refuse_cycle(u, loc, path, seen);
    if (seen)
        return;
    int self = add_seen(u, info, loc);
    struct text text = text_new(u->arena);
    int error = read_text(u, fd, &text);
    if (error) {
        report_unreadable(u, loc, path, error);
    } else {
        u->depth++;
        parse_source(u, diag_add_source(u->diag, path, text.bytes, text.size));
        u->depth--;
    }
    u->seen[self].open = false;
}

static void expand_include(struct parser *p, const struct stmt *stmt)
{
    struct unit *u = p->unit;
    struct loc loc = stmt->name.loc;
    const char *path = path_beside(u->arena, u->diag->source[p->file].path, stmt->path);
    if (u->depth >= MAX_INCLUDES) {
        diag_error(u->diag, loc, "includes nest more than %d files deep", MAX_INCLUDES);
        u->file->any_broken = true;
        return;
    }
    struct stat info;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe must not hold us up */
    int error = fd < 0 || fstat(fd, &info) ? errno : 0;
    if (!error && S_ISDIR(info.st_mode))
        error = EISDIR;
    if (error)
        report_unreadable(u, loc, path, error);
    else if (!S_ISREG(info.st_mode))
        report_unreadable(u, loc, path, NOT_REGULAR);
    else
        read_include(u, loc, path, fd, &info);
    if (fd >= 0)
        close(fd);
}

void add_stmt(struct parser *p, struct stmt *s)
{
    struct unit *u = p->unit;
    if (p->poisoned)
        skip_text(p, s->loc);
    else if (s->kind == ST_INCLUDE)
        expand_include(p, s);
    else {
        *u->end = s;
        u->end = &s->next;
    }
    p->poisoned = false;
}

/* --- a compilation */

static struct unit begin_unit(struct arena *arena, struct diag *diag)
{
    struct unit u = {.arena = arena, .diag = diag, .file = NEW(arena, struct file)};
    u.end = &u.file->prelude;
    parse_source(&u, diag_add_source(diag, "<prelude>", prelude_text, prelude_size));
    u.end = &u.file->first;
    return u;
}

struct file *parse_text(struct arena *arena, struct diag *diag, const char *path, const char *text,
                        size_t size)
{
    struct unit u = begin_unit(arena, diag);
    struct text copy = text_new(arena); /* a source ends with a NUL */
    if (size <= MAX_BYTES)
        text_add_bytes(&copy, text, size);
    else
        report_unreadable(&u, (struct loc){0}, path, TOO_LARGE);
    u.bytes = copy.size;
    parse_source(&u, diag_add_source(diag, path, copy.bytes, copy.size));
    return u.file;
}

static int open_model(struct unit *u, const char *path)
{
    struct stat info;
    int fd = strcmp(path, "-") != 0 ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
    if (fd >= 0 && !fstat(fd, &info))
        add_seen(u, &info, (struct loc){0});
    return fd;
}

struct file *parse_file(struct arena *arena, struct diag *diag, const char *path, int *unreadable)
{
    struct unit u = begin_unit(arena, diag);
    struct text text = text_new(arena);
    int fd = open_model(&u, path);
    int error = fd < 0 ? errno : read_text(&u, fd, &text);
    if (fd >= 0)
        close(fd);
    if (error && error != TOO_LARGE) {
        *unreadable = error;
        return NULL;
    }
    if (error)
        report_unreadable(&u, (struct loc){0}, path, error);
    else
        parse_source(&u, diag_add_source(diag, path, text.bytes, text.size));
    return u.file;
}
