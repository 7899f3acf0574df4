/* What a person sees of a run on standard error: on a terminal one line that is redrawn, else a
 * line now and then, and a line for each epoch. */
#include "trainer.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

double plast_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void plast_begin_progress(struct plast_progress *progress, const struct plast_model *model,
                          bool quiet, int64_t first, int64_t total)
{
    double now = plast_now();
    bool terminal = isatty(STDERR_FILENO);
    *progress = (struct plast_progress){.model = model,
                                        .quiet = quiet,
                                        .terminal = terminal,
                                        .begun = now,
                                        .shown = now,
                                        .period = terminal ? 0.1 : 10,
                                        .first = first,
                                        .total = total};
}

/* "1:02:03", "4:05" */
static void print_time(char *to, size_t size, double seconds)
{
    int64_t s = seconds < 3e8 ? (int64_t)(seconds + 0.5) : 0;
    if (s >= 3600)
        snprintf(to, size, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60), (int)(s % 60));
    else
        snprintf(to, size, "%d:%02d", (int)(s / 60), (int)(s % 60));
}

/* The end of a shorter line is painted over with blanks: that needs no knowledge of the
 * terminal. */
static void print_line(struct plast_progress *progress, const char *text, int length)
{
    if (progress->terminal) {
        int blanks = progress->width > length ? progress->width - length : 0;
        fprintf(stderr, "\r%s%*s", text, blanks, "");
        progress->width = length;
    } else {
        fprintf(stderr, "%s\n", text);
    }
    fflush(stderr);
}

/* "  live 41.3 %, 212 neurons"; nothing where nothing can die. */
static const char *print_live(char *to, size_t size, const struct plast_progress *progress,
                              const struct plast_run *run)
{
    const struct plast_model *model = progress->model;
    struct plast_live live;
    int64_t synapses = 0;
    plast_count_all_live(&live, model, run);
    for (int i = 0; i < model->layers; i++)
        synapses += model->layer[i].synapses;
    *to = 0;
    if (live.can_die)
        snprintf(to, size, "  live %.2f %%, %" PRId64 " neurons",
                 100 * (double)live.synapses / (double)synapses, live.neurons);
    return to;
}

void plast_show_progress(struct plast_progress *progress, const struct plast_run *run, double now)
{
    char line[240], left[32], live[64];
    if (progress->quiet || now - progress->shown < progress->period)
        return;
    progress->shown = now;
    int64_t done = run->step - progress->first, to_do = progress->total - run->step;
    double per_step = (now - progress->begun) / (double)(done > 0 ? done : 1);
    double per_sample =
        run->step_in_epoch ? (double)run->samples / (double)run->step_in_epoch / per_step : 0;
    print_time(left, sizeof left, per_step * (double)(to_do > 0 ? to_do : 0));
    int length = snprintf(line, sizeof line,
                          "epoch %" PRId64 "/%" PRId64 "  step %" PRId64 "/%" PRId64
                          "  %.0f samples/s  loss %.4f%s  %s left",
                          run->epoch + 1, run->epochs, run->step_in_epoch, run->steps_per_epoch,
                          per_sample, run->samples ? run->loss / (double)run->samples : 0,
                          print_live(live, sizeof live, progress, run), left);
    print_line(progress, line, length);
}

void plast_clear_progress(struct plast_progress *progress)
{
    if (progress->terminal && progress->width)
        fprintf(stderr, "\r%*s\r", progress->width, "");
    progress->width = 0;
}

void plast_show_epoch(struct plast_progress *progress, const struct plast_run *run,
                      const struct plast_epoch *epoch)
{
    char live[64];
    if (progress->quiet)
        return;
    plast_clear_progress(progress);
    fprintf(stderr, "epoch %" PRId64 "/%" PRId64 "  loss %.4f", epoch->number, run->epochs,
            epoch->loss);
    if (epoch->train_accuracy >= 0)
        fprintf(stderr, "  train %.2f %%", 100 * epoch->train_accuracy);
    if (epoch->test_accuracy >= 0)
        fprintf(stderr, "  test %.2f %%", 100 * epoch->test_accuracy);
    fputs(print_live(live, sizeof live, progress, run), stderr);
    if (epoch->steps)
        fprintf(stderr, "  %.3f ms/step  %.0f samples/s",
                1e3 * epoch->seconds / (double)epoch->steps, epoch->samples / epoch->seconds);
    putc('\n', stderr);
    fflush(stderr);
}
