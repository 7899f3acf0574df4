/* What must hold of the dead at any moment: their weights, biases, states, gradients and values are
 * exactly zero, what enters a dead neuron is dead, and what cannot grow stays dead. */
#include "selftest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void find_wrong(struct plast_mortal *m, const char *name, double value, int64_t row,
                       int64_t column, const char *when)
{
    if (!m->wrong)
        snprintf(m->text, sizeof m->text,
                 "%s is %.9g in row %" PRId64 ", column %" PRId64 " after %s, and should be 0",
                 name, value, row, column, when);
    m->wrong = true;
}

void plast_find_fault(struct plast_mortal *m, const char *what, const char *fault)
{
    if (!m->wrong)
        snprintf(m->text, sizeof m->text, "%s %s", what, fault);
    m->wrong = true;
}

static const uint8_t *mask_row(const struct plast_dead *d, const struct plast_mortal *m, int64_t i)
{
    return plast_tensor_row(m->mask, d->tested->block, i);
}

/* "h1.weight.velocity" is of "h1.weight". */
static bool is_of(const struct plast_tensor *state, const struct plast_tensor *weight)
{
    size_t length = strlen(weight->name);
    return !strncmp(state->name, weight->name, length) && state->name[length] == '.';
}

static bool is_of_optimizer(const struct plast_tensor *state, const struct plast_model *model)
{
    for (int i = 0; i < model->tensors; i++)
        if (model->tensor[i].role == PLAST_WEIGHT && is_of(state, &model->tensor[i]))
            return true;
    return false;
}

/* A rule's state does not say which of two branches of one shape it is of: it is zero where both
 * are dead. */
static bool is_of_twin(const struct plast_dead *d, const struct plast_mortal *m,
                       const struct plast_tensor *state, int64_t i, int64_t j)
{
    const struct plast_model *model = d->tested->model;
    if (!m->weight || state->role != PLAST_STATE || is_of(state, m->weight))
        return false;
    for (int k = 0; k < model->tensors; k++) {
        const struct plast_tensor *twin = &model->tensor[k];
        if (twin == m->weight || twin->role != PLAST_WEIGHT || twin->layer != state->layer ||
            !plast_has_shape(twin, state))
            continue;
        const struct plast_tensor *mask = plast_synapse_mask(model, twin);
        if (!mask || ((const uint8_t *)plast_tensor_row(mask, d->tested->block, i))[j])
            return true;
    }
    return false;
}

/* Whether the tensor is zero where the mask is. */
static bool dies_with(const struct plast_dead *d, const struct plast_tensor *tensor,
                      const struct plast_mortal *m)
{
    if (tensor->layer != m->mask->layer || !plast_has_shape(tensor, m->mask) || tensor->lives)
        return false;
    if (!m->weight)
        return tensor->role == PLAST_STATE || tensor->role == PLAST_BIAS;
    if (tensor->role == PLAST_STATE)
        return is_of(tensor, m->weight) || !is_of_optimizer(tensor, d->tested->model);
    return tensor == m->weight;
}

/* `number` is where the tensor's values, or their gradients, begin. */
static void check_numbers(struct plast_dead *d, struct plast_mortal *m,
                          const struct plast_tensor *tensor, const float *number, const char *name,
                          const char *when)
{
    for (int64_t i = 0; i < plast_tensor_rows(m->mask); i++) {
        const uint8_t *alive = mask_row(d, m, i);
        const float *row = number + i * tensor->stride;
        for (int64_t j = 0; j < plast_tensor_columns(m->mask); j++)
            if (!alive[j] && row[j] != 0 && !is_of_twin(d, m, tensor, i, j))
                find_wrong(m, name, row[j], i, j, when);
    }
}

static void check_tensors(struct plast_dead *d, struct plast_mortal *m, const char *when)
{
    const struct plast_model *model = d->tested->model;
    for (int i = 0; i < model->tensors; i++) {
        const struct plast_tensor *tensor = &model->tensor[i];
        if (dies_with(d, tensor, m))
            check_numbers(d, m, tensor, plast_tensor_row(tensor, d->tested->block, 0), tensor->name,
                          when);
    }
}

static void check_entering(struct plast_dead *d, struct plast_mortal *m,
                           const struct plast_tensor *weight, const char *when)
{
    const struct plast_tensor *mask = plast_synapse_mask(d->tested->model, weight);
    if (!mask) {
        plast_find_fault(m, weight->name, "enters neurons that can die, and has no mask");
        return;
    }
    for (int64_t i = 0; i < plast_tensor_rows(mask); i++) {
        const uint8_t *row = plast_tensor_row(mask, d->tested->block, i);
        for (int64_t j = 0; j < plast_tensor_columns(mask); j++)
            if (!*mask_row(d, m, i) && row[j])
                find_wrong(m, mask->name, row[j], i, j, when);
    }
}

static void check_neurons(struct plast_dead *d, struct plast_mortal *m, const char *when)
{
    const struct plast_model *model = d->tested->model;
    if (!plast_count_alive(m->mask, d->tested->block))
        plast_find_fault(m, "no neuron is alive after", when);
    for (int i = 0; i < model->tensors; i++)
        if (model->tensor[i].role == PLAST_WEIGHT && model->tensor[i].layer == m->mask->layer)
            check_entering(d, m, &model->tensor[i], when);
}

/* Neurons never grow. */
static void check_mask(struct plast_dead *d, struct plast_mortal *m, bool may_grow,
                       const char *when)
{
    int64_t columns = plast_tensor_columns(m->mask);
    for (int64_t i = 0; i < plast_tensor_rows(m->mask); i++) {
        const uint8_t *row = mask_row(d, m, i);
        uint8_t *was = m->was + i * columns;
        for (int64_t j = 0; j < columns; j++)
            if (row[j] > 1 || (row[j] && !was[j] && !(may_grow && m->weight)))
                find_wrong(m, m->mask->name, row[j], i, j, when);
        memcpy(was, row, (size_t)columns);
    }
}

void plast_check_dead(struct plast_dead *d, bool may_grow, const char *when)
{
    plast_unpack_block(d->tested->model, d->tested->block);
    for (int i = 0; i < d->count; i++) {
        check_mask(d, &d->mortal[i], may_grow, when);
        if (!d->mortal[i].weight)
            check_neurons(d, &d->mortal[i], when);
        check_tensors(d, &d->mortal[i], when);
    }
}

/* Where the model shows the layer's values. */
static void check_silence(struct plast_dead *d, struct plast_mortal *m)
{
    const struct plast_model *model = d->tested->model;
    const struct plast_tensor *value =
        plast_find_tensor(model, model->layer[m->mask->layer].name, ".value");
    for (int64_t i = 0; value && i < plast_tensor_rows(m->mask); i++) {
        const float *row = plast_tensor_row(value, d->tested->block, i);
        for (size_t j = 0; j < d->tested->n; j++)
            if (!*mask_row(d, m, i) && row[j] != 0)
                find_wrong(m, value->name, row[j], i, (int64_t)j, "a probe");
    }
}

void plast_check_dead_gradient(struct plast_dead *d)
{
    const struct plast_model *model = d->tested->model;
    for (int i = 0; i < d->count; i++) {
        struct plast_mortal *m = &d->mortal[i];
        for (int k = 0; k < model->tensors; k++) {
            const struct plast_tensor *tensor = &model->tensor[k];
            if (tensor->probe >= 0 && dies_with(d, tensor, m))
                check_numbers(d, m, tensor, d->tested->gradient + tensor->probe, "the gradient",
                              "a probe");
        }
        if (!m->weight)
            check_silence(d, m);
    }
}

static void compare_tensor(struct plast_dead *d, const struct plast_tensor *tensor, void *before)
{
    size_t bytes = (size_t)plast_tensor_columns(tensor) * plast_type_size(tensor->type);
    int owner = 0;
    while (owner < d->count && d->mortal[owner].mask->layer != tensor->layer)
        owner++;
    for (int64_t i = 0; i < plast_tensor_rows(tensor); i++)
        if (memcmp(plast_tensor_row(tensor, before, i),
                   plast_tensor_row(tensor, d->tested->block, i), bytes))
            plast_find_fault(&d->mortal[owner < d->count ? owner : 0], tensor->name,
                             "changes when what a step left is settled again");
}

int plast_check_settled(struct plast_dead *d)
{
    struct plast_tested *t = d->tested;
    void *before = plast_new_block(t->model->train_bytes, t->fault);
    if (!before)
        return PLAST_STATUS_FILE;
    plast_unpack_block(t->model, t->block);
    memcpy(before, t->block, t->model->train_bytes);
    int code = t->model->settle(t->block);
    for (int i = 0; i < t->model->tensors; i++)
        if (t->model->tensor[i].role != PLAST_VALUE)
            compare_tensor(d, &t->model->tensor[i], before);
    free(before);
    return code ? plast_model_fault(code, t->model, "carrying out the masks", t->fault) : 0;
}
