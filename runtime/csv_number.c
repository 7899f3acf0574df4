/* Numbers and names in lines of text. Takes bytes with a 0 behind them, relies on strtod only for
 * numbers of more digits or larger exponents than fit a double exactly. */
#include "csv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The parts of a decimal number as written. */
struct decimal {
    uint64_t digits; /* all of them as one whole number */
    int count;       /* from the first that is not 0 */
    int exponent;    /* of ten, the place of the point included */
    int negative;
};

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits of one side of the point; returns how many stood there. */
static int read_digits(const char **at, struct decimal *d)
{
    int seen = 0;
    for (; is_digit(**at); (*at)++, seen += seen < 2000) {
        if (d->count < 18)
            d->digits = d->digits * 10 + (uint64_t)(**at - '0');
        d->count += d->count || **at != '0';
        if (d->count > 1000)
            d->count = 1000;
    }
    return seen;
}

static void read_exponent(const char **at, struct decimal *d)
{
    const char *p = *at + 1;
    int negative = *p == '-', exponent = 0;
    if (*p == '-' || *p == '+')
        p++;
    if ((**at != 'e' && **at != 'E') || !is_digit(*p))
        return;
    for (; is_digit(*p); p++)
        exponent = exponent < 10000 ? exponent * 10 + (*p - '0') : exponent;
    d->exponent += negative ? -exponent : exponent;
    *at = p;
}

static int read_decimal(const char **at, struct decimal *d)
{
    const char *p = *at;
    *d = (struct decimal){.negative = *p == '-'};
    if (*p == '-' || *p == '+')
        p++;
    int seen = read_digits(&p, d);
    if (*p == '.') {
        p++;
        int behind = read_digits(&p, d);
        d->exponent = -behind;
        seen += behind;
    }
    if (!seen)
        return 0;
    read_exponent(&p, d);
    *at = p;
    return 1;
}

/* The word at this place is one of those that stand for no number. */
static size_t is_missing_word(const char *at)
{
    static const char *const word[] = {"nan", "infinity", "inf", "null", "na", "n/a", "?"};
    size_t sign = *at == '-' || *at == '+';
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
        size_t length = strlen(word[i]);
        if (!strncasecmp(at + sign, word[i], length) &&
            (!at[sign + length] || strchr(",; \t\r\n\"'", at[sign + length])))
            return sign + length;
    }
    return 0;
}

static double scale_decimal(const struct decimal *d, const char *text)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (d->count > 15 || d->exponent > 22 || d->exponent < -22)
        return strtod(text, NULL);
    double value = (double)d->digits;
    value = d->exponent < 0 ? value / power[-d->exponent] : value * power[d->exponent];
    return d->negative ? -value : value;
}

enum plast_number plast_read_number(const char **at, const char *end, float *value)
{
    struct decimal d;
    const char *text = *at;
    *value = 0;
    if (text == end)
        return PLAST_NUMBER_NONE;
    if (!read_decimal(at, &d))
        return is_missing_word(text) ? PLAST_NUMBER_INFINITE : PLAST_NUMBER_NONE;
    double real = scale_decimal(&d, text);
    if (!(real >= -0x1.fffffefffffffp+127 && real <= 0x1.fffffefffffffp+127))
        return PLAST_NUMBER_INFINITE;
    *value = (float)real;
    return PLAST_NUMBER_GOOD;
}

int plast_is_line_of_names(const char *at, const char *end)
{
    while (at < end && *at != '\n') {
        struct decimal d;
        size_t blanks = strspn(at, ",; \t\r\"'");
        size_t missing;
        at += blanks;
        if (at == end || *at == '\n')
            break;
        if ((missing = is_missing_word(at)) != 0)
            at += missing;
        else if (!read_decimal(&at, &d) || (*at && !strchr(",; \t\r\n\"'", *at)))
            return 1;
        else if (!*at && at < end)
            return 0; /* a 0 byte: let the reader of numbers say so */
    }
    return 0;
}
