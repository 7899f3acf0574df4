/* The command line of a trainer -> struct plast_options. A wrong one is refused with the nearest
 * word that would have been right. */
#include "trainer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BIT(NAME) (1u << PLAST_##NAME)
#define ALL ((1u << PLAST_COMMAND_COUNT) - 1)
#define WITH_DATA (BIT(TRAIN) | BIT(EVAL) | BIT(PREDICT) | BIT(BENCH))

/* field, option, argument, commands, text */
#define OPTIONS(X)                                                                                 \
    X(DATA, "--data", "SPEC", WITH_DATA, "the data set; glyphs if not given")                      \
    X(TEST, "--test", "SPEC", WITH_DATA, "the test set, instead of the one that --data brings")    \
    X(LOAD, "--load", "FILE", BIT(EVAL) | BIT(PREDICT) | BIT(INFO) | BIT(BENCH),                   \
      "the checkpoint to read")                                                                    \
    X(EPOCHS, "--epochs", "N", BIT(TRAIN), "epochs in all, those of --resume counted")             \
    X(SAVE, "--save", "FILE", BIT(TRAIN), "write a checkpoint after each epoch and at the end")    \
    X(RESUME, "--resume", "FILE", BIT(TRAIN), "go on where this checkpoint was written")           \
    X(LOG, "--log", "FILE", BIT(TRAIN), "one JSON line for each epoch; - is standard output")      \
    X(CROSSOVER, "--crossover", NULL, BIT(BENCH),                                                  \
      "instead, measure below which density csr is faster")                                        \
    X(NO_SHUFFLE, "--no-shuffle", NULL, BIT(TRAIN), "take the samples in the order of the file")   \
    X(RAW, "--raw", "OUT.npy", BIT(PREDICT), "write the outputs as an array instead")              \
    X(SECONDS, "--seconds", "S", BIT(BENCH), "measure for so long; 3 if not given")                \
    X(FORMS, "--forms", "FORM", WITH_DATA, "of layers: auto, or at most dense, packed, csr")       \
    X(SEED, "--seed", "N", WITH_DATA | BIT(SELFTEST), "of all random numbers")                     \
    X(THREADS, "--threads", "N", WITH_DATA | BIT(SELFTEST), "threads; 0: as OpenMP chooses")       \
    X(QUIET, "--quiet", NULL, ALL, "say nothing on standard error but what went wrong")            \
    X(HELP, "--help", NULL, ALL, "print this")

enum option {
#define X(NAME, name, argument, commands, text) O_##NAME,
    OPTIONS(X)
#undef X
        OPTION_COUNT
};

const struct plast_option plast_option_table[] = {
#define X(NAME, name, argument, commands, text) {name, argument, commands, text},
    OPTIONS(X)
#undef X
};
const size_t plast_option_count = OPTION_COUNT;

const char *const plast_command_name[] = {
#define X(NAME, name, text) #name,
    PLAST_COMMANDS(X)
#undef X
};
const char *const plast_command_text[] = {
#define X(NAME, name, text) text,
    PLAST_COMMANDS(X)
#undef X
};

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions and replacements that make one word of the other; words above 31
 * characters are cut. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[32], m = min_size(strlen(a), 31), n = min_size(strlen(b), 31);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = min_size(replaced, 1 + min_size(row[j], row[j - 1]));
        }
    }
    return row[n];
}

const char *plast_nearest(const char *word, const char *const *candidate, size_t count)
{
    const char *best = NULL;
    size_t least = 1 + strlen(word) / 3;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(word, candidate[i]);
        if (distance < least + (best == NULL)) {
            best = candidate[i];
            least = distance;
        }
    }
    return best;
}

static int refuse_command(const char *word, struct plast_fault *fault)
{
    const char *near = plast_nearest(word, plast_command_name, PLAST_COMMAND_COUNT);
    if (near)
        return plast_fail(fault, PLAST_STATUS_USAGE, "no command '%s'; did you mean '%s'?", word,
                          near);
    return plast_fail(fault, PLAST_STATUS_USAGE,
                      "no command '%s'; there are train, eval, predict, info, selftest, bench",
                      word);
}

static int refuse_option(const char *word, enum plast_command command, struct plast_fault *fault)
{
    const char *name[OPTION_COUNT];
    size_t count = 0;
    for (int i = 0; i < OPTION_COUNT; i++)
        if (plast_option_table[i].commands & 1u << command)
            name[count++] = plast_option_table[i].name;
    const char *near = plast_nearest(word, name, count);
    if (near)
        return plast_fail(fault, PLAST_STATUS_USAGE, "%s has no option '%s'; did you mean '%s'?",
                          plast_command_name[command], word, near);
    return plast_fail(fault, PLAST_STATUS_USAGE, "%s has no option '%s'; see %s --help",
                      plast_command_name[command], word, plast_command_name[command]);
}

/* A whole number, nothing before or behind it. */
static int read_number(const char *name, const char *text, uint64_t most, uint64_t *number,
                       struct plast_fault *fault)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || *number > most)
        return plast_fail(fault, PLAST_STATUS_USAGE,
                          "%s needs a whole number from 0 to %" PRIu64 ", not '%s'", name, most,
                          text);
    return 0;
}

static int read_seconds(const char *text, double *seconds, struct plast_fault *fault)
{
    char *end;
    *seconds = strtod(text, &end);
    if (end == text || *end || !(*seconds > 0) || *seconds > 86400)
        return plast_fail(fault, PLAST_STATUS_USAGE,
                          "--seconds needs a number above 0, at most 86400, not '%s'", text);
    return 0;
}

static int read_forms(const char *text, int32_t *forms, struct plast_fault *fault)
{
    static const char *const name[] = {[PLAST_FORMS_AUTO] = "auto",
                                       [PLAST_FORMS_DENSE] = "dense",
                                       [PLAST_FORMS_PACKED] = "packed",
                                       [PLAST_FORMS_CSR] = "csr"};
    for (int32_t i = 0; i < (int32_t)(sizeof name / sizeof *name); i++)
        if (!strcmp(text, name[i])) {
            *forms = i;
            return 0;
        }
    return plast_fail(fault, PLAST_STATUS_USAGE,
                      "--forms needs auto, dense, packed or csr, not '%s'", text);
}

static int set_option(struct plast_options *to, enum option option, const char *text,
                      struct plast_fault *fault)
{
    uint64_t number = 0;
    int status = 0;
    switch (option) {
    case O_DATA:
        to->data = text;
        break;
    case O_TEST:
        to->test = text;
        break;
    case O_LOAD:
        to->load = text;
        break;
    case O_SAVE:
        to->save = text;
        break;
    case O_RESUME:
        to->resume = text;
        break;
    case O_LOG:
        to->log = text;
        break;
    case O_RAW:
        to->raw = text;
        break;
    case O_NO_SHUFFLE:
        to->keep_order = true;
        break;
    case O_CROSSOVER:
        to->crossover = true;
        break;
    case O_QUIET:
        to->quiet = true;
        break;
    case O_HELP:
        to->help = true;
        break;
    case O_FORMS:
        status = read_forms(text, &to->forms, fault);
        break;
    case O_SECONDS:
        status = read_seconds(text, &to->seconds, fault);
        break;
    case O_EPOCHS:
        status = read_number("--epochs", text, 1000000000, &number, fault);
        to->epochs = (int64_t)number;
        break;
    case O_SEED:
        status = read_number("--seed", text, UINT64_MAX, &to->seed, fault);
        to->has_seed = true;
        break;
    case O_THREADS:
        status = read_number("--threads", text, 1024, &number, fault);
        to->threads = (int64_t)number;
        break;
    case OPTION_COUNT:
        break;
    }
    return status;
}

/* The option that the argument up to `length` names for this command; OPTION_COUNT: none. */
static enum option find_option(const char *word, size_t length, enum plast_command command)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct plast_option *option = &plast_option_table[i];
        if (option->commands & 1u << command && strlen(option->name) == length &&
            !strncmp(option->name, word, length))
            return (enum option)i;
    }
    return OPTION_COUNT;
}

/* Reads argv[*at] and, where it takes a value of its own argument, the one behind it. */
static int read_option(struct plast_options *to, int argc, char **argv, int *at,
                       struct plast_fault *fault)
{
    const char *word = argv[*at], *value = strchr(word, '=');
    size_t length = value ? (size_t)(value - word) : strlen(word);
    enum option option = find_option(word, length, to->command);
    if (word[0] != '-')
        return plast_fail(fault, PLAST_STATUS_USAGE, "'%s' is not an option; see %s --help", word,
                          plast_command_name[to->command]);
    if (option == OPTION_COUNT)
        return refuse_option(word, to->command, fault);
    const struct plast_option *known = &plast_option_table[option];
    if (!known->argument) {
        if (value)
            return plast_fail(fault, PLAST_STATUS_USAGE, "%s takes no value", known->name);
    } else if (value) {
        value++;
    } else {
        if (*at + 1 >= argc)
            return plast_fail(fault, PLAST_STATUS_USAGE, "%s needs a value: %s %s", known->name,
                              known->name, known->argument);
        value = argv[++*at];
    }
    if (known->argument && !*value)
        return plast_fail(fault, PLAST_STATUS_USAGE, "%s needs a value that is not empty",
                          known->name);
    return set_option(to, option, value, fault);
}

static int find_command(struct plast_options *to, const char *word, struct plast_fault *fault)
{
    for (int i = 0; i < PLAST_COMMAND_COUNT; i++) {
        if (!strcmp(word, plast_command_name[i])) {
            to->command = (enum plast_command)i;
            return 0;
        }
    }
    return refuse_command(word, fault);
}

static int check_options(const struct plast_options *options, struct plast_fault *fault)
{
    if ((options->command == PLAST_EVAL || options->command == PLAST_PREDICT) && !options->load)
        return plast_fail(fault, PLAST_STATUS_USAGE, "%s needs --load FILE",
                          plast_command_name[options->command]);
    if (options->crossover && (options->load || options->forms != PLAST_FORMS_AUTO))
        return plast_fail(
            fault, PLAST_STATUS_USAGE,
            "--crossover begins with the seed's weights and takes both forms: without "
            "--load and --forms");
    return 0;
}

int plast_parse_options(struct plast_options *to, int argc, char **argv, struct plast_fault *fault)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    *to = (struct plast_options){.command = PLAST_COMMAND_COUNT, .epochs = -1, .seconds = 3};
    to->program = slash ? slash + 1 : argc > 0 ? argv[0] : "model";
    if (argc < 2)
        return plast_fail(fault, PLAST_STATUS_USAGE,
                          "which command? train, eval, predict, info, selftest or bench");
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        to->help = true;
        return 0;
    }
    int status = find_command(to, argv[1], fault);
    for (int i = 2; i < argc && !status; i++) {
        to->help = to->help || !strcmp(argv[i], "-h");
        if (strcmp(argv[i], "-h"))
            status = read_option(to, argc, argv, &i, fault);
    }
    if (status || to->help)
        return status;
    return check_options(to, fault);
}
