/* What the parts of the bench command share. */
#ifndef PLAST_BENCH_H
#define PLAST_BENCH_H

#include "trainer.h"

enum { PLAST_WINDOWS = 9 };

struct plast_bench {
    const struct plast_options *options;
    const struct plast_model *model;
    struct plast_fault *fault;
    void *block;
    void *loaded; /* a copy of what --load brought; NULL: the seed's state */
    struct plast_run *run;
    struct plast_split split;
    struct plast_batch batch;
    int64_t place;     /* of the next batch in the order */
    double epoch_ends; /* seconds of end_epoch for each step of a run */
    int64_t fma_rounds;
    volatile double sink; /* what fma returns must be used */
    double rate[PLAST_WINDOWS], peak[PLAST_WINDOWS],
        step[PLAST_WINDOWS];  /* samples/s, GFLOP/s of a core, seconds */
    struct plast_epoch epoch; /* of the last window */
};

int64_t plast_bench_threads(const struct plast_bench *);
/* Sorts PLAST_WINDOWS values. */
double plast_bench_median(double *value);
int64_t plast_bench_epoch_steps(const struct plast_bench *);
/* The first state again. */
int plast_bench_restart(struct plast_bench *, int64_t steps_per_epoch);
/* A step on the next batch, gathering included, and how long it took. */
int plast_bench_step(struct plast_bench *, double *seconds, float *loss);

/* Steps with one layer after the other dense and csr, at several shares of live synapses, as JSON
 * lines: where csr begins to be faster. */
int plast_bench_crossover(struct plast_bench *);

#endif
