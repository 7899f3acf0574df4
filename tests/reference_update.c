/* The optimizer of the reference interpreter: runs the checked statements of
 * its body for every element of every trained tensor, on the gradients of the
 * last backward pass; then what rules do after it. */
#include "reference_node.h"
#include "reference_rule.h"

#include <string.h>

enum { MOST_NAMES = 64 };

struct scope {
    struct binding at[MOST_NAMES];
    int count;
};

static struct number *find(struct scope *scope, const char *name)
{
    for (int i = 0; i < scope->count; i++)
        if (scope->at[i].name == name)
            return &scope->at[i].value;
    return NULL;
}

static void assign(struct scope *scope, const char *name, struct number value)
{
    struct number *old = find(scope, name);

    if (old) {
        *old = value;
        return;
    }
    if (scope->count == MOST_NAMES)
        bug("more than %d names in an optimizer", MOST_NAMES);
    scope->at[scope->count++] = (struct binding){name, value};
}

static void run(struct scope *, const struct update_stmt *);

static void run_if(struct scope *scope, const struct update_stmt *s)
{
    bool unsure;
    struct number c = number_evaluate(s->condition, scope->at, scope->count);
    bool is = number_true(c, &unsure);
    struct scope other = *scope;

    run(scope, is ? s->then : s->other);
    if (!unsure)
        return;
    run(&other, is ? s->other : s->then);
    for (int i = 0; i < other.count; i++) {
        const struct number *n = find(scope, other.at[i].name);
        struct number value = other.at[i].value;
        assign(scope, other.at[i].name, n ? number_merge(*n, value) : value);
    }
}

static void run(struct scope *scope, const struct update_stmt *s)
{
    for (; s; s = s->next)
        if (s->condition)
            run_if(scope, s);
        else
            assign(scope, s->target, number_evaluate(s->value, scope->at, scope->count));
}

static struct number element(const struct values *values, int64_t i)
{
    return (struct number){values->at[i], values->error[i], 0, 0};
}

static void update_element(struct reference *r, int param, int64_t i, const struct scope *scalars,
                           const char *w, const char *grad)
{
    const struct optimizer *optimizer = r->net->optimizer;
    struct scope scope;

    scope.count = scalars->count;
    memcpy(scope.at, scalars->at, (size_t)scalars->count * sizeof *scope.at);
    assign(&scope, w, element(&r->param[param], i));
    assign(&scope, grad, element(&r->gradient[param], i));
    for (int s = 0; s < optimizer->state_count; s++)
        assign(&scope, optimizer->state[s].name, element(&r->state[param][s], i));
    run(&scope, optimizer->body);
    values_set_number(&r->param[param], i, *find(&scope, w));
    for (int s = 0; s < optimizer->state_count; s++)
        values_set_number(&r->state[param][s], i, *find(&scope, optimizer->state[s].name));
}

void reference_update(struct reference *r)
{
    const char *w = intern(r->arena, "w"), *grad = intern(r->arena, "grad");
    struct scope scalars = {.count = RUN_SCALARS};

    reference_scalars(r, scalars.at);
    for (int p = 0; p < r->net->param_count; p++)
        for (int64_t i = 0; i < r->param[p].size; i++)
            update_element(r, p, i, &scalars, w, grad);
    update_moments(r);
    silence_updated(r);
    observe_and_adapt(r);
    r->run.step++;
}

void reference_start(struct reference *r)
{
    const struct optimizer *optimizer = r->net->optimizer;
    struct binding scalars[RUN_SCALARS];

    reference_scalars(r, scalars);
    for (int p = 0; p < r->net->param_count; p++)
        for (int s = 0; s < optimizer->state_count; s++) {
            struct number first =
                number_evaluate(optimizer->state[s].initial, scalars, RUN_SCALARS);
            for (int64_t i = 0; i < r->param[p].size; i++)
                values_set_number(&r->state[p][s], i, first);
        }
}
