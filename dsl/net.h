/* The checked network: shapes known, names resolved, functions inlined. What
 * check.c hands to codegen. Nothing in it can be wrong any more, so whatever
 * reads it calls bug() where something is.
 *
 * Scalar expressions in it hold numbers, operators, primitives, and the names
 * said beside each; besides those everywhere the run scalars `epoch` `epochs`
 * `step` `progress`. */
#ifndef PLAST_NET_H
#define PLAST_NET_H

#include "ast.h"

enum { MAX_RANK = 4 };

struct shape {
    int rank; /* 1 [features], 3 [channels, height, width]; weights 2 or 4 */
    int64_t dim[MAX_RANK];
};
int64_t shape_size(const struct shape *);
bool shape_equal(const struct shape *, const struct shape *);
const char *shape_text(struct arena *, const struct shape *);              /* "[1, 28, 28]" */
const char *dimensions_text(struct arena *, const int64_t *dim, int rank); /* the same */

enum init {
    INIT_ZEROS,
    INIT_HE_UNIFORM,
    INIT_HE_NORMAL,
    INIT_GLOROT_UNIFORM,
    INIT_CONSTANT /* chosen by no model: scales of batch norm, learnables of neurons */
};

/* Which units of a node are left, where the net was shrunk to what a trained one has alive. */
struct axis {
    int64_t whole;  /* units before */
    int64_t count;  /* and now */
    int64_t *place; /* [count]: which each of them was; rising */
};

/* A trained tensor: weight, bias, scale and shift of a batch norm, learnable of a neuron. */
struct param {
    /* "h1.weight", "h1.bias", "h1.weight2"; "h1.batchnorm.weight", "h1.batchnorm.bias" (of a second
     * one in the layer "h1.batchnorm2.weight"); "h1.NEURON.LEARNABLE", "h1.NEURON2.LEARNABLE" */
    const char *name;
    struct shape shape; /* of a learnable: [1], or [channels] of what the neuron is given */
    enum init init;
    double value; /* INIT_CONSTANT */
    int64_t fan_in, fan_out;
    bool decays;       /* a weight (a matrix), not a bias */
    struct node *node; /* the operator that owns it */
    int index;         /* in net->param, its random stream when it starts */
};

/* A window that slides over maps: height, width. Output sizes round down. */
struct window {
    int64_t size[2], stride[2], pad[2];
};

enum node_op {
    N_INPUT,  /* the sample, floats; with `events` one frame of it, at each time step its own */
    N_AFFINE, /* input transform: y = scale[c] * x + shift[c], one pair per channel (one if channels
                 is 1) */
    N_DENSE,  /* y = weight x + bias, x read flat */
    N_SUM,    /* of two or more inputs of one shape */
    N_CONCAT, /* along the first dimension */
    N_MAP,    /* map, an expression in `x`, of each element */
    N_DROPOUT, /* inverted: with probability p zero, else x / (1 - p); one mask for all time steps
                */
    N_CONV, /* cross-correlation in `window` and `groups`; weight [channels, in / groups, h, w] */
    N_MAXPOOL,   /* of what the window covers of the map: what pads is never the largest */
    N_AVGPOOL,   /* sum over the window, what pads being zero, over all of its places */
    N_BATCHNORM, /* (x - mean) / sqrt(variance + epsilon) * weight + bias, a channel's moments being
                    those of the batch and map, at each time step its own; running moments, of the
                    unbiased variance, in evaluation */
    N_NEURON,    /* `neuron`, of each element: stateful over time */
    N_PREV,      /* `source` one time step earlier, zero at the first; it may stand later */
    N_READOUT,   /* of all time steps: their mean, sum, last, largest */
    N_FLIP,      /* input: left to right, with probability 1/2; in training alone */
    N_CROP,      /* input: `pad` zeroes on all four sides, of which a part as large as the map is
                    taken from a random place; in training alone */
    N_ENCODE     /* input: gets its time axis */
};

enum readout { READ_RATE, READ_TOTAL, READ_LAST, READ_PEAK };

enum encoder {
    ENCODE_DIRECT,    /* the same at every step */
    ENCODE_BERNOULLI, /* 1 with probability x * gain, anew at each step */
    ENCODE_LATENCY,   /* one 1, the earlier the larger x in [0, 1] is: at step
                         min(steps - 1, floor((1 - x) * steps)); none where x <= 0 */
    ENCODE_EVENTS     /* the data's own: what bears the name here does nothing more */
};

/* One step of a neuron, each name assigned once: in `x`, its states as the step before left them,
 * learnables, the names above it, and run scalars. `fire` and `detach` stand as calls. */
struct neuron {
    const char *name; /* as its definition says, and as its tensors do: "h1.NAME.LEARNABLE" */
    const char *text; /* with arguments, for comments and --explain */
    struct loc loc;
    struct neuron_state {
        const char *name;
        struct expr *initial; /* in learnables and run scalars, at the first time step */
        struct expr *next;    /* in the names below */
    } * state;
    int states;
    struct neuron_learnable {
        const char *name;
        struct param *param; /* of one element, or of one for each channel */
    } * learnable;
    int learnables;
    struct neuron_local {
        const char *name;
        struct expr *value;
    } * local;
    int locals;
    struct expr *emit;
};

struct node {
    enum node_op op;
    struct loc loc; /* the operator, as written */
    int index;      /* in net->node: inputs come before */
    struct shape shape;
    int64_t size;
    const struct axis *axis; /* NULL: nothing was taken away */
    struct layer *layer;     /* whose pipeline it stands in; the input's own */
    int input_count;
    struct node **input;
    struct param *weight, *bias; /* N_DENSE, N_CONV (bias may be NULL), N_BATCHNORM */
    struct expr *map;            /* N_MAP: in the name `x` */
    const char *text;            /* N_MAP: what it was called, for comments: "bent(slope = 0.1)" */
    struct expr *p;              /* N_DROPOUT: in run scalars */
    int64_t channels;            /* N_AFFINE */
    double *scale, *shift;
    struct window window;     /* N_CONV, pools */
    int64_t groups;           /* N_CONV */
    double momentum, epsilon; /* N_BATCHNORM, whose weight and bias are scale and shift */
    const char *name;         /* N_BATCHNORM: of its running moments: "h1.batchnorm" */
    struct neuron *neuron;    /* N_NEURON */
    struct node *source;      /* N_PREV, instead of an input */
    enum readout readout;
    enum encoder encoder;
    double gain; /* ENCODE_BERNOULLI */
    int64_t pad; /* N_CROP */
    bool timed;  /* it has a time axis: one value for each step */
    bool varies; /* and they may differ: something random, stateful or recurrent, or data with a
                    time axis of its own, stands before it */
};

/* `input`, `layer` and `output` statements alike. */
struct layer {
    const char *name;
    struct loc loc;       /* the name */
    struct node *value;   /* what the name means to later layers */
    struct node *neurons; /* before trailing dropout: see language.md section 4 */
    struct node **branch; /* its weight operators, in order of writing */
    int branch_count;
    bool is_output;
};

enum loss { LOSS_CROSS_ENTROPY, LOSS_MSE };
enum learn { LEARN_BACKPROP, LEARN_FEEDBACK, LEARN_DIRECT_FEEDBACK };

/* A statement of an optimizer, after inlining. Declarations are gone: a name
 * assigned that is not a state or `w` is a local. */
struct update_stmt {
    const char *target;
    struct expr *value;     /* the new value; `+=` is expanded. In `w`, `grad`, states, locals */
    struct expr *condition; /* NULL, or: an `if`, whose then and else follow */
    struct update_stmt *then, *other;
    struct update_stmt *next;
    struct loc loc;
};

struct update_state {
    const char *name;
    struct expr *initial; /* in run scalars */
};

struct optimizer {
    const char *text; /* "descent(rate = 0.1, momentum = 0.9)", for comments and --explain */
    struct loc loc;
    /* States that no run can tell from locals (assigned before they are read),
     * and assignments nothing reads, are gone: momentum of 0 has none. */
    struct update_state *state;
    int state_count;
    struct update_stmt *body;
};

/* --- rules: what is attached by `plasticity` and `prune`, arguments written out.
 *
 * A statement computes one value for each place of the space of its target, from values of the
 * same or of narrower spaces, in order: what it reads is what the statements before it left.
 * Expressions in it hold, besides the run scalars, `period`, the signals and the names in
 * `rule->value`. Reductions, batch_sum and the like never stand inside one: each is a statement
 * with a temporary of its own. An `if` whose condition is wider than the layer is gone as well:
 * its condition is a temporary, each assignment in it `condition ? new : old`. */

enum reduction {
    REDUCE_SUM,
    REDUCE_MEAN,
    REDUCE_MIN,
    REDUCE_MAX,
    REDUCE_RMS,
    REDUCE_COUNT, /* of what is not zero */
    REDUCE_QUANTILE
};

/* What a rule reads of its layer; bits. w, grad, alive and demand are in synapse space,
 * alive_neuron, error, post and what is traced of it in neuron space, pre in input space. */
enum signal {
    SIGNAL_W = 1,
    SIGNAL_GRAD = 2,
    SIGNAL_ALIVE = 4,
    SIGNAL_ALIVE_NEURON = 8,
    SIGNAL_DEMAND = 16, /* in observe only: so a dense gradient product is needed */
    SIGNAL_ERROR = 32,  /* the rest in batches only, but `error` on the right of itself */
    SIGNAL_PRE = 64,
    SIGNAL_POST = 128,
    SIGNAL_TRACE_PRE = 256,
    SIGNAL_TRACE_POST = 512
};

enum rule_kind {
    RULE_SET,    /* target = value, place by place */
    RULE_REDUCE, /* target = reduction of value, which has one for each place of `from`, over those
                    that belong to one place of the target; q: of REDUCE_QUANTILE, no wider than it
                  */
    RULE_LOWEST, /* target = 1 at the floor(q n) lowest places of value, else 0; q of the layer */
    RULE_SHUFFLED, /* target = value, the live places' values in an order drawn at random; numbers
                      from the stream_index-th stream of its rule */
    RULE_RANDOM,   /* target = uniform in [0, 1) per place, the stream_index-th of its rule */
    RULE_BATCH,    /* target = sum over the samples (mean: divided by their number), mean over the
                      time steps, of neuron_side * input_side; one is NULL unless space is kernel.
                      `trace(post, 0.5)` stands in them as a call of a name and a number */
    RULE_DROP,     /* the places of `space` where value is not zero die */
    RULE_GROW,
    RULE_IF /* value (of the layer) ? then : other */
};

struct rule_stmt {
    enum rule_kind kind;
    struct loc loc;
    const char *target; /* in rule->value, or w, grad, error; NULL: drop, grow, if */
    enum space space;   /* of the target, or what is dropped; SPACE_LAYER of an if */
    struct expr *value;
    struct expr *q;
    enum reduction reduction;
    enum space from;
    struct expr *neuron_side, *input_side;
    bool mean;
    int stream_index;
    bool for_error, for_grad; /* of modulate: what it computes goes into the error, into the
                                 gradient. What goes into the error never depends on `grad`: it can
                                 run before there is one, and again after */
    struct rule_stmt *then, *other, *next;
};

struct rule_value {
    const char
        *name; /* once in the rule; a declared name that stands in two scopes gets a number */
    struct loc loc;
    enum space space;
    bool is_state;
    bool stored;    /* a state, or computed before the phases and read in them: kept from step to
                       step, saved as "h1.bounds.upper" */
    bool temporary; /* made here, from a part of a larger expression */
};

enum phase { PHASE_SETUP, PHASE_MODULATE, PHASE_OBSERVE, PHASE_ADAPT, PHASES };

/* A weight operator the rule runs on. */
struct rule_on {
    struct layer *layer;
    struct node *node; /* in layer->branch */
    const char *name;  /* "h1.bounds"; the second one of that rule and layer "h1.bounds2" */
    struct loc loc;
};

struct rule {
    const char *name;
    const char *text;    /* "bounds(patience = 3)", for comments and --explain */
    struct loc loc;      /* `plasticity bounds` */
    bool prunes;         /* attached by prune */
    int64_t from, until; /* acts where from <= epoch < until; until is INT64_MAX where not given */
    int64_t each;        /* adapt: once so many epochs, or steps, counted from its first run */
    bool each_steps;
    struct rule_on *on; /* in file order, branches in order */
    int on_count;
    struct rule_value *value; /* states in order of declaration, values and temporaries */
    int value_count;
    struct rule_stmt *phase[PHASES]; /* setup: declarations, initial values of states; once */
    unsigned reads[PHASES];          /* bits of enum signal */
    bool grows;                      /* states live on in dead synapses */
    bool drops_synapses, drops_neurons;
};

const struct rule_value *rule_find_value(const struct rule *, const char *interned);
const char *space_text(enum space);           /* "synapse" */
const char *reduction_text(enum reduction);   /* "sum" */
bool space_within(enum space, enum space of); /* no wider: it can be broadcast to `of` */

struct net {
    const char *name;
    struct loc loc;
    struct node **node;
    int node_count;
    struct layer **layer; /* input first, output last */
    int layer_count;
    struct param **param;
    int param_count;
    struct layer *input, *output;
    enum loss loss;
    enum learn learn;
    struct optimizer *optimizer;
    struct rule **rule; /* in order of attachment */
    int rule_count;
    int64_t batch, epochs;
    int64_t steps; /* time steps of a sample; 0: the net is static */
    bool frames;   /* the data has a time axis: samples are [steps][input] */
    uint64_t seed;
    double budget; /* bytes; 0: none given */
    struct loc budget_loc;
};

/* The network as readable text, for --dump=check. */
void dump_net(struct text *, const struct net *);
void dump_node(struct text *, const struct node *);
void dump_rule(struct text *, const struct rule *);

struct definition { /* -D NAME=VALUE */
    const char *name;
    const char *value;
};

/* NULL if there were errors. Definitions that match no `let` are errors at
 * "<command line>". */
struct net *check_file(struct arena *, struct diag *, struct file *, const struct definition *,
                       int definition_count);

/* Random numbers of the generated program are drawn from streams numbered so
 * (second argument of plast_key): the two sides of every comparison need them. */
enum {
    STREAM_PARAM = 1,
    STREAM_FEEDBACK = 2,
    STREAM_DROPOUT = 3,
    STREAM_INPUT = 5 /* flips, crops and encoded spikes */
};

#endif
