/* The part of a comparison that belongs to rules: a program's masks, and the states and counters
 * of what is attached in it. */
#include "compare_inner.h"

#include <string.h>

enum { COUNTERS = 3 };

static const char *mask_name(struct comparison *c, const char *of)
{
    return arena_format(c->arena, "%s.alive", of);
}

static const char *value_name(struct comparison *c, const struct attachment *a, int value)
{
    return arena_format(c->arena, "%s.%s", a->on->name, a->rule->value[value].name);
}

static const char *counter_name(struct comparison *c, const struct attachment *a)
{
    return arena_format(c->arena, "%s.period", a->on->name);
}

/* ------------------------------------------------------------------- what there is */

/* There may be a mask where none is needed; then nothing in it ever dies. */
static bool has_mask(struct comparison *c, const char *of, int rank, const int64_t *shape,
                     bool needed, int *expected)
{
    const char *name = mask_name(c, of);

    if (!needed && !find_tensor(c->model, name))
        return true;
    ++*expected;
    return has_tensor(c, name, PLAST_MASK, rank, shape);
}

static bool has_masks(struct comparison *c, int *expected)
{
    struct reference *r = c->reference;
    bool any = false;

    for (int p = 0; p < c->net->param_count; p++) {
        const struct param *param = c->net->param[p];
        bool may = r->alive[p].size > 0 && reference_may_die(r, param);
        any = any || may;
        if (r->alive[p].size > 0 &&
            !has_mask(c, param->name, param->shape.rank, param->shape.dim, may, expected))
            return false;
    }
    for (int k = 0; k < c->net->layer_count; k++) {
        const struct layer *layer = c->net->layer[k];
        int64_t channels = reference_channels(layer->neurons);
        if (!has_mask(c, layer->name, 1, &channels, reference_neurons_may_die(r, layer), expected))
            return false;
    }
    if ((c->model->settle != NULL) != any)
        return differ(c, "there is %s settle()", any ? "no" : "a needless");
    return true;
}

static bool has_values(struct comparison *c, const struct attachment *a, int *expected)
{
    const struct param *weight = a->on->node->weight;

    for (int v = 0; v < a->rule->value_count; v++) {
        const struct rule_value *value = &a->rule->value[v];
        int rank = value->space == SPACE_SYNAPSE  ? weight->shape.rank
                   : value->space == SPACE_KERNEL ? 2
                                                  : 1;
        int64_t places = a->value[v].size;
        if (!value->stored)
            continue;
        ++*expected;
        if (!has_tensor(c, value_name(c, a, v), PLAST_STATE, rank,
                        rank > 1 ? weight->shape.dim : &places))
            return false;
    }
    return true;
}

bool has_rule_tensors(struct comparison *c, int *expected)
{
    const struct reference *r = c->reference;
    const int64_t counters = COUNTERS;

    for (int k = 0; k < r->attachments; k++) {
        ++*expected;
        if (!has_values(c, &r->attachment[k], expected) ||
            !has_tensor(c, counter_name(c, &r->attachment[k]), PLAST_COUNTER, 1, &counters))
            return false;
    }
    return has_masks(c, expected);
}

/* --------------------------------------------------------------------- both sides */

static const uint8_t *mask_of(struct comparison *c, const char *of, const struct plast_tensor **t)
{
    *t = find_tensor(c->model, mask_name(c, of));
    return *t ? (const uint8_t *)c->block + (*t)->offset : NULL;
}

static void copy_mask(struct comparison *c, const char *of, struct values *alive)
{
    const struct plast_tensor *t;
    const uint8_t *mask = mask_of(c, of, &t);
    int64_t columns = t ? tensor_columns(t) : 0;

    for (int64_t i = 0; mask && i < alive->size; i++)
        alive->at[i] = mask[i / columns * t->stride + i % columns];
}

static const int64_t *counters_of(struct comparison *c, const struct attachment *a)
{
    const struct plast_tensor *t = find_tensor(c->model, counter_name(c, a));

    return (const int64_t *)(const void *)(c->block + t->offset);
}

void synchronise_rules(struct comparison *c)
{
    struct reference *r = c->reference;

    for (int p = 0; p < c->net->param_count; p++)
        copy_mask(c, c->net->param[p]->name, &r->alive[p]);
    for (int k = 0; k < c->net->layer_count; k++)
        copy_mask(c, c->net->layer[k]->name, &r->alive_neuron[k]);
    for (int k = 0; k < r->attachments; k++) {
        struct attachment *a = &r->attachment[k];
        const int64_t *counter = counters_of(c, a);
        a->set_up = counter[0] != 0;
        a->acted = counter[1];
        a->adapted = counter[2];
        for (int v = 0; v < a->rule->value_count; v++)
            if (a->rule->value[v].stored)
                copy_tensor(c, value_name(c, a, v), &a->value[v]);
    }
}

/* ---------------------------------------------------------------------- comparing */

static bool same_mask(struct comparison *c, const char *of, const struct values *alive)
{
    const struct plast_tensor *t;
    const uint8_t *mask = mask_of(c, of, &t);
    int64_t columns = t ? tensor_columns(t) : 1;

    for (int64_t i = 0; i < alive->size; i++) {
        int got = mask ? mask[i / columns * t->stride + i % columns] : 1;
        if (got != (int)alive->at[i])
            return differ(c, "%s.alive[%lld] is %d", of, (long long)i, got);
    }
    return true;
}

static bool same_attachment(struct comparison *c, const struct attachment *a)
{
    const int64_t *counter = counters_of(c, a);

    for (int v = 0; v < a->rule->value_count; v++)
        if (a->rule->value[v].stored && !same_tensor(c, value_name(c, a, v), &a->value[v]))
            return false;
    if (counter[0] == a->set_up && counter[1] == a->acted && counter[2] == a->adapted)
        return true;
    return differ(c, "%s is %lld %lld %lld, should be %d %lld %lld", counter_name(c, a),
                  (long long)counter[0], (long long)counter[1], (long long)counter[2], a->set_up,
                  (long long)a->acted, (long long)a->adapted);
}

bool same_rules(struct comparison *c)
{
    const struct reference *r = c->reference;

    for (int p = 0; p < c->net->param_count; p++)
        if (!same_mask(c, c->net->param[p]->name, &r->alive[p]))
            return false;
    for (int k = 0; k < c->net->layer_count; k++)
        if (!same_mask(c, c->net->layer[k]->name, &r->alive_neuron[k]))
            return false;
    for (int k = 0; k < r->attachments; k++)
        if (!same_attachment(c, &r->attachment[k]))
            return false;
    return true;
}

/* ---------------------------------------------------------------------------- dead */

static bool zero_at_dead(struct comparison *c, const char *name, const char *of)
{
    const struct plast_tensor *t = find_tensor(c->model, name), *m;
    const uint8_t *mask = mask_of(c, of, &m);
    int64_t columns = tensor_columns(t), size = t->shape[0] * columns;

    for (int64_t i = 0; mask && i < size; i++)
        if (!mask[i / columns * m->stride + i % columns] &&
            tensor_row(c, t, i / columns)[i % columns] != 0)
            return differ(c, "%s[%lld] is dead and holds %g", name, (long long)i,
                          (double)tensor_row(c, t, i / columns)[i % columns]);
    return true;
}

static bool dead_values(struct comparison *c, const struct attachment *a)
{
    for (int v = 0; v < a->rule->value_count; v++) {
        enum space space = a->rule->value[v].space;
        bool neuron = space == SPACE_NEURON;
        bool kernels = space == SPACE_KERNEL && a->on->node->op == N_CONV; /* have no mask */
        if (!a->rule->value[v].stored || a->rule->grows || space == SPACE_INPUT ||
            space == SPACE_LAYER || kernels)
            continue;
        if (!zero_at_dead(c, value_name(c, a, v),
                          neuron ? a->on->layer->name : a->on->node->weight->name))
            return false;
    }
    return true;
}

bool dead_hold_nothing(struct comparison *c)
{
    for (int p = 0; p < c->net->param_count; p++) {
        const struct param *param = c->net->param[p];
        const char *of = reference_is_weight(param) ? param->name : param->node->layer->name;
        if (param->node->op != N_DENSE && param->node->op != N_CONV)
            continue; /* its channels may be those of another layer */
        if (!zero_at_dead(c, param->name, of))
            return false;
        for (int s = 0; s < c->net->optimizer->state_count; s++)
            if (!zero_at_dead(c, state_name(c, p, s), of))
                return false;
    }
    for (int k = 0; k < c->reference->attachments; k++)
        if (!dead_values(c, &c->reference->attachment[k]))
            return false;
    return true;
}

long count_dead(struct comparison *c)
{
    long dead = 0;

    synchronise_rules(c);
    for (int p = 0; p < c->net->param_count; p++)
        for (int64_t i = 0; i < c->reference->alive[p].size; i++)
            dead += c->reference->alive[p].at[i] == 0;
    return dead;
}
