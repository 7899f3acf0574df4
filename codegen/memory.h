/* The parts of planning: chains, fields, the schedule of a step, life spans, offsets. */
#ifndef PLAST_MEMORY_H
#define PLAST_MEMORY_H

#include "loop.h"
#include "plan.h"

int64_t round_up(int64_t n, int64_t to);
void plan_chain(struct plan *, struct value *);
/* The first `links` of the chain as one expression in x and the keeps. */
struct expr *chain_expr(struct plan *, const struct value *, int links);
/* All transforms of the input as one, y = scale[c] x + shift[c]; the number of channels. */
bool is_moved(const struct value *); /* an input that is flipped or cropped in training */
int64_t input_transform(struct arena *, const struct value *, double **scale, double **shift);
void plan_fields(struct plan *);
void plan_masks(struct plan *); /* called when the trained tensors have their fields */
struct field *plan_add_field(struct plan *, const char *tensor);
struct buffer *plan_buffer(struct plan *, const char *name, int64_t floats, int first, int last);
/* One that is not among those of training. */
struct buffer *plan_free_buffer(struct plan *, const char *name, int64_t floats, int first,
                                int last);
/* A name of a buffer of the value. */
const char *plan_buffer_name(struct plan *, const struct value *, const char *suffix);
void plan_memory(struct plan *);
/* Gives each its place; how many floats all take. */
int64_t place_buffers(struct arena *, struct buffer **, int count);
int64_t field_elements(const struct field *); /* whole cache lines */
size_t field_bytes(const struct field *);
bool has_update(const struct value *); /* it has weights */
double initial_value(const struct plan *, const struct expr *);

/* The schedule: when things happen in a step. Forward passes come in the order of values, then
 * the loss, then errors in the reverse order. A weight is updated when the errors of all it read
 * have been pulled through it. */
int time_forward(const struct value *);
int time_loss(const struct plan *);
int time_end(const struct plan *); /* past the last update; then observe, then adapt */
int time_error(const struct plan *, const struct value *);
/* The value after whose error the weights of `v` are updated. */
const struct value *update_after(const struct value *v);

#endif
