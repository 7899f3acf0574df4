/* What the files of the reference interpreter share that run rules: attached statements are
 * computed place by place, as language.md says it, nothing fused and nothing carried. */
#ifndef PLAST_TESTS_REFERENCE_RULE_H
#define PLAST_TESTS_REFERENCE_RULE_H

#include "reference.h"

enum { MOST_OPERANDS = 64 };

struct place { /* one synapse, kernel, neuron, input or layer of an attachment */
    int64_t index;
    int64_t row, column, kernel;
};

struct rule_context {
    struct reference *r;
    struct attachment *a;
    enum phase phase;
    bool for_error, for_grad; /* of modulate: which half is run */
    int64_t step;             /* of the time axis: whose signals count */
    uint64_t draw;            /* the fourth word of the keys of random() and shuffled() */
};

/* An expression with the places its names have their values in. */
struct operand {
    const double *at, *error;
    enum space space;
};
struct formula {
    const struct expr *e;
    struct binding binding[MOST_OPERANDS]; /* those of `operand`, then scalars */
    struct operand operand[MOST_OPERANDS];
    int operands, count;
};

/* ------------------------------------------------------------- reference_formula.c */

struct place place_of(const struct attachment *, enum space, int64_t index);
/* `sample`: whose row of per-sample signals counts. */
void formula_new(struct formula *, struct rule_context *, struct expr *, int64_t sample);
struct number formula_at(struct formula *, struct place);
/* A name the formula may hold has this one value from now on. */
void formula_bind(struct formula *, const char *name, const double *at, const double *error);
struct values *target_values(struct rule_context *, const char *name);

/* -------------------------------------------------------------- reference_reduce.c */

void run_reduce(struct rule_context *, const struct rule_stmt *);
void run_lowest(struct rule_context *, const struct rule_stmt *);
void run_shuffled(struct rule_context *, const struct rule_stmt *);
void run_batch(struct rule_context *, const struct rule_stmt *);

/* --------------------------------------------------------------- reference_death.c */

void make_masks(struct reference *);
void run_death(struct rule_context *, const struct rule_stmt *);
/* Zeroes at the places of `space` that are dead. */
void silence(const struct reference *, const struct attachment *, struct values *, enum space);
void silence_gradients(struct reference *);
/* Of the values of its neurons at a time step. */
void silence_neurons(struct reference *, const struct layer *, struct values *of_samples,
                     int64_t step);
/* Whether none of the synapses of a kernel lives. */
bool kernel_is_dead(const struct reference *, const struct attachment *, int64_t kernel);
void silence_updated(struct reference *);

/* -------------------------------------------------------------- reference_living.c */

/* Fills in channel_alive from the masks of neurons. */
void find_living(struct reference *);
/* What enters a weight: the units that a dense one reads, the channels of a convolution. */
int64_t columns_of(const struct node *weighted);
bool column_lives(const struct reference *, const struct node *weighted, int64_t column);
/* In net->layer. */
int layer_number(const struct reference *, const struct layer *);

/* ---------------------------------------------------------------- reference_rule.c */

void make_attachments(struct reference *);
uint64_t random_key(const struct rule_context *, const struct rule_stmt *);
/* Where the error of a layer's neurons is complete at a time step, and where the gradients are. */
void modulate_error(struct reference *, const struct node *neurons, int64_t step);
void modulate_gradients(struct reference *);
void observe_and_adapt(struct reference *);

#endif
