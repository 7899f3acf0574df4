/* The readers behind a SPEC. Each fills one set from streams, so that tests can give it memory;
 * what is wrong is a fault that names the stream, the place, and what was expected. On failure
 * the set may be half filled: the caller frees it. */
#ifndef PLAST_SOURCE_H
#define PLAST_SOURCE_H

#include "data.h"
#include "stream.h"

/* What is opened and for whom: handed down to every source. */
struct plast_request {
    const struct plast_model *model;
    enum plast_purpose purpose;
    uint64_t seed;
    struct plast_fault *fault;
};

/* idx.c. Labels are read after the images, whose count they must have. */
int plast_read_idx_images(struct plast_data *, struct plast_stream *, const struct plast_request *);
int plast_read_idx_labels(struct plast_data *, struct plast_stream *, const struct plast_request *);
int plast_open_idx(struct plast_split *, const char *folder, const struct plast_request *);

/* npy.c. The answers are read after the inputs. */
int plast_read_npy_inputs(struct plast_data *, struct plast_stream *, const struct plast_request *);
int plast_read_npy_answers(struct plast_data *, struct plast_stream *,
                           const struct plast_request *);
int plast_open_npy(struct plast_split *, const char *rest, const struct plast_request *);

/* csv.c. targets 0: the class stands last. */
int plast_read_csv(struct plast_data *, struct plast_stream *, int64_t targets,
                   const struct plast_request *);
int plast_open_csv(struct plast_split *, const char *rest, const struct plast_request *);

/* cifar10.c. What a stream holds goes behind what is there. */
int plast_read_cifar10(struct plast_data *, struct plast_stream *, const struct plast_request *);
int plast_open_cifar10(struct plast_split *, const char *rest, const struct plast_request *);

/* events.c. counts: of one sample, zero at first; the model takes events and its input fits. */
int plast_read_events(uint8_t *counts, struct plast_stream *, const struct plast_request *);
int plast_check_event_input(const struct plast_request *);
/* events_list.c, events_open.c. */
struct plast_recordings;
int plast_read_event_list(struct plast_recordings *, struct plast_stream *,
                          const struct plast_request *);
int plast_open_events(struct plast_split *, const char *folder, const struct plast_request *);

/* glyphs.c. Draws one set: number 0 to train, 1 to test. */
int plast_draw_glyphs(struct plast_data *, int64_t samples, int set, const struct plast_request *);
int plast_open_glyphs(struct plast_split *, const struct plast_request *);

/* permute.c: the inputs of a set under permutation `number`. */
int plast_permute_inputs(struct plast_data *, uint64_t number, struct plast_fault *);

/* Frees what a set holds and empties it. */
void plast_free_data(struct plast_data *);

/* The set to be filled where a source has but one. */
static inline struct plast_data *plast_sole_set(struct plast_split *split,
                                                const struct plast_request *request)
{
    return request->purpose == PLAST_FOR_TRAIN ? &split->train : &split->test;
}

/* "[1, 28, 28]", the input of the model; returns `text`. */
char *plast_print_input(char *text, size_t size, const struct plast_model *);

/* Refuses label `label` of sample `sample` unless it is a class of the model. `place` says where
 * it stands ("byte 12", "line 3"). */
int plast_check_label(int64_t label, int64_t sample, const char *name, const char *place,
                      const struct plast_request *);

#endif
