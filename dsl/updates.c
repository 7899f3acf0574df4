/* What an optimizer's body comes to once its arguments are known: assignments that nothing reads
 * are left out, and states that no run can tell from locals stop being states. */
#include "check.h"

#include <string.h>

/* Names whose values somebody still reads. */
struct set {
    const char **at;
    int count;
};

static int find(const struct set *set, const char *name)
{
    for (int i = 0; i < set->count; i++)
        if (set->at[i] == name)
            return i;
    return -1;
}

static void add(struct arena *arena, struct set *set, const char *name)
{
    if (find(set, name) < 0)
        PUSH(arena, set->at, set->count, name);
}

static struct set copy(struct arena *arena, const struct set *set)
{
    struct set new = {0};
    for (int i = 0; i < set->count; i++)
        PUSH(arena, new.at, new.count, set->at[i]);
    return new;
}

static void add_used(struct arena *arena, struct set *set, const struct expr *e)
{
    if (e->kind == E_NAME)
        add(arena, set, e->name);
    for (int i = 0; i < e->count; i++)
        add_used(arena, set, e->arg[i]);
}

static struct update_stmt *append(struct update_stmt *list, struct update_stmt *tail)
{
    struct update_stmt **end = &list;
    while (*end)
        end = &(*end)->next;
    *end = tail;
    return list;
}

static struct update_stmt *prune(struct arena *, const struct update_stmt *, struct set *live);

static struct update_stmt *prune_if(struct arena *arena, const struct update_stmt *s,
                                    struct update_stmt *next, struct set *live)
{
    if (s->condition->kind == E_NUMBER)
        return append(prune(arena, s->condition->number != 0 ? s->then : s->other, live), next);
    struct set then_live = copy(arena, live), other_live = copy(arena, live);
    struct update_stmt *new = NEW(arena, struct update_stmt);
    *new = *s;
    new->next = next;
    new->then = prune(arena, s->then, &then_live);
    new->other = prune(arena, s->other, &other_live);
    if (!new->then && !new->other)
        return next;
    if (!new->then) {
        struct expr *not = expr_unary(arena, s->condition->loc, E_NOT, s->condition);
        new->condition = expr_fold_top(arena, not );
        new->then = new->other;
        new->other = NULL;
    }
    *live = then_live;
    for (int i = 0; i < other_live.count; i++)
        add(arena, live, other_live.at[i]);
    add_used(arena, live, s->condition);
    return new;
}

/* The statements that matter to what is live after them; *live becomes what is live before. */
static struct update_stmt *prune(struct arena *arena, const struct update_stmt *s, struct set *live)
{
    if (!s)
        return NULL;
    struct update_stmt *next = prune(arena, s->next, live);
    if (s->condition)
        return prune_if(arena, s, next, live);
    int at = find(live, s->target);
    bool same = s->value->kind == E_NAME && s->value->name == s->target;
    if (at < 0 || (same && strcmp(s->target, "w") != 0))
        return next;
    live->at[at] = live->at[--live->count];
    add_used(arena, live, s->value);
    struct update_stmt *new = NEW(arena, struct update_stmt);
    *new = *s;
    new->next = next;
    return new;
}

/* A state is carried where its old value is read before it is assigned; that may take reading it
 * for another state, so the set grows until it stays. */
void simplify_updates(struct arena *arena, struct optimizer *o)
{
    struct set carried = {0};
    struct update_stmt *body;
    int before;
    add(arena, &carried, intern(arena, "w"));
    do {
        struct set live = copy(arena, &carried);
        before = carried.count;
        body = prune(arena, o->body, &live);
        for (int i = 0; i < o->state_count; i++)
            if (find(&live, o->state[i].name) >= 0)
                add(arena, &carried, o->state[i].name);
    } while (carried.count > before);
    int kept = 0;
    for (int i = 0; i < o->state_count; i++)
        if (find(&carried, o->state[i].name) >= 0)
            o->state[kept++] = o->state[i];
    o->state_count = kept;
    o->body = body;
}
