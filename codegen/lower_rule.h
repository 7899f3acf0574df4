/* What the files that lower rules share. */
#ifndef PLAST_LOWER_RULE_H
#define PLAST_LOWER_RULE_H

#include "lower.h"
#include "sites.h"

struct local {
    const char *name, *as;                     /* in the rule, in C */
    const char *array, *index, *type, *memory; /* where it is loaded from; array NULL: nowhere */
    bool read;                                 /* before it is assigned */
    bool assigned, declared;
};

/* How the weights stand that a pass runs over: as the manifest has them; in a step, where they may
 * be packed; in a step, where they are csr. */
enum stored { STORED_PLAIN, STORED_HELD, STORED_CSR };

/* The element of a loop over the places of a space. */
struct place {
    struct kernel kernel;
    const struct site *site;
    enum space domain;
    const char *moment;                  /* what random numbers count by */
    const char *matrix, *neuron, *input; /* indices of the place in arrays */
    /* where weights slide over maps: the column in the matrix, and of a synapse its kernel */
    const char *column, *kernel_at;
    enum stored stored;
    bool shared; /* other sites write into the same function */
    struct names *names;
    struct local *local;
    int locals;
    const char **given; /* names that the caller declares itself */
    int givens;
    struct cstmt *head, *body;
};

struct place *place_new(struct module *, const struct site *, const char *suffix,
                        enum space domain);
/* Statements of the site within a function that does more, names shared: as a condition `acts`. */
struct place *place_within(struct kernel *, const struct site *, struct names *, enum space domain);
/* A local that the function has already. */
void place_local(struct place *, const char *name, const char *as);
void place_given(struct place *, const char *name);
struct expr *place_expr(struct place *, struct expr *);
void place_statements(struct place *, struct rule_stmt *const *, int count, struct expr *guard);
struct cstmt *place_finish(struct place *, struct cstmt *body);
/* The key that the statement's random numbers are drawn under: a parameter of this name. */
void random_key(struct kernel *, const char *name, const struct site *, const struct rule_stmt *,
                const char *moment);
const char *place_index(const struct place *, enum space);
void place_at(struct place *, const char *row, const char *column);
const char *slot_memory(struct module *, const struct slot *);
const struct field *site_mask(struct module *, const struct site *, enum space);

/* The calls that do the passes, to stand outside of a parallel region, where `m` and, in a step,
 * `n` are. */
struct cstmt *lower_passes(struct module *, const struct site *, const struct pass *, enum phase);
struct cstmt *lower_batch(struct module *, const struct site *, const struct pass *, enum stored);
/* What rules observe of maps, in `after`. */
void lower_map_sums(struct module *);
void lower_traces(struct module *);
/* What the local `w` of a tile contributes to the carried sums, into part[i][l]; then, a row of a
 * tile, the parts into the sums of their group. `first`: the segment's first group. */
struct cstmt *lower_carries(struct kernel *, const struct term *, const char *const *part,
                            struct cstmt **head);
/* The same for columns `from` to `to` of a segment, of row i + r, from the weights in memory. */
struct cstmt *lower_carry_row(struct kernel *, const struct carry *, int64_t line, int64_t column,
                              int64_t first, struct cstmt **head);
struct cstmt *lower_carry_tile(struct kernel *, const struct carry *, const char *part,
                               int64_t first);
/* The adapts that run on the tile where one of them is due. */
struct cstmt *lower_tile_adapts(struct kernel *, const struct term *, const char *at,
                                const char *row, const char *column, struct cstmt **head);

/* Passes as functions. The element of a pass over one value, as `x`, then its use; the memory of
 * what the pass makes, as `result`; the function, and the call of it. */
struct cstmt *space_loop(struct arena *, const struct site *, enum space, struct cstmt *element);
struct cstmt *pass_element(struct place *, const struct rule_stmt *, struct cstmt *use);
/* Where the weight's places are, for those not PLAIN; its loops. */
void place_stored(struct place *, enum stored);
void place_params(struct place *, const struct cstmt *element); /* the parameters for that */
const char *held_columns(struct place *);
struct cstmt *matrix_loop(struct place *, struct cstmt *element);
/* The held value whose neurons enter the site's weight, or NULL. */
const struct value *site_input(const struct site *);
void pass_target(struct place *, const struct rule_stmt *);
/* Zero for all neurons, or inputs, before those that are held get theirs. */
struct cstmt *clear_target(struct arena *, const struct value *held, int64_t places);
const char *pass_comment(struct module *, const struct site *, const struct pass *);
struct cstmt *pass_finish(struct place *, const struct pass *, struct cstmt *body);
struct cstmt *lower_reduce(struct module *, const struct site *, const struct pass *, enum stored);
struct cstmt *reduce_rows(struct module *, const struct site *, const struct pass *, enum stored);
struct cstmt *lower_carried(struct module *, const struct site *, const struct pass *, enum stored);
struct cstmt *lower_lowest(struct module *, const struct site *, const struct pass *);
struct cstmt *lower_shuffled(struct module *, const struct site *, const struct pass *,
                             const char *moment);
struct cstmt *lower_quantile(struct module *, const struct site *, const struct pass *);

/* What a reduction starts from; a value `x` joined to `sum` that is a partial result already; what
 * zeros that are not held, joined to `sum`; what the whole sum comes to over n places; the function
 * over 16 partial results. */
const char *reduction_start(enum reduction);
struct cstmt *reduction_join(struct arena *, enum reduction, const char *sum);
struct cstmt *reduction_join_zero(struct arena *, enum reduction, const char *held, long long all);
struct expr *reduction_result(struct arena *, enum reduction, const char *sum, int64_t n);
const char *reduction_tree(enum reduction);
struct cstmt *in_region(struct module *, struct cstmt *calls);

/* The rules that modulate the error of a value, on one element whose error is the local `name`. */
struct cstmt *lower_error_rules(struct kernel *, const struct value *, const char *name,
                                const char *row, struct cstmt **head);
/* Those that modulate the gradient of a weight and need not wait for the whole of it. */
struct cstmt *lower_gradient_rules(struct kernel *, const struct term *, const char *at,
                                   const char *row, const char *column, struct cstmt **head);

#endif
