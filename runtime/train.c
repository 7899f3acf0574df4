/* The train command: steps over shuffled batches, an evaluation, a checkpoint and a line of the
 * log after each epoch, and an orderly end wherever a signal or a fault comes. The state of the
 * run is in the block alone, so that a checkpoint of any step continues as if nothing had
 * happened. */
#include "trainer.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct session {
    const struct plast_options *options;
    const struct plast_model *model;
    struct plast_fault *fault;
    void *block;
    struct plast_run *run; /* the head of the block */
    struct plast_split split;
    struct plast_data *test;  /* NULL: none */
    struct plast_split other; /* of --test */
    struct plast_batch batch;
    struct plast_saved saved;
    struct plast_log log;
    struct plast_progress progress;
    struct plast_epoch epoch; /* the one that runs */
    int64_t saved_step;       /* where the last checkpoint was written; -1: none yet */
};

/* A run in the middle of an epoch can only go on with the data, the batch and the order that it
 * began the epoch with. Between epochs all of them may change. */
static int check_resumed(struct session *s)
{
    const char *name = s->options->resume;
    int64_t samples = s->split.train.samples;
    if (!s->run->step_in_epoch)
        return 0;
    if (s->saved.data_samples != samples)
        return plast_fail(s->fault, PLAST_STATUS_FILE,
                          "%s: was written in the middle of an epoch over %" PRId64
                          " samples; the data has %" PRId64
                          ": other data can follow only between epochs",
                          name, s->saved.data_samples, samples);
    if (s->saved.batch != s->model->batch)
        return plast_fail(s->fault, PLAST_STATUS_FILE,
                          "%s: was written in the middle of an epoch with batches of %" PRId64
                          ", %s has %" PRId64,
                          name, s->saved.batch, s->model->name, s->model->batch);
    if (s->options->keep_order && !s->saved.keep_order)
        return plast_fail(s->fault, PLAST_STATUS_USAGE,
                          "%s: was written in the middle of a shuffled epoch; --no-shuffle can "
                          "follow only between epochs",
                          name);
    return 0;
}

/* Fills the block from the seed or from --resume. */
static int open_run(struct session *s)
{
    const struct plast_options *options = s->options;
    uint64_t seed = options->has_seed ? options->seed : s->model->seed;
    int status = plast_init_block(&s->block, s->model, seed, options, s->fault);
    s->run = s->block;
    if (status || !options->resume)
        return status;
    status = plast_load(options->resume, s->model, s->block, &s->saved, s->fault);
    if (status)
        return status;
    if (!s->saved.complete)
        return plast_fail(s->fault, PLAST_STATUS_FILE, "%s: holds weights, but no run to resume",
                          options->resume);
    if (options->has_seed && options->seed != s->run->seed)
        return plast_fail(s->fault, PLAST_STATUS_USAGE,
                          "--seed %" PRIu64 " is not the seed of %s, which is %" PRIu64,
                          options->seed, options->resume, s->run->seed);
    return 0;
}

static int open_data(struct session *s)
{
    const struct plast_options *options = s->options;
    int status = plast_data_open(&s->split, options->data, PLAST_FOR_TRAIN, s->model, s->run->seed,
                                 s->fault);
    if (!status && options->test)
        status = plast_data_open(&s->other, options->test, PLAST_FOR_TEST, s->model, s->run->seed,
                                 s->fault);
    if (status)
        return status;
    if (!s->split.train.samples)
        return plast_fail(s->fault, PLAST_STATUS_FILE, "%s: there is no sample to train with",
                          options->data ? options->data : "glyphs");
    s->test = options->test ? &s->other.test : &s->split.test;
    if (!s->test->samples)
        s->test = NULL;
    return plast_open_batch(&s->batch, &s->split.train, s->model, s->fault);
}

/* Sets what progress is measured against. */
static int begin_run(struct session *s)
{
    int64_t samples = s->split.train.samples;
    int64_t steps = plast_count_steps(samples, s->model->batch);
    int64_t epochs = s->options->epochs >= 0 ? s->options->epochs
                     : s->options->resume    ? s->run->epochs
                                             : s->model->epochs;
    int status = s->options->resume ? check_resumed(s) : 0;
    if (status)
        return status;
    int code = s->model->begin(s->block, epochs, steps);
    if (code)
        return plast_model_fault(code, s->model, "beginning", s->fault);
    s->saved.keep_order = s->saved.keep_order || s->options->keep_order;
    s->saved.batch = s->model->batch;
    s->saved.data_samples = samples;
    plast_begin_progress(&s->progress, s->model, s->options->quiet, s->run->step,
                         s->run->step - s->run->step_in_epoch + (epochs - s->run->epoch) * steps);
    return 0;
}

static int save_run(struct session *s)
{
    if (!s->options->save)
        return 0;
    s->saved_step = s->run->step;
    return plast_save(s->options->save, s->model, s->block, &s->saved, s->fault);
}

static int fail_step(struct session *s, int code)
{
    const char *save = s->options->save;
    if (code != PLAST_E_NUMBER)
        return plast_model_fault(code, s->model, "a training step", s->fault);
    return plast_fail(s->fault, PLAST_STATUS_NUMBER,
                      "the loss became infinite or not a number in step %" PRId64
                      " of epoch %" PRId64 "; a smaller rate or smaller inputs may help%s%s%s",
                      s->run->step_in_epoch + 1, s->run->epoch + 1, save ? "; " : "",
                      save ? save : "", save ? " is as it was" : "");
}

/* One step, and its time. */
static int run_step(struct session *s)
{
    double begun = plast_now(), now;
    int code = plast_step_batch(&s->batch, s->run->step_in_epoch * s->model->batch, s->model,
                                s->block, NULL);
    if (code)
        return fail_step(s, code);
    now = plast_now();
    s->epoch.seconds += now - begun;
    s->epoch.steps++;
    s->epoch.samples += (double)s->batch.n;
    plast_show_progress(&s->progress, s->run, now);
    return 0;
}

/* The steps that are left of an epoch, unless a signal comes. */
static int run_steps(struct session *s)
{
    int64_t samples = s->split.train.samples;
    int status = 0;
    if (s->saved.keep_order)
        plast_file_order(s->batch.order, samples);
    else
        plast_shuffle(s->batch.order, samples, s->run->seed, s->run->epoch);
    s->epoch = (struct plast_epoch){.number = s->run->epoch + 1};
    while (s->run->step_in_epoch < s->run->steps_per_epoch && !plast_stopped() && !status)
        status = run_step(s);
    return status;
}

/* The end of a whole epoch. Saved before it is logged: a log that cannot be written loses
 * nothing. */
static int end_epoch(struct session *s)
{
    const struct plast_run *run = s->run;
    struct plast_epoch *epoch = &s->epoch;
    struct plast_score score = {0};
    int status = 0;
    epoch->loss = run->loss / (double)run->samples;
    epoch->train_accuracy = run->correct < 0 ? -1 : (double)run->correct / (double)run->samples;
    epoch->test_accuracy = -1;
    int code = s->model->end_epoch(s->block);
    if (code)
        return plast_model_fault(code, s->model, "the end of an epoch", s->fault);
    if (s->test)
        status = plast_evaluate(&score, s->model, s->block, s->test, s->fault);
    if (status)
        return status;
    if (s->test && score.correct >= 0)
        epoch->test_accuracy = (double)score.correct / (double)score.samples;
    plast_show_epoch(&s->progress, run, epoch);
    status = save_run(s);
    if (status) {
        struct plast_fault ignored;
        plast_write_log(&s->log, s->model, s->block, epoch, &ignored);
        return status;
    }
    return plast_write_log(&s->log, s->model, s->block, epoch, s->fault);
}

/* After a signal, on a whole step. */
static int end_early(struct session *s)
{
    const struct plast_run *run = s->run;
    int status = s->saved_step == run->step ? 0 : save_run(s);
    if (status)
        return status;
    if (!s->options->quiet)
        fprintf(stderr, "%s: stopped after step %" PRId64 " of epoch %" PRId64 "%s%s\n",
                s->options->program, run->step_in_epoch, run->epoch + 1,
                s->options->save ? "; saved in " : "; not saved",
                s->options->save ? s->options->save : "");
    return 128 + plast_stopped();
}

static int run_epochs(struct session *s)
{
    int status = 0;
    while (s->run->epoch < s->run->epochs && !status && !plast_stopped()) {
        status = run_steps(s);
        if (!status && s->run->step_in_epoch == s->run->steps_per_epoch)
            status = end_epoch(s);
    }
    plast_clear_progress(&s->progress);
    if (!status && plast_stopped() && s->run->epoch < s->run->epochs)
        status = end_early(s);
    return status;
}

/* A run with nothing left to do still writes what --save asks for. */
static int end_finished(struct session *s)
{
    if (s->options->resume && !s->options->quiet)
        fprintf(stderr,
                "%s: %s: is finished, %" PRId64 " of %" PRId64
                " epochs are done; --epochs N asks for more\n",
                s->options->program, s->options->resume, s->run->epoch, s->run->epochs);
    return save_run(s);
}

static int run_session(struct session *s)
{
    const struct plast_options *options = s->options;
    plast_catch_signals();
    int status = options->save ? plast_try_output(options->save, s->fault) : 0;
    if (!status)
        status = open_run(s);
    if (!status && options->save)
        plast_begin_state();
    if (!status)
        status = open_data(s);
    if (!status)
        status = begin_run(s);
    if (!status)
        status = plast_open_log(&s->log, options->log, options->resume != NULL, s->fault);
    if (status)
        return status;
    plast_begin_steps();
    return s->run->epoch < s->run->epochs ? run_epochs(s) : end_finished(s);
}

int plast_command_train(const struct plast_options *options, const struct plast_model *model,
                        struct plast_fault *fault)
{
    struct session session = {.options = options, .model = model, .fault = fault, .saved_step = -1};
    struct plast_fault late;
    int status = run_session(&session);
    if (plast_close_log(&session.log, status ? &late : fault) && !status)
        status = PLAST_STATUS_FILE;
    plast_close_batch(&session.batch);
    plast_data_close(&session.split);
    plast_data_close(&session.other);
    free(session.block);
    return status;
}
