/* A trained net for inference alone: what is of use of it, in the form that is smallest. */
#ifndef PLAST_DEPLOY_H
#define PLAST_DEPLOY_H

#include "checkpoint.h"
#include "loop.h"

/* How a matrix is stored, column by column: what a silent input would add is passed over. */
enum storage {
    STORED_DENSE,
    STORED_CSR8,  /* of each column how many, and steps from one live row to the next, in 8 bits */
    STORED_CSR16, /* in 16 */
    STORED_BITS, /* a bit for each column that has live rows, where it starts, a bit for each row */
    STORAGES
};

/* Integers of a matrix, in the number of bytes each that fits. */
struct numbers {
    int64_t *value;
    int64_t count;
    int bytes; /* 1 or 2, without sign */
};

/* What one value adds to another: y += matrix x. */
struct product {
    struct deployed *from;
    int64_t rows, cols; /* of the reader and of `from`, as far as they are left */
    double *weight;     /* [cols][rows], zero where dead; of --int8, once stored, whole numbers */
    uint8_t *alive;     /* the same */
    int64_t live;
    bool is_input; /* no weights of the model: an input as it is */
    enum storage storage;
    size_t bytes;           /* of all that follows, in C */
    struct numbers columns; /* of a mask: bits of columns, in whole words of 64 */
    struct numbers counts;  /* of csr, [cols]; of a mask where the weights of live columns start */
    struct numbers index;   /* steps, or bytes of the mask, those of each column even in number */
    double *stored;         /* weights in their order; a step over more than fits has a zero */
    int64_t weights;
    double *scale;    /* [rows], of --int8: what 1 is worth */
    const char *name; /* of its arrays in C */
};

/* Another value's rows as they are. */
struct copy {
    struct deployed *from;
    int64_t *row, *from_row; /* [count] */
    int64_t count;
    bool whole; /* all rows of both, in order */
    const char *name;
};

struct deployed {
    const struct value *value;
    const char *name;
    int index;          /* in deployment->value */
    int64_t units;      /* before */
    int64_t rows;       /* after */
    const int64_t *row; /* the unit of each */
    struct product *product;
    int products;
    struct copy *copy;
    int copies;
    double *bias;                                /* [rows] */
    struct expr *chain;                          /* in x */
    bool is_input, is_output, is_quantised;      /* quantised: products read it as integers */
    bool is_signed;                              /* those have a sign */
    double lowest, highest;                      /* seen while calibrating */
    double unit;                                 /* of one integer */
    struct buffer sums, integers, products_sums; /* floats, bytes, int32_t, in units of 4 bytes */
    int last;                                    /* the last value that reads it */
};

struct deployment {
    const struct plan *plan;
    struct arena *arena;
    bool int8;
    struct deployed **value; /* in order */
    int values;
    struct deployed *input, *output;
    double *scale, *shift; /* of the input's transforms, one each channel, folded into products */
    int64_t channels;
    size_t bytes;             /* of constants */
    size_t scratch;           /* bytes */
    float *sample, *expected; /* of the self-test */
    double largest;           /* of the expected outputs */
};

/* The net of the checkpoint, weights as they are (float). */
struct deployment *deploy_net(const struct plan *, const struct checkpoint *);
/* The most inputs that a product reads, and how many --int8 can add up. */
int64_t deploy_widest(const struct deployment *);
enum { DEPLOY_MOST_INTEGERS = 66000 }; /* 2^31 / (127 * 255) */
/* --int8: notes what range values have in these samples, one after the other, and from then on what
 * products read are integers. */
void deploy_calibrate(struct deployment *, const float *sample, int64_t samples);
/* Chooses the smallest form of each matrix and counts bytes; quantised or not, once, last. */
void deploy_store(struct deployment *);
/* Runs one sample, in double precision: what the C computes but for rounding. */
void deploy_run(const struct deployment *, const float *sample, double *out);
/* The test of the C: this sample and what comes of it. */
void deploy_expect(struct deployment *, const float *sample);

struct layout {
    const char *header; /* its name, for #include; NULL: the C declares what it exports */
};
void deploy_print(struct text *, struct deployment *, const struct layout *);
void deploy_print_header(struct text *, const struct deployment *);

/* What became of each layer. */
struct counts {
    int64_t units, synapses, multiply_adds, bytes; /* synapses: live; bytes: of weights */
};
struct report {
    struct layer_report {
        const char *name;
        const struct deployed *left; /* NULL: nothing */
        struct counts before, after;
    } * layer;
    int layers;
    struct counts before, after; /* of all */
};
struct report *deploy_report(const struct deployment *);
const char *deploy_name_of(const struct deployment *, const struct value *); /* the model's */
/* As a page with pictures, as JSON. */
void deploy_report_html(struct text *, const struct deployment *);
void deploy_report_json(struct text *, const struct deployment *);

/* Zeros after its weights, which vectors may read. */
int64_t stored_beyond(const struct product *);
const char *storage_name(enum storage); /* "csr8" */

#endif
