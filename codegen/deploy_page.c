/* The report of a deployed net as a page: a table of its layers, and a picture of each matrix in
 * the coordinates it was trained in. The page is one file, and forbids itself to load anything. */
#include "deploy.h"

enum { MOST_WIDE = 760, MOST_HIGH = 480, MOST_CELL = 8, PIXEL = 6 }; /* of pictures, in pixels */

static const char style[] =
    ":root{color-scheme:light dark;--page:#fff;--text:#1b1f24;--faint:#59636e;--line:#d1d9e0;"
    "--dead:#edf0f3;--gone:#f6d8ae;--live:#0b5394}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--page:#15191e;--text:#e6e9ec;"
    "--faint:#9aa5b1;--line:#3a424b;--dead:#262d35;--gone:#5a4420;--live:#7cc0ff}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--page);"
    "margin:2em auto;max-width:66em;padding:0 1em}\n"
    "h1{margin-bottom:.2em}h2{margin:1.6em 0 .2em}p{margin:.3em 0}.faint,figcaption"
    "{color:var(--faint)}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;margin:1em 0;"
    "font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "td,th{padding:.25em .6em;text-align:right;border-bottom:1px solid var(--line)}"
    "th[colspan]{text-align:center}th:first-child,td:last-child,th:last-child[rowspan]"
    "{text-align:left}tbody th,tfoot th{font-weight:600}tfoot td,tfoot th{border-bottom:0;"
    "font-weight:600}\n"
    "figure{margin:.8em 0}svg{display:block}.dead{fill:var(--dead)}.gone{stroke:var(--gone)}"
    ".live{stroke:var(--live)}.heat{fill:var(--live)}\n"
    ".key{display:inline-block;width:.9em;height:.9em;margin:0 .3em 0 1em;vertical-align:-.1em;"
    "border:1px solid var(--line)}.key:first-child{margin-left:0}\n"
    "@media "
    "print{body{margin:0;max-width:none;font-size:10pt}table{font-size:8pt}.scroll{overflow:"
    "visible}"
    "svg,.key{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
    "svg{max-width:100%;height:auto}figure,tr{break-inside:avoid}h2{break-after:avoid}}\n";

/* 1234567 -> "1,234,567" for people, and as it is for programs. */
static void print_number(struct text *t, int64_t n)
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%lld", (long long)n);
    text_printf(t, "<data value=\"%s\">", digits);
    for (int i = 0; i < count; i++)
        text_printf(t, "%s%c", i && (count - i) % 3 == 0 ? "," : "", digits[i]);
    text_add(t, "</data>");
}

static void print_share(struct text *t, int64_t part, int64_t whole)
{
    if (whole)
        text_printf(t, "%.1f&nbsp;%%", 100 * (double)part / (double)whole);
}

static void print_cell(struct text *t, const char *name, int64_t n)
{
    text_printf(t, "<td data-of=\"%s\">", name);
    print_number(t, n);
    text_add(t, "</td>");
}

static void print_counts(struct text *t, struct counts before, struct counts after)
{
    print_cell(t, "units_before", before.units);
    print_cell(t, "units", after.units);
    print_cell(t, "synapses_before", before.synapses);
    print_cell(t, "live_synapses", after.synapses);
    text_add(t, "<td>");
    print_share(t, after.synapses, before.synapses);
    text_add(t, "</td>");
    print_cell(t, "bytes_before", before.bytes);
    print_cell(t, "bytes", after.bytes);
    print_cell(t, "multiply_adds_before", before.multiply_adds);
    print_cell(t, "multiply_adds", after.multiply_adds);
}

static void print_table(struct text *t, const struct report *r)
{
    text_add(t,
             "<div class=\"scroll\"><table>\n"
             "<thead><tr><th rowspan=\"2\">layer</th><th colspan=\"2\">neurons</th>"
             "<th colspan=\"3\">synapses</th><th colspan=\"2\">bytes of weights</th>"
             "<th colspan=\"2\">multiply-adds</th><th rowspan=\"2\">stored as</th></tr>\n"
             "<tr><th>before</th><th>after</th><th>before</th><th>live</th><th></th>"
             "<th>before</th><th>after</th><th>before</th><th>after</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < r->layers; i++) {
        const struct layer_report *l = &r->layer[i];
        text_printf(t, "<tr data-layer=\"%s\"><th>%s</th>", l->name, l->name);
        print_counts(t, l->before, l->after);
        text_add(t, "<td>");
        for (int k = 0; l->left && k < l->left->products; k++)
            text_printf(t, "%s%s", k ? ", " : "", storage_name(l->left->product[k].storage));
        text_add(t, "</td></tr>\n");
    }
    text_add(t, "</tbody><tfoot><tr id=\"all\"><th>all</th>");
    print_counts(t, r->before, r->after);
    text_add(t,
             "<td></td></tr></tfoot></table></div>\n"
             "<p class=\"faint\">Bytes after are those of weights and of where they stand, bytes "
             "before 4 for each synapse. Multiply-adds are those of an input without zeros: "
             "silent units are passed over.</p>\n");
}

/* Pixels of each side of a weight. */
static int64_t cell_of(int64_t rows, int64_t cols)
{
    int64_t cell = MOST_CELL;
    while (cell > 1 && (cell * cols > MOST_WIDE || cell * rows > MOST_HIGH))
        cell--;
    return cell;
}

/* A stroke for each unit that is not left: `form` takes its number and the length. */
static void print_gone(struct text *t, const struct deployed *v, const char *form, int64_t length)
{
    for (int64_t unit = 0, at = 0; unit < v->units; unit++)
        if (at < v->rows && v->row[at] == unit)
            at++;
        else
            text_printf(t, form, (long long)unit, (long long)length);
}

/* Horizontal strokes: a row of the picture is a neuron, a column what it reads. */
static void print_live(struct text *t, const struct deployed *v, const struct product *p)
{
    const int64_t *unit = p->from->row;
    for (int64_t row = 0; row < p->rows; row++)
        for (int64_t col = 0; col < p->cols; col++) {
            int64_t end = col;
            while (end < p->cols && p->alive[end * p->rows + row] &&
                   unit[end] - unit[col] == end - col)
                end++;
            if (end == col)
                continue;
            text_printf(t, "M%lld %lld.5h%lld", (long long)unit[col], (long long)v->row[row],
                        (long long)(end - col));
            col = end - 1;
        }
}

static void print_map(struct text *t, const struct deployment *d, const struct deployed *v,
                      const struct product *p)
{
    const char *from = deploy_name_of(d, p->from->value), *to = deploy_name_of(d, v->value);
    int64_t rows = v->units, cols = p->from->units, cell = cell_of(rows, cols);
    text_printf(t,
                "<figure class=\"scroll\"><svg class=\"map\" role=\"img\" data-of=\"%s\" "
                "data-from=\"%s\" viewBox=\"0 0 %lld %lld\" width=\"%lld\" height=\"%lld\" "
                "shape-rendering=\"crispEdges\"><title>Weights from %s to %s: %lld of %lld "
                "live</title><rect class=\"dead\" width=\"%lld\" height=\"%lld\"/>"
                "<path class=\"gone\" d=\"",
                to, from, (long long)cols, (long long)rows, (long long)(cell * cols),
                (long long)(cell * rows), from, to, (long long)p->live, (long long)(rows * cols),
                (long long)cols, (long long)rows);
    print_gone(t, v, "M0 %lld.5h%lld", cols);
    print_gone(t, p->from, "M%lld.5 0v%lld", rows);
    text_add(t, "\"/><path class=\"live\" d=\"");
    print_live(t, v, p);
    text_printf(t, "\"/></svg><figcaption>From <b>%s</b> (%lld columns) to <b>%s</b> (%lld rows): ",
                from, (long long)cols, to, (long long)rows);
    print_number(t, p->live);
    text_printf(t, " live, of %lld &times; %lld as they are left; %s, ", (long long)p->cols,
                (long long)p->rows, storage_name(p->storage));
    print_number(t, (int64_t)p->bytes);
    text_add(t, " bytes</figcaption></figure>\n");
}

/* Of an input that is an image: how many live weights read each of its pixels. */
static void print_pixels(struct text *t, const struct deployment *d, const struct product *p)
{
    const struct shape *s = &d->plan->net->input->value->shape;
    if (!p->from->is_input || s->rank < 2)
        return;
    int64_t width = s->dim[s->rank - 1], height = s->dim[s->rank - 2], most = 0;
    int64_t *count = NEW_ARRAY(d->arena, width * height, int64_t);
    for (int64_t col = 0; col < p->cols; col++) {
        int64_t *at = &count[p->from->row[col] % (width * height)];
        for (int64_t row = 0; row < p->rows; row++)
            *at += p->alive[col * p->rows + row];
        most = *at > most ? *at : most;
    }
    text_printf(t,
                "<figure class=\"scroll\"><svg class=\"pixels\" role=\"img\" viewBox=\"0 0 %lld "
                "%lld\" width=\"%lld\" height=\"%lld\" shape-rendering=\"crispEdges\"><title>Live "
                "weights at each pixel</title><rect class=\"dead\" width=\"%lld\" "
                "height=\"%lld\"/><g class=\"heat\">",
                (long long)width, (long long)height, (long long)(PIXEL * width),
                (long long)(PIXEL * height), (long long)width, (long long)height);
    for (int64_t i = 0; i < width * height; i++)
        if (count[i])
            text_printf(t,
                        "<path d=\"M%lld %lldh1v1h-1\" fill-opacity=\"%.2f\"><title>%lld</title>"
                        "</path>",
                        (long long)(i % width), (long long)(i / width),
                        (double)count[i] / (double)most, (long long)count[i]);
    text_printf(t,
                "</g></svg><figcaption>How many of them read each pixel of <b>%s</b>: at most "
                "%lld</figcaption></figure>\n",
                deploy_name_of(d, p->from->value), (long long)most);
}

static void print_layer(struct text *t, const struct deployment *d, const struct layer_report *l)
{
    text_printf(t, "<h2>%s</h2>\n<p>", l->name);
    if (!l->left) {
        text_printf(t, "Nothing of its %lld neurons is left.</p>\n", (long long)l->before.units);
        return;
    }
    text_printf(t, "[%lld] &rarr; [%lld] neurons", (long long)l->before.units,
                (long long)l->after.units);
    if (l->before.synapses) {
        text_add(t, ", ");
        print_share(t, l->after.synapses, l->before.synapses);
        text_add(t, " of the synapses live");
    }
    text_add(t, "</p>\n");
    for (int k = 0; k < l->left->products; k++) {
        print_map(t, d, l->left, &l->left->product[k]);
        print_pixels(t, d, &l->left->product[k]);
    }
}

void deploy_report_html(struct text *t, const struct deployment *d)
{
    const char *net = d->plan->net->name;
    const struct report *r = deploy_report(d);
    text_printf(t,
                "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'\">\n"
                "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s, "
                "deployed</title>\n<style>\n",
                net);
    text_add(t, style);
    text_printf(t, "</style></head><body>\n<h1>%s, deployed</h1>\n<p>", net);
    text_add(t, "<b id=\"constant_bytes\">");
    print_number(t, (int64_t)d->bytes);
    text_printf(t, "</b> bytes of constants, weights as %s; <b id=\"scratch_bytes\">",
                d->int8 ? "int8" : "float");
    print_number(t, (int64_t)d->scratch);
    text_add(t, "</b> bytes of scratch memory.</p>\n");
    print_table(t, r);
    text_add(
        t,
        "<p class=\"faint\" id=\"key\"><span class=\"key\" style=\"background:var(--live)\"></span>"
        "live weight<span class=\"key\" style=\"background:var(--dead)\"></span>dead"
        "<span class=\"key\" style=\"background:var(--gone)\"></span>gone with a "
        "neuron</p>\n");
    for (int i = 0; i < r->layers; i++)
        print_layer(t, d, &r->layer[i]);
    text_add(t, "</body></html>\n");
}
