/* The reference interpreter: a checked network trained one step at a time, in
 * double precision, by the plainest loops that say what language.md means. Every
 * number carries an estimate of the error a single-precision program makes in
 * it (number.h), so that comparisons can be tight where they may be. */
#ifndef PLAST_TESTS_REFERENCE_H
#define PLAST_TESTS_REFERENCE_H

#include "net.h"
#include "number.h"

struct values { /* a tensor, rows without padding */
    int64_t size;
    double *at, *error;
};

struct reference_run { /* what the run scalars are made of */
    uint64_t seed;
    int64_t epoch, epochs, step, steps_per_epoch;
};

/* A rule on one of its weights, counted over all rules and what each is on, in order. */
struct attachment {
    const struct rule *rule;
    const struct rule_on *on;
    int which, layer;
    struct values *value;   /* [rule->value_count], by their spaces */
    bool set_up;            /* what stands before the phases has run */
    int64_t acted, adapted; /* epochs, or steps where it adapts each so many of them */
};

struct reference {
    struct arena *arena;
    const struct net *net;
    struct reference_run run;
    struct values *param, *gradient; /* [net->param_count] */
    struct values **state;           /* [net->param_count][optimizer->state_count] */
    struct values *param_feedback;   /* [net->param_count]: shaped as the weight */
    struct values *layer_feedback;   /* [net->layer_count]: [neurons, outputs] */
    bool *trained;                   /* [net->node_count]: weights stand here or before */
    struct attachment *attachment;   /* in the order in which they run */
    int attachments;
    struct values *alive;        /* [net->param_count]: 1 or 0; of weights alone */
    struct values *alive_neuron; /* [net->layer_count]: of layers that own weights */
    struct values *demand;       /* [net->param_count]: gradients before masks and rules */
    bool undecided; /* since the caller cleared it, rounding could have turned what died or
                       grew, or which branch ran */
    bool plain;     /* backward leaves out what rules do to errors and gradients */
    size_t n;       /* samples of the last forward pass */
    struct values *value, *delta;   /* [net->node_count]: steps times n rows of node->size */
    struct values *slope;           /* N_MAP: derivatives; N_DROPOUT: factors */
    struct values *late;            /* deltas that came through `prev`, until they are added */
    struct values *mean, *variance; /* N_BATCHNORM: [steps][channels], of the last batch trained */
    struct values *running_mean;    /* and those of evaluation: [channels] */
    struct values *running_variance;
    struct values **neuron_state;   /* N_NEURON: [states] as each step finds them, like values */
    struct values **neuron_carried; /* [states]: their deltas, on the way back: n rows */
    struct neuron **bare;           /* N_NEURON: without what only its derivatives need */
    struct values *channel_alive;   /* [channels] of a node: 1 where something in it lives */
    bool *ended;                    /* behind a read-out: computed when all steps are */
    struct number loss;             /* the mean over the n samples */
    int64_t correct_least, correct_most; /* samples whose largest output is their label */
};

/* Weights are zero, but those that start constant, and the feedback empty until the caller fills
 * them in. */
struct reference *reference_new(struct arena *, const struct net *);

/* Whether it is a matrix of synapses, which masks and rules know. */
bool reference_is_weight(const struct param *);
/* Time steps the node has values of: 1 without a time axis. */
int64_t reference_steps(const struct reference *, const struct node *);
/* Where the row of a sample at a time step begins; without a time axis it is the same at all. */
int64_t reference_row(const struct reference *, const struct node *, int64_t step, int64_t sample);
/* Channels of a map, units of what has none. */
int64_t reference_channels(const struct node *);

/* Whether an error travels through this weight to what stands before it, so that feedback
 * alignment needs a tensor for it. */
bool reference_carries(const struct reference *, const struct node *weighted);

/* Values of all nodes. x: the samples, each with all of its frames where the data has a time axis.
 * `sample` numbers the random streams; NULL stands for the numbers from step * batch on, in
 * evaluation from 0 on. Dropout, flips and crops are off unless `training`. */
void reference_forward(struct reference *, const float *x, const uint64_t *sample, size_t n,
                       bool training);
/* The loss of the last forward pass, and `delta` at the output. y: int32_t labels or float
 * targets. */
void reference_loss(struct reference *, const void *y, bool y_is_targets);
/* From there the deltas of all nodes and the gradients, as `learn` says. */
void reference_backward(struct reference *);
/* Gives the optimizer's states the values they start from. */
void reference_start(struct reference *);
/* One update by the optimizer's body and of running moments, then observe, and adapt of rules that
 * are due after so many steps; counts the step. */
void reference_update(struct reference *);
/* Before the forward pass of a step: what the rules that act for the first time begin with. */
void reference_set_up(struct reference *);
/* The adapts of an epoch's end; counts the epoch. */
void reference_end_epoch(struct reference *);
/* Carries out what the masks say: dead places hold zeroes, the synapses of dead neurons are dead.
 */
void reference_settle(struct reference *);
/* Whether synapses of this weight can die, by its own rules or with what enters or reads them;
 * asked before any has died. */
bool reference_may_die(struct reference *, const struct param *weight);
bool reference_neurons_may_die(const struct reference *, const struct layer *);
/* How many values a space has. */
int64_t reference_places(const struct attachment *, enum space);

enum { RUN_SCALARS = 4 };
void reference_scalars(const struct reference *, struct binding at[RUN_SCALARS]);

/* ------------------------------------------------------- for the interpreter's files */

struct values values_new(struct arena *, int64_t size);
void values_set(struct values *, int64_t index, double value, double error);
void values_set_number(struct values *, int64_t index, struct number);
/* Adds one more rounded term to an element. */
void values_add(struct values *, int64_t index, double value, double error);

/* A sum of products as a float program may order it. */
struct dot {
    double sum, squares, largest, error_squares;
    int64_t terms;
};
void dot_add(struct dot *, double a, double a_error, double b, double b_error);
double dot_error(const struct dot *);

#endif
