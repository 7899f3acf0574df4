/* Shapes: what enters a node gives the shape of what leaves it, and of its weights. Nodes are
 * settled as they are made; those behind `prev` of a layer that is not read yet wait until it is.
 */
#include "check.h"

static const char *text_of(struct check *check, const struct node *n)
{
    return shape_text(check->arena, &n->shape);
}

static bool is_known(const struct node *n)
{
    return n->shape.rank > 0;
}

void set_shape(struct node *n, struct shape shape)
{
    n->shape = shape;
    n->size = shape_size(&shape);
}

/* --- windows on maps */

static bool is_map(struct check *check, const struct node *n)
{
    const struct expr *call = check->origin[n->index].expr;
    const struct node *input = n->input[0];
    if (input->shape.rank == 3)
        return true;
    diag_error(check->diag, call->name_loc, "'%s' slides over maps, [channels, height, width]",
               call->name);
    diag_note(check->diag, input->loc, "what enters it is %s", text_of(check, input));
    return false;
}

/* The maps that are left: (size + 2 pad - window) / stride + 1, rounded down, on each side. */
static bool slide(struct check *check, struct node *n, int64_t channels)
{
    static const char *const side[] = {"height", "width"};
    const struct expr *call = check->origin[n->index].expr;
    const struct node *input = n->input[0];
    const struct window *w = &n->window;
    struct shape shape = {3, {channels}};
    bool good = true;
    for (int i = 0; i < 2; i++) {
        int64_t size = input->shape.dim[1 + i], left = size + 2 * w->pad[i] - w->size[i];
        shape.dim[1 + i] = left / w->stride[i] + 1;
        if (left >= 0)
            continue;
        if (good) {
            diag_error(check->diag, call->loc, "the window of '%s' is larger than the padded map",
                       call->name);
            diag_note(check->diag, input->loc, "what enters it is %s", text_of(check, input));
        }
        diag_note(check->diag, (struct loc){0},
                  "%s: (%lld + 2 * %lld - %lld) / %lld + 1, and %lld is less than 0", side[i],
                  (long long)size, (long long)w->pad[i], (long long)w->size[i],
                  (long long)w->stride[i], (long long)left);
        good = false;
    }
    if (!good || !check_shape(check, &shape, call->loc))
        return false;
    set_shape(n, shape);
    return true;
}

static bool check_groups(struct check *check, const struct node *n, int64_t channels)
{
    const struct node *input = n->input[0];
    long long from = (long long)input->shape.dim[0], to = (long long)channels;
    long long groups = (long long)n->groups;
    if (from % groups == 0 && to % groups == 0)
        return true;
    diag_error(check->diag, check->origin[n->index].detail->loc,
               "%lld groups do not divide %lld channels into %lld", groups, from, to);
    diag_note(check->diag, input->loc, "what enters is %s", text_of(check, input));
    diag_note(check->diag, (struct loc){0}, "%lld / %lld and %lld / %lld must be whole", from,
              groups, to, groups);
    return false;
}

/* Everything else about weights is counted in integers. */
static bool check_weights(struct check *check, const struct node *n)
{
    const struct shape *shape = &n->weight->shape;
    double bytes = 4;
    for (int i = 0; i < shape->rank; i++)
        bytes *= (double)shape->dim[i];
    if (bytes <= MOST_BYTES)
        return true;
    diag_error(check->diag, n->loc, "weights of %s take %.0f bytes, the most is %.0f",
               shape_text(check->arena, shape), bytes, MOST_BYTES);
    return false;
}

static void set_fans(struct node *n, int64_t in, int64_t out)
{
    n->weight->fan_in = in;
    n->weight->fan_out = out;
    if (n->bias) {
        n->bias->fan_in = in;
        n->bias->fan_out = out;
    }
}

static bool settle_dense(struct check *check, struct node *n)
{
    const struct node *input = n->input[0];
    n->weight->shape = (struct shape){2, {n->size, input->size}};
    set_fans(n, input->size, n->size);
    return check_weights(check, n);
}

static bool settle_conv(struct check *check, struct node *n)
{
    int64_t channels = n->weight->shape.dim[0];
    const struct window *w = &n->window;
    if (!is_map(check, n) || !check_groups(check, n, channels) || !slide(check, n, channels))
        return false;
    int64_t entering = n->input[0]->shape.dim[0] / n->groups;
    n->weight->shape = (struct shape){4, {channels, entering, w->size[0], w->size[1]}};
    if (!check_weights(check, n))
        return false;
    set_fans(n, entering * w->size[0] * w->size[1], channels * w->size[0] * w->size[1]);
    return true;
}

static bool settle_pool(struct check *check, struct node *n)
{
    const struct shape *shape = &n->input[0]->shape;
    if (!is_map(check, n))
        return false;
    for (int i = 0; i < 2; i++)
        if (n->window.size[i] == 0) /* all */
            n->window.size[i] = n->window.stride[i] = shape->dim[1 + i];
    return slide(check, n, shape->dim[0]);
}

/* --- what leaves the shape as it is; what it trains has a value for each channel */

static void set_channels(struct param *p, int64_t channels)
{
    if (p->shape.dim[0] == 0)
        p->shape.dim[0] = channels;
    p->fan_in = p->fan_out = p->shape.dim[0];
}

static bool settle_elements(struct node *n)
{
    int64_t channels = n->input[0]->shape.dim[0];
    set_shape(n, n->input[0]->shape);
    if (n->op == N_BATCHNORM) {
        set_channels(n->weight, channels);
        set_channels(n->bias, channels);
    }
    for (int i = 0; n->op == N_NEURON && i < n->neuron->learnables; i++)
        set_channels(n->neuron->learnable[i].param, channels);
    return true;
}

/* --- joins */

static void note_shape(struct check *check, const struct expr *e, const struct node *n)
{
    if (n->shape.rank == 1)
        diag_note(check->diag, e->loc, "this is %s", text_of(check, n));
    else
        diag_note(check->diag, e->loc, "this is %s, %lld values", text_of(check, n),
                  (long long)n->size);
}

static bool check_sum(struct check *check, const struct node *n)
{
    const struct origin *o = &check->origin[n->index];
    const struct node *first = n->input[0];
    bool good = true;
    for (int i = 1; i < n->input_count; i++) {
        const struct node *other = n->input[i];
        if (shape_equal(&other->shape, &first->shape))
            continue;
        diag_error(check->diag, n->loc, "shapes %s and %s cannot be added", text_of(check, first),
                   text_of(check, other));
        note_shape(check, o->term[0], first);
        note_shape(check, o->term[i], other);
        good = false;
    }
    return good;
}

static bool can_concat(const struct shape *a, const struct shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 1; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

static bool settle_concat(struct check *check, struct node *n)
{
    const struct origin *o = &check->origin[n->index];
    const struct node *first = n->input[0];
    struct shape shape = first->shape;
    bool good = true;
    for (int i = 1; i < n->input_count; i++) {
        const struct node *other = n->input[i];
        shape.dim[0] += other->shape.dim[0];
        if (can_concat(&first->shape, &other->shape))
            continue;
        diag_error(check->diag, n->loc, "shapes %s and %s cannot be concatenated",
                   text_of(check, first), text_of(check, other));
        diag_note(check->diag, o->term[0]->loc, "this is %s", text_of(check, first));
        diag_note(check->diag, o->term[i]->loc,
                  "this is %s; all but the first number must be equal", text_of(check, other));
        good = false;
    }
    if (!good || !check_shape(check, &shape, n->loc))
        return false;
    set_shape(n, shape);
    return true;
}

/* --- all of them */

static const struct layer_shape *find_declared(const struct check *check, const struct layer *layer)
{
    for (int i = 0; layer && i < check->declareds; i++)
        if (check->declared[i].layer == layer)
            return &check->declared[i];
    return NULL;
}

static void settle_prev(struct check *check, struct node *n)
{
    struct origin *o = &check->origin[n->index];
    const struct layer_shape *declared = find_declared(check, o->delayed);
    if (o->delayed && o->delayed->value && is_known(o->delayed->value))
        set_shape(n, o->delayed->value->shape);
    else if (declared)
        set_shape(n, declared->shape);
    o->settled = is_known(n);
}

/* A sum is known as soon as one of its terms is. */
static bool all_known(struct node *n)
{
    bool all = true;
    for (int i = 0; i < n->input_count; i++) {
        bool known = is_known(n->input[i]);
        all = all && known;
        if (known && n->op == N_SUM && !is_known(n))
            set_shape(n, n->input[i]->shape);
    }
    return all;
}

static bool settle(struct check *check, struct node *n)
{
    switch (n->op) {
    case N_DENSE:
        return settle_dense(check, n);
    case N_CONV:
        return settle_conv(check, n);
    case N_MAXPOOL:
    case N_AVGPOOL:
        return settle_pool(check, n);
    case N_SUM:
        return check_sum(check, n);
    case N_CONCAT:
        return settle_concat(check, n);
    case N_AFFINE:
    case N_MAP:
    case N_DROPOUT:
    case N_BATCHNORM:
    case N_NEURON:
    case N_READOUT:
    case N_FLIP:
    case N_CROP:
    case N_ENCODE:
        return settle_elements(n);
    case N_INPUT:
    case N_PREV:
        break;
    }
    bug("operator %d", (int)n->op);
}

struct node *settle_node(struct check *check, struct node *n)
{
    struct origin *o = &check->origin[n->index];
    if (n->op == N_PREV) {
        settle_prev(check, n);
    } else if (all_known(n)) {
        o->wrong = !settle(check, n);
        o->settled = true;
    }
    return o->wrong ? NULL : n;
}
