/* A checkpoint while it is read into a block. */
#ifndef PLAST_LOAD_H
#define PLAST_LOAD_H

#include "safetensors.h"
#include "trainer.h"

struct reader {
    const char *name;
    FILE *file;
    struct plast_safetensors header;
    const struct plast_model *model;
    void *block;
    struct plast_fault *fault;
    bool masked; /* the file says of every neuron that can die whether it lives */
};

/* Whether this can be what row `i` of the tensor holds. */
int plast_check_row(struct reader *, const struct plast_tensor *, const void *row, int64_t i);
/* The counters of the run in __metadata__. */
int plast_read_run(struct reader *, struct plast_run *, struct plast_saved *);

#endif
