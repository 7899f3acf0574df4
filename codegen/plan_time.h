/* Planning of nets that run over time steps: what changes over time, and so is computed in each of
 * them, and what each of them must leave for back-propagation. */
#ifndef PLAST_PLAN_TIME_H
#define PLAST_PLAN_TIME_H

#include "plan.h"

/* Of each node of the network, whether it is computed at every step. */
bool *plan_looping(struct arena *, const struct net *);
/* Segments that stand for what was one step earlier become those of it, `views` of each node. */
void plan_resolve(struct plan *, struct segment *const *view, const int *views);
/* Values in the order of their stages; numbers them anew. */
void plan_stages(struct plan *);
/* Whether the buffer of what the value passes on in training has a slice for each step. */
bool keeps_plain(const struct value *);
/* The number of slices of a buffer. */
void plan_slices(const struct plan *, struct buffer *, int64_t ahead, int64_t behind);
/* When `v` is read by `by` in the forward pass; when the error of `by` is read for that of `v`. */
int time_read(const struct plan *, const struct value *v, const struct value *by);
int time_pulled(const struct plan *, const struct value *v, const struct value *by);
/* The buffers that only values of timed nets have, and slices of the others; those of prediction.
 */
void plan_timed_value(struct plan *, struct value *);
void plan_timed_scratch(struct plan *, struct value *);

#endif
