/* Layer and output statements. */
#include "check.h"

#include <string.h>

bool check_shape(struct check *check, const struct shape *shape, struct loc loc)
{
    double size = 1;
    for (int i = 0; i < shape->rank; i++)
        size *= (double)shape->dim[i];
    if (size <= (double)MOST_UNITS)
        return true;
    diag_error(check->diag, loc, "a layer of %s has %.0f units, the most is %lld",
               shape_text(check->arena, shape), size, (long long)MOST_UNITS);
    return false;
}

static bool is_trailing(enum node_op op)
{
    return op == N_DROPOUT || op == N_MAXPOOL || op == N_AVGPOOL || op == N_READOUT;
}

/* A layer's neurons: its value before trailing pooling, dropout and read-out, which means before
 * anything behind its last function, neuron or batch norm; where there is none of these, behind the
 * join. */
static struct node *find_neurons(const struct layer *layer)
{
    struct node *n = layer->value;
    while (n->layer == layer && is_trailing(n->op))
        n = n->input[0];
    return n;
}

static bool shape_as_written(struct check *check, const struct stmt *stmt, struct layer *layer)
{
    struct shape shape = {0};
    if (stmt->dim_count == 0)
        return true;
    return read_shape(check, stmt, &shape) && layer->value &&
           declare_shape(check, layer, stmt->dims_loc, &shape);
}

static bool ends_time(struct check *check, const struct layer *layer)
{
    if (!layer->is_output || !layer->value || !layer->value->timed)
        return true;
    diag_error(check->diag, layer->loc, "the output still has a value for each time step");
    diag_note(check->diag, layer->value->loc,
              "this must be read out: |> rate, total, last or peak");
    return false;
}

void define_layer(struct check *check, const struct stmt *stmt)
{
    struct layer *layer = NEW(check->arena, struct layer);
    layer->name = stmt->name.text;
    layer->loc = stmt->name.loc;
    layer->is_output = stmt->kind == ST_OUTPUT;
    check->layer = layer;
    struct context c = file_context(check, false);
    layer->value = read_pipeline(&c, stmt->value);
    check->layer = NULL;
    bool good = shape_as_written(check, stmt, layer) && layer->value && ends_time(check, layer);
    bool taken = is_taken(check, stmt->name);
    struct symbol *s = declare(check, T_VALUE, SYM_LAYER, stmt->name, stmt);
    s->layer = layer;
    s->poisoned = s->poisoned || taken || !good;
    if (s->poisoned)
        return;
    layer->neurons = find_neurons(layer);
    PUSH(check->arena, check->net->layer, check->net->layer_count, layer);
    if (layer->is_output && check->only[ST_OUTPUT] == stmt)
        check->net->output = layer;
}
