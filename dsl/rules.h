/* What the files that check rules share: spaces, the functions only rules have, and the writer that
 * turns a body into the statements of net.h. */
#ifndef PLAST_RULES_H
#define PLAST_RULES_H

#include "check.h"

enum rule_function {
    CALL_REDUCE,
    CALL_LOWEST,
    CALL_SHUFFLED,
    CALL_RANDOM,
    CALL_BATCH_SUM,
    CALL_BATCH_MEAN,
    CALL_TRACE
};

struct rule_call {
    const char *name;
    enum rule_function function;
    enum reduction reduction;
    int count; /* arguments */
    const char *parameter[2];
};
extern const struct rule_call rule_calls[]; /* ends with a NULL name */
const struct rule_call *find_rule_call(const char *name);

struct signal_info {
    const char *name;
    enum signal bit;
    enum space space;
    bool sample;
};
extern const struct signal_info signals[]; /* ends with a NULL name */
const struct signal_info *find_signal(const char *name);

/* What an expression is: where it has values, and what it is made from. */
struct kind {
    enum space space;
    bool sample; /* one value for each sample */
    bool grad;   /* made from grad */
};

struct rule_info { /* of rule->value, by index */
    bool grad;
    struct expr *constant; /* what it came to, if a number */
};

enum role { IS_NOTHING, IS_PARAMETER, IS_SIGNAL, IS_STATE, IS_VALUE };

struct shared { /* a part that has its temporary already */
    const struct expr *call;
    struct expr *name;
};

struct rule_writer {
    struct check *check;
    struct context context;
    struct binding *binding;
    enum role *role;
    int bindings, roles;
    const struct symbol *symbol;
    bool is_definition; /* arguments are not known yet: everything is looked at once */
    struct loc place;   /* else: the attachment, where what arguments cause is reported */
    struct rule *rule;
    struct rule_info *info;
    int infos;
    struct map taken, declared; /* names */
    enum phase phase;
    bool in_phase;
    unsigned seen; /* phases */
    struct rule_stmt **end;
    struct shared *shared;
    int shares;
    int streams;
    const struct expr *whole; /* what a declaration says as a whole, as written */
    const char *target;       /* of the statement that is written, NULL: no reductions */
    enum space target_space;
    bool sees_error; /* `error` may be read: it is assigned */
    struct expr *guard;
    enum space guard_space; /* of the conditions around that are wider than the layer */
    struct loc guard_loc;
    struct total total;
    bool branch_grad; /* a condition of the layer around is made from grad */
    bool good;
};

/* --- spaces.c */
enum space join_spaces(enum space, enum space);
struct kind kind_of(const struct rule_writer *, const struct expr *);
/* The function that a resolved call means, or NULL: elementwise, or no call. */
const struct rule_call *special_call(const struct expr *);
/* The first name or call in it that `is` so; NULL if none is. */
typedef bool leaf_test(const struct rule_writer *, const struct expr *, enum space);
const struct expr *find_leaf(const struct rule_writer *, const struct expr *, leaf_test *,
                             enum space);
leaf_test is_sample, is_wider, is_from_grad;

/* --- rule_calls.c: a call of rule_calls comes out with its arguments resolved and checked, and a
 * number behind them: the space in which it is computed. */
struct expr *resolve_rule_call(const struct context *, struct expr *call, const struct actuals *);
bool splits(const struct rule_writer *, const struct expr *);
struct expr *split_side(struct rule_writer *, struct expr *, bool input); /* NULL: nothing of it */
void refuse(struct rule_writer *, struct loc, const char *format, ...) PRINTF_LIKE(3, 4);

/* --- rule_value.c: expressions */
struct value {
    struct expr *expr; /* folded, its special calls still in it; NULL after an error */
    struct kind kind;
};
struct value read_value(struct rule_writer *, struct expr *);
/* False, with an error, where it has more values than the space it is used in. */
bool check_space(struct rule_writer *, const struct value *, enum space, const char *what);
/* The special calls in it become statements; what is left is pointwise. */
struct expr *hoist(struct rule_writer *, struct expr *);
struct rule_stmt *append_stmt(struct rule_writer *, enum rule_kind, struct loc);
const char *add_value(struct rule_writer *, const char *name, struct loc, enum space);
const char *fresh_name(struct rule_writer *, const char *base);
/* target = e, by the statement that does it at once where there is one. */
void write_set(struct rule_writer *, struct loc, const char *target, enum space, struct expr *e,
               bool declares);

/* --- rule_assign.c */
extern const char *const phase_names[]; /* by enum phase; "" before the phases */
void bind_name(struct rule_writer *, const char *name, enum role, struct expr *value);
int find_declared(const struct rule_writer *, const char *name); /* in its bindings, or -1 */
/* What is written next, with no temporaries to share; target NULL: it may hold no reductions. */
void begin_stmt(struct rule_writer *, const char *target, enum space);
void need_layer_condition(struct rule_writer *, struct loc, const char *what);
void write_declaration(struct rule_writer *, const struct body *);
void write_assign(struct rule_writer *, const struct body *);

/* --- rule_body.c: the rule that a definition comes to for these arguments; NULL after an error */
struct rule *write_rule(struct check *, const struct symbol *, const struct binding *,
                        struct loc place);

/* --- rule_live.c: leaves out what changes nothing; finds what is read, stored, and made for what
 */
void finish_rule(struct check *, struct rule *, const char *const *watched, int watched_count);
/* The states of a definition that nothing but themselves read. */
void find_watched(struct check *, struct symbol *, const struct rule *);

#endif
