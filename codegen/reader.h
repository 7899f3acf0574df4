/* Reading C text with holes: what code.c (statements) and code_expr.c share. */
#ifndef PLAST_READER_H
#define PLAST_READER_H

#include "loop.h"

struct reader {
    struct arena *arena;
    const char *at, *text;
    const struct holes *holes;
    bool holed; /* what was read last was a hole */
};

#if defined __GNUC__
__attribute__((noreturn))
#endif
void fail(const struct reader *, const char *wanted);
void skip_space(struct reader *);
bool take(struct reader *, const char *token); /* goes past it, if it stands here */
void need(struct reader *, const char *token);
const char *read_name(struct reader *);
struct expr *read_expr(struct reader *,
                       int least); /* of operators that bind tighter than `least` */

#endif
