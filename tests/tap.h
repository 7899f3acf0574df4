/* Test programs print TAP with these: ok() for each test, note() for what helps
 * to understand a failure, skip() for what cannot be tested here, and at last
 * `return tap_done();`, which prints the plan. For the one file of a program
 * that prints: its counters are static. */
#ifndef PLAST_TAP_H
#define PLAST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#if defined __GNUC__
#define TAP_PRINTF __attribute__((format(printf, 2, 3), unused))
#define TAP_NOTE __attribute__((format(printf, 1, 2), unused))
#define TAP_UNUSED __attribute__((unused))
#else
#define TAP_PRINTF
#define TAP_NOTE
#define TAP_UNUSED
#endif

static int tap_count, tap_failed;

TAP_PRINTF static bool ok(bool passed, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    tap_failed += !passed;
    printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
    vprintf(format, list);
    putchar('\n');
    fflush(stdout);
    va_end(list);
    return passed;
}

TAP_NOTE static void note(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fputs("# ", stdout);
    vprintf(format, list);
    putchar('\n');
    va_end(list);
}

TAP_UNUSED static void skip(const char *what, const char *reason)
{
    printf("ok %d - %s # SKIP %s\n", ++tap_count, what, reason);
}

TAP_UNUSED static int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed != 0;
}

#endif
