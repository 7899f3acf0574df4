/* plasticity and prune: the statements go in, the rules of the network come out, each with the
 * layers it runs on and the epochs it acts in. What depends on the whole file (all layers, the
 * epochs, the names of all tensors) waits until it is read. */
#include "rules.h"

#include <string.h>

struct attachment {
    const struct stmt *stmt;
    const struct symbol *symbol;
    struct rule *rule; /* NULL after an error */
};

static void add_on(struct check *check, struct rule *rule, struct layer *layer, int branch,
                   struct loc loc)
{
    struct rule_on on = {.layer = layer, .node = layer->branch[branch], .loc = loc};
    for (int i = 0; i < rule->on_count; i++) {
        if (rule->on[i].node != on.node)
            continue;
        diag_error(check->diag, loc, "'%s' is given twice", layer->name);
        diag_note(check->diag, rule->on[i].loc, "it was given here");
        return;
    }
    PUSH(check->arena, rule->on, rule->on_count, on);
}

static void read_target(struct check *check, const struct target *target, struct rule *rule)
{
    struct context c = file_context(check, false);
    struct symbol *s = find_symbol(&c, T_VALUE, target->layer.text);
    double branch = 1;
    if (!s)
        report_unknown(&c, target->layer.loc, target->layer.text, "layer", T_VALUE, 1u << SYM_LAYER,
                       NULL);
    else if (s->kind != SYM_LAYER)
        diag_error(check->diag, target->layer.loc, "'%s' is a number, but a layer is needed here",
                   s->name);
    else if (s->poisoned)
        (void)(target->branch &&
               resolve_whole(&c, target->branch, "the number of a branch", 1, 1e6, &branch));
    else if (s->layer->branch_count == 0)
        diag_error(check->diag, target->loc, "'%s' owns no weights", s->name);
    else if (!target->branch || resolve_whole(&c, target->branch, "the number of a branch", 1,
                                              s->layer->branch_count, &branch))
        add_on(check, rule, s->layer, (int)branch - 1, target->loc);
}

static int64_t read_whole(struct check *check, struct expr *e, const char *what, double least,
                          int64_t otherwise)
{
    struct context c = file_context(check, false);
    double value;
    return e && resolve_whole(&c, e, what, least, 1e15, &value) ? (int64_t)value : otherwise;
}

static void read_period(struct check *check, const struct period *period, struct rule *rule)
{
    int errors = check->diag->errors;
    rule->each = read_whole(check, period->each, "a period", 1, 1);
    rule->each_steps = period->steps;
    rule->from = read_whole(check, period->from, "an epoch", 0, 0);
    rule->until = read_whole(check, period->until, "an epoch", 0, INT64_MAX);
    if (check->diag->errors == errors && rule->until <= rule->from)
        diag_error(check->diag, period->until_loc,
                   "this can never act: it ends before epoch %lld and begins at epoch %lld",
                   (long long)rule->until, (long long)rule->from);
}

static struct rule *read_rule(struct check *check, const struct stmt *stmt, struct symbol **symbol)
{
    struct context c = file_context(check, true);
    struct symbol *s = *symbol = find_symbol(&c, T_RULE, stmt->name.text);
    struct actuals actuals = actuals_of_entries(check, &stmt->list, stmt->name.loc);
    struct loc place = {stmt->loc.file, stmt->loc.start, stmt->name.loc.end};
    if (!s) {
        report_unknown(&c, stmt->name.loc, stmt->name.text, "rule", T_RULE, ~0u, NULL);
        return NULL;
    }
    struct binding *bound = bind_actuals(&c, s, &s->formals, &actuals, NULL);
    if (s->poisoned)
        return NULL;
    if (bound)
        check_given(check, s, &actuals, 0);
    struct rule *rule = bound ? write_rule(check, s, bound, stmt->loc) : NULL;
    if (!rule)
        return NULL;
    finish_rule(check, rule, s->watched, s->watched_count);
    rule->text = call_text(check->arena, s->name, &actuals);
    rule->loc = place;
    rule->prunes = stmt->kind == ST_PRUNE;
    return rule;
}

static const struct body *find_item(const struct body *b, enum body_kind kind)
{
    for (; b; b = b->next) {
        const struct body *found = b->kind == kind ? b : find_item(b->inner, kind);
        found = found ? found : find_item(b->other, kind);
        if (found)
            return found;
    }
    return NULL;
}

/* By what the definition says, whatever is left of it for these arguments. */
static void check_way(struct check *check, const struct stmt *stmt, const struct symbol *s)
{
    const struct body *drop = find_item(s->stmt->body, B_DROP);
    if (stmt->kind == ST_PLASTICITY && drop) {
        diag_error(check->diag, stmt->name.loc, "'%s' drops: it is attached by 'prune'", s->name);
        diag_note(check->diag, drop->loc, "this is what it does");
    } else if (stmt->kind == ST_PRUNE && !drop && !find_item(s->stmt->body, B_GROW)) {
        diag_error(check->diag, stmt->name.loc,
                   "'%s' drops nothing: it is attached by 'plasticity'", s->name);
    }
}

static bool has_phase(const struct symbol *s, const char *name)
{
    for (const struct body *b = s->stmt->body; b; b = b->next)
        if (b->kind == B_PHASE && strcmp(b->name.text, name) == 0)
            return true;
    return false;
}

void define_attachment(struct check *check, const struct stmt *stmt)
{
    struct symbol *s;
    struct attachment a = {.stmt = stmt};
    struct rule *rule = read_rule(check, stmt, &s);
    struct rule *reads = rule ? rule : NEW(check->arena, struct rule);
    a.symbol = s;
    if (s && !s->poisoned)
        check_way(check, stmt, s);
    for (int i = 0; i < stmt->target_count; i++)
        read_target(check, &stmt->targets[i], reads);
    read_period(check, &stmt->period, reads);
    if (rule && stmt->period.each && !has_phase(s, "adapt")) {
        diag_error(check->diag, stmt->period.each_loc,
                   "'%s' has nothing to do once a period: it has no 'adapt'", s->name);
        diag_note(check->diag, (struct loc){0}, "modulate and observe run at each step");
    }
    a.rule = rule;
    PUSH(check->arena, check->attachment, check->attachments, a);
}

/* --- when the file is read */

/* Left out, `on` means every layer with weights but the output. */
static void attach_to_all(struct check *check, struct rule *rule)
{
    struct net *net = check->net;
    for (int i = 0; i < net->layer_count; i++)
        for (int k = 0; k < net->layer[i]->branch_count && k < 1; k++)
            if (!net->layer[i]->is_output)
                add_on(check, rule, net->layer[i], k, rule->loc);
    if (rule->on_count == 0 && net->output) {
        diag_error(check->diag, rule->loc, "no layer but the output has weights");
        diag_note(check->diag, (struct loc){0}, "the output can be named: 'on %s'",
                  net->output->name);
    }
}

static int64_t place_of(const struct net *net, const struct rule_on *on)
{
    int64_t place = 0;
    while (place < net->layer_count && net->layer[place] != on->layer)
        place++;
    int branch = 0;
    while (on->layer->branch[branch] != on->node)
        branch++;
    return place << 32 | branch;
}

static void sort_layers(const struct net *net, struct rule *rule)
{
    for (int i = 1; i < rule->on_count; i++)
        for (int k = i; k > 0 && place_of(net, &rule->on[k]) < place_of(net, &rule->on[k - 1]);
             k--) {
            struct rule_on on = rule->on[k];
            rule->on[k] = rule->on[k - 1];
            rule->on[k - 1] = on;
        }
}

static void check_epochs(struct check *check, const struct attachment *a)
{
    const struct rule *rule = a->rule;
    const struct period *period = &a->stmt->period;
    const struct stmt *epochs = check->only[ST_EPOCHS];
    int64_t run = check->net->epochs, end = rule->until < run ? rule->until : run;
    int errors = check->diag->errors;
    if (rule->until <= rule->from)
        return;
    if (rule->from >= run)
        diag_error(check->diag, period->from_loc,
                   "this can never act: the epochs are %lld, counted from 0", (long long)run);
    else if (period->each && !rule->each_steps && rule->from + rule->each > end)
        diag_error(check->diag, period->each_loc,
                   "this is never due: from epoch %lld there are %lld epochs",
                   (long long)rule->from, (long long)(end - rule->from));
    if (check->diag->errors > errors && epochs)
        diag_note(check->diag, epochs->loc, "the epochs are given here");
    else if (check->diag->errors > errors)
        diag_note(check->diag, (struct loc){0}, "where no 'epochs' are given there are %lld",
                  (long long)run);
}

static void name_layers(struct check *check, struct rule *rule)
{
    struct net *net = check->net;
    for (int i = 0; i < rule->on_count; i++) {
        struct rule_on *on = &rule->on[i];
        int count = 1;
        for (int r = 0; r < net->rule_count; r++)
            for (int k = 0; k < net->rule[r]->on_count; k++)
                count += net->rule[r]->on[k].layer == on->layer && net->rule[r]->name == rule->name;
        for (int k = 0; k < i; k++)
            count += rule->on[k].layer == on->layer;
        on->name = arena_format(check->arena, count > 1 ? "%s.%s%d" : "%s.%s", on->layer->name,
                                rule->name, count);
    }
}

/* --- names of tensors */

struct tensors {
    struct check *check;
    struct map names; /* to where they come from */
};

static void add_tensor(struct tensors *t, const char *owner, const char *part,
                       const struct loc *loc)
{
    struct arena *arena = t->check->arena;
    const char *name = intern(arena, part ? arena_format(arena, "%s.%s", owner, part) : owner);
    const struct loc *other = map_find(&t->names, name);
    if (!other) {
        map_set(arena, &t->names, name, (void *)(uintptr_t)loc);
    } else if (say_once(t->check, arena_format(arena, "tensor %s", name))) {
        diag_error(t->check->diag, *loc, "two tensors would be called '%s'", name);
        diag_note(t->check->diag, *other, "the other comes from here");
    }
}

static void add_param(struct tensors *t, const struct param *p)
{
    add_tensor(t, p->name, NULL, &p->node->loc);
    const struct optimizer *o = t->check->net->optimizer;
    for (int i = 0; o && i < o->state_count; i++)
        add_tensor(t, p->name, o->state[i].name, &o->loc);
    if (p->decays)
        add_tensor(t, p->name, "alive", &p->node->loc);
}

static void add_moments(struct tensors *t, const struct node *n)
{
    if (n->op != N_BATCHNORM)
        return;
    add_tensor(t, n->name, "mean", &n->loc);
    add_tensor(t, n->name, "variance", &n->loc);
}

/* `period` is for the counters of the rule itself. */
static void check_tensors(struct check *check)
{
    struct net *net = check->net;
    struct tensors t = {.check = check};
    for (int i = 0; i < net->param_count; i++)
        add_param(&t, net->param[i]);
    for (int i = 0; i < net->node_count; i++)
        add_moments(&t, net->node[i]);
    for (int r = 0; r < net->rule_count; r++)
        for (int i = 0; i < net->rule[r]->on_count; i++) {
            const struct rule *rule = net->rule[r];
            add_tensor(&t, rule->on[i].name, "period", &rule->loc);
            for (int k = 0; k < rule->value_count; k++)
                if (rule->value[k].stored)
                    add_tensor(&t, rule->on[i].name, rule->value[k].name, &rule->loc);
        }
}

void finish_attachments(struct check *check)
{
    bool sure = !check->syntax_errors; /* what was skipped may be what is missing */
    for (int i = 0; i < check->attachments; i++) {
        const struct attachment *a = &check->attachment[i];
        if (!a->rule)
            continue;
        check_epochs(check, a);
        if (a->stmt->target_count == 0 && sure)
            attach_to_all(check, a->rule);
        sort_layers(check->net, a->rule);
        name_layers(check, a->rule);
        PUSH(check->arena, check->net->rule, check->net->rule_count, a->rule);
    }
    if (check->diag->errors == 0)
        check_tensors(check);
}
