/* One arena for a compilation: everything the compiler builds lives in it and
 * is freed once, in main. Strings that name things are interned, so that two
 * names are equal exactly where their pointers are. */
#ifndef PLAST_ARENA_H
#define PLAST_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

#if defined __GNUC__
#define PRINTF_LIKE(place, first) __attribute__((format(printf, place, first)))
#else
#define PRINTF_LIKE(place, first)
#endif

struct arena *arena_new(void);
void arena_free(struct arena *);

/* Zeroed and aligned for any type. Ends the program (status 70) when memory is
 * gone: a compiler has nothing better to do then. */
void *arena_alloc(struct arena *, size_t bytes);
void *arena_array(struct arena *, size_t count, size_t size); /* checked product */
#define NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define NEW_ARRAY(arena, count, type) ((type *)arena_array((arena), (size_t)(count), sizeof(type)))

/* Room for one more element at the end of a growing array: the array is moved
 * when `count` is a power of two (or 0), so no capacity need be kept. */
void *arena_grow(struct arena *, void *array, size_t count, size_t size);
#define PUSH(arena, array, count, item)                                                            \
    ((array) = arena_grow((arena), (array), (size_t)(count), sizeof *(array)),                     \
     (array)[(count)++] = (item))

const char *intern(struct arena *, const char *);
const char *intern_bytes(struct arena *, const char *, size_t);
char *arena_format(struct arena *, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vformat(struct arena *, const char *format, va_list);

/* A text that grows, for everything that is printed before it is written. */
struct text {
    struct arena *arena;
    char *bytes; /* always ends with a NUL */
    size_t size, room;
};

struct text text_new(struct arena *);
void text_add(struct text *, const char *);
void text_add_bytes(struct text *, const char *, size_t);
void text_printf(struct text *, const char *format, ...) PRINTF_LIKE(2, 3);

/* The compiler itself is wrong: prints where, and ends with status 70. */
#if defined __GNUC__
__attribute__((noreturn))
#endif
void bug_at(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);
#define bug(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)

#endif
