/* Rules between the checked network and the loops. A *site* is one rule on one weight. Each phase
 * of it is a list of *passes*: what runs over the places of one space at once. Values that live
 * within one pass are locals of its loop; the others have a slot in memory. */
#ifndef PLAST_SITES_H
#define PLAST_SITES_H

#include "plan.h"

enum pass_kind {
    PASS_MAP,      /* one loop: assignments, random numbers, ifs of the layer with such in them */
    PASS_REDUCE,   /* one RULE_REDUCE but quantile */
    PASS_QUANTILE, /* of all places, or of each row or column */
    PASS_LOWEST,
    PASS_SHUFFLED,
    PASS_BATCH, /* one RULE_BATCH */
    PASS_DIE,   /* drop or grow, then what follows from it */
    PASS_IF     /* of the layer: then, other */
};

struct pass {
    enum pass_kind kind;
    enum space space;        /* whose places are run over */
    struct rule_stmt **stmt; /* of a map: several */
    int stmts;
    struct buffer *keys; /* of choices: what is chosen from; of a matrix's one value: the rows' */
    struct buffer *side[2], *turned; /* of an outer product: neurons, inputs, inputs by sample */
    const char *carried; /* of a reduction: the field of sums by group, which updates leave */
    struct pass *then, *other, *next;
};

/* Where a value of the rule stands. */
struct slot {
    const struct rule_value *value;
    const struct field *field; /* stored ones */
    struct buffer *buffer;     /* those that pass from one pass to another */
    const struct pass *only;   /* the one pass seen so far */
    bool crosses;
};

struct site {
    const struct rule *rule;
    const struct rule_on *on;
    int which;           /* over all rules: its random stream */
    struct value *value; /* whose sum the weight is in */
    struct term *term;
    struct value *neurons; /* the value that the layer's neurons are in */
    struct value *blamed;  /* the value whose error is that of the neurons */
    const struct field *weight, *counters;
    const char *stem;  /* "h1_bounds" */
    struct slot *slot; /* of rule->value */
    struct pass *phase[PHASES];
    bool fused_adapt;  /* it runs on tiles, in the update */
    const char *alone; /* why it does not */
    struct pass *late; /* of modulate: what must wait for the whole gradient */
    struct rule_stmt **error,
        **grad; /* assignments that run on the element of error, of gradient */
    int errors, grads;
};

/* What rules read of values, before chains are composed. */
void plan_signals(struct plan *);
void explain_rules(struct text *, const struct plan *);
/* The sites of the network, with their fields: after those of the parameters. */
void plan_rules(struct plan *);
/* What of the rules runs on the tiles of updates. */
void plan_fusion(struct plan *);
int64_t group_columns(const struct plan *);
bool plan_carries(const struct plan *); /* any sum is carried from step to step */
int64_t carry_groups(const struct plan *, const struct term *);
/* Which layers change their storage form, and the fields for that. */
void plan_forms(struct plan *);
bool plan_has_forms(const struct plan *);
/* Which weights keep their whole gradient for rules. */
void plan_gradients(struct plan *);
/* Signals that live to the end of a step: before the buffers of values. */
void plan_taps(struct plan *);
/* The signal, or its sums over maps where weights slide over these. */
const struct buffer *observed(const struct plan *, const struct site *, const struct buffer *);
/* The number of the trace; that of all where there is none. */
int plan_find_trace(const struct plan *, const struct buffer *of, int delay, double decay);
/* Buffers of what passes from pass to pass, and of signals that nothing else keeps. */
void plan_rule_buffers(struct plan *);
/* A reduction over the new weights of a neuron that the update leaves for the next step: partial
 * results [row][group of columns][16]. */
struct carry {
    const struct site *site;
    const struct pass *pass;
    const char *name; /* of the field */
};

/* The places of a space as a matrix: rows, columns, elements from a row to the next. */
struct extent {
    int64_t rows, cols, line;
};
struct extent site_extent(const struct site *, enum space);
int64_t site_taps(const struct site *); /* synapses of a kernel */
/* See struct site. */
struct value *blamed_value(const struct plan *, const struct layer *);
int64_t space_places(const struct site *, enum space);
bool space_is_matrix(enum space);
struct slot *site_slot(const struct site *, const char *name);
bool site_reads(const struct site *, unsigned signals); /* in any phase */
/* Its assignments of gradient elements run as passes over the whole, kept gradient. */
void site_wait(struct plan *, struct site *);
bool in_parallel(const struct pass *); /* large enough for threads to share */

#endif
