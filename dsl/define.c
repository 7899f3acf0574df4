/* Definitions: lets, functions, blocks. Functions are resolved where they stand, so that their
 * bodies see what was defined before them and nothing else; that is also why there is no
 * recursion. Blocks are templates: they are looked through here and expanded where they are used.
 */
#include "check.h"

#include <string.h>

static const struct definition *find_definition(struct check *check, const char *name)
{
    const struct definition *found = NULL; /* the last one counts */
    for (int i = 0; i < check->definition_count; i++) {
        if (strcmp(check->definition[i].name, name) != 0)
            continue;
        check->definition_used[i] = true;
        found = &check->definition[i];
    }
    return found;
}

/* The value of -D is read as if it stood in a `let`. */
static struct expr *parse_definition(struct check *check, const struct definition *d)
{
    char *text = arena_format(check->arena, "let %s = %s;", d->name, d->value);
    int errors = check->diag->errors;
    struct file *file = parse_text(check->arena, check->diag, "<command line>", text, strlen(text));
    if (check->diag->errors > errors)
        return NULL;
    const struct stmt *s = file->first;
    if (s && !s->next && s->kind == ST_LET && strcmp(s->name.text, d->name) == 0)
        return s->value;
    diag_error(check->diag, s ? s->loc : (struct loc){0}, "the value of -D %s is not an expression",
               d->name);
    return NULL;
}

bool is_taken(struct check *check, struct name name)
{
    double truth;
    if (is_run_scalar(name.text))
        diag_error(check->diag, name.loc, "'%s' is a run scalar and cannot be redefined",
                   name.text);
    else if (is_truth(name.text, &truth))
        diag_error(check->diag, name.loc, "'%s' cannot be redefined", name.text);
    else if (strcmp(name.text, "it") == 0)
        diag_error(check->diag, name.loc, "'it' names what enters a block and cannot be redefined");
    else
        return false;
    return true;
}

void define_let(struct check *check, const struct stmt *stmt)
{
    struct context c = file_context(check, false);
    double value = 0;
    bool good = resolve_constant(&c, stmt->value, "the value of a let", &value);
    const struct definition *d = check->in_prelude ? NULL : find_definition(check, stmt->name.text);
    if (d) {
        struct expr *e = parse_definition(check, d);
        good = e && resolve_constant(&c, e, "the value of -D", &value) && good;
    }
    bool taken = is_taken(check, stmt->name);
    struct symbol *s = declare(check, T_VALUE, SYM_LET, stmt->name, stmt);
    s->value = value;
    s->poisoned = s->poisoned || !good || taken;
}

/* Names of the language itself cannot be given to an operator. */
bool is_built_in(struct check *check, const struct stmt *stmt)
{
    struct context c = {.check = check};
    if (primitive_find(stmt->name.text))
        diag_error(check->diag, stmt->name.loc, "'%s' is a primitive and cannot be redefined",
                   stmt->name.text);
    else if (is_operator(&c, stmt->name.text) && !is_transform(stmt->name.text))
        diag_error(check->diag, stmt->name.loc,
                   "'%s' is an operator of the language and cannot be redefined", stmt->name.text);
    else
        return false;
    return true;
}

static struct binding *bind_formals(struct check *check, const struct formals *formals)
{
    struct binding *scope = NEW_ARRAY(check->arena, formals->count, struct binding);
    for (int i = 0; i < formals->count; i++) {
        const struct formal *f = &formals->at[i];
        scope[i] =
            (struct binding){.name = f->name, .value = expr_name(check->arena, f->loc, f->unique)};
    }
    return scope;
}

void define_function(struct check *check, const struct stmt *stmt)
{
    bool taken = is_built_in(check, stmt);
    struct context c = file_context(check, true);
    c.self = stmt->name.text;
    struct formals formals = read_formals(&c, &stmt->list, NULL, NULL, NULL);
    c.binding = bind_formals(check, &formals);
    c.bindings = formals.count;
    struct expr *body = resolve(&c, stmt->value);
    bool good = body && fold_checked(check, body, stmt->value->loc);
    if (taken) /* what has the name keeps it */
        return;
    struct symbol *s = declare(check, T_OPERATOR, SYM_FUNCTION, stmt->name, stmt);
    s->formals = formals;
    s->body = body;
    s->poisoned = s->poisoned || formals.poisoned || !good;
}

/* Every name in a block must mean something where the block is defined. */
static bool look_through(const struct context *c, struct expr *e)
{
    bool good = true;
    if (e->kind == E_NAME) {
        double truth;
        bool known = is_truth(e->name, &truth) || is_run_scalar(e->name) ||
                     strcmp(e->name, "it") == 0 || find_symbol(c, T_VALUE, e->name) ||
                     is_operator(c, e->name) || is_word(e->name);
        for (int i = 0; i < c->bindings && !known; i++)
            known = c->binding[i].name == e->name;
        if (!known)
            report_unknown(c, e->loc, e->name, "name", T_VALUE, 1u << SYM_LET | 1u << SYM_LAYER,
                           NULL);
        return known;
    }
    if (e->kind == E_CALL && c->self == e->name) {
        diag_error(c->check->diag, e->name_loc, "'%s' uses itself: there is no recursion", e->name);
        return false;
    }
    if (e->kind == E_CALL && !is_operator(c, e->name)) {
        report_unknown_operator(c, e);
        good = false;
    }
    for (int i = 0; i < e->count; i++)
        good = look_through(c, e->arg[i]) && good;
    return good;
}

/* What enters a block goes where `it` stands, or into the operator that stands first. */
static bool has_entry(const struct context *c, const struct expr *body)
{
    if (expr_uses(body, intern(c->check->arena, "it")))
        return true;
    while (body->kind == E_PIPE)
        body = body->arg[0];
    return body->kind == E_CALL || (body->kind == E_NAME && is_operator(c, body->name) &&
                                    !find_symbol(c, T_VALUE, body->name));
}

void define_block(struct check *check, const struct stmt *stmt)
{
    static const char *const taken[] = {"it", NULL};
    bool built_in = is_built_in(check, stmt);
    struct context c = file_context(check, true);
    struct formals formals =
        read_formals(&c, &stmt->list, taken, "it names what enters the block", words);
    c.binding = bind_formals(check, &formals);
    c.bindings = formals.count;
    c.self = stmt->name.text;
    bool good = look_through(&c, stmt->value);
    if (good && !has_entry(&c, stmt->value)) {
        diag_error(check->diag, stmt->value->loc, "nothing here takes what enters the block");
        diag_note(check->diag, (struct loc){0},
                  "it enters the first operator, or where 'it' stands");
        good = false;
    }
    if (built_in)
        return;
    struct symbol *s = declare(check, T_OPERATOR, SYM_BLOCK, stmt->name, stmt);
    s->formals = formals;
    s->poisoned = s->poisoned || formals.poisoned || !good;
}
