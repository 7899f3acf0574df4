/* The selftest command: rounds of random states and batches, in each of them all trained tensors
 * along a few directions; a line of TAP for each tensor, then one for each mask. Batches of one
 * sample see each neuron's derivative by itself; larger ones see the sums. */
#include "selftest.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { MOST_ROUNDS = 20, LEAST_ROUNDS = 4, EXTRA_ROUNDS = 8, CONFIRMATIONS = 3 };

/* What is known of one trained tensor. */
struct evidence {
    const struct plast_tensor *tensor;
    int agreed, compared;
    double largest; /* element of the gradient in any round */
    bool wrong;
    struct plast_difference worst;
    size_t worst_n;
};

struct selftest {
    struct plast_tested tested;
    struct evidence *evidence;
    int count;
    int directions; /* of a tensor in a round */
    uint64_t seed;
    int64_t threads;
};

/* A large model should take seconds: after so many operations the least number of rounds will do,
 * and if even that is many times as much, each tensor is looked at along fewer directions. */
static const double enough_work = 1e10;

static int count_directions(const struct selftest *s)
{
    double round = s->tested.model->step_flops * 16 * 5 * s->count;
    double directions = round > 0 ? 4 * enough_work / (round * LEAST_ROUNDS) : 4;
    return directions > 4 ? 4 : directions < 1 ? 1 : (int)directions;
}

/* Mostly 1, every fourth time more: all sizes up to a full batch. */
static size_t choose_size(const struct selftest *s, int round)
{
    size_t batch = (size_t)s->tested.model->batch;
    size_t size[] = {batch, 2, 1 + batch / 2, 3, batch - 1, 5};
    size_t n = round % 4 == 3 ? size[round / 4 % 6] : 1;
    return n < 1 ? 1 : n > batch ? batch : n;
}

static int prepare(struct selftest *s, int round, double gain, int shift)
{
    return plast_prepare_tested(&s->tested, s->seed, s->threads, round, choose_size(s, round), gain,
                                shift);
}

/* A kink or a chance of rounding does not survive a small shift of all biases; an error does. */
static int confirm(struct selftest *s, struct evidence *e, const struct plast_difference *found,
                   int round, double gain)
{
    int again = 0, status = 0;
    for (int i = 1; i <= CONFIRMATIONS && !status; i++) {
        struct plast_difference other;
        status = prepare(s, round, gain, i);
        for (int try = 0; try < 4 && !status; try++) {
            status = plast_compare_gradient(&other, &s->tested, e->tensor, found->direction);
            if (other.verdict == PLAST_CONTRADICTS) {
                again++;
                break;
            }
        }
    }
    if (again >= CONFIRMATIONS - 1) {
        e->wrong = true;
        e->worst = *found;
        e->worst_n = s->tested.n;
    }
    return status ? status : prepare(s, round, gain, 0);
}

static int examine(struct selftest *s, struct evidence *e, int round, double gain,
                   enum plast_direction direction)
{
    struct plast_difference found;
    int status = plast_compare_gradient(&found, &s->tested, e->tensor, direction);
    if (status)
        return status;
    e->compared++;
    e->agreed += found.verdict == PLAST_AGREES;
    return found.verdict == PLAST_CONTRADICTS ? confirm(s, e, &found, round, gain) : 0;
}

/* Also tells numbers that are none: they would pass all comparisons. */
static void note_largest(const struct selftest *s, struct evidence *e)
{
    const struct plast_tensor *tensor = e->tensor;
    for (int64_t i = 0; i < plast_tensor_rows(tensor); i++) {
        const float *row = s->tested.gradient + tensor->probe + i * tensor->stride;
        for (int64_t j = 0; j < plast_tensor_columns(tensor); j++) {
            double size = fabs((double)row[j]);
            if (!(size < INFINITY) && !e->wrong) {
                e->wrong = true;
                e->worst = (struct plast_difference){.analytic = row[j], .row = i};
                e->worst_n = s->tested.n;
            }
            e->largest = fmax(e->largest, size);
        }
    }
}

static int examine_tensor(struct selftest *s, struct evidence *e, int round, double gain)
{
    static const enum plast_direction direction[] = {PLAST_ROW_GRADIENT, PLAST_ALL_GRADIENT,
                                                     PLAST_ROW_RANDOM, PLAST_ROW_GRADIENT};
    int status = 0;
    note_largest(s, e);
    for (int i = 0; i < s->directions && !status && !e->wrong; i++)
        status = examine(s, e, round, gain, direction[(i + (s->directions < 4 ? round : 0)) % 4]);
    return status;
}

/* All tensors, or, in the extra rounds, those that no round has seen anything of. */
static int run_round(struct selftest *s, int round, double gain, bool extra)
{
    int status = prepare(s, round, gain, 0);
    for (int i = 0; i < s->count && !status; i++)
        if (!s->evidence[i].wrong && !(extra && s->evidence[i].agreed))
            status = examine_tensor(s, &s->evidence[i], round, gain);
    return status;
}

/* Deep networks can hide their first layers behind tiny slopes: other sizes of the weights bring
 * them out. */
static int run_rounds(struct selftest *s)
{
    static const double usual[] = {1, 1.5, 1, 1, 2}, other[] = {2, 0.5, 4, 0.25, 3, 0.1, 6, 10};
    int status = 0;
    for (int round = 0; round < MOST_ROUNDS && !status; round++)
        if (round < LEAST_ROUNDS || s->tested.work < enough_work)
            status = run_round(s, round, usual[round % 5], false);
    for (int i = 0; i < EXTRA_ROUNDS && !status; i++) {
        bool unseen = false;
        for (int j = 0; j < s->count; j++)
            unseen = unseen || (!s->evidence[j].agreed && !s->evidence[j].wrong);
        if (unseen)
            status = run_round(s, 4 * (MOST_ROUNDS + i), other[i], true);
    }
    return status;
}

static void print_difference(const struct evidence *e)
{
    const struct plast_difference *worst = &e->worst;
    printf("# analytic %.9g, numeric %.9g, difference %.9g\n", worst->analytic, worst->numeric,
           worst->numeric - worst->analytic);
    if (worst->direction == PLAST_ALL_GRADIENT)
        printf("# along the gradient of the whole tensor");
    else
        printf("# along %s in row %" PRId64,
               worst->direction == PLAST_ROW_GRADIENT ? "the gradient" : "a random direction",
               worst->row);
    printf(", step %.3g, %zu sample%s\n", worst->step, e->worst_n, e->worst_n == 1 ? "" : "s");
}

static int print_results(const struct selftest *s, int *lines)
{
    int failed = 0;
    bool moved = false;
    for (int i = 0; i < s->count; i++) {
        const struct evidence *e = &s->evidence[i];
        printf("%sok %d - gradient %s\n", e->wrong ? "not " : "", ++*lines, e->tensor->name);
        if (e->wrong)
            print_difference(e);
        else if (e->largest == 0)
            printf("# zero, and nothing changes with it\n");
        else if (!e->agreed)
            printf("# at most %.3g: too small to be measured\n", e->largest);
        failed += e->wrong;
        moved = moved || e->agreed;
    }
    if (!moved && !failed) {
        printf("not ok %d - some gradient is not zero\n", ++*lines);
        failed++;
    }
    return failed;
}

static int collect_tensors(struct selftest *s)
{
    const struct plast_model *model = s->tested.model;
    s->evidence = calloc((size_t)model->tensors + 1, sizeof *s->evidence);
    if (!s->evidence)
        return plast_fail(s->tested.fault, PLAST_STATUS_FILE, "no memory for the self-test");
    for (int i = 0; i < model->tensors; i++)
        if (model->tensor[i].probe >= 0)
            s->evidence[s->count++].tensor = &model->tensor[i];
    s->directions = count_directions(s);
    return 0;
}

int plast_command_selftest(const struct plast_options *options, const struct plast_model *model,
                           struct plast_fault *fault)
{
    struct selftest s = {.seed = options->has_seed ? options->seed : model->seed,
                         .threads = options->threads};
    int lines = 0, failed = 0;
    int status = plast_open_tested(&s.tested, model, options->threads, fault);
    if (!status)
        status = collect_tensors(&s);
    if (!status)
        status = run_rounds(&s);
    if (!status) {
        failed = print_results(&s, &lines);
        status = plast_test_dead(&s.tested, s.seed, s.threads, &lines, &failed);
    }
    if (!status) {
        printf("1..%d\n", lines);
        status = failed ? PLAST_STATUS_FAILED : 0;
    }
    free(s.evidence);
    plast_close_tested(&s.tested);
    return status;
}
