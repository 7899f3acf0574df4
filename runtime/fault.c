/* Formats the message of a fault. Relies on nothing but libc. */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int plast_fail(struct plast_fault *fault, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    if (length >= (int)sizeof fault->text)
        memcpy(fault->text + sizeof fault->text - 4, "...", 4);
    return status;
}
