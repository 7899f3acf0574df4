/* Arguments meet parameters: positions and names go in, one value for each parameter comes out, or
 * the errors that say why not. */
#include "check.h"

#include <ctype.h>
#include <string.h>

/* The place of `name` in `name = value`, which an expression does not keep: it stands right before
 * the value but for blanks and parentheses. Anything else in between, and it is the value's. */
static struct loc name_place(struct check *check, const char *name, struct loc value)
{
    const char *text = check->diag->source[value.file].text;
    uint32_t at = value.start, size = (uint32_t)strlen(name);
    while (at > 0 && (isspace((unsigned char)text[at - 1]) || text[at - 1] == '('))
        at--;
    if (at == 0 || text[at - 1] != '=')
        return value;
    at--;
    while (at > 0 && isspace((unsigned char)text[at - 1]))
        at--;
    if (at < size || memcmp(text + at - size, name, size) != 0)
        return value;
    return (struct loc){value.file, at - size, at};
}

struct actuals actuals_of_call(struct check *check, const struct expr *call, int from)
{
    struct actuals list = {.loc = call->loc};
    for (int i = from; i < call->count; i++) {
        struct expr *value = call->arg[i];
        struct actual actual = {NULL, value->loc, value->loc, value};
        if (call->arg_name && call->arg_name[i]) {
            actual.name = call->arg_name[i];
            actual.name_loc = name_place(check, actual.name, value->loc);
        }
        PUSH(check->arena, list.at, list.count, actual);
    }
    return list;
}

struct actuals actuals_of_entries(struct check *check, const struct entries *entries,
                                  struct loc loc)
{
    struct actuals list = {.loc = loc};
    for (int i = 0; i < entries->count; i++) {
        const struct entry *e = &entries->at[i];
        struct actual actual = {NULL, e->loc, e->loc, e->value};
        if (!e->value) {
            actual.value = expr_name(check->arena, e->name.loc, e->name.text);
        } else if (e->name.text) {
            actual.name = e->name.text;
            actual.name_loc = e->name.loc;
        }
        PUSH(check->arena, list.at, list.count, actual);
    }
    return list;
}

static int find_formal(const struct formals *formals, const char *name)
{
    for (int i = 0; i < formals->count; i++)
        if (formals->at[i].name == name)
            return i;
    return -1;
}

static void report_formal(struct check *check, const char *callee, const struct formals *formals,
                          const struct actual *actual)
{
    const char **names = NULL;
    size_t count = 0;
    diag_error(check->diag, actual->name_loc, "'%s' has no parameter '%s'", callee, actual->name);
    for (int i = 0; i < formals->count; i++)
        PUSH(check->arena, names, count, formals->at[i].name);
    const char *nearest = nearest_name(actual->name, names, count);
    if (nearest)
        diag_note(check->diag, (struct loc){0}, "did you mean '%s'?", nearest);
}

static bool report_missing(struct check *check, const char *callee, struct loc callee_loc,
                           const struct formals *formals, const bool *required, const int *at)
{
    struct text names = text_new(check->arena);
    int missing = 0;
    for (int i = 0; i < formals->count; i++) {
        if (at[i] >= 0 || !required[i])
            continue;
        text_printf(&names, "%s'%s'", missing++ ? ", " : "", formals->at[i].name);
    }
    if (missing)
        diag_error(check->diag, callee_loc, "'%s' needs %s %s", callee,
                   missing == 1 ? "the argument" : "the arguments", names.bytes);
    return missing > 0;
}

bool match_arguments(struct check *check, const char *callee, struct loc callee_loc,
                     const struct formals *formals, const bool *required,
                     const struct actuals *actuals, int *at)
{
    bool good = true, named = false;
    for (int i = 0; i < formals->count; i++)
        at[i] = -1;
    for (int i = 0; i < actuals->count; i++) {
        const struct actual *a = &actuals->at[i];
        int which = a->name ? find_formal(formals, a->name) : i;
        if (a->name && which < 0) {
            report_formal(check, callee, formals, a);
            good = false;
        } else if (!a->name && named) {
            diag_error(check->diag, a->loc, "a positional argument after a named one");
            good = false;
        } else if (which >= formals->count) {
            diag_error(check->diag, a->loc, "'%s' takes %d argument%s, this is one too many",
                       callee, formals->count, formals->count == 1 ? "" : "s");
            return false;
        } else if (at[which] >= 0) {
            diag_error(check->diag, a->name_loc, "'%s' is given twice", formals->at[which].name);
            diag_note(check->diag, actuals->at[at[which]].loc, "it was given here");
            good = false;
        } else {
            at[which] = i;
        }
        named = named || a->name;
    }
    return good && !report_missing(check, callee, callee_loc, formals, required, at);
}

static bool is_choice(const char *const *choices, const struct expr *e)
{
    for (; choices && *choices; choices++)
        if (e->kind == E_NAME && strcmp(*choices, e->name) == 0)
            return true;
    return false;
}

struct formals read_formals(struct context *context, const struct entries *entries,
                            const char *const *taken, const char *why, const char *const *choices)
{
    struct check *check = context->check;
    struct formals list = {0};
    struct binding *scope = NEW_ARRAY(check->arena, entries->count, struct binding);
    for (int i = 0; i < entries->count; i++) {
        const struct entry *e = &entries->at[i];
        if (list.count >= MOST_FORMALS) {
            diag_error(check->diag, e->loc, "more than %d parameters", MOST_FORMALS);
            list.poisoned = true;
            break;
        }
        struct formal f = {.name = e->name.text, .loc = e->name.loc};
        f.unique =
            intern(check->arena, arena_format(check->arena, "%s@%d", f.name, check->unique++));
        for (const char *const *t = taken; t && *t; t++)
            if (strcmp(*t, f.name) == 0) {
                diag_error(check->diag, f.loc, "a parameter cannot be called '%s': %s", f.name,
                           why);
                list.poisoned = true;
            }
        int twin = find_formal(&list, f.name);
        if (twin >= 0) {
            diag_error(check->diag, f.loc, "two parameters are called '%s'", f.name);
            diag_note(check->diag, list.at[twin].loc, "this is the other");
            list.poisoned = true;
            continue;
        }
        if (e->value && is_choice(choices, e->value) &&
            !find_symbol(context, T_VALUE, e->value->name)) {
            f.choice = e->value->name;
        } else if (e->value) {
            struct context earlier = *context; /* a default may use the parameters before it */
            earlier.binding = scope;
            earlier.bindings = list.count;
            f.value = resolve_folded(&earlier, e->value);
            f.poisoned = !f.value;
        }
        struct expr *stands = expr_name(check->arena, f.loc, f.unique);
        scope[list.count] = (struct binding){.name = f.name, .value = stands};
        PUSH(check->arena, list.at, list.count, f);
    }
    return list;
}

struct replacement {
    const struct formals *formals;
    const struct binding *bound;
};

static struct expr *replace_formal(void *context, const struct expr *name)
{
    const struct replacement *r = context;
    for (int i = 0; i < r->formals->count; i++)
        if (r->formals->at[i].unique == name->name)
            return r->bound[i].value;
    return NULL;
}

static bool bind_one(const struct context *context, struct binding *to, struct expr *value,
                     const char *const *choices)
{
    for (int i = 0; i < context->bindings; i++)
        if (value->kind == E_NAME && context->binding[i].name == value->name &&
            context->binding[i].choice && choices) {
            to->choice = context->binding[i].choice;
            return true;
        }
    if (is_choice(choices, value) && !find_symbol(context, T_VALUE, value->name)) {
        to->choice = value->name;
        return true;
    }
    to->value = context->inlining ? resolve(context, value) : resolve_folded(context, value);
    return to->value;
}

/* A default may use the parameters before it. */
static bool bind_default(const struct context *context, struct binding *to,
                         const struct formal *formal, struct replacement *earlier)
{
    for (int i = 0; i < earlier->formals->count; i++) {
        if (!earlier->bound[i].choice || !expr_uses(formal->value, earlier->formals->at[i].unique))
            continue;
        diag_error(context->check->diag, formal->value->loc, "'%s' is '%s' here, not a number",
                   earlier->bound[i].name, earlier->bound[i].choice);
        return false;
    }
    to->value = expr_replace(context->check->arena, formal->value, replace_formal, earlier);
    return true;
}

struct binding *bind_actuals(const struct context *context, const struct symbol *callee,
                             const struct formals *formals, const struct actuals *actuals,
                             const char *const *choices)
{
    struct check *check = context->check;
    struct arena *arena = check->arena;
    bool *required = NEW_ARRAY(arena, formals->count, bool);
    int *at = NEW_ARRAY(arena, formals->count, int);
    struct binding *bound = NEW_ARRAY(arena, formals->count, struct binding);
    bool good = true;
    for (int i = 0; i < formals->count; i++)
        required[i] = !formals->at[i].value && !formals->at[i].choice && !formals->at[i].poisoned;
    if (callee->poisoned) { /* nobody knows what it takes; what it is given can still be wrong */
        for (int i = 0; i < actuals->count; i++)
            bind_one(context, &(struct binding){0}, actuals->at[i].value, choices);
        return NULL;
    }
    if (!match_arguments(check, callee->name, actuals->loc, formals, required, actuals, at))
        return NULL;
    for (int i = 0; i < formals->count; i++) {
        const struct formal *f = &formals->at[i];
        struct replacement earlier = {&(struct formals){.at = formals->at, .count = i}, bound};
        bound[i].name = f->name;
        if (at[i] >= 0)
            good &= bind_one(context, &bound[i], actuals->at[at[i]].value, choices);
        else if (f->choice)
            bound[i].choice = f->choice;
        else if (f->value)
            good &= bind_default(context, &bound[i], f, &earlier);
        else
            good = false;
    }
    return good ? bound : NULL;
}

const char *call_text(struct arena *arena, const char *name, const struct actuals *actuals)
{
    struct text text = text_new(arena);
    text_add(&text, name);
    for (int i = 0; i < actuals->count; i++) {
        text_add(&text, i ? ", " : "(");
        if (actuals->at[i].name)
            text_printf(&text, "%s = ", actuals->at[i].name);
        expr_print(&text, actuals->at[i].value, EXPR_MODEL);
    }
    if (actuals->count)
        text_add(&text, ")");
    return text.bytes;
}
