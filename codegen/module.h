/* Functions -> the text of one C file, and of its header. */
#ifndef PLAST_MODULE_H
#define PLAST_MODULE_H

#include "lower.h"

struct module_options {
    bool library;       /* no main */
    const char *header; /* name for #include, or NULL */
};

void print_module(struct text *, const struct module *, const struct module_options *);
void print_header(struct text *, const struct module *);
/* axes.c: prints, of a net that was shrunk, which units are left of what the fields are of. */
struct axes {
    struct named_axis {
        const struct axis *axis;
        const char *name;
    } * at;
    int count;
};
struct axes print_axes(struct text *, const struct plan *);
/* The initialiser of plast_tensor.whole. */
void print_whole(struct text *, const struct axes *, const struct field *);
void print_c_string(struct text *, const char *bytes, size_t size); /* with its quotes */

#endif
