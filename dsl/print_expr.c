/* Prints expressions: as model text, or as C in single or double precision. Parentheses stand only
 * where the reader, or a compiler that warns, needs them. */
#include "expr.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How tightly things bind, in plast and C alike (`not` is only in plast below comparisons). */
enum level {
    L_ANY,
    L_PIPE,
    L_COND,
    L_OR,
    L_AND,
    L_NOT,
    L_COMPARE,
    L_ADD,
    L_MUL,
    L_UNARY,
    L_POW,
    L_POSTFIX
};

struct printer {
    struct text *text;
    enum expr_style style;
};

/* The fewest digits that are read back as the same number. */
static void shorten(char *digits, size_t size, double value, enum expr_style style)
{
    int most = style == EXPR_FLOAT ? 9 : 17;
    for (int precision = 1; precision <= most; precision++) {
        snprintf(digits, size, "%.*g", precision, value);
        if (style == EXPR_FLOAT ? strtof(digits, NULL) == (float)value
                                : strtod(digits, NULL) == value)
            break;
    }
}

void print_literal(struct text *text, double value, enum expr_style style)
{
    char digits[40];
    if (style == EXPR_FLOAT)
        value = (double)(float)value;
    if (!isfinite(value))
        bug("a literal that is not finite");
    if (value == floor(value) && fabs(value) < 1e15)
        snprintf(digits, sizeof digits, "%.0f", value);
    else
        shorten(digits, sizeof digits, value, style);
    text_add(text, digits);
    if (style != EXPR_MODEL && !strpbrk(digits, ".e"))
        text_add(text, ".0");
    if (style == EXPR_FLOAT)
        text_add(text, "f");
}

static void print_value(const struct printer *, const struct expr *, enum level);
static void print_plain(const struct printer *, const struct expr *, enum level);

static void add(const struct printer *p, const char *text)
{
    text_add(p->text, text);
}

static const char *operator_text(const struct printer *p, enum expr_kind kind)
{
    switch ((int)kind) {
    case E_ADD:
        return " + ";
    case E_SUB:
        return " - ";
    case E_MUL:
        return " * ";
    case E_DIV:
        return " / ";
    case E_REM:
        return " % ";
    case E_POW:
        return " ^ ";
    case E_LT:
        return " < ";
    case E_LE:
        return " <= ";
    case E_GT:
        return " > ";
    case E_GE:
        return " >= ";
    case E_EQ:
        return " == ";
    case E_NE:
        return " != ";
    case E_AND:
        return p->style == EXPR_MODEL ? " and " : " && ";
    case E_OR:
        return p->style == EXPR_MODEL ? " or " : " || ";
    case E_PIPE:
        return " |> ";
    }
    bug("not a binary operator: %d", (int)kind);
}

static void open_if(const struct printer *p, bool needed)
{
    if (needed)
        add(p, "(");
}

static void close_if(const struct printer *p, bool needed)
{
    if (needed)
        add(p, ")");
}

/* In C, so cheap to compute that it may be printed twice. */
static bool is_small(const struct expr *e)
{
    if (e->size > 5 || e->kind == E_DIV || e->kind == E_POW || e->kind == E_COND)
        return false;
    if (e->kind == E_CALL && strcmp(e->name, "min") != 0 && strcmp(e->name, "max") != 0)
        return false;
    for (int i = 0; i < e->count; i++)
        if (!is_small(e->arg[i]))
            return false;
    return true;
}

static void print_condition(const struct printer *p, const struct expr *e, enum level need)
{
    if (p->style == EXPR_MODEL || expr_is_logical(e)) {
        print_plain(p, e, need);
        return;
    }
    open_if(p, need > L_COMPARE);
    print_value(p, e, L_ADD);
    add(p, p->style == EXPR_FLOAT ? " != 0.0f" : " != 0.0");
    close_if(p, need > L_COMPARE);
}

static void print_binary(const struct printer *p, const struct expr *e, enum level own,
                         enum level left, enum level right, enum level need)
{
    open_if(p, need > own);
    print_value(p, e->arg[0], left);
    add(p, operator_text(p, e->kind));
    print_value(p, e->arg[1], right);
    close_if(p, need > own);
}

static void print_and_or(const struct printer *p, const struct expr *e, enum level need)
{
    enum level own = e->kind == E_AND ? L_AND : L_OR;
    /* compilers ask for parentheses around && within || */
    bool plain_and = p->style == EXPR_MODEL || e->kind == E_AND;
    open_if(p, need > own);
    for (int i = 0; i < 2; i++) {
        const struct expr *a = e->arg[i];
        enum level operand = plain_and ? (i == 0 ? own : own + 1) : L_NOT;
        print_condition(p, a, i == 0 && a->kind == e->kind ? own : operand);
        if (i == 0)
            add(p, operator_text(p, e->kind));
    }
    close_if(p, need > own);
}

static void print_not(const struct printer *p, const struct expr *e, enum level need)
{
    if (p->style == EXPR_MODEL) {
        open_if(p, need > L_NOT);
        add(p, "not ");
        print_plain(p, e->arg[0], L_NOT);
        close_if(p, need > L_NOT);
    } else if (expr_is_logical(e->arg[0])) {
        open_if(p, need > L_UNARY);
        add(p, "!");
        print_plain(p, e->arg[0], L_POSTFIX);
        close_if(p, need > L_UNARY);
    } else {
        open_if(p, need > L_COMPARE);
        print_value(p, e->arg[0], L_ADD);
        add(p, p->style == EXPR_FLOAT ? " == 0.0f" : " == 0.0");
        close_if(p, need > L_COMPARE);
    }
}

static void print_cond(const struct printer *p, const struct expr *c, const struct expr *a,
                       const struct expr *b, enum level need)
{
    open_if(p, need > L_COND);
    print_condition(p, c, L_OR);
    add(p, " ? ");
    print_value(p, a, L_COND);
    add(p, " : ");
    print_value(p, b, L_COND);
    close_if(p, need > L_COND);
}

static void print_args(const struct printer *p, const struct expr *e, int from)
{
    add(p, "(");
    for (int i = from; i < e->count; i++) {
        if (i > from)
            add(p, ", ");
        if (e->arg_name && e->arg_name[i])
            text_printf(p->text, "%s = ", e->arg_name[i]);
        print_value(p, e->arg[i], L_PIPE);
    }
    add(p, ")");
}

/* min and max compare, so that a NaN on the left is lost and one on the right stays; operands too
 * large to be printed twice go to fminf and fmaxf. */
static void print_min_max(const struct printer *p, const struct expr *e, enum level need)
{
    bool is_min = strcmp(e->name, "min") == 0;
    struct expr *a = e->arg[0], *b = e->arg[1];
    if (e->count != 2)
        bug("a reduction printed as C");
    if (is_small(a) && is_small(b)) {
        struct expr compare = {.kind = is_min ? E_LT : E_GT, .count = 2, .arg = e->arg};
        print_cond(p, &compare, a, b, need);
        return;
    }
    add(p, is_min ? "fmin" : "fmax");
    add(p, p->style == EXPR_FLOAT ? "f" : "");
    print_args(p, e, 0);
}

static void print_c_call(const struct printer *p, const struct expr *e, enum level need)
{
    const struct primitive *primitive = primitive_find(e->name);
    if (!primitive) {
        add(p, e->name);
        print_args(p, e, 0);
    } else if (primitive->value) {
        add(p, strcmp(e->name, "abs") == 0 ? "fabs" : e->name);
        add(p, p->style == EXPR_FLOAT ? "f" : "");
        print_args(p, e, 0);
    } else if (strcmp(e->name, "detach") == 0) {
        print_value(p, e->arg[0], need);
    } else if (strcmp(e->name, "fire") == 0) {
        open_if(p, need > L_COMPARE);
        print_value(p, e->arg[0], L_ADD);
        add(p, p->style == EXPR_FLOAT ? " > 0.0f" : " > 0.0");
        close_if(p, need > L_COMPARE);
    } else {
        print_min_max(p, e, need);
    }
}

static void print_call(const struct printer *p, const struct expr *e, enum level need)
{
    if (p->style != EXPR_MODEL) {
        print_c_call(p, e, need);
        return;
    }
    add(p, e->name);
    if (!e->bare)
        print_args(p, e, 0);
}

static void print_pow(const struct printer *p, const struct expr *e, enum level need)
{
    const struct expr *a = e->arg[0], *b = e->arg[1];
    bool cube = expr_is_number(b, 3);
    if (p->style == EXPR_MODEL) {
        print_binary(p, e, L_POW, L_POSTFIX, L_POW, need);
    } else if ((cube || expr_is_number(b, 2)) && is_small(a)) {
        open_if(p, need > L_MUL);
        print_value(p, a, L_UNARY);
        for (int i = cube ? 0 : 1; i < 2; i++) {
            add(p, " * ");
            print_value(p, a, L_UNARY);
        }
        close_if(p, need > L_MUL);
    } else {
        add(p, p->style == EXPR_FLOAT ? "powf" : "pow");
        print_args(p, e, 0);
    }
}

static void print_prefix(const struct printer *p, const struct expr *e, const char *sign,
                         enum level need)
{
    open_if(p, need > L_UNARY);
    add(p, sign);
    /* -(-x), not --x; a power binds tighter in plast only */
    print_value(p, e->arg[0], p->style == EXPR_MODEL ? L_POW : L_POSTFIX);
    close_if(p, need > L_UNARY);
}

static void print_number(const struct printer *p, const struct expr *e, enum level need)
{
    bool negative = e->kind == E_INT ? e->integer < 0 : signbit(e->number);
    open_if(p, negative && need > L_UNARY);
    if (e->kind == E_INT)
        text_printf(p->text, "%lld", e->integer);
    else
        print_literal(p->text, e->number, p->style);
    close_if(p, negative && need > L_UNARY);
}

static void print_suffixed(const struct printer *p, const struct expr *e)
{
    print_value(p, e->arg[0], L_POSTFIX);
    if (e->kind == E_INDEX) {
        add(p, "[");
        print_plain(p, e->arg[1], L_ANY);
        add(p, "]");
    } else {
        add(p, e->kind == E_ARROW ? "->" : ".");
        add(p, e->name);
    }
}

/* `e` as its own kind has it: a comparison prints as one. */
static void print_plain(const struct printer *p, const struct expr *e, enum level need)
{
    switch (e->kind) {
    case E_NUMBER:
    case E_INT:
        print_number(p, e, need);
        return;
    case E_NAME:
        add(p, e->name);
        return;
    case E_CALL:
        print_call(p, e, need);
        return;
    case E_NEG:
        print_prefix(p, e, "-", need);
        return;
    case E_ADDRESS:
        print_prefix(p, e, "&", need);
        return;
    case E_DEREF:
        print_prefix(p, e, "*", need);
        return;
    case E_CAST:
        print_prefix(p, e, arena_format(p->text->arena, "(%s)", e->name), need);
        return;
    case E_NOT:
        print_not(p, e, need);
        return;
    case E_ADD:
    case E_SUB:
        print_binary(p, e, L_ADD, L_ADD, L_MUL, need);
        return;
    case E_MUL:
    case E_DIV:
    case E_REM:
        print_binary(p, e, L_MUL, L_MUL, L_UNARY, need);
        return;
    case E_POW:
        print_pow(p, e, need);
        return;
    case E_LT:
    case E_LE:
    case E_GT:
    case E_GE:
    case E_EQ:
    case E_NE:
        print_binary(p, e, L_COMPARE, L_ADD, L_ADD, need);
        return;
    case E_AND:
    case E_OR:
        print_and_or(p, e, need);
        return;
    case E_COND:
        print_cond(p, e->arg[0], e->arg[1], e->arg[2], need);
        return;
    case E_PIPE:
        print_binary(p, e, L_PIPE, L_PIPE, L_COND, need);
        return;
    case E_TUPLE:
        print_args(p, e, 0);
        return;
    case E_PLACE:
        add(p, e->name);
        add(p, "[");
        print_plain(p, e->arg[0], L_ANY);
        add(p, "]");
        return;
    case E_INDEX:
    case E_ARROW:
    case E_DOT:
        print_suffixed(p, e);
        return;
    }
    bug("expression of kind %d", (int)e->kind);
}

/* `e` where a number is wanted: in C a comparison is cast. */
static void print_value(const struct printer *p, const struct expr *e, enum level need)
{
    if (p->style == EXPR_MODEL || !expr_is_logical(e)) {
        print_plain(p, e, need);
        return;
    }
    open_if(p, need > L_UNARY);
    add(p, p->style == EXPR_FLOAT ? "(float)" : "(double)");
    print_plain(p, e, L_POSTFIX);
    close_if(p, need > L_UNARY);
}

void expr_print(struct text *text, const struct expr *e, enum expr_style style)
{
    struct printer p = {text, style};
    print_plain(&p, e, L_ANY);
}

void expr_print_condition(struct text *text, const struct expr *e, enum expr_style style)
{
    struct printer p = {text, style};
    print_condition(&p, e, L_ANY);
}
