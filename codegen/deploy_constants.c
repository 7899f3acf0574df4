/* Neurons that nothing alive enters: they are what their biases make of them, whatever the input
 * is, and become part of the biases of what reads them. */
#include "deploy_build.h"

#include <float.h>
#include <math.h>

struct folding {
    const struct deployment *d;
    const struct checkpoint *c;
    struct survivors *left;
    struct constants *all;
    bool *entered; /* of the value at hand, by unit */
};

/* What a unit of `from` adds where it is weighted so. */
static void enter(struct folding *f, const struct value *from, int64_t unit, double w,
                  const struct value *to, int64_t row)
{
    if (f->left[from->index].place[unit] >= 0)
        f->entered[row] = true;
    else
        f->all[to->index].added[row] += w * f->all[from->index].value[unit];
}

static void enter_weights(struct folding *f, const struct value *to, const struct term *t,
                          const struct segment *g, int64_t column)
{
    const struct plan *p = f->d->plan;
    const struct survivors *rows = &f->left[to->index];
    const float *w = checkpoint_values(p, f->c, t->weight);
    const uint8_t *alive = t->alive ? checkpoint_mask(p, f->c, t->alive) : NULL;
    for (int64_t i = 0; i < rows->count; i++)
        for (int64_t unit = 0; unit < g->rows; unit++) {
            int64_t at = rows->row[i] * t->rows + column + unit;
            if (!alive || alive[at])
                enter(f, g->value, g->from + unit, w[at], to, rows->row[i]);
        }
}

static void enter_term(struct folding *f, const struct value *to, const struct term *t)
{
    int64_t column = 0;
    for (int s = 0; s < t->segments; s++) {
        const struct segment *g = &t->segment[s];
        if (t->dense)
            enter_weights(f, to, t, g, column);
        for (int64_t unit = 0; !t->dense && unit < g->rows; unit++)
            enter(f, g->value, g->from + unit, 1, to, column + unit);
        column += g->rows;
    }
}

static double bias_of(const struct folding *f, const struct value *v, int64_t row)
{
    double sum = f->all[v->index].added[row];
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].bias)
            sum += checkpoint_values(f->d->plan, f->c, v->term[t].bias)[row];
    return sum;
}

/* Those of the survivors that nothing entered are none any more. */
static void fold(struct folding *f, const struct value *v)
{
    struct survivors *s = &f->left[v->index];
    const struct expr *chain = deploy_chain(f->d, f->c, v);
    int64_t count = 0;
    for (int64_t i = 0; i < s->count; i++) {
        int64_t row = s->row[i];
        double y = f->entered[row] ? 0 : deploy_apply(chain, bias_of(f, v, row));
        if (f->entered[row] || !(fabs(y) <= FLT_MAX)) {
            s->place[row] = count;
            s->row[count++] = row;
        } else {
            s->place[row] = -1;
            f->all[v->index].value[row] = y;
        }
    }
    s->count = count;
}

struct constants *fold_constants(const struct deployment *d, const struct checkpoint *c,
                                 struct survivors *left)
{
    const struct plan *p = d->plan;
    struct folding f = {.d = d, .c = c, .left = left};
    f.all = NEW_ARRAY(d->arena, p->values, struct constants);
    for (int i = 0; i < p->values; i++) { /* what a value reads comes before it */
        const struct value *v = p->value[i];
        f.all[v->index].value = NEW_ARRAY(d->arena, v->rows, double);
        f.all[v->index].added = NEW_ARRAY(d->arena, v->rows, double);
        f.entered = NEW_ARRAY(d->arena, v->rows, bool);
        for (int t = 0; t < v->terms; t++)
            enter_term(&f, v, &v->term[t]);
        if (!v->is_input && v != p->output)
            fold(&f, v);
    }
    return f.all;
}
