/* Why something could not be done, as one line for a person. Functions that may fail take one
 * and return the exit status that fits: 0, 2 for a wrong command line, 3 for a file. */
#ifndef PLAST_FAULT_H
#define PLAST_FAULT_H

enum { PLAST_STATUS_USAGE = 2, PLAST_STATUS_FILE = 3 };

struct plast_fault {
    char text[1024]; /* no newline at its end; a longer message is cut and ends in "..." */
};

/* Writes the message and returns `status`, so that callers can write
 * `return plast_fail(fault, PLAST_STATUS_FILE, "%s: ...", path);`. */
#if defined __GNUC__
__attribute__((format(printf, 3, 4)))
#endif
int plast_fail(struct plast_fault *, int status, const char *format, ...);

#endif
