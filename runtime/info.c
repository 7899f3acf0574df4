/* The info command: what the network is made of, and, with --load, what a checkpoint holds. */
#include "trainer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *role_name(enum plast_role role)
{
    switch (role) {
    case PLAST_WEIGHT:
        return "weight";
    case PLAST_BIAS:
        return "bias";
    case PLAST_STATE:
        return "state";
    case PLAST_FEEDBACK:
        return "feedback";
    case PLAST_VALUE:
        return "value";
    case PLAST_MASK:
        return "mask";
    case PLAST_COUNTER:
        return "counter";
    }
    return "?";
}

static uint64_t tensor_bytes(const struct plast_tensor *tensor)
{
    return (uint64_t)plast_tensor_rows(tensor) * (uint64_t)tensor->stride *
           plast_type_size(tensor->type);
}

static uint64_t layer_bytes(const struct plast_model *model, int layer)
{
    uint64_t bytes = 0;
    for (int i = 0; i < model->tensors; i++)
        if (model->tensor[i].layer == layer)
            bytes += tensor_bytes(&model->tensor[i]);
    return bytes;
}

static int longest_name(const struct plast_model *model)
{
    size_t longest = 6;
    for (int i = 0; i < model->tensors; i++)
        if (strlen(model->tensor[i].name) > longest)
            longest = strlen(model->tensor[i].name);
    for (int i = 0; i < model->layers; i++)
        if (strlen(model->layer[i].name) > longest)
            longest = strlen(model->layer[i].name);
    return longest < 60 ? (int)longest : 60;
}

/* Neurons and synapses, and, where `live` is given, how many of them are alive. */
static void print_counts(int64_t neurons, int64_t synapses, const struct plast_live *live)
{
    printf(" %9" PRId64, neurons);
    if (live)
        printf(" %9" PRId64, live->neurons);
    printf(" %11" PRId64, synapses);
    if (live)
        printf(" %11" PRId64, live->synapses);
}

static void print_layer(const struct plast_model *model, const void *block, int i, int width,
                        const struct plast_live *live)
{
    const struct plast_layer *layer = &model->layer[i];
    char shape[120];
    printf("%-*s %-14s", width, layer->name,
           plast_print_shape(shape, sizeof shape, layer->shape, layer->rank));
    print_counts(layer->units, layer->synapses, live);
    printf(" %-6s %11" PRIu64 " %13.0f  %s\n",
           !layer->synapses ? "-"
           : block          ? plast_form_name(model, block, i)
                            : "dense",
           layer_bytes(model, i), layer->flops, layer->text ? layer->text : "");
}

/* What is alive is told of a block in which something may be dead. */
static void print_layers(const struct plast_model *model, const void *block, int width)
{
    int64_t neurons = 0, synapses = 0;
    uint64_t bytes = 0;
    double flops = 0;
    struct plast_live all = {0}, live;
    if (block)
        plast_count_all_live(&all, model, block);
    printf("\n%-*s %-14s %9s%s %11s%s %-6s %11s %13s\n", width, "layer", "shape", "neurons",
           all.can_die ? "     alive" : "", "synapses", all.can_die ? "       alive" : "", "form",
           "bytes", "flops");
    for (int i = 0; i < model->layers; i++) {
        if (all.can_die)
            plast_count_live(&live, model, block, i);
        print_layer(model, block, i, width, all.can_die ? &live : NULL);
        neurons += i ? model->layer[i].units : 0;
        synapses += model->layer[i].synapses;
        bytes += layer_bytes(model, i);
        flops += model->layer[i].flops;
    }
    printf("%-*s %-14s", width, "in all", "");
    print_counts(neurons, synapses, all.can_die ? &all : NULL);
    printf(" %-6s %11" PRIu64 " %13.0f\n", "", bytes, flops);
}

static void print_head(const struct plast_model *model)
{
    char shape[120];
    static const char *const learn[] = {
        [PLAST_BACKPROP] = "backprop",
        [PLAST_FEEDBACK_ALIGNMENT] = "feedback_alignment",
        [PLAST_DIRECT_FEEDBACK] = "direct_feedback_alignment",
    };
    printf("model %s\n", model->name);
    printf("input %s, output [%" PRId64 "], loss %s, learn %s\n",
           plast_print_shape(shape, sizeof shape, model->input_shape, model->input_rank),
           model->outputs, model->loss == PLAST_CROSS_ENTROPY ? "cross_entropy" : "mse",
           learn[model->learn]);
    if (model->steps)
        printf("time %" PRId64 " steps%s\n", model->steps, model->frames ? ", in the data" : "");
    printf("batch %" PRId64 ", epochs %" PRId64 ", seed %" PRIu64 "\n", model->batch, model->epochs,
           model->seed);
    printf("memory %zu bytes to train, %zu more to predict\n", model->train_bytes,
           model->predict_bytes);
    printf("work %.0f floating-point operations for a training sample\n", model->step_flops);
}

/* The least and the largest element of a float tensor. */
static void print_range(const struct plast_tensor *tensor, void *block)
{
    int64_t rows = plast_tensor_rows(tensor), columns = plast_tensor_columns(tensor);
    float least = 0, most = 0;
    if (tensor->type != PLAST_F32 || !rows || !columns)
        return;
    for (int64_t i = 0; i < rows; i++) {
        const float *row = plast_tensor_row(tensor, block, i);
        if (!i)
            least = most = row[0];
        for (int64_t j = 0; j < columns; j++) {
            least = row[j] < least ? row[j] : least;
            most = row[j] > most ? row[j] : most;
        }
    }
    printf("  %.6g to %.6g", (double)least, (double)most);
}

static void print_counter(const struct plast_tensor *tensor, void *block)
{
    const int64_t *begun = plast_tensor_row(tensor, block, 0);
    const int64_t *acted = plast_tensor_row(tensor, block, 1);
    const int64_t *adapts = plast_tensor_row(tensor, block, 2);
    if (*begun)
        printf("  acted %" PRId64 ", adapted %" PRId64, *acted, *adapts);
    else
        printf("  not begun");
}

static void print_contents(const struct plast_tensor *tensor, void *block)
{
    if (tensor->role == PLAST_COUNTER)
        print_counter(tensor, block);
    else if (tensor->role == PLAST_MASK)
        printf("  %" PRId64 " of %" PRId64 " alive", plast_count_alive(tensor, block),
               plast_tensor_rows(tensor) * plast_tensor_columns(tensor));
    else
        print_range(tensor, block);
}

static void print_tensors(const struct plast_model *model, void *block, int width)
{
    char shape[120];
    printf("\n%-*s %-14s %-8s %-4s %11s%s\n", width, "tensor", "shape", "role", "type", "bytes",
           block ? "  range" : "");
    for (int i = 0; i < model->tensors; i++) {
        const struct plast_tensor *tensor = &model->tensor[i];
        if (tensor->role == PLAST_VALUE)
            continue;
        printf("%-*s %-14s %-8s %-4s %11" PRIu64, width, tensor->name,
               plast_print_shape(shape, sizeof shape, tensor->shape, tensor->rank),
               role_name(tensor->role), plast_type_name(tensor->type), tensor_bytes(tensor));
        if (block)
            print_contents(tensor, block);
        putchar('\n');
    }
}

static void print_run(const char *name, const struct plast_run *run,
                      const struct plast_saved *saved)
{
    if (!saved->complete) {
        printf("\n%s holds weights alone\n", name);
        return;
    }
    printf("\n%s: epoch %" PRId64 " of %" PRId64 ", step %" PRId64, name, run->epoch, run->epochs,
           run->step);
    if (run->step_in_epoch)
        printf(" (%" PRId64 " of %" PRId64 " of the next epoch)", run->step_in_epoch,
               run->steps_per_epoch);
    printf(", seed %" PRIu64 ", samples %s\n", run->seed,
           saved->keep_order ? "in the order of the file" : "shuffled");
}

int plast_command_info(const struct plast_options *options, const struct plast_model *model,
                       struct plast_fault *fault)
{
    struct plast_saved saved;
    void *block = NULL;
    int width = longest_name(model), status = 0;
    if (options->load) {
        status = plast_init_block(&block, model, model->seed, options, fault);
        if (!status)
            status = plast_load(options->load, model, block, &saved, fault);
    }
    if (!status) {
        print_head(model);
        print_layers(model, block, width);
        if (block)
            print_run(options->load, block, &saved);
        if (block)
            plast_unpack_block(model, block);
        print_tensors(model, block, width);
    }
    free(block);
    return status;
}
