/* Streams of .xz files. Relies on liblzma; a build without it tells such a file and refuses it. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool plast_is_xz(const char *path)
{
    char head[6];
    FILE *file = fopen(path, "rb");
    bool is = file && fread(head, 1, sizeof head, file) == sizeof head &&
              !memcmp(head,
                      "\xfd"
                      "7zXZ",
                      sizeof head);
    if (file)
        fclose(file);
    return is;
}

#if HAVE_LZMA
#include <lzma.h>

enum { PACKED_ROOM = 1 << 16, MOST_MEGABYTES = 256 };

struct plast_xz {
    FILE *file;
    lzma_stream stream;
    bool ended;
    uint8_t packed[PACKED_ROOM];
};

int plast_xz_open(struct plast_stream *s, struct plast_fault *fault)
{
    struct plast_xz *xz = calloc(1, sizeof *xz);
    s->size = 0;
    if (!xz)
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: no memory to unpack it", s->name);
    xz->stream = (lzma_stream)LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&xz->stream, (uint64_t)MOST_MEGABYTES << 20, LZMA_CONCATENATED) !=
        LZMA_OK) {
        free(xz);
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: no memory to unpack it", s->name);
    }
    s->xz = xz;
    xz->file = fopen(s->name, "rb");
    if (xz->file)
        return 0;
    plast_fail(fault, PLAST_STATUS_FILE, "%s: %s", s->name, strerror(errno));
    plast_xz_close(s);
    return PLAST_STATUS_FILE;
}

static int refuse(const struct plast_stream *s, lzma_ret code, struct plast_fault *fault)
{
    switch (code) {
    case LZMA_MEM_ERROR:
        return plast_fail(fault, PLAST_STATUS_FILE, "%s: no memory to unpack it", s->name);
    case LZMA_MEMLIMIT_ERROR:
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: unpacking it takes more than %d MB of memory", s->name,
                          MOST_MEGABYTES);
    case LZMA_OPTIONS_ERROR:
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: is packed in a way that this liblzma does not know", s->name);
    case LZMA_BUF_ERROR:
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: the packed data is cut off, after %" PRIu64
                          " bytes of what it holds",
                          s->name, s->at);
    default:
        return plast_fail(fault, PLAST_STATUS_FILE,
                          "%s: the packed data is damaged, beyond byte %" PRIu64
                          " of what it holds",
                          s->name, s->at);
    }
}

/* More packed bytes, once all are used up. */
static int refill(const struct plast_stream *s, struct plast_xz *xz, struct plast_fault *fault)
{
    if (xz->stream.avail_in || feof(xz->file))
        return 0;
    errno = 0;
    xz->stream.next_in = xz->packed;
    xz->stream.avail_in = fread(xz->packed, 1, sizeof xz->packed, xz->file);
    return ferror(xz->file)
               ? plast_fail(fault, PLAST_STATUS_FILE, "%s: %s", s->name, strerror(errno))
               : 0;
}

int plast_xz_read(struct plast_stream *s, uint8_t *to, size_t n, size_t *got,
                  struct plast_fault *fault)
{
    struct plast_xz *xz = s->xz;
    xz->stream.next_out = to;
    xz->stream.avail_out = n;
    while (!xz->ended && xz->stream.avail_out) {
        size_t left = xz->stream.avail_out;
        int status = refill(s, xz, fault);
        if (status)
            return status;
        lzma_ret code = lzma_code(&xz->stream, feof(xz->file) ? LZMA_FINISH : LZMA_RUN);
        *got += left - xz->stream.avail_out;
        s->at += left - xz->stream.avail_out;
        xz->ended = code == LZMA_STREAM_END;
        if (code != LZMA_OK && code != LZMA_STREAM_END)
            return refuse(s, code, fault);
    }
    return 0;
}

void plast_xz_close(struct plast_stream *s)
{
    if (!s->xz)
        return;
    lzma_end(&s->xz->stream);
    if (s->xz->file)
        fclose(s->xz->file);
    free(s->xz);
    s->xz = NULL;
}

#else

int plast_xz_open(struct plast_stream *s, struct plast_fault *fault)
{
    return plast_fail(fault, PLAST_STATUS_FILE,
                      "%s: is packed by xz, and this build has no liblzma; unpack it first",
                      s->name);
}

int plast_xz_read(struct plast_stream *s, uint8_t *to, size_t n, size_t *got,
                  struct plast_fault *fault)
{
    (void)to, (void)n, (void)got;
    return plast_xz_open(s, fault);
}

void plast_xz_close(struct plast_stream *s)
{
    (void)s;
}

#endif
