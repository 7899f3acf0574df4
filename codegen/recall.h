/* What a neuron keeps of each time step, and how errors go back through it: reverse mode over the
 * assignments of its text. */
#ifndef PLAST_RECALL_H
#define PLAST_RECALL_H

#include "plan.h"

/* Something that a step of a neuron reads or makes. */
struct quantity {
    enum { Q_X, Q_STATE, Q_LOCAL } kind;
    const char *name;               /* as in its expressions */
    const char *as;                 /* in C */
    struct expr *value;             /* Q_LOCAL */
    struct expr *initial, *next;    /* Q_STATE */
    const struct quantity *carrier; /* Q_LOCAL: the kept state that goes on as it */
    bool is_bit;                    /* 0 or 1 */
    bool kept;                      /* of each step */
    bool read;                      /* back-propagation, or the selftest, has a use for it */
    struct buffer *memory;          /* where it is kept; of a state in any case */
    struct buffer *shown;           /* of a state, in prediction */
    struct expr *adjoint; /* the loss's derivative by it, in C names, or NULL: zero. Of a local in
                             those of what is computed from it */
    struct buffer *apart; /* of a kept state, while the selftest compares */
    struct buffer *back;  /* Q_STATE: its adjoint, from step to step */
};

struct recall {
    struct neuron *neuron;
    struct quantity *quantity; /* x, states, locals: each after all it is computed from */
    int quantities;
    struct trained {
        const char *name, *as;
        struct param *param;
        struct expr *adjoint; /* of one element; NULL: zero */
        struct expr *initial; /* the same through the states' initial values, at the first step */
        struct buffer *sums;  /* over the steps, [rows][COLUMNS] */
        struct buffer *was;   /* what it was at the probe that others are compared with */
        const char *field;
    } * trained;
    int traineds;
    bool held; /* it has fire or detach */
};

struct recall *plan_recall(struct plan *, const struct value *);
/* Of a local: its value as the function that has the derivative we take it to have, about what was
 * kept, whose quantities bear `was_` before their names. */
struct expr *recall_about(struct arena *, const struct recall *, struct expr *);
/* Names of the neuron's text as those of C. */
struct expr *recall_expr(struct arena *, const struct recall *, struct expr *, bool about);
/* Bytes that all steps leave, for --explain. */
void explain_recall(struct text *, const struct plan *, const struct value *);

#endif
