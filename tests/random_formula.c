/* Random numbers, formulas and schedules for random models. Formulas are built
 * so that neither they nor their derivatives grow, which would make every
 * comparison of floats meaningless. */
#include "random.h"

#include <stdarg.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

uint64_t draw(struct random *r)
{
    uint64_t x = r->state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

int below(struct random *r, int n)
{
    return (int)(draw(r) % (uint64_t)n);
}

bool chance(struct random *r, int percent)
{
    return below(r, 100) < percent;
}

int pick_int(struct random *r, const int *from, int count)
{
    return from[below(r, count)];
}

const char *pick(struct random *r, const char *const *from, int count)
{
    return from[below(r, count)];
}

double between(struct random *r, double low, double high)
{
    return low + (high - low) * (double)(draw(r) >> 11) * 0x1p-53;
}

const char *format(struct random *r, const char *pattern, ...)
{
    va_list list;
    char *s;

    va_start(list, pattern);
    s = arena_vformat(r->arena, pattern, list);
    va_end(list);
    return s;
}

/* ----------------------------------------------------------------------- formulas */

static const char *leaf(struct random *r, const char *const *names, int count)
{
    const char *x = pick(r, names, count);

    switch (below(r, 10)) {
    case 0:
        return format(r, "%.3g", between(r, -1.5, 1.5));
    case 1:
        return format(r, "sin(%.2g * %s)", between(r, 0.3, 2), x);
    case 2:
        return format(r, "%s / (1 + abs(%s))", x, x);
    case 3:
        return format(r, "min(max(%s, %.2g), %.2g)", x, between(r, -2, -0.5), between(r, 0.5, 2));
    case 4:
        return format(r, "exp(-abs(%s))", x);
    case 5:
        return format(r, "1 / (1 + exp(-%s))", x);
    case 6:
        return format(r, "log(1 + %s ^ 2) / 4", x);
    case 7:
        return format(r, "sqrt(0.1 + min(%s ^ 2, 4))", x);
    case 8:
        return format(r, "cos(%s)", x);
    default:
        return format(r, "tanh(%s)", x);
    }
}

const char *condition(struct random *r, const char *const *names, int count, int depth)
{
    static const char *const operators[] = {">", "<", ">=", "<=", "!="};
    const char *op = pick(r, operators, COUNT(operators));

    switch (depth > 0 ? below(r, 7) : 0) {
    case 1:
        return format(r, "(%s) and (%s)", condition(r, names, count, depth - 1),
                      condition(r, names, count, depth - 1));
    case 2:
        return format(r, "(%s) or (%s)", condition(r, names, count, depth - 1),
                      condition(r, names, count, depth - 1));
    case 3:
        return format(r, "not (%s)", condition(r, names, count, depth - 1));
    case 4:
        return format(r, "epoch %s %d", op, below(r, 3));
    case 5:
        return format(r, "(%s) %s (%s)", bounded(r, names, count, depth - 1), op,
                      bounded(r, names, count, depth - 1));
    default:
        return format(r, "%s %s %.2g", pick(r, names, count), op, between(r, -0.5, 0.7));
    }
}

static const char *of_two(struct random *r, const char *a, const char *b)
{
    switch (below(r, 6)) {
    case 0:
        return format(r, "((%s) + (%s)) / 2", a, b);
    case 1:
        return format(r, "(%s) - (%s)", a, b);
    case 2:
        return format(r, "(%s) * (%s)", a, b);
    case 3:
        return format(r, "(%s) / (1.5 + (%s) ^ 2)", a, b);
    case 4:
        return format(r, "min((%s), (%s))", a, b);
    default:
        return format(r, "max((%s), (%s))", a, b);
    }
}

static const char *of_one(struct random *r, const char *a, const char *x)
{
    switch (below(r, 10)) {
    case 0:
        return format(r, "abs(%s)", a);
    case 1:
        return format(r, "-(%s)", a);
    case 2:
        return format(r, "(%s) ^ 2 / 2", a);
    case 3:
        return format(r, "(%s) ^ 3 / 3", a);
    case 4:
        /* not where bounded formulas come to rest */
        return format(r, "floor((%s) * 3 + 0.4217) / 3 + (%s)", a, a);
    case 5:
        return format(r, "detach(%s) * (%s)", a, x);
    case 6:
        return format(r, "fire(%s - %.2g, 1 / (1 + (%s) ^ 2))", x, between(r, -0.4, 0.4), x);
    case 7:
        return format(r, "(%s) * (0.5 + progress / 2)", a);
    case 8:
        return format(r, "(0.2 + abs(%s)) ^ %.2g", a, between(r, 0.5, 2.5));
    default:
        return format(r, "tanh(%s)", a);
    }
}

static const char *formula(struct random *r, const char *const *names, int count, int depth)
{
    if (depth <= 0)
        return leaf(r, names, count);
    switch (below(r, 5)) {
    case 0:
        return format(r, "(%s) ? (%s) : (%s)", condition(r, names, count, depth - 1),
                      formula(r, names, count, depth - 1), formula(r, names, count, depth - 1));
    case 1:
    case 2:
        return of_one(r, formula(r, names, count, depth - 1), leaf(r, names, count));
    default:
        return of_two(r, formula(r, names, count, depth - 1), formula(r, names, count, depth - 1));
    }
}

const char *bounded(struct random *r, const char *const *names, int count, int depth)
{
    const char *f = formula(r, names, count, depth);

    if (depth <= 0)
        return f;
    switch (below(r, 4)) {
    case 0:
        return format(r, "tanh(%s)", f);
    case 1:
        return format(r, "min(max((%s), -3), 3)", f);
    case 2:
        return format(r, "2 * (%s) / (1 + abs(%s))", f, f);
    default:
        return format(r, "(%s) / (1 + (%s) ^ 2)", f, f);
    }
}

const char *scheduled(struct random *r, double low, double high)
{
    double a = between(r, low, high), b = between(r, low, high);

    switch (below(r, 9)) {
    case 0:
        return format(r, "%.3g * 0.8 ^ epoch", high);
    case 1:
        return format(r, "%.3g + %.3g * progress", low, high - low);
    case 2:
        return format(r, "epoch < 1 ? %.3g : %.3g", a, b);
    case 3:
        return format(r, "%.3g / (1 + step)", high);
    case 4:
        return format(r, "%.3g * (1 - epoch / (epochs + 1))", high);
    case 5:
        if (r->has_cosine)
            return format(r, "cosine(%.3g, to = %.3g%s)", high, low,
                          chance(r, 50) ? ", warmup = 1" : "");
        return format(r, "%.3g", b);
    default:
        return format(r, "%.3g", a);
    }
}
