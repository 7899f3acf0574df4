/* What the files that write neurons out share. */
#ifndef PLAST_NEURON_H
#define PLAST_NEURON_H

#include "check.h"

enum role { IS_INPUT, IS_PARAMETER, IS_LEARNABLE, IS_STATE, IS_LOCAL };

struct variable {
    const char *name;
    enum role role;
    struct expr *now;    /* its value at this point: a number or a name; NULL after an error */
    const char *unique;  /* IS_STATE, IS_LEARNABLE: what it is called in the neuron */
    struct expr *before; /* IS_STATE: its initial value */
    bool sure;           /* each path up to here has assigned it */
};

enum emitted { EMITTED_NOT, EMITTED_HALF, EMITTED };

struct neuron_writer {
    struct check *check;
    struct context context;
    struct binding *binding; /* one for each variable */
    int bindings;
    struct variable *variable;
    int variables;
    struct map taken; /* names in the neuron */
    struct neuron *to;
    struct learnable *learnable;
    struct expr *guard; /* a name or `not` of one: when the path is taken; NULL: always */
    enum emitted emitted;
    struct loc emit_loc, place;
    struct total total;
    int depth;
    bool is_definition; /* arguments are not known yet */
    bool good;
};

/* --- neuron_value.c */
void neuron_fail(struct neuron_writer *, struct loc, const char *format, ...) PRINTF_LIKE(3, 4);
int find_variable(const struct neuron_writer *, const char *name); /* or -1 */
struct variable *add_variable(struct neuron_writer *, const char *name, enum role,
                              struct expr *now);
void show_variable(struct neuron_writer *, int); /* what changed, to the expressions that follow */
/* The name itself, or with a number behind it where it stands for an older value already. */
const char *fresh_local(struct neuron_writer *, const char *base);
struct expr *neuron_expr(struct neuron_writer *, struct expr *); /* NULL after an error */
/* The value under a name, so that it is computed once. */
struct expr *keep_value(struct neuron_writer *, const char *base, struct expr *value);
/* `value` where the path is taken, else `old`, or 0 where that is NULL. */
struct expr *guard_value(struct neuron_writer *, struct expr *value, struct expr *old);

#endif
