/* What became of each layer when the net was deployed: its numbers, and them as JSON. The page is
 * deploy_page.c's. */
#include "deploy.h"

#include <string.h>

static const struct deployed *deployed_of(const struct deployment *d, const struct value *v)
{
    for (int i = 0; i < d->values; i++)
        if (d->value[i]->value == v)
            return d->value[i];
    return NULL;
}

/* Of a layer that takes several values, the last has its name. */
const char *deploy_name_of(const struct deployment *d, const struct value *v)
{
    const struct plan *p = d->plan;
    if (v->is_input)
        return p->net->input->name;
    return v->layer && p->home[v->layer->value->index] == v ? v->layer->name : v->name;
}

/* Before anything died. */
static int64_t synapses_of(const struct value *v)
{
    int64_t all = 0;
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].dense)
            all += v->rows * v->term[t].rows;
    return all;
}

static struct counts counts_before(const struct value *v)
{
    int64_t all = synapses_of(v);
    return (struct counts){v->rows, all, all, all * (int64_t)sizeof(float)};
}

/* A dense matrix is multiplied as a whole, its dead weights with it. */
static struct counts counts_after(const struct deployed *v)
{
    struct counts c = {.units = v->rows};
    for (int i = 0; i < v->products; i++) {
        const struct product *p = &v->product[i];
        c.synapses += p->is_input ? 0 : p->live;
        c.multiply_adds += p->weights;
        c.bytes += (int64_t)p->bytes;
    }
    return c;
}

static void add(struct counts *sum, struct counts c)
{
    sum->units += c.units;
    sum->synapses += c.synapses;
    sum->multiply_adds += c.multiply_adds;
    sum->bytes += c.bytes;
}

struct report *deploy_report(const struct deployment *d)
{
    const struct plan *p = d->plan;
    struct report *r = NEW(d->arena, struct report);
    r->layer = NEW_ARRAY(d->arena, p->values, struct layer_report);
    for (int i = 0; i < p->values; i++) {
        const struct value *v = p->value[i];
        if (v->is_input)
            continue;
        struct layer_report *l = &r->layer[r->layers++];
        l->name = deploy_name_of(d, v);
        l->left = deployed_of(d, v);
        l->before = counts_before(v);
        if (l->left)
            l->after = counts_after(l->left);
        add(&r->before, l->before);
        add(&r->after, l->after);
    }
    return r;
}

static void print_counts(struct text *t, struct counts before, struct counts after)
{
    const struct {
        const char *name;
        int64_t before, after;
    } count[] = {{"units", before.units, after.units},
                 {"synapses", before.synapses, after.synapses},
                 {"multiply_adds", before.multiply_adds, after.multiply_adds},
                 {"bytes", before.bytes, after.bytes}};
    for (size_t i = 0; i < sizeof count / sizeof *count; i++) {
        bool lives = strcmp(count[i].name, "synapses") == 0;
        text_printf(t, "\"%s_before\": %lld, \"%s%s\": %lld, ", count[i].name,
                    (long long)count[i].before, lives ? "live_" : "", count[i].name,
                    (long long)count[i].after);
    }
}

static void print_matrices(struct text *t, const struct deployment *d, const struct deployed *v)
{
    for (int k = 0; v && k < v->products; k++) {
        const struct product *p = &v->product[k];
        text_printf(t,
                    "%s{\"from\": \"%s\", \"inputs_before\": %lld, \"inputs\": %lld, "
                    "\"outputs_before\": %lld, \"outputs\": %lld, \"live\": %lld, \"form\": "
                    "\"%s\", \"bytes\": %zu}",
                    k ? ", " : "", deploy_name_of(d, p->from->value), (long long)p->from->units,
                    (long long)p->cols, (long long)v->units, (long long)p->rows, (long long)p->live,
                    storage_name(p->storage), p->bytes);
    }
}

void deploy_report_json(struct text *t, const struct deployment *d)
{
    const struct report *r = deploy_report(d);
    text_printf(t,
                "{\"model\": \"%s\", \"weights\": \"%s\", \"constant_bytes\": %zu, "
                "\"scratch_bytes\": %zu,\n ",
                d->plan->net->name, d->int8 ? "int8" : "float", d->bytes, d->scratch);
    print_counts(t, r->before, r->after);
    text_add(t, "\"layers\": [");
    for (int i = 0; i < r->layers; i++) {
        const struct layer_report *l = &r->layer[i];
        text_printf(t, "%s\n  {\"name\": \"%s\", ", i ? "," : "", l->name);
        print_counts(t, l->before, l->after);
        text_add(t, "\"matrices\": [");
        print_matrices(t, d, l->left);
        text_add(t, "]}");
    }
    text_add(t, "\n]}\n");
}
