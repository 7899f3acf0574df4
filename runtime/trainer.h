/* The trainer behind plast_main(): its options, its commands, and what the commands share. Not
 * installed: programs see plast.h alone. Functions that may fail take a fault and return the exit
 * status that fits, 0 if all went well. */
#ifndef PLAST_TRAINER_H
#define PLAST_TRAINER_H

#include "data.h"
#include "fault.h"
#include "plast.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PLAST_STATUS_FAILED = 1, PLAST_STATUS_NUMBER = 4, PLAST_STATUS_BUG = 70 };

/* name, function, what --help says of it */
#define PLAST_COMMANDS(X)                                                                          \
    X(TRAIN, train, "train the network")                                                           \
    X(EVAL, eval, "accuracy, loss and confusion matrix of a saved network")                        \
    X(PREDICT, predict, "the class (or the targets) of each sample, one a line")                   \
    X(INFO, info, "layers, live neurons and synapses, forms, bytes, operations")                   \
    X(SELFTEST, selftest,                                                                          \
      "compare all gradients with finite differences, what is dead with 0 (TAP)")                  \
    X(BENCH, bench, "time training steps, print one JSON line")

enum plast_command {
#define X(NAME, name, text) PLAST_##NAME,
    PLAST_COMMANDS(X)
#undef X
        PLAST_COMMAND_COUNT
};

struct plast_options {
    const char *program; /* for messages: the last part of argv[0] */
    enum plast_command command;
    bool help, quiet, keep_order, crossover; /* keep_order: --no-shuffle */
    int64_t epochs;                          /* -1: not given */
    bool has_seed;
    uint64_t seed;
    int64_t threads;                                            /* 0: as OpenMP chooses */
    int32_t forms;                                              /* enum plast_forms */
    double seconds;                                             /* of bench */
    const char *save, *resume, *load, *log, *data, *test, *raw; /* NULL: not given */
};

/* ---------------------------------------------------------------- options.c, help.c */
/* Fills the options or returns PLAST_STATUS_USAGE. `--help` anywhere wins. */
int plast_parse_options(struct plast_options *, int argc, char **argv, struct plast_fault *);
/* What --help prints: of all commands, or of one. */
void plast_print_help(FILE *, const struct plast_options *, const struct plast_model *);
void plast_print_command_help(FILE *, const struct plast_options *);
/* The candidate nearest to `word`, or NULL if none is near. */
const char *plast_nearest(const char *word, const char *const *candidate, size_t count);

/* One accepted option; help.c prints the table that options.c reads. */
struct plast_option {
    const char *name, *argument; /* argument NULL: a flag */
    unsigned commands;           /* bit per command */
    const char *text;
};
extern const struct plast_option plast_option_table[];
extern const size_t plast_option_count;
extern const char *const plast_command_name[PLAST_COMMAND_COUNT];
extern const char *const plast_command_text[PLAST_COMMAND_COUNT];

/* ---------------------------------------------------------------- the commands */
#define X(NAME, name, text)                                                                        \
    int plast_command_##name(const struct plast_options *, const struct plast_model *,             \
                             struct plast_fault *);
PLAST_COMMANDS(X)
#undef X

/* ---------------------------------------------------------------- block.c */
/* Memory for a block or a scratch, aligned to 64 bytes; NULL with the fault set. Freed by free().
 */
void *plast_new_block(size_t bytes, struct plast_fault *);
/* A new block with the model's initial state. */
int plast_init_block(void **block, const struct plast_model *, uint64_t seed,
                     const struct plast_options *, struct plast_fault *);
/* plast_model.pack and unpack, where the model has forms. */
void plast_pack_block(const struct plast_model *, void *block);
void plast_unpack_block(const struct plast_model *, void *block);
const char *plast_form_name(const struct plast_model *, const void *block, int layer);
/* Turns a plast_error of a generated function into a fault and a status. */
int plast_model_fault(int code, const struct plast_model *, const char *what, struct plast_fault *);

/* Rows and columns of a tensor: the first index, and the product of the rest. */
int64_t plast_tensor_rows(const struct plast_tensor *);
int64_t plast_tensor_columns(const struct plast_tensor *);
size_t plast_type_size(enum plast_type);
const char *plast_type_name(enum plast_type); /* as safetensors calls it: "F32" */
void *plast_tensor_row(const struct plast_tensor *, void *block, int64_t row);
bool plast_has_shape(const struct plast_tensor *, const struct plast_tensor *of);
/* "[300, 784]" */
const char *plast_print_shape(char *to, size_t size, const int64_t *shape, int rank);

/* ---------------------------------------------------------------- whole.c */
/* The same of a tensor as it stands in a checkpoint. */
const int64_t *plast_whole_shape(const struct plast_tensor *);
int64_t plast_whole_rows(const struct plast_tensor *);
int64_t plast_whole_columns(const struct plast_tensor *);
/* Whether row `at` of the tensor is `row` of the whole one. */
bool plast_row_is_left(const struct plast_tensor *, int64_t row, int64_t at);
/* In `line`, which is `row` of the whole tensor, and row `at` of the tensor if it is left: the
 * first column of what is not left and not zero; -1: none. */
int64_t plast_find_outside(const struct plast_tensor *, const void *line, int64_t row, int64_t at);
/* Copies a row of the tensor to where its elements are in one of the whole tensor (widen), or back.
 */
void plast_move_row(const struct plast_tensor *, void *to, const void *from, bool widen);

/* ---------------------------------------------------------------- mask.c */
/* What is left of a layer, or of the network. */
struct plast_live {
    int64_t synapses, neurons;
    bool can_die; /* some mask says so; else nothing was ever dropped */
};

/* NULL: none of the weight's synapses, of the layer's neurons can die. */
const struct plast_tensor *plast_synapse_mask(const struct plast_model *,
                                              const struct plast_tensor *weight);
const struct plast_tensor *plast_neuron_mask(const struct plast_model *, int layer);
int64_t plast_count_alive(const struct plast_tensor *mask, const void *block);
void plast_count_live(struct plast_live *, const struct plast_model *, const void *block,
                      int layer);
/* Over all layers but the input. */
void plast_count_all_live(struct plast_live *, const struct plast_model *, const void *block);

/* ---------------------------------------------------------------- batch.c */
/* The arrays of one batch, and the order of an epoch. */
struct plast_batch {
    const struct plast_data *data;
    size_t limit;     /* samples in a full batch */
    int64_t *order;   /* [data->samples] */
    float *x;         /* [limit][data->inputs] */
    void *y;          /* labels or targets */
    uint64_t *sample; /* [limit] */
    size_t n;         /* samples gathered now */
};

int plast_open_batch(struct plast_batch *, const struct plast_data *, const struct plast_model *,
                     struct plast_fault *);
void plast_close_batch(struct plast_batch *);
/* The order of an epoch: a function of seed and epoch alone. */
void plast_shuffle(int64_t *order, int64_t samples, uint64_t seed, int64_t epoch);
void plast_file_order(int64_t *order, int64_t samples);
/* Gathers the batch that begins at place `at` of the order. */
void plast_gather(struct plast_batch *, int64_t at);
/* A training step on that batch; its inputs are gathered by the model, if it has a function for
 * that. The result of the model's step. */
int plast_step_batch(struct plast_batch *, int64_t at, const struct plast_model *, void *block,
                     float *loss);
/* Steps that an epoch takes. */
int64_t plast_count_steps(int64_t samples, int64_t batch);

/* ---------------------------------------------------------------- score.c */
struct plast_score {
    int64_t samples;
    double loss;         /* mean */
    int64_t correct;     /* -1 where there are no labels */
    uint64_t *confusion; /* [outputs][outputs], row: label, column: largest output; or NULL */
};

int plast_evaluate(struct plast_score *, const struct plast_model *, const void *block,
                   const struct plast_data *, struct plast_fault *);
/* The place of the largest output; the first of several. */
int64_t plast_largest(const float *out, int64_t outputs);

/* ---------------------------------------------------------------- stop.c */
/* SIGINT and SIGTERM end the program with status 130 or 143: before plast_begin_steps() at once,
 * after it they are only noted. A closed pipe is an error of write(). */
void plast_catch_signals(void);
void plast_begin_steps(void);
/* The signal that came, or 0. */
void plast_begin_state(void); /* from here a signal waits for the state to be saved */
int plast_stopped(void);
/* A limit on the size of files is an error of write(), too. */
void plast_ignore_size_signal(void);

/* ---------------------------------------------------------------- log.c, progress.c */
struct plast_epoch {
    int64_t number; /* from 1 */
    double loss;
    double train_accuracy, test_accuracy; /* negative: none */
    double seconds;                       /* of the steps alone */
    int64_t steps;
    double samples; /* done in those seconds */
};

void plast_write_json_string(FILE *, const char *);
/* A number that reads back as the same double; null where JSON has no word for it. */
void plast_write_json_number(FILE *, double);
/* The keys that each line of the log has, without the braces. */
void plast_write_epoch_keys(FILE *, const struct plast_model *, const void *block,
                            const struct plast_epoch *);

struct plast_log {
    FILE *file; /* NULL: none */
    const char *name;
};

int plast_open_log(struct plast_log *, const char *name, bool append, struct plast_fault *);
int plast_write_log(struct plast_log *, const struct plast_model *, const void *block,
                    const struct plast_epoch *, struct plast_fault *);
int plast_close_log(struct plast_log *, struct plast_fault *);

struct plast_progress {
    const struct plast_model *model;
    bool quiet, terminal;
    double begun, shown;  /* seconds; `begun` when this program's first step began */
    double period;        /* seconds from one line to the next */
    int64_t first, total; /* steps done before, and of the whole run */
    int width;            /* characters on the line now */
};

void plast_begin_progress(struct plast_progress *, const struct plast_model *, bool quiet,
                          int64_t first, int64_t total);
/* Shows the state of the run, the head of the block, if the last line is old enough. */
void plast_show_progress(struct plast_progress *, const struct plast_run *, double now);
void plast_show_epoch(struct plast_progress *, const struct plast_run *,
                      const struct plast_epoch *);
/* Clears the line, so that something else can be printed. */
void plast_clear_progress(struct plast_progress *);
double plast_now(void);

/* ---------------------------------------------------------------- atomic.c */
/* A file written under a temporary name beside it, and renamed when whole. */
struct plast_output {
    FILE *file;
    char *name, *temporary;
};

int plast_open_output(struct plast_output *, const char *name, struct plast_fault *);
/* Flushes to the disk and renames; on failure the temporary file is removed and what was there
 * before is as it was. */
int plast_commit_output(struct plast_output *, struct plast_fault *);
void plast_abandon_output(struct plast_output *);
/* Whether the file could be written: tries it, and leaves nothing behind. */
int plast_try_output(const char *name, struct plast_fault *);

/* ---------------------------------------------------------------- checkpoint.c */
/* What a checkpoint holds beside the tensors and struct plast_run. */
struct plast_saved {
    bool complete;        /* it says which run it is of; false for weights from elsewhere */
    bool keep_order;      /* the run takes its samples in file order */
    int64_t batch;        /* samples in a step of that run */
    int64_t data_samples; /* samples in the training set of that run */
};

/* The block may be packed, and is so again afterwards. */
int plast_save(const char *name, const struct plast_model *, void *block,
               const struct plast_saved *, struct plast_fault *);
/* Fills a block that was initialised, and settles it. The threads and forms in its head are left
 * alone. The block is packed. */
int plast_load(const char *name, const struct plast_model *, void *block, struct plast_saved *,
               struct plast_fault *);

#endif
