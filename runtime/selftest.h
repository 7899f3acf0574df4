/* The parts of the self-test: a network with a batch and its gradient (selftest_net.c), the
 * comparison of the gradient of one tensor with finite differences (difference.c), and the life of
 * a network after some of it was killed (selftest_dead.c, selftest_zero.c). */
#ifndef PLAST_SELFTEST_H
#define PLAST_SELFTEST_H

#include "trainer.h"

/* Random numbers one after another. */
struct plast_draw {
    uint64_t key;
    uint32_t index;
};

static inline double plast_draw_uniform(struct plast_draw *draw)
{
    return plast_uniform(draw->key, draw->index++);
}

int64_t plast_draw_below(struct plast_draw *, int64_t limit);
double plast_draw_normal(struct plast_draw *);

/* A network in some state, a batch, and what the probe makes of them. */
struct plast_tested {
    const struct plast_model *model;
    struct plast_fault *fault;
    void *block, *scratch;
    float *x, *out;
    void *y;
    int y_is_targets;
    uint64_t *sample;
    size_t n;
    float *gradient;   /* of the state as prepared */
    float *ignored;    /* what probes of other states write */
    double loss;       /* of the state as prepared */
    double loss_noise; /* bound of what rounding does to the loss */
    struct plast_draw draw;
    double work; /* floating-point operations of all probes so far, about */
};

int plast_open_tested(struct plast_tested *, const struct plast_model *, int64_t threads,
                      struct plast_fault *);
void plast_close_tested(struct plast_tested *);
/* Random state and batch number `round`: weights as initialised times `gain`, biases random,
 * feedback equal to the weights where it stands for them; then the gradient. `shift` moves the
 * biases a little. */
int plast_prepare_tested(struct plast_tested *, uint64_t seed, int64_t threads, int round, size_t n,
                         double gain, int shift);

/* The tensor with this name ("h1" with ".value"), or NULL. */
const struct plast_tensor *plast_find_tensor(const struct plast_model *, const char *layer,
                                             const char *part);

/* What the gradient of a tensor is the gradient of: the loss, or, for hidden layers under
 * direct feedback, the layer's neurons weighted by the error that was sent to them. */
struct plast_objective {
    const struct plast_tensor *value; /* NULL: the loss */
    double *weight;                   /* [units][n] */
    double noise;                     /* bound of what rounding does to the objective */
};

/* For the block's present state, which is probed. */
int plast_open_objective(struct plast_objective *, struct plast_tested *,
                         const struct plast_tensor *);
void plast_close_objective(struct plast_objective *);
/* Its value in the block's present state. */
int plast_measure(const struct plast_objective *, struct plast_tested *, double *value);

enum plast_verdict {
    PLAST_AGREES,  /* within a hundredth */
    PLAST_NOTHING, /* nothing changes, and the gradient says so */
    PLAST_UNCLEAR, /* too small, or too uneven, to be measured in float */
    PLAST_CONTRADICTS
};

enum plast_direction { PLAST_ROW_GRADIENT, PLAST_ROW_RANDOM, PLAST_ALL_GRADIENT };

struct plast_difference {
    enum plast_verdict verdict;
    double analytic, numeric; /* directional derivatives */
    enum plast_direction direction;
    int64_t row; /* of a row direction */
    double step;
};

/* Compares along one direction. The block is as before afterwards. */
int plast_compare_gradient(struct plast_difference *, struct plast_tested *,
                           const struct plast_tensor *, enum plast_direction);

/* One mask, and the first thing that was found wrong with it. */
struct plast_mortal {
    const struct plast_tensor *mask, *weight; /* weight NULL: of neurons */
    uint8_t *was;                             /* the mask as last seen, without padding */
    bool wrong;
    char text[256];
};

struct plast_dead {
    struct plast_tested *tested;
    struct plast_mortal *mortal;
    int count;
    bool ended; /* by a loss that was none */
};

/* Lets a network live and die, prints a line for each mask from *lines + 1, and counts those that
 * failed. Prints nothing where nothing can die. */
int plast_test_dead(struct plast_tested *, uint64_t seed, int64_t threads, int *lines, int *failed);

void plast_find_fault(struct plast_mortal *, const char *what, const char *fault);
/* Looks at the block as it is now. Where nothing may have grown all that was dead still is; else
 * only neurons. */
void plast_check_dead(struct plast_dead *, bool may_grow, const char *when);
/* Looks at tested->gradient and at the values, as a probe has just left them. */
void plast_check_dead_gradient(struct plast_dead *);
/* A resumed run settles what it loads: that may not change anything. */
int plast_check_settled(struct plast_dead *);

#endif
