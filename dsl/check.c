/* The checker: statements as written come in, a network with every name resolved and every shape
 * known goes out, or errors. Here is the order in which it is done, and the statements that stand
 * once; relies on the parser for the grammar alone. */
#include "rules.h"

#include <string.h>

/* Names that mean something in every body of its kind. */
static const char *const *taken_names(struct check *check, enum symbol_kind kind)
{
    static const char *const taken[] = {"w", "grad", NULL};
    const char **names = NULL;
    int count = 0;
    if (kind != SYM_RULE)
        return kind == SYM_OPTIMIZER ? taken : NULL;
    for (const struct signal_info *s = signals; s->name; s++)
        PUSH(check->arena, names, count, s->name);
    PUSH(check->arena, names, count, "period");
    PUSH(check->arena, names, count, NULL);
    return names;
}

static void define_body(struct check *check, const struct stmt *stmt)
{
    enum table table = stmt->kind == ST_NEURON      ? T_OPERATOR
                       : stmt->kind == ST_OPTIMIZER ? T_OPTIMIZER
                                                    : T_RULE;
    enum symbol_kind kind = stmt->kind == ST_NEURON      ? SYM_NEURON
                            : stmt->kind == ST_OPTIMIZER ? SYM_OPTIMIZER
                                                         : SYM_RULE;
    bool built_in = kind == SYM_NEURON && is_built_in(check, stmt);
    struct context c = file_context(check, true);
    struct formals formals =
        read_formals(&c, &stmt->list, taken_names(check, kind), "that is a signal", NULL);
    if (built_in)
        return;
    struct symbol *s = declare(check, table, kind, stmt->name, stmt);
    s->formals = formals;
    s->poisoned = s->poisoned || formals.poisoned;
    if (s->poisoned)
        return;
    if (kind == SYM_NEURON)
        check_neuron_body(check, s);
    else if (kind == SYM_OPTIMIZER)
        check_optimizer_body(check, s);
    else
        check_rule_body(check, s);
}

static void set_size(struct check *check, const struct stmt *stmt, const char *what, double least,
                     double most, double *to)
{
    struct context c = file_context(check, false);
    double value;
    if (resolve_whole(&c, stmt->value, what, least, most, &value))
        *to = value;
}

static void no_arguments(struct check *check, const struct stmt *stmt)
{
    if (stmt->list.count > 0)
        diag_error(check->diag, stmt->list.at[0].loc, "'%s' takes no arguments", stmt->name.text);
}

static void set_loss(struct check *check, const struct stmt *stmt)
{
    static const char *const names[] = {"cross_entropy", "mse"};
    no_arguments(check, stmt);
    for (int i = 0; i < 2; i++)
        if (strcmp(stmt->name.text, names[i]) == 0) {
            check->net->loss = i == 0 ? LOSS_CROSS_ENTROPY : LOSS_MSE;
            return;
        }
    report_unknown_of(check, stmt->name.loc, stmt->name.text, "loss", names, 2);
}

static void set_learn(struct check *check, const struct stmt *stmt)
{
    static const char *const names[] = {"backprop", "feedback_alignment",
                                        "direct_feedback_alignment"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(stmt->name.text, names[i]) != 0)
            continue;
        check->net->learn = (enum learn)i;
        if (check->net->learn == LEARN_DIRECT_FEEDBACK && check->timed)
            diag_error(check->diag, stmt->name.loc,
                       "direct_feedback_alignment cannot learn a network with 'time'");
        return;
    }
    report_unknown_of(check, stmt->name.loc, stmt->name.text, "way to learn", names, 3);
}

static void set_budget(struct check *check, const struct stmt *stmt)
{
    static const char *const names[] = {"memory"};
    struct context c = file_context(check, false);
    double value;
    if (strcmp(stmt->name.text, names[0]) != 0)
        report_unknown_of(check, stmt->name.loc, stmt->name.text, "budget", names, 1);
    if (!resolve_constant(&c, stmt->value, "a budget", &value))
        return;
    if (!(value > 0))
        diag_error(check->diag, stmt->value->loc, "a budget must be more than 0, it is %s",
                   number_text(check->arena, value));
    check->net->budget = value * stmt->unit;
    check->net->budget_loc = stmt->loc;
}

/* Of these a file has one; those that may be repeated are 0. */
static const char *once_name(enum stmt_kind kind)
{
    switch (kind) {
    case ST_MODEL:
        return "model";
    case ST_TIME:
        return "time";
    case ST_INPUT:
        return "input";
    case ST_OUTPUT:
        return "output";
    case ST_LOSS:
        return "loss";
    case ST_LEARN:
        return "learn";
    case ST_USE_OPTIMIZER:
        return "optimizer";
    case ST_BATCH:
        return "batch";
    case ST_EPOCHS:
        return "epochs";
    case ST_SEED:
        return "seed";
    case ST_BUDGET:
        return "budget";
    case ST_INCLUDE:
    case ST_LET:
    case ST_LAYER:
    case ST_BLOCK:
    case ST_PLASTICITY:
    case ST_PRUNE:
    case ST_FUNCTION:
    case ST_NEURON:
    case ST_OPTIMIZER:
    case ST_RULE:
        return NULL;
    }
    bug("statement of kind %d", (int)kind);
}

static void check_once(struct check *check, const struct stmt *stmt)
{
    const char *name = once_name(stmt->kind);
    const struct stmt **first = &check->only[stmt->kind];
    if (name && *first) {
        diag_error(check->diag, stmt->loc, "a second '%s' statement", name);
        diag_note(check->diag, (*first)->loc, "the first one is here");
    } else {
        *first = stmt;
    }
}

static void check_stmt(struct check *check, const struct stmt *stmt)
{
    struct net *net = check->net;
    double value = 0;
    check_once(check, stmt);
    check->stmt_number++;
    switch (stmt->kind) {
    case ST_INCLUDE:
        return;
    case ST_MODEL:
        check_model_name(check, stmt);
        return;
    case ST_LET:
        define_let(check, stmt);
        return;
    case ST_TIME:
        set_size(check, stmt, "the number of time steps", 1, (double)MOST_UNITS, &value);
        net->steps = (int64_t)value;
        return;
    case ST_INPUT:
        define_input(check, stmt);
        return;
    case ST_LAYER:
    case ST_OUTPUT:
        define_layer(check, stmt);
        return;
    case ST_BLOCK:
        define_block(check, stmt);
        return;
    case ST_LOSS:
        set_loss(check, stmt);
        return;
    case ST_LEARN:
        set_learn(check, stmt);
        return;
    case ST_USE_OPTIMIZER:
        use_optimizer(check, stmt);
        return;
    case ST_BATCH:
        set_size(check, stmt, "the batch", 1, (double)MOST_UNITS, &value);
        net->batch = value > 0 ? (int64_t)value : net->batch;
        return;
    case ST_EPOCHS:
        set_size(check, stmt, "the number of epochs", 1, (double)MOST_UNITS, &value);
        net->epochs = value > 0 ? (int64_t)value : net->epochs;
        return;
    case ST_SEED:
        set_size(check, stmt, "the seed", 0, 9007199254740992.0, &value);
        net->seed = (uint64_t)value;
        return;
    case ST_PLASTICITY:
    case ST_PRUNE:
        define_attachment(check, stmt);
        return;
    case ST_BUDGET:
        set_budget(check, stmt);
        return;
    case ST_FUNCTION:
        define_function(check, stmt);
        return;
    case ST_NEURON:
    case ST_OPTIMIZER:
    case ST_RULE:
        define_body(check, stmt);
        return;
    }
    bug("statement of kind %d", (int)stmt->kind);
}

static void check_list(struct check *check, const struct stmt *stmt)
{
    for (; stmt; stmt = stmt->next)
        check_stmt(check, stmt);
}

/* Where the file's own definition of a name could not be read, the prelude's is not what is meant.
 */
static void poison_replaced(struct check *check)
{
    for (int table = 0; table < TABLES; table++)
        for (int i = 0; i < check->all_count[table]; i++) {
            struct symbol *s = check->all[table][i];
            s->poisoned = s->poisoned || is_broken(check, s->name);
        }
}

struct net *check_file(struct arena *arena, struct diag *diag, struct file *file,
                       const struct definition *definition, int definition_count)
{
    struct check check = {.arena = arena, .diag = diag, .file = file};
    struct net *net = check.net = NEW(arena, struct net);
    check.syntax_errors = diag->errors > 0;
    check.definition = definition;
    check.definition_count = definition_count;
    check.definition_used = NEW_ARRAY(arena, definition_count, bool);
    net->batch = 64;
    net->epochs = 10;
    net->seed = 1;
    for (int i = 0; i < file->broken_count; i++)
        map_set(arena, &check.broken, file->broken[i], file);
    check.timed = is_broken(&check, intern(arena, "time"));
    for (const struct stmt *s = file->first; s; s = s->next) {
        check.timed = check.timed || s->kind == ST_TIME;
        check.has_input = check.has_input || s->kind == ST_INPUT;
    }
    check.in_prelude = true;
    check_list(&check, file->prelude);
    check.in_prelude = false;
    poison_replaced(&check);
    check_list(&check, file->first);
    check_missing(&check);
    check_definitions_used(&check);
    finish_shapes(&check);
    finish_attachments(&check);
    if (diag->errors == 0)
        finish_net(&check);
    return diag->errors == 0 ? net : NULL;
}
