/* The C of a deployed net while it is printed. */
#ifndef PLAST_DEPLOY_PRINT_H
#define PLAST_DEPLOY_PRINT_H

#include "deploy.h"

struct names;

struct printer {
    struct deployment *d;
    struct arena *arena;
    const char *net, *upper; /* "net", "NET" */
    struct names *names;
    struct text constants, functions, prototypes;
    const char **known; /* functions that are printed already */
    int knowns;
};

/* Constant arrays; of integers by `number`, or if that is NULL, by `x`; zeros beyond them. */
void deploy_floats(struct printer *, const char *name, const double *x, int64_t count,
                   int64_t beyond);
void deploy_integers(struct printer *, const char *type, const char *name, const int64_t *number,
                     const double *x, int64_t count, int64_t beyond);
const char *numbers_type(const struct numbers *); /* "uint8_t" */

/* False but for the first time that it is asked of this function. */
bool deploy_is_new(struct printer *, const char *name);
void deploy_function(struct printer *, const char *type, const char *name, const char *params,
                     const char *comment, struct cstmt *body);

/* The function that adds such a product; it is made where it is first asked for. */
const char *deploy_product_function(struct printer *, const struct product *);

/* Of a product's arrays; what tells its function from others of its form. */
struct deploy_types {
    const char *in, *weight, *sum, *start;
    const char *kind, *suffix; /* "bits16"; "_u8" of --int8 */
};
/* What products by vectors call, then the passes over columns that so many rows take, then calls of
 * these, under #if and #elif; what follows is for other processors, with #else and #endif. */
void deploy_vectors(struct printer *);
void deploy_passes(struct printer *, const struct deploy_types *, bool dense, int64_t rows);
void deploy_call_passes(struct printer *, const struct deploy_types *, bool dense, int64_t rows);

/* An expression with calls of what the C may call, which is printed too. */
struct expr *deploy_free_standing(void *printer, struct expr *);

#endif
