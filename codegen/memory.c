/* See memory.h. Buffers of the work area share places where their life spans
 * do not meet: first fit, largest first. */
#include "memory.h"
#include "names.h"
#include "plan_time.h"
#include "recall.h"
#include "sites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 128 }; /* struct plast_run, rounded up to lines */

int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

int time_forward(const struct value *v)
{
    return v->index;
}

int time_loss(const struct plan *p)
{
    return p->values;
}

int time_error(const struct plan *p, const struct value *v)
{
    return p->values + 1 + 2 * (p->values - 1 - v->index);
}

const struct value *update_after(const struct value *v)
{
    const struct value *after = v->marker ? v->marker : v;
    for (int t = 0; t < v->terms; t++)
        for (int s = 0; s < v->term[t].segments; s++) {
            const struct value *from = v->term[t].segment[s].value;
            if (from->learns && from->index < after->index)
                after = from;
        }
    return after;
}

int time_end(const struct plan *p)
{
    return time_error(p, p->value[0]) + 3;
}

/* Updates run in the order of their errors, those of one error from the last value to the first. */
static bool is_updated_before(const struct value *a, const struct value *b)
{
    int x = update_after(a)->index, y = update_after(b)->index;
    return x != y ? x > y : a->index > b->index;
}

/* Updates end with no barrier: threads may be in them until the barrier of the next error, or until
 * the input is loaded again. Values that do not learn have none. */
static int time_updated(const struct plan *p, const struct value *v)
{
    const struct value *after = update_after(v), *reader = p->input->reader;
    if (reader && update_after(reader) == after && is_updated_before(v, reader))
        return time_error(p, after) + 1;
    for (int i = after->index - 1; i >= 0; i--)
        if (p->value[i]->learns)
            return time_error(p, p->value[i]);
    return time_end(p);
}

struct buffer *plan_free_buffer(struct plan *p, const char *name, int64_t floats, int first,
                                int last)
{
    struct buffer *b = NEW(p->arena, struct buffer);
    b->name = name;
    b->floats = (floats + 15) / 16 * 16;
    b->first = first;
    b->last = last;
    return b;
}

struct buffer *plan_buffer(struct plan *p, const char *name, int64_t floats, int first, int last)
{
    struct buffer *b = plan_free_buffer(p, name, floats, first, last);
    PUSH(p->arena, p->buffer, p->buffers, b);
    return b;
}

/* The name of a buffer of the value; the value's own is that of its plain one. */
const char *plan_buffer_name(struct plan *p, const struct value *v, const char *suffix)
{
    return names_unique(p->names, arena_format(p->arena, "%s%s", v->name, suffix));
}

static int later(int a, int b)
{
    return a > b ? a : b;
}

static int last_forward(const struct plan *p, const struct value *v)
{
    int last = time_forward(v);
    for (int i = 0; i < v->uses; i++)
        last = later(last, time_read(p, v, v->use[i].by));
    return last;
}

static int last_update(const struct plan *p, const struct value *v)
{
    int last = 0;
    for (int i = 0; i < v->uses; i++)
        if (v->use[i].by->term[v->use[i].term].dense &&
            !is_conv(&v->use[i].by->term[v->use[i].term]))
            last = later(last, time_updated(p, v->use[i].by));
    return last;
}

/* Updates of csr weights and of those that slide over maps read the value itself, where those of
 * others read its transposed copy; where it is normalised its error is made from it. */
static int last_read_back(const struct plan *p, const struct value *v)
{
    int last = 0;
    for (int i = 0; i < v->uses; i++) {
        const struct value *by = v->use[i].by;
        const struct term *t = &by->term[v->use[i].term];
        if (t->dense && (by->form || is_conv(t)))
            last = later(last, time_updated(p, by));
        if (by->norm)
            last = later(last, time_error(p, by) + 1);
        if (v->learns && by->norm)
            last = later(last, time_error(p, v));
    }
    return last;
}

/* Where the largest of each window was is kept for the errors of what was pooled. */
static void plan_peak(struct plan *p, struct value *v, int born)
{
    int last = 0;
    for (int s = 0; s < v->term[0].segments; s++)
        if (v->term[0].pool->op == N_MAXPOOL && v->term[0].segment[s].value->learns)
            last = later(last, time_pulled(p, v->term[0].segment[s].value, v));
    if (last)
        v->peak = plan_buffer(p, plan_buffer_name(p, v, "_peak"),
                              v->rows * p->columns / (has_byte_peak(v->term[0].pool) ? 4 : 1), born,
                              last);
}

/* An input that only updates of csr weights read late is gathered again rather than kept, if it is
 * large beside all that the model keeps: else csr would cost memory that dense does without. */
static void plan_second_load(struct plan *p)
{
    struct value *v = p->input;
    size_t kept = 0;
    for (int i = 0; i < p->fields; i++)
        kept += field_bytes(&p->field[i]);
    if (v->wants_plain || is_moved(v) || p->net->learn == LEARN_DIRECT_FEEDBACK ||
        (size_t)(v->rows * p->columns) * sizeof(float) <= kept / 5)
        return;
    for (int i = 0; i < v->uses; i++) {
        const struct value *by = v->use[i].by;
        if (by->form && by->term[v->use[i].term].dense &&
            (!v->reader || is_updated_before(by, v->reader)))
            v->reader = by;
    }
}

static int last_pulled(const struct plan *p, const struct value *v)
{
    int last = has_update(v) ? time_updated(p, v) : time_error(p, v);
    for (int t = 0; t < v->terms; t++)
        for (int s = 0; s < v->term[t].segments; s++)
            if (v->term[t].segment[s].value->learns)
                last = later(last, time_pulled(p, v->term[t].segment[s].value, v));
    return last;
}

bool has_update(const struct value *v)
{
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].dense)
            return true;
    return false;
}

static void plan_value(struct plan *p, struct value *v)
{
    bool keep = p->net->learn == LEARN_DIRECT_FEEDBACK; /* read by the selftest after a probe */
    int born = time_forward(v), errs = time_error(p, v), end = time_end(p);
    int last = v->is_output ? time_loss(p) : later(last_forward(p, v), last_read_back(p, v));
    if (v->reader) {
        v->again = plan_buffer(p, plan_buffer_name(p, v, "_again"), v->rows * p->columns,
                               time_error(p, update_after(v->reader)) + 2, last);
        v->again->placed_last = true;
        last = last_forward(p, v);
    }
    if (v->slope_from_result && v->learns)
        last = later(last, errs);
    if (is_moved(v))
        v->raw = plan_buffer(p, plan_buffer_name(p, v, "_raw"), v->rows * p->columns, born, born);
    if (v->terms && v->term[0].pool)
        plan_peak(p, v, born);
    if (v->norm)
        v->moments = plan_buffer(p, plan_buffer_name(p, v, "_moments"), MOMENTS * v->moments_line,
                                 born, end);
    v->plain =
        plan_buffer(p, v->name, v->rows * p->columns, born, keep || v->wants_plain ? end : last);
    if (v->turned && !(v->is_input && !v->links && v->line == v->rows && !v->delay))
        v->transposed = plan_buffer(p, plan_buffer_name(p, v, "_t"), v->line * p->net->batch, born,
                                    last_update(p, v));
    if (v->learns && !v->slope_is_one && !v->slope_from_result)
        v->slopes =
            plan_buffer(p, plan_buffer_name(p, v, "_slope"), v->rows * p->columns, born, errs);
    if (v->held && v->learns) /* kept from one probe to the next */
        v->anchors =
            plan_buffer(p, plan_buffer_name(p, v, "_anchor"), v->rows * p->columns, 0, end);
    bool direct = keep && v->is_output;
    if (v->learns)
        v->error =
            plan_buffer(p, plan_buffer_name(p, v, "_error"), v->rows * p->columns,
                        v->is_output ? time_loss(p) : errs, direct ? end : last_pulled(p, v));
    if (p->net->steps)
        plan_timed_value(p, v);
}

static int larger_first(const void *a, const void *b)
{
    const struct buffer *x = *(struct buffer *const *)a, *y = *(struct buffer *const *)b;
    if (x->floats != y->floats)
        return x->floats < y->floats ? 1 : -1;
    return x->first != y->first ? (x->first > y->first) - (x->first < y->first)
                                : strcmp(x->name, y->name);
}

static int longer_first(const void *a, const void *b)
{
    const struct buffer *x = *(struct buffer *const *)a, *y = *(struct buffer *const *)b;
    int life = (y->last - y->first) - (x->last - x->first);
    return life ? life : larger_first(a, b);
}

static bool meet(const struct buffer *a, const struct buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest place where the buffer meets none of those placed, which are in order of their
 * places. */
static int64_t find_place(struct buffer *const *placed, int count, const struct buffer *b)
{
    int64_t at = 0;
    for (int i = 0; i < count; i++) {
        const struct buffer *o = placed[i];
        if (o->at >= at + b->floats)
            break;
        if (meet(o, b) && at < o->at + o->floats)
            at = o->at + o->floats;
    }
    return at;
}

static int larger_and_shorter_first(const void *a, const void *b)
{
    const struct buffer *x = *(struct buffer *const *)a, *y = *(struct buffer *const *)b;
    int life = (x->last - x->first) - (y->last - y->first);
    return x->floats == y->floats && life ? life : larger_first(a, b);
}

static int64_t place_in_order(struct arena *a, struct buffer **order, int count)
{
    struct buffer **placed = NEW_ARRAY(a, count ? count : 1, struct buffer *);
    int64_t size = 0;
    for (int i = 0; i < count; i++) {
        struct buffer *b = order[i];
        b->at = find_place(placed, i, b);
        int k = i;
        for (; k > 0 && placed[k - 1]->at > b->at; k--)
            placed[k] = placed[k - 1];
        placed[k] = b;
        if (b->at + b->floats > size)
            size = b->at + b->floats;
    }
    return size;
}

/* Each in the lowest place that is free through its life: in one of three orders, and one that may
 * be placed last so, too; whichever takes the least. */
int64_t place_buffers(struct arena *a, struct buffer **buffer, int count)
{
    static int (*const by[])(const void *, const void *) = {larger_first, longer_first,
                                                            larger_and_shorter_first};
    enum { ORDERS = sizeof by / sizeof *by, WAYS = 2 * ORDERS };
    struct buffer **order = NEW_ARRAY(a, count ? count : 1, struct buffer *);
    int64_t least = INT64_MAX, size = 0;
    int best = 0;
    for (int way = 0; way <= WAYS; way++) {
        int use = way < WAYS ? way : best, kept = 0;
        if (count)
            memcpy(order, buffer, (size_t)count * sizeof *order);
        qsort(order, (size_t)count, sizeof *order, by[use % ORDERS]);
        struct buffer *late = NULL;
        for (int i = 0; i < count; i++)
            if (use < ORDERS && order[i]->placed_last)
                late = order[i];
            else
                order[kept++] = order[i];
        if (late)
            order[kept] = late;
        size = place_in_order(a, order, count);
        if (size < least) {
            least = size;
            best = use;
        }
    }
    return size;
}

static void plan_scratch(struct plan *p)
{
    for (int i = 0; i < p->values; i++) {
        struct value *v = p->value[i];
        int last = v->is_output ? p->values : last_forward(p, v);
        v->shown = plan_free_buffer(p, plan_buffer_name(p, v, "_shown"), v->rows * p->columns,
                                    time_forward(v), last);
        PUSH(p->arena, p->shown, p->showns, v->shown);
        if (p->net->steps)
            plan_timed_scratch(p, v);
        if (!v->norm)
            continue;
        v->shown_moments =
            plan_free_buffer(p, plan_buffer_name(p, v, "_shown_moments"), MOMENTS * v->moments_line,
                             time_forward(v), time_forward(v));
        PUSH(p->arena, p->shown, p->showns, v->shown_moments);
    }
    p->scratch = place_buffers(p->arena, p->shown, p->showns);
}

static int64_t element_bytes(const struct field *f)
{
    return f->kind == F_MASK || f->kind == F_KERNELS     ? 1
           : f->kind == F_COUNTER || f->kind == F_COUNTS ? 8
                                                         : 4;
}

int64_t field_elements(const struct field *f)
{
    int64_t elements = f->rows * f->line;
    return round_up(elements > f->least ? elements : f->least, 64 / element_bytes(f));
}

size_t field_bytes(const struct field *f)
{
    return (size_t)(field_elements(f) * element_bytes(f));
}

static size_t lay_out_fields(struct plan *p)
{
    size_t at = HEAD_BYTES + (plan_carries(p) ? 64 : 0) + (plan_has_forms(p) ? 64 : 0);
    at += (size_t)p->dropouts * (size_t)p->columns * sizeof(uint64_t);
    for (int i = 0; i < p->fields; i++) {
        struct field *f = &p->field[i];
        f->offset = at;
        at += field_bytes(f);
    }
    return at;
}

/* Whether a gradient is stored and no rule keeps it: such share one buffer. */
static bool shares_gradient(const struct plan *p)
{
    for (int i = 0; i < p->values && !p->fuse; i++)
        for (int t = 0; t < p->value[i]->terms; t++)
            if (p->value[i]->term[t].dense && !p->value[i]->term[t].keeps_gradient)
                return true;
    return false;
}

static void keep_gradients(struct plan *p)
{
    for (int i = 0; i < p->values; i++)
        for (int t = 0; t < p->value[i]->terms; t++) {
            struct term *m = &p->value[i]->term[t];
            if (is_conv(m) && !m->kept)
                m->kept = plan_buffer(
                    p, names_unique(p->names, arena_format(p->arena, "%s_gradient", m->weight)),
                    m->dense->weight->shape.dim[0] * m->line, 0, time_end(p));
        }
}

void plan_memory(struct plan *p)
{
    int64_t largest = 1;
    plan_taps(p);
    plan_second_load(p);
    for (int i = 0; i < p->values; i++)
        plan_value(p, p->value[i]);
    int loss = time_loss(p), end = time_end(p);
    p->sample_loss = plan_buffer(p, names_unique(p->names, "sample_loss"), p->columns, loss, end);
    p->sample_hit = plan_buffer(p, names_unique(p->names, "sample_hit"), p->columns, loss, end);
    for (int i = 0; i < p->fields; i++)
        if (p->field[i].kind == F_PARAM && p->field[i].rows * p->field[i].line > largest)
            largest = p->field[i].rows * p->field[i].line;
    keep_gradients(p);
    if (shares_gradient(p))
        p->gradient = plan_buffer(p, names_unique(p->names, "grad_memory"), largest, loss, end);
    plan_rule_buffers(p);
    p->work = place_buffers(p->arena, p->buffer, p->buffers);
    plan_scratch(p);
    p->head_bytes = HEAD_BYTES;
    p->train_bytes = lay_out_fields(p) + (size_t)p->work * sizeof(float);
    p->predict_bytes = (size_t)p->scratch * sizeof(float);
}

static bool initial_scalar(void *context, const char *name, double *result)
{
    const struct plan *p = context;
    *result = strcmp(name, "epochs") == 0 ? (double)p->net->epochs : 0;
    return is_run_scalar(name);
}

/* A state's first value; the run has not begun, so its counters are 0. */
double initial_value(const struct plan *p, const struct expr *e)
{
    double value;
    union {
        const struct plan *in;
        void *out;
    } context = {p}; /* the callback only reads it */
    if (!expr_evaluate(e, initial_scalar, context.out, &value) || !isfinite(value))
        bug("an initial value that is no number");
    return value;
}

static bool only_scalars(const struct expr *e, bool *any)
{
    if (e->kind == E_NAME && !is_run_scalar(e->name))
        return false;
    *any |= e->kind == E_NAME;
    for (int i = 0; i < e->count; i++)
        if (!only_scalars(e->arg[i], any))
            return false;
    return true;
}

static struct expr *scalar_name(struct plan *p, struct expr *e)
{
    int i = 0;
    while (i < p->scalars && !expr_equal(p->scalar[i], e))
        i++;
    if (i == p->scalars)
        PUSH(p->arena, p->scalar, p->scalars, e);
    return expr_name(p->arena, e->loc, intern(p->arena, arena_format(p->arena, "scalar%d", i)));
}

static struct expr *hoist(void *context, struct expr *e)
{
    struct plan *p = context;
    bool any = false;
    if (only_scalars(e, &any) && any)
        return scalar_name(p, e);
    return expr_map(p->arena, e, hoist, p);
}

struct expr *plan_hoist(struct plan *p, struct expr *e)
{
    return e ? hoist(p, e) : NULL;
}

/* At most, of an element: those of each time step, of neurons more than what they emit. */
static double kept_floats(const struct net *net, const struct node *node)
{
    double states = node->neuron ? 2 + node->neuron->states + node->neuron->locals : 1;
    return node->timed ? states * (double)(net->steps + 2) : 1;
}

bool plan_fits(const struct net *net, struct diag *diag)
{
    const double most = 70368744177664.0; /* 2^46 */
    double weights = 0, values = 0;
    for (int i = 0; i < net->param_count; i++) {
        double n = 1;
        for (int k = 0; k < net->param[i]->shape.rank; k++)
            n *= (double)(net->param[i]->shape.dim[k] + 15);
        weights += 4 * n * (2 + net->optimizer->state_count);
    }
    for (int i = 0; i < net->node_count; i++)
        values += 16 * (double)(net->node[i]->size + 15) * (double)(net->batch + 31) *
                  kept_floats(net, net->node[i]);
    if (weights + values <= most)
        return true;
    diag_error(diag, net->loc,
               "this network is too large: training would need about %.3g bytes, above 2^46",
               weights + values);
    diag_note(diag, (struct loc){0},
              "%.3g bytes of weights and optimizer state, %.3g of activations at batch %lld",
              weights, values, (long long)net->batch);
    return false;
}

bool plan_check(const struct plan *p, struct diag *diag)
{
    if (p->net->budget > 0 && (double)p->train_bytes > p->net->budget) {
        int64_t weights = (int64_t)p->train_bytes - p->work * (int64_t)sizeof(float);
        diag_error(diag, p->net->budget_loc, "training needs %zu bytes, %.0f more than the budget",
                   p->train_bytes, (double)p->train_bytes - p->net->budget);
        diag_note(diag, (struct loc){0},
                  "%lld bytes of weights and optimizer state + %lld bytes of activations "
                  "and errors at batch %lld",
                  (long long)weights, (long long)(p->work * 4), (long long)p->net->batch);
        return false;
    }
    return true;
}
