/* The input statement: its shape, and its transforms, of which scales and shifts that stand side by
 * side are composed into one. */
#include "check.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* y = scale x + shift, one pair for each channel, or one for all; channels 0: y = x. */
struct affine {
    int64_t channels;
    double *scale, *shift;
    struct loc loc; /* of all that were composed */
};

struct transforms {
    struct affine affine; /* those that are not a node yet */
    const struct expr *encoder;
};

/* As enum encoder, or -1. */
static int find_encoder(const char *name)
{
    static const char *const names[] = {"direct", "bernoulli", "latency", "events"};
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static bool read_numbers(const struct context *c, struct expr *e, const char *what, int64_t most,
                         double **value, int64_t *count)
{
    struct check *check = c->check;
    int n = e->kind == E_TUPLE ? e->count : 1;
    if (n != 1 && n != most) {
        diag_error(check->diag, e->loc, "%d numbers for %lld channels", n, (long long)most);
        diag_note(check->diag, check->net->input->loc, "the input is %s",
                  shape_text(check->arena, &check->net->node[0]->shape));
        return false;
    }
    *value = NEW_ARRAY(check->arena, n, double);
    *count = n;
    bool good = true;
    for (int i = 0; i < n; i++)
        good = resolve_constant(c, e->kind == E_TUPLE ? e->arg[i] : e, what, &(*value)[i]) && good;
    return good;
}

static bool read_normalize(const struct context *c, struct expr **arg, int64_t most,
                           struct affine *to)
{
    double *mean, *deviation;
    int64_t means, deviations;
    bool good = read_numbers(c, arg[0], "a mean", most, &mean, &means);
    good = read_numbers(c, arg[1], "a deviation", most, &deviation, &deviations) && good;
    if (!good)
        return false;
    to->channels = means > deviations ? means : deviations;
    to->scale = NEW_ARRAY(c->check->arena, to->channels, double);
    to->shift = NEW_ARRAY(c->check->arena, to->channels, double);
    for (int64_t i = 0; i < to->channels; i++) {
        double by = deviation[deviations == 1 ? 0 : i];
        if (by == 0) {
            struct expr *e = arg[1]->kind == E_TUPLE ? arg[1]->arg[i] : arg[1];
            diag_error(c->check->diag, e->loc, "division by zero: a deviation cannot be 0");
            return false;
        }
        to->scale[i] = 1 / by;
        to->shift[i] = -mean[means == 1 ? 0 : i] / by;
    }
    return true;
}

static bool read_scale(const struct context *c, struct expr **arg, struct affine *to)
{
    to->channels = 1;
    to->scale = NEW(c->check->arena, double);
    to->shift = NEW(c->check->arena, double);
    bool good = resolve_constant(c, arg[0], "a", to->scale);
    return resolve_constant(c, arg[1], "b", to->shift) && good;
}

static void compose(struct arena *arena, struct affine *all, const struct affine *next)
{
    if (all->channels == 0) {
        *all = *next;
        return;
    }
    int64_t channels = all->channels > next->channels ? all->channels : next->channels;
    double *scale = NEW_ARRAY(arena, channels, double), *shift = NEW_ARRAY(arena, channels, double);
    for (int64_t i = 0; i < channels; i++) {
        int64_t a = all->channels == 1 ? 0 : i, b = next->channels == 1 ? 0 : i;
        scale[i] = next->scale[b] * all->scale[a];
        shift[i] = next->scale[b] * all->shift[a] + next->shift[b];
    }
    *all = (struct affine){channels, scale, shift, all->loc};
}

/* What was collected becomes a node; it is the same as nothing where no transform was. */
static bool end_affine(struct check *check, struct affine *all)
{
    struct node *input = check->layer->value;
    const struct expr *written = expr_name(check->arena, all->loc, check->layer->name);
    struct node *n = new_node(check, N_AFFINE, written, &input, 1);
    if (!n)
        return false;
    settle_node(check, n);
    n->channels = all->channels;
    n->scale = all->scale;
    n->shift = all->shift;
    check->layer->value = n;
    all->channels = 0;
    return true;
}

static bool add_affine(struct check *check, struct affine *all, const struct affine *next,
                       struct loc loc)
{
    compose(check->arena, all, next);
    all->loc = all->loc.file ? loc_join(all->loc, loc) : loc;
    for (int64_t i = 0; i < all->channels; i++)
        if (!(fabs(all->scale[i]) <= FLT_MAX) || !(fabs(all->shift[i]) <= FLT_MAX)) {
            diag_error(check->diag, loc, "this leaves the range of single precision");
            return false;
        }
    return true;
}

/* Its place in a map is chosen at random, or its side. */
static bool add_moved(const struct context *c, struct expr *call, struct expr **arg)
{
    struct check *check = c->check;
    struct node *input = check->layer->value;
    const struct shape *shape = &input->shape;
    bool crop = strcmp(call->name, "crop") == 0;
    double pad = 0;
    if (crop && !resolve_whole(c, arg[0], "a pad", 0, 1e6, &pad))
        return false;
    if (shape->rank != 3) {
        diag_error(check->diag, call->name_loc,
                   "'%s' works on images, but the input is %s, not [channels, height, width]",
                   call->name, shape_text(check->arena, shape));
        diag_note(check->diag, check->net->node[0]->loc, "it is given here");
        return false;
    }
    int64_t least = shape->dim[1] < shape->dim[2] ? shape->dim[1] : shape->dim[2];
    if ((int64_t)pad >= least) {
        diag_error(check->diag, arg[0]->loc,
                   "a pad of %.0f could leave nothing of an image of %lld * %lld", pad,
                   (long long)shape->dim[1], (long long)shape->dim[2]);
        return false;
    }
    if (crop && pad == 0)
        return true;
    struct node *n = new_node(check, crop ? N_CROP : N_FLIP, call, &input, 1);
    if (!n)
        return false;
    settle_node(check, n);
    n->pad = (int64_t)pad;
    check->layer->value = n;
    return true;
}

static bool add_encoder(struct check *check, const struct expr *written, enum encoder encoder,
                        double gain)
{
    struct node *input = check->layer->value;
    struct node *n = new_node(check, N_ENCODE, written, &input, 1);
    if (!n)
        return false;
    settle_node(check, n);
    n->encoder = encoder;
    n->gain = gain;
    check->layer->value = n;
    return true;
}

/* What comes out of an encoder is no image any more, but for `events`, which is what is read. */
static bool may_follow(struct check *check, const struct expr *call, const struct expr *encoder)
{
    if (!encoder)
        return true;
    bool second = find_encoder(call->name) >= 0;
    if (!second && strcmp(encoder->name, "events") == 0)
        return true;
    diag_error(check->diag, call->name_loc,
               second ? "'%s' would be a second encoder"
                      : "'%s' stands behind the encoder, but works on what enters it",
               call->name);
    diag_note(check->diag, encoder->loc, "the encoder is this");
    return false;
}

static bool read_encoder(const struct context *c, struct expr *call, struct expr **arg,
                         enum encoder encoder)
{
    struct check *check = c->check;
    double gain = 1;
    if (!needs_time(check, call, NULL) || (arg[0] && !resolve_constant(c, arg[0], "a gain", &gain)))
        return false;
    if (gain > 0 && gain <= FLT_MAX)
        return add_encoder(check, call, encoder, gain);
    diag_error(check->diag, arg[0]->loc, "a gain must be above 0, it is %s",
               number_text(check->arena, gain));
    return false;
}

static bool read_transform(const struct context *c, struct expr *call, struct transforms *all)
{
    struct check *check = c->check;
    struct expr **arg = match_transform(c, call);
    struct affine next = {0};
    int encoder = find_encoder(call->name);
    if (!arg || !may_follow(check, call, all->encoder))
        return false;
    if (strcmp(call->name, "scale") == 0)
        return read_scale(c, arg, &next) && add_affine(check, &all->affine, &next, call->loc);
    if (strcmp(call->name, "normalize") == 0)
        return read_normalize(c, arg, check->net->node[0]->shape.dim[0], &next) &&
               add_affine(check, &all->affine, &next, call->loc);
    if (all->affine.channels > 0 && !end_affine(check, &all->affine))
        return false;
    if (encoder < 0)
        return add_moved(c, call, arg);
    all->encoder = call;
    return read_encoder(c, call, arg, (enum encoder)encoder);
}

/* Transforms in the order they are written; true where all are good. */
static bool read_transforms(const struct context *c, struct expr *e, struct transforms *all)
{
    if (e->kind != E_PIPE)
        return true;
    bool good = read_transforms(c, e->arg[0], all);
    return read_transform(c, e->arg[1], all) && good;
}

static void add_transforms(struct check *check, const struct stmt *stmt, const struct expr *name)
{
    struct transforms all = {0};
    struct context c = file_context(check, false);
    struct net *net = check->net;
    bool good = !stmt->value || read_transforms(&c, stmt->value, &all);
    if (good && all.affine.channels > 0)
        good = end_affine(check, &all.affine);
    if (good && check->timed && !all.encoder)
        good = add_encoder(check, name, ENCODE_DIRECT, 1);
    net->frames = all.encoder && strcmp(all.encoder->name, "events") == 0;
    for (int i = 0; net->frames && i < net->node_count; i++)
        net->node[i]->timed = true;
    if (!good)
        check->layer->value = NULL;
}

bool read_shape(struct check *check, const struct stmt *stmt, struct shape *shape)
{
    struct context c = file_context(check, false);
    bool good = true;
    if (stmt->dim_count != 1 && stmt->dim_count != 3) {
        diag_error(check->diag, stmt->dims_loc,
                   "a shape is [features] or [channels, height, width], not %d numbers",
                   stmt->dim_count);
        good = false;
    }
    shape->rank = stmt->dim_count;
    for (int i = 0; i < stmt->dim_count; i++) {
        double value = 1;
        good = resolve_whole(&c, stmt->dims[i], "a size", 1, (double)MOST_UNITS, &value) && good;
        if (i < MAX_RANK)
            shape->dim[i] = (int64_t)value;
    }
    return good && check_shape(check, shape, stmt->dims_loc);
}

void define_input(struct check *check, const struct stmt *stmt)
{
    struct shape shape = {0};
    bool good = read_shape(check, stmt, &shape);
    bool taken = is_taken(check, stmt->name);
    struct symbol *s = declare(check, T_VALUE, SYM_LAYER, stmt->name, stmt);
    struct layer *layer = s->layer = NEW(check->arena, struct layer);
    layer->name = stmt->name.text;
    layer->loc = stmt->name.loc;
    s->poisoned = s->poisoned || taken || !good || check->only[ST_INPUT] != stmt;
    if (s->poisoned)
        return;
    check->layer = layer;
    check->net->input = layer;
    const struct expr *name = expr_name(check->arena, stmt->name.loc, stmt->name.text);
    layer->value = new_node(check, N_INPUT, name, NULL, 0);
    check->origin[layer->value->index].settled = true;
    set_shape(layer->value, shape);
    add_transforms(check, stmt, name);
    layer->neurons = layer->value;
    s->poisoned = !layer->value;
    PUSH(check->arena, check->net->layer, check->net->layer_count, layer);
    check->layer = NULL;
}
