/* The head of a .npy file: what the array in it is. */
#ifndef PLAST_NPY_H
#define PLAST_NPY_H

#include "stream.h"

enum { PLAST_NPY_RANK = 8 };

struct plast_npy {
    char kind; /* 'f', 'i', 'u'; 0: a type that is not read (its name is in `descr`) */
    int width; /* bytes of an element */
    int rank;
    uint64_t shape[PLAST_NPY_RANK];
    uint64_t elements, row; /* of all and of one sample */
    char descr[24];         /* as written, for messages; shortened */
    char shape_text[80];    /* "(60000, 784)" */
};

/* Reads versions 1.0 to 3.0 and leaves the stream at the first element. */
int plast_read_npy_header(struct plast_npy *, struct plast_stream *, struct plast_fault *);

#endif
