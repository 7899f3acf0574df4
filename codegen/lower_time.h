/* Lowering of what runs at every time step. */
#ifndef PLAST_LOWER_TIME_H
#define PLAST_LOWER_TIME_H

#include "lower.h"

/* The slice of the step `shift` after this one, as C: a step's own is at `t`. */
const char *slice_of(struct arena *, const struct buffer *, int shift);
/* Where a kernel reads the segment from. */
const char *read_from(struct arena *, const struct segment *, bool train);
/* Where the slices of all steps begin that are read `delay` steps late. */
const char *first_slice(struct arena *, const struct buffer *, int delay);

enum pass_of_neuron { NEURON_TRAIN, NEURON_HELD, NEURON_SHOWN };
/* The element of a value that is a neuron: its sum is `x`. */
struct cstmt *lower_neuron(struct kernel *, const struct value *, enum pass_of_neuron,
                           const char *row, struct cstmt **head);
/* From `e`, the error of what it emits, to `x_back`, that of its sum; NULL where that is zero. */
struct cstmt *lower_neuron_back(struct kernel *, const struct value *, const char *row,
                                struct cstmt *use, struct cstmt **head);
bool neuron_passes_error(const struct value *);
void lower_trained(struct module *, const struct value *); /* appends updates to m->errors */
/* Copies of what is trained, for the selftest: before a probe that others are compared with. */
struct cstmt *lower_anchors(struct module *);

/* `held` in probes that are compared with an earlier one. */
struct cstmt *if_held(struct module *, struct cstmt *held, struct cstmt *otherwise);

void lower_encoder(struct module *, struct value *);
void lower_readout(struct module *, struct value *); /* appends to both loops */
/* What the error of a read-out is at this step, of that of the whole. */
struct expr *readout_share(struct kernel *, const struct value *readout, int number,
                           struct expr *error, const char *at);
/* What comes back from the loop to a value before it. */
void lower_gathered(struct module *, struct value *);
/* Slices of zeros, made so right before a loop. */
enum zeros { ZEROS_AHEAD, ZEROS_BEHIND, ZEROS_SHOWN };
struct cstmt *lower_zeros(struct module *, enum zeros);
/* The statements, for every step: forwards or backwards. */
struct cstmt *lower_loop(struct module *, struct cstmt *, bool back);
/* Keys of prediction's own draws. */
struct cstmt *lower_shown_keys(struct module *);

#endif
