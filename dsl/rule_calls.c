/* The functions that only rules have: a call goes in, out it comes with its arguments resolved, and
 * with an integer behind them, the space it is computed in. That is settled here, before anything
 * is folded: `sum(p * w)` is a sum over synapses also where p is 0. */
#include "rules.h"

#include <string.h>

const struct rule_call rule_calls[] = {
    {"sum", CALL_REDUCE, REDUCE_SUM, 1, {"x", NULL}},
    {"mean", CALL_REDUCE, REDUCE_MEAN, 1, {"x", NULL}},
    {"min", CALL_REDUCE, REDUCE_MIN, 1, {"x", NULL}},
    {"max", CALL_REDUCE, REDUCE_MAX, 1, {"x", NULL}},
    {"rms", CALL_REDUCE, REDUCE_RMS, 1, {"x", NULL}},
    {"count", CALL_REDUCE, REDUCE_COUNT, 1, {"x", NULL}},
    {"quantile", CALL_REDUCE, REDUCE_QUANTILE, 2, {"x", "q"}},
    {"lowest", CALL_LOWEST, REDUCE_SUM, 2, {"x", "q"}},
    {"shuffled", CALL_SHUFFLED, REDUCE_SUM, 1, {"x", NULL}},
    {"random", CALL_RANDOM, REDUCE_SUM, 0, {NULL, NULL}},
    {"batch_sum", CALL_BATCH_SUM, REDUCE_SUM, 1, {"x", NULL}},
    {"batch_mean", CALL_BATCH_MEAN, REDUCE_SUM, 1, {"x", NULL}},
    {"trace", CALL_TRACE, REDUCE_SUM, 2, {"signal", "decay"}},
    {NULL, CALL_REDUCE, REDUCE_SUM, 0, {NULL, NULL}},
};

const struct rule_call *find_rule_call(const char *name)
{
    for (const struct rule_call *r = rule_calls; r->name; r++)
        if (strcmp(r->name, name) == 0)
            return r;
    return NULL;
}

const char *reduction_text(enum reduction reduction)
{
    return rule_calls[reduction].name;
}

void refuse(struct rule_writer *w, struct loc loc, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    diag_error(w->check->diag, loc, "%s", arena_vformat(w->check->arena, format, list));
    va_end(list);
    w->good = false;
}

static void note(struct rule_writer *w, struct loc loc, const char *text)
{
    diag_note(w->check->diag, loc, "%s", text);
}

/* --- what may stand in them */

static bool refuse_samples(struct rule_writer *w, const struct expr *e)
{
    const struct expr *leaf = find_leaf(w, e, is_sample, SPACE_NONE);
    if (!leaf)
        return true;
    refuse(w, leaf->loc,
           "'%s' has a value for each sample: it stands in batch_sum and batch_mean only",
           leaf->kind == E_CALL ? "trace" : leaf->name);
    return false;
}

static bool check_share(struct rule_writer *w, const struct expr *q, const char *callee,
                        enum space most)
{
    if (!refuse_samples(w, q))
        return false;
    const struct expr *leaf = find_leaf(w, q, is_wider, most);
    if (!leaf)
        return true;
    refuse(w, leaf->loc, "the share of '%s' has one value per %s here, but one per %s is needed",
           callee, space_text(kind_of(w, leaf).space), space_text(most));
    return false;
}

static bool check_reduce(struct rule_writer *w, const struct expr *call, struct expr **arg)
{
    enum space from = kind_of(w, arg[0]).space, to = w->target_space;
    if (!refuse_samples(w, arg[0]))
        return false;
    if (!w->target) {
        refuse(w, call->loc, "a reduction stands in a declaration or an assignment only");
        note(w, (struct loc){0}, "give it a name before: 'layer NAME = ...;'");
    } else if (w->guard) {
        refuse(w, call->loc, "a reduction inside an 'if' needs a condition of the layer");
        note(w, w->guard_loc,
             arena_format(w->check->arena, "this one has a value per %s",
                          space_text(w->guard_space)));
    } else if (from == SPACE_NONE) {
        refuse(w, call->loc, "'%s' has nothing to reduce: this is the same everywhere", call->name);
    } else if (!space_within(to, from) || to == from) {
        refuse(w, call->loc, "'%s' of one value per %s does not reduce it to one per %s",
               call->name, space_text(from), space_text(to));
        if (special_call(arg[0]))
            note(w, arg[0]->loc, "this is reduced already: give it a declaration of its own");
    } else {
        return !arg[1] || check_share(w, arg[1], call->name, to);
    }
    return false;
}

static bool check_lowest(struct rule_writer *w, const struct expr *call, struct expr **arg)
{
    if (!refuse_samples(w, arg[0]))
        return false;
    if (space_within(kind_of(w, arg[0]).space, SPACE_LAYER)) {
        refuse(w, call->loc, "'lowest' has nothing to choose from: the layer has one such value");
        return false;
    }
    return check_share(w, arg[1], "lowest", SPACE_LAYER);
}

/* Two draws would be two orders: where one is drawn, and where it is used again, must be plain. */
static bool check_shuffled(struct rule_writer *w, const struct expr *call, const struct expr *x)
{
    if (call != w->whole) {
        refuse(w, call->loc, "'shuffled' must be the whole value of a declaration");
        note(w, (struct loc){0}, "for example: 'neuron other = shuffled(factor);'");
        return false;
    }
    if (!refuse_samples(w, x))
        return false;
    if (!space_within(kind_of(w, x).space, SPACE_LAYER))
        return true;
    refuse(w, call->loc,
           "'shuffled' has nothing to put in another order: the layer has one such "
           "value");
    return false;
}

enum { SIDE_NEURON = 1, SIDE_INPUT = 2, SIDE_BOTH = 3, SIDE_WEIGHT = 4 };

static unsigned sides_of(const struct rule_writer *w, const struct expr *e)
{
    unsigned sides = 0;
    if (e->kind == E_NAME || special_call(e))
        switch (kind_of(w, e).space) {
        case SPACE_SYNAPSE:
        case SPACE_KERNEL:
            return SIDE_WEIGHT;
        case SPACE_NEURON:
            return SIDE_NEURON;
        case SPACE_INPUT:
            return SIDE_INPUT;
        case SPACE_NONE:
        case SPACE_LAYER:
            return 0;
        }
    for (int i = 0; i < e->count; i++)
        sides |= sides_of(w, e->arg[i]);
    return sides;
}

static bool is_factored(const struct expr *e)
{
    return e->kind == E_MUL || e->kind == E_DIV || e->kind == E_NEG;
}

/* The part of a product in which neurons and inputs meet otherwise; NULL where they do not. */
static const struct expr *find_mixed(const struct rule_writer *w, const struct expr *e)
{
    if (sides_of(w, e) != SIDE_BOTH)
        return NULL;
    if (!is_factored(e))
        return e;
    for (int i = 0; i < e->count; i++) {
        const struct expr *mixed = find_mixed(w, e->arg[i]);
        if (mixed)
            return mixed;
    }
    return NULL;
}

struct expr *split_side(struct rule_writer *w, struct expr *e, bool input)
{
    struct arena *arena = w->check->arena;
    if (!is_factored(e) || sides_of(w, e) != SIDE_BOTH)
        return (sides_of(w, e) == SIDE_INPUT) == input ? e : NULL;
    struct expr *a = split_side(w, e->arg[0], input);
    if (e->kind == E_NEG && input)
        return a;
    if (e->kind == E_NEG)
        return expr_unary(arena, e->loc, E_NEG, a ? a : expr_number(arena, e->loc, 1));
    struct expr *b = split_side(w, e->arg[1], input);
    if (!b)
        return a;
    if (!a && e->kind == E_MUL)
        return b;
    return expr_binary(arena, e->loc, e->kind, a ? a : expr_number(arena, e->loc, 1), b);
}

static bool is_weight(const struct rule_writer *w, const struct expr *e, enum space space)
{
    (void)space;
    return sides_of(w, e) == SIDE_WEIGHT;
}

static bool check_batch(struct rule_writer *w, const struct expr *call, const struct expr *x)
{
    const struct expr *weight = find_leaf(w, x, is_weight, SPACE_NONE);
    const struct expr *mixed = find_mixed(w, x);
    if (w->phase != PHASE_OBSERVE) {
        refuse(w, call->loc, "'%s' stands in observe only: there the signals of a batch are known",
               call->name);
        note(w, (struct loc){0}, "what it gives can be kept in a state");
    } else if (weight) {
        refuse(w, weight->loc,
               "inside %s there are values of neurons, inputs and the layer, not of weights",
               call->name);
        note(w, (struct loc){0}, "what it gives can be multiplied by them");
    } else if (mixed) {
        refuse(w, mixed->loc, "neurons and inputs meet here, and not as factors of a product");
        note(w, (struct loc){0},
             arena_format(w->check->arena,
                          "what neurons give times what inputs give is one product of matrices; "
                          "a sum of such products is a sum of %s",
                          call->name));
    } else if (!kind_of(w, x).sample) {
        refuse(w, call->loc, "nothing in this %s differs from sample to sample", call->name);
    } else {
        return true;
    }
    return false;
}

/* --- trace */

/* What is not a parameter changes during a run. */
static const struct expr *find_changing(const struct expr *e)
{
    if (e->kind == E_NAME)
        return strchr(e->name, '@') ? NULL : e;
    for (int i = 0; i < e->count; i++) {
        const struct expr *found = find_changing(e->arg[i]);
        if (found)
            return found;
    }
    return NULL;
}

static struct expr *make_trace(struct rule_writer *w, struct expr *call, struct expr **arg)
{
    const struct signal_info *signal = arg[0]->kind == E_NAME ? find_signal(arg[0]->name) : NULL;
    struct check *check = w->check;
    const char *text = NULL;
    if (!signal || (signal->bit != SIGNAL_PRE && signal->bit != SIGNAL_POST)) {
        refuse(w, arg[0]->loc, "only 'pre' and 'post' leave a trace");
        return NULL;
    }
    struct expr *decay = fold_checked(check, arg[1], w->is_definition ? arg[1]->loc : w->place);
    if (!decay)
        return NULL;
    if (find_changing(decay))
        text = "the decay of 'trace' must be a constant";
    else if (decay->kind == E_NUMBER && !(decay->number >= 0 && decay->number <= 1))
        text = arena_format(check->arena, "the decay of 'trace' must be within 0 and 1, it is %s",
                            number_text(check->arena, decay->number));
    if (text) {
        report_at(check, arg[1]->loc, w->is_definition ? arg[1]->loc : w->place, text,
                  "the trace is here");
        w->good = false;
        return NULL;
    }
    return expr_call(check->arena, call->loc, call->name, 2, (struct expr *[]){arg[0], decay},
                     NULL);
}

/* --- all of them */

static bool match(struct rule_writer *w, const struct rule_call *r, struct expr *call,
                  const struct actuals *actuals, struct expr **arg)
{
    struct formal formal[2] = {{0}, {0}};
    struct formals formals = {.at = formal, .count = r->count};
    bool required[2] = {true, true}, good = true;
    int at[2];
    for (int i = 0; i < r->count; i++)
        formal[i].name = intern(w->check->arena, r->parameter[i]);
    if (!match_arguments(w->check, call->name, call->loc, &formals, required, actuals, at))
        return false;
    for (int i = 0; i < r->count; i++) {
        arg[i] = resolve(&w->context, actuals->at[at[i]].value);
        good = good && arg[i];
    }
    return good;
}

static struct expr *mark_space(struct rule_writer *w, const struct rule_call *r, struct expr *call,
                               struct expr **arg)
{
    struct arena *arena = w->check->arena;
    struct expr *all[3] = {arg[0], arg[1], NULL};
    all[r->count] = expr_int(arena, (long long)kind_of(w, arg[0]).space);
    return expr_call(arena, call->loc, call->name, r->count + 1, all, NULL);
}

struct expr *resolve_rule_call(const struct context *c, struct expr *call,
                               const struct actuals *actuals)
{
    struct rule_writer *w = c->rule;
    const struct rule_call *r = find_rule_call(call->name);
    struct expr *arg[2] = {NULL, NULL};
    bool good = match(w, r, call, actuals, arg);
    w->good = w->good && good;
    if (!good)
        return NULL;
    switch (r->function) {
    case CALL_REDUCE:
        good = check_reduce(w, call, arg);
        break;
    case CALL_LOWEST:
        good = check_lowest(w, call, arg);
        break;
    case CALL_SHUFFLED:
        good = check_shuffled(w, call, arg[0]);
        break;
    case CALL_BATCH_SUM:
    case CALL_BATCH_MEAN:
        good = check_batch(w, call, arg[0]);
        break;
    case CALL_TRACE:
        return make_trace(w, call, arg);
    case CALL_RANDOM:
        refuse(w, call->loc, "'random()' must be the whole value of a declaration");
        note(w, (struct loc){0}, "for example: 'synapse luck = random();'");
        return NULL;
    }
    return good ? mark_space(w, r, call, arg) : NULL;
}
