/* See recall.h. */
#include "recall.h"
#include "loop.h"

#include <string.h>

enum { MOST_CHOICES = 14 };

static struct quantity *find_quantity(const struct recall *r, const char *name)
{
    for (int i = 0; i < r->quantities; i++)
        if (r->quantity[i].name == name)
            return &r->quantity[i];
    return NULL;
}

struct renaming {
    struct arena *arena;
    const struct recall *recall;
    const char *before; /* of each name: "was_" or "" */
};

static struct expr *c_name(void *context, const struct expr *e)
{
    const struct renaming *r = context;
    const struct quantity *q = find_quantity(r->recall, e->name);
    const char *as = q ? q->as : NULL;
    for (int i = 0; i < r->recall->traineds && !as; i++)
        if (r->recall->trained[i].name == e->name)
            as = r->recall->trained[i].as;
    if (!as)
        return NULL; /* a run scalar */
    return expr_name(r->arena, e->loc,
                     intern(r->arena, arena_format(r->arena, "%s%s", r->before, as)));
}

struct expr *recall_expr(struct arena *a, const struct recall *r, struct expr *e, bool about)
{
    struct renaming context = {a, r, about ? "was_" : ""};
    return expr_replace(a, e, c_name, &context);
}

static struct expr *about(void *context, struct expr *e)
{
    struct renaming *c = context;
    struct arena *a = c->arena;
    bool is_call = e->kind == E_CALL;
    if (e->kind == E_NAME)
        return recall_expr(a, c->recall, e, false);
    if (is_call && strcmp(e->name, "detach") == 0)
        return recall_expr(a, c->recall, e->arg[0], true);
    if (!is_call || strcmp(e->name, "fire") != 0)
        return expr_map(a, e, about, c);
    struct expr *was = recall_expr(a, c->recall, e, true);
    struct expr *moved = expr_binary(a, e->loc, E_SUB, about(c, e->arg[0]), was->arg[0]);
    moved = expr_binary(a, e->loc, E_MUL, was->arg[1], moved);
    return expr_binary(a, e->loc, E_ADD, expr_cond(a, e->loc, was, ex(a, "1.0"), ex(a, "0.0")),
                       moved);
}

struct expr *recall_about(struct arena *a, const struct recall *r, struct expr *e)
{
    struct renaming context = {a, r, ""};
    return about(&context, e);
}

/* --- errors backwards */

static struct expr *add(struct arena *a, struct expr *sum, struct expr *e)
{
    return sum ? expr_binary(a, e->loc, E_ADD, sum, e) : e;
}

/* What the derivative of `of` by the name contributes, `by` being the loss's by `of`. */
static struct expr *contribution(struct arena *a, const struct recall *r, struct expr *sum,
                                 struct expr *of, const char *name, const char *by)
{
    struct expr *slope = expr_fold(a, expr_derivative(a, of, name));
    if (expr_is_number(slope, 0))
        return sum;
    struct expr *back = expr_name(a, of->loc, intern(a, by));
    slope = recall_expr(a, r, slope, false);
    if (expr_is_logical(slope))
        slope = expr_cond(a, slope->loc, slope, ex(a, "1.0"), ex(a, "0.0"));
    return add(a, sum, expr_fold(a, expr_binary(a, of->loc, E_MUL, back, slope)));
}

static struct expr *adjoint_of(struct arena *a, const struct recall *r, const char *name)
{
    struct expr *sum = contribution(a, r, NULL, r->neuron->emit, name, "e");
    for (int i = 0; i < r->quantities; i++) {
        const struct quantity *q = &r->quantity[i];
        if (q->kind == Q_STATE && q->adjoint)
            sum = contribution(a, r, sum, q->next, name, arena_format(a, "%s_after", q->name));
        if (q->kind == Q_LOCAL && q->adjoint)
            sum = contribution(a, r, sum, q->value, name, arena_format(a, "%s_back", q->name));
    }
    return sum;
}

/* Whether the adjoints of states are zero at every step is seen when they are if that of the last
 * is: assume that none is, find those that are, and begin anew. */
static void find_adjoints(struct arena *a, struct recall *r)
{
    bool again = true;
    for (int i = 0; i < r->quantities; i++)
        r->quantity[i].adjoint = r->quantity[i].kind == Q_STATE ? ex(a, "0.0") : NULL;
    while (again) {
        again = false;
        for (int i = r->quantities - 1; i >= 0; i--)
            if (r->quantity[i].kind == Q_LOCAL)
                r->quantity[i].adjoint = adjoint_of(a, r, r->quantity[i].name);
        for (int i = 0; i < r->quantities; i++) {
            struct quantity *q = &r->quantity[i];
            if (q->kind == Q_STATE && q->adjoint && !adjoint_of(a, r, q->name)) {
                q->adjoint = NULL;
                again = true;
            }
        }
    }
    /* all at once: each asks for those of the others */
    struct expr **found = NEW_ARRAY(a, r->quantities, struct expr *);
    for (int i = 0; i < r->quantities; i++)
        found[i] = adjoint_of(a, r, r->quantity[i].name);
    for (int i = 0; i < r->quantities; i++)
        if (r->quantity[i].kind != Q_LOCAL)
            r->quantity[i].adjoint = found[i];
    for (int i = 0; i < r->traineds; i++) {
        struct trained *l = &r->trained[i];
        l->adjoint = adjoint_of(a, r, l->name);
        for (int k = 0; k < r->quantities; k++) {
            const struct quantity *q = &r->quantity[k];
            if (q->kind == Q_STATE && q->adjoint)
                l->initial = contribution(a, r, l->initial, q->initial, l->name,
                                          arena_format(a, "%s_back", q->name));
        }
    }
}

/* --- what is kept */

static void read_names(struct recall *r, const struct expr *e)
{
    for (int i = 0; e->kind == E_NAME && i < r->quantities; i++)
        r->quantity[i].read |= r->quantity[i].as == e->name;
    for (int i = 0; i < e->count; i++)
        read_names(r, e->arg[i]);
}

/* The places that the selftest's function is about. */
static void read_anchors(struct arena *a, struct recall *r, struct expr *e)
{
    if (e->kind == E_CALL && (strcmp(e->name, "fire") == 0 || strcmp(e->name, "detach") == 0)) {
        read_names(r, recall_expr(a, r, e, false));
        r->held = true;
    }
    for (int i = 0; i < e->count; i++)
        read_anchors(a, r, e->arg[i]);
}

static void find_read(struct arena *a, struct recall *r)
{
    for (int i = 0; i < r->quantities; i++) {
        const struct quantity *q = &r->quantity[i];
        if (q->adjoint)
            read_names(r, q->adjoint);
        if (q->kind == Q_LOCAL)
            read_anchors(a, r, q->value);
        if (q->kind == Q_STATE)
            read_anchors(a, r, q->next);
    }
    read_anchors(a, r, r->neuron->emit);
    for (int i = 0; i < r->traineds; i++)
        if (r->trained[i].adjoint)
            read_names(r, r->trained[i].adjoint);
}

static bool computable(const struct recall *r, const struct expr *e, const bool *known)
{
    if (e->kind == E_NAME) {
        const struct quantity *q = find_quantity(r, e->name);
        return !q || known[q - r->quantity];
    }
    for (int i = 0; i < e->count; i++)
        if (!computable(r, e->arg[i], known))
            return false;
    return true;
}

/* What it costs to keep these alone: bits of an element, and less than one for each that is
 * computed again; -1 where something cannot be. */
static double cost_of(const struct recall *r, unsigned kept)
{
    bool known[MOST_CHOICES];
    double cost = 0;
    for (int i = 0; i < r->quantities; i++) {
        const struct quantity *q = &r->quantity[i];
        bool is_kept = kept >> i & 1,
             goes_on = q->carrier && kept >> (q->carrier - r->quantity) & 1;
        known[i] = is_kept || goes_on;
        if (is_kept)
            cost += q->is_bit ? 1 : 32;
        else if (q->kind == Q_LOCAL && !goes_on)
            known[i] = computable(r, q->value, known);
        if (q->read && !known[i])
            return -1;
        if (q->read && !(kept >> i & 1))
            cost += 0.01;
    }
    return cost;
}

static void choose_kept(struct recall *r)
{
    unsigned best = 0;
    double least = -1;
    for (unsigned kept = 0; r->quantities <= MOST_CHOICES && kept < 1u << r->quantities; kept++) {
        double cost = cost_of(r, kept);
        if (cost >= 0 && (least < 0 || cost < least)) {
            least = cost;
            best = kept;
        }
    }
    for (int i = 0; i < r->quantities; i++)
        r->quantity[i].kept = least < 0 ? r->quantity[i].kind != Q_LOCAL : (best >> i & 1) != 0;
    for (int i = 0; i < r->quantities; i++)
        if (r->quantity[i].carrier && !r->quantity[i].carrier->kept)
            r->quantity[i].carrier = NULL;
}

/* A local that a state goes on as stands in the state's slice of the next step. */
static void find_carriers(struct recall *r)
{
    for (int i = 0; i < r->quantities; i++) {
        const struct quantity *q = &r->quantity[i];
        struct quantity *local =
            q->kind == Q_STATE && q->next->kind == E_NAME ? find_quantity(r, q->next->name) : NULL;
        if (local && local->kind == Q_LOCAL)
            local->carrier = q;
    }
}

static void add_quantity(struct plan *p, struct recall *r, struct quantity q, const char *suffix)
{
    q.as =
        q.kind == Q_X ? q.name : intern(p->arena, arena_format(p->arena, "%s_%s", q.name, suffix));
    PUSH(p->arena, r->quantity, r->quantities, q);
}

struct recall *plan_recall(struct plan *p, const struct value *v)
{
    struct arena *a = p->arena;
    struct recall *r = NEW(a, struct recall);
    struct neuron *n = v->neuron->neuron;
    r->neuron = n;
    add_quantity(p, r, (struct quantity){.kind = Q_X, .name = intern(a, "x")}, "");
    for (int i = 0; i < n->states; i++) {
        const struct neuron_state *s = &n->state[i];
        add_quantity(p, r,
                     (struct quantity){
                         .kind = Q_STATE, .name = s->name, .initial = s->initial, .next = s->next},
                     "was");
    }
    for (int i = 0; i < n->locals; i++)
        add_quantity(p, r,
                     (struct quantity){.kind = Q_LOCAL,
                                       .name = n->local[i].name,
                                       .value = n->local[i].value,
                                       .is_bit = expr_is_logical(n->local[i].value)},
                     "now");
    for (int i = 0; i < n->learnables; i++) {
        struct trained t = {.name = n->learnable[i].name, .param = n->learnable[i].param};
        t.as = intern(a, arena_format(a, "%s_of", t.name));
        PUSH(a, r->trained, r->traineds, t);
    }
    find_adjoints(a, r);
    find_read(a, r);
    find_carriers(r);
    choose_kept(r);
    return r;
}

static const char *model_text(struct plan const *p, const struct expr *e)
{
    struct text t = text_new(p->arena);
    expr_print(&t, e, EXPR_MODEL);
    return t.bytes;
}

void explain_recall(struct text *t, const struct plan *p, const struct value *v)
{
    const struct recall *r = v->recall;
    long long floats = 0;
    text_printf(t, "  %-16s kept of each of %lld steps:", "", (long long)p->net->steps);
    for (int i = 0; i < r->quantities; i++)
        if (r->quantity[i].kept) {
            text_printf(t, "%s %s", floats ? "," : "", r->quantity[i].as);
            floats += r->quantity[i].memory ? (long long)r->quantity[i].memory->floats : 0;
        }
    text_printf(t, "%s; %lld bytes\n", floats ? "" : " nothing", floats * 4);
    for (int i = 0; i < r->quantities; i++)
        if (r->quantity[i].read && !r->quantity[i].kept && !r->quantity[i].carrier)
            text_printf(t, "  %-16s computed again: %s = %s\n", "", r->quantity[i].as,
                        model_text(p, recall_expr(p->arena, r, r->quantity[i].value, false)));
    for (int i = r->quantities - 1; i >= 0; i--)
        if (r->quantity[i].adjoint)
            text_printf(t, "  %-16s d loss / d %s = %s\n", "", r->quantity[i].as,
                        model_text(p, r->quantity[i].adjoint));
    for (int i = 0; i < r->traineds; i++)
        if (r->trained[i].adjoint)
            text_printf(t, "  %-16s d loss / d %s = %s\n", "", r->trained[i].param->name,
                        model_text(p, r->trained[i].adjoint));
}
