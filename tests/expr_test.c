/* Expressions: derivatives against central differences and folding against evaluation on random
 * expressions, and how things print. With --print it writes a C program instead that holds the
 * random expressions as functions and checks their values (tests/expr_c.t compiles it). */
#include "ast.h"
#include "tap.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static struct arena *arena;
static const char *names[3];
static uint64_t state = 1;

static uint64_t draw(uint64_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 33) % below;
}

static double draw_value(void)
{
    return ((double)draw(4001) - 2000) / 1000;
}

static struct expr *number(double value)
{
    return expr_number(arena, (struct loc){0}, value);
}

static struct expr *name(int which)
{
    return expr_name(arena, (struct loc){0}, names[which]);
}

static struct expr *two(enum expr_kind kind, struct expr *a, struct expr *b)
{
    return expr_binary(arena, (struct loc){0}, kind, a, b);
}

static struct expr *call(const char *function, struct expr *a, struct expr *b)
{
    struct expr *arg[2] = {a, b};
    return expr_call(arena, (struct loc){0}, intern(arena, function), b ? 2 : 1, arg, NULL);
}

static struct expr *draw_expr(int depth);

/* Operands are drawn one after the other, not as arguments of one call: compilers differ in the
 * order of those, and would test different expressions. */
static struct expr *draw_two(enum expr_kind kind, int depth, int second_depth)
{
    struct expr *a = draw_expr(depth), *b = draw_expr(second_depth);
    return two(kind, a, b);
}

static struct expr *draw_condition(int depth)
{
    static const enum expr_kind comparison[] = {E_LT, E_LE, E_GT, E_GE, E_EQ, E_NE};
    struct expr *first;
    switch (draw(6)) {
    case 0:
        first = draw_condition(depth - 1);
        return two(E_AND, first, draw_expr(depth - 1));
    case 1:
        first = draw_expr(depth - 1);
        return two(E_OR, first, draw_condition(depth - 1));
    case 2:
        return expr_unary(arena, (struct loc){0}, E_NOT, draw_expr(depth - 1));
    default:
        return draw_two(comparison[draw(6)], depth - 1, depth - 1);
    }
}

static struct expr *draw_call(int depth)
{
    static const char *const unary[] = {"abs", "exp", "log", "sqrt", "sin", "cos", "tanh", "floor"};
    uint64_t which = draw(10);
    if (which < 8)
        return call(unary[which], draw_expr(depth - 1), NULL);
    struct expr *first = draw_expr(depth - 1);
    return call(which == 8 ? "min" : "max", first, draw_expr(depth - 1));
}

static struct expr *draw_expr(int depth)
{
    static const double constants[] = {0, 1, 2, 3, 0.5, -1, 0.1, 1e-3};
    struct expr *condition, *then;
    if (depth <= 0 || draw(8) == 0)
        return draw(3) ? name((int)draw(3)) : number(constants[draw(8)]);
    switch (draw(9)) {
    case 0:
        return expr_unary(arena, (struct loc){0}, E_NEG, draw_expr(depth - 1));
    case 1:
    case 2:
        return draw_two(draw(2) ? E_ADD : E_SUB, depth - 1, depth - 1);
    case 3:
        return draw_two(E_MUL, depth - 1, depth - 1);
    case 4:
        return draw_two(E_DIV, depth - 1, depth - 1);
    case 5:
        return draw_two(E_POW, depth - 1, draw(2) ? 0 : depth - 1);
    case 6:
        condition = draw_condition(depth - 1);
        then = draw_expr(depth - 1);
        return expr_cond(arena, (struct loc){0}, condition, then, draw_expr(depth - 1));
    case 7:
        return draw(3) ? draw_call(depth) : draw_condition(depth);
    default:
        return draw_call(depth);
    }
}

static bool value_of(void *context, const char *text, double *result)
{
    for (int i = 0; i < 3; i++)
        if (text == names[i])
            *result = ((double *)context)[i];
    return true;
}

static double evaluate(const struct expr *e, double *at)
{
    double result = NAN;
    if (!expr_evaluate(e, value_of, at, &result))
        bug("not computable");
    return result;
}

static bool near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance * (1 + fabs(a) + fabs(b));
}

static double difference(const struct expr *e, double *at, double h)
{
    double x = at[0], up, down;
    at[0] = x + h;
    up = evaluate(e, at);
    at[0] = x - h;
    down = evaluate(e, at);
    at[0] = x;
    return (up - down) / (2 * h);
}

static char *text_of(const struct expr *e, enum expr_style style)
{
    struct text text = text_new(arena);
    expr_print(&text, e, style);
    return text.bytes;
}

/* Nothing in it is infinite or stands where a slope would be: what central differences can see
 * through and a formula cannot. */
static bool is_regular(const struct expr *e, double *at)
{
    bool steep = e->kind == E_POW || (e->kind == E_CALL && strcmp(e->name, "sqrt") == 0);
    if (steep && evaluate(e->arg[0], at) == 0)
        return false;
    for (int i = 0; i < e->count; i++)
        if (!is_regular(e->arg[i], at))
            return false;
    return isfinite(evaluate(e, at));
}

/* Where a value in it is large, the digits that a difference would show are rounded away. */
static bool is_moderate(const struct expr *e, double *at)
{
    for (int i = 0; i < e->count; i++)
        if (!is_moderate(e->arg[i], at))
            return false;
    return fabs(evaluate(e, at)) < 1e6;
}

/* Not the one point where a comparison decides otherwise than on both sides of it. */
static bool is_continuous(const struct expr *e, double *at)
{
    double x = at[0], here = evaluate(e, at), sides;
    at[0] = x + 1e-7;
    sides = evaluate(e, at);
    at[0] = x - 1e-7;
    sides = (sides + evaluate(e, at)) / 2;
    at[0] = x;
    return near(here, sides, 1e-5);
}

/* Differences at two widths must agree, or a kink lies too near for them to mean anything. */
static bool is_smooth(const struct expr *e, double *at, double *slope)
{
    double wide = difference(e, at, 2e-4), half = difference(e, at, 1e-4),
           fine = difference(e, at, 5e-5);
    *slope = (4 * fine - half) / 3;
    return isfinite(wide) && isfinite(half) && isfinite(fine) && fabs(fine) < 1e4 &&
           near(wide, half, 1e-4) && near(half, fine, 1e-4);
}

static void test_derivatives(void)
{
    int compared = 0, wrong = 0, moving = 0;
    for (int i = 0; i < 20000; i++) {
        struct expr *e = draw_expr(4);
        struct expr *d = expr_derivative(arena, e, names[0]);
        double at[3] = {draw_value(), draw_value(), draw_value()}, slope;
        if (!is_regular(e, at) || !is_moderate(e, at) || !is_continuous(e, at) ||
            !is_smooth(e, at, &slope))
            continue;
        compared++;
        moving += fabs(slope) > 1e-3;
        double got = evaluate(d, at);
        if (!near(got, slope, 1e-3) && wrong++ < 5)
            note("%s at %g %g %g: %g, not %g: %s", text_of(e, EXPR_MODEL), at[0], at[1], at[2], got,
                 slope, text_of(d, EXPR_MODEL));
    }
    note("%d derivatives compared, %d of them not zero", compared, moving);
    ok(wrong == 0, "derivatives agree with central differences");
    ok(compared > 8000 && moving > 3000, "enough derivatives were compared");
}

static void test_folding(void)
{
    int compared = 0, wrong = 0, smaller = 0;
    for (int i = 0; i < 20000; i++) {
        struct expr *e = draw_expr(5), *folded = expr_fold(arena, e);
        double at[3] = {draw_value(), draw_value(), draw_value()};
        double before = evaluate(e, at), after = evaluate(folded, at);
        smaller += folded->size < e->size;
        if (!is_regular(e, at))
            continue;
        compared++;
        if (!near(before, after, 1e-12) && wrong++ < 5)
            note("%s became %s: %g, not %g", text_of(e, EXPR_MODEL), text_of(folded, EXPR_MODEL),
                 after, before);
        if (!expr_equal(expr_fold(arena, folded), folded) && wrong++ < 5)
            note("%s folds further", text_of(folded, EXPR_MODEL));
    }
    note("%d values compared, %d expressions became smaller", compared, smaller);
    ok(wrong == 0, "folding keeps values, and is done at once");
    ok(compared > 8000 && smaller > 3000, "enough was folded");
}

static void prints(struct expr *e, enum expr_style style, const char *want)
{
    char *got = text_of(e, style);
    if (!ok(strcmp(got, want) == 0, "prints %s", want))
        note("got %s", got);
}

static void derives(struct expr *e, const char *want)
{
    prints(expr_derivative(arena, e, names[0]), EXPR_MODEL, want);
}

static void test_printing(void)
{
    struct expr *x = name(0), *y = name(1), *zero = number(0);
    struct expr *less = two(E_LT, x, y), *more = two(E_GT, x, zero);
    prints(two(E_SUB, x, two(E_SUB, y, number(1))), EXPR_FLOAT, "x - (y - 1.0f)");
    prints(two(E_MUL, two(E_ADD, x, y), number(0.1)), EXPR_FLOAT, "(x + y) * 0.1f");
    prints(two(E_OR, two(E_AND, less, more), less), EXPR_FLOAT, "(x < y && x > 0.0f) || x < y");
    prints(two(E_OR, two(E_AND, less, more), less), EXPR_MODEL, "x < y and x > 0 or x < y");
    prints(two(E_ADD, less, number(1)), EXPR_FLOAT, "(float)(x < y) + 1.0f");
    prints(expr_cond(arena, x->loc, x, y, more), EXPR_DOUBLE, "x != 0.0 ? y : (double)(x > 0.0)");
    prints(expr_unary(arena, x->loc, E_NOT, less), EXPR_FLOAT, "!(x < y)");
    prints(expr_unary(arena, x->loc, E_NOT, x), EXPR_FLOAT, "x == 0.0f");
    prints(expr_unary(arena, x->loc, E_NEG, number(-2)), EXPR_FLOAT, "-(-2.0f)");
    prints(two(E_POW, x, number(2)), EXPR_FLOAT, "x * x");
    prints(two(E_POW, x, number(3)), EXPR_MODEL, "x ^ 3");
    prints(two(E_POW, two(E_POW, x, y), y), EXPR_MODEL, "(x ^ y) ^ y");
    prints(two(E_POW, x, y), EXPR_FLOAT, "powf(x, y)");
    prints(call("max", x, zero), EXPR_FLOAT, "x > 0.0f ? x : 0.0f");
    prints(two(E_MUL, call("min", x, y), y), EXPR_FLOAT, "(x < y ? x : y) * y");
    prints(call("fire", x, y), EXPR_FLOAT, "x > 0.0f");
    prints(two(E_SUB, x, call("fire", x, y)), EXPR_FLOAT, "x - (float)(x > 0.0f)");
    prints(call("detach", two(E_ADD, x, y), NULL), EXPR_FLOAT, "x + y");
    prints(two(E_MUL, call("detach", two(E_ADD, x, y), NULL), x), EXPR_FLOAT, "(x + y) * x");
    prints(call("abs", x, NULL), EXPR_DOUBLE, "fabs(x)");
    prints(two(E_INDEX, expr_member(arena, E_ARROW, x, intern(arena, "w")), two(E_REM, y, x)),
           EXPR_FLOAT, "x->w[y % x]");
    prints(expr_unary(arena, x->loc, E_ADDRESS, two(E_INDEX, x, expr_int(arena, 4))), EXPR_FLOAT,
           "&x[4]");
    prints(
        expr_member(arena, E_CAST, expr_unary(arena, x->loc, E_DEREF, x), intern(arena, "int64_t")),
        EXPR_FLOAT, "(int64_t)(*x)");
    prints(number(1e-60), EXPR_FLOAT, "0.0f");
    prints(number(16777216), EXPR_FLOAT, "16777216.0f");
    prints(number(1 / 3.0), EXPR_DOUBLE, "0.3333333333333333");
}

static void test_rules(void)
{
    struct expr *x = name(0), *y = name(1);
    derives(two(E_POW, x, number(2)), "2 * x");
    derives(two(E_POW, x, number(0)), "0");
    derives(two(E_POW, number(2), x), "2 ^ x * 0.6931471805599453");
    derives(call("fire", two(E_MUL, number(3), x), y), "y * 3");
    derives(two(E_MUL, call("detach", x, NULL), x), "detach(x)");
    derives(expr_cond(arena, x->loc, two(E_GT, x, number(0)), x, number(0)), "x > 0 ? 1 : 0");
    derives(call("max", x, number(0)), "x > 0 ? 1 : 0");
    derives(call("abs", x, NULL), "x > 0 ? 1 : x < 0 ? -1 : 0");
    derives(two(E_GT, x, number(0)), "0");
    derives(call("floor", x, NULL), "0");
    derives(two(E_DIV, x, number(0)), "1 / 0");
    prints(expr_fold(arena, two(E_DIV, number(1), number(0))), EXPR_MODEL, "1 / 0");
    prints(expr_fold(arena, call("log", number(0), NULL)), EXPR_MODEL, "log(0)");
    prints(expr_fold(arena, two(E_MUL, number(0), x)), EXPR_MODEL, "0");
    prints(expr_fold(arena, two(E_POW, number(0), number(0))), EXPR_MODEL, "1");
    double at[3] = {0, 0, 0};
    struct expr *power = expr_derivative(arena, two(E_POW, x, y), names[0]);
    ok(evaluate(power, at) == 0, "the slope of 0 ^ 0 in its base is 0");
    struct expr *swap = two(E_ADD, x, two(E_MUL, y, y));
    swap = expr_substitute(arena, swap, names[1], two(E_ADD, x, y));
    prints(swap, EXPR_MODEL, "x + (x + y) * (x + y)");
}

/* Printed as model text and parsed again: the same text, and the same value. */
static void test_reading(void)
{
    enum { COUNT = 1000 };
    struct text text = text_new(arena);
    struct expr *e[COUNT];
    for (int i = 0; i < COUNT; i++) {
        e[i] = i % 2 ? draw_expr(5) : expr_fold(arena, draw_expr(5));
        text_printf(&text, "function f%d(x, y, z) = %s;\n", i, text_of(e[i], EXPR_MODEL));
    }
    struct diag *diag = diag_new(arena);
    struct file *file = parse_text(arena, diag, "test.pl", text.bytes, text.size);
    int count = 0, wrong = 0;
    for (const struct stmt *s = file->first; s; s = s->next, count++) {
        double at[3] = {draw_value(), draw_value(), draw_value()};
        double before = evaluate(e[count], at), after = evaluate(s->value, at);
        bool same = strcmp(text_of(e[count], EXPR_MODEL), text_of(s->value, EXPR_MODEL)) == 0;
        if ((!same || (isfinite(before) && before != after)) && wrong++ < 5)
            note("%s was read as %s", text_of(e[count], EXPR_MODEL), text_of(s->value, EXPR_MODEL));
    }
    if (!ok(diag->errors == 0 && count == COUNT && wrong == 0, "what is printed can be read"))
        diag_print(diag, stdout, DIAG_TEXT, false);
}

/* check refuses constants that single precision does not hold, so they are never printed. */
static bool fits_float(const struct expr *e)
{
    for (int i = 0; i < e->count; i++)
        if (!fits_float(e->arg[i]))
            return false;
    return e->kind != E_NUMBER || fabs(e->number) <= FLT_MAX;
}

/* A thousand functions and what they give, for a C compiler that warns about everything. */
static void print_program(void)
{
    puts("#include <math.h>\n#include <stdio.h>");
    int count = 600;
    double(*at)[3] = arena_array(arena, (size_t)count, sizeof *at);
    struct expr **e = NEW_ARRAY(arena, count, struct expr *);
    for (int i = 0; i < count; i++) {
        do {
            e[i] = expr_fold(arena, draw_expr(5));
            for (int k = 0; k < 3; k++)
                at[i][k] = draw_value();
        } while (!fits_float(e[i]) || !is_regular(e[i], at[i]));
        const char *const style[] = {"double", "float"};
        for (int s = 0; s < 2; s++)
            printf("static %s %c%d(%s x, %s y, %s z)\n{\n    (void)x, (void)y, (void)z;\n"
                   "    return %s;\n}\n",
                   style[s], "df"[s], i, style[s], style[s], style[s],
                   text_of(e[i], s ? EXPR_FLOAT : EXPR_DOUBLE));
    }
    puts("static int bad;\nstatic void check(int i, double got, float rough, double want)\n{\n"
         "    int wrong = !(fabs(got - want) <= 1e-9 * (1 + fabs(want)));\n"
         "    int far = !(fabs((double)rough - want) <= 1e-2 * (1 + fabs(want)));\n"
         "    if (wrong)\n        printf(\"%d: %.17g, not %.17g\\n\", i, got, want);\n"
         "    bad += 1000 * wrong + far;\n}\nint main(void)\n{");
    for (int i = 0; i < count; i++) {
        struct text line = text_new(arena);
        text_printf(&line, "    check(%d", i);
        for (int s = 0; s < 2; s++) {
            text_printf(&line, ", %c%d(", "df"[s], i);
            for (int k = 0; k < 3; k++) {
                print_literal(&line, at[i][k], s ? EXPR_FLOAT : EXPR_DOUBLE);
                text_add(&line, k < 2 ? ", " : ")");
            }
        }
        printf("%s, %.17g);\n", line.bytes, evaluate(e[i], at[i]));
    }
    puts("    printf(\"%d\\n\", bad);\n    return bad >= 60;\n}");
}

int main(int argc, char **argv)
{
    arena = arena_new();
    for (int i = 0; i < 3; i++)
        names[i] = intern(arena, i == 0 ? "x" : i == 1 ? "y" : "z");
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        print_program();
        arena_free(arena);
        return 0;
    }
    test_derivatives();
    test_folding();
    test_printing();
    test_rules();
    test_reading();
    arena_free(arena);
    return tap_done();
}
