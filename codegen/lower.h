/* Plan -> functions. One file a kind of work: lower_product.c (what has weights), lower_map.c
 * (elementwise chains), lower_loss.c, lower_update.c (optimizers), lower_mask.c (death),
 * lower_form.c and lower_csr.c (storage forms), lower_run.c (the functions that call them in
 * order). */
#ifndef PLAST_LOWER_H
#define PLAST_LOWER_H

#include "loop.h"
#include "plan.h"

struct module {
    struct plan *plan;
    struct arena *arena;
    struct diag *diag;
    struct cfunc *func, *last;              /* in the order they are printed */
    struct cstmt *forward, *shown, *errors; /* calls, in the order of the schedule */
    /* of rules: when they begin; before the step; once there are whole gradients; after the
     * updates; adapts due */
    struct cstmt *setups, *before, *gradients, *optimizers, *after, *due, *epoch_end;
    struct cstmt *again; /* loads the input for updates of csr weights; NULL: it is there */
    bool anchored;       /* the selftest needs model_anchor */
    bool shown_scalars;  /* prediction reads run scalars */
    bool mortal;         /* something can die: there is settle(m) */
    struct text tables;  /* constant arrays */
};

/* A function in the making, with its parameters and what a step passes for them. Its tile, if it
 * has one, takes the same parameters after its own. */
struct kernel {
    struct module *module;
    const char *name;
    bool sparse;          /* it walks live synapses alone: no place it meets is dead */
    bool held;            /* it computes what the selftest compares with */
    const char *position; /* where in a neuron's map it is; NULL: neurons have none */
    struct text params, names, actuals;
    const char *tile_names; /* what the kernel passes on to its tile */
};

struct kernel kernel_new(struct module *, const char *name);
/* "const float *restrict w", then what is passed for it. Added once only. */
void kernel_param(struct kernel *, const char *type, const char *name, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* The expression with run scalars hoisted; `const float scalar0 = scalar[0];` for those it uses
 * are appended to *head. */
struct expr *kernel_hoist(struct kernel *, struct expr *, struct cstmt **head);
void kernel_finish(struct kernel *, const char *comment, struct cstmt *body);
/* The tile of the kernel: `own` parameters, then the kernel's. */
void kernel_tile(struct kernel *, const char *own, struct cstmt *body);
struct cstmt *kernel_call(struct kernel *);
void module_add(struct module *, struct cfunc *);
/* A comparison as 1 or 0; a number as whether it is not 0. What is so already stays. */
struct expr *as_number(struct arena *, struct expr *);
struct expr *as_condition(struct arena *, struct expr *);
/* The list, after `type name = value;` where it uses the name: a local that nothing reads is warned
 * of. */
struct cstmt *declare_if_used(struct arena *, const char *type, const char *name,
                              struct expr *value, struct cstmt *list);

/* Subexpressions worth computing once that occur more than once in the list become declarations
 * of locals t0, t1...; the expressions are replaced. */
struct cstmt *bind_common(struct arena *, struct expr **list, int count);

/* The elementwise end of a forward kernel, of one element whose sum is the float `x` and whose
 * place in the result is out[at + l]: row is the neuron's number (its place in a map is
 * kernel->position), c + l the sample. */
struct cstmt *lower_chain(struct kernel *, struct value *, bool train, const char *row,
                          struct cstmt **head);

/* What the i-th dropout of the chain multiplies by, of unit `row` and sample c + l. */
struct expr *lower_keep(struct kernel *, const struct value *, int i, const char *row,
                        struct cstmt **head);
/* `error`, the local of that name at the end of a value that rules modulate, taken back to its
 * neurons and through the rules. */
struct cstmt *lower_modulated(struct kernel *, const struct value *, const char *name,
                              const char *row, struct cstmt **head);

/* Forms, see form.c. How many neurons and rows of the value there are; the columns of a dense
 * weight that reads it; which neuron the row-th is. Parameters are added to the kernel. */
const char *held_neurons(struct kernel *, const struct value *);
const char *rows_of(struct kernel *, const struct value *);
const char *columns_of(struct kernel *, const struct value *);
const char *place_of(struct kernel *, const struct value *, const char *row);
const char *weight_columns(struct kernel *, const struct term *);
/* In two steps, where it may turn out not to be needed. */
const char *place_text(struct arena *, const struct value *, const char *row);
void place_if_used(struct kernel *, const struct value *, const struct cstmt *);
/* The unit that a row is. */
const char *unit_text(struct arena *, const struct value *, const char *row);
/* The same where `m` is. */
const char *module_rows(struct module *, const struct value *);
/* Whichever fits the form that the value's weights have; csr NULL: it has but one. */
struct cstmt *hold_all(struct module *, const struct value *); /* nothing is packed */
struct cstmt *by_form(struct module *, const struct value *, struct cstmt *dense,
                      struct cstmt *csr);
/* `static void pack(m)`, `unpack(m)` and the manifest's entries, where there are forms. */
void lower_forms(struct module *);
/* The synapses of a row in a segment of columns, or of a column, as csr has them: from `first` to
 * `end`, their columns, or rows, in `index`; `position`: where their values stand, NULL: there. */
struct walk {
    const char *first, *end, *index, *position;
};
const char *row_index(struct arena *, const struct term *);     /* its name */
const char *row_index_of(struct kernel *, const struct term *); /* and as a parameter */
/* All synapses of a row, or those of some segment. */
struct walk walk_row(struct kernel *, const struct term *, const char *row);
struct walk walk_segment(struct kernel *, const struct term *, int segment, const char *row);
int first_part(const struct term *, int segment);
/* Rows of csr with their gradients, sums over samples of `error` and `in`: `element` is run for
 * cols synapses of row i from place `at` on, their gradients being g, and `row` after each row.
 * Segment -1: of all. wait: "" or "nowait". */
struct cstmt *lower_sampled(struct kernel *, const struct value *, const struct term *, int segment,
                            const char *wait, bool whole_batch, struct cstmt *element,
                            struct cstmt *row);
bool has_parts(const struct value *); /* some term of it has several */
struct walk walk_column(struct kernel *, const struct term *, const char *suffix,
                        const char *column);

/* How products with weights are computed where these are stored so. */
struct form {
    const char *suffix; /* of functions */
    bool sparse;
    bool map;           /* tiles are neurons at one place of their maps, see lower_conv.c */
    const char *params; /* of a tile */
    const char *rows, *vecs, *span; /* of a tile: rows, vectors of samples, samples */
    const char *most;               /* rows of the largest tile */
    const char *each;               /* the loop over rows: unrolled or not */
    /* Adds term t of the value to the sums of its rows: over the inputs of neurons; what readers
     * send back, over the outputs. `number` tells names apart. */
    struct cstmt *(*inputs)(struct kernel *, const struct value *, int t, bool train);
    struct cstmt *(*outputs)(struct kernel *, const struct use *, int number);
    /* The tiles of all rows and samples; depth: terms of a sum. */
    struct cstmt *(*tiles)(struct kernel *, const struct value *, int64_t depth);
};
extern const struct form form_dense, form_csr, form_map, form_map_back;
extern const struct form form_parts; /* csr, forward, where terms have parts */
/* Of csr: what the reader sends back to the row, added to sum[r]. */
struct cstmt *csr_row_outputs(struct kernel *, const struct use *, int number, const char *row,
                              const char *vecs, const char *to);

/* A constant array of one float a channel; its name. */
const char *lower_table(struct module *, const char *name, const double *, int64_t count);
void lower_input(struct module *, struct value *);
void lower_move(struct module *, const struct value *); /* flips, crops: from `raw` */
void lower_plain_forward(struct module *, struct value *);
void lower_forward(struct module *, struct value *); /* both of training and of prediction */
void lower_error(struct module *, struct value *);
void lower_updates(struct module *, struct value *); /* appends the calls to module->errors */
void lower_loss(struct module *);
struct cstmt *lower_conv_gradient(struct module *, const struct value *, const struct term *);
/* Where the gradient of a weight goes, in a probe and in a step. */
const char *gradient_memory(struct module *, const struct term *, const struct field *);
/* The update of a vector whose gradient stands at `from`. */
void lower_vector_update(struct module *, const struct param *, const char *from);
/* Pools and what is normalised: values of their own. What comes back from them: added to s[l], the
 * row's sums, or an expression that is added to the element's. */
void lower_pool(struct module *, struct value *);
struct cstmt *pool_outputs(struct kernel *, const struct value *, const struct use *, int number);
struct expr *norm_input(struct kernel *, const struct value *, bool train, const char *row);
struct expr *norm_output(struct kernel *, const struct value *, const struct use *, int number,
                         const char *row);
void lower_moments(struct module *, struct value *);       /* before the value */
void lower_norm_backward(struct module *, struct value *); /* after its error */
void lower_norm_updates(struct module *, const struct value *);
/* A tile of the rows from i on, of which `rows` are held of `all`: PLAST_ROWS of them or, at the
 * end, fewer; `tile` makes the call for a constant number. */
struct cstmt *tile_rows(struct arena *, const struct value *, const char *rows, const char *all,
                        struct cstmt *(*tile)(void *, const char *rows), void *);
/* Which neuron of the value row `unit` is of; and the kernel's position is set. */
const char *neuron_of_unit(struct kernel *, const struct value *, const char *unit);
/* Tiles of sums over samples, `sum`, of products of `error` [rows][COLUMNS] and `in` [n][line]. */
extern const char sample_product_params[];
/* At every time step, where their slices are given. */
struct cstmt *lower_sample_product(struct arena *, int64_t line, int64_t in_slice,
                                   int64_t error_slice);
struct cstmt *lower_sample_product_loops(struct kernel *, const struct value *rows,
                                         const struct value *from, int64_t cols, bool nowait,
                                         struct cstmt *after);
void lower_rules(struct module *); /* their functions, and when they are called */
struct cstmt *rule_acts(struct module *);
struct cstmt *lower_scalars(struct module *);
void lower_run(struct module *); /* init, begin, step, probe, end_epoch, predict */
struct module *lower_net(struct plan *, struct diag *);

/* What stands at row `row`, or at element at + l of the tensor: 0 where that is dead. The mask
 * becomes a parameter of the kernel. */
struct expr *if_neuron_alive(struct kernel *, const struct value *, const char *row, struct expr *);
struct expr *if_alive(struct kernel *, const struct field *, struct expr *);
/* A call, in a parallel region, that makes the field zero where it is dead. */
struct cstmt *lower_silence(struct module *, const struct field *);
/* `static void settle(struct NAME *m)`, to be called outside of parallel regions, and the
 * manifest's entry; nothing where nothing can die. */
void lower_settle(struct module *);

/* The optimizer on one element: weight `w_at[at]`, its states `<state>_at[at]`, gradient `grad`.
 * Declares and passes the states of the tensor as parameters of the kernel. `before`: statements on
 * the gradient, between the loads and the optimizer; `after`: on the new weight, before the stores.
 */
struct cstmt *lower_optimizer(struct kernel *, const struct field *, struct cstmt *before,
                              struct cstmt *after, struct cstmt **head);

const char *where(const struct module *, struct loc); /* "model.pl:4" */

#endif
