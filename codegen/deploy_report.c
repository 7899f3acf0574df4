/* What became of each layer when the net was deployed: as JSON, and as a page with a picture of
 * which weights live. */
#include "deploy.h"

#include <string.h>

static int64_t live_of(const struct deployed *v)
{
    int64_t live = 0;
    for (int i = 0; i < v->products; i++)
        live += v->product[i].live;
    return live;
}

/* As it was before anything died. */
static int64_t synapses_of(const struct value *v)
{
    int64_t all = 0;
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].dense)
            all += v->rows * v->term[t].rows;
    return all;
}

static int64_t bytes_of(const struct deployed *v)
{
    int64_t bytes = 0;
    for (int i = 0; i < v->products; i++)
        bytes += (int64_t)v->product[i].bytes;
    return bytes;
}

void deploy_report_json(struct text *t, const struct deployment *d)
{
    text_printf(t,
                "{\"model\": \"%s\", \"weights\": \"%s\", \"constant_bytes\": %zu, "
                "\"scratch_bytes\": %zu, \"layers\": [",
                d->plan->net->name, d->int8 ? "int8" : "float", d->bytes, d->scratch);
    const char *comma = "";
    for (int i = 0; i < d->values; i++) {
        const struct deployed *v = d->value[i];
        if (v->is_input)
            continue;
        text_printf(t,
                    "%s\n  {\"name\": \"%s\", \"units_before\": %lld, \"units\": %lld, "
                    "\"synapses_before\": %lld, \"live_synapses\": %lld, \"multiply_adds_before\": "
                    "%lld, \"multiply_adds\": %lld, \"bytes_before\": %lld, \"bytes\": %lld, "
                    "\"matrices\": [",
                    comma, v->value->layer ? v->value->layer->name : v->name, (long long)v->units,
                    (long long)v->rows, (long long)synapses_of(v->value), (long long)live_of(v),
                    (long long)synapses_of(v->value), (long long)live_of(v),
                    4 * (long long)synapses_of(v->value), (long long)bytes_of(v));
        for (int k = 0; k < v->products; k++)
            text_printf(t,
                        "%s{\"inputs\": %lld, \"outputs\": %lld, \"form\": \"%s\", \"bytes\": %zu}",
                        k ? ", " : "", (long long)v->product[k].cols, (long long)v->product[k].rows,
                        storage_name(v->product[k].storage), v->product[k].bytes);
        text_add(t, "]}");
        comma = ",";
    }
    text_add(t, "\n]}\n");
}

/* One path of horizontal strokes: a row of the picture a neuron, a column an input. */
static void print_map(struct text *t, const struct product *p)
{
    int64_t width = p->cols < 120 ? 120 : p->cols, height = p->rows < 40 ? 40 : p->rows;
    text_printf(
        t,
        "<figure><svg role=\"img\" viewBox=\"0 0 %lld %lld\" width=\"%lld\" height=\"%lld\" "
        "preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\"><title>live weights "
        "from %s: %lld of %lld</title><rect width=\"100%%\" height=\"100%%\" "
        "fill=\"#f2f2f2\"/><path stroke=\"#0b5394\" d=\"",
        (long long)p->cols, (long long)p->rows, (long long)width, (long long)height, p->from->name,
        (long long)p->live, (long long)(p->rows * p->cols));
    for (int64_t row = 0; row < p->rows; row++)
        for (int64_t col = 0; col < p->cols; col++) {
            int64_t end = col;
            while (end < p->cols && p->alive[end * p->rows + row])
                end++;
            if (end == col)
                continue;
            text_printf(t, "M%lld %lld.5h%lld", (long long)col, (long long)row,
                        (long long)(end - col));
            col = end;
        }
    text_printf(t, "\"/></svg><figcaption>from %s, %s</figcaption></figure>\n", p->from->name,
                storage_name(p->storage));
}

void deploy_report_html(struct text *t, const struct deployment *d)
{
    const char *net = d->plan->net->name;
    text_printf(
        t,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s, "
        "deployed</title>\n"
        "<style>body{font:15px/1.5 sans-serif;margin:2em auto;max-width:60em;padding:0 1em}"
        "table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:right;border-bottom:1px "
        "solid #ccc}td:first-child,th:first-child{text-align:left}figure{margin:1em 0}"
        "svg{max-width:100%%}</style></head><body>\n<h1>%s, deployed</h1>\n"
        "<p id=\"total\">%zu bytes of constants (%s), %zu bytes of scratch memory.</p>\n"
        "<table><thead><tr><th>layer</th><th>units</th><th>synapses</th><th>bytes of weights</th>"
        "<th>multiply-adds</th><th>stored as</th></tr></thead><tbody>\n",
        net, net, d->bytes, d->int8 ? "weights as int8" : "weights as float", d->scratch);
    for (int i = 0; i < d->values; i++) {
        const struct deployed *v = d->value[i];
        if (v->is_input)
            continue;
        long long all = (long long)synapses_of(v->value), live = (long long)live_of(v);
        text_printf(t,
                    "<tr><td>%s</td><td>%lld &rarr; %lld</td><td>%lld &rarr; %lld</td><td>%lld "
                    "&rarr; %lld</td><td>%lld &rarr; %lld</td><td>",
                    v->name, (long long)v->units, (long long)v->rows, all, live, 4 * all,
                    (long long)bytes_of(v), all, live);
        for (int k = 0; k < v->products; k++)
            text_printf(t, "%s%s", k ? ", " : "", storage_name(v->product[k].storage));
        text_add(t, "</td></tr>\n");
    }
    text_add(t, "</tbody></table>\n");
    for (int i = 0; i < d->values; i++) {
        const struct deployed *v = d->value[i];
        if (v->products)
            text_printf(t, "<h2>%s</h2>\n", v->name);
        for (int k = 0; k < v->products; k++)
            print_map(t, &v->product[k]);
    }
    text_add(t, "</body></html>\n");
}
