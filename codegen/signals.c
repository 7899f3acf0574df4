/* What rules need of a step beyond what training keeps: signals of observe, whole gradients, and
 * memory for what passes from one pass to another. */
#include "memory.h"
#include "names.h"
#include "plan_time.h"
#include "sites.h"

#include <string.h>

static struct value *home_of(struct plan *p, const struct layer *layer)
{
    return p->home[layer->neurons->index];
}

/* Where direct feedback sends the error of an output that has a chain, a value of its own holds it.
 */
struct value *blamed_value(const struct plan *p, const struct layer *layer)
{
    return layer->is_output && !p->net->steps ? p->output : p->home[layer->neurons->index];
}

/* Links of the chain up to the layer's neurons: trailing dropout is behind them. */
static void find_neurons(struct value *v, const struct node *neurons)
{
    v->neuron_links = v->neuron_keeps = 0;
    for (int i = 0; i < v->links; i++)
        if (v->chain[i] == neurons)
            v->neuron_links = i + 1;
    for (int i = 0; i < v->neuron_links; i++)
        v->neuron_keeps += v->chain[i]->op == N_DROPOUT;
}

/* Links before the last function of the neurons: what comes out of them enters it. */
static int activation_links(const struct value *v)
{
    for (int i = v->neuron_links - 1; i >= 0; i--)
        if (v->chain[i]->op == N_MAP)
            return i;
    return v->neuron_links;
}

static bool assigns_error(const struct rule *r)
{
    for (const struct rule_stmt *s = r->phase[PHASE_MODULATE]; s; s = s->next)
        if (s->for_error)
            return true;
    return false;
}

void plan_signals(struct plan *p)
{
    const unsigned traced = p->net->steps ? SIGNAL_TRACE_POST : 0; /* made of the neurons */
    for (int r = 0; r < p->net->rule_count; r++) {
        const struct rule *rule = p->net->rule[r];
        unsigned reads = rule->reads[PHASE_OBSERVE];
        for (int i = 0; i < rule->on_count; i++) {
            struct value *v = home_of(p, rule->on[i].layer);
            find_neurons(v, rule->on[i].layer->neurons);
            blamed_value(p, rule->on[i].layer)->modulated |=
                assigns_error(rule) || (reads & SIGNAL_ERROR);
            v->wants_post |= (reads & (SIGNAL_POST | traced)) != 0;
            v->wants_trace |= (reads & SIGNAL_TRACE_POST & ~traced) != 0;
            blamed_value(p, rule->on[i].layer)->wants_error |= (reads & SIGNAL_ERROR) != 0;
        }
    }
}

/* A signal that is what reaches memory anyway, or a buffer of its own. */
static void tap(struct plan *p, struct value *v, int links, const char *suffix,
                struct buffer **buffer, struct expr **value)
{
    if (links == v->links) {
        v->wants_plain = true;
        return;
    }
    *value = chain_expr(p, v, links);
    *buffer = plan_buffer(p, plan_buffer_name(p, v, suffix), v->rows * p->columns, time_forward(v),
                          time_end(p));
}

static void see_gradients(struct site *s)
{
    unsigned observe = s->rule->reads[PHASE_OBSERVE];
    bool demand = (observe & SIGNAL_DEMAND) != 0;
    s->term->keeps_gradient |= demand || (observe & SIGNAL_GRAD) || s->late;
    s->term->wants_demand |= demand;
    if (observe & (SIGNAL_PRE | SIGNAL_TRACE_PRE))
        for (int i = 0; i < s->term->segments; i++)
            s->term->segment[i].value->wants_plain = true;
}

/* Before the buffers of values: some must live on. */
void plan_taps(struct plan *p)
{
    for (int i = 0; i < p->values; i++) {
        struct value *v = p->value[i];
        if (v->wants_post)
            tap(p, v, v->neuron_links, "_post", &v->post_tap, &v->post);
        if (v->wants_trace)
            tap(p, v, activation_links(v), "_trace", &v->trace_tap, &v->trace);
        if (v->wants_error)
            v->error_tap = plan_buffer(p, plan_buffer_name(p, v, "_neuron_error"),
                                       v->rows * p->columns, 0, time_end(p));
    }
}

void plan_gradients(struct plan *p)
{
    for (int i = 0; i < p->sites; i++)
        see_gradients(p->site[i]);
    for (int i = 0; i < p->sites; i++)
        if (p->site[i]->term->keeps_gradient)
            site_wait(p, p->site[i]);
}

static int64_t floats_of(const struct site *s, enum space space)
{
    struct extent e = site_extent(s, space);
    return e.rows * e.line;
}

static struct buffer *of_site(struct plan *p, const struct site *s, const char *name,
                              int64_t floats, int first, int last)
{
    return plan_buffer(p, names_unique(p->names, arena_format(p->arena, "%s_%s", s->stem, name)),
                       floats, first, last);
}

/* Of functions of the rule alone. */
static struct buffer *of_rule(struct plan *p, const struct site *s, const char *name,
                              int64_t floats, int first, int last)
{
    struct buffer *b = of_site(p, s, name, floats, first, last);
    b->by_offset = true;
    return b;
}

static void pass_buffers(struct plan *p, const struct site *s, struct pass *pass, int first,
                         int last)
{
    for (; pass; pass = pass->next) {
        const struct rule_stmt *r = pass->stmt[0];
        if (pass->kind == PASS_LOWEST || pass->kind == PASS_SHUFFLED || pass->kind == PASS_QUANTILE)
            pass->keys = of_rule(p, s, "keys", floats_of(s, pass->space), first, last);
        if (pass->kind == PASS_REDUCE && space_is_matrix(pass->space) && r->space == SPACE_LAYER)
            pass->keys = of_rule(p, s, "rows", floats_of(s, SPACE_NEURON), first, last);
        if (pass->kind == PASS_BATCH && space_is_matrix(r->space)) {
            const struct field *w = s->weight;
            int64_t samples = p->columns * (p->net->steps ? p->net->steps : 1);
            pass->side[0] = of_rule(p, s, "neurons", w->rows * samples, first, last);
            pass->side[1] =
                of_rule(p, s, "inputs", space_places(s, SPACE_INPUT) * samples, first, last);
            if (!is_conv(s->term))
                pass->turned = of_rule(p, s, "turned", w->line * samples, first, last);
        }
        pass_buffers(p, s, pass->then, first, last);
        pass_buffers(p, s, pass->other, first, last);
    }
}

static bool list_assigns(const struct rule_stmt *s, const char *name)
{
    for (; s; s = s->next)
        if (s->target == name || list_assigns(s->then, name) || list_assigns(s->other, name))
            return true;
    return false;
}

/* Setup runs before a step's buffers are in use, adapt after; what modulate and observe make lives
 * as long as the step. */
static void life(const struct plan *p, const struct site *s, enum phase phase, int *first,
                 int *last)
{
    int end = time_end(p);
    *first = phase == PHASE_SETUP ? -1 - s->which : phase == PHASE_ADAPT ? end + 1 + s->which : 0;
    *last = phase == PHASE_SETUP || phase == PHASE_ADAPT ? *first : end;
}

static void site_buffers(struct plan *p, struct site *s)
{
    for (int k = 0; k < PHASES; k++) {
        int first, last;
        life(p, s, (enum phase)k, &first, &last);
        for (int i = 0; i < s->rule->value_count; i++) {
            struct slot *slot = &s->slot[i];
            if (slot->crosses && !slot->field && !slot->buffer &&
                list_assigns(s->rule->phase[k], slot->value->name))
                slot->buffer =
                    of_rule(p, s, slot->value->name, floats_of(s, slot->value->space), first, last);
        }
        pass_buffers(p, s, s->phase[k], first, last);
        if (k == PHASE_MODULATE)
            pass_buffers(p, s, s->late, first, last);
    }
    if (s->term->keeps_gradient && !s->term->kept)
        s->term->kept = of_site(p, s, "gradient", floats_of(s, SPACE_SYNAPSE), 0, time_end(p));
    if (s->term->wants_demand && !s->term->demand)
        s->term->demand = of_site(p, s, "demand", floats_of(s, SPACE_SYNAPSE), 0, time_end(p));
}

static void sum_map(struct plan *p, const struct value *v, const struct buffer *of)
{
    struct map_sum sum = {.value = v, .of = of};
    for (int i = 0; i < p->map_sums; i++)
        if (p->map_sum[i].of == of)
            return;
    sum.to = plan_buffer(p, names_unique(p->names, arena_format(p->arena, "%s_summed", of->name)),
                         neurons_in(v) * p->columns, 0, time_end(p));
    sum.to->by_offset = true;
    if (of->slice)
        plan_slices(p, sum.to, of->ahead, 0);
    PUSH(p->arena, p->map_sum, p->map_sums, sum);
}

/* Where weights slide over maps, per-sample signals are sums over these. */
static void sum_maps(struct plan *p, const struct site *s)
{
    unsigned reads = s->rule->reads[PHASE_OBSERVE];
    const struct value *v = s->neurons;
    if (!is_conv(s->term))
        return;
    bool timed = p->net->steps > 0;
    if (reads & SIGNAL_POST || (timed && reads & SIGNAL_TRACE_POST))
        sum_map(p, v, v->post_tap ? v->post_tap : v->plain);
    if (reads & SIGNAL_TRACE_POST && !timed)
        sum_map(p, v, v->trace_tap ? v->trace_tap : v->plain);
    if (reads & SIGNAL_ERROR)
        sum_map(p, s->blamed, s->blamed->error_tap);
    for (int i = 0; i < s->term->segments && reads & (SIGNAL_PRE | SIGNAL_TRACE_PRE); i++)
        sum_map(p, s->term->segment[i].value, s->term->segment[i].value->plain);
}

const struct buffer *observed(const struct plan *p, const struct site *s, const struct buffer *b)
{
    for (int i = 0; i < p->map_sums && is_conv(s->term); i++)
        if (p->map_sum[i].of == b)
            return p->map_sum[i].to;
    return b;
}

int plan_find_trace(const struct plan *p, const struct buffer *of, int delay, double decay)
{
    int i = 0;
    while (i < p->traces &&
           (p->trace[i].of != of || p->trace[i].delay != delay || p->trace[i].decay != decay))
        i++;
    return i;
}

static void add_trace(struct plan *p, const struct buffer *of, int delay, double decay,
                      int64_t rows)
{
    struct trace t = {.of = of, .delay = delay, .decay = decay, .rows = rows};
    if (plan_find_trace(p, of, delay, decay) < p->traces)
        return;
    t.to = plan_buffer(p, names_unique(p->names, arena_format(p->arena, "%s_traced", of->name)),
                       rows * p->columns, time_end(p), time_end(p));
    t.to->by_offset = true;
    PUSH(p->arena, p->trace, p->traces, t);
}

static void find_traces(struct plan *p, const struct site *s, const struct expr *e)
{
    if (e->kind == E_CALL && strcmp(e->name, "trace") == 0) {
        const struct value *v = s->neurons;
        bool inputs = strcmp(e->arg[0]->name, "pre") == 0, conv = is_conv(s->term);
        if (!inputs)
            add_trace(p, observed(p, s, v->post_tap ? v->post_tap : v->plain), 0, e->arg[1]->number,
                      conv ? neurons_in(v) : v->rows);
        for (int i = 0; inputs && i < s->term->segments; i++) {
            const struct segment *g = &s->term->segment[i];
            add_trace(p, observed(p, s, g->value->plain), g->delay, e->arg[1]->number,
                      conv ? neurons_in(g->value) : g->value->rows);
        }
    }
    for (int i = 0; i < e->count; i++)
        find_traces(p, s, e->arg[i]);
}

static void list_traces(struct plan *p, const struct site *s, const struct rule_stmt *r)
{
    for (; r; r = r->next) {
        if (r->kind == RULE_BATCH && r->neuron_side)
            find_traces(p, s, r->neuron_side);
        if (r->kind == RULE_BATCH && r->input_side)
            find_traces(p, s, r->input_side);
        list_traces(p, s, r->then);
        list_traces(p, s, r->other);
    }
}

void plan_rule_buffers(struct plan *p)
{
    for (int i = 0; i < p->sites; i++) {
        site_buffers(p, p->site[i]);
        sum_maps(p, p->site[i]);
        if (p->net->steps)
            list_traces(p, p->site[i], p->site[i]->rule->phase[PHASE_OBSERVE]);
    }
}
