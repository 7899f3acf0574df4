/* Single numbers of a text file. */
#ifndef PLAST_CSV_H
#define PLAST_CSV_H

enum plast_number {
    PLAST_NUMBER_GOOD,
    PLAST_NUMBER_NONE,    /* something else stands there */
    PLAST_NUMBER_INFINITE /* nan, inf, or more than a float holds */
};

/* Reads a decimal number at *at and moves behind it; *end is 0. The result is the same on every
 * machine and in every locale for up to 15 digits and exponents to 22. */
enum plast_number plast_read_number(const char **at, const char *end, float *value);

/* Whether the line from `at` is one of names: something in it is neither a number nor a mark for
 * a missing one. */
int plast_is_line_of_names(const char *at, const char *end);

#endif
