/* What is computed, in which order, and where it stands in memory: between the
 * checked network and the loops. A *value* is what reaches memory: a sum of
 * terms (products with weights, or other values as they are), then a chain of
 * elementwise operators. Everything else was fused into one of them. */
#ifndef PLAST_PLAN_H
#define PLAST_PLAN_H

#include "../dsl/net.h"

/* Floats in the work area, of a life span in steps of the schedule. */
struct buffer {
    const char *name; /* the identifier of its pointer */
    int64_t floats;
    int first, last;  /* both included */
    int64_t at;       /* offset in floats, a multiple of 16 */
    bool placed_last; /* among what the others have left */
    bool by_offset;   /* read in functions of rules alone: a step has no pointer of that name */
    /* Of timed nets: floats from one time step's slice to the next, 0: all steps use one; slices
     * zeros ahead of the first step's, others behind the last's. In prediction a ring. */
    int64_t slice, ahead, behind;
    bool ring;        /* of 1 + ahead slices */
    bool never_first; /* of a ring: nobody reads what is not written yet */
    bool zero_behind; /* as those ahead */
};

struct value;
struct names;
struct site;
struct carry;

/* Rows of a value: what an operator reads is a list of such (concat joins lists). */
struct segment {
    struct value *value;
    int64_t from, rows;
    int parts; /* in a term that can be csr: pieces whose samples fit the first cache */
    int delay; /* time steps back */
    const struct node *prev; /* value NULL, while planning: what is read one step back */
};

/* Rows of a value that can be silent for ever, and the masks of neurons that say which are: a row
 * is dead where all of them say so, at its number / map + shift. */
struct mortal {
    int64_t from, rows;
    int64_t map; /* rows of a neuron */
    struct death {
        const char *alive; /* field */
        int64_t shift;
    } * death;
    int deaths;
};

struct term {
    struct node *dense; /* with weights, N_CONV too; NULL: the segments are added as they are */
    struct node *pool;  /* or pooled, which is then all of the value */
    struct segment *segment;
    int segments;
    int64_t rows;         /* of all segments */
    int64_t cols;         /* of the weight */
    int64_t line;         /* floats from one row of the weight to the next */
    const char *weight;   /* field of the model's struct */
    const char *bias;     /* NULL: none */
    const char *alive;    /* field of the mask of its synapses; NULL: none can die */
    const char *kernels;  /* and, where weights slide over maps, of pairs of channels */
    const char *feedback; /* what carries errors back in its place; NULL: the weight */
    const char *kernel;   /* stem of its update's names */
    /* For rules that need the whole gradient: as the optimizer is given it, and, where `demand` is
     * read, as it is before masks and rules. The optimizer is then a pass of its own. */
    bool keeps_gradient, wants_demand;
    struct buffer *kept, *demand;
    struct carry *carry; /* sums that its updates leave for the rules of the next step */
    int carries;
    const char *starts;  /* csr: field of where the synapses of each row and part begin; NULL:
                            never csr */
    int parts;           /* of all segments */
    const char *columns; /* the same of columns, where errors are pulled through it */
    int64_t room;        /* values that its memory holds in csr */
};

/* A value read by another: its error is pulled from there. */
struct use {
    struct value *by;
    int term;
    int64_t from;   /* first of this value's rows that is read */
    int64_t column; /* where those rows begin in the reader's input */
    int64_t rows;
    int delay;
};

/* When a value of a timed net is computed: what does not change over time before the loop over the
 * steps, what stands behind a read-out after it. */
enum stage { STAGE_BEFORE, STAGE_LOOP, STAGE_AFTER };
struct recall;
/* What normalising keeps of a channel: what x - mean is multiplied by, mean, inverse
 * deviation; for its error three coefficients; gradients. */
enum {
    MOMENT_SCALE,
    MOMENT_MEAN,
    MOMENT_INVERSE,
    MOMENT_VARIANCE, /* the unbiased one */
    MOMENT_OF_ERROR,
    MOMENT_OF_VALUE,
    MOMENT_REST,
    MOMENT_WEIGHT, /* their gradients */
    MOMENT_BIAS,
    MOMENTS
};

struct value {
    const char *name;  /* identifier: "h1" */
    const char *units; /* the constant that is its number of rows: "H1_UNITS" */
    struct layer *layer;
    int index;
    int64_t rows, line; /* line: rows rounded up to 16, the row length of the transposed copy */
    struct shape shape;
    int64_t map;       /* rows of a neuron: the places of its map, 1 where there is none */
    struct node *norm; /* the sum, one value as it is, is normalised by its batch moments */
    const char *running_mean, *running_var; /* fields */
    struct buffer *moments, *shown_moments; /* [MOMENTS][moments_line]: see lower_norm.c */
    int64_t moments_line;
    struct buffer *raw; /* of an input that is flipped or cropped: as it was loaded */
    bool is_input, is_output;
    struct term *term;
    int terms;
    struct node **chain;
    int links;
    /* of one element, in `x` (the sum) and `keep0`, `keep1`... (of dropouts) */
    struct expr *train, *predict;
    struct expr *held;  /* where train has fire or detach: in x, x0 and keeps, as the selftest needs
                           it; else NULL */
    struct expr *slope; /* d train / d x, in x and keeps, or, if from_result, in `y` (the result) */
    bool slope_is_one, slope_from_result;
    struct node **dropout; /* in the order of the keeps */
    int dropouts;
    bool learns; /* a trained tensor stands before it, so that its error is wanted */
    bool turned; /* a product reads it, so that its transposed copy is wanted */
    bool is_direct;
    const char *direct; /* field of its direct feedback matrix, or NULL */
    bool has_neurons;   /* its rows are its layer's neurons */
    bool is_copy;       /* of the output, so that its error stands by itself */
    const char *alive;  /* of both: field of the neurons' mask; NULL: none can die */
    /* Storage forms, see forms.c: */
    bool of_channels;  /* what is packed with it are neurons that have maps */
    const char *live;  /* field: how many of its neurons are held; NULL: always all */
    const char *place; /* field: which neuron each of them is */
    const char *form;  /* field: whether its weights are csr; NULL: never */
    const char *still; /* why neither */
    struct mortal *mortal;
    int mortals;
    struct use *use;
    int uses;
    struct buffer *plain, *transposed, *slopes, *error; /* of training; NULL where not needed */
    struct buffer *anchors;                             /* x0, where there is `held` */
    struct buffer *again; /* of an input: loaded a second time for updates of csr weights, where to
                       keep it would take too much memory */
    const struct value *reader; /* and the first that is updated from it */
    /* For rules on its layer: */
    bool modulated; /* its error passes through rules at the layer's neurons: then the slope is that
                       of the links up to there */
    int neuron_links, neuron_keeps; /* links of the chain up to the neurons, dropouts among them */
    bool wants_plain, wants_post, wants_trace, wants_error; /* in observe */
    struct buffer *post_tap, *trace_tap, *error_tap;        /* NULL: `plain` is it; what enters the
                                                               activation; after the rules */
    struct expr *post, *trace;                              /* of the taps */
    struct buffer *shown;                                   /* of prediction */
    /* Of timed nets: */
    enum stage stage;
    struct node *neuron;        /* its whole chain, or NULL */
    struct recall *recall;      /* of it, see recall.h */
    struct node *readout;       /* what it is of its one term, summed up in the loop; or NULL */
    struct node *encode;        /* what makes it of the input; or NULL */
    int delay;                  /* the largest that it is read at */
    int reach;                  /* the largest that it reads at */
    const struct value *marker; /* of the loop: its first value, see update_after */
    struct buffer *gathered; /* of one before the loop: what comes back from it, over all steps */
    struct buffer *peak;     /* of a read-out: the step of the largest; of a pool: its place */
};

/* An array of the model's struct: floats, bytes of masks, or counters. */
struct field {
    const char *name;   /* identifier */
    const char *tensor; /* "h1.weight.velocity" */
    enum {
        F_PARAM,
        F_STATE,
        F_FEEDBACK,
        F_RULE,
        F_COUNTER,
        F_MOMENT, /* running, of a batch norm */
        F_CARRY,
        F_MASK,
        F_KERNELS, /* masks made from those of synapses: any of a pair of channels is alive */
        F_COUNTS,  /* int64_t [8], of a form */
        F_PLACES   /* uint32_t, of a form */
    } kind;
    const struct rule *rule; /* F_RULE: and the value's space */
    enum space space;
    struct param *param; /* whose shape it has (F_FEEDBACK of direct feedback: NULL), or whose
                            places a rule's state or a mask is of (F_MASK of neurons: NULL) */
    const char *alive;   /* field of the mask of its places; NULL: none, or it outlives them */
    struct layer *layer;
    int rank;
    int64_t shape[MAX_RANK];
    int64_t rows, cols, line; /* as a matrix; a vector is one column */
    int64_t least;            /* elements that it has room for at least */
    int64_t probe;            /* offset of its gradient in a probe's output; -1 */
    double initial;           /* F_STATE, F_MOMENT */
    size_t offset;            /* bytes in the struct */
};

/* The share of a layer's synapses that live, from which on csr is slower than the other forms. */
struct crossover {
    const char *layer;
    double density;
};

struct plan {
    struct arena *arena;
    struct net *net;
    bool fuse;
    const struct crossover *crossover; /* of layers that have their own; ends with a NULL layer,
                                          that of the others, -1: the target's */
    struct names *names;               /* identifiers given out: values, buffers, functions */
    int64_t columns;                   /* the batch rounded up: to 16, or to 32 where above 16 */
    struct value **value;
    int values;
    struct value *input, *output;
    struct value **home; /* of each node, the value it is computed in; NULL for concat */
    struct site **site;  /* rules on weights, see sites.h */
    int sites;
    struct field *field;
    int fields;
    int64_t probe_size;
    struct buffer **buffer; /* of training, then */
    int buffers;
    struct buffer **shown; /* of prediction */
    int showns;
    struct buffer *sample_loss, *sample_hit, *gradient;
    struct map_sum { /* what rules observe of maps: their sums, [neuron][sample] */
        const struct value *value;
        const struct buffer *of;
        struct buffer *to;
    } * map_sum;
    int map_sums;
    struct trace { /* of a signal over the steps: decay * trace + signal, at the end over their
                      number */
        const struct buffer *of;
        int delay;
        double decay;
        int64_t rows;
        struct buffer *to;
    } * trace;
    int traces;
    struct node **dropout; /* and flips, crops: each has a row of keys */
    int dropouts;
    struct expr **scalar; /* run scalars' expressions, computed once a step */
    int scalars;
    int64_t work, scratch; /* floats */
    size_t head_bytes, train_bytes, predict_bytes;
    const char *const *note;   /* for --explain: what was not fused and why */
    int loop_first, loop_last; /* values of the loop over time steps; none: -1 */
    bool held;                 /* a neuron has fire or detach: what it keeps, a probe leaves */
};

/* False, with an error, where the plan would pass 2^46 bytes: asked before any is made, so that no
 * size in it can overflow. */
bool plan_fits(const struct net *, struct diag *);
/* False, with an error for each, where operators of the net cannot be deployed or shrunk yet. */
bool plan_can_deploy(const struct net *, struct diag *);
struct plan *plan_net(struct arena *, struct net *, bool fuse, const struct crossover *);
double plan_crossover(const struct plan *, const struct layer *); /* -1: the target's */
/* False, with the error and its arithmetic, where the budget is not kept or the plan is too large.
 */
bool plan_check(const struct plan *, struct diag *);

/* How often a sample has the value computed. */
double plan_turns(const struct plan *, const struct value *);
/* The number of a scalar, entered if it is new. Every maximal expression of run scalars alone in
 * the expression becomes a name `scalarN`. */
struct expr *plan_hoist(struct plan *, struct expr *);
bool is_run_scalar(const char *name);
const struct field *plan_field(const struct plan *, const struct param *, const char *state);
bool is_tensor(const struct field *);          /* described to programs, and saved */
const char *tensor_type(const struct field *); /* as files of safetensors name it: "F32" */
/* The mask of the layer's neurons, or NULL. */
const char *plan_neuron_mask(const struct plan *, const struct layer *);
/* Those of the rows a term reads, which are the columns of its weight, that can die. */
int term_mortals(struct arena *, const struct term *, struct mortal **list);
/* Whether the weights slide over maps. */
bool is_conv(const struct term *);
int64_t neurons_in(const struct value *); /* maps, or rows where there are none */
enum { HEIGHT, WIDTH };
long long side_of(const struct value *, int); /* of a map: 1 where there is none */
/* Whether the place of the largest in a pool's window fits a byte. */
bool has_byte_peak(const struct node *pool);
/* By the tensor's name; NULL if there is none. */
const struct field *plan_find_field(const struct plan *, const char *tensor);

void explain(struct text *, const struct plan *);

#endif
