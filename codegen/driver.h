/* The parts of plastc's command line: options and passes are main.c's. */
#ifndef PLAST_DRIVER_H
#define PLAST_DRIVER_H

#include "plan.h"

enum { STATUS_DONE, STATUS_ERRORS, STATUS_USAGE, STATUS_FILE, STATUS_PROMISE };

struct options {
    const char *input, *output, *header, *depfile, *dump;
    const char *deploy, *data, *report, *from;
    bool library, explain, fuse, print_header, json, int8;
    struct definition *definition;
    int definitions;
    struct crossover *crossover;
    int crossovers;
};

int usage(const char *format, const char *what); /* STATUS_USAGE */

const char *base_name(const char *path);
/* Under a temporary name first: a file is whole or it is not there. A symbolic link stays one. */
int write_file(struct arena *, const char *path, const struct text *);
/* Where the C goes, and its header (NULL: there is none), beside one file more. */
struct outputs {
    const char *c, *header;
};
int name_outputs(struct arena *, const struct options *, const struct diag *, const char *more,
                 struct outputs *);
int write_depfile(struct arena *, const struct options *, const struct diag *, const char *output);

int deploy(struct arena *, const struct options *, const struct plan *, struct diag *);
/* The net becomes what the checkpoint has alive of it. */
int shrink(const struct options *, const struct plan *whole);

#endif
