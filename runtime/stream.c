/* Bytes from a plain file, a packed file or memory, in order. Relies on zlib, where the build has
 * it, for .gz files; zlib reads plain files too. What xz packed is stream_xz.c's. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#if HAVE_ZLIB
#include <zlib.h>
#else
#include <stdio.h>
#endif

enum { FIRST_ROOM = 1 << 16, LARGEST_READ = 1 << 30 };

static int refuse_errno(const struct plast_stream *s, struct plast_fault *fault)
{
    return plast_fail(fault, PLAST_STATUS_FILE, "%s: %s", s->name, strerror(errno));
}

#if HAVE_ZLIB

static int open_file(struct plast_stream *s, struct plast_fault *fault)
{
    errno = 0;
    s->file = gzopen(s->name, "rb");
    if (!s->file) {
        errno = errno ? errno : ENOMEM;
        return refuse_errno(s, fault);
    }
    gzbuffer(s->file, 1 << 17);
    if (!gzdirect(s->file))
        s->size = 0;
    return 0;
}

static int refuse_packed(struct plast_stream *s, struct plast_fault *fault)
{
    int code;
    const char *text = gzerror(s->file, &code);
    unsigned long long at = s->at;
    switch (code) {
    case Z_OK:
    case Z_STREAM_END:
        return 0;
    case Z_ERRNO:
        return refuse_errno(s, fault);
    case Z_BUF_ERROR:
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: the packed data is cut off, after %llu bytes of what it holds",
                          s->name, at);
    case Z_DATA_ERROR:
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: the packed data is damaged, beyond byte %llu of what it holds",
                          s->name, at);
    }
    return plast_fail(fault, PLAST_STATUS_FILE, "%s: after byte %llu: %s", s->name, at, text);
}

static int read_file(struct plast_stream *s, uint8_t *to, size_t n, size_t *got,
                     struct plast_fault *fault)
{
    while (*got < n) {
        size_t wish = n - *got < LARGEST_READ ? n - *got : LARGEST_READ;
        int read = gzread(s->file, to + *got, (unsigned)wish);
        if (read > 0) {
            *got += (size_t)read;
            s->at += (size_t)read;
        }
        if (read < 0 || (size_t)read < wish)
            return refuse_packed(s, fault);
    }
    return 0;
}

static void close_file(struct plast_stream *s)
{
    gzclose(s->file);
    s->file = NULL;
}

#else

static int open_file(struct plast_stream *s, struct plast_fault *fault)
{
    s->file = fopen(s->name, "rb");
    return s->file ? 0 : refuse_errno(s, fault);
}

/* The first read of every reader has two bytes or more. */
static int read_file(struct plast_stream *s, uint8_t *to, size_t n, size_t *got,
                     struct plast_fault *fault)
{
    errno = 0;
    *got = fread(to, 1, n, s->file);
    if (*got < n && ferror((FILE *)s->file))
        return refuse_errno(s, fault);
    if (s->at == 0 && *got >= 2 && to[0] == 0x1f && to[1] == 0x8b)
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: is packed by gzip, and this build has no zlib; unpack it first",
                          s->name);
    s->at += *got;
    return 0;
}

static void close_file(struct plast_stream *s)
{
    fclose(s->file);
    s->file = NULL;
}

#endif

int plast_stream_open(struct plast_stream *s, const char *path, struct plast_fault *fault)
{
    struct stat status;
    *s = (struct plast_stream){.name = path};
    if (stat(path, &status))
        return refuse_errno(s, fault);
    if (S_ISDIR(status.st_mode))
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: is a directory, not a file", path);
    if (S_ISREG(status.st_mode))
        s->size = (uint64_t)status.st_size;
    /* Looking into a pipe would take from it. */
    if (S_ISREG(status.st_mode) && plast_is_xz(path))
        return plast_xz_open(s, fault);
    return open_file(s, fault);
}

void plast_stream_close(struct plast_stream *s)
{
    if (s->file)
        close_file(s);
    plast_xz_close(s);
}

void plast_stream_memory(struct plast_stream *s, const char *name, const uint8_t *bytes,
                         size_t size)
{
    *s = (struct plast_stream){.name = name, .memory = bytes, .size = size};
}

int plast_stream_read(struct plast_stream *s, void *to, size_t n, size_t *got,
                      struct plast_fault *fault)
{
    *got = 0;
    if (s->xz)
        return plast_xz_read(s, to, n, got, fault);
    if (s->file)
        return read_file(s, to, n, got, fault);
    *got = n < s->size - s->at ? n : (size_t)(s->size - s->at);
    if (*got)
        memcpy(to, s->memory + s->at, *got);
    s->at += *got;
    return 0;
}

/* Room for the next read: all that is known to come, else twice what there was. */
static size_t next_room(const struct plast_stream *s, uint64_t most, size_t room)
{
    uint64_t next = room ? (uint64_t)room * 2 : FIRST_ROOM;
    if (!room && s->size > s->at && s->size - s->at >= next)
        next = s->size - s->at + 1;
    return next < most ? (size_t)next : (size_t)most;
}

int plast_stream_take(struct plast_stream *s, uint64_t most, uint8_t **bytes, size_t *got,
                      struct plast_fault *fault)
{
    size_t room = 0, used = 0;
    uint8_t *at = NULL;
    int status = 0;
    most = most < SIZE_MAX / 4 ? most : SIZE_MAX / 4;
    do {
        room = next_room(s, most, room);
        uint8_t *grown = realloc(at, room + 1);
        if (!grown) {
            status = plast_fail(fault, PLAST_STATUS_FILE, "%s: no memory for %zu bytes of it",
                                s->name, room);
            break;
        }
        at = grown;
        size_t part;
        status = plast_stream_read(s, at + used, room - used, &part, fault);
        used += part;
    } while (!status && used == room && room < most);
    if (status) {
        free(at);
        return status;
    }
    at[used] = 0;
    *bytes = at;
    *got = used;
    return 0;
}
