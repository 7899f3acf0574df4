/* The bench command: training steps, gathering included, in windows of time; between them the
 * peak of one core is measured, so that both figures come from the same moments. What the ends of
 * epochs take is measured apart, over a run, and its share added to each step: a window is shorter
 * than an epoch. The medians make one JSON line. */
#include "bench.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Of the OpenMP runtime, if the model was compiled with one; this library links none. */
#if defined __GNUC__
extern int omp_get_max_threads(void) __attribute__((weak));
#endif

int64_t plast_bench_threads(const struct plast_bench *b)
{
    if (b->options->threads)
        return b->options->threads;
#if defined __GNUC__
    if (omp_get_max_threads)
        return omp_get_max_threads();
#endif
    return 1;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

double plast_bench_median(double *value)
{
    qsort(value, PLAST_WINDOWS, sizeof *value, compare_doubles);
    return value[PLAST_WINDOWS / 2];
}

/* A run that were longer than the model's epochs would measure a rate that its schedule never
 * meant. */
int plast_bench_restart(struct plast_bench *b, int64_t steps_per_epoch)
{
    struct plast_run was = *b->run;
    int code = 0;
    if (b->loaded) {
        memcpy(b->block, b->loaded, b->model->train_bytes);
        if (b->run->epoch >= b->model->epochs)
            b->run->epoch = 0;
    } else {
        code = b->model->init(b->block, b->model->train_bytes, b->run->seed);
    }
    b->run->threads = was.threads;
    b->run->forms = was.forms;
    if (!code)
        code =
            b->model->begin(b->block, b->model->epochs > 0 ? b->model->epochs : 1, steps_per_epoch);
    b->place = 0;
    plast_shuffle(b->batch.order, b->split.train.samples, b->run->seed, 0);
    return code ? plast_model_fault(code, b->model, "beginning", b->fault) : 0;
}

int64_t plast_bench_epoch_steps(const struct plast_bench *b)
{
    return plast_count_steps(b->split.train.samples, b->model->batch);
}

static int end_epoch(struct plast_bench *b)
{
    int code = b->model->end_epoch(b->block);
    b->place = 0;
    if (code)
        return plast_model_fault(code, b->model, "the end of an epoch", b->fault);
    if (b->run->epoch >= b->run->epochs)
        return plast_bench_restart(b, b->run->steps_per_epoch);
    plast_shuffle(b->batch.order, b->split.train.samples, b->run->seed, b->run->epoch);
    return 0;
}

int plast_bench_step(struct plast_bench *b, double *seconds, float *loss)
{
    double begun = plast_now();
    int code = plast_step_batch(&b->batch, b->place, b->model, b->block, loss);
    *seconds = plast_now() - begun;
    b->place += b->model->batch;
    return code ? plast_model_fault(code, b->model, "a training step", b->fault) : 0;
}

/* The ends of all epochs of a run, as far as the time reaches, after one step each: what is due
 * once in some epochs, or from some epoch on, counts as often as a run does it. */
static int measure_epoch_ends(struct plast_bench *b, double seconds)
{
    double until = plast_now() + seconds, took = 0, step;
    int64_t epochs = 0;
    float loss;
    int status = plast_bench_restart(b, 1);
    for (; !status && epochs < b->run->epochs && (!epochs || plast_now() < until); epochs++) {
        status = plast_bench_step(b, &step, &loss);
        double begun = plast_now();
        int code = status ? 0 : b->model->end_epoch(b->block);
        took += plast_now() - begun;
        if (code)
            status = plast_model_fault(code, b->model, "the end of an epoch", b->fault);
        b->place = 0;
    }
    b->epoch_ends = took / (double)epochs / (double)plast_bench_epoch_steps(b);
    return status;
}

/* Steps for at least so many seconds and three of them. Returns the time in b->epoch. */
static int run_window(struct plast_bench *b, double seconds)
{
    double loss_sum = 0, step;
    float loss;
    int status = 0;
    b->epoch = (struct plast_epoch){.number = b->run->epoch + 1, .train_accuracy = -1};
    while (!status && (b->epoch.steps < 3 || b->epoch.seconds < seconds)) {
        status = plast_bench_step(b, &step, &loss);
        if (status)
            return status;
        b->epoch.seconds += step + b->epoch_ends;
        loss_sum += (double)loss * (double)b->batch.n;
        b->epoch.steps++;
        b->epoch.samples += (double)b->batch.n;
        if (b->run->correct >= 0 && b->run->samples)
            b->epoch.train_accuracy = (double)b->run->correct / (double)b->run->samples;
        if (b->place >= b->split.train.samples)
            status = end_epoch(b);
    }
    b->epoch.loss = loss_sum / b->epoch.samples;
    return status;
}

/* GFLOP/s of one core; the rounds grow until one measurement takes 20 ms. */
static double measure_peak(struct plast_bench *b)
{
    for (;;) {
        double begun = plast_now();
        double done = b->model->fma(b->fma_rounds);
        double seconds = plast_now() - begun;
        b->sink = b->sink + done;
        if (seconds > 0.02 || b->fma_rounds > INT64_MAX / 4)
            return 1e-9 * done / seconds;
        b->fma_rounds *= 2;
    }
}

static void print_result(struct plast_bench *b)
{
    double rate = plast_bench_median(b->rate), peak = plast_bench_median(b->peak);
    int64_t threads = plast_bench_threads(b);
    b->epoch.test_accuracy = -1;
    b->epoch.seconds = plast_bench_median(b->step);
    b->epoch.steps = 1;
    b->epoch.samples = rate * b->epoch.seconds;
    putchar('{');
    plast_write_epoch_keys(stdout, b->model, b->block, &b->epoch);
    printf(", \"gflops\": ");
    plast_write_json_number(stdout, 1e-9 * rate * b->model->step_flops);
    printf(", \"peak_gflops\": ");
    plast_write_json_number(stdout, peak * (double)threads);
    printf(", \"threads\": %" PRId64 ", \"batch\": %" PRId64 "}\n", threads, b->model->batch);
}

static int run_windows(struct plast_bench *b)
{
    double seconds = b->options->seconds / PLAST_WINDOWS;
    int status = measure_epoch_ends(b, seconds);
    if (!status)
        status = plast_bench_restart(b, plast_bench_epoch_steps(b));
    if (!status)
        status = run_window(b, seconds);
    measure_peak(b);
    for (int i = 0; i < PLAST_WINDOWS && !status; i++) {
        b->peak[i] = measure_peak(b);
        status = run_window(b, seconds);
        b->rate[i] = b->epoch.samples / b->epoch.seconds;
        b->step[i] = b->epoch.seconds / (double)b->epoch.steps;
    }
    if (!status)
        print_result(b);
    return status;
}

static int load_start(struct plast_bench *b)
{
    struct plast_saved saved;
    int status = plast_load(b->options->load, b->model, b->block, &saved, b->fault);
    if (status)
        return status;
    b->loaded = plast_new_block(b->model->train_bytes, b->fault);
    if (!b->loaded)
        return PLAST_STATUS_FILE;
    plast_unpack_block(b->model, b->block);
    memcpy(b->loaded, b->block, b->model->train_bytes);
    return 0;
}

int plast_command_bench(const struct plast_options *options, const struct plast_model *model,
                        struct plast_fault *fault)
{
    struct plast_bench b = {.options = options, .model = model, .fault = fault, .fma_rounds = 1024};
    uint64_t seed = options->has_seed ? options->seed : model->seed;
    int status = plast_init_block(&b.block, model, seed, options, fault);
    b.run = b.block;
    if (!status && options->load)
        status = load_start(&b);
    if (!status)
        status = plast_data_open(&b.split, options->data, PLAST_FOR_TRAIN, model, seed, fault);
    if (!status)
        status = plast_open_batch(&b.batch, &b.split.train, model, fault);
    if (!status && !b.split.train.samples)
        status = plast_fail(fault, PLAST_STATUS_FILE, "there is no sample to train with");
    if (!status)
        status = options->crossover ? plast_bench_crossover(&b) : run_windows(&b);
    plast_close_batch(&b.batch);
    plast_data_close(&b.split);
    free(b.loaded);
    free(b.block);
    return status;
}
