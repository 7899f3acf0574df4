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
void print_c_string(struct text *, const char *bytes, size_t size); /* with its quotes */

#endif
