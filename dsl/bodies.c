/* What can be asked of the body of any definition: of a neuron, an optimizer, a rule. */
#include "check.h"

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

void check_given(struct check *check, const struct symbol *s, const struct actuals *actuals,
                 int from)
{
    for (int i = 0; i < actuals->count; i++) {
        const struct actual *a = &actuals->at[i];
        const struct formal *f = NULL;
        for (int k = 0; k < s->formals.count; k++)
            if (a->name ? s->formals.at[k].name == a->name : k == from + i)
                f = &s->formals.at[k];
        bool used = !f || body_uses(s->stmt->body, f->name);
        for (int k = 0; !used && k < s->formals.count; k++)
            used = s->formals.at[k].value && expr_uses(s->formals.at[k].value, f->unique);
        if (!used) {
            diag_error(check->diag, a->loc, "nothing in '%s' uses '%s'", s->name, f->name);
            diag_note(check->diag, f->loc, "the parameter");
        }
    }
}
