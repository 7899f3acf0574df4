/* What the self-test does with networks in which something can die: they live for a while, random
 * synapses and neurons are killed through the masks, and they live on, under the eyes of
 * selftest_zero.c, in the first and in the last epochs of a run: there the rules act. */
#include "selftest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 3, EPOCHS = 2 };

/* A third of the synapses, a quarter of the neurons; of two or more one at least, and not all: of
 * neurons, as many may be dead already, the last one that is alive stays. */
static void kill_some(struct plast_dead *d, struct plast_mortal *m)
{
    struct plast_draw *draw = &d->tested->draw;
    int64_t columns = plast_tensor_columns(m->mask), places = plast_tensor_rows(m->mask) * columns;
    int64_t first = plast_draw_below(draw, places), stays = (first + 1) % places;
    double chance = m->weight ? 1.0 / 3 : 1.0 / 4;
    int64_t left = m->weight ? places + 1 : plast_count_alive(m->mask, d->tested->block);
    for (int64_t i = 0; i < places; i++) {
        uint8_t *row = plast_tensor_row(m->mask, d->tested->block, i / columns);
        bool dies = plast_draw_uniform(draw) < chance || i == first;
        if (!dies || i == stays || (row[i % columns] && left == 1))
            continue;
        left -= row[i % columns];
        row[i % columns] = m->was[i] = 0;
    }
}

static int probe(struct plast_dead *d)
{
    struct plast_tested *t = d->tested;
    float loss;
    int code =
        t->model->probe(t->block, t->x, t->y, t->y_is_targets, t->sample, t->n, &loss, t->gradient);
    if (!code)
        plast_check_dead_gradient(d);
    return code;
}

static int run_epoch(struct plast_dead *d)
{
    struct plast_tested *t = d->tested;
    int code = 0;
    for (int i = 0; i < STEPS && !code; i++) {
        code = t->model->step(t->block, t->x, t->y, t->y_is_targets, t->sample, t->n, NULL);
        plast_check_dead(d, true, "a step");
    }
    if (!code)
        code = t->model->end_epoch(t->block);
    plast_check_dead(d, true, "the end of an epoch");
    return code ? code : probe(d);
}

/* From the beginning of an epoch. */
static int run_epochs(struct plast_dead *d, int64_t epoch, int count)
{
    struct plast_run *run = d->tested->block;
    int64_t most = d->tested->model->epochs, epochs = most > 1 + EPOCHS ? most : 1 + EPOCHS;
    run->epoch = epoch;
    run->step = epoch * STEPS;
    int code = d->tested->model->begin(run, epochs, STEPS);
    for (int i = 0; i < count && !code; i++)
        code = run_epoch(d);
    return code;
}

static int settle(struct plast_dead *d)
{
    for (int i = 0; i < d->count; i++)
        kill_some(d, &d->mortal[i]);
    int code = d->tested->model->settle(d->tested->block);
    plast_check_dead(d, false, "settling");
    return code;
}

/* A loss that is not a number ends a life: nothing is updated from there. */
static int live(struct plast_dead *d)
{
    const struct plast_model *model = d->tested->model;
    int code = run_epochs(d, 0, 1);
    if (!code || code == PLAST_E_NUMBER)
        code = settle(d);
    if (!code)
        code = run_epochs(d, 1, EPOCHS);
    if (!code && model->epochs > 1 + 2 * EPOCHS)
        code = run_epochs(d, model->epochs - EPOCHS, EPOCHS);
    d->ended = code == PLAST_E_NUMBER;
    return d->ended ? 0 : code;
}

static int run_test(struct plast_dead *d, uint64_t seed, int64_t threads)
{
    struct plast_tested *t = d->tested;
    const struct plast_model *model = t->model;
    int status = plast_prepare_tested(t, seed, threads, 0, (size_t)model->batch, 1, 0);
    if (status)
        return status;
    int code = model->anchor ? model->anchor(t->block, 0) : 0;
    if (!code)
        code = live(d);
    if (code)
        return plast_model_fault(code, model, "the test of what is dead", t->fault);
    return plast_check_settled(d);
}

static int add_mortal(struct plast_dead *d, const struct plast_tensor *mask)
{
    const struct plast_model *model = d->tested->model;
    struct plast_mortal *m = &d->mortal[d->count++];
    size_t places = (size_t)(plast_tensor_rows(mask) * plast_tensor_columns(mask));
    *m = (struct plast_mortal){.mask = mask, .was = malloc(places)};
    for (int i = 0; i < model->tensors; i++)
        if (model->tensor[i].role == PLAST_WEIGHT &&
            plast_synapse_mask(model, &model->tensor[i]) == mask)
            m->weight = &model->tensor[i];
    if (!m->was)
        return PLAST_STATUS_FILE;
    memset(m->was, 1, places);
    return 0;
}

static void print_mortal(const struct plast_dead *d, const struct plast_mortal *m, int line)
{
    int64_t places = plast_tensor_rows(m->mask) * plast_tensor_columns(m->mask);
    printf("%sok %d - dead %s\n", m->wrong ? "not " : "", line,
           m->weight ? m->weight->name : m->mask->name);
    if (m->wrong)
        printf("# %s\n", m->text);
    else
        printf("# %" PRId64 " of %" PRId64 " at the end%s\n",
               places - plast_count_alive(m->mask, d->tested->block), places,
               d->ended ? ", early: the loss became infinite or not a number" : "");
}

int plast_test_dead(struct plast_tested *tested, uint64_t seed, int64_t threads, int *lines,
                    int *failed)
{
    const struct plast_model *model = tested->model;
    struct plast_dead d = {.tested = tested};
    int status = 0;
    d.mortal = calloc((size_t)model->tensors + 1, sizeof *d.mortal);
    for (int i = 0; d.mortal && i < model->tensors && !status; i++)
        if (model->tensor[i].role == PLAST_MASK)
            status = add_mortal(&d, &model->tensor[i]);
    if (!d.mortal || status)
        status = plast_fail(tested->fault, PLAST_STATUS_FILE, "no memory for the self-test");
    else if (d.count && !model->settle)
        plast_find_fault(&d.mortal[0], model->name, "has masks, and nothing that carries them out");
    else if (d.count)
        status = run_test(&d, seed, threads);
    for (int i = 0; i < d.count && !status; i++) {
        print_mortal(&d, &d.mortal[i], ++*lines);
        *failed += d.mortal[i].wrong;
    }
    for (int i = 0; i < d.count; i++)
        free(d.mortal[i].was);
    free(d.mortal);
    return status;
}
