/* Real numbers that know how far a single-precision program may be from them,
 * and forward-mode derivatives of scalar expressions: the arithmetic of the
 * reference interpreter. It shares no code with expr_derivative(), so that a
 * wrong derivative in a generated program is caught. */
#ifndef PLAST_TESTS_NUMBER_H
#define PLAST_TESTS_NUMBER_H

#include "expr.h"

/* `error` estimates the rounding error of the same computation in floats, in the sense of a
 * standard deviation; where a comparison could go either way it holds the difference that makes. */
struct number {
    double value, error;
    double slope, slope_error; /* derivative with respect to one chosen name */
};

#define NUMBER_ROUNDING 5.9604644775390625e-8 /* 2^-24: half a unit in the last place */
#define NUMBER_SAFETY 8.0                     /* errors are believed up to this factor */

struct binding {
    const char *name; /* interned */
    struct number value;
};

struct number number_exact(double);   /* a float as it is */
struct number number_rounded(double); /* rounded once to float */
/* The same with a slope of 1: the name derivatives are taken of. */
struct number number_variable(double value, double error);

/* Grows with each decision so far that rounding could turn. */
extern unsigned long number_undecided;

/* Names without a binding, and what may not stand in a checked expression, are bugs. */
struct number number_evaluate(const struct expr *, const struct binding *, int count);

/* A condition: *unsure where rounding could turn it. */
bool number_true(struct number, bool *unsure);
/* `chosen`, made unsure by what `other` would have been. */
struct number number_merge(struct number chosen, struct number other);

/* Whether a float result may be what `value` with `error` became: near enough, and no number where
 * that is none. */
bool number_agrees(double got, double value, double error);

#endif
