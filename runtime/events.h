/* Recordings of an event camera: what the parts of events:DIR share. */
#ifndef PLAST_EVENTS_H
#define PLAST_EVENTS_H

#include "source.h"

/* The camera's side, the polarities, and how long it watches: three saccades of 100 ms. */
enum { PLAST_EVENT_SIDE = 34, PLAST_EVENT_SIGNS = 2, PLAST_EVENT_TIME = 300000 };

struct plast_recording {
    char *path;           /* owned; NULL until it is found */
    int64_t number, line; /* in the list, which says no more of where it is */
    int32_t label;
};

struct plast_recordings {
    struct plast_recording *at;
    int64_t count, room;
};

/* Appends; returns NULL if there is no memory. */
struct plast_recording *plast_add_recording(struct plast_recordings *);
void plast_free_recordings(struct plast_recordings *);

/* The frames of a set in the model's shape. Events are counted up to this. */
enum { PLAST_MOST_EVENTS = 255 };
int plast_new_frames(struct plast_data *, int64_t samples, const char *name,
                     const struct plast_request *);

/* One more at a place. */
static inline void plast_count_event(uint8_t *count)
{
    *count = (uint8_t)(*count + (*count < PLAST_MOST_EVENTS));
}

#endif
