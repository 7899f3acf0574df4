/* The input statement: its shape, and its transforms composed into one scale and shift. */
#include "check.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* y = scale x + shift, one pair for each channel, or one for all. */
struct affine {
    int64_t channels;
    double *scale, *shift;
};

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
    int64_t channels = all->channels > next->channels ? all->channels : next->channels;
    double *scale = NEW_ARRAY(arena, channels, double), *shift = NEW_ARRAY(arena, channels, double);
    for (int64_t i = 0; i < channels; i++) {
        int64_t a = all->channels == 1 ? 0 : i, b = next->channels == 1 ? 0 : i;
        scale[i] = next->scale[b] * all->scale[a];
        shift[i] = next->scale[b] * all->shift[a] + next->shift[b];
    }
    *all = (struct affine){channels, scale, shift};
}

static bool read_transform(const struct context *c, struct expr *call, struct affine *all)
{
    struct check *check = c->check;
    struct expr **arg = match_transform(c, call);
    struct affine next;
    const struct shape *shape = &check->net->node[0]->shape;
    if (!arg)
        return false;
    if (strcmp(call->name, "scale") == 0) {
        if (!read_scale(c, arg, &next))
            return false;
    } else if (strcmp(call->name, "normalize") == 0) {
        if (!read_normalize(c, arg, shape->dim[0], &next))
            return false;
    } else {
        bool encoder = strcmp(call->name, "flip") != 0 && strcmp(call->name, "crop") != 0;
        if (encoder && !check->timed)
            diag_error(check->diag, call->name_loc,
                       "'%s' needs time steps: there is no 'time' statement", call->name);
        else if (!encoder)
            report_not_yet(check, call->name_loc, call->name);
        return false;
    }
    compose(check->arena, all, &next);
    for (int64_t i = 0; i < all->channels; i++)
        if (!(fabs(all->scale[i]) <= FLT_MAX) || !(fabs(all->shift[i]) <= FLT_MAX)) {
            diag_error(check->diag, call->loc, "this leaves the range of single precision");
            return false;
        }
    return true;
}

/* Transforms in the order they are written; true where all are good. */
static bool read_transforms(const struct context *c, struct expr *e, struct affine *all, int *count)
{
    if (e->kind != E_PIPE)
        return true;
    bool good = read_transforms(c, e->arg[0], all, count);
    ++*count;
    return read_transform(c, e->arg[1], all) && good;
}

static void make_affine(struct check *check, const struct stmt *stmt)
{
    struct affine all = {1, NEW(check->arena, double), NEW(check->arena, double)};
    struct context c = file_context(check, false);
    struct node *input = check->layer->value;
    int count = 0;
    all.scale[0] = 1;
    if (!stmt->value)
        return;
    bool good = read_transforms(&c, stmt->value, &all, &count);
    if (!good || count == 0) {
        check->layer->value = good ? input : NULL;
        return;
    }
    struct node *n = new_node(check, N_AFFINE, stmt->value->loc, input->shape, &input, 1);
    n->channels = all.channels;
    n->scale = all.scale;
    n->shift = all.shift;
    check->layer->value = n;
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
    layer->value = new_node(check, N_INPUT, stmt->name.loc, shape, NULL, 0);
    make_affine(check, stmt);
    layer->neurons = layer->value;
    s->poisoned = !layer->value;
    PUSH(check->arena, check->net->layer, check->net->layer_count, layer);
    check->layer = NULL;
}
