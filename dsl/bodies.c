/* Bodies of neurons, which are not compiled yet: their names are checked, so that a wrong
 * definition is not found only when it is first used. And what can be asked of any body. */
#include "check.h"

#include <string.h>

struct reader {
    struct check *check;
    struct context context;
    struct binding *binding;
    int bindings;
    bool emits, good;
};

static void bind(struct reader *r, const char *name, struct loc loc)
{
    struct binding b = {.name = name, .value = expr_name(r->check->arena, loc, name)};
    for (int i = 0; i < r->bindings; i++)
        if (r->binding[i].name == name)
            return;
    PUSH(r->check->arena, r->binding, r->bindings, b);
    r->context.binding = r->binding;
    r->context.bindings = r->bindings;
}

static bool is_bound(const struct reader *r, const char *name)
{
    for (int i = 0; i < r->bindings; i++)
        if (r->binding[i].name == name)
            return true;
    return false;
}

static void read_value(struct reader *r, struct expr *e)
{
    r->good = resolve(&r->context, e) && r->good;
}

static void fail(struct reader *r, struct loc loc, const char *what, const char *where)
{
    diag_error(r->check->diag, loc, "'%s' stands in %s only", what, where);
    r->good = false;
}

static void read_list(struct reader *r, const struct body *b)
{
    for (int i = 0; i < b->list.count; i++) {
        const struct entry *e = &b->list.at[i];
        read_value(r, e->value);
        if (is_bound(r, e->name.text)) {
            diag_error(r->check->diag, e->name.loc, "'%s' is already defined here", e->name.text);
            r->good = false;
        }
        bind(r, e->name.text, e->name.loc);
    }
}

static void read_assign(struct reader *r, const struct body *b)
{
    bool known = is_bound(r, b->name.text);
    read_value(r, b->value);
    if (!known && b->op != E_NUMBER) {
        report_unknown(&r->context, b->name.loc, b->name.text, "name", T_VALUE, 0, NULL);
        r->good = false;
    }
    bind(r, b->name.text, b->name.loc);
}

static void read_body(struct reader *, const struct body *);

static void read_item(struct reader *r, const struct body *b)
{
    switch (b->kind) {
    case B_LEARNABLE:
    case B_STATE:
        read_list(r, b);
        return;
    case B_VALUE:
        fail(r, b->space_loc, "a value with a space", "rules");
        read_list(r, b);
        return;
    case B_ASSIGN:
        read_assign(r, b);
        return;
    case B_EMIT:
        r->emits = true;
        read_value(r, b->value);
        return;
    case B_IF:
        read_value(r, b->value);
        read_body(r, b->inner);
        read_body(r, b->other);
        return;
    case B_PHASE:
        fail(r, b->name.loc, b->name.text, "rules");
        read_body(r, b->inner);
        return;
    case B_DROP:
    case B_GROW:
        fail(r, b->loc, b->kind == B_DROP ? "drop" : "grow", "rules");
        read_value(r, b->value);
        return;
    }
    bug("statement of kind %d", (int)b->kind);
}

static void read_body(struct reader *r, const struct body *b)
{
    for (; b; b = b->next)
        read_item(r, b);
}

static void read_definition(struct reader *r, struct symbol *s)
{
    r->good = true;
    r->context = (struct context){.check = r->check, .limit = s->order, .run = true};
    for (int i = 0; i < s->formals.count; i++)
        bind(r, s->formals.at[i].name, s->formals.at[i].loc);
    read_body(r, s->stmt->body);
    s->poisoned = s->poisoned || !r->good;
}

void check_neuron_body(struct check *check, struct symbol *s)
{
    struct reader r = {.check = check};
    if (s->formals.count == 0) {
        diag_error(check->diag, s->loc, "'%s' has no parameter: its first is what enters it",
                   s->name);
        s->poisoned = true;
    }
    read_definition(&r, s);
    if (r.good && !r.emits) {
        diag_error(check->diag, s->loc, "'%s' emits nothing", s->name);
        s->poisoned = true;
    }
}

static bool reads_name(const struct expr *e, const char *name)
{
    return e && expr_uses(e, name);
}

bool body_uses(const struct body *b, const char *name)
{
    for (; b; b = b->next) {
        bool uses =
            reads_name(b->value, name) || body_uses(b->inner, name) || body_uses(b->other, name);
        for (int i = 0; i < b->list.count; i++)
            uses = uses || reads_name(b->list.at[i].value, name);
        if (uses)
            return true;
    }
    return false;
}

int count_items(const struct body *b)
{
    int count = 0;
    for (; b; b = b->next)
        count += 1 + b->list.count + count_items(b->inner) + count_items(b->other);
    return count;
}
