/* libplast: what generated models link against, and what drives them.
 *
 * A generated file defines one `const struct plast_model` and functions over
 * one block of memory that the caller owns. plast_main() makes a trainer of
 * it; nothing else in this library is needed to use a model from a program.
 *
 * Everything here is C11 and may be included from C++. */
#ifndef PLAST_H
#define PLAST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PLAST_ABI 4

/* Results of generated functions: 0, or one of these. */
enum plast_error {
    PLAST_OK = 0,
    PLAST_E_MEMORY = -1,   /* the block is too small or not aligned to 64 bytes */
    PLAST_E_ARGUMENT = -2, /* n is 0 or above the batch, a pointer is NULL */
    PLAST_E_LABEL = -3,    /* a label is not one of the classes */
    PLAST_E_NUMBER = -4    /* the loss is not a number or infinite; nothing was updated */
};

/* A sentence for a result of a generated function or of the library. */
const char *plast_strerror(int code);

enum plast_type { PLAST_F32, PLAST_F64, PLAST_I64, PLAST_U64, PLAST_U8 };

enum plast_role {
    PLAST_WEIGHT,   /* trained, a matrix */
    PLAST_BIAS,     /* trained, a vector */
    PLAST_STATE,    /* of an optimizer or a rule */
    PLAST_FEEDBACK, /* fixed random, carries errors back */
    PLAST_VALUE,    /* the activations of a layer: not saved */
    PLAST_MASK,     /* PLAST_U8, 1 alive, 0 dead: "h1.weight.alive", shaped as the weight, of its
                       synapses, "h1.alive" [units] of the layer's neurons. Where there is none
                       nothing can die */
    PLAST_COUNTER   /* PLAST_I64 [3], "h1.RULE.period": [0] 1 once the rule's setup has run, [1]
                       epochs, or steps where it adapts each N steps, that it has acted in, [2]
                       adapts made */
};

/* A tensor inside the block. Element [i][j...] of a tensor of `rank` dimensions stands at
 * offset + (i * stride + rest) elements, rest counting the later dimensions row by row:
 * rows may be padded, and the padding is zero. */
struct plast_tensor {
    const char *name; /* "h1.weight", "h1.weight.velocity" */
    enum plast_role role;
    enum plast_type type;
    int rank;
    int64_t shape[4];
    int64_t stride; /* elements from one row (first index) to the next */
    size_t offset;  /* bytes from the start of the block */
    int64_t probe;  /* PLAST_WEIGHT, PLAST_BIAS: where its gradient begins in the probe's output,
                       elements;  laid out like the tensor itself (stride); else -1 */
    int layer;      /* index in model->layer, -1 if none */
    int lives; /* PLAST_STATE of a rule: 1 where its values outlive the synapses or neurons they
                  stand at (a rule that grows), or stand at neither (input and layer space); 0 where
                  they are zero at what is dead. Else 0 */
};

struct plast_layer {
    const char *name;
    int64_t units;    /* neurons */
    int64_t synapses; /* weights, biases not counted; 0 for an input */
    const char *text; /* its pipeline as written, on one line */
    int rank;
    int64_t shape[3];
    double flops; /* multiply-adds times 2 of one sample, forward only */
};

/* The head of every model's block. The trainer reads it, and writes it when it loads a
 * checkpoint or sets the length of the run. Counters are those of language.md: what is counted
 * from 0. */
struct plast_run {
    uint64_t seed;
    int64_t epoch;         /* epochs finished */
    int64_t epochs;        /* of the whole run */
    int64_t step;          /* updates made */
    int64_t step_in_epoch; /* updates made in this epoch */
    int64_t steps_per_epoch;
    int64_t samples; /* of this epoch so far, and their sums: */
    int64_t
        correct; /* samples whose largest output was their label; -1 where there are no labels */
    double loss; /* sum of the loss over those samples */
    int32_t threads; /* 0: as OpenMP chooses */
    int32_t anchor;  /* set by plast_model.anchor */
    int32_t forms;   /* enum plast_forms; to be set where the block is unpacked */
};

enum plast_loss { PLAST_CROSS_ENTROPY, PLAST_MSE };

enum plast_learn { PLAST_BACKPROP, PLAST_FEEDBACK_ALIGNMENT, PLAST_DIRECT_FEEDBACK };

/* How a layer's weights are stored, see plast_model.form. */
enum plast_form {
    PLAST_DENSE,
    PLAST_PACKED, /* dense, of live neurons alone, on either side */
    PLAST_CSR     /* of live synapses alone */
};

/* plast_run.forms: which forms a model takes. */
enum plast_forms {
    PLAST_FORMS_AUTO,       /* the one that is fastest at the layer's density */
    PLAST_FORMS_DENSE,      /* what is dead is multiplied as the rest */
    PLAST_FORMS_PACKED,     /* no csr */
    PLAST_FORMS_CSR,        /* csr wherever it finds room */
    PLAST_FORMS_CSR_OF = 16 /* and more: csr for layer forms - 16 alone, all else dense */
};

/* Samples of a data set, for a step that gathers its inputs itself: by all its threads, and laid
 * out as the forms of its first layers want them. */
struct plast_source {
    const uint8_t *bytes; /* [samples][inputs], of values byte / 255 correctly rounded; if NULL */
    const float *floats;  /* [samples][inputs] */
    const int64_t *index; /* the n samples of the step */
    float *rows;          /* [batch][inputs], room for the step to write */
};

/* One generated model. All functions return 0 or a plast_error. None keeps a pointer. */
struct plast_model {
    int abi; /* PLAST_ABI */
    const char *name;
    int input_rank;
    int64_t input_shape[3];
    int64_t inputs, outputs; /* floats of one sample; classes or targets */
    enum plast_loss loss;
    enum plast_learn learn;
    int64_t batch; /* most samples in a step or a predict */
    int64_t epochs;
    uint64_t seed;
    size_t train_bytes, predict_bytes; /* block and scratch; both aligned to 64 bytes */
    const struct plast_tensor *tensor;
    int tensors;
    int64_t probe_size;              /* floats a probe writes */
    const struct plast_layer *layer; /* input first, output last */
    int layers;
    double step_flops; /* multiply-adds times 2 of one training sample: forward, weight gradient,
                          input gradient of all but the first layer */

    /* Fills the block: weights drawn from the seed, everything alive, everything else zero. */
    int (*init)(void *block, size_t bytes, uint64_t seed);
    /* Before the first step, and again before the next after the caller wrote into the block:
     * sums that are kept from one step to the next are then made anew. */
    int (*begin)(void *block, int64_t epochs, int64_t steps_per_epoch);
    /* One update on n samples. x: float [n][inputs]; y: int32_t [n] labels, or, where
     * y_is_targets, float [n][outputs]; sample: n numbers for the random streams (NULL:
     * step * batch + 0 .. n - 1). *loss (may be NULL): the mean over the n samples. */
    int (*step)(void *block, const float *x, const void *y, int y_is_targets,
                const uint64_t *sample, size_t n, float *loss);
    /* As step, to the bit, on samples of `from`. NULL in models that have no such function. */
    int (*step_from)(void *block, const struct plast_source *from, const void *y, int y_is_targets,
                     const uint64_t *sample, size_t n, float *loss);
    /* As step, but instead of updating anything it writes the gradient of the mean loss for each
     * trained tensor; counters stay as they are. */
    int (*probe)(void *block, const float *x, const void *y, int y_is_targets,
                 const uint64_t *sample, size_t n, float *loss, float *gradient);
    int (*end_epoch)(void *block);
    /* out: float [n][outputs], the output layer as it is (no softmax). */
    int (*predict)(const void *block, void *scratch, const float *x, const uint64_t *sample,
                   size_t n, float *out);
    /* Does `rounds` of independent multiply-adds at the width of this build and returns the
     * floating-point operations done: timed by the caller it is the peak of one core. */
    double (*fma)(int64_t rounds);
    /* For the self-test of models that use fire or detach, whose derivatives are not those of the
     * function; else NULL. on = 1: what entered each such function in the last probe (x0) is kept,
     * and until on = 0 a probe takes detach(e(x)) as e(x0), and fire(z(x), window(x)) as
     * fire(z(x0)) + window(x0) * (z(x) - z(x0)): then the differences of the loss are what the
     * gradient says. */
    int (*anchor)(void *block, int on);
    /* Carries out what the masks say, as after a rule's `drop`: the synapses that enter a dead
     * neuron die, and those that read nothing but dead neurons; weights, biases and states of what
     * is dead become zero. A block that is settled stays as it is, to the bit. For whoever writes
     * masks or weights; `begin` must follow before the next step. NULL where nothing can die. */
    int (*settle)(void *block);
    /* Weights, what belongs to them and their masks change their form as synapses and neurons die.
     * pack: each layer takes the form that its masks and plast_run.forms say; step, begin and
     * end_epoch do so by themselves. unpack: the tensors stand as struct plast_tensor says. For
     * whoever reads or writes a weight, a mask or a state of either; probe and settle do so by
     * themselves. Neither changes a bit of what is stored. form: the enum plast_form of a layer as
     * it is now. All NULL where every layer stays dense. */
    int (*pack)(void *block);
    int (*unpack)(void *block);
    int (*form)(const void *block, int layer);
};

/* The whole trainer: commands train, eval, predict, info, selftest, bench. Returns the status
 * for main: 0 done, 1 a failed selftest, 2 usage, 3 a file, 4 the loss became NaN, 70 a bug,
 * 130 / 143 after SIGINT / SIGTERM. */
int plast_main(int argc, char **argv, const struct plast_model *);

/* ------------------------------------------------------------------ random numbers
 * Counter-based: a number depends on its place alone, so no result depends on the order in which
 * threads run. A key is made of up to five words; an element is drawn by its index under the key.
 * Mixers: the finalisers of SplitMix64 (Steele, Lea, Flood 2014) and of MurmurHash3. */
static inline uint64_t plast_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The key of one stream: `kind` says what for, `which` which of them, then two free words (epoch,
 * sample). */
static inline uint64_t plast_key(uint64_t seed, uint64_t kind, uint64_t which, uint64_t epoch,
                                 uint64_t sample)
{
    uint64_t k = plast_mix(seed + UINT64_C(0x9e3779b97f4a7c15) * (kind + 1));
    k = plast_mix(k + UINT64_C(0x9e3779b97f4a7c15) * (which + 1));
    k = plast_mix(k + UINT64_C(0x9e3779b97f4a7c15) * (epoch + 1));
    return plast_mix(k + UINT64_C(0x9e3779b97f4a7c15) * (sample + 1));
}

/* 32 uniform bits for element `index` under a key; only 32-bit multiplications, so that loops
 * over elements vectorise. */
static inline uint32_t plast_bits(uint64_t key, uint32_t index)
{
    uint32_t x = index * UINT32_C(0x9e3779b9) + (uint32_t)key;
    x ^= x >> 16;
    x *= UINT32_C(0x85ebca6b);
    x ^= x >> 13;
    x *= UINT32_C(0xc2b2ae35);
    x ^= x >> 16;
    x += (uint32_t)(key >> 32);
    x ^= x >> 16;
    x *= UINT32_C(0x7feb352d);
    x ^= x >> 15;
    x *= UINT32_C(0x846ca68b);
    return x ^ (x >> 16);
}

/* Uniform in [0, 1), a multiple of 2^-24. */
static inline float plast_uniform(uint64_t key, uint32_t index)
{
    return (float)(plast_bits(key, index) >> 8) * (1.0f / 16777216.0f);
}

/* Kinds of stream. The trainer's own begin at 16. */
enum {
    PLAST_STREAM_PARAM = 1,    /* which: number of the trained tensor; sample: row */
    PLAST_STREAM_FEEDBACK = 2, /* the same for feedback tensors */
    PLAST_STREAM_DROPOUT = 3,  /* which: number of the node; epoch; sample */
    PLAST_STREAM_RULE = 4,     /* random() of a rule, element i * columns + j, and shuffled(), its
                                  exchanges. which: number of the
                                  attachment, over all rules and what each is attached to, in order;
                                  then `period` in adapt, run.step in modulate and observe, 0 before the
                                  phases; then the number of the call in its rule */
    PLAST_STREAM_SHUFFLE = 16,
    PLAST_STREAM_PERMUTE = 17,
    PLAST_STREAM_GLYPHS = 18,
    PLAST_STREAM_SELFTEST = 19
};

/* Fills rows x cols floats (row stride `stride`, padding left alone) from one of the
 * distributions of language.md section 4. distribution: 1 He-uniform, 2 He-normal,
 * 3 Glorot-uniform, 0 zeros. */
void plast_fill(float *at, int64_t rows, int64_t cols, int64_t stride, int distribution,
                int64_t fan_in, int64_t fan_out, uint64_t seed, uint64_t kind, uint64_t which);

/* For rules. x: [rows][cols] floats, rows `line` apart. result, laid out likewise: 1 at the
 * floor(q * n) lowest of the n = rows * cols places, else 0; among equals the dead come first
 * (alive may be NULL), then the lower index. */
void plast_lowest(const float *x, const uint8_t *alive, int64_t rows, int64_t cols, int64_t line,
                  float q, float *result);
/* The values of the live places in a random order, drawn under `key` from the number of them alone;
 * the dead keep theirs. x is overwritten. */
void plast_shuffled(float *x, const uint8_t *alive, int64_t rows, int64_t cols, int64_t line,
                    uint64_t key, float *result);
/* Element min(n - 1, floor(q * n)) of the values in rising order. */
float plast_quantile(const float *x, int64_t rows, int64_t cols, int64_t line, float q);

/* For storage forms. What a packed layer holds of its neurons, in int64_t [8]: */
enum {
    PLAST_HELD_ROWS,   /* rows of its activations and weights: its live neurons, then some dead ones
                          to fill up the tiles */
    PLAST_HELD_ALIVE,  /* those alive among them */
    PLAST_HELD_COLUMNS /* the same of the columns of weights that read it */
};
/* place[r]: the neuron of row r; first the live ones in rising order, then the dead. */
void plast_hold_live(const uint8_t *alive, int64_t units, int32_t forms, uint32_t *place,
                     int64_t *held);
void plast_hold_all(int64_t units, uint32_t *place, int64_t *held);
/* A matrix of elements of `size` bytes: what is alive moves to its first rows and columns, the rest
 * becomes zero; and back. *_held NULL: that axis stays. */
void plast_pack(void *matrix, size_t size, int64_t rows, int64_t columns, int64_t line,
                const uint32_t *row, const int64_t *row_held, const uint32_t *column,
                const int64_t *column_held);
void plast_unpack(void *matrix, size_t size, int64_t rows, int64_t columns, int64_t line,
                  const uint32_t *row, const int64_t *row_held, const uint32_t *column,
                  const int64_t *column_held);
int64_t plast_count_places(const uint8_t *alive, int64_t rows, int64_t columns, int64_t line);
/* What is alive moves to the front, row by row; and back, zero elsewhere: `whole` rows in all. */
void plast_squeeze(float *matrix, const uint8_t *alive, int64_t rows, int64_t columns,
                   int64_t line);
void plast_spread(float *matrix, const uint8_t *alive, int64_t rows, int64_t columns, int64_t line,
                  int64_t whole);
/* The index of a squeezed matrix, behind `room` values in the same memory: its live places by row
 * and segment of columns (segment s ends at bound[s]), start [rows * segments + 1]; by column,
 * start [columns + 1]. */
void plast_index_rows(float *matrix, int64_t room, const uint8_t *alive, int64_t rows, int64_t line,
                      const int64_t *bound, int segments, uint32_t *start);
void plast_index_columns(float *matrix, int64_t room, const uint8_t *alive, int64_t rows,
                         int64_t columns, int64_t line, uint32_t *start);

#ifdef __cplusplus
}
#endif

/* byte / 255, correctly rounded, with or without fused multiply-add: 1/255 in two parts, of which
 * the first has an exact product with every byte. */
static inline float plast_unit(uint8_t byte)
{
    return (float)byte * 0.0039215087890625f + (float)byte * 5.9838392e-08f;
}

/* A squeezed matrix: `room` floats of values, row by row; then, in as much memory again, the column
 * of each and, column by column, the row of each; then, column by column, where
 * the value of each stands. room is a multiple of 16. */
#if defined __GNUC__
typedef uint16_t plast_index __attribute__((may_alias));
typedef uint32_t plast_position __attribute__((may_alias));

static inline const plast_index *plast_csr_columns(const float *matrix, int64_t room)
{
    return (const plast_index *)(matrix + room);
}

static inline const plast_index *plast_csc_rows(const float *matrix, int64_t room)
{
    return (const plast_index *)(matrix + room + room / 2);
}

static inline const plast_position *plast_csc_positions(const float *matrix, int64_t room)
{
    return (const plast_position *)(matrix + 2 * room);
}
#endif

#ifdef PLAST_KERNELS
/* ------------------------------------------------------------------ for generated C alone
 * Vectors of the target's width, tiles of a size that fits its registers, flush-to-zero, and the
 * few loops that every model shares. Nothing here is part of the interface for programs. */
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

/* The share of a layer's synapses that live below which csr is the faster form. */
#if defined __AVX512F__
#define PLAST_CROSSOVER 0.3
#elif defined __AVX__
#define PLAST_CROSSOVER 0.3
#else
#define PLAST_CROSSOVER 0.3
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
#endif /* PLAST_KERNELS */

#endif
