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

#define PLAST_ABI 6

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

/* How a tensor stands in a checkpoint, where that has rows or columns more: the model was compiled
 * with --from, and they are of neurons that were dead. Element [i][j] of the tensor is
 * [row[i]][column[j]] there; both rise. All else is zero. */
struct plast_whole {
    int64_t shape[4];
    const int32_t *row, *column; /* NULL: the same */
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
    const struct plast_whole *whole; /* NULL: it is saved as it stands */
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
    int64_t inputs, outputs; /* floats of one sample, or of one of its frames; classes or targets */
    int64_t steps;           /* time steps of a sample; 0: the model is static */
    int64_t frames;          /* steps where the data have a time axis: a sample is then float
                                [frames][inputs], wherever [inputs] stands here; else 0 */
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
    PLAST_STREAM_INPUT = 5,    /* flips, crops, encoded spikes: which: number of the node; epoch;
                                  sample. In evaluation seed 0 and epoch UINT64_MAX */
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
    PLAST_HELD_ROWS, /* rows of its activations and weights: its live neurons, then some dead ones
                        to fill up the tiles */
    PLAST_HELD_ALIVE /* those alive among them */
};
/* How many rows fill up tiles: of neurons a multiple of every PLAST_ROWS, of channels, of which
 * there are few, a multiple of every third of it. */
enum { PLAST_NEURON_STEP = 12, PLAST_CHANNEL_STEP = 4 };
/* Columns of dense weights that read what is held, each neuron being `map` of them, or all: whole
 * tiles as well. */
static inline int64_t plast_held_columns(const int64_t *held, int64_t map, int64_t all)
{
    int64_t columns = (held[PLAST_HELD_ROWS] * map + 31) / 32 * 32;
    return columns < all ? columns : all;
}
/* place[r]: the neuron of row r; first the live ones in rising order, then the dead. */
void plast_hold_live(const uint8_t *alive, int64_t neurons, int64_t step, int32_t forms,
                     uint32_t *place, int64_t *held);
void plast_hold_all(int64_t neurons, uint32_t *place, int64_t *held);
/* A matrix of elements of `size` bytes: what is alive moves to its first rows and columns, the rest
 * becomes zero; and back. *_held NULL: that axis stays. `width` columns belong to one place. */
void plast_pack(void *matrix, size_t size, int64_t rows, int64_t columns, int64_t line,
                const uint32_t *row, const int64_t *row_held, const uint32_t *column,
                const int64_t *column_held, int64_t width);
void plast_unpack(void *matrix, size_t size, int64_t rows, int64_t columns, int64_t line,
                  const uint32_t *row, const int64_t *row_held, const uint32_t *column,
                  const int64_t *column_held, int64_t width);
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

#endif
