/* For generated C alone: vectors of the target's width, tiles of a size that fits its registers,
 * flush-to-zero, and the few loops that every model shares. Nothing here is part of the interface
 * for programs. */
#ifndef PLAST_KERNELS_H
#define PLAST_KERNELS_H

#include "plast.h"

#include <float.h>
#include <math.h>
#include <string.h>
#if defined __SSE__
#include <xmmintrin.h>
#endif

#if defined __FAST_MATH__
#error "generated code keeps the order of its sums: compile it without -ffast-math"
#endif
#if defined _OPENMP
extern int
omp_get_max_threads(void); /* <omp.h> is not on every machine whose compiler knows OpenMP */
#elif defined __GNUC__
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#endif
#if defined                                                                                        \
    __clang__ /* `omp simd` is a wish: where a formula calls a function it may not be granted */
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

/* A tile of a product is PLAST_ROWS x 2 vectors of sums held in registers: 12 of 16 registers, 24
 * of 32; the others hold its operands. */
#if defined __AVX512F__
#define PLAST_LANES 16
#define PLAST_ROWS 12
#elif defined __AVX__
#define PLAST_LANES 8
#define PLAST_ROWS 6
#elif defined __aarch64__
#define PLAST_LANES 4
#define PLAST_ROWS 12
#else
#define PLAST_LANES 4
#define PLAST_ROWS 6
#endif

/* A tile of the gradient of weights that slide over maps: channels of the result by weights of
 * each.
 */
#if PLAST_ROWS == 12
#define PLAST_TAP_ROWS 4
#define PLAST_TAPS 6
#else
#define PLAST_TAP_ROWS 2
#define PLAST_TAPS 4
#endif

/* The share of a layer's synapses that live below which csr is the faster form. On a Zen 4, of both
 * hidden layers of 784-300-100-10, at batch 32 and 128, `bench --crossover` said 0.51 - 0.63 with
 * AVX-512, 0.53 - 0.66 with AVX2, 0.60 - 0.86 with SSE. */
#if defined __AVX__
#define PLAST_CROSSOVER 0.5
#else
#define PLAST_CROSSOVER 0.6
#endif
/* Vectors of samples in a csr tile, of n samples. */
#define PLAST_SPAN(n)                                                                              \
    ((n) % (8 * PLAST_LANES) == 0   ? 8                                                            \
     : (n) % (4 * PLAST_LANES) == 0 ? 4                                                            \
     : (n) % (2 * PLAST_LANES) == 0 ? 2                                                            \
                                    : 1)

#define PLAST_INLINE __attribute__((always_inline))
#define PLAST_UNUSED __attribute__((unused))
#define PLAST_IGNORE(x) ((void)(x))
#define PLAST_LEAST(a, b) ((a) < (b) ? (a) : (b))
#define PLAST_MOST(a, b) ((a) > (b) ? (a) : (b))
/* Of n columns, those past the last whole tile, and the vectors that hold them. */
#define PLAST_TAIL(n) ((int)((n) % (2 * PLAST_LANES)))
#define PLAST_TAIL_VECS(n) ((PLAST_TAIL(n) + PLAST_LANES - 1) / PLAST_LANES)
#define PLAST_UNROLL _Pragma("GCC unroll 16")

typedef float plast_vec __attribute__((vector_size(4 * PLAST_LANES), aligned(4), may_alias));

static inline PLAST_INLINE PLAST_UNUSED plast_vec plast_load(const float *p)
{
    return *(const plast_vec *)p;
}

static inline PLAST_INLINE PLAST_UNUSED void plast_store(float *p, plast_vec v)
{
    *(plast_vec *)p = v;
}

/* All lanes s. (Not 0 + s, which is not s where s is -0.) */
static inline PLAST_INLINE PLAST_UNUSED plast_vec plast_splat(float s)
{
    return s - (plast_vec){0};
}

typedef int plast_lanes __attribute__((vector_size(4 * PLAST_LANES), aligned(4), may_alias));

/* The first `count` lanes, the others zero whatever they hold. */
static inline PLAST_INLINE PLAST_UNUSED plast_vec plast_first(plast_vec v, int64_t count)
{
    plast_lanes number;
    for (int l = 0; l < PLAST_LANES; l++)
        number[l] = l;
    return (plast_vec)((plast_lanes)v & (number < (int)count));
}

/* The sum of the lanes, by halves. */
static inline PLAST_INLINE PLAST_UNUSED float plast_total(plast_vec v)
{
    float s[PLAST_LANES];
    plast_store(s, v);
    for (int w = PLAST_LANES / 2; w; w /= 2)
        for (int l = 0; l < w; l++)
            s[l] += s[l + w];
    return s[0];
}

/* Asks for the line that will be written. */
static inline PLAST_INLINE PLAST_UNUSED void plast_soon(const float *p)
{
    __builtin_prefetch(p, 1);
}

/* Subnormals read and written as zero, on this thread, until plast_flush_end. Momenta that decay
 * through them make a step take several times as long. */
static inline PLAST_UNUSED uint64_t plast_flush_begin(void)
{
#if defined __SSE__
    unsigned was = _mm_getcsr();
    _mm_setcsr(was | 0x8040u); /* FTZ and DAZ */
    return was;
#elif defined __aarch64__
    uint64_t was;
    __asm__ volatile("mrs %0, fpcr" : "=r"(was));
    __asm__ volatile("msr fpcr, %0" : : "r"(was | (UINT64_C(1) << 24)));
    return was;
#else
    return 0;
#endif
}

static inline PLAST_UNUSED void plast_flush_end(uint64_t was)
{
#if defined __SSE__
    _mm_setcsr((unsigned)was);
#elif defined __aarch64__
    __asm__ volatile("msr fpcr, %0" : : "r"(was));
#else
    (void)was;
#endif
}

/* condition ? a : b of bits, with both computed: a compiler that may not move a division would make
 * a branch of `?:` and then no vectors. */
static inline PLAST_INLINE PLAST_UNUSED float plast_select(int condition, float a, float b)
{
    const uint32_t mask = (uint32_t)0 - (uint32_t)(condition != 0);
    uint32_t p, q;
    memcpy(&p, &a, 4);
    memcpy(&q, &b, 4);
    p = (p & mask) | (q & ~mask);
    memcpy(&a, &p, 4);
    return a;
}

/* e^x without branches, so that a loop over it runs in vectors: x = n ln 2 + r with |r| <= ln 2 /
 * 2, ln 2 in two parts, and the Taylor polynomial of degree 7 for e^r. Relative error below 1.5e-7;
 * infinite above 88.7, zero below -87.3 (where the result would be subnormal). */
static inline PLAST_INLINE PLAST_UNUSED float plast_exp(float x)
{
    const float big = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    /* not a number: -87.4 */
    const float y = plast_select(x > 88.8f, 88.8f, plast_select(x > -87.4f, x, -87.4f));
    const float n = (y * 1.44269504f + big) - big;
    const float r = (y - n * 0.693145752f) - n * 1.42860677e-6f;
    float p = 1.98412698e-4f;
    p = p * r + 1.38888889e-3f;
    p = p * r + 8.33333333e-3f;
    p = p * r + 4.16666667e-2f;
    p = p * r + 1.66666667e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    /* 2^n in two factors, for n may be 128 */
    const int32_t whole = (int32_t)n, half = whole / 2;
    const uint32_t low = (uint32_t)(half + 127) << 23, high = (uint32_t)(whole - half + 127) << 23;
    float a, b;
    memcpy(&a, &low, 4);
    memcpy(&b, &high, 4);
    p = p * a * b;
    p = plast_select(x < -87.33f, 0.0f, p);
    return plast_select(x == x, p, x);
}

/* tanh x: below 0.625 its odd polynomial (Cephes), above 1 - 2 / (e^2|x| + 1). Relative error below
 * 3e-7. */
static inline PLAST_INLINE PLAST_UNUSED float plast_tanh(float x)
{
    const float a = x < 0.0f ? -x : x, s = x * x;
    const float large = 1.0f - 2.0f / (plast_exp(2.0f * a) + 1.0f);
    float p = -5.70498872745e-3f;
    p = p * s + 2.06390887954e-2f;
    p = p * s - 5.37397155531e-2f;
    p = p * s + 1.33314422036e-1f;
    p = p * s - 3.33332819422e-1f;
    const float small = x + x * s * p;
    return plast_select(a < 0.625f, small, plast_select(x < 0.0f, -large, large));
}

/* The sum of n numbers, always by the same tree: 16 partial sums, then halves. */
static inline PLAST_UNUSED float plast_sum(const float *v, int64_t n)
{
    float s[16] = {0};
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int l = 0; l < 16; l++)
            s[l] += v[i + l];
    for (int l = 0; i + l < n; l++)
        s[l] += v[i + l];
    for (int w = 8; w; w /= 2)
        for (int l = 0; l < w; l++)
            s[l] += s[l + w];
    return s[0];
}

/* The same over all time steps, whose numbers stand `slice` apart. */
static inline PLAST_UNUSED float plast_sum_steps(const float *v, int64_t n, int64_t steps,
                                                 int64_t slice)
{
    float sum = 0;
    for (int64_t t = 0; t < steps; t++)
        sum += plast_sum(v + t * slice, n);
    return sum;
}

/* Lanes of a, then of b, by number. */
#if defined __clang__
#define PLAST_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int32_t plast_lanes __attribute__((vector_size(4 * PLAST_LANES)));
#define PLAST_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (plast_lanes){__VA_ARGS__})
#endif

/* Lanes of a and b in turn: of their first halves, of their second halves. */
#if PLAST_LANES == 16
#define PLAST_ZIP(a, b) PLAST_SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define PLAST_ZIP_END(a, b)                                                                        \
    PLAST_SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif PLAST_LANES == 8
#define PLAST_ZIP(a, b) PLAST_SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define PLAST_ZIP_END(a, b) PLAST_SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define PLAST_ZIP(a, b) PLAST_SHUFFLE(a, b, 0, 4, 1, 5)
#define PLAST_ZIP_END(a, b) PLAST_SHUFFLE(a, b, 2, 6, 3, 7)
#endif

/* to[i][k] = row[k][j + i] for i, k < PLAST_LANES. Each round doubles the distance of neighbours.
 */
static inline PLAST_INLINE PLAST_UNUSED void
plast_transpose_square(const float *const *row, int64_t j, float *restrict to, int64_t line)
{
    plast_vec v[PLAST_LANES];
    PLAST_UNROLL for (int i = 0; i < PLAST_LANES; i++) v[i] = plast_load(row[i] + j);
    PLAST_UNROLL for (int round = 1; round < PLAST_LANES; round *= 2)
    {
        plast_vec t[PLAST_LANES];
        PLAST_UNROLL for (int i = 0; i < PLAST_LANES / 2; i++)
        {
            t[2 * i] = PLAST_ZIP(v[i], v[i + PLAST_LANES / 2]);
            t[2 * i + 1] = PLAST_ZIP_END(v[i], v[i + PLAST_LANES / 2]);
        }
        PLAST_UNROLL for (int i = 0; i < PLAST_LANES; i++) v[i] = t[i];
    }
    PLAST_UNROLL for (int i = 0; i < PLAST_LANES; i++) plast_store(to + i * line, v[i]);
}

/* to[j][k] = row[k][j] for j < cols and k < rows <= 16, and zero for rows <= k < PLAST_LEAST(16,
 * room); `to` has lines of `line` floats. */
static inline PLAST_UNUSED void plast_transpose_block(const float *const *row, int64_t rows,
                                                      int64_t cols, float *restrict to,
                                                      int64_t line, int64_t room)
{
    int64_t j = 0;
    for (; rows == 16 && j + PLAST_LANES <= cols; j += PLAST_LANES)
        for (int64_t k = 0; k < 16; k += PLAST_LANES)
            plast_transpose_square(row + k, j, to + j * line + k, line);
    for (; j < cols; j++)
        for (int64_t k = 0; k < PLAST_LEAST(16, room); k++)
            to[j * line + k] = k < rows ? row[k][j] : 0.0f;
}

/* to[j][i] = from[i][j] for i < rows, j < cols, and zero for rows <= i < line; line is the length
 * of to's rows. Threads share blocks of 16 i, one cache line of each row of `to`. */
static inline PLAST_UNUSED void plast_transpose(const float *restrict from, int64_t rows,
                                                int64_t cols, int64_t from_line, float *restrict to,
                                                int64_t line)
{
#pragma omp for schedule(static)
    for (int64_t i = 0; i < line; i += 16) {
        const int64_t count = i < rows ? PLAST_LEAST(16, rows - i) : 0;
        const float *row[16];
        for (int64_t k = 0; k < count; k++)
            row[k] = from + (i + k) * from_line;
        plast_transpose_block(row, count, cols, to + i, line, line - i);
    }
}

/* n floats, a multiple of 16, become zero. */
static inline PLAST_UNUSED void plast_clear(float *restrict to, int64_t n)
{
#pragma omp for schedule(static)
    for (int64_t i = 0; i < n; i += 16)
        memset(to + i, 0, 16 * sizeof *to);
}

/* All threads of the region come here before any goes on. */
static inline PLAST_UNUSED void plast_wait(void)
{
#pragma omp barrier
}

/* to[i][j] = value j of sample index[i] for i < n, j < cols. Threads share the samples; those to
 * come are fetched ahead. */
static inline PLAST_UNUSED void plast_gather_rows(const struct plast_source *from, int64_t n,
                                                  int64_t cols, float *restrict to)
{
#pragma omp for schedule(static)
    for (int64_t i = 0; i < n; i++) {
        if (from->bytes == NULL) {
            memcpy(to + i * cols, from->floats + from->index[i] * cols,
                   (size_t)cols * sizeof(float));
            continue;
        }
        if (i + 4 < n) {
            const uint8_t *soon = from->bytes + from->index[i + 4] * cols;
            for (int64_t j = 0; j < cols; j += 64)
                __builtin_prefetch(soon + j);
        }
        const uint8_t *row = from->bytes + from->index[i] * cols;
#pragma omp simd
        for (int64_t j = 0; j < cols; j++)
            to[i * cols + j] = plast_unit(row[j]);
    }
}

typedef uint8_t plast_bytes __attribute__((vector_size(16), aligned(1), may_alias));
#if defined __clang__
#define PLAST_SHUFFLE_BYTES(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define PLAST_SHUFFLE_BYTES(a, b, ...) __builtin_shuffle(a, b, (plast_bytes){__VA_ARGS__})
#endif
#define PLAST_ZIP_BYTES(a, b)                                                                      \
    PLAST_SHUFFLE_BYTES(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define PLAST_ZIP_BYTES_END(a, b)                                                                  \
    PLAST_SHUFFLE_BYTES(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

/* to[i][k] = row[k][j + i] / 255 for i < 16, k < count <= 16; zero for k >= count. */
static inline PLAST_INLINE PLAST_UNUSED void plast_widen_square(const uint8_t *const *row,
                                                                int64_t j, int64_t count,
                                                                float *restrict to, int64_t line)
{
    plast_bytes v[16];
    uint8_t byte[16][16];
    PLAST_UNROLL for (int i = 0; i < 16; i++) v[i] = *(const plast_bytes *)(row[i] + j);
    PLAST_UNROLL for (int round = 1; round < 16; round *= 2)
    {
        plast_bytes t[16];
        PLAST_UNROLL for (int i = 0; i < 8; i++)
        {
            t[2 * i] = PLAST_ZIP_BYTES(v[i], v[i + 8]);
            t[2 * i + 1] = PLAST_ZIP_BYTES_END(v[i], v[i + 8]);
        }
        PLAST_UNROLL for (int i = 0; i < 16; i++) v[i] = t[i];
    }
    PLAST_UNROLL for (int i = 0; i < 16; i++) * (plast_bytes *)byte[i] = v[i];
    for (int i = 0; i < 16; i++) {
#pragma omp simd
        for (int k = 0; k < 16; k++)
            to[i * line + k] = plast_unit(byte[i][k]);
        for (int64_t k = count; k < 16; k++)
            to[i * line + k] = 0.0f;
    }
}

/* to[j][k] = value j of sample index[i + k] for k < count <= 16, j < cols; zero for count <= k
 * < 16. The 16 samples after them are fetched ahead: four a turn, their next 64 bytes in four
 * turns. */
static inline PLAST_UNUSED void plast_widen_block(const struct plast_source *from, int64_t i,
                                                  int64_t count, int64_t n, int64_t cols,
                                                  float *restrict to, int64_t line)
{
    const uint8_t *row[16], *soon[16];
    for (int64_t k = 0; k < 16; k++) {
        row[k] = from->bytes + from->index[k < count ? i + k : 0] * cols;
        soon[k] = from->bytes + from->index[i + 16 + k < n ? i + 16 + k : 0] * cols;
    }
    for (int64_t j = 0; j + 16 <= cols; j += 16) {
        for (int64_t k = 0; k < 4; k++)
            __builtin_prefetch(soon[j / 4 % 16 + k] + j / 64 * 64);
        plast_widen_square(row, j, count, to + j * line, line);
    }
    for (int64_t j = cols / 16 * 16; j < cols; j++)
        for (int64_t k = 0; k < 16; k++)
            to[j * line + k] = k < count ? plast_unit(row[k][j]) : 0.0f;
}

/* The same as columns: to[j][i] = value j of sample index[i] for i < n, j < cols, and zero for n <=
 * i < line, a multiple of 16. */
static inline PLAST_UNUSED void plast_gather_columns(const struct plast_source *from, int64_t n,
                                                     int64_t cols, float *restrict to, int64_t line)
{
#pragma omp for schedule(static)
    for (int64_t i = 0; i < line; i += 16) {
        const int64_t count = i < n ? PLAST_LEAST(16, n - i) : 0;
        if (from->bytes != NULL) {
            plast_widen_block(from, i, count, n, cols, to + i, line);
        } else {
            const float *row[16];
            for (int64_t k = 0; k < count; k++)
                row[k] = from->floats + from->index[i + k] * cols;
            plast_transpose_block(row, count, cols, to + i, line, 16);
        }
    }
}

/* The sums of four vectors over their lanes, as the first four lanes. */
static inline PLAST_INLINE PLAST_UNUSED plast_vec plast_lane_sums(const plast_vec *v)
{
#if PLAST_LANES == 16
    const plast_vec a =
        PLAST_SHUFFLE(v[0], v[1], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
        PLAST_SHUFFLE(v[0], v[1], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const plast_vec b =
        PLAST_SHUFFLE(v[2], v[3], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
        PLAST_SHUFFLE(v[2], v[3], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    plast_vec c = PLAST_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
                  PLAST_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    c += PLAST_SHUFFLE(c, c, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    c += PLAST_SHUFFLE(c, c, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    return PLAST_SHUFFLE(c, c, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
#elif PLAST_LANES == 8
    const plast_vec a = PLAST_SHUFFLE(v[0], v[1], 0, 1, 2, 3, 8, 9, 10, 11) +
                        PLAST_SHUFFLE(v[0], v[1], 4, 5, 6, 7, 12, 13, 14, 15);
    const plast_vec b = PLAST_SHUFFLE(v[2], v[3], 0, 1, 2, 3, 8, 9, 10, 11) +
                        PLAST_SHUFFLE(v[2], v[3], 4, 5, 6, 7, 12, 13, 14, 15);
    plast_vec c = PLAST_SHUFFLE(a, b, 0, 1, 4, 5, 8, 9, 12, 13) +
                  PLAST_SHUFFLE(a, b, 2, 3, 6, 7, 10, 11, 14, 15);
    c += PLAST_SHUFFLE(c, c, 1, 0, 3, 2, 5, 4, 7, 6);
    return PLAST_SHUFFLE(c, c, 0, 2, 4, 6, 0, 2, 4, 6);
#else
    const plast_vec a =
        PLAST_SHUFFLE(v[0], v[2], 0, 1, 4, 5) + PLAST_SHUFFLE(v[0], v[2], 2, 3, 6, 7);
    const plast_vec b =
        PLAST_SHUFFLE(v[1], v[3], 0, 1, 4, 5) + PLAST_SHUFFLE(v[1], v[3], 2, 3, 6, 7);
    return PLAST_SHUFFLE(a, b, 0, 4, 2, 6) + PLAST_SHUFFLE(a, b, 1, 5, 3, 7);
#endif
}

/* The first n of the lanes, the others zero. */
static inline PLAST_INLINE PLAST_UNUSED plast_vec plast_first_lanes(plast_vec v, int64_t n)
{
    float part[PLAST_LANES];
    plast_store(part, v);
    for (int l = 0; l < PLAST_LANES; l++)
        part[l] = l < n ? part[l] : 0.0f;
    return plast_load(part);
}

/* g[p - base] = sum over n samples of error[sample] * in[index[p] - shift][sample], for first <= p
 * < end; rows of `in` are `line` floats apart. */
static inline PLAST_INLINE PLAST_UNUSED void
plast_sampled(float *restrict g, const float *restrict error, const float *restrict in,
              int64_t line, const plast_index *restrict index, int64_t first, int64_t end,
              int64_t base, int64_t shift, int64_t n)
{
    const int64_t whole = n / PLAST_LANES * PLAST_LANES;
    for (int64_t p = first; p < end; p += 4) {
        plast_vec d[4];
        PLAST_UNROLL for (int64_t l = 0; l < 4; l++)
        {
            const int64_t at = p + l < end ? p + l : p; /* past the end: anything */
            const float *row = in + ((int64_t)index[at] - shift) * line;
            d[l] = plast_splat(0.0f);
            PLAST_UNROLL for (int64_t q = 0; q < whole; q += PLAST_LANES) d[l] +=
                plast_load(error + q) * plast_load(row + q);
            if (whole < n)
                d[l] += plast_first_lanes(plast_load(error + whole), n - whole) *
                        plast_first_lanes(plast_load(row + whole), n - whole);
        }
        float sums[PLAST_LANES];
        plast_store(sums, plast_lane_sums(d));
        float *to = g + (p - base);
        if (p + 4 <= end) {
            memcpy(to, sums, sizeof(float[4]));
            continue;
        }
        to[0] = sums[0];
        if (p + 1 < end)
            to[1] = sums[1];
        if (p + 2 < end)
            to[2] = sums[2];
    }
}

/* The same for rows of a squeezed matrix from row i on, and of row i from place `at` on, into g
 * from its beginning: parts `from` to `to` of each row, `together` of them at once, those of all
 * rows before the next, so that what they read of `in` stays near. As many rows before `end` as fit
 * PLAST_RUN gradients. Returns the row after them: i, if no row fits, and then PLAST_RUN of it. */
#define PLAST_RUN 4096
static inline PLAST_INLINE PLAST_UNUSED int64_t plast_sampled_rows(
    float *restrict g, const float *restrict error, const float *restrict in, int64_t line,
    const plast_index *restrict index, const uint32_t *restrict starts, int64_t parts, int64_t from,
    int64_t to, int64_t together, int64_t shift, int64_t i, int64_t end, int64_t at, int64_t n)
{
    int64_t next = i;
    while (next < end && (int64_t)starts[next * parts + to] - at <= PLAST_RUN)
        next++;
    if (next == i)
        plast_sampled(g, error + i * line, in, line, index, at, at + PLAST_RUN, at, shift, n);
    for (int64_t part = from; part < to; part += together) {
        const int64_t last = PLAST_LEAST(part + together, to);
        for (int64_t r = i; r < next; r++) {
            const int64_t first = starts[r * parts + part];
            plast_sampled(g, error + r * line, in, line, index, first < at ? at : first,
                          starts[r * parts + last], at, shift, n);
        }
    }
    return next;
}

/* Threads for a parallel region: what was asked for, else as OpenMP chooses. */
static inline PLAST_UNUSED int plast_threads(int32_t asked)
{
#if defined _OPENMP
    return asked > 0 ? (int)asked : omp_get_max_threads();
#else
    (void)asked;
    return 1;
#endif
}

/* Sixteen partial results of a reduction, as a tree. */
static inline PLAST_UNUSED float plast_sum16(const float *part)
{
    float s[8];
    for (int i = 0; i < 8; i++)
        s[i] = part[i] + part[i + 8];
    for (int i = 0; i < 4; i++)
        s[i] += s[i + 4];
    return (s[0] + s[2]) + (s[1] + s[3]);
}

static inline PLAST_UNUSED float plast_least16(const float *part)
{
    float least = part[0];
    for (int i = 1; i < 16; i++)
        least = part[i] < least ? part[i] : least;
    return least;
}

static inline PLAST_UNUSED float plast_most16(const float *part)
{
    float most = part[0];
    for (int i = 1; i < 16; i++)
        most = part[i] > most ? part[i] : most;
    return most;
}

/* Neither infinite nor not a number. */
static inline PLAST_UNUSED int plast_finite(float x)
{
    return x - x == 0.0f;
}

/* See plast_model.fma. */
static inline PLAST_UNUSED double plast_fma(int64_t rounds)
{
    plast_vec a[PLAST_ROWS][2];
    const plast_vec x = plast_splat(0.999f), y = plast_splat(0.5f);
    for (int i = 0; i < PLAST_ROWS; i++)
        a[i][0] = a[i][1] = plast_splat((float)i);
    for (int64_t k = 0; k < rounds; k++) {
        PLAST_UNROLL for (int i = 0; i < PLAST_ROWS; i++)
        {
            a[i][0] = a[i][0] * x + y;
            a[i][1] = a[i][1] * x + y;
        }
        __asm__ volatile(""); /* rounds are not to be computed at once */
    }
    volatile float keep = 0;
    for (int i = 0; i < PLAST_ROWS; i++)
        keep = keep + a[i][0][0] + a[i][1][0];
    return (double)rounds * PLAST_ROWS * 2 * PLAST_LANES * 2;
}

#endif
