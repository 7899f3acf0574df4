/* What --explain prints: the plan, for people. */
#include "memory.h"
#include "plan.h"
#include "recall.h"
#include "sites.h"

static const char *expr_text(const struct plan *p, const struct expr *e)
{
    struct text t = text_new(p->arena);
    expr_print(&t, e, EXPR_MODEL);
    return t.bytes;
}

static const char *link_text(const struct node *link)
{
    switch (link->op) {
    case N_DROPOUT:
        return "dropout";
    case N_AFFINE:
        return "transform";
    case N_NEURON:
        return link->neuron->text;
    default:
        return link->text ? link->text : "moved";
    }
}

/* What makes a value of a timed net that has no chain. */
static const char *time_text(const struct value *v)
{
    static const char *const readout[] = {"rate", "total", "last", "peak"};
    static const char *const encoder[] = {"direct", "bernoulli", "latency", "events"};
    return v->readout  ? readout[v->readout->readout]
           : v->encode ? encoder[v->encode->encoder]
                       : NULL;
}

static void explain_segment(struct text *t, const struct segment *g, const char *before)
{
    text_printf(t, "%s%s", before, g->value->name);
    if (g->delay)
        text_printf(t, " %d before", g->delay);
}

static void explain_term(struct text *t, const struct value *v, const struct term *m,
                         const char *before)
{
    const char *what = "", *by = "";
    if (m->dense) {
        what = m->weight;
        by = is_conv(m) ? " sliding over " : " * ";
    } else if (v->norm || m->pool) {
        what = v->norm ? "batchnorm" : m->pool->op == N_MAXPOOL ? "maxpool" : "avgpool";
        by = " of ";
    }
    text_printf(t, "%s%s", before, what);
    for (int s = 0; s < m->segments; s++)
        explain_segment(t, &m->segment[s], s ? " ++ " : by);
}

static void explain_value(struct text *t, const struct plan *p, const struct value *v)
{
    static const char *const stage[] = {", once", ", at each step", ", at the end"};
    text_printf(t, "  %-16s %lld x %lld", v->name, (long long)v->rows, (long long)p->net->batch);
    if (p->net->steps)
        text_add(t, stage[v->stage]);
    if (v->is_input)
        text_add(t, ", the samples");
    for (int i = 0; i < v->terms; i++)
        explain_term(t, v, &v->term[i], i ? " + " : " = ");
    for (int i = 0; i < v->links; i++)
        text_printf(t, " |> %s", link_text(v->chain[i]));
    if (time_text(v))
        text_printf(t, " |> %s", time_text(v));
    text_add(t, "\n");
    if (v->recall)
        explain_recall(t, p, v);
    if (!v->links || v->is_input || v->recall)
        return;
    text_printf(t, "  %-16s value %s\n", "", expr_text(p, v->train));
    text_printf(t, "  %-16s derivative %s%s\n", "", expr_text(p, v->slope),
                v->slopes              ? " (kept from the forward pass)"
                : v->slope_from_result ? " (y is the value)"
                                       : "");
}

static void explain_memory(struct text *t, const struct plan *p)
{
    size_t params = 0, states = 0, masks = 0;
    for (int i = 0; i < p->fields; i++) {
        size_t *sum = p->field[i].kind == F_PARAM  ? &params
                      : p->field[i].kind == F_MASK ? &masks
                                                   : &states;
        *sum += field_bytes(&p->field[i]);
    }
    int64_t unshared = 0;
    for (int i = 0; i < p->buffers; i++)
        unshared += p->buffer[i]->floats;
    text_add(t, "\nMemory of training, bytes\n");
    text_printf(t, "  %-34s %12zu\n", "counters", p->head_bytes);
    text_printf(t, "  %-34s %12zu\n", "weights and biases", params);
    text_printf(t, "  %-34s %12zu\n", "optimizer and rule state, feedback", states);
    if (masks)
        text_printf(t, "  %-34s %12zu\n", "masks of what is alive", masks);
    text_printf(t, "  %-34s %12lld   (%lld if no buffers shared places)\n",
                "activations and errors", (long long)p->work * 4, (long long)unshared * 4);
    text_printf(t, "  %-34s %12zu\n", "in all", p->train_bytes);
    text_printf(t, "  %-34s %12zu\n", "scratch of prediction", p->predict_bytes);
    text_add(t, "\n         floats      offset   from..to step of the schedule   buffer\n");
    for (int i = 0; i < p->buffers; i++)
        text_printf(t, "  %13lld %11lld   %3d..%-3d   %s\n", (long long)p->buffer[i]->floats,
                    (long long)p->buffer[i]->at, p->buffer[i]->first, p->buffer[i]->last,
                    p->buffer[i]->name);
}

static void explain_updates(struct text *t, const struct plan *p)
{
    const struct optimizer *o = p->net->optimizer;
    text_printf(t, "\nUpdates: %s\n", o->text);
    for (int i = 0; i < p->fields; i++) {
        const struct field *f = &p->field[i];
        if (f->kind != F_PARAM)
            continue;
        int states = o->state_count;
        if (f->param->decays && f->param->node->op == N_CONV)
            text_printf(t,
                        "  %-24s 2 passes: its weights slide over maps, their gradient is added up "
                        "in memory\n",
                        f->tensor);
        else if (p->fuse || !f->param->decays)
            text_printf(t,
                        "  %-24s 1 pass: the gradient of a tile stays in L1 and is used there; "
                        "without fusion 2\n",
                        f->tensor);
        else
            text_printf(t, "  %-24s 2 passes: gradient to memory, then the optimizer (--no-fuse)\n",
                        f->tensor);
        text_printf(t, "  %-24s reads and writes the tensor and %d state%s\n", "", states,
                    states == 1 ? "" : "s");
    }
    for (int i = 0; i < p->scalars; i++)
        text_printf(t, "  computed once a step: %s\n", expr_text(p, p->scalar[i]));
}

static void explain_work(struct text *t, const struct plan *p)
{
    text_add(t, "\nWork of one sample, floating-point operations, while everything lives\n");
    for (int i = 0; i < p->values; i++)
        for (int k = 0; k < p->value[i]->terms; k++) {
            const struct term *m = &p->value[i]->term[k];
            if (!m->dense)
                continue;
            double turns = plan_turns(p, p->value[i]);
            double forward = 2.0 * turns * (double)p->value[i]->rows * (double)m->cols, back = 0;
            for (int s = 0; s < m->segments; s++)
                if (m->segment[s].value->learns)
                    back += forward * (double)m->segment[s].rows / (double)m->rows;
            text_printf(t, "  %-24s forward %.0f, weight gradient %.0f, input gradient %.0f\n",
                        m->dense->weight->name, forward, forward, back);
        }
}

static bool can_die(const struct plan *p)
{
    for (int i = 0; i < p->fields; i++)
        if (p->field[i].kind == F_MASK)
            return true;
    return false;
}

/* Which forms a layer's weights can take, and what keeps them dense. */
static void explain_forms(struct text *t, const struct plan *p)
{
    if (!can_die(p))
        return;
    text_add(t, "\nStorage forms\n");
    for (int i = 0; i < p->values; i++) {
        const struct value *v = p->value[i];
        bool packed = v->live != NULL;
        for (int k = 0; k < v->terms; k++)
            for (int s = 0; v->term[k].dense && s < v->term[k].segments; s++)
                packed |= v->term[k].segment[s].value->live != NULL;
        double crossover = v->layer ? plan_crossover(p, v->layer) : 0;
        if (!has_update(v))
            continue;
        text_printf(t, "  %-24s dense%s", v->name, packed ? ", packed" : "");
        if (v->form && crossover < 0)
            text_add(t, ", csr below the target's PLAST_CROSSOVER of its synapses");
        else if (v->form)
            text_printf(t, ", csr below %g of its synapses", crossover);
        else if (v->still)
            text_printf(t, ": %s", v->still);
        text_add(t, "\n");
    }
}

void explain(struct text *t, const struct plan *p)
{
    text_printf(t, "%s: batch %lld in %lld columns\n\nValues, in the order they are computed\n",
                p->net->name, (long long)p->net->batch, (long long)p->columns);
    for (int i = 0; i < p->values; i++)
        explain_value(t, p, p->value[i]);
    explain_updates(t, p);
    explain_rules(t, p);
    explain_work(t, p);
    explain_forms(t, p);
    explain_memory(t, p);
}
