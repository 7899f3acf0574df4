/* Plan and checkpoint -> the net that is left of them. The transforms of the input are folded into
 * the weights that read it, so that a silent input stays silent. */
#include "deploy_build.h"
#include "memory.h"
#include "names.h"

#include <string.h>

struct builder {
    struct deployment *d;
    const struct checkpoint *c;
    struct survivors *left;
    const struct constants *constant; /* by the value's index */
    struct deployed **of;             /* by the value's index; NULL: nothing of it is left */
    struct names *names;
};

struct run {
    struct arena *arena;
    const struct checkpoint *checkpoint;
};

static struct expr *run_scalar(void *context, const struct expr *e)
{
    const struct run *run = context;
    const struct checkpoint *c = run->checkpoint;
    const struct {
        const char *name;
        double value;
    } scalar[] = {
        {"epoch", c->epoch}, {"epochs", c->epochs}, {"step", c->step}, {"progress", c->progress}};
    for (size_t i = 0; i < sizeof scalar / sizeof *scalar; i++)
        if (strcmp(e->name, scalar[i].name) == 0)
            return expr_number(run->arena, e->loc, scalar[i].value);
    return NULL;
}

struct expr *deploy_chain(const struct deployment *d, const struct checkpoint *c,
                          const struct value *v)
{
    struct run run = {d->arena, c};
    return expr_fold(d->arena, expr_replace(d->arena, v->predict, run_scalar, &run));
}

static struct product *add_product(struct builder *b, struct deployed *to, struct deployed *from,
                                   const char *name)
{
    struct arena *a = b->d->arena;
    struct product p = {.from = from, .rows = to->rows, .cols = from->rows};
    p.weight = NEW_ARRAY(a, p.rows * p.cols + 1, double);
    p.alive = NEW_ARRAY(a, p.rows * p.cols + 1, uint8_t);
    p.name = names_unique(b->names, name);
    PUSH(a, to->product, to->products, p);
    return &to->product[to->products - 1];
}

static void set_weight(struct deployment *d, struct deployed *to, struct product *p, int64_t row,
                       int64_t col, double w)
{
    int64_t at = col * p->rows + row;
    if (p->from->is_input) {
        int64_t channel = p->from->row[col] / (p->from->units / d->channels);
        to->bias[row] += w * d->shift[channel];
        w *= d->scale[channel];
    }
    p->weight[at] = w;
    p->alive[at] = 1;
    p->live++;
}

static void add_weights(struct builder *b, struct deployed *to, const struct term *t,
                        const struct segment *g, int64_t column)
{
    const struct plan *plan = b->d->plan;
    struct deployed *from = b->of[g->value->index];
    const float *w = checkpoint_values(plan, b->c, t->weight);
    const uint8_t *alive = t->alive ? checkpoint_mask(plan, b->c, t->alive) : NULL;
    struct product *p = add_product(b, to, from, t->weight);
    for (int64_t col = 0; col < from->rows; col++) {
        int64_t unit = from->row[col] - g->from;
        for (int64_t row = 0; unit >= 0 && unit < g->rows && row < to->rows; row++) {
            int64_t at = to->row[row] * t->rows + column + unit;
            if (!alive || alive[at])
                set_weight(b->d, to, p, row, col, w[at]);
        }
    }
    if (!p->live)
        to->products--;
}

/* The input as it is, which is its transforms at least: a product with a diagonal. */
static void add_input(struct builder *b, struct deployed *to, const struct segment *g,
                      int64_t column)
{
    struct deployed *from = b->of[g->value->index];
    struct product *p = add_product(b, to, from, arena_format(b->d->arena, "%s_input", to->name));
    p->is_input = true;
    for (int64_t unit = 0; unit < g->rows; unit++) {
        int64_t row = b->left[to->value->index].place[column + unit];
        if (row >= 0)
            set_weight(b->d, to, p, row, g->from + unit, 1);
    }
}

static void add_copy(struct builder *b, struct deployed *to, const struct segment *g,
                     int64_t column)
{
    struct arena *a = b->d->arena;
    struct deployed *from = b->of[g->value->index];
    struct copy c = {.from = from};
    c.row = NEW_ARRAY(a, from->rows, int64_t);
    c.from_row = NEW_ARRAY(a, from->rows, int64_t);
    for (int64_t i = 0; i < from->rows; i++) {
        int64_t unit = from->row[i] - g->from;
        int64_t row =
            unit >= 0 && unit < g->rows ? b->left[to->value->index].place[column + unit] : -1;
        if (row < 0)
            continue;
        c.row[c.count] = row;
        c.from_row[c.count++] = i;
    }
    c.whole = c.count == to->rows && c.count == from->rows;
    c.name = names_unique(b->names, arena_format(a, "%s_of_%s", from->name, to->name));
    if (c.count)
        PUSH(a, to->copy, to->copies, c);
}

static void add_term(struct builder *b, struct deployed *to, const struct term *t)
{
    int64_t column = 0;
    if (t->bias) {
        const float *bias = checkpoint_values(b->d->plan, b->c, t->bias);
        for (int64_t i = 0; i < to->rows; i++)
            to->bias[i] += bias[to->row[i]];
    }
    for (int s = 0; s < t->segments; s++) {
        const struct segment *g = &t->segment[s];
        struct deployed *from = b->of[g->value->index];
        if (from && t->dense)
            add_weights(b, to, t, g, column);
        else if (from && from->is_input)
            add_input(b, to, g, column);
        else if (from)
            add_copy(b, to, g, column);
        column += g->rows;
    }
}

/* An output may have died as well: it stays, as a zero. */
static int64_t live_outputs(const struct builder *b, const struct value *v)
{
    const uint8_t *mask = v->alive ? checkpoint_mask(b->d->plan, b->c, v->alive) : NULL;
    const struct survivors *left = &b->left[v->index];
    int64_t count = 0;
    for (int64_t i = 0; i < v->rows; i++) {
        bool lives = !mask || mask[i];
        left->place[i] = lives ? count : -1;
        if (lives)
            left->row[count++] = i;
    }
    return count;
}

static void add_value(struct builder *b, const struct value *v)
{
    struct deployment *d = b->d;
    const struct survivors *left = &b->left[v->index];
    bool is_output = v == d->plan->output;
    if (!left->count && !is_output)
        return;
    struct deployed *to = NEW(d->arena, struct deployed);
    *to = (struct deployed){.value = v,
                            .name = names_unique(b->names, v->name),
                            .units = v->rows,
                            .rows = left->count,
                            .row = left->row,
                            .is_input = v->is_input,
                            .is_output = is_output,
                            .index = d->values,
                            .last = d->values};
    if (is_output)
        to->rows = live_outputs(b, v);
    to->bias = NEW_ARRAY(d->arena, to->rows + 1, double);
    b->of[v->index] = to;
    for (int64_t i = 0; i < to->rows; i++)
        to->bias[i] = b->constant[v->index].added[to->row[i]];
    for (int t = 0; t < v->terms; t++)
        add_term(b, to, &v->term[t]);
    if (!v->is_input)
        to->chain = deploy_chain(d, b->c, v);
    for (int i = 0; i < to->products; i++)
        to->product[i].from->last = d->values;
    for (int i = 0; i < to->copies; i++)
        to->copy[i].from->last = d->values;
    if (v->is_input)
        d->input = to;
    if (is_output)
        d->output = to;
    PUSH(d->arena, d->value, d->values, to);
}

struct deployment *deploy_net(const struct plan *p, const struct checkpoint *c)
{
    struct deployment *d = NEW(p->arena, struct deployment);
    struct builder b = {.d = d, .c = c, .left = find_survivors(p, c), .names = names_new(p->arena)};
    d->plan = p;
    d->arena = p->arena;
    b.of = NEW_ARRAY(p->arena, p->values, struct deployed *);
    b.constant = fold_constants(d, c, b.left);
    d->channels = input_transform(p->arena, p->input, &d->scale, &d->shift);
    for (int i = 0; i < p->values; i++)
        add_value(&b, p->value[i]);
    return d;
}
