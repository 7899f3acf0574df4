/* plastc: options, the passes in order. */
#if HAVE_CONFIG_H
#include "config.h"
#endif
#include "driver.h"
#include "module.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

/* What is done to the functions, in order; each can be seen with --dump=NAME. */
static const struct {
    const char *name;
    void (*run)(struct arena *, struct cfunc *);
} passes[] = {{"lower", NULL}, {"simplify", simplify}, {"parallel", parallel}};

static const char help[] =
    "usage: plastc [options] MODEL.pl\n"
    "\n"
    "Compiles a network to one C file, which is built with\n"
    "    cc -O3 -march=native -fopenmp MODEL.c $(pkg-config --cflags --libs plast) -lm -o MODEL\n"
    "\n"
    "  -o FILE             where to write the C (- is standard output; default: MODEL.c here)\n"
    "  --header[=FILE]     also write a header (default: the output's name with .h)\n"
    "  --library           no main: for use in another program\n"
    "  -D NAME=VALUE       the value of a `let` of the model\n"
    "  -MF FILE            write which files the output depends on, for make\n"
    "  --explain           print the plan instead of the C: memory, passes, derivatives, work\n"
    "  --crossover=D       weights of which less than D live are stored as csr (0: never), in all\n"
    "                      layers, or, as LAYER:D, in one; default: what the target is best at\n"
    "  --no-fuse           every pass over the weights by itself (the same results, slower)\n"
    "\n"
    "  --from=FILE         the training program in the shape of what lives in FILE, a run that\n"
    "                      the first one saved; both read what the other saves\n"
    "\n"
    "  --deploy=FILE       instead of the training program, what a run saved in FILE as C99 that\n"
    "                      predicts and needs nothing around it\n"
    "  --int8              its weights and what enters products as integers of 8 bits\n"
    "  --data=SPEC         samples to calibrate those with, and for its self-test: as the trained\n"
    "                      program's --data\n"
    "  --report=FILE       what became of each layer: a page, or, as FILE.json, the same as JSON\n"
    "\n"
    "  --dump=PASS         print what stands after a pass: parse check lower simplify parallel\n"
    "  --prelude           print the standard definitions\n"
    "  -fdiagnostics-format=text|json\n"
    "  --help, --version\n"
    "\n"
    "Status: 0 done, 1 errors in the model, 2 usage, 3 a file, 4 a budget not met, 70 a bug.\n";

int usage(const char *format, const char *what)
{
    fprintf(stderr, "plastc: ");
    fprintf(stderr, format, what);
    fprintf(stderr, "\nTry 'plastc --help'.\n");
    return STATUS_USAGE;
}

static bool starts(const char *s, const char *prefix, const char **rest)
{
    size_t n = strlen(prefix);
    *rest = s + n;
    return strncmp(s, prefix, n) == 0;
}

static bool add_definition(struct arena *a, struct options *o, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return false;
    struct definition d = {intern_bytes(a, text, (size_t)(equals - text)), equals + 1};
    PUSH(a, o->definition, o->definitions, d);
    return true;
}

/* The value of an option written `-oX`, `-o X`; NULL if it is another, "" if it is missing. */
static const char *short_option(const char *name, char **argv, int *i)
{
    const char *rest;
    if (!starts(argv[*i], name, &rest))
        return NULL;
    if (*rest)
        return rest;
    return argv[*i + 1] ? argv[++*i] : "";
}

/* The same of `--name=X`, `--name X`. */
static const char *long_option(const char *name, char **argv, int *i)
{
    const char *rest;
    if (!starts(argv[*i], name, &rest) || (*rest && *rest != '='))
        return NULL;
    if (*rest)
        return rest + 1;
    return argv[*i + 1] ? argv[++*i] : "";
}

static bool is_pass(const char *name)
{
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
        if (strcmp(name, passes[i].name) == 0)
            return true;
    return strcmp(name, "parse") == 0 || strcmp(name, "check") == 0;
}

/* D or LAYER:D */
static int add_crossover(struct arena *a, struct options *o, const char *text)
{
    const char *colon = strrchr(text, ':'), *number = colon ? colon + 1 : text;
    struct crossover c = {.layer =
                              colon ? arena_format(a, "%.*s", (int)(colon - text), text) : NULL};
    char *end;
    c.density = strtod(number, &end);
    if (end == number || *end || !(c.density >= 0 && c.density <= 1))
        return usage("--crossover wants a number from 0 to 1, or LAYER:NUMBER, not '%s'", text);
    PUSH(a, o->crossover, o->crossovers, c);
    return STATUS_DONE;
}

/* Those of layers, the later first, then that of all others. */
static struct crossover *order_crossovers(struct arena *a, const struct options *o)
{
    struct crossover *list = NEW_ARRAY(a, o->crossovers + 1, struct crossover), rest = {NULL, -1};
    int count = 0;
    for (int i = o->crossovers - 1; i >= 0; i--)
        if (o->crossover[i].layer)
            list[count++] = o->crossover[i];
        else if (rest.density < 0)
            rest = o->crossover[i];
    list[count] = rest;
    return list;
}

static int check_crossovers(const struct options *o, const struct net *net)
{
    for (int i = 0; i < o->crossovers; i++) {
        bool found = o->crossover[i].layer == NULL;
        for (int k = 0; k < net->layer_count; k++)
            found |= !found && strcmp(net->layer[k]->name, o->crossover[i].layer) == 0;
        if (!found)
            return usage("--crossover: there is no layer '%s'", o->crossover[i].layer);
    }
    return STATUS_DONE;
}

static int read_flag(struct arena *a, struct options *o, const char *arg)
{
    const char *rest;
    if (strcmp(arg, "--library") == 0)
        o->library = true;
    else if (strcmp(arg, "--explain") == 0)
        o->explain = true;
    else if (strcmp(arg, "--no-fuse") == 0)
        o->fuse = false;
    else if (strcmp(arg, "--header") == 0)
        o->print_header = true;
    else if (starts(arg, "--header=", &rest) && *rest)
        o->print_header = true, o->header = rest;
    else if (strcmp(arg, "--int8") == 0)
        o->int8 = true;
    else if (starts(arg, "--crossover=", &rest))
        return add_crossover(a, o, rest);
    else if (starts(arg, "--dump=", &rest) && is_pass(rest))
        o->dump = rest;
    else if (starts(arg, "--dump=", &rest))
        return usage("no pass '%s': parse check lower simplify parallel", rest);
    else if (strcmp(arg, "-fdiagnostics-format=json") == 0)
        o->json = true;
    else if (strcmp(arg, "-fdiagnostics-format=text") == 0)
        o->json = false;
    else
        return usage("unknown option '%s'", arg);
    return STATUS_DONE;
}

/* Status, or -1 to go on. */
static int read_options(struct arena *a, struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value;
        if (strcmp(argv[i], "--help") == 0)
            return fputs(help, stdout) < 0 || fflush(stdout) != 0 ? STATUS_FILE : STATUS_DONE;
        if (strcmp(argv[i], "--version") == 0)
            return printf("plastc " PACKAGE_VERSION "\n") < 0 || fflush(stdout) != 0 ? STATUS_FILE
                                                                                     : STATUS_DONE;
        if (strcmp(argv[i], "--prelude") == 0)
            return fwrite(prelude_text, 1, prelude_size, stdout) < prelude_size ||
                           fflush(stdout) != 0
                       ? STATUS_FILE
                       : STATUS_DONE;
        if ((value = short_option("-o", argv, &i)))
            o->output = value;
        else if ((value = short_option("-MF", argv, &i)))
            o->depfile = value;
        else if ((value = long_option("--deploy", argv, &i)))
            o->deploy = value;
        else if ((value = long_option("--from", argv, &i)))
            o->from = value;
        else if ((value = long_option("--data", argv, &i)))
            o->data = value;
        else if ((value = long_option("--report", argv, &i)))
            o->report = value;
        else if ((value = short_option("-D", argv, &i))) {
            if (!add_definition(a, o, value))
                return usage("-D wants NAME=VALUE, not '%s'", value);
        } else if (argv[i][0] == '-' && argv[i][1]) {
            int status = read_flag(a, o, argv[i]);
            if (status)
                return status;
        } else if (o->input) {
            return usage("one model at a time: '%s' is a second", argv[i]);
        } else {
            o->input = argv[i];
        }
    }
    if (!o->input)
        return usage("%s", "no model given");
    const char *const named[] = {o->output, o->depfile, o->deploy, o->from, o->data, o->report};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (named[i] && !*named[i])
            return usage("%s", "an option needs a value");
    if (!o->deploy && (o->int8 || o->data || o->report))
        return usage("%s is for --deploy", o->int8 ? "--int8" : o->data ? "--data" : "--report");
    if (o->int8 && !o->data)
        return usage("%s", "--int8 needs --data to calibrate with");
    if (o->deploy && (o->from || o->library || o->depfile || o->explain || o->dump))
        return usage("%s is not for --deploy", o->from      ? "--from"
                                               : o->library ? "--library"
                                               : o->depfile ? "-MF"
                                               : o->explain ? "--explain"
                                                            : "--dump");
    return -1;
}

static int write_outputs(struct arena *a, const struct options *o, struct module *m)
{
    struct outputs to;
    struct text c = text_new(a), h = text_new(a);
    int status = name_outputs(a, o, m->diag, o->depfile, &to);
    if (status)
        return status;
    print_module(&c, m,
                 &(struct module_options){o->library, to.header ? base_name(to.header) : NULL});
    status = write_file(a, to.c, &c);
    if (!status && to.header) {
        print_header(&h, m);
        status = write_file(a, to.header, &h);
    }
    return !status && o->depfile ? write_depfile(a, o, m->diag, to.c) : status;
}

static int dump(struct arena *a, struct text *t)
{
    return write_file(a, "-", t);
}

static int dump_module(struct arena *a, const struct module *m)
{
    struct text t = text_new(a);
    for (const struct cfunc *f = m->func; f; f = f->next) {
        print_func(&t, f);
        text_add(&t, f->next ? "\n" : "");
    }
    return dump(a, &t);
}

static int lower(struct arena *a, const struct options *o, struct plan *plan, struct diag *d)
{
    struct module *m = lower_net(plan, d);
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        for (struct cfunc *f = m->func; f && passes[i].run; f = f->next)
            passes[i].run(a, f);
        if (o->dump && strcmp(o->dump, passes[i].name) == 0)
            return dump_module(a, m);
    }
    return write_outputs(a, o, m);
}

static int compile(struct arena *a, const struct options *o, struct diag *d)
{
    struct text t = text_new(a);
    int unreadable = 0;
    struct file *file = parse_file(a, d, o->input, &unreadable);
    if (!file) {
        diag_error(d, (struct loc){0}, "%s: %s", o->input, strerror(unreadable));
        return STATUS_FILE;
    }
    if (o->dump && strcmp(o->dump, "parse") == 0 && !d->errors) {
        dump_file(&t, file);
        return dump(a, &t);
    }
    struct net *net = check_file(a, d, file, o->definition, o->definitions);
    if (!net || d->errors || !plan_fits(net, d))
        return STATUS_ERRORS;
    if (o->dump && strcmp(o->dump, "check") == 0) {
        dump_net(&t, net);
        return dump(a, &t);
    }
    if ((o->deploy || o->from) && !plan_can_deploy(net, d))
        return STATUS_ERRORS;
    int status = check_crossovers(o, net);
    if (status)
        return status;
    struct plan *plan = plan_net(a, net, o->fuse, order_crossovers(a, o));
    if (o->from) {
        status = shrink(o, plan);
        if (status)
            return status;
        plan = plan_net(a, net, o->fuse, order_crossovers(a, o));
    }
    if (!plan_check(plan, d))
        return STATUS_PROMISE;
    if (o->deploy)
        return deploy(a, o, plan, d);
    if (o->explain) {
        explain(&t, plan);
        return dump(a, &t);
    }
    return lower(a, o, plan, d);
}

int main(int argc, char **argv)
{
    struct arena *a = arena_new();
    struct options o = {.fuse = true};
    int status = read_options(a, &o, argc, argv);
    if (status < 0) {
        struct diag *d = diag_new(a);
        status = compile(a, &o, d);
        const char *no_color = getenv("NO_COLOR");
        bool color = isatty(2) && !(no_color && *no_color);
        if (d->errors || o.json)
            diag_print(d, stderr, o.json ? DIAG_JSON : DIAG_TEXT, color);
    }
    arena_free(a);
    return status;
}
