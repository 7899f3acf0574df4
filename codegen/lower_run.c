/* The functions that a program or the trainer calls: init, begin, step, probe, end_epoch, predict.
 * A step is one parallel region; the kernels share their loops among its threads. */
#include "lower.h"
#include "lower_time.h"
#include "memory.h"
#include "names.h"
#include "recall.h"
#include "sites.h"

static void add(struct module *m, const char *type, const char *name, const char *params,
                const char *comment, bool is_public, struct cstmt *body)
{
    struct cfunc *f = cfunc_new(m->arena, type, name, params);
    f->comment = comment;
    f->is_public = is_public;
    f->body = body;
    module_add(m, f);
}

static void add_public(struct module *m, const char *what, const char *params, struct cstmt *body)
{
    const char *name = arena_format(m->arena, "%s_%s", m->plan->net->name, what);
    add(m, "int", name, arena_format(m->arena, params, m->plan->net->name), NULL, true, body);
}

/* float *const h1 = m->work + 1024; */
static struct cstmt *pointers(struct module *m, struct buffer **buffer, int count, const char *base)
{
    struct cstmt *s = NULL, *last = NULL;
    for (int i = 0; i < count; i++) {
        if (buffer[i]->by_offset)
            continue;
        struct cstmt *next = code(m->arena, NULL, "float *const %s = %s + %lld;", buffer[i]->name,
                                  base, (long long)buffer[i]->at);
        s = last ? s : next;
        if (last)
            last->next = next;
        last = next;
    }
    return s;
}

/* The run scalars' expressions, in double precision, rounded once. */
struct cstmt *lower_scalars(struct module *m)
{
    struct plan *p = m->plan;
    if (!p->scalars)
        return NULL;
    struct cstmt *s = code(m->arena, NULL,
                           "const double epoch = (double)m->run.epoch;"
                           "const double epochs = (double)m->run.epochs;"
                           "const double step = (double)m->run.step;"
                           "const double whole = epochs * (double)m->run.steps_per_epoch;"
                           "const double progress = whole > 0 ? step / whole : 0;"
                           "PLAST_IGNORE(epoch);"
                           "PLAST_IGNORE(progress);"
                           "float scalar[%d];",
                           p->scalars);
    for (int i = 0; i < p->scalars; i++) {
        struct cstmt *set = cstmt_assign(m->arena, ex(m->arena, "scalar[%d]", i), p->scalar[i]);
        set->in_double = true;
        s = cstmt_join(s, set);
    }
    return s;
}

static struct cstmt *keys(struct module *m)
{
    struct cstmt *s = NULL;
    for (int i = 0; i < m->plan->dropouts; i++)
        s = cstmt_join(
            s, code(m->arena, NULL,
                    "for (int64_t i = 0; i < n; i++)"
                    "    m->key[%lld + i] = plast_key(m->run.seed, %s, %d, "
                    "(uint64_t)(m->run.epoch),"
                    "        sample != NULL ? sample[i] : (uint64_t)(m->run.step * BATCH + i));",
                    (long long)(i * m->plan->columns),
                    m->plan->dropout[i]->op == N_DROPOUT ? "PLAST_STREAM_DROPOUT"
                                                         : "PLAST_STREAM_INPUT",
                    m->plan->dropout[i]->index));
    return s;
}

static struct cstmt *check_arguments(struct module *m)
{
    bool classes = m->plan->net->loss == LOSS_CROSS_ENTROPY;
    const char *units = m->plan->output->units;
    return code(
        m->arena, NULL,
        "if (m == NULL || (x == NULL && from == NULL) || %s || count < 1 || count > BATCH) {"
        "    return PLAST_E_ARGUMENT;"
        "}"
        "const int64_t n = (int64_t)count;"
        "if (labels != NULL) {"
        "    for (int64_t i = 0; i < n; i++) {"
        "        if (labels[i] < 0 || labels[i] >= %s) {"
        "            return PLAST_E_LABEL;"
        "        }"
        "    }"
        "}",
        classes ? "labels == NULL" : "(labels == NULL && targets == NULL)", units);
}

/* When updates of dense weights read this value: NULL always, "" never, else a condition. */
static const char *read_by_dense(struct arena *a, const struct value *v)
{
    const char *when = "";
    for (int i = 0; i < v->uses; i++) {
        const struct use *u = &v->use[i];
        if (!u->by->term[u->term].dense)
            continue;
        if (!u->by->form)
            return NULL;
        when = arena_format(a, "%s%sm->%s[0] == 0", when, *when ? " || " : "", u->by->form);
    }
    return when;
}

/* x: the inputs as rows, where they are given so or such an update reads them; else NULL. */
static struct cstmt *choose_rows(struct module *m)
{
    const struct value *v = m->plan->input;
    if (m->plan->net->frames) {
        m->forward = cstmt_join(code(m->arena, NULL,
                                     "if (from != NULL) {"
                                     "    plast_gather_rows(from, n, STEPS * %s, from->rows);"
                                     "}",
                                     v->units),
                                m->forward);
        return code(m->arena, NULL, "if (from != NULL) { x = from->rows; }");
    }
    const char *when = v->transposed ? "" : read_by_dense(m->arena, v);
    if (when && !*when)
        return NULL;
    m->forward = cstmt_join(code(m->arena, NULL,
                                 "if (from != NULL && x != NULL) {"
                                 "    plast_gather_rows(from, n, %s, from->rows);"
                                 "}",
                                 v->units),
                            m->forward);
    return when ? code(m->arena, NULL, "if (from != NULL && (%s)) { x = from->rows; }", when)
                : code(m->arena, NULL, "if (from != NULL) { x = from->rows; }");
}

static void lower_step(struct module *m)
{
    struct arena *a = m->arena;
    if (plan_carries(m->plan))
        m->gradients =
            cstmt_join(code(a, NULL, "m->carried[0] = %d;", m->plan->fuse ? 1 : 0), m->gradients);
    struct cstmt *rules = cstmt_join(cstmt_join(m->gradients, m->optimizers), m->after);
    struct cstmt *rows = choose_rows(m);
    struct cstmt *finite = code(a, &(struct holes){.s = {m->errors}},
                                m->plan->held ? "if (plast_finite(plast_sum(%s, n)) != 0 && "
                                                "(gradient == NULL || m->run.anchor == 0)) { @0 }"
                                              : "if (plast_finite(plast_sum(%s, n)) != 0) { @0 }",
                                m->plan->sample_loss->name);
    struct holes h = {.s = {m->forward, finite, cstmt_join(rules, m->due)}};
    struct cstmt *body = check_arguments(m);
    body = cstmt_join(body, pointers(m, m->plan->buffer, m->plan->buffers, "m->work"));
    body = cstmt_join(body, rule_acts(m));
    body = cstmt_join(body, m->setups);
    if (plan_has_forms(m->plan))
        body = cstmt_join(body,
                          code(a, NULL, "if (gradient == NULL) { pack(m); } else { unpack(m); }"));
    body = cstmt_join(body, rows);
    body = cstmt_join(body, m->before);
    const char *scalar = intern(a, "scalar");
    if (cstmt_uses(m->forward, scalar) || cstmt_uses(m->errors, scalar) ||
        cstmt_uses(m->optimizers, scalar))
        body = cstmt_join(body, lower_scalars(m));
    body = cstmt_join(body, keys(m));
    body = cstmt_join(body, lower_anchors(m));
    if (!m->plan->dropouts)
        body = cstmt_join(body, code(a, NULL, "PLAST_IGNORE(sample);"));
    if (m->plan->net->loss == LOSS_CROSS_ENTROPY)
        body = cstmt_join(body, code(a, NULL, "PLAST_IGNORE(targets);"));
    body = cstmt_join(
        body,
        code(
            a, &h,
            "parallel (plast_threads(m->run.threads)) {"
            "    const uint64_t flush = plast_flush_begin();"
            "    @0"
            "    @1"
            "    plast_flush_end(flush);"
            "}"
            "const float total = plast_sum(%s, n);"
            "if (loss != NULL) {"
            "    *loss = total / (float)n;"
            "}"
            "if (plast_finite(total) == 0) {"
            "    return PLAST_E_NUMBER;"
            "}"
            "if (gradient == NULL) {"
            "    m->run.samples += n;"
            "    m->run.loss += (double)total;"
            "    m->run.correct = labels != NULL ? m->run.correct + (int64_t)plast_sum(%s, n) : -1;"
            "    @2"
            "    m->run.step += 1;"
            "    m->run.step_in_epoch += 1;"
            "}"
            "return 0;",
            m->plan->sample_loss->name, m->plan->sample_hit->name));
    add(m, "int", "run_step",
        arena_format(a,
                     "struct %s *m, const float *x, const struct plast_source *from, const int32_t "
                     "*labels, const float *targets, const uint64_t *sample, size_t count, float "
                     "*loss, float *gradient",
                     m->plan->net->name),
        "One update, or, where `gradient` is given, no update but the gradients.", false, body);
}

static struct cstmt *fill(struct module *m, const struct field *f, const struct param *like,
                          const char *stream, int number)
{
    struct arena *a = m->arena;
    if (like->init == INIT_ZEROS)
        return NULL;
    if (like->init == INIT_CONSTANT) {
        struct holes h = {.e = {expr_number(a, (struct loc){0}, like->value)}};
        return code(a, &h, "for (int64_t i = 0; i < %lld; i++) m->%s[i] = $0;", (long long)f->rows,
                    f->name);
    }
    return code(a, NULL, "plast_fill(m->%s, %lld, %lld, %lld, %d, %lld, %lld, seed, %s, %d);",
                f->name, (long long)f->rows, (long long)f->cols, (long long)f->line,
                (int)like->init, (long long)like->fan_in, (long long)like->fan_out, stream, number);
}

/* The weight whose scale a direct feedback matrix starts at: that of its layer. */
static const struct param *scale_of(const struct field *f)
{
    return f->param ? f->param : f->layer->branch[0]->weight;
}

static struct cstmt *fill_constant(struct module *m, const struct field *f, double value)
{
    struct holes h = {.e = {expr_number(m->arena, (struct loc){0}, value)}};
    if (value == 0)
        return NULL;
    return code(m->arena, &h,
                "for (int64_t i = 0; i < %lld; i++)"
                "    for (int64_t j = 0; j < %lld; j++)"
                "        m->%s[i * %lld + j] = $0;",
                (long long)f->rows, (long long)f->cols, f->name, (long long)f->line);
}

static struct cstmt *fill_field(struct module *m, const struct field *f)
{
    struct arena *a = m->arena;
    if (f->kind == F_PARAM && f->param->init == INIT_CONSTANT)
        return fill_constant(m, f, f->param->value);
    if (f->kind == F_PARAM)
        return fill(m, f, f->param, "PLAST_STREAM_PARAM", f->param->index);
    if (f->kind == F_MASK || f->kind == F_KERNELS)
        return code(a, NULL,
                    "for (int64_t i = 0; i < %lld; i++)"
                    "    for (int64_t j = 0; j < %lld; j++)"
                    "        m->%s[i * %lld + j] = 1;",
                    (long long)f->rows, (long long)f->cols, f->name, (long long)f->line);
    if (f->kind == F_FEEDBACK) {
        struct param like = *scale_of(f);
        if (like.init == INIT_ZEROS)
            like.init = INIT_GLOROT_UNIFORM;
        return fill(m, f, &like, "PLAST_STREAM_FEEDBACK", scale_of(f)->index);
    }
    return f->kind == F_STATE || f->kind == F_MOMENT ? fill_constant(m, f, f->initial) : NULL;
}

static const char *pack(const struct module *m)
{
    return plan_has_forms(m->plan) ? "pack(m);" : "";
}

static void lower_init(struct module *m)
{
    struct net *net = m->plan->net;
    const char *upper = upper_case(m->arena, net->name);
    struct cstmt *fills = NULL;
    for (int i = 0; i < m->plan->fields; i++)
        fills = cstmt_join(fills, fill_field(m, &m->plan->field[i]));
    for (int i = 0; i < m->plan->values; i++) {
        const struct value *v = m->plan->value[i];
        if (v->live && v->has_neurons)
            fills = cstmt_join(fills, hold_all(m, v));
    }
    struct holes h = {.s = {fills}};
    add_public(m, "init", "struct %s **result, void *memory, size_t bytes, uint64_t seed",
               code(m->arena, &h,
                    "if (result == NULL || memory == NULL || bytes < %s_TRAIN_BYTES || "
                    "(size_t)memory %% 64 != 0) {"
                    "    return PLAST_E_MEMORY;"
                    "}"
                    "struct %s *m = memory;"
                    "memset(m, 0, sizeof(*m));"
                    "m->run.seed = seed;"
                    "m->run.epochs = %lld;"
                    "@0"
                    "*result = m;"
                    "return 0;",
                    upper, net->name, (long long)net->epochs));
    add_public(m, "begin", "struct %s *m, int64_t epochs, int64_t steps_per_epoch",
               code(m->arena, NULL,
                    "if (m == NULL || epochs < 0 || steps_per_epoch < 0) {"
                    "    return PLAST_E_ARGUMENT;"
                    "}"
                    "m->run.epochs = epochs;"
                    "m->run.steps_per_epoch = steps_per_epoch;"
                    "%s"
                    "%s"
                    "return 0;",
                    plan_carries(m->plan) ? "m->carried[0] = 0;" : "", pack(m)));
    h.s[0] = m->epoch_end;
    add_public(m, "end_epoch", "struct %s *m",
               code(m->arena, &h,
                    "if (m == NULL) {"
                    "    return PLAST_E_ARGUMENT;"
                    "}"
                    "@0"
                    "m->run.epoch += 1;"
                    "m->run.step_in_epoch = 0;"
                    "m->run.samples = 0;"
                    "m->run.correct = 0;"
                    "m->run.loss = 0;"
                    "%s"
                    "return 0;",
                    pack(m)));
}

static void lower_predict(struct module *m)
{
    struct arena *a = m->arena;
    struct value *v = m->plan->output;
    struct cstmt *body = code(a, NULL,
                              "if (m == NULL || scratch == NULL || x == NULL || out == NULL || "
                              "count < 1 || count > BATCH) {"
                              "    return PLAST_E_ARGUMENT;"
                              "}"
                              "if ((size_t)scratch %% 64 != 0) {"
                              "    return PLAST_E_MEMORY;"
                              "}"
                              "PLAST_IGNORE(sample);"
                              "const int64_t n = (int64_t)count;"
                              "float *const shown = scratch;");
    body = cstmt_join(body, pointers(m, m->plan->shown, m->plan->showns, "shown"));
    body = cstmt_join(body, lower_shown_keys(m));
    if (m->shown_scalars)
        body = cstmt_join(body, lower_scalars(m));
    struct holes h = {.s = {m->shown}};
    body = cstmt_join(body, code(a, &h,
                                 "parallel (plast_threads(m->run.threads)) {"
                                 "    const uint64_t flush = plast_flush_begin();"
                                 "    @0"
                                 "    plast_transpose(%s, %s, n, COLUMNS, out, %s);"
                                 "    plast_flush_end(flush);"
                                 "}"
                                 "return 0;",
                                 v->shown->name, v->units, v->units));
    add_public(m, "predict",
               "const struct %s *m, void *scratch, const float *x, const uint64_t *sample, size_t "
               "count, float *out",
               body);
}

/* What the manifest points to: the same functions on a block of memory. */
static void lower_entries(struct module *m)
{
    struct arena *a = m->arena;
    const char *name = m->plan->net->name;
    const char *batch = "const float *x, const void *y, int y_is_targets, const uint64_t *sample, "
                        "size_t n, float *loss";
    const char *split = m->plan->net->loss == LOSS_CROSS_ENTROPY
                            ? "if (y_is_targets != 0) { return PLAST_E_ARGUMENT; }"
                            : "";
    add_public(m, "step",
               "struct %s *m, const float *x, const int32_t *labels, const uint64_t *sample, "
               "size_t n, float *loss",
               code(a, NULL, "return run_step(m, x, NULL, labels, NULL, sample, n, loss, NULL);"));
    if (m->plan->net->loss == LOSS_MSE)
        add_public(
            m, "step_targets",
            "struct %s *m, const float *x, const float *targets, const uint64_t *sample, "
            "size_t n, float *loss",
            code(a, NULL, "return run_step(m, x, NULL, NULL, targets, sample, n, loss, NULL);"));
    add(m, "int", "model_init", "void *block, size_t bytes, uint64_t seed", "For the trainer.",
        false,
        code(a, NULL, "struct %s *m = NULL; return %s_init(&m, block, bytes, seed);", name, name));
    add(m, "int", "model_begin", "void *block, int64_t epochs, int64_t steps_per_epoch", NULL,
        false, code(a, NULL, "return %s_begin(block, epochs, steps_per_epoch);", name));
    add(m, "int", "model_end_epoch", "void *block", NULL, false,
        code(a, NULL, "return %s_end_epoch(block);", name));
    add(m, "int", "model_step", arena_format(a, "void *block, %s", batch), NULL, false,
        code(a, NULL,
             "%s return run_step(block, x, NULL, y_is_targets != 0 ? NULL : y, y_is_targets != 0 ? "
             "y : "
             "NULL, "
             "sample, n, loss, NULL);",
             split));
    add(m, "int", "model_step_from",
        "void *block, const struct plast_source *from, const void *y, int y_is_targets, const "
        "uint64_t *sample, size_t n, float *loss",
        NULL, false,
        code(a, NULL,
             "%s return run_step(block, NULL, from, y_is_targets != 0 ? NULL : y, y_is_targets != "
             "0 ? "
             "y : NULL, sample, n, loss, NULL);",
             split));
    add(m, "int", "model_probe", arena_format(a, "void *block, %s, float *gradient", batch), NULL,
        false,
        code(a, NULL,
             "%s if (gradient == NULL) { return PLAST_E_ARGUMENT; }"
             "return run_step(block, x, NULL, y_is_targets != 0 ? NULL : y, y_is_targets != 0 ? y "
             ": NULL, "
             "sample, n, loss, gradient);",
             split));
    if (m->anchored)
        add(m, "int", "model_anchor", "void *block, int on", NULL, false,
            code(a, NULL, "struct %s *m = block; m->run.anchor = on; return 0;", name));
    add(m, "int", "model_predict",
        "const void *block, void *scratch, const float *x, const uint64_t *sample, size_t n, float "
        "*out",
        NULL, false, code(a, NULL, "return %s_predict(block, scratch, x, sample, n, out);", name));
}

void lower_run(struct module *m)
{
    lower_step(m);
    lower_init(m);
    lower_predict(m);
    lower_entries(m);
}

/* The copy that updates of dense weights read. */
static struct cstmt *transpose(struct module *m, const struct value *v)
{
    struct arena *a = m->arena;
    const char *when = read_by_dense(a, v);
    struct cstmt *call =
        code(a, NULL, "plast_transpose(%s, %s, n, COLUMNS, %s, %lld);", slice_of(a, v->plain, 0),
             module_rows(m, v), slice_of(a, v->transposed, 0), (long long)v->line);
    return when ? code(a, &(struct holes){.s = {call}}, "if (%s) { @0 }", when) : call;
}

static void lower_value(struct module *m, struct value *v)
{
    m->anchored |= v->anchors != NULL || (v->recall && v->recall->held);
    if (v->is_input)
        lower_input(m, v);
    else if (v->encode)
        lower_encoder(m, v);
    else if (!v->readout) /* these end the loop */
        lower_forward(m, v);
    if (v->transposed)
        m->forward = cstmt_join(m->forward, transpose(m, v));
}

/* The forward passes: those before the loop over time steps, in it, after it. */
static void lower_values(struct module *m)
{
    const struct plan *p = m->plan;
    struct cstmt *forward = NULL, *shown = NULL;
    for (int i = 0; i < p->values; i++) {
        lower_value(m, p->value[i]);
        if (i + 1 == p->loop_first) {
            forward = m->forward;
            shown = m->shown;
            m->forward = m->shown = NULL;
        }
        if (i != p->loop_last)
            continue;
        for (int k = i + 1; k < p->values; k++)
            if (p->value[k]->readout)
                lower_readout(m, p->value[k]);
        forward = cstmt_join(forward, lower_zeros(m, ZEROS_AHEAD));
        shown = cstmt_join(shown, lower_zeros(m, ZEROS_SHOWN));
        m->forward = cstmt_join(forward, lower_loop(m, m->forward, false));
        m->shown = cstmt_join(shown, lower_loop(m, m->shown, false));
    }
}

static void lower_values_errors(struct module *m)
{
    const struct plan *p = m->plan;
    struct cstmt *errors = NULL;
    for (int i = p->values - 1; i >= 0; i--) {
        struct value *v = p->value[i];
        if (i == p->loop_last) {
            errors = m->errors;
            m->errors = NULL;
        }
        if (v->learns && !v->is_output)
            lower_error(m, v);
        if (v->norm)
            lower_norm_backward(m, v);
        if (i == p->loop_first) {
            for (int k = i - 1; k >= 0; k--)
                if (p->value[k]->gathered)
                    lower_gathered(m, p->value[k]);
            errors = cstmt_join(errors, lower_zeros(m, ZEROS_BEHIND));
            m->errors = cstmt_join(errors, lower_loop(m, m->errors, true));
        }
        for (int j = p->values - 1; j >= i; j--)
            if (update_after(p->value[j]) == v)
                lower_updates(m, p->value[j]);
    }
}

/* Everything, in the order of the schedule. */
struct module *lower_net(struct plan *plan, struct diag *diag)
{
    struct module *m = NEW(plan->arena, struct module);
    m->plan = plan;
    m->arena = plan->arena;
    m->diag = diag;
    m->tables = text_new(m->arena);
    lower_values(m);
    m->shown_scalars = cstmt_uses(m->shown, intern(m->arena, "scalar"));
    lower_loss(m);
    lower_values_errors(m);
    lower_forms(m);
    lower_settle(m); /* called where rules drop */
    lower_rules(m);
    lower_run(m);
    return m;
}
