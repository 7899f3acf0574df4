/* What --help prints, made from the tables of options.c. */
#include "trainer.h"

#include <inttypes.h>
#include <string.h>

static void print_option(FILE *to, const struct plast_option *option)
{
    char left[40];
    snprintf(left, sizeof left, "%s%s%s", option->name, option->argument ? " " : "",
             option->argument ? option->argument : "");
    fprintf(to, "  %-18s %s\n", left, option->text);
}

static void print_specs(FILE *to)
{
    fputs("\nSPEC is one of\n"
          "  glyphs             digits drawn by this program, 10000 to train and 2000 to test\n"
          "                     (as event streams where the network takes those)\n"
          "  idx:DIR            MNIST or a set in its form, plain or .gz\n"
          "  cifar10:DIR        CIFAR-10's binary batches, plain, .gz or .xz; of some of them:\n"
          "                     cifar10:DIR?train=1-4&test=5\n"
          "  events:DIR         N-MNIST's recordings, for networks that take events\n"
          "  npy:X.npy,Y.npy    float32 or uint8 inputs; integer labels or float targets\n"
          "  csv:FILE           the class last; csv:FILE?targets=K: the last K are targets\n"
          "  first:N:SPEC       its first N training samples\n"
          "  permuted:K:SPEC    its inputs under permutation K\n",
          to);
}

void plast_print_command_help(FILE *to, const struct plast_options *options)
{
    enum plast_command command = options->command;
    bool specs = false;
    fprintf(to, "usage: %s %s%s [OPTION...]\n%s\n\n", options->program, plast_command_name[command],
            command == PLAST_EVAL || command == PLAST_PREDICT ? " --load FILE" : "",
            plast_command_text[command]);
    for (size_t i = 0; i < plast_option_count; i++) {
        const struct plast_option *option = &plast_option_table[i];
        if (option->commands & 1u << command) {
            print_option(to, option);
            specs = specs || !strcmp(option->name, "--data");
        }
    }
    if (specs)
        print_specs(to);
}

void plast_print_help(FILE *to, const struct plast_options *options,
                      const struct plast_model *model)
{
    fprintf(to, "usage: %s COMMAND [OPTION...]\n", options->program);
    fprintf(to, "The network %s: %" PRId64 " inputs, %" PRId64 " outputs.\n\n", model->name,
            model->inputs, model->outputs);
    for (int i = 0; i < PLAST_COMMAND_COUNT; i++)
        fprintf(to, "  %-9s %s\n", plast_command_name[i], plast_command_text[i]);
    fprintf(to, "\n%s COMMAND --help lists the options of a command.\n", options->program);
    fputs("Status: 0 done, 1 a failed selftest, 2 a wrong command line, 3 a file, 4 the loss is\n"
          "not a number, 130 or 143 after SIGINT or SIGTERM.\n",
          to);
}
