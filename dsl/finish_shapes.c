/* Shapes when the whole file is read: those that `prev` of a later layer kept unknown, those that
 * are written behind a layer's name, and those that cannot be told because they go round in a
 * circle. */
#include "check.h"

static bool is_known(const struct node *n)
{
    return n->shape.rank > 0;
}

static bool check_declared(struct check *check, const struct layer_shape *d)
{
    const struct node *value = d->layer->value;
    if (!value || !is_known(value) || shape_equal(&d->shape, &value->shape))
        return true;
    diag_error(check->diag, d->loc, "'%s' is %s, not %s", d->layer->name,
               shape_text(check->arena, &value->shape), shape_text(check->arena, &d->shape));
    diag_note(check->diag, value->loc, "this gives %s", shape_text(check->arena, &value->shape));
    return false;
}

bool declare_shape(struct check *check, struct layer *layer, struct loc loc,
                   const struct shape *shape)
{
    struct layer_shape d = {layer, loc, *shape};
    PUSH(check->arena, check->declared, check->declareds, d);
    return check_declared(check, &d);
}

/* The `prev` on which the shape of a node that has none depends. */
static const struct node *find_cause(const struct node *n)
{
    while (n->op != N_PREV)
        for (int i = 0;; i++)
            if (!is_known(n->input[i])) {
                n = n->input[i];
                break;
            }
    return n;
}

static const struct node *next_cause(const struct check *check, const struct node *prev)
{
    return find_cause(check->origin[prev->index].delayed->value);
}

/* Each shape on the way round asks for the next. */
static void report_circle(struct check *check, const struct node *first)
{
    const struct node *n = next_cause(check, first), *slow = first;
    while (n != slow) { /* onto the circle, whatever leads to it: two steps for one */
        n = next_cause(check, next_cause(check, n));
        slow = next_cause(check, slow);
    }
    const struct node *start = n;
    const struct layer *layer = check->origin[n->index].delayed;
    diag_error(check->diag, n->loc, "the shape of '%s' cannot be told: it depends on itself",
               layer->name);
    do {
        const struct node *next = next_cause(check, n);
        if (next != n)
            diag_note(check->diag, next->loc, "the shape of '%s' depends on this one of '%s'",
                      check->origin[n->index].delayed->name,
                      check->origin[next->index].delayed->name);
        n = next;
    } while (n != start);
    diag_note(check->diag, layer->loc, "a shape in brackets behind the name tells it: '%s[...]'",
              layer->name);
}

void finish_shapes(struct check *check)
{
    struct net *net = check->net;
    bool more = true;
    find_delayed(check);
    while (more) {
        more = false;
        for (int i = 0; i < net->node_count; i++) {
            bool known = is_known(net->node[i]);
            if (check->origin[i].settled)
                continue;
            settle_node(check, net->node[i]);
            more = more || check->origin[i].settled || is_known(net->node[i]) != known;
        }
    }
    for (int i = 0; i < check->declareds; i++)
        check_declared(check, &check->declared[i]);
    for (int i = 0; check->diag->errors == 0 && i < net->node_count; i++)
        if (!is_known(net->node[i])) {
            report_circle(check, find_cause(net->node[i]));
            return;
        }
    if (check->diag->errors == 0)
        finish_delays(check);
}
