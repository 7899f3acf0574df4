/* Memory, interned names and growing texts of one compilation. Sizes come in,
 * zeroed memory goes out; it relies on calloc alone and ends the program when
 * that fails. */
#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 16, EXIT_INTERNAL = 70 };

struct chunk {
    struct chunk *next;
    alignas(max_align_t) char bytes[];
};

struct interned {
    const char *text;
    size_t size;
    uint64_t hash;
};

struct arena {
    struct chunk *chunks;
    char *free, *end;      /* what is left of the current chunk */
    struct interned *name; /* open addressing, never more than half full */
    size_t names, name_room;
};

static void fail_memory(void)
{
    fputs("plastc: out of memory\n", stderr);
    exit(EXIT_INTERNAL);
}

struct arena *arena_new(void)
{
    struct arena *a = calloc(1, sizeof *a);
    if (!a)
        fail_memory();
    return a;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(a);
}

static char *add_chunk(struct arena *a, size_t bytes)
{
    struct chunk *c = calloc(1, sizeof *c + bytes);
    if (!c)
        fail_memory();
    c->next = a->chunks;
    a->chunks = c;
    return c->bytes;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    const size_t align = alignof(max_align_t);
    if (bytes > SIZE_MAX / 2)
        fail_memory();
    bytes = bytes ? (bytes + align - 1) / align * align : align;
    if (bytes > CHUNK_BYTES / 4) /* the current chunk stays in use */
        return add_chunk(a, bytes);
    if ((size_t)(a->end - a->free) < bytes) {
        a->free = add_chunk(a, CHUNK_BYTES);
        a->end = a->free + CHUNK_BYTES;
    }
    void *p = a->free;
    a->free += bytes;
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        fail_memory();
    return arena_alloc(a, count * size);
}

void *arena_grow(struct arena *a, void *array, size_t count, size_t size)
{
    if (count & (count - 1))
        return array;
    if (count > SIZE_MAX / 2)
        fail_memory();
    void *grown = arena_array(a, count ? 2 * count : 1, size);
    if (count)
        memcpy(grown, array, count * size);
    return grown;
}

static uint64_t hash_bytes(const char *s, size_t size)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3;
    return h ^ h >> 29;
}

static struct interned *find_slot(struct arena *a, const char *s, size_t size, uint64_t hash)
{
    for (size_t i = (size_t)hash & (a->name_room - 1);; i = (i + 1) & (a->name_room - 1)) {
        struct interned *n = &a->name[i];
        if (!n->text || (n->hash == hash && n->size == size && !memcmp(n->text, s, size)))
            return n;
    }
}

static void grow_names(struct arena *a)
{
    struct interned *old = a->name;
    size_t room = a->name_room;
    a->name_room = room ? 2 * room : 256;
    a->name = arena_array(a, a->name_room, sizeof *a->name);
    for (size_t i = 0; i < room; i++)
        if (old[i].text)
            *find_slot(a, old[i].text, old[i].size, old[i].hash) = old[i];
}

const char *intern_bytes(struct arena *a, const char *s, size_t size)
{
    if (2 * a->names >= a->name_room)
        grow_names(a);
    uint64_t hash = hash_bytes(s, size);
    struct interned *n = find_slot(a, s, size, hash);
    if (!n->text) {
        char *copy = arena_alloc(a, size + 1);
        memcpy(copy, s, size);
        *n = (struct interned){copy, size, hash};
        a->names++;
    }
    return n->text;
}

const char *intern(struct arena *a, const char *s)
{
    return intern_bytes(a, s, strlen(s));
}

char *arena_vformat(struct arena *a, const char *format, va_list args)
{
    char most[512]; /* enough for nearly all: then the format is read once */
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(most, sizeof most, format, again);
    va_end(again);
    if (size < 0)
        bug("a format that cannot be printed: %s", format);
    char *s = arena_alloc(a, (size_t)size + 1);
    if ((size_t)size < sizeof most)
        memcpy(s, most, (size_t)size + 1);
    else
        vsnprintf(s, (size_t)size + 1, format, args);
    return s;
}

char *arena_format(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *s = arena_vformat(a, format, args);
    va_end(args);
    return s;
}

struct text text_new(struct arena *a)
{
    enum { ROOM = 256 };
    return (struct text){.arena = a, .bytes = arena_alloc(a, ROOM), .room = ROOM};
}

static void make_room(struct text *t, size_t more)
{
    if (more >= SIZE_MAX / 2 - t->size)
        fail_memory();
    if (t->size + more < t->room)
        return;
    size_t room = 2 * t->room;
    while (t->size + more >= room)
        room *= 2;
    char *bytes = arena_alloc(t->arena, room);
    memcpy(bytes, t->bytes, t->size + 1);
    t->bytes = bytes;
    t->room = room;
}

void text_add_bytes(struct text *t, const char *s, size_t size)
{
    make_room(t, size);
    if (size)
        memcpy(t->bytes + t->size, s, size);
    t->size += size;
    t->bytes[t->size] = '\0';
}

void text_add(struct text *t, const char *s)
{
    text_add_bytes(t, s, strlen(s));
}

void text_printf(struct text *t, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    make_room(t, 128); /* enough for nearly all: then the format is read once */
    int size = vsnprintf(t->bytes + t->size, 129, format, again);
    va_end(again);
    if (size < 0)
        bug("a format that cannot be printed: %s", format);
    if (size > 128) {
        make_room(t, (size_t)size);
        vsnprintf(t->bytes + t->size, (size_t)size + 1, format, args);
    }
    t->size += (size_t)size;
    va_end(args);
}

void bug_at(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "plastc: internal error at %s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(EXIT_INTERNAL);
}
