/* What the files share that write random rules. */
#ifndef PLAST_TESTS_RANDOM_RULE_H
#define PLAST_TESTS_RANDOM_RULE_H

#include "random.h"

enum in { SYNAPSE, KERNEL, NEURON, INPUT, LAYER, SPACES };
extern const char *const space_names[]; /* by enum in */

struct known { /* a name that may be read */
    const char *name;
    enum in space;
    bool is_state;
};

struct rule_text {
    struct random *r;
    struct known known[MOST];
    int count, names;
    const char *indent;
    bool drops, in_modulate;
};

void know(struct rule_text *, const char *name, enum in, bool is_state);
const char *fresh(struct rule_text *);
/* A formula whose values are those of this space or of narrower ones. */
const char *value_in(struct rule_text *, enum in, int depth);
const char *name_of(struct rule_text *, enum in); /* NULL: none */
const char *condition_in(struct rule_text *, enum in);
const struct known *some_state(struct rule_text *); /* NULL: none */

/* Statements, one or a few each. */
void declare_value(struct rule_text *);
void assign_known(struct rule_text *, const struct known *);
void assign_some(struct rule_text *, bool adapt);
void write_condition(struct rule_text *);

#endif
