/* Copies chosen samples into the arrays of a prediction. (Training steps gather their inputs
 * themselves.) Bytes are widened in blocks of a constant length, which compilers turn into vector
 * code, and the samples to come are fetched ahead. */
#include "data.h"

#include <string.h>

/* x86 distributions build for SSE2; the loop is compiled for AVX2 as well and chosen when run. */
#if defined __GNUC__ && defined __x86_64__ && !defined __AVX2__
#define HAVE_WIDE 1
#else
#define HAVE_WIDE 0
#endif

#if defined __GNUC__
#define PREFETCH(at) __builtin_prefetch(at)
#define INLINE static inline __attribute__((always_inline))
#else
#define PREFETCH(at) ((void)(at))
#define INLINE static inline
#endif

enum { BLOCK = 32, LINE = 64, AHEAD = 2 };

INLINE void widen_row(float *restrict x, const uint8_t *restrict from, size_t n)
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK)
        for (size_t k = 0; k < BLOCK; k++)
            x[i + k] = plast_unit(from[i + k]);
    for (; i < n; i++)
        x[i] = plast_unit(from[i]);
}

INLINE void gather_rows(const uint8_t *bytes, size_t width, const int64_t *index, size_t n,
                        float *x)
{
    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n) {
            const uint8_t *next = bytes + (size_t)index[i + AHEAD] * width;
            for (size_t at = 0; at < width; at += LINE)
                PREFETCH(next + at);
        }
        widen_row(x + i * width, bytes + (size_t)index[i] * width, width);
    }
}

static void gather_plain(const uint8_t *bytes, size_t width, const int64_t *index, size_t n,
                         float *x)
{
    gather_rows(bytes, width, index, n, x);
}

#if HAVE_WIDE
__attribute__((target("avx2"))) static void gather_wide(const uint8_t *bytes, size_t width,
                                                        const int64_t *index, size_t n, float *x)
{
    gather_rows(bytes, width, index, n, x);
}
#endif

static void gather_bytes(const uint8_t *bytes, size_t width, const int64_t *index, size_t n,
                         float *x)
{
#if HAVE_WIDE
    if (__builtin_cpu_supports("avx2")) {
        gather_wide(bytes, width, index, n, x);
        return;
    }
#endif
    gather_plain(bytes, width, index, n, x);
}

static void gather_counts(const uint8_t *bytes, size_t width, const int64_t *index, size_t n,
                          float *x)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < width; k++)
            x[i * width + k] = bytes[(size_t)index[i] * width + k];
}

static void gather_floats(const float *floats, size_t width, const int64_t *index, size_t n,
                          float *x)
{
    for (size_t i = 0; i < n; i++)
        memcpy(x + i * width, floats + (size_t)index[i] * width, width * sizeof *x);
}

static void gather_answers(const struct plast_data *data, const int64_t *index, size_t n, void *y)
{
    int32_t *label = y;
    if (data->targets)
        gather_floats(data->targets, (size_t)data->outputs, index, n, y);
    else if (data->labels)
        for (size_t i = 0; i < n; i++)
            label[i] = data->labels[index[i]];
}

void plast_data_gather(const struct plast_data *data, const int64_t *index, size_t n, float *x,
                       void *y)
{
    if (x && data->counts)
        gather_counts(data->bytes, (size_t)data->inputs, index, n, x);
    else if (x && data->bytes)
        gather_bytes(data->bytes, (size_t)data->inputs, index, n, x);
    else if (x)
        gather_floats(data->floats, (size_t)data->inputs, index, n, x);
    if (y)
        gather_answers(data, index, n, y);
}
