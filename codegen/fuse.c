/* Which work of rules runs on a tile of weights while the optimizer has it in the first cache: sums
 * over the new weights that `modulate` reads in the next step, and `adapt` where it is due. */
#include "memory.h"
#include "names.h"
#include "sites.h"

#include <string.h>

/* The columns of a segment that are done for all rows before the next: their inputs stay in the
 * second cache. Sums are carried by such groups. */
int64_t group_columns(const struct plan *p)
{
    int64_t group = 16384 / p->columns / 32 * 32;
    return group < 32 ? 32 : group;
}

int64_t carry_groups(const struct plan *p, const struct term *t)
{
    int64_t groups = 0, group = group_columns(p);
    for (int i = 0; i < t->segments; i++)
        groups += (t->segment[i].rows + group - 1) / group;
    return groups;
}

static bool from_weights_alone(const struct expr *e)
{
    if (e->kind == E_NAME && strcmp(e->name, "w") != 0)
        return false;
    for (int i = 0; i < e->count; i++)
        if (!from_weights_alone(e->arg[i]))
            return false;
    return true;
}

/* A value a neuron, of the neuron's weights and nothing else. */
static bool can_carry(const struct pass *pass)
{
    const struct rule_stmt *r = pass->stmt[0];
    return pass->kind == PASS_REDUCE && space_is_matrix(r->from) && r->space == SPACE_NEURON &&
           from_weights_alone(r->value);
}

static void add_carry(struct plan *p, struct site *s, struct pass *pass)
{
    struct carry c = {.site = s, .pass = pass};
    struct field *f = plan_add_field(
        p, arena_format(p->arena, "%s.%s.parts", s->on->name, pass->stmt[0]->target));
    f->kind = F_CARRY;
    f->layer = s->on->layer;
    f->rank = 1;
    f->rows = f->shape[0] = s->weight->rows * carry_groups(p, s->term) * 16;
    f->cols = f->line = 1;
    c.name = f->name;
    pass->carried = c.name;
    PUSH(p->arena, s->term->carry, s->term->carries, c);
}

/* Why the due adapt of the site is a pass of its own; NULL: it runs on the tile. */
static const char *why_alone(const struct plan *p, const struct site *s)
{
    const struct pass *pass = s->phase[PHASE_ADAPT];
    if (!s->rule->each_steps)
        return "it is due at the end of epochs, where no update runs";
    if (!p->fuse)
        return "--no-fuse";
    if (pass->next || pass->kind != PASS_MAP || !space_is_matrix(pass->space))
        return "it needs more than one pass over the weights, or none";
    if (s->term->keeps_gradient)
        return "a rule reads the whole gradient of this weight after the update";
    for (int i = 0; i < p->sites; i++) {
        const struct site *o = p->site[i];
        if (o->term != s->term)
            continue;
        if (o == s ? o->phase[PHASE_OBSERVE] != NULL
                   : (o->rule->reads[PHASE_OBSERVE] & (SIGNAL_W | SIGNAL_ALIVE)) != 0)
            return "a rule observes this weight between the update and it";
        if (o->which < s->which && o->rule->each_steps && o->phase[PHASE_ADAPT] && !o->fused_adapt)
            return "a rule attached before it adapts this weight in a pass of its own";
    }
    return NULL;
}

void plan_fusion(struct plan *p)
{
    for (int i = 0; i < p->sites; i++) {
        struct site *s = p->site[i];
        if (s->phase[PHASE_ADAPT]) {
            s->alone = why_alone(p, s);
            s->fused_adapt = s->alone == NULL;
        }
        for (struct pass *pass = s->phase[PHASE_MODULATE]; pass; pass = pass->next)
            if (!is_conv(s->term) && can_carry(pass))
                add_carry(p, s, pass);
    }
}

bool plan_carries(const struct plan *p)
{
    for (int i = 0; i < p->fields; i++)
        if (p->field[i].kind == F_CARRY)
            return true;
    return false;
}
