/* Evaluates checked scalar expressions in double precision with a running
 * estimate of the error of single precision and a forward-mode derivative.
 * Relies on nothing but the shape of expressions. */
#include "number.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const double ulp = NUMBER_ROUNDING;

unsigned long number_undecided;

/* 0 times anything is 0, also when an error is infinite. */
static double times(double a, double b)
{
    return a == 0 || b == 0 ? 0 : fabs(a) * fabs(b);
}

static double rounding(double value, double ulps)
{
    double size = fabs(value);

    if (size > FLT_MAX)
        return INFINITY;
    return ulps * ulp * size + (size > 0 && size < FLT_MIN ? FLT_MIN : 0);
}

/* Exact operands whose result is a float: no float program rounds it. */
static bool exact(struct number a, struct number b, double value)
{
    return a.error == 0 && b.error == 0 && (double)(float)value == value;
}

static struct number finish(struct number a, double ulps)
{
    a.error += rounding(a.value, ulps);
    a.slope_error += rounding(a.slope, ulps);
    return a;
}

/* Of one rounding, which there is none of where the value is exact. */
static struct number finish_exact(struct number a, bool is_exact)
{
    struct number r = finish(a, 1);

    if (is_exact)
        r.error = 0;
    return r;
}

struct number number_exact(double value)
{
    return (struct number){value, 0, 0, 0};
}

struct number number_rounded(double value)
{
    return (struct number){value, (double)(float)value == value ? 0 : rounding(value, 1), 0, 0};
}

struct number number_variable(double value, double error)
{
    return (struct number){value, error, 1, 0};
}

bool number_true(struct number a, bool *unsure)
{
    *unsure = a.error > 0 && fabs(a.value) <= NUMBER_SAFETY * a.error;
    number_undecided += *unsure;
    return a.value != 0;
}

struct number number_merge(struct number chosen, struct number other)
{
    chosen.error = fmax(chosen.error, fabs(chosen.value - other.value) + other.error);
    chosen.slope_error =
        fmax(chosen.slope_error, fabs(chosen.slope - other.slope) + other.slope_error);
    return chosen;
}

bool number_agrees(double got, double value, double error)
{
    if (isinf(got)) /* right where a float overflows */
        return (got > 0) == (value > 0) && fabs(value) + NUMBER_SAFETY * error >= FLT_MAX;
    if (isnan(got)) /* 0 / 0 is what some models ask for */
        return isnan(value);
    return fabs(got - value) <= NUMBER_SAFETY * error + FLT_MIN;
}

/* ---------------------------------------------------------------- arithmetic */

static struct number add(struct number a, struct number b, double sign)
{
    struct number r = {a.value + sign * b.value, a.error + b.error, a.slope + sign * b.slope,
                       a.slope_error + b.slope_error};

    return finish_exact(r, exact(a, b, r.value));
}

static struct number multiply(struct number a, struct number b)
{
    struct number r;

    r.value = a.value * b.value;
    r.error = times(a.value, b.error) + times(b.value, a.error) + times(a.error, b.error);
    r.slope = a.slope * b.value + a.value * b.slope;
    r.slope_error = times(a.slope_error, b.value) + times(a.slope, b.error) +
                    times(a.value, b.slope_error) + times(a.error, b.slope) +
                    ulp * (times(a.slope, b.value) + times(a.value, b.slope));
    return finish_exact(r, exact(a, b, r.value));
}

static struct number divide(struct number a, struct number b)
{
    double below = fabs(b.value) - 2 * b.error; /* how near the divisor may come to 0 */
    double q = a.value / b.value;
    struct number r = {q, 0, 0, 0};

    r.slope = (a.slope - q * b.slope) / b.value;
    if (below <= 0 && b.error > 0) {
        r.error = r.slope_error = INFINITY;
        return r;
    }
    r.error = (a.error + times(q, b.error)) / below;
    r.slope_error = (a.slope_error + times(q, b.slope_error) + times(r.error, b.slope) +
                     times(r.slope, b.error) + 2 * ulp * (fabs(a.slope) + times(q, b.slope))) /
                    below;
    return finish_exact(r, exact(a, b, q));
}

static struct number negate(struct number a)
{
    a.value = -a.value;
    a.slope = -a.slope;
    return a;
}

/* f(a), its first and second derivative given there. */
static struct number chain(struct number a, double f, double first, double second, double ulps)
{
    struct number r = {f, times(first, a.error), first * a.slope, 0};

    r.error += times(second, a.error) / 2 * a.error; /* what counts where the first is 0 */
    r.slope_error = times(first, a.slope_error) + times(times(second, a.error), a.slope);
    if (a.slope == 0)
        r.slope = 0;
    return finish(r, ulps);
}

static struct number power_of(struct number a, struct number b)
{
    double v = pow(a.value, b.value);
    double first = b.value == 0 ? 0 : b.value * pow(a.value, b.value - 1);
    double second =
        b.value == 0 || b.value == 1 ? 0 : b.value * (b.value - 1) * pow(a.value, b.value - 2);
    struct number r = chain(a, v, first, second, 4);

    if ((b.error > 0 || b.slope != 0) && a.value > 0) {
        double by_exponent = v * log(a.value);
        r.error += times(by_exponent, b.error);
        r.slope += by_exponent * b.slope;
        r.slope_error += times(by_exponent, b.slope_error) + rounding(by_exponent * b.slope, 8);
    }
    return r;
}

static struct number square_root(struct number a)
{
    double v = sqrt(a.value);
    struct number r = chain(a, v, 0.5 / v, -0.25 / (v * a.value), 1);

    if (a.error > 0 || a.value == 0) {
        double low = sqrt(fmax(0, a.value - a.error)), high = sqrt(a.value + a.error);
        r.error = fmax(high - v, v - low) + rounding(v, 1);
    }
    return r;
}

static struct number hyperbolic_tangent(struct number a)
{
    double t = tanh(a.value);
    struct number r = chain(a, t, 1 - t * t, -2 * t * (1 - t * t), 4);

    r.slope_error += 4 * ulp * fabs(a.slope); /* 1 - t * t cancels in floats */
    return r;
}

/* ------------------------------------------------------- what may go two ways */

static bool near(struct number a, struct number b)
{
    double error = a.error + b.error;
    bool is = error > 0 && fabs(a.value - b.value) <= NUMBER_SAFETY * error;

    number_undecided += is;
    return is;
}

static struct number verdict(bool is, bool unsure)
{
    return (struct number){is, unsure, 0, 0};
}

static struct number compare(enum expr_kind kind, struct number a, struct number b)
{
    double x = a.value, y = b.value;
    bool is = kind == E_LT   ? x < y
              : kind == E_LE ? x <= y
              : kind == E_GT ? x > y
              : kind == E_GE ? x >= y
              : kind == E_EQ ? x == y
                             : x != y;

    return verdict(is, near(a, b));
}

static struct number both(bool either, struct number a, struct number b)
{
    bool unsure_a, unsure_b;
    bool is_a = number_true(a, &unsure_a), is_b = number_true(b, &unsure_b);
    bool settled = (!unsure_a && is_a == either) || (!unsure_b && is_b == either);

    return verdict(either ? is_a || is_b : is_a && is_b, !settled && (unsure_a || unsure_b));
}

static struct number opposite(struct number a)
{
    bool unsure, is = number_true(a, &unsure);

    return verdict(!is, unsure);
}

/* Of equal ones the second, whose derivative then counts. */
static struct number extreme(bool largest, struct number a, struct number b)
{
    bool first = largest ? a.value > b.value : a.value < b.value;

    if (near(a, b))
        return first ? number_merge(a, b) : number_merge(b, a);
    return first ? a : b;
}

static struct number absolute(struct number a)
{
    struct number zero = {0, 0, 0, 0};

    if (near(a, zero))
        return a.value < 0 ? number_merge(negate(a), a) : number_merge(a, negate(a));
    if (a.value == 0)
        return zero;
    return a.value < 0 ? negate(a) : a;
}

static struct number floor_of(struct number a)
{
    struct number r = {floor(a.value), 0, 0, 0};
    double reach = NUMBER_SAFETY * a.error;

    if (a.error > 0 && (floor(a.value - reach) != r.value || floor(a.value + reach) != r.value)) {
        r.error = fmax(1, reach);
        number_undecided++;
    }
    return r;
}

static struct number fire(struct number z, struct number window)
{
    struct number r = {z.value > 0, near(z, number_exact(0)), 0, 0};

    window.slope = window.slope_error = 0;
    r.slope = window.value * z.slope;
    r.slope_error =
        times(window.error, z.slope) + times(window.value, z.slope_error) + rounding(r.slope, 1);
    return r;
}

/* ----------------------------------------------------------------- expressions */

static struct number call_one(const char *name, struct number a)
{
    double v = a.value;

    if (!strcmp(name, "abs"))
        return absolute(a);
    if (!strcmp(name, "exp"))
        return chain(a, exp(v), exp(v), exp(v), 4);
    if (!strcmp(name, "log"))
        return chain(a, log(v), 1 / v, -1 / (v * v), 4);
    if (!strcmp(name, "sqrt"))
        return square_root(a);
    if (!strcmp(name, "sin"))
        return chain(a, sin(v), cos(v), -sin(v), 4);
    if (!strcmp(name, "cos"))
        return chain(a, cos(v), -sin(v), -cos(v), 4);
    if (!strcmp(name, "tanh"))
        return hyperbolic_tangent(a);
    if (!strcmp(name, "floor"))
        return floor_of(a);
    if (!strcmp(name, "detach")) {
        a.slope = a.slope_error = 0;
        return a;
    }
    bug("the reference does not know the primitive '%s'", name);
}

static struct number call(const struct expr *e, const struct binding *names, int count)
{
    struct number a = number_evaluate(e->arg[0], names, count), b;

    if (e->count == 1)
        return call_one(e->name, a);
    b = number_evaluate(e->arg[1], names, count);
    if (!strcmp(e->name, "fire"))
        return fire(a, b);
    if (!strcmp(e->name, "min") || !strcmp(e->name, "max"))
        return extreme(e->name[1] == 'a', a, b);
    bug("the reference does not know the primitive '%s' of two", e->name);
}

static struct number lookup(const char *name, const struct binding *names, int count)
{
    for (int i = 0; i < count; i++)
        if (names[i].name == name)
            return names[i].value;
    bug("the reference has no value for '%s'", name);
}

static struct number choose(const struct expr *e, const struct binding *names, int count)
{
    bool unsure, is = number_true(number_evaluate(e->arg[0], names, count), &unsure);
    struct number r = number_evaluate(e->arg[is ? 1 : 2], names, count);

    return unsure ? number_merge(r, number_evaluate(e->arg[is ? 2 : 1], names, count)) : r;
}

static struct number binary(enum expr_kind kind, struct number a, struct number b)
{
    switch (kind) {
    case E_ADD:
        return add(a, b, 1);
    case E_SUB:
        return add(a, b, -1);
    case E_MUL:
        return multiply(a, b);
    case E_DIV:
        return divide(a, b);
    case E_POW:
        return power_of(a, b);
    case E_AND:
        return both(false, a, b);
    case E_OR:
        return both(true, a, b);
    default: /* the comparisons: number_evaluate lets nothing else through */
        return compare(kind, a, b);
    }
}

struct number number_evaluate(const struct expr *e, const struct binding *names, int count)
{
    switch (e->kind) {
    case E_NUMBER:
        return number_rounded(e->number);
    case E_NAME:
        return lookup(e->name, names, count);
    case E_CALL:
        return call(e, names, count);
    case E_NEG:
        return negate(number_evaluate(e->arg[0], names, count));
    case E_NOT:
        return opposite(number_evaluate(e->arg[0], names, count));
    case E_COND:
        return choose(e, names, count);
    case E_ADD:
    case E_SUB:
    case E_MUL:
    case E_DIV:
    case E_POW:
    case E_LT:
    case E_LE:
    case E_GT:
    case E_GE:
    case E_EQ:
    case E_NE:
    case E_AND:
    case E_OR:
        return binary(e->kind, number_evaluate(e->arg[0], names, count),
                      number_evaluate(e->arg[1], names, count));
    case E_INT:
    case E_PIPE:
    case E_TUPLE:
    case E_PLACE:
    case E_REM:
    case E_INDEX:
    case E_CAST:
    case E_ADDRESS:
    case E_DEREF:
    case E_ARROW:
    case E_DOT:
        break;
    }
    bug("an expression of kind %d in a checked network", (int)e->kind);
}
