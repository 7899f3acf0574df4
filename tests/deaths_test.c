/* Tests of death in the reference interpreter: what a drop does at once, to whom it spreads, that
 * the dead stay so under optimizers that remember, and what growing brings back. */
#include "rule_try.h"

enum { SAMPLES = 3 };

static const int32_t label[SAMPLES] = {0, 2, 1};

static void steps(struct reference *r, int count)
{
    float x[SAMPLES * 8];

    for (int k = 0; k < count; k++) {
        for (int i = 0; i < SAMPLES * 8; i++)
            x[i] = (float)uniform(50 + (uint32_t)k, i);
        step(r, x, label, SAMPLES);
    }
}

static void kill(struct values *alive, int64_t from, int64_t count)
{
    for (int64_t i = from; i < from + count; i++)
        alive->at[i] = 0;
}

static int64_t count_dead(const struct values *alive)
{
    int64_t dead = 0;

    for (int64_t i = 0; i < alive->size; i++)
        dead += alive->at[i] == 0;
    return dead;
}

/* --------------------------------------------------------------------- dead is dead */

static const char *const optimizers[] = {"sgd(0.1, momentum = 0.9)", "adam(0.01)",
                                         "adamw(0.01, decay = 0.1)"};
static const char *const rules[] = {
    "magnitude(fraction = 0.4, ramp = 0)", "random_drop(fraction = 0.4, ramp = 0)",
    "unused(fraction = 0.4, patience = 0)", "dpap_synapses(initial = 0.1, pressure = 1.5)"};

/* Whether all that is kept of a dead synapse is zero, and not of those that live. */
static bool dead_hold_nothing(const struct reference *r, int param)
{
    const struct values *alive = &r->alive[param];
    bool zero = true;
    int64_t busy = 0;

    for (int64_t i = 0; i < alive->size; i++) {
        const struct attachment *a = r->attachment;
        bool nothing = r->param[param].at[i] == 0 && r->gradient[param].at[i] == 0;
        for (int s = 0; s < r->net->optimizer->state_count; s++)
            nothing = nothing && r->state[param][s].at[i] == 0;
        for (int v = 0; v < a->rule->value_count; v++)
            if (a->value[v].size == alive->size && a->rule->value[v].stored)
                nothing = nothing && a->value[v].at[i] == 0;
        zero = zero && (alive->at[i] != 0 || nothing);
        busy += alive->at[i] != 0 && !nothing;
    }
    return zero && busy > 0;
}

static void test_dead_is_dead(void)
{
    for (int o = 0; o < 3; o++)
        for (int k = 0; k < 4; k++) {
            struct reference *r = reference_of(arena_format(
                arena,
                "model t; input x[8]; layer h = x |> dense(7) |> tanh; output y = h |> dense(3);"
                "loss cross_entropy; optimizer %s; epochs 9; prune %s;",
                optimizers[o], rules[k]));
            bool good = true;
            reference_start(r);
            for (int epoch = 0; epoch < 4; epoch++) {
                steps(r, 2);
                good = good && dead_hold_nothing(r, 0);
                reference_end_epoch(r);
                good = good && dead_hold_nothing(r, 0);
            }
            ok(good && count_dead(&r->alive[0]) >= 5, "%s, %s: the dead hold nothing",
               optimizers[o], rules[k]);
        }
}

/* -------------------------------------------------------------------------- neurons */

static const char joins[] =
    "model t; function one(x) = 1 + x / (1 + abs(x)); input x[8];"
    "layer a = x |> dense(3) |> one; layer b = x |> dense(3) |> one;"
    "layer c = (((a + b) |> dense(4)) + (a |> dense(4))) |> one;"
    "layer d = concat(b, c) |> one |> dropout(0.2); output y = d |> dense(3);"
    "loss cross_entropy; optimizer sgd(0.1, momentum = 0.9); batch 3;";

static bool column_is(const struct values *alive, int64_t columns, int64_t j, double want)
{
    for (int64_t i = j; i < alive->size; i += columns)
        if (alive->at[i] != want)
            return false;
    return true;
}

enum { A_WEIGHT = 0, A_BIAS, B_WEIGHT, B_BIAS, C_WEIGHT, C_BIAS, C_WEIGHT2, C_BIAS2, Y_WEIGHT };

static void test_joins(void)
{
    struct reference *r = reference_of(joins);

    reference_start(r);
    steps(r, 1);
    kill(&r->alive_neuron[1], 1, 1); /* a[1] */
    reference_settle(r);
    ok(count_dead(&r->alive[A_WEIGHT]) == 8 && r->param[A_BIAS].at[1] == 0 &&
           r->state[A_BIAS][0].at[1] == 0 && r->state[A_BIAS][0].at[0] != 0,
       "entering synapses and the bias die with a neuron");
    ok(count_dead(&r->alive[C_WEIGHT]) == 0, "what b is added to still has something to read");
    ok(count_dead(&r->alive[C_WEIGHT2]) == 4 && column_is(&r->alive[C_WEIGHT2], 3, 1, 0),
       "what reads it alone dies");
    kill(&r->alive_neuron[2], 1, 1); /* b[1] */
    kill(&r->alive_neuron[3], 2, 1); /* c[2] */
    reference_settle(r);
    ok(column_is(&r->alive[C_WEIGHT], 3, 1, 0) && count_dead(&r->alive[C_WEIGHT]) == 4 + 2,
       "where both of a sum are dead its readers die");
    ok(column_is(&r->alive[Y_WEIGHT], 7, 1, 0) && column_is(&r->alive[Y_WEIGHT], 7, 5, 0) &&
           count_dead(&r->alive[Y_WEIGHT]) == 6,
       "concat maps units, functions and dropout hand them on");
    steps(r, 2);
    ok(r->value[r->net->layer[1]->neurons->index].at[1] == 0 &&
           r->value[r->net->layer[1]->neurons->index].at[0] != 0,
       "a dead neuron is silent, also where its function is not 0 at 0");
    ok(r->param[A_BIAS].at[1] == 0 && r->param[C_BIAS].at[2] == 0 && r->param[C_BIAS2].at[2] == 0 &&
           r->gradient[C_BIAS2].at[2] == 0 && r->param[C_BIAS].at[1] != 0,
       "its biases stay zero");
}

static void test_last_neuron(void)
{
    struct reference *r = reference_of(
        "model t; rule all() { adapt { drop neuron when period == 0 ? alive_neuron : 1; } }"
        "input x[8]; layer h = x |> dense(5) |> tanh; output y = h |> dense(3);"
        "loss cross_entropy; optimizer sgd(0.1); prune all;");

    kill(&r->alive_neuron[1], 0, 2);
    reference_settle(r);
    steps(r, 1);
    reference_end_epoch(r);
    ok(count_dead(&r->alive_neuron[1]) == 4 && r->alive_neuron[1].at[2] == 1,
       "the live neuron of lowest index stays");
    reference_end_epoch(r);
    ok(count_dead(&r->alive_neuron[1]) == 4 && count_dead(&r->alive[0]) == 32, "again and again");
}

/* -------------------------------------------------------------------------- at once */

static void test_at_once(void)
{
    struct reference *r = reference_of(
        "model t; rule m() { state synapse s = 1, seen = 0; state layer n = 0;"
        "adapt { drop synapse when w > 0; n = count(s); synapse dead = not alive; seen = 2;"
        "n += 100 * sum(dead); s = 3; } }"
        "input x[8]; layer h = x |> dense(5) |> tanh; output y = h |> dense(3);"
        "loss cross_entropy; optimizer sgd(0.1); prune m;");
    int64_t dead, live, sum = 0;

    steps(r, 1);
    reference_end_epoch(r);
    dead = count_dead(&r->alive[0]);
    live = 40 - dead;
    ok(dead > 5 && live > 5 && value_of(r->attachment, "n")->at[0] == (double)(live + 100 * dead),
       "what stands after a drop sees it");
    for (int i = 0; i < 40; i++)
        sum +=
            value_of(r->attachment, "s")->at[i] == 3 && value_of(r->attachment, "seen")->at[i] == 2;
    ok(sum == live, "a dead synapse's states stay zero whatever is assigned");
}

static void test_growth(void)
{
    struct reference *r = reference_of(
        "model t; rule m() { state synapse s = 1; state neuron n = 1;"
        "adapt { s += 1; n += 1; if (period == 0) { drop synapse when w > 0; }"
        "else { grow synapse when s > 2.5; } } }"
        "rule other() { state synapse o = 1; adapt { o += 1; } }"
        "input x[8]; layer g = x |> dense(4) |> tanh; layer h = g |> dense(5) |> tanh;"
        "output y = h |> dense(3); loss cross_entropy; optimizer sgd(0.1, momentum = 0.9);"
        "prune m on h; plasticity other on h;");
    const struct values *s = value_of(&r->attachment[0], "s"), *alive = &r->alive[2];
    const struct values *o = value_of(&r->attachment[1], "o");
    int64_t dead, grown = 0, empty = 0;
    double was[20];

    reference_start(r);
    steps(r, 2);
    reference_end_epoch(r);
    dead = count_dead(alive);
    memcpy(was, alive->at, sizeof was);
    kill(&r->alive_neuron[1], 3, 1); /* what one column reads */
    kill(&r->alive_neuron[2], 4, 1); /* what one row enters */
    reference_settle(r);
    ok(dead > 4 &&
           apart(s, (double[20]){2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, 1) ==
               0,
       "states of a rule that grows live on");
    reference_end_epoch(r);
    for (int i = 0; i < 20; i++) {
        bool none = r->param[2].at[i] == 0 && r->state[2][0].at[i] == 0;
        grown += was[i] == 0 && alive->at[i] != 0;
        empty += was[i] == 0 && none && o->at[i] == (alive->at[i] != 0 ? 1 : 0);
    }
    ok(grown > 0 && empty == dead, "what has grown begins at zero, with the states of others");
    ok(count_dead(alive) == 4 + 5 - 1 && column_is(alive, 4, 3, 0),
       "nothing grows at dead neurons, on neither side");
    steps(r, 1);
    for (int i = 0; i < 20; i++)
        empty -= was[i] == 0 && alive->at[i] != 0 && r->param[2].at[i] != 0;
    ok(empty == dead - grown, "and learns");
}

int main(void)
{
    arena = arena_new();
    test_dead_is_dead();
    test_joins();
    test_last_neuron();
    test_at_once();
    test_growth();
    arena_free(arena);
    return tap_done();
}
