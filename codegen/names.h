/* Names of the model -> identifiers of C: no keyword, no name that generated C or its headers use,
 * none twice. */
#ifndef PLAST_NAMES_H
#define PLAST_NAMES_H

#include "../dsl/arena.h"

#include <stdbool.h>

struct names; /* one scope: what was given out */

struct names *names_new(struct arena *);
/* "int" -> "int_", a second "h1" -> "h1_", a third "h1_2". A name in capitals, which a header may
 * have as a macro, becomes small. */
const char *names_unique(struct names *, const char *wanted);
const char *names_constant(struct names *, const char *wanted); /* in capitals */
const char *upper_case(struct arena *, const char *);

#endif
