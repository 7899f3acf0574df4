/* plast_main(): reads the command line, runs the command, prints what went wrong. Relies on the
 * model's table of functions alone. */
#include "trainer.h"

static int run_command(const struct plast_options *options, const struct plast_model *model,
                       struct plast_fault *fault)
{
    switch (options->command) {
#define X(NAME, name, text)                                                                        \
    case PLAST_##NAME:                                                                             \
        return plast_command_##name(options, model, fault);
        PLAST_COMMANDS(X)
#undef X
    case PLAST_COMMAND_COUNT:
        break;
    }
    return plast_fail(fault, PLAST_STATUS_BUG, "no such command");
}

static int print_usage(const struct plast_options *options, const struct plast_model *model)
{
    if (options->command == PLAST_COMMAND_COUNT)
        plast_print_help(stdout, options, model);
    else
        plast_print_command_help(stdout, options);
    return 0;
}

/* Output that did not arrive is an error like any other. */
static int flush_output(int status, struct plast_fault *fault)
{
    bool lost = fflush(stdout) || ferror(stdout);
    if (lost && !status)
        return plast_fail(fault, PLAST_STATUS_FILE, "standard output could not be written");
    return status;
}

int plast_main(int argc, char **argv, const struct plast_model *model)
{
    struct plast_options options;
    struct plast_fault fault = {""};
    int status;
    if (model->abi != PLAST_ABI) {
        status = plast_fail(&fault, PLAST_STATUS_BUG,
                            "this model is for version %d of libplast's interface, not %d: "
                            "compile it again",
                            model->abi, PLAST_ABI);
        fprintf(stderr, "%s: %s\n", argc > 0 ? argv[0] : "model", fault.text);
        return status;
    }
    plast_ignore_size_signal();
    status = plast_parse_options(&options, argc, argv, &fault);
    if (!status)
        status = options.help ? print_usage(&options, model) : run_command(&options, model, &fault);
    status = flush_output(status, &fault);
    if (fault.text[0])
        fprintf(stderr, "%s: %s\n", options.program, fault.text);
    if (status == PLAST_STATUS_USAGE)
        fprintf(stderr,
                "usage: %s train|eval|predict|info|selftest|bench [OPTION...]; see %s "
                "--help\n",
                options.program, options.program);
    return status;
}
