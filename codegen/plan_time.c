/* See plan_time.h. */
#include "plan_time.h"
#include "memory.h"
#include "names.h"
#include "recall.h"

#include <stdlib.h>

/* Rules see the errors of a layer's neurons at each step. */
static bool sees_errors(const struct net *net, const struct node *node)
{
    for (int r = 0; r < net->rule_count; r++) {
        const struct rule *rule = net->rule[r];
        bool sees = (rule->reads[PHASE_OBSERVE] & SIGNAL_ERROR) != 0;
        for (const struct rule_stmt *s = rule->phase[PHASE_MODULATE]; s; s = s->next)
            sees |= s->for_error;
        for (int i = 0; sees && i < rule->on_count; i++)
            if (rule->on[i].layer->neurons == node)
                return true;
    }
    return false;
}

bool *plan_looping(struct arena *a, const struct net *net)
{
    bool *loops = NEW_ARRAY(a, net->node_count, bool);
    for (int i = 0; net->steps && i < net->node_count; i++)
        if (net->node[i]->op == N_PREV)
            loops[net->node[i]->source->index] = true;
    for (int i = 0; net->steps && i < net->node_count; i++) {
        const struct node *node = net->node[i];
        loops[i] |= node->varies || node->op == N_PREV || sees_errors(net, node);
        for (int k = 0; k < node->input_count; k++)
            loops[i] |= loops[node->input[k]->index];
        loops[i] = loops[i] && node->timed;
    }
    return loops;
}

static void resolve(struct plan *p, struct segment *const *view, const int *views,
                    const struct segment *s, int64_t from, int64_t rows, int delay, struct term *to)
{
    if (s->value) {
        struct segment part = *s;
        part.from += from;
        part.rows = rows;
        part.delay += delay;
        PUSH(p->arena, to->segment, to->segments, part);
        return;
    }
    int at = s->prev->source->index;
    int64_t first = 0;
    for (int i = 0; i < views[at]; i++) {
        const struct segment *g = &view[at][i];
        int64_t a = from > first ? from - first : 0;
        int64_t end = from + rows < first + g->rows ? from + rows - first : g->rows;
        if (a < end)
            resolve(p, view, views, g, a, end - a, delay + 1, to);
        first += g->rows;
    }
}

void plan_resolve(struct plan *p, struct segment *const *view, const int *views)
{
    for (int i = 0; i < p->values; i++)
        for (int t = 0; t < p->value[i]->terms; t++) {
            struct term *m = &p->value[i]->term[t], whole = *m;
            whole.segment = NULL;
            whole.segments = 0;
            for (int s = 0; s < m->segments; s++)
                resolve(p, view, views, &m->segment[s], 0, m->segment[s].rows, 0, &whole);
            *m = whole;
        }
}

void plan_stages(struct plan *p)
{
    struct value **order = NEW_ARRAY(p->arena, p->values ? p->values : 1, struct value *);
    int count = 0;
    p->loop_first = p->loop_last = -1;
    for (int stage = STAGE_BEFORE; stage <= STAGE_AFTER; stage++) {
        int first = count;
        for (int i = 0; i < p->values; i++)
            if ((int)p->value[i]->stage == stage)
                order[count++] = p->value[i];
        if (stage == STAGE_LOOP && count > first) {
            p->loop_first = first;
            p->loop_last = count - 1;
        }
    }
    for (int i = 0; i < count; i++) {
        struct value *v = p->value[i] = order[i];
        v->index = i;
        if (v->stage == STAGE_LOOP)
            v->marker = p->value[p->loop_first];
        for (int t = 0; t < v->terms; t++)
            for (int s = 0; s < v->term[t].segments; s++) {
                const struct segment *g = &v->term[t].segment[s];
                if (g->delay > g->value->delay)
                    g->value->delay = g->delay;
                if (g->delay > v->reach)
                    v->reach = g->delay;
            }
    }
}

/* Gradients of weights that slide over maps and the errors of what is normalised are made from what
 * these read. */
static bool is_read_back(const struct value *v)
{
    for (int i = 0; i < v->uses; i++) {
        const struct value *by = v->use[i].by;
        if (is_conv(&by->term[v->use[i].term]) || by->norm)
            return true;
    }
    return false;
}

bool keeps_plain(const struct value *v)
{
    return v->stage == STAGE_LOOP &&
           ((v->slope_from_result && v->learns) || v->wants_plain || is_read_back(v));
}

void plan_slices(const struct plan *p, struct buffer *b, int64_t ahead, int64_t behind)
{
    b->slice = b->floats;
    b->ahead = ahead;
    b->behind = behind;
    b->floats = b->slice * (p->net->steps + ahead + behind);
}

double plan_turns(const struct plan *p, const struct value *v)
{
    return v->stage == STAGE_LOOP ? (double)p->net->steps : 1;
}

int time_read(const struct plan *p, const struct value *v, const struct value *by)
{
    bool leaves = v->stage == STAGE_LOOP && by->stage == STAGE_AFTER;
    bool enters = v->stage == STAGE_BEFORE && by->stage == STAGE_LOOP;
    return leaves || enters ? p->loop_last : time_forward(by);
}

int time_pulled(const struct plan *p, const struct value *v, const struct value *by)
{
    bool leaves = v->stage == STAGE_LOOP && by->stage == STAGE_AFTER;
    bool enters = v->stage == STAGE_BEFORE && by->stage == STAGE_LOOP;
    return time_error(p, leaves || enters ? p->value[p->loop_first] : v);
}

static struct buffer *whole_loop(struct plan *p, const struct value *v, const char *suffix,
                                 bool backward)
{
    int first = backward ? time_error(p, p->value[p->loop_last]) : p->loop_first;
    int last = backward ? time_end(p) : p->loop_last;
    return plan_buffer(p, plan_buffer_name(p, v, suffix), v->rows * p->columns, first, last);
}

/* What a probe finds again in those after it must not be written over by anything. A state goes on
 * from the last step to the slice of the first, whose state is the initial one. */
static void keep_slices(struct plan *p, const struct recall *r, struct buffer *b, bool is_state)
{
    b->last = time_error(p, p->value[p->loop_first]);
    if (r->held) {
        b->first = 0;
        b->last = time_end(p);
    }
    plan_slices(p, b, 0, 0);
    if (is_state) {
        b->ring = b->never_first = true;
        b->ahead = p->net->steps - 1;
    }
}

static void neuron_buffers(struct plan *p, struct value *v)
{
    struct recall *r = v->recall;
    for (int i = 0; i < r->quantities; i++) {
        struct quantity *q = &r->quantity[i];
        if (q->kind == Q_STATE || q->kept)
            q->memory = whole_loop(p, v, arena_format(p->arena, "_%s", q->name), false);
        if (q->kept)
            keep_slices(p, r, q->memory, q->kind == Q_STATE);
        if (q->kept && q->kind == Q_STATE && r->held)
            q->apart = whole_loop(p, v, arena_format(p->arena, "_%s_apart", q->name), false);
        if (q->kind == Q_STATE && q->adjoint)
            q->back = whole_loop(p, v, arena_format(p->arena, "_%s_back", q->name), true);
    }
    for (int i = 0; i < r->traineds; i++) {
        struct trained *t = &r->trained[i];
        if (t->adjoint || t->initial)
            t->sums = whole_loop(p, v, arena_format(p->arena, "_%s_sums", t->name), true);
        t->field = plan_field(p, t->param, NULL)->name;
        if (r->held)
            t->was =
                plan_buffer(p, plan_buffer_name(p, v, arena_format(p->arena, "_%s_was", t->name)),
                            t->param->shape.dim[0], 0, time_end(p));
    }
}

static void make_ring(struct buffer *b, int first, int last, int delay)
{
    b->first = first;
    b->last = last;
    b->slice = b->floats;
    b->ahead = delay;
    b->ring = true;
    b->floats *= 1 + delay;
}

/* A slice for each step of what back-propagation, or a later step, reads. */
static void slice_buffers(struct plan *p, struct value *v)
{
    int first = p->loop_first, back = time_error(p, p->value[p->loop_last]),
        end = time_error(p, p->value[p->loop_first]);
    if (keeps_plain(v)) {
        v->plain->first = first;
        v->plain->last = v->plain->last > end ? v->plain->last : end;
        plan_slices(p, v->plain, v->delay, 0);
    } else if (v->delay > 0) {
        make_ring(v->plain, p->loop_first, p->loop_last, v->delay);
    }
    if (v->post_tap) {
        v->post_tap->first = first;
        plan_slices(p, v->post_tap, 0, 0);
    }
    if (v->error_tap)
        plan_slices(p, v->error_tap, 0, 0);
    if (v->transposed) {
        v->transposed->first = first;
        plan_slices(p, v->transposed, v->delay, 0);
    }
    if (v->slopes) {
        v->slopes->first = first;
        v->slopes->last = end;
        plan_slices(p, v->slopes, 0, 0);
    }
    if (v->anchors)
        plan_slices(p, v->anchors, 0, 0);
    if (v->peak) { /* a probe leaves it for those that are compared with it */
        v->peak->first = p->held ? 0 : first;
        v->peak->last = p->held ? time_end(p) : end;
        plan_slices(p, v->peak, 0, 0);
    }
    if (v->moments) {
        v->moments->first = first;
        plan_slices(p, v->moments, 0, 0);
    }
    if (v->error && (has_update(v) || v->reach > 0)) {
        v->error->first = back;
        v->error->last = v->error->last > end ? v->error->last : end;
        plan_slices(p, v->error, 0, v->reach);
        v->error->zero_behind = true;
    }
}

void plan_timed_value(struct plan *p, struct value *v)
{
    bool gathers = false;
    if (v->stage == STAGE_LOOP)
        slice_buffers(p, v);
    if (v->recall)
        neuron_buffers(p, v);
    if (v->readout)
        v->plain->first = p->loop_first;
    if (v->readout && v->readout->readout == READ_PEAK)
        v->peak = plan_buffer(p, plan_buffer_name(p, v, "_peak"), v->rows * p->columns,
                              p->held ? 0 : p->loop_first,
                              p->held ? time_end(p) : time_error(p, p->value[p->loop_first]));
    for (int i = 0; i < v->uses; i++)
        gathers |=
            v->stage == STAGE_BEFORE && v->use[i].by->stage == STAGE_LOOP && v->use[i].by->learns;
    if (gathers && v->learns)
        v->gathered = whole_loop(p, v, "_gathered", true);
}

void plan_timed_scratch(struct plan *p, struct value *v)
{
    if (v->delay > 0)
        make_ring(v->shown, p->loop_first, p->loop_last, v->delay);
    if (v->readout)
        v->shown->first = p->loop_first;
    for (int i = 0; v->recall && i < v->recall->quantities; i++) {
        struct quantity *q = &v->recall->quantity[i];
        if (q->kind != Q_STATE)
            continue;
        q->shown = plan_free_buffer(
            p, plan_buffer_name(p, v, arena_format(p->arena, "_%s_shown", q->name)),
            v->rows * p->columns, p->loop_first, p->loop_last);
        PUSH(p->arena, p->shown, p->showns, q->shown);
    }
}
