/* What a neuron comes to once its arguments are known: values that nothing reads are left out, and
 * states whose value of the step before nothing reads. */
#include "check.h"

static void add_used(struct arena *arena, struct map *live, const struct expr *e)
{
    if (e->kind == E_NAME)
        map_set(arena, live, e->name, live);
    for (int i = 0; i < e->count; i++)
        add_used(arena, live, e->arg[i]);
}

/* Names stand below what they are made from. */
static void add_locals(struct arena *arena, struct map *live, const struct neuron *n)
{
    for (int i = n->locals; i-- > 0;)
        if (map_find(live, n->local[i].name))
            add_used(arena, live, n->local[i].value);
}

void simplify_neuron(struct arena *arena, struct neuron *n, struct learnable *learnable)
{
    struct map live = {0};
    size_t before;
    add_used(arena, &live, n->emit);
    do { /* a state may be read for another state alone */
        before = live.count;
        add_locals(arena, &live, n);
        for (int i = 0; i < n->states; i++)
            if (map_find(&live, n->state[i].name)) {
                add_used(arena, &live, n->state[i].next);
                add_used(arena, &live, n->state[i].initial);
            }
    } while (live.count > before);
    int kept = 0;
    for (int i = 0; i < n->locals; i++)
        if (map_find(&live, n->local[i].name))
            n->local[kept++] = n->local[i];
    n->locals = kept;
    kept = 0;
    for (int i = 0; i < n->states; i++)
        if (map_find(&live, n->state[i].name))
            n->state[kept++] = n->state[i];
    n->states = kept;
    kept = 0;
    for (int i = 0; i < n->learnables; i++)
        if (map_find(&live, n->learnable[i].name)) {
            n->learnable[kept] = n->learnable[i];
            learnable[kept++] = learnable[i];
        }
    n->learnables = kept;
}
