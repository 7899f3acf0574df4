/* Storage forms. Every layer begins dense. Where neurons can die it may be *packed*: the live ones
 * move to the front, of activations as of weights, and loops end there. Where synapses can die its
 * weights may be *csr*: the live ones of a row move together, with an index behind them in the same
 * memory. Vectors (biases, states of neurons and inputs, masks of neurons) never move.
 *
 * What runs at the end of epochs, or when a rule begins to act, sees everything dense: the forms
 * are undone before and chosen anew after. What runs in each step is made for all forms, and so
 * must not ask for anything of what is dead. */
#include "memory.h"
#include "names.h"
#include "sites.h"

#include <math.h>
#include <string.h>

enum { MOST_INDEX = 65536 }; /* columns and rows that csr can number */

/* --- what an expression comes to at a place that is dead */

static bool is_zero_at_dead(const struct site *s, const struct expr *e);

static bool zero_name(const struct site *s, const char *name)
{
    static const char *const zero[] = {"w", "grad", "alive"};
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++)
        if (strcmp(name, zero[i]) == 0)
            return true;
    const struct slot *slot = site_slot(s, name);
    return slot && slot->field && slot->field->alive && space_is_matrix(slot->value->space);
}

/* A name's value at a dead place, where it is known; whether it is of synapses, at least. */
static bool value_at_dead(void *context, const char *name, double *result)
{
    *result = 0;
    return zero_name(*(const struct site **)context, name);
}

static bool of_synapses(const struct site *s, const struct expr *e)
{
    if (e->kind == E_NAME) {
        const struct slot *slot = site_slot(s, e->name);
        return zero_name(s, e->name) || (slot && space_is_matrix(slot->value->space));
    }
    for (int i = 0; i < e->count; i++)
        if (of_synapses(s, e->arg[i]))
            return true;
    return false;
}

/* What a zero may be multiplied by, or divided: log(w) or 1 / w are infinite at a dead place. What
 * is of wider spaces alone is the same where synapses live. */
static bool is_finite_at_dead(const struct site *s, const struct expr *e)
{
    double value;
    if (!of_synapses(s, e))
        return true;
    if (expr_evaluate(e, value_at_dead, &s, &value))
        return isfinite(value);
    bool partial =
        e->kind == E_DIV || e->kind == E_POW ||
        (e->kind == E_CALL && (strcmp(e->name, "log") == 0 || strcmp(e->name, "sqrt") == 0 ||
                               strcmp(e->name, "exp") == 0));
    if (e->kind == E_DIV &&
        (!of_synapses(s, e->arg[1]) ||
         (expr_evaluate(e->arg[1], value_at_dead, &s, &value) && isfinite(value) && value != 0)))
        partial = false;
    for (int i = 0; i < e->count && !partial; i++)
        partial = !is_finite_at_dead(s, e->arg[i]);
    return !partial;
}

static bool all_zero(const struct site *s, const struct expr *e)
{
    for (int i = 0; i < e->count; i++)
        if (!is_zero_at_dead(s, e->arg[i]))
            return false;
    return true;
}

static bool zero_call(const struct site *s, const struct expr *e)
{
    static const char *const odd[] = {"abs", "min", "max", "sqrt", "tanh", "sin", "floor"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (strcmp(e->name, odd[i]) == 0)
            return all_zero(s, e);
    return false;
}

static bool is_zero_at_dead(const struct site *s, const struct expr *e)
{
    switch ((int)e->kind) {
    case E_NUMBER:
        return e->number == 0;
    case E_INT:
        return e->integer == 0;
    case E_NAME:
        return zero_name(s, e->name);
    case E_NEG:
    case E_ADD:
    case E_SUB:
        return all_zero(s, e);
    case E_MUL:
        return (is_zero_at_dead(s, e->arg[0]) && is_finite_at_dead(s, e->arg[1])) ||
               (is_zero_at_dead(s, e->arg[1]) && is_finite_at_dead(s, e->arg[0]));
    case E_AND:
        return is_zero_at_dead(s, e->arg[0]) || is_zero_at_dead(s, e->arg[1]);
    case E_DIV:
        return is_zero_at_dead(s, e->arg[0]) && is_finite_at_dead(s, e);
    case E_POW:
        return is_zero_at_dead(s, e->arg[0]) && e->arg[1]->kind == E_NUMBER &&
               e->arg[1]->number > 0;
    case E_NE:
    case E_LT:
    case E_GT:
        return all_zero(s, e);
    case E_COND:
        return is_zero_at_dead(s, e->arg[2]) &&
               (is_zero_at_dead(s, e->arg[0]) || is_zero_at_dead(s, e->arg[1]));
    case E_CALL:
        return zero_call(s, e);
    }
    return false;
}

/* Of signals: a neuron that is dead says nothing. */
static bool is_silent(const struct site *s, const struct expr *e)
{
    if (e->kind == E_CALL && strcmp(e->name, "trace") == 0)
        return true;
    if (e->kind == E_NAME && (strcmp(e->name, "pre") == 0 || strcmp(e->name, "post") == 0 ||
                              strcmp(e->name, "error") == 0))
        return true;
    if (e->kind == E_MUL)
        return is_silent(s, e->arg[0]) || is_silent(s, e->arg[1]);
    if (e->kind == E_CALL && strcmp(e->name, "abs") == 0)
        return is_silent(s, e->arg[0]);
    if (e->kind == E_POW)
        return is_silent(s, e->arg[0]) && e->arg[1]->kind == E_NUMBER && e->arg[1]->number > 0;
    return false;
}

/* --- what the passes of each step ask for */

struct asked {
    bool of_dead;   /* what stands at dead synapses: no form but dense will do */
    bool of_silent; /* what dead neurons say: they must be there */
};

static void see_pass(const struct site *s, const struct pass *pass, struct asked *asked)
{
    const struct rule_stmt *r = pass->stmt[0];
    bool matrix = space_is_matrix(pass->space);
    switch (pass->kind) {
    case PASS_MAP:
    case PASS_IF:
        break;
    case PASS_REDUCE:
        asked->of_dead |= matrix && (r->space == SPACE_INPUT || r->space == SPACE_KERNEL ||
                                     !is_zero_at_dead(s, r->value));
        break;
    case PASS_QUANTILE:
    case PASS_LOWEST:
    case PASS_SHUFFLED:
        asked->of_dead |= matrix;
        break;
    case PASS_DIE:
        asked->of_dead = true;
        break;
    case PASS_BATCH:
        if (r->space == SPACE_NEURON)
            asked->of_silent |= !is_silent(s, r->neuron_side);
        if (r->space == SPACE_INPUT)
            asked->of_silent |= !is_silent(s, r->input_side);
        break;
    }
}

static void see_passes(const struct site *s, const struct pass *pass, struct asked *asked)
{
    for (; pass; pass = pass->next) {
        see_pass(s, pass, asked);
        see_passes(s, pass->then, asked);
        see_passes(s, pass->other, asked);
    }
}

static struct asked asked_each_step(const struct site *s)
{
    struct asked asked = {0};
    see_passes(s, s->phase[PHASE_MODULATE], &asked);
    see_passes(s, s->late, &asked);
    see_passes(s, s->phase[PHASE_OBSERVE], &asked);
    asked.of_dead |= s->term->wants_demand;
    return asked;
}

/* --- which forms a layer can take */

/* NULL: its weights can be stored in any form. */
static const char *why_still(const struct plan *p, const struct value *v)
{
    if (p->net->steps)
        return "weights of nets that run over time stay dense";
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].dense && !v->term[t].alive)
            return "nothing in it can die";
    for (int i = 0; i < p->sites; i++) {
        const struct site *s = p->site[i];
        if (s->value != v)
            continue;
        if (s->rule->grows)
            return arena_format(p->arena, "%s lets synapses grow", s->on->name);
        if (asked_each_step(s).of_dead)
            return arena_format(p->arena, "%s asks for dead synapses in each step", s->on->name);
    }
    return NULL;
}

static bool is_mobile(const struct plan *p, const struct value *v)
{
    if (v->still)
        return false;
    for (int t = 0; t < v->terms; t++)
        if (!v->term[t].dense)
            return false;
    for (int i = 0; i < p->sites; i++)
        if (p->site[i]->value == v && asked_each_step(p->site[i]).of_silent)
            return false;
    return true;
}

/* The values that have a row for each neuron of one value, so that all are packed with it. */
struct family {
    struct value **member;
    int members;
};

/* A reader that goes neuron by neuron: pooled, normalised, or a chain of its own. */
static bool follows(const struct value *by, const struct value *v)
{
    return !has_update(by) && by->terms == 1 && by->term[0].segments == 1 &&
           by->term[0].rows == v->rows && !by->alive && !by->is_output && !by->is_copy;
}

/* Of weights that read what is packed the columns move along. */
static bool can_read(const struct plan *p, const struct value *by, const struct term *t,
                     const struct value *v)
{
    return t->dense && t->segments == 1 && t->rows == v->rows && is_mobile(p, by) &&
           (!is_conv(t) || t->dense->groups == 1);
}

static bool add_readers(const struct plan *p, struct family *f, struct value *v)
{
    PUSH(p->arena, f->member, f->members, v);
    for (int i = 0; i < v->uses; i++) {
        struct value *by = v->use[i].by;
        if (follows(by, v) ? !add_readers(p, f, by)
                           : !can_read(p, by, &by->term[v->use[i].term], v))
            return false;
    }
    return v->uses > 0;
}

/* What has the weights that make the value: itself, or what it normalises. */
static struct value *made_by(struct value *v)
{
    struct value *from = v->norm ? v->term[0].segment[0].value : v;
    return has_update(from) && (from == v || from->uses == 1) ? from : NULL;
}

static bool are_packable(const struct plan *p, const struct value *v)
{
    for (int t = 0; t < v->terms; t++)
        if (is_conv(&v->term[t]) && v->term[t].dense->groups > 1)
            return false;
    return is_mobile(p, v);
}

/* Whether the neurons of the value can be packed, and with what. */
static bool can_pack(const struct plan *p, struct value *v, struct family *f)
{
    if (!v->alive || !v->has_neurons || v->is_output || v->is_copy ||
        p->net->learn != LEARN_BACKPROP)
        return false;
    struct value *from = made_by(v);
    if (!from || !are_packable(p, from))
        return false;
    if (from != v)
        PUSH(p->arena, f->member, f->members, from);
    return add_readers(p, f, v);
}

static struct field *add_field(struct plan *p, struct layer *layer, const char *name, int kind,
                               int64_t rows)
{
    struct field *f = plan_add_field(p, name);
    f->kind = kind;
    f->layer = layer;
    f->rank = 1;
    f->rows = f->shape[0] = rows;
    f->cols = f->line = 1;
    return f;
}

double plan_crossover(const struct plan *p, const struct layer *layer)
{
    const struct crossover *c = p->crossover;
    while (c->layer && strcmp(c->layer, layer->name) != 0)
        c++;
    return c->density;
}

static bool pulls_errors(const struct plan *p, const struct term *t)
{
    for (int s = 0; s < t->segments; s++)
        if (t->segment[s].value->learns && !t->feedback && p->net->learn == LEARN_BACKPROP)
            return true;
    return false;
}

/* Forward products go through the inputs in parts: their samples are read for one row after the
 * other while they lie in the first cache. A part is somewhat larger than that: with fewer synapses
 * of a row in it than eight or so, to begin and to end costs more than the second cache does. */
static int count_parts(const struct plan *p, const struct segment *g)
{
    const int64_t floats = 12800;
    return (int)((g->rows * p->columns + floats - 1) / floats);
}

/* The values and their index share the memory of the weight: a third of it is for values, or, where
 * no errors are pulled and rows alone are indexed, two thirds. A crossover above that takes more
 * memory. */
static void add_index(struct plan *p, struct value *v, struct term *t, double crossover)
{
    const struct field *w = plan_field(p, t->dense->weight, NULL);
    bool back = pulls_errors(p, t);
    int64_t rows = w->rows, cols = w->cols, memory = w->rows * w->line;
    int64_t room = back ? memory / 3 : memory / 3 * 2;
    if (crossover > 0 && (double)room < crossover * (double)(rows * cols))
        room = (int64_t)ceil(crossover * (double)(rows * cols));
    t->room = round_up(room, 16);
    t->parts = 0;
    for (int s = 0; s < t->segments; s++) {
        t->segment[s].parts = count_parts(p, &t->segment[s]);
        t->parts += t->segment[s].parts;
    }
    const char *stem = t->weight;
    for (int i = 0; i < p->fields; i++)
        if (p->field[i].param == t->dense->weight && p->field[i].kind == F_PARAM)
            p->field[i].least = back ? 3 * t->room : t->room + t->room / 2;
    t->starts = add_field(p, v->layer, arena_format(p->arena, "%s.starts", stem), F_PLACES,
                          rows * t->parts + 1)
                    ->name;
    if (back)
        t->columns =
            add_field(p, v->layer, arena_format(p->arena, "%s.columns", stem), F_PLACES, cols + 1)
                ->name;
}

static void plan_csr(struct plan *p, struct value *v)
{
    double crossover = plan_crossover(p, v->layer);
    if (v->still || crossover == 0)
        return;
    for (int t = 0; t < v->terms; t++)
        if (is_conv(&v->term[t]))
            return;
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].dense && (v->rows > MOST_INDEX || v->term[t].rows > MOST_INDEX))
            return;
    v->form = add_field(p, v->layer, arena_format(p->arena, "%s.form", v->name), F_COUNTS, 8)->name;
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].dense)
            add_index(p, v, &v->term[t], crossover);
}

void plan_forms(struct plan *p)
{
    for (int i = 0; i < p->values; i++)
        if (has_update(p->value[i]))
            p->value[i]->still = why_still(p, p->value[i]);
        else
            p->value[i]->still = "it has no weights";
    for (int i = 0; i < p->values; i++) {
        struct value *v = p->value[i];
        struct family f = {NULL, 0};
        if (!can_pack(p, v, &f))
            continue;
        const char *live =
            add_field(p, v->layer, arena_format(p->arena, "%s.held", v->name), F_COUNTS, 8)->name;
        const char *place = add_field(p, v->layer, arena_format(p->arena, "%s.place", v->name),
                                      F_PLACES, neurons_in(v))
                                ->name;
        for (int k = 0; k < f.members; k++) {
            f.member[k]->live = live;
            f.member[k]->place = place;
            f.member[k]->of_channels = v->map > 1;
        }
    }
    for (int i = 0; i < p->values; i++)
        plan_csr(p, p->value[i]);
}

bool plan_has_forms(const struct plan *p)
{
    for (int i = 0; i < p->values; i++)
        if (p->value[i]->live || p->value[i]->form)
            return true;
    return false;
}
