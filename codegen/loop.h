/* The statements of generated C, as a tree: what lowering builds, passes
 * change and print.c prints. Expressions are those of dsl/expr.h.
 *
 * Statements are written as C text and parsed (`code`), so that a lowering
 * reads like the code it makes, yet what it makes is a tree that passes can
 * transform. The text is the C that print.c prints, less the pragmas, plus
 *
 *   independent for (...)   iterations own what they write; how such a loop is run
 *                           (threads, vectors) is decided by the pass `parallel`
 *   collapse for            independent, as is the loop that is its whole body
 *   ... nowait for          what follows does not read what the loop writes
 *   unroll for              few and constant iterations: unrolled whole
 *   $0 .. $9                an expression, from the arguments
 *   @0 .. @9                a list of statements, from the arguments
 *   %s %d %lld              formatted first, as by printf (%% is a remainder)
 *
 * Holes are filled from two arrays given beside the text, see `struct holes`. */
#ifndef PLAST_LOOP_H
#define PLAST_LOOP_H

#include "../dsl/expr.h"

enum stmt_tag {
    S_DECLARE,  /* type name[dim]... = value; */
    S_ASSIGN,   /* target op value */
    S_FOR,      /* for (int64_t name = from; name < to; name += step) body */
    S_IF,       /* if (value) body else other */
    S_PARALLEL, /* body run by `value` threads */
    S_CALL,     /* value, an E_CALL; the result is dropped */
    S_RETURN,   /* value may be NULL */
    S_COMMENT,  /* text */
};

/* How a loop runs. Lowerings use the first four, the pass `parallel` the rest. */
enum loop_kind {
    LOOP_PLAIN,
    LOOP_UNROLL,
    LOOP_INDEPENDENT,
    LOOP_COLLAPSE, /* with the loop that is its body */
    LOOP_SIMD,     /* omp simd */
    LOOP_SHARED,   /* omp for */
    LOOP_SHARED2,  /* omp for collapse(2) */
};

struct cstmt {
    enum stmt_tag tag;
    const char *type; /* S_DECLARE: with its stars */
    const char *name;
    struct expr *dim[3];
    int dims;
    const char *op; /* S_ASSIGN: "=", "+=", ... */
    struct expr *target, *value, *from, *to, *step;
    enum loop_kind loop;
    bool nowait;    /* LOOP_SHARED*: no barrier at its end */
    bool in_double; /* S_ASSIGN, S_DECLARE: the value is computed in double precision */
    struct cstmt *body, *other;
    const char *text;
    const char *note; /* a comment at the end of the line */
    struct cstmt *next;
};

struct cparam {
    const char *type, *name;
};

struct cfunc {
    const char *comment; /* lines above it; NULL: none */
    const char *type, *name;
    struct cparam *param;
    int params;
    bool is_inline; /* forced: it is a tile, specialised by constant arguments */
    bool is_public;
    struct cstmt *body;
    struct cfunc *next;
};

struct holes {
    struct expr *e[10];
    struct cstmt *s[10];
};

/* Wrong text is a bug() of the lowering. The format is printf's. */
struct cstmt *code(struct arena *, const struct holes *, const char *format, ...) PRINTF_LIKE(3, 4);
struct expr *ex(struct arena *, const char *format, ...) PRINTF_LIKE(2, 3);

/* "static void", name, then "type name, type name" parsed into params. */
struct cfunc *cfunc_new(struct arena *, const char *type, const char *name, const char *params);
struct cstmt *cstmt_join(struct cstmt *, struct cstmt *);    /* appends; either may be NULL */
bool cstmt_uses(const struct cstmt *, const char *interned); /* the whole list */
struct cstmt *cstmt_assign(struct arena *, struct expr *target, struct expr *value);
struct cstmt *cstmt_declare(struct arena *, const char *type, const char *name, struct expr *value);

/* Passes: each changes the function in place. */
void simplify(struct arena *, struct cfunc *); /* folds, drops loops and ifs that do nothing */
void parallel(struct arena *, struct cfunc *); /* decides how independent loops run */

void print_func(struct text *, const struct cfunc *);
void print_prototype(struct text *, const struct cfunc *); /* without the ; */

#endif
