/* What the files of the comparison share. */
#ifndef PLAST_TESTS_COMPARE_INNER_H
#define PLAST_TESTS_COMPARE_INNER_H

#include "ast.h"
#include "compare.h"
#include "reference.h"

struct batch {
    size_t n;
    float *x;
    void *y; /* one of the next two */
    int32_t *label;
    float *target;
    int targets;            /* whether y holds floats */
    const uint64_t *sample; /* NULL or number */
    uint64_t *number;
};

struct comparison {
    struct compare_result result;
    const struct plast_model *model;
    struct arena *arena;
    struct net *net;
    struct reference *reference;
    char *block, *scratch, *snapshot, *second;
    float *gradient, *out;
    struct batch batch;
    uint64_t random; /* the state of its own stream */
    int step, steps;
};

/* Records the first difference; returns false. */
bool differ(struct comparison *, const char *format, ...) PRINTF_LIKE(2, 3);

size_t compare_inputs(const struct plast_model *); /* floats of a sample, with all its frames */
const struct plast_tensor *find_tensor(const struct plast_model *, const char *name);
float *tensor_row(const struct comparison *, const struct plast_tensor *, int64_t row);
int64_t tensor_columns(const struct plast_tensor *);
size_t tensor_bytes(const struct plast_tensor *);
bool same_number(struct comparison *, const char *what, int64_t i, double got, double value,
                 double error, double scale);
bool same_rows(struct comparison *, const char *what, const float *at, int64_t columns,
               int64_t stride, const struct values *, int64_t size);
bool same_tensor(struct comparison *, const char *name, const struct values *);
/* The reference continues from the program's floats. */
void copy_tensor(struct comparison *, const char *name, struct values *);
const char *state_name(struct comparison *, int param, int state);
void take_snapshot(struct comparison *, char *at);
bool unchanged(struct comparison *, const char *by);

/* compare_open.c: the net, the memory, what init and begin leave; later the batches. */
bool open_comparison(struct comparison *, const char *path);
void close_comparison(struct comparison *);
const char *feedback_name(struct comparison *, const struct param *weight);
void make_batch(struct comparison *);
bool has_tensor(struct comparison *, const char *name, enum plast_role, int rank,
                const int64_t *shape);
/* Wrong arguments are refused and change nothing; memory behind the blocks is untouched. */
bool check_refusals(struct comparison *);

/* compare_moments.c: the running moments of batch norm. */
bool has_moments(struct comparison *, int *expected);
void synchronise_moments(struct comparison *);
bool same_moments(struct comparison *);

/* compare_rule.c: masks, the states and counters of rules. */
bool has_rule_tensors(struct comparison *, int *expected);
void synchronise_rules(struct comparison *);
/* Masks and counters exactly; states within their tolerance. */
bool same_rules(struct comparison *);
/* By the program's own masks: of what is dead everything is zero. */
bool dead_hold_nothing(struct comparison *);
long count_dead(struct comparison *);

#endif
