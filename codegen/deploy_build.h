/* What the parts that make a deployment share. */
#ifndef PLAST_DEPLOY_BUILD_H
#define PLAST_DEPLOY_BUILD_H

#include "deploy.h"

/* Of a value, by unit. */
struct constants {
    double *value; /* of those that are the same for every input; of others 0 */
    double *added; /* what such among the units it reads add to its bias */
};
/* Takes them out of the survivors. */
struct constants *fold_constants(const struct deployment *, const struct checkpoint *,
                                 struct survivors *);
/* A value's operators as they predict, in x, with the run scalars as they stood. */
struct expr *deploy_chain(const struct deployment *, const struct checkpoint *,
                          const struct value *);
double deploy_apply(const struct expr *chain, double x);

#endif
