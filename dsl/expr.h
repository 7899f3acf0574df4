/* The one scalar expression type, from model text to printed C: built by the
 * parser, inlined and folded by check, differentiated, printed by codegen.
 * Expressions are never changed once built; functions return new ones and
 * share what they can. */
#ifndef PLAST_EXPR_H
#define PLAST_EXPR_H

#include "arena.h"
#include "diag.h"

enum expr_kind {
    E_NUMBER, /* number: a real */
    E_INT,    /* integer: a C integer; only in generated C */
    E_NAME,   /* name */
    E_CALL,   /* name, arg[count], arg_name[count] (an entry is NULL where positional) */
    E_NEG,
    E_NOT,
    E_ADD,
    E_SUB,
    E_MUL,
    E_DIV,
    E_POW, /* only in model text: C has none, it prints as powf */
    E_LT,
    E_LE,
    E_GT,
    E_GE,
    E_EQ,
    E_NE,
    E_AND,
    E_OR,
    E_COND,  /* arg[0] ? arg[1] : arg[2] */
    E_PIPE,  /* arg[0] |> arg[1], arg[1] an E_CALL; only as parsed */
    E_TUPLE, /* (a, b, ...), two or more; only as parsed */
    E_PLACE, /* name[arg[0]]: `h[2]` in `on`; only as parsed */
    /* only in generated C */
    E_REM,     /* arg[0] % arg[1] */
    E_INDEX,   /* arg[0][arg[1]] */
    E_CAST,    /* (name)arg[0] */
    E_ADDRESS, /* &arg[0] */
    E_DEREF,   /* *arg[0] */
    E_ARROW,   /* arg[0]->name */
    E_DOT,     /* arg[0].name */
};

struct expr {
    enum expr_kind kind;
    struct loc loc;
    double number;
    long long integer;
    const char *name; /* interned */
    int count;
    struct expr **arg;
    const char **arg_name;
    struct loc name_loc; /* E_CALL, E_PLACE: the name alone */
    bool bare;           /* E_CALL: written without parentheses, after |> */
    unsigned size,
        depth; /* of the tree, shared parts counted each time; kept by the constructors */
};

struct expr *expr_number(struct arena *, struct loc, double);
struct expr *expr_int(struct arena *, long long);
struct expr *expr_name(struct arena *, struct loc, const char *interned);
struct expr *expr_unary(struct arena *, struct loc, enum expr_kind, struct expr *);
struct expr *expr_binary(struct arena *, struct loc, enum expr_kind, struct expr *, struct expr *);
struct expr *expr_cond(struct arena *, struct loc, struct expr *, struct expr *, struct expr *);
struct expr *expr_call(struct arena *, struct loc, const char *interned, int count,
                       struct expr *const *arg, const char *const *arg_name);
struct expr *expr_tuple(struct arena *, struct loc, int count, struct expr *const *arg);
struct expr *expr_place(struct arena *, struct loc, struct loc name_loc, const char *interned,
                        struct expr *index);
/* E_CAST, E_ARROW, E_DOT; E_ADDRESS and E_DEREF are unary, E_REM and E_INDEX binary. */
struct expr *expr_member(struct arena *, enum expr_kind, struct expr *, const char *name);

/* Same structure, names, numbers (bit for bit); places do not count. */
bool expr_equal(const struct expr *, const struct expr *);
bool expr_uses(const struct expr *, const char *interned); /* names a value, not a call */
bool expr_calls(const struct expr *, const char *interned);
bool expr_is_number(const struct expr *, double);

/* Each E_NAME that `value` has an answer for (not NULL) is replaced by it. */
typedef struct expr *expr_lookup(void *context, const struct expr *name);
struct expr *expr_replace(struct arena *, struct expr *, expr_lookup *value, void *context);
/* The expression with each argument changed; itself, where none was. */
typedef struct expr *expr_change(void *context, struct expr *arg);
struct expr *expr_map(struct arena *, struct expr *, expr_change *change, void *context);
/* Every part that equals `what` (not only names) replaced. */
struct expr *expr_replace_equal(struct arena *, struct expr *, const struct expr *what,
                                struct expr *by);
struct expr *expr_substitute(struct arena *, struct expr *, const char *interned, struct expr *by);

/* Constants folded in double precision, x*1, x+0, 0*x, x^1, c ? a : b of a
 * constant c, and the like. The result computes what the argument does for all
 * finite values; a division by zero is left standing. */
struct expr *expr_fold(struct arena *, struct expr *);
/* One step of it: `e` with arguments that are folded already. */
struct expr *expr_fold_top(struct arena *, struct expr *);
/* A comparison, `and`, `or`, `not` or `fire`: 0 or 1, an int in C. */
bool expr_is_logical(const struct expr *);

/* The primitives, one table: name, arguments. `min` and `max` with one argument,
 * `fire` and `detach` are in it too. */
struct primitive {
    const char *name;
    int least, most;         /* arguments */
    double (*value)(double); /* of the elementwise ones with one argument, else NULL */
};
const struct primitive *primitive_find(const char *name);
extern const struct primitive primitive_table[]; /* ends with a NULL name */

/* d e / d name, folded. Only numbers, names, operators and primitives may stand
 * in e (functions are inlined before). `detach(e)` has derivative zero,
 * `fire(z, window)` has window * dz; a comparison, `floor`, `not`, `and`, `or`
 * have zero; min, max and abs take the derivative of the branch that is chosen
 * (of the second where equal; abs: zero at zero). */
struct expr *expr_derivative(struct arena *, struct expr *, const char *interned);

/* The value by IEEE rules (so 1 / 0 is infinite), if every name in it that counts has one: `value`
 * fills in *result and returns true. False where a name has none or a value is not computable. */
typedef bool expr_value(void *context, const char *name, double *result);
bool expr_evaluate(const struct expr *, expr_value *value, void *context, double *result);

/* EXPR_MODEL: as a user would write it in plast; EXPR_FLOAT: C in single
 * precision (1.0f, expf, powf); EXPR_DOUBLE: C in double precision. Parentheses
 * only where they are needed (and where -Wparentheses would ask for them).
 * x ^ 2 and x ^ 3 of a name print as products in C. In C a comparison, `not`,
 * `and` and `or` are ints: where one is used as a number it is printed as
 * `(float)(a < b)`, and a number used as a condition as `x != 0.0f`. min and max print as a
 * comparison where their operands are small enough to stand there twice, else as fminf and fmaxf
 * (which differ only where an operand is not a number). */
enum expr_style { EXPR_MODEL, EXPR_FLOAT, EXPR_DOUBLE };
void expr_print(struct text *, const struct expr *, enum expr_style);
/* The same where C wants a condition: a number prints as `x != 0.0f`. */
void expr_print_condition(struct text *, const struct expr *, enum expr_style);

/* One way to print a literal: round-trip exact (%.9g for float, %.17g for
 * double), a forced point, and the suffix f; infinities as (1.0f / 0.0f) are
 * never printed: they are bugs by then. */
void print_literal(struct text *, double, enum expr_style);

#endif
