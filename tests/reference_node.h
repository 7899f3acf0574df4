/* What the files of the reference interpreter share that run nodes: each takes one node through one
 * time step, forward or back. What goes back adds to `delta`, or to `late` where it came through
 * `prev` and the layer's neurons are still before it. */
#ifndef PLAST_TESTS_REFERENCE_NODE_H
#define PLAST_TESTS_REFERENCE_NODE_H

#include "reference.h"

struct given { /* of a forward pass */
    const float *x;
    const uint64_t *sample;
    bool training;
};
uint64_t sample_number(const struct reference *, const struct given *, int64_t sample);

/* --------------------------------------------------------------- reference_build.c */

void make_params(struct reference *);
void make_nodes(struct reference *);
void make_feedback(struct reference *);

/* --------------------------------------------------------------- reference_input.c */

void run_input(struct reference *, const struct node *, const struct given *, int64_t step);
void run_affine(struct reference *, const struct node *, int64_t step);
void run_flip(struct reference *, const struct node *, const struct given *, int64_t step);
void run_crop(struct reference *, const struct node *, const struct given *, int64_t step);
void run_encode(struct reference *, const struct node *, const struct given *, int64_t step);

/* -------------------------------------------------------------- reference_window.c */

void run_conv(struct reference *, const struct node *, int64_t step);
void carry_conv(struct reference *, const struct values *weight, const struct node *, int64_t step);
void find_conv_gradients(struct reference *, const struct node *);
void run_maxpool(struct reference *, const struct node *, int64_t step);
void run_avgpool(struct reference *, const struct node *, int64_t step);
void pass_maxpool(struct reference *, struct values *stream, const struct node *, int64_t step);
void pass_avgpool(struct reference *, struct values *stream, const struct node *, int64_t step);

/* ---------------------------------------------------------------- reference_norm.c */

void prepare_norm(struct reference *, const struct node *);
void run_norm(struct reference *, const struct node *, bool training, int64_t step);
void pass_norm(struct reference *, const struct node *, int64_t step);
void find_norm_gradients(struct reference *, const struct node *);
void update_moments(struct reference *);

/* -------------------------------------------------------------- reference_neuron.c */

void prepare_neuron(struct reference *, const struct node *);
void run_neuron(struct reference *, const struct node *, int64_t step);
/* Adds to the gradients of learnables as well. */
void pass_neuron(struct reference *, const struct node *, int64_t step);

/* ---------------------------------------------------------------- reference_time.c */

void find_ended(struct reference *);
/* When a node without a time axis is computed. */
bool is_due(const struct reference *, const struct node *, int64_t step);
void run_prev(struct reference *, const struct node *, int64_t step);
void run_readout(struct reference *, const struct node *);
/* To what the source was one step earlier. */
void pass_prev(struct reference *, const struct node *, int64_t step);
void pass_readout(struct reference *, const struct node *);

#endif
