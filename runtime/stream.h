/* Bytes from a plain file, a .gz or .xz file or memory, read once from the front. */
#ifndef PLAST_STREAM_H
#define PLAST_STREAM_H

#include "fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plast_stream {
    const char *name;    /* for messages; belongs to the caller */
    void *file;          /* zlib's handle, or a FILE in a build without zlib; NULL for memory */
    struct plast_xz *xz; /* of a file that xz packed, instead of `file` */
    const uint8_t *memory;
    uint64_t size; /* all bytes, where known before reading (plain files, memory), else 0 */
    uint64_t at;   /* bytes delivered so far */
};

/* Whether a file is packed is told by its first bytes. A build without zlib refuses .gz files, one
 * without liblzma .xz files. */
int plast_stream_open(struct plast_stream *, const char *path, struct plast_fault *);
void plast_stream_memory(struct plast_stream *, const char *name, const uint8_t *, size_t size);
void plast_stream_close(struct plast_stream *);

/* Up to n bytes; *got < n only at the end. Returns 0, or PLAST_STATUS_FILE for what cannot be
 * read (also packed data that is damaged or cut off). */
int plast_stream_read(struct plast_stream *, void *to, size_t n, size_t *got, struct plast_fault *);

/* Up to `most` bytes in a new array, which grows as the bytes come in, so that a header's claim
 * costs nothing. There is one byte of room behind them, set to 0. */
int plast_stream_take(struct plast_stream *, uint64_t most, uint8_t **bytes, size_t *got,
                      struct plast_fault *);

/* stream_xz.c, for stream.c. */
bool plast_is_xz(const char *path);
int plast_xz_open(struct plast_stream *, struct plast_fault *);
int plast_xz_read(struct plast_stream *, uint8_t *to, size_t n, size_t *got, struct plast_fault *);
void plast_xz_close(struct plast_stream *);

#endif
