/* Statements as they were written. Nothing here is checked but the grammar. */
#ifndef PLAST_AST_H
#define PLAST_AST_H

#include "expr.h"

struct name { /* an occurrence of a name; text NULL: left out */
    const char *text;
    struct loc loc;
};

/* One list serves arguments and parameters (`a`, `a = 1`): a parser that knew
 * which it reads would need two grammars that conflict. */
struct entry {
    struct name name;   /* text NULL for a positional argument */
    struct expr *value; /* NULL for a parameter without default: then only a name stood there,
                           and as an argument it is the value of that name */
    struct loc loc;
};

struct entries {
    struct entry *at;
    int count;
    bool parens; /* (...) was written, if only () */
};

enum space { SPACE_NONE, SPACE_SYNAPSE, SPACE_KERNEL, SPACE_NEURON, SPACE_INPUT, SPACE_LAYER };

/* Statements inside the braces of a neuron, an optimizer or a rule. */
enum body_kind {
    B_STATE,     /* state [space] a = e, b = e; */
    B_LEARNABLE, /* learnable [neuron] a = e; */
    B_VALUE,     /* space a = e, b = e; (rules) */
    B_ASSIGN,    /* name op value; op one of = += -= *= /= as E_NUMBER (plain) or E_ADD.. */
    B_EMIT,      /* emit value; */
    B_IF,        /* if (value) { body } else { other } */
    B_PHASE,     /* name (modulate, observe, adapt) { body } */
    B_DROP,      /* drop synapse|neuron when value; */
    B_GROW,
};

struct body {
    enum body_kind kind;
    struct loc loc;
    enum space space;
    struct loc space_loc;
    struct name name;
    enum expr_kind op; /* B_ASSIGN: E_ADD for +=, E_SUB, E_MUL, E_DIV; E_NUMBER for = */
    struct expr *value;
    struct entries list;        /* B_STATE, B_LEARNABLE, B_VALUE */
    struct body *inner, *other; /* B_IF, B_PHASE */
    struct body *next;
};

struct target { /* one of `on h1, h2[2]` */
    struct name layer;
    struct expr *branch; /* NULL: the first */
    struct loc loc;
};

struct period {
    struct loc loc;    /* file 0: left out */
    struct expr *each; /* NULL: 1 */
    bool steps;
    struct expr *from, *until; /* NULL: left out */
    struct loc each_loc, from_loc, until_loc;
};

enum stmt_kind {
    ST_MODEL,   /* name */
    ST_INCLUDE, /* path; never in a list that parse_file returns: what it names stands there */
    ST_LET,     /* name = value */
    ST_TIME,    /* value */
    ST_INPUT,   /* name[dims] |> value: value is a pipeline whose head is E_NAME of the input
                   (that name alone where nothing follows) */
    ST_LAYER,   /* name[dims] = value */
    ST_BLOCK,   /* name(list) = value */
    ST_OUTPUT,  /* name = value */
    ST_LOSS,    /* name(list) */
    ST_LEARN,   /* name */
    ST_USE_OPTIMIZER, /* name(list) */
    ST_BATCH,         /* value */
    ST_EPOCHS,
    ST_SEED,
    ST_PLASTICITY, /* name(list) on targets period */
    ST_PRUNE,
    ST_BUDGET,   /* what (name: memory) <= value * unit bytes */
    ST_FUNCTION, /* name(list) = value */
    ST_NEURON,   /* name(list) { body } */
    ST_OPTIMIZER,
    ST_RULE,
};

struct stmt {
    enum stmt_kind kind;
    struct loc loc; /* the whole statement */
    struct name name;
    struct expr **dims;
    int dim_count;
    struct loc dims_loc;
    struct expr *value;
    struct entries list;
    struct body *body;
    struct target *targets;
    int target_count;
    struct period period;
    const char *path; /* ST_INCLUDE */
    double unit;      /* ST_BUDGET: bytes in the unit written, 1 where none was */
    struct stmt *next;
};

/* One compilation: the prelude's statements, then the model's in order, includes
 * expanded in place. A statement with an error of the grammar anywhere in it is
 * left out, and `broken` holds every word of its text, keywords too. So a name in
 * it is never reported unknown, nor is what the prelude says of that name sure to
 * hold, and where `output` is in it, the one output may have been there. */
struct file {
    struct stmt *prelude, *first;
    const char **broken;
    int broken_count;
    bool any_broken; /* text was skipped whose names could not be told */
};

bool file_is_broken(const struct file *, const char *interned); /* in `broken`, or any_broken */

/* Reads and parses the prelude and the model file with what it includes; errors
 * go to diag. The path "-" is standard input. NULL only if the model file itself
 * cannot be read: then *unreadable holds errno. */
struct file *parse_file(struct arena *, struct diag *, const char *path, int *unreadable);
/* The same on a text, for tests and fuzzers; includes are read relative to path. */
struct file *parse_text(struct arena *, struct diag *, const char *path, const char *text,
                        size_t size);

/* The model's statements as text that parses to the same ones; the prelude is not among them. */
void dump_file(struct text *, const struct file *);

extern const char prelude_text[]; /* dsl/prelude.pl, embedded when built */
extern const size_t prelude_size;

#endif
