/* Runs a generated model and the reference interpreter side by side. */
#ifndef PLAST_TESTS_COMPARE_H
#define PLAST_TESTS_COMPARE_H

#include <plast.h>
#include <stdbool.h>

struct compare_case {
    const char *path; /* of the model file the program was made of */
    const struct plast_model *model;
};

struct compare_result {
    bool same;
    char why[600];        /* the first difference */
    long compared, loose; /* elements; those whose tolerance is above a hundredth of their tensor */
    long decided,
        undecided; /* steps and epochs' ends; where rounding decides, nothing is compared */
    long dead;     /* synapses at the end */
    double worst;  /* largest difference, in tolerances */
    char worst_where[160];
};

/* Full, short and single batches of random samples, targets or labels: loss, gradients, weights,
 * optimizer states and predictions after every step. Each step begins with the program's floats
 * on both sides, so that errors do not add up. */
struct compare_result compare_model(const struct compare_case *, uint64_t seed, int steps);

#endif
