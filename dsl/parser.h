/* What scanner, grammar and the files that drive them share; nobody else
 * includes it. */
#ifndef PLAST_PARSER_H
#define PLAST_PARSER_H

#include "ast.h"

enum {
    MAX_BYTES =
        4 << 20,      /* of all files of a compilation: a hundredfold of it must fit into memory */
    MAX_NEST = 1000,  /* brackets, braces and operators open at one place */
    MAX_DEPTH = 1000, /* of an expression: whatever walks it may recurse */
    MAX_NAME = 255,
    MAX_NUMBER = 400, /* characters of a literal */
    MAX_PATH = 4096,
    MAX_INCLUDES = 64 /* files inside files */
};

/* Growing lists as the grammar builds them. */
struct exprs {
    struct expr **at;
    int count;
};

struct targets {
    struct target *at;
    int count;
};

struct items {
    struct body *first, *last;
};

struct seen_file;

/* What the parsers of one compilation share. */
struct unit {
    struct arena *arena;
    struct diag *diag;
    struct file *file;
    struct stmt **end;        /* where the next statement goes */
    const char **broken_slot; /* file->broken as a hash table */
    struct seen_file *seen;
    int seen_count;
    int depth; /* of includes */
    size_t bytes;
};

/* One for each source text. */
struct parser {
    struct unit *unit;
    struct arena *arena;
    struct diag *diag;
    uint32_t file;
    const char *text;
    uint32_t size;
    char *copy;      /* of the text, with two NULs: the scanner writes into it */
    void *scanner;   /* flex's */
    uint32_t offset; /* of the next byte to be scanned */
    const char *bad; /* what is wrong with a BAD token */
    struct feed *feed;
    bool poisoned; /* the statement being read has an error, it will be left out */
};

/* scan.l: tokens of p->copy, from any offset. */
union YYSTYPE;
void scanner_open(struct parser *);
void scanner_seek(struct parser *, uint32_t offset);
void scanner_close(struct parser *);
int scan_token(union YYSTYPE *, struct loc *, void *scanner);

/* feed.c: what the grammar is fed, and how it gets going again after an error. */
void feed_open(struct parser *);
int feed_token(union YYSTYPE *, struct loc *, struct parser *);
/* To be called when the grammar refuses the token fed last, before it asks for the next. True where
 * a brace must have been forgotten: *missing is the place it is missed at, *open that of its
 * partner. */
bool feed_refused(struct parser *, struct loc *missing, struct loc *open);
struct loc feed_previous(const struct parser *);

/* refusal.c: what to say where the grammar refuses a token; all of them go by the names that
 * parse.y gives them. */
struct refusal {
    const char *token;
    struct loc loc;
    const char **expected;
    int count;
};
bool wants_details(const struct parser *);
void report_refusal(struct parser *, const struct refusal *);

/* build.c: what the actions of the grammar build. */
struct stmt *make_stmt(struct parser *, struct stmt);
struct stmt *make_definition(struct parser *, struct stmt);
struct stmt *make_shaped(struct parser *, struct stmt, struct exprs dims, struct loc);
struct stmt *make_input(struct parser *, struct stmt, struct exprs dims, struct loc,
                        struct exprs transforms);
struct stmt *make_budget(struct parser *, struct stmt, struct name unit);
const char *unit_name(size_t i, double *bytes); /* NULL past the last */
struct stmt *make_attachment(struct parser *, struct stmt, const struct targets *,
                             const struct period *);
struct body *make_body(struct parser *, struct body);
struct items add_item(struct items, struct body *);
struct expr *make_unary(struct parser *, struct loc, enum expr_kind, struct expr *);
struct expr *make_binary(struct parser *, struct loc, enum expr_kind, struct expr *, struct expr *);
struct expr *make_cond(struct parser *, struct loc, struct expr *, struct expr *, struct expr *);
struct expr *make_call(struct parser *, struct loc, struct name, struct entries);
struct expr *make_tuple(struct parser *, struct loc, struct expr *, struct exprs);
struct entry make_entry(struct expr *, struct loc);
struct entries add_entry(struct parser *, struct entries, struct entry);
struct exprs add_expr(struct parser *, struct exprs, struct expr *);
struct targets add_target(struct parser *, struct targets, struct name, struct expr *branch,
                          struct loc);
struct period *new_period(struct parser *);
struct period *set_each(struct parser *, struct period *, struct loc, struct expr *, bool steps);
struct period *set_from(struct parser *, struct period *, struct loc, struct expr *);
struct period *set_until(struct parser *, struct period *, struct loc, struct expr *);

/* parse_file.c */
void add_stmt(struct parser *, struct stmt *); /* expands an include */
void skip_text(struct parser *, struct loc);   /* names in it become broken */

#endif
