/* What the files of the checker share; nobody else includes it.
 *
 * Errors are recorded where they are found; what they make unknown is NULL (or `poisoned`) from
 * then on, and whoever meets that stays silent. */
#ifndef PLAST_CHECK_H
#define PLAST_CHECK_H

#include "net.h"

enum {
    MOST_SIZE = 5000,   /* nodes of an inlined scalar expression */
    MOST_LEVELS = 1000, /* its levels while it is worked on */
    MOST_DEPTH = 100,   /* and when it becomes C: compilers stop at 256 brackets, slopes need 2 */
    MOST_INLINED = 1000000, /* nodes of all functions inlined */
    MOST_SLOPE = 50000,     /* nodes of a derivative */
    MOST_CALLS = 1000, /* of exp, pow and the like in a formula and its derivative, or a body */
    MOST_BODY = 20000, /* nodes of all expressions of a body */
    MOST_OPERATORS = 10000, /* of a network */
    MOST_BLOCKS = 50,       /* blocks inside blocks */
    MOST_STATEMENTS = 200,  /* of an optimizer or a rule */
    MOST_NESTED = 30,       /* conditions inside conditions, where they become choices */
    MOST_FORMALS = 100      /* parameters of one definition */
};
#define MOST_UNITS INT64_C(2147483647)
#define MOST_BYTES 70368744177664.0 /* 2^46 */

enum table { T_VALUE, T_OPERATOR, T_OPTIMIZER, T_RULE, TABLES };

enum symbol_kind {
    SYM_LET,
    SYM_LAYER, /* input and output too */
    SYM_FUNCTION,
    SYM_BLOCK,
    SYM_NEURON,
    SYM_OPTIMIZER,
    SYM_RULE
};

/* A parameter of a function, block, optimizer...; `value` is its default, resolved, or NULL. */
struct formal {
    const char *name, *unique; /* `unique` stands for it in a resolved body */
    struct loc loc;
    struct expr *value;
    const char *choice; /* the default is a word: he_uniform */
    bool poisoned;      /* its default is wrong */
};

struct formals {
    struct formal *at;
    int count;
    bool poisoned; /* some are wrong, or missing here */
};

struct symbol {
    enum symbol_kind kind;
    const char *name;
    struct loc loc;
    int order; /* of its definition; what stands earlier does not see it */
    bool poisoned, prelude;
    struct symbol *older; /* of the same name */
    double value;         /* SYM_LET */
    struct layer *layer;  /* SYM_LAYER */
    struct formals formals;
    struct expr *body;    /* SYM_FUNCTION: resolved, in the unique names */
    const char **watched; /* SYM_RULE: states that change nothing, so they are there to be seen */
    int watched_count;
    const struct stmt *stmt;
};

/* What is written between the parentheses of a call, from both of its forms. */
struct actual {
    const char *name; /* NULL: positional */
    struct loc loc, name_loc;
    struct expr *value;
};

struct actuals {
    struct actual *at;
    int count;
    struct loc loc; /* the call */
};

struct binding { /* a name that means something inside one definition */
    const char *name;
    struct expr *value; /* what it stands for; NULL: poisoned */
    const char *choice; /* a block's parameter bound to a word: `init = he_uniform` */
    bool here;          /* a number it stands for counts as written where the name is */
    bool half;          /* a local that only one branch of an `if` has assigned */
};

struct map { /* interned names to anything */
    const char **key;
    void **value;
    size_t room, count;
};

struct check {
    struct arena *arena;
    struct diag *diag;
    struct file *file;
    struct net *net;
    struct map names[TABLES];    /* newest symbol of each name */
    struct symbol **all[TABLES]; /* in order, for suggestions */
    int all_count[TABLES];
    struct map broken; /* file->broken */
    struct map told;   /* names that were reported once and are enough */
    int order, unique;
    bool syntax_errors; /* there were errors before checking: things may be missing */
    bool in_prelude, timed, has_input;
    int stmt_number;                      /* of the statement that is being checked */
    const struct stmt *only[ST_RULE + 1]; /* first statement of each kind */
    const struct definition *definition;  /* -D */
    int definition_count;
    bool *definition_used;
    struct layer *layer; /* whose pipeline is read */
    double inlined;      /* nodes of functions written out so far */
    int expanded;        /* blocks */
    bool *weighted;      /* of each node: a weight operator of its layer is on a path to it */
    int weighted_count;
    bool *init_chosen; /* of each param: by the model, not by the first function after it */
    int init_count;
    struct attachment *attachment; /* of rules, in order */
    int attachments;
    struct origin *origin; /* of each node */
    int origins;
    struct layer_shape *declared; /* `layer h[SHAPE]` */
    int declareds;
    struct initial *initial; /* of learnables */
    int initials;
};

/* How a node was written, for as long as its shape is not known: behind `prev` of a later layer it
 * may be the last thing that is. Until then the rank of its shape is 0. */
struct origin {
    const struct expr *expr;   /* the call, or the sum */
    const struct expr *detail; /* conv: what says how many groups; N_PREV: the layer's name */
    struct expr **term;        /* what a join joins, as written */
    struct layer *delayed;     /* N_PREV: the layer, once it is known */
    bool settled, wrong;
};

struct layer_shape {
    struct layer *layer;
    struct loc loc;
    struct shape shape;
};

struct initial { /* evaluated when the whole file is read */
    struct param *param;
    struct expr *value;
    struct loc loc;
};

/* Where an expression stands: which names mean what in it. */
struct context {
    struct check *check;
    int limit; /* symbols from this order on are not seen */
    const struct binding *binding;
    int bindings;
    bool run;                 /* run scalars may be read */
    struct rule_writer *rule; /* and reductions and signals, or NULL */
    bool inlining;            /* arguments are not folded, they may stand on a path not taken */
    const char *self;         /* the function that is being defined, or NULL */
    bool in_block;            /* `it` has a meaning */
    struct node *enters;      /* what `it` names, NULL if poisoned */
    int depth;                /* blocks inside blocks */
};

/* --- map.c, scope.c */
void *map_find(const struct map *, const char *name);
void map_set(struct arena *, struct map *, const char *name, void *value);

struct symbol *find_symbol(const struct context *, enum table, const char *name);
/* Enters a definition; an older one of the same file is an error, one of the prelude is replaced.
 */
struct symbol *declare(struct check *, enum table, enum symbol_kind, struct name,
                       const struct stmt *);
bool is_broken(const struct check *, const char *name);
bool is_run_scalar(const char *name);
/* Records an error where a definition takes a name that means something everywhere. */
bool is_taken(struct check *, struct name);
/* true and false */
bool is_truth(const char *name, double *value);
struct context file_context(struct check *, bool run);

/* Records "unknown WHAT 'NAME'" with the nearest of `table` (kinds in the bits of `kinds`), unless
 * the name may stand in text that was skipped. `extra` are more candidates, ending with NULL. */
void report_unknown(const struct context *, struct loc, const char *name, const char *what,
                    enum table, unsigned kinds, const char *const *extra);
void report_unknown_of(struct check *, struct loc, const char *name, const char *what,
                       const char *const *candidates, size_t count);
/* True the first time it is asked for a name. */
bool say_once(struct check *, const char *name);

/* --- arguments */
struct actuals actuals_of_call(struct check *, const struct expr *call, int from);
struct actuals actuals_of_entries(struct check *, const struct entries *, struct loc);
/* For each formal the index of its actual, or -1 where it is left out and has a default; false
 * after an error. */
bool match_arguments(struct check *, const char *callee, struct loc callee_loc,
                     const struct formals *, const bool *required, const struct actuals *, int *at);
/* Parameters of a definition: names and defaults; errors poison single ones. */
struct formals read_formals(struct context *, const struct entries *, const char *const *taken,
                            const char *why, const char *const *choices);
/* What each formal is bound to by a call, defaults resolved; NULL after an error. */
struct binding *bind_actuals(const struct context *, const struct symbol *, const struct formals *,
                             const struct actuals *, const char *const *choices);
/* What is given must be read somewhere, if only by a default: errors otherwise. The formals from
 * `from` on are those that are given. */
void check_given(struct check *, const struct symbol *, const struct actuals *, int from);
/* Whether the body of a definition reads `name`, a parameter. */
bool body_uses(const struct body *, const char *name);
int count_items(const struct body *);
const char *call_text(struct arena *, const char *name, const struct actuals *);

/* --- scalar expressions: names resolved, functions inlined. NULL after an error */
struct expr *resolve(const struct context *, struct expr *);
/* The same, folded, and refused where it divides by zero or is not finite. `place` is where to
 * say so if the cause stands in another text (a function of the prelude). */
struct expr *resolve_folded(const struct context *, struct expr *);
struct expr *fold_checked(struct check *, struct expr *, struct loc place);
/* `cause` is what is wrong; where it does not stand in `place`, the error is said there, with
 * `note` at the cause. */
void report_at(struct check *, struct loc cause, struct loc place, const char *text,
               const char *note);
bool resolve_constant(const struct context *, struct expr *, const char *what, double *value);
/* A whole number within [least, most]. */
bool resolve_whole(const struct context *, struct expr *, const char *what, double least,
                   double most, double *value);
/* Numbers must fit single precision, and not have grown beyond measure. */
bool check_printable(struct check *, const struct expr *, struct loc place);
/* How many of exp, sin... it takes, a power for four: what a C compiler spends its time on. */
int count_calls(const struct expr *);
/* Adds one more expression of a body to what it comes to; no more than a compiler takes well. */
struct total {
    unsigned size;
    int calls;
};
bool check_total(struct check *, struct total *, const struct expr *, struct loc place);
const char *number_text(struct arena *, double);
/* The value when a run starts: epoch, step and progress 0. */
bool value_at_start(const struct net *, const struct expr *, const char *x, double at,
                    double *value);

/* --- definitions */
void define_let(struct check *, const struct stmt *);
void define_function(struct check *, const struct stmt *);
void define_block(struct check *, const struct stmt *);
bool is_built_in(struct check *, const struct stmt *); /* an error, if so */
void check_optimizer_body(struct check *, struct symbol *);
void check_rule_body(struct check *, struct symbol *);
void check_neuron_body(struct check *, struct symbol *);
struct learnable { /* as declared: one for each channel, or one for the layer */
    const char *name;
    struct expr *initial;
    struct loc loc;
    bool each;
};
/* The neuron that a definition comes to for these arguments; NULL after an error. Its learnables
 * have no params yet: their initial values go to `initial`. */
struct neuron *write_neuron(struct check *, const struct symbol *, const struct binding *,
                            struct loc place, struct learnable **);
/* Leaves out what changes nothing. */
void simplify_neuron(struct arena *, struct neuron *, struct learnable *);

/* --- the network */
bool read_shape(struct check *, const struct stmt *, struct shape *);
void define_input(struct check *, const struct stmt *);
void define_layer(struct check *, const struct stmt *); /* and output */
struct node *read_pipeline(const struct context *, struct expr *);
/* `call` on `input` (NULL: poisoned, its arguments are checked all the same); its own arguments
 * start at `from`. */
struct node *apply_operator(const struct context *, struct expr *call, struct node *input,
                            int from);
/* Its arguments by parameter; NULL after an error, also where it is no input transform. */
struct expr **match_transform(const struct context *, struct expr *call);
struct node *make_dense(const struct context *, struct expr *call, struct node *input,
                        struct expr **arg);
struct node *make_conv(const struct context *, struct expr *call, struct node *input,
                       struct expr **arg);
struct node *make_pool(const struct context *, enum node_op, struct expr *call, struct node *input,
                       struct expr **arg);
struct node *make_batchnorm(const struct context *, struct expr *call, struct node *input,
                            struct expr **arg);
struct node *make_dropout(const struct context *, struct expr *call, struct node *input,
                          struct expr **arg);
struct node *make_map(const struct context *, struct expr *call, struct node *input, int from);
struct node *apply_neuron(const struct context *, struct expr *call, struct symbol *,
                          struct node *input, int from);
struct node *make_readout(const struct context *, enum readout, struct expr *call,
                          struct node *input);
/* `layer` is its one argument, or what stands before `|>`. */
struct node *make_prev(const struct context *, struct expr *call, struct expr *layer);
void find_delayed(struct check *);  /* the layers that `prev` names, when all are read */
void finish_delays(struct check *); /* and their values */
/* False, with an error, where the net has no time, or the value has no time axis any more. */
bool needs_time(struct check *, const struct expr *call, const struct node *input);
/* False, with an error, where one has a time axis and another one has not. */
bool same_time(struct check *, struct expr *const *term, struct node *const *node, int count);
extern const char *const init_names[]; /* by enum init, those a model can choose */
bool read_init(const struct context *, struct expr *, enum init *, bool *chosen);
/* The weights of an operator that has them, and whether it has a bias. */
struct weights {
    int64_t units; /* or channels, that leave it */
    enum init init;
    bool init_chosen, bias;
};
/* False, with an error, where weights stand before it on a path in its layer. */
bool may_weigh(struct check *, const struct expr *call, const struct node *input);
void add_branch(struct check *, struct node *, const struct weights *);
struct param *new_param(struct check *, struct node *, const char *name, struct shape, enum init,
                        bool chosen);
/* What the tensors of an operator's next use in the layer are called: "h1.NAME", "h1.NAME2". */
const char *tensor_group(struct check *, const struct layer *, enum node_op, const char *name);
struct node *join_concat(const struct context *, struct expr *call, struct expr *first);
struct node *expand_block(const struct context *, struct expr *call, struct symbol *,
                          struct node *input, int from);
/* Something that may follow `|>`: of the language or visible from here. */
bool is_operator(const struct context *, const char *name);
bool is_transform(const char *name);
extern const char *const words[]; /* all of them, and NULL */
bool is_word(const char *name);   /* he_uniform, all: arguments that are not numbers */
void report_unknown_operator(const struct context *, const struct expr *call);
/* A node that has no shape yet; NULL, with an error, if there are too many. */
struct node *new_node(struct check *, enum node_op, const struct expr *written,
                      struct node *const *input, int input_count);
/* --- shapes.c: the shapes of the node and of its weights follow from what enters it, where that is
 * known by now. NULL, with an error, if they cannot. */
struct node *settle_node(struct check *, struct node *);
/* --- finish_shapes.c. False, with an error, where it is known to be another. */
bool declare_shape(struct check *, struct layer *, struct loc, const struct shape *);
void finish_shapes(struct check *); /* those that were not known while the file was read */
void set_shape(struct node *, struct shape);
/* No more units than fit: the errors otherwise. */
bool check_shape(struct check *, const struct shape *, struct loc);
bool too_many_operators(struct check *, struct loc);
/* Whether a path to `node` inside the layer that is being read holds a weight operator. */
bool path_has_weights(const struct check *, const struct node *);
/* plasticity and prune; and, when the whole file is read, where and when what they attach acts. */
void define_attachment(struct check *, const struct stmt *);
void finish_attachments(struct check *);
void use_optimizer(struct check *, const struct stmt *);
void check_model_name(struct check *, const struct stmt *);
void check_missing(struct check *);
void check_definitions_used(struct check *);
void finish_net(struct check *); /* initial distributions, sizes, what reaches the output */
void simplify_updates(struct arena *, struct optimizer *);

#endif
