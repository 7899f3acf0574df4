/* The parts of the generator of random models. */
#ifndef PLAST_TESTS_RANDOM_H
#define PLAST_TESTS_RANDOM_H

#include "arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { MOST = 64 };

/* What may be called in the model: functions of one element with constants after it, and
 * optimizers. */
struct callable {
    const char *name;
    const char *param[8]; /* after the first */
    bool has_default[8];
    int params;
};

struct value { /* a layer, or the input */
    const char *name;
    int rank;
    long dim[3];
    bool used;
    int branches; /* weights of its own */
};

struct random {
    uint64_t state;
    struct arena *arena;
    struct text out;
    struct callable function[MOST], optimizer[MOST], block[MOST];
    int functions, optimizers, blocks;
    struct value value[MOST];
    int values;
    bool has_cosine; /* a schedule of the definitions */
    int names;       /* taken of the awkward ones */
    int first_name;
    int branches; /* weights written since the last layer */
    const char *output;
    int rules;
    bool small;
};

uint64_t draw(struct random *);
int below(struct random *, int n);
bool chance(struct random *, int percent);
int pick_int(struct random *, const int *from, int count);
const char *pick(struct random *, const char *const *from, int count);
double between(struct random *, double low, double high);
const char *format(struct random *, const char *pattern, ...) PRINTF_LIKE(2, 3);

/* A formula in these names whose value stays small for whatever they are. */
const char *bounded(struct random *, const char *const *names, int count, int depth);
const char *condition(struct random *, const char *const *names, int count, int depth);
/* A constant, or something that changes while training, between the two. */
const char *scheduled(struct random *, double low, double high);

/* Reads the functions and optimizers that can be used out of a text of definitions. */
void read_definitions(struct random *, const char *text);
void define_function(struct random *);
void define_optimizer(struct random *);
void define_block(struct random *);
const char *call_function(struct random *, const char *argument); /* NULL: as after |> */
const char *call_optimizer(struct random *);
const char *then_function(struct random *); /* " |> ..." */
/* The text, or in the other cases none. */
const char *maybe(struct random *, int percent, const char *text);

/* A rule of its own, attached to some of the layers that exist. */
void make_rule(struct random *);

#endif
