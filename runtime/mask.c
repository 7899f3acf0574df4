/* Masks of what is alive: which tensor is whose mask, and how much is left. */
#include "trainer.h"

#include <string.h>

/* The mask called NAME.alive. */
static const struct plast_tensor *find_mask(const struct plast_model *model, const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; i < model->tensors; i++) {
        const struct plast_tensor *tensor = &model->tensor[i];
        if (tensor->role == PLAST_MASK && !strncmp(tensor->name, name, length) &&
            !strcmp(tensor->name + length, ".alive"))
            return tensor;
    }
    return NULL;
}

const struct plast_tensor *plast_synapse_mask(const struct plast_model *model,
                                              const struct plast_tensor *weight)
{
    return find_mask(model, weight->name);
}

const struct plast_tensor *plast_neuron_mask(const struct plast_model *model, int layer)
{
    return find_mask(model, model->layer[layer].name);
}

int64_t plast_count_alive(const struct plast_tensor *mask, const void *block)
{
    int64_t rows = plast_tensor_rows(mask), columns = plast_tensor_columns(mask), alive = 0;
    for (int64_t i = 0; i < rows; i++) {
        const uint8_t *row = plast_tensor_row(mask, (void *)block, i);
        for (int64_t j = 0; j < columns; j++)
            alive += row[j];
    }
    return alive;
}

void plast_count_live(struct plast_live *live, const struct plast_model *model, const void *block,
                      int layer)
{
    const struct plast_tensor *neurons = plast_neuron_mask(model, layer);
    *live = (struct plast_live){.synapses = model->layer[layer].synapses,
                                .neurons = neurons ? plast_count_alive(neurons, block)
                                                   : model->layer[layer].units,
                                .can_die = neurons != NULL};
    for (int i = 0; i < model->tensors; i++) {
        const struct plast_tensor *weight = &model->tensor[i];
        bool here = weight->role == PLAST_WEIGHT && weight->layer == layer;
        const struct plast_tensor *mask = here ? plast_synapse_mask(model, weight) : NULL;
        if (!mask)
            continue;
        live->can_die = true;
        live->synapses +=
            plast_count_alive(mask, block) - plast_tensor_rows(mask) * plast_tensor_columns(mask);
    }
}

void plast_count_all_live(struct plast_live *live, const struct plast_model *model,
                          const void *block)
{
    *live = (struct plast_live){0};
    for (int i = 1; i < model->layers; i++) {
        struct plast_live one;
        plast_count_live(&one, model, block, i);
        live->synapses += one.synapses;
        live->neurons += one.neurons;
        live->can_die = live->can_die || one.can_die;
    }
}
