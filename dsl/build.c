/* What the actions of the grammar call: parts come in, statements and expressions go out, with the
 * few errors that a grammar cannot tell. */
#include "parser.h"

#include <string.h>

static struct expr *limit_depth(struct parser *p, struct expr *e)
{
    if (e->depth <= MAX_DEPTH)
        return e;
    if (!p->poisoned)
        diag_error(p->diag, e->loc, "this expression nests more than %d levels deep", MAX_DEPTH);
    p->poisoned = true;
    return e->arg[0];
}

struct expr *make_unary(struct parser *p, struct loc loc, enum expr_kind kind, struct expr *a)
{
    return limit_depth(p, expr_unary(p->arena, loc, kind, a));
}

struct expr *make_binary(struct parser *p, struct loc loc, enum expr_kind kind, struct expr *a,
                         struct expr *b)
{
    return limit_depth(p, expr_binary(p->arena, loc, kind, a, b));
}

struct expr *make_cond(struct parser *p, struct loc loc, struct expr *c, struct expr *a,
                       struct expr *b)
{
    return limit_depth(p, expr_cond(p->arena, loc, c, a, b));
}

struct expr *make_call(struct parser *p, struct loc loc, struct name name, struct entries list)
{
    struct expr **arg = NEW_ARRAY(p->arena, list.count, struct expr *);
    const char **arg_name = NEW_ARRAY(p->arena, list.count, const char *);
    for (int i = 0; i < list.count; i++) {
        const struct entry *e = &list.at[i];
        arg[i] = e->value ? e->value : expr_name(p->arena, e->loc, e->name.text);
        arg_name[i] = e->value ? e->name.text : NULL;
    }
    struct expr *call = expr_call(p->arena, loc, name.text, list.count, arg, arg_name);
    call->name_loc = name.loc;
    call->bare = !list.parens;
    return limit_depth(p, call);
}

struct expr *make_tuple(struct parser *p, struct loc loc, struct expr *first, struct exprs rest)
{
    struct expr **arg = NEW_ARRAY(p->arena, rest.count + 1, struct expr *);
    arg[0] = first;
    memcpy(arg + 1, rest.at, (size_t)rest.count * sizeof *arg);
    return limit_depth(p, expr_tuple(p->arena, loc, rest.count + 1, arg));
}

struct entry make_entry(struct expr *e, struct loc loc)
{
    bool bare = e->kind == E_NAME && e->loc.start == loc.start; /* (a) is not a parameter */
    if (!bare)
        return (struct entry){.value = e, .loc = loc};
    return (struct entry){.name = {e->name, e->loc}, .loc = loc};
}

struct entries add_entry(struct parser *p, struct entries list, struct entry entry)
{
    PUSH(p->arena, list.at, list.count, entry);
    return list;
}

struct exprs add_expr(struct parser *p, struct exprs list, struct expr *e)
{
    PUSH(p->arena, list.at, list.count, e);
    return list;
}

struct targets add_target(struct parser *p, struct targets list, struct name layer,
                          struct expr *branch, struct loc loc)
{
    struct target target = {layer, branch, loc};
    PUSH(p->arena, list.at, list.count, target);
    return list;
}

struct items add_item(struct items list, struct body *item)
{
    if (!list.first)
        list.first = item;
    else
        list.last->next = item;
    list.last = item;
    return list;
}

struct body *make_body(struct parser *p, struct body body)
{
    struct body *b = NEW(p->arena, struct body);
    *b = body;
    return b;
}

/* --- periods */

struct period *new_period(struct parser *p)
{
    return NEW(p->arena, struct period);
}

static void extend_period(struct parser *p, struct period *period, struct loc *part, struct loc loc)
{
    if (part->file) {
        diag_error(p->diag, loc, "this part of the period is given twice");
        diag_note(p->diag, *part, "first here");
        p->poisoned = true;
    }
    *part = loc;
    period->loc = loc_join(period->loc, loc);
}

struct period *set_each(struct parser *p, struct period *period, struct loc loc, struct expr *each,
                        bool steps)
{
    extend_period(p, period, &period->each_loc, loc);
    period->each = each;
    period->steps = steps;
    return period;
}

struct period *set_from(struct parser *p, struct period *period, struct loc loc, struct expr *from)
{
    extend_period(p, period, &period->from_loc, loc);
    period->from = from;
    return period;
}

struct period *set_until(struct parser *p, struct period *period, struct loc loc,
                         struct expr *until)
{
    extend_period(p, period, &period->until_loc, loc);
    period->until = until;
    return period;
}

/* --- statements */

struct stmt *make_stmt(struct parser *p, struct stmt stmt)
{
    struct stmt *s = NEW(p->arena, struct stmt);
    *s = stmt;
    return s;
}

struct stmt *make_shaped(struct parser *p, struct stmt stmt, struct exprs dims, struct loc loc)
{
    stmt.dims = dims.at;
    stmt.dim_count = dims.count;
    stmt.dims_loc = dims.count ? loc : (struct loc){0};
    return make_stmt(p, stmt);
}

struct stmt *make_input(struct parser *p, struct stmt stmt, struct exprs dims, struct loc loc,
                        struct exprs transforms)
{
    stmt.value = expr_name(p->arena, stmt.name.loc, stmt.name.text);
    for (int i = 0; i < transforms.count; i++) {
        struct expr *next = transforms.at[i];
        stmt.value = make_binary(p, loc_join(stmt.name.loc, next->loc), E_PIPE, stmt.value, next);
    }
    return make_shaped(p, stmt, dims, loc);
}

struct stmt *make_attachment(struct parser *p, struct stmt stmt, const struct targets *targets,
                             const struct period *period)
{
    stmt.targets = targets->at;
    stmt.target_count = targets->count;
    stmt.period = *period;
    return make_stmt(p, stmt);
}

/* Arguments and parameters are one list to the grammar; here it is known which. */
struct stmt *make_definition(struct parser *p, struct stmt stmt)
{
    for (int i = 0; i < stmt.list.count; i++) {
        const struct entry *e = &stmt.list.at[i];
        if (e->name.text)
            continue;
        diag_error(p->diag, e->loc,
                   "a parameter is a name, or a name with a default: 'a', 'a = 1'");
        p->poisoned = true;
        break;
    }
    return make_stmt(p, stmt);
}

const char *unit_name(size_t i, double *bytes)
{
    static const char *const name[] = {"B", "KB", "MB", "GB", "KiB", "MiB", "GiB"};
    static const double size[] = {1, 1e3, 1e6, 1e9, 1 << 10, 1 << 20, 1 << 30};
    if (i >= sizeof name / sizeof *name)
        return NULL;
    *bytes = size[i];
    return name[i];
}

static void refuse_unit(struct parser *p, struct name unit)
{
    const char *known[16], *name;
    size_t count = 0;
    for (double bytes; (name = unit_name(count, &bytes));)
        known[count++] = name;
    diag_error(p->diag, unit.loc, "unknown unit '%s'; units are B, KB, MB, GB, KiB, MiB, GiB",
               unit.text);
    const char *nearest = nearest_name(unit.text, known, count);
    if (nearest)
        diag_note(p->diag, (struct loc){0}, "did you mean '%s'?", nearest);
    p->poisoned = true;
}

struct stmt *make_budget(struct parser *p, struct stmt stmt, struct name unit)
{
    stmt.unit = 1;
    if (unit.text) {
        size_t i = 0;
        const char *name;
        while ((name = unit_name(i, &stmt.unit)) && strcmp(name, unit.text) != 0)
            i++;
        if (!name)
            refuse_unit(p, unit);
    }
    return make_stmt(p, stmt);
}
