/* What an inlined expression comes to: folded, with divisions by zero and what is not finite
 * refused, and, where a constant is needed, as a number. */
#include "check.h"

#include <float.h>
#include <math.h>
#include <string.h>

const char *number_text(struct arena *arena, double value)
{
    struct text text = text_new(arena);
    if (isfinite(value))
        print_literal(&text, value, EXPR_MODEL);
    else
        text_add(&text, isnan(value) ? "not a number" : "infinite");
    return text.bytes;
}

static bool inside(struct loc inner, struct loc outer)
{
    return inner.file == outer.file && inner.start >= outer.start && inner.end <= outer.end;
}

/* The cause may stand in a function far away: then the place it is called from is what is wrong. */
void report_at(struct check *check, struct loc cause, struct loc place, const char *text,
               const char *note)
{
    if (inside(cause, place)) {
        diag_error(check->diag, cause, "%s", text);
    } else {
        diag_error(check->diag, place, "%s", text);
        diag_note(check->diag, cause, "%s", note);
    }
}

/* Constants are divided in double precision, by the compiler; the rest in single, by C. */
static bool divides_by_zero(const struct expr *e)
{
    if (e->kind != E_DIV || e->arg[1]->kind != E_NUMBER)
        return false;
    double by = e->arg[1]->number;
    return e->arg[0]->kind == E_NUMBER ? by == 0 : (float)by == 0;
}

/* `e` has folded arguments. True where it is sure to divide by zero, or to leave the finite
 * numbers. */
static bool is_wrong(struct check *check, const struct expr *e, struct loc place)
{
    double value;
    if (divides_by_zero(e)) {
        report_at(check, e->arg[1]->loc, place, "division by zero", "the division is here");
        return true;
    }
    for (int i = 0; i < e->count; i++)
        if (e->arg[i]->kind != E_NUMBER)
            return false;
    if (e->kind != E_NUMBER && e->count == 0)
        return false;
    if (!expr_evaluate(e, NULL, NULL, &value) || isfinite(value))
        return false;
    struct text text = text_new(check->arena);
    if (e->kind == E_NUMBER) {
        text_add(&text, "this number is too large");
    } else {
        text_add(&text, "'");
        expr_print(&text, e, EXPR_MODEL);
        text_add(&text, "' is not a finite number");
    }
    report_at(check, e->loc, place, text.bytes, "it is computed here");
    return true;
}

struct expr *fold_checked(struct check *check, struct expr *e, struct loc place)
{
    struct expr *arg[3];
    if (e->count == 0)
        return is_wrong(check, e, place) ? NULL : e;
    if (e->count > 3)
        bug("an expression with %d operands", e->count);
    for (int i = 0; i < e->count; i++) {
        arg[i] = fold_checked(check, e->arg[i], place);
        if (!arg[i])
            return NULL;
        bool first = i == 0 && arg[0]->kind == E_NUMBER;
        if (first && e->kind == E_COND) /* only the path that is taken counts */
            return fold_checked(check, e->arg[arg[0]->number != 0 ? 1 : 2], place);
        if (first && (e->kind == E_AND || e->kind == E_OR) &&
            (arg[0]->number != 0) == (e->kind == E_OR))
            return expr_number(check->arena, e->loc, e->kind == E_OR);
    }
    struct expr *folded =
        e->kind == E_CALL   ? expr_call(check->arena, e->loc, e->name, e->count, arg, NULL)
        : e->kind == E_COND ? expr_cond(check->arena, e->loc, arg[0], arg[1], arg[2])
        : e->count == 2     ? expr_binary(check->arena, e->loc, e->kind, arg[0], arg[1])
                            : expr_unary(check->arena, e->loc, e->kind, arg[0]);
    return is_wrong(check, folded, place) ? NULL : expr_fold_top(check->arena, folded);
}

struct expr *resolve_folded(const struct context *c, struct expr *e)
{
    struct expr *resolved = resolve(c, e);
    return resolved ? fold_checked(c->check, resolved, e->loc) : NULL;
}

bool resolve_constant(const struct context *c, struct expr *e, const char *what, double *value)
{
    struct expr *folded = resolve_folded(c, e);
    if (!folded)
        return false;
    if (folded->kind != E_NUMBER) {
        diag_error(c->check->diag, e->loc, "%s must be a constant", what);
        return false;
    }
    *value = folded->number;
    return true;
}

bool resolve_whole(const struct context *c, struct expr *e, const char *what, double least,
                   double most, double *value)
{
    struct check *check = c->check;
    if (!resolve_constant(c, e, what, value))
        return false;
    if (*value == floor(*value) && *value >= least && *value <= most)
        return true;
    const char *is = number_text(check->arena, *value);
    if (*value != floor(*value))
        diag_error(check->diag, e->loc, "%s must be a whole number, it is %s", what, is);
    else if (*value < least)
        diag_error(check->diag, e->loc, "%s must be at least %s, it is %s", what,
                   number_text(check->arena, least), is);
    else
        diag_error(check->diag, e->loc, "%s must be at most %s, it is %s", what,
                   number_text(check->arena, most), is);
    return false;
}

static const struct expr *find_huge(const struct expr *e)
{
    if (e->kind == E_NUMBER && fabs(e->number) > FLT_MAX)
        return e;
    for (int i = 0; i < e->count; i++) {
        const struct expr *huge = find_huge(e->arg[i]);
        if (huge)
            return huge;
    }
    return NULL;
}

int count_calls(const struct expr *e)
{
    const struct primitive *p = e->kind == E_CALL ? primitive_find(e->name) : NULL;
    bool square =
        e->kind == E_POW && (expr_is_number(e->arg[1], 2) || expr_is_number(e->arg[1], 3));
    int count = p && p->value && p->value != fabs && p->value != floor;
    if (e->kind == E_POW && !square)
        count = 4; /* as measured */
    for (int i = 0; i < e->count; i++)
        count += count_calls(e->arg[i]);
    return count;
}

bool check_total(struct check *check, struct total *total, const struct expr *e, struct loc place)
{
    total->size += e->size;
    total->calls += count_calls(e);
    if (total->size <= MOST_BODY && total->calls <= MOST_CALLS)
        return true;
    diag_error(check->diag, place, "this becomes too large when it is written out");
    diag_note(check->diag, (struct loc){0},
              "all of its formulas may have %d terms and operators, and %d of exp, ^ and the like",
              MOST_BODY, MOST_CALLS);
    return false;
}

bool check_printable(struct check *check, const struct expr *e, struct loc place)
{
    if (e->size > MOST_SIZE || e->depth > MOST_DEPTH) {
        diag_error(check->diag, place, "this becomes too large when its functions are written out");
        diag_note(check->diag, (struct loc){0},
                  "it has %u terms and operators in %u levels; %d in %d are the most", e->size,
                  e->depth, MOST_SIZE, MOST_DEPTH);
        return false;
    }
    const struct expr *huge = find_huge(e);
    if (!huge)
        return true;
    report_at(check, huge->loc, place,
              arena_format(check->arena, "%s is too large for single precision",
                           number_text(check->arena, huge->number)),
              "it is computed here");
    return false;
}

struct start {
    const struct net *net;
    const char *x;
    double at;
};

static bool start_value(void *context, const char *name, double *value)
{
    const struct start *s = context;
    if (name == s->x)
        *value = s->at;
    else if (strcmp(name, "epochs") == 0)
        *value = (double)s->net->epochs;
    else
        *value = 0;
    return true;
}

bool value_at_start(const struct net *net, const struct expr *e, const char *x, double at,
                    double *value)
{
    struct start start = {net, x, at};
    return expr_evaluate(e, start_value, &start, value);
}
