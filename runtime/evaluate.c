/* The eval command: what a saved network makes of a data set, for a person to read. */
#include "trainer.h"

#include <inttypes.h>
#include <stdlib.h>

enum { MOST_CONFUSION = 1000 }; /* classes, above which the matrix is not printed */

static int count_digits(uint64_t number)
{
    int digits = 1;
    while (number /= 10)
        digits++;
    return digits;
}

static void print_confusion(const struct plast_score *score, int64_t outputs)
{
    uint64_t most = (uint64_t)outputs - 1;
    for (int64_t i = 0; i < outputs * outputs; i++)
        if (score->confusion[i] > most)
            most = score->confusion[i];
    int width = count_digits(most) + 1;
    printf("confusion (a row for each class, a column for each answer)\n%*s", width + 1, "");
    for (int64_t j = 0; j < outputs; j++)
        printf("%*" PRId64, width, j);
    putchar('\n');
    for (int64_t i = 0; i < outputs; i++) {
        printf("%*" PRId64 ":", width, i);
        for (int64_t j = 0; j < outputs; j++)
            printf("%*" PRIu64, width, score->confusion[i * outputs + j]);
        putchar('\n');
    }
}

static void print_score(const struct plast_score *score, const struct plast_model *model)
{
    printf("samples %" PRId64 "\nloss %.9g\n", score->samples, score->loss);
    if (score->correct < 0)
        return;
    printf("accuracy %.9g (%" PRId64 " correct)\n", (double)score->correct / (double)score->samples,
           score->correct);
    if (score->confusion)
        print_confusion(score, model->outputs);
}

static int evaluate_block(const struct plast_options *options, const struct plast_model *model,
                          void *block, struct plast_fault *fault)
{
    const struct plast_run *run = block;
    const char *spec = options->test ? options->test : options->data;
    uint64_t seed = options->has_seed ? options->seed : run->seed;
    struct plast_split split;
    struct plast_score score = {0};
    int status = plast_data_open(&split, spec, PLAST_FOR_TEST, model, seed, fault);
    if (status)
        return status;
    if (!split.test.targets && model->outputs <= MOST_CONFUSION)
        score.confusion = calloc((size_t)(model->outputs * model->outputs), sizeof(uint64_t));
    status = split.test.samples
                 ? plast_evaluate(&score, model, block, &split.test, fault)
                 : plast_fail(fault, PLAST_STATUS_FILE, "%s: there is no sample to evaluate on",
                              spec ? spec : "glyphs");
    if (!status)
        print_score(&score, model);
    free(score.confusion);
    plast_data_close(&split);
    return status;
}

int plast_command_eval(const struct plast_options *options, const struct plast_model *model,
                       struct plast_fault *fault)
{
    struct plast_saved saved;
    void *block;
    int status = plast_init_block(&block, model, model->seed, options, fault);
    if (status)
        return status;
    status = plast_load(options->load, model, block, &saved, fault);
    if (!status)
        status = evaluate_block(options, model, block, fault);
    free(block);
    return status;
}
