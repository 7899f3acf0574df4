/* Storage forms in generated C: what a kernel knows of the form it works on, and the functions that
 * change it. See forms.c. */
#include "lower.h"
#include "memory.h"
#include "names.h"
#include "sites.h"

static const char *times_map(struct arena *a, const struct value *v, const char *neurons)
{
    return v->map > 1 ? arena_format(a, "%s * %lld", neurons, (long long)v->map) : neurons;
}

const char *module_rows(struct module *m, const struct value *v)
{
    if (!v->live)
        return v->units;
    return times_map(m->arena, v, arena_format(m->arena, "m->%s[PLAST_HELD_ROWS]", v->live));
}

const char *held_neurons(struct kernel *k, const struct value *v)
{
    struct arena *a = k->module->arena;
    if (!v->live)
        return v->map > 1 ? arena_format(a, "%lld", (long long)neurons_in(v)) : v->units;
    const char *name = arena_format(a, "%s_rows", v->live);
    kernel_param(k, "const int64_t", name, "m->%s[PLAST_HELD_ROWS]", v->live);
    return name;
}

const char *rows_of(struct kernel *k, const struct value *v)
{
    return v->live ? times_map(k->module->arena, v, held_neurons(k, v)) : v->units;
}

const char *unit_text(struct arena *a, const struct value *v, const char *row)
{
    long long map = v->map;
    if (!v->place || map == 1)
        return place_text(a, v, row);
    return arena_format(a, "(%s[(%s) / %lld] * %lld + (%s) %% %lld)", v->place, row, map, map, row,
                        map);
}

const char *columns_of(struct kernel *k, const struct value *v)
{
    if (!v->live)
        return v->units;
    const char *name = arena_format(k->module->arena, "%s_columns", v->units);
    kernel_param(k, "const int64_t", name, "plast_held_columns(m->%s, %lld, %s)", v->live,
                 (long long)v->map, v->units);
    return name;
}

const char *place_text(struct arena *a, const struct value *v, const char *row)
{
    return v->place ? arena_format(a, "%s[%s]", v->place, row) : row;
}

const char *place_of(struct kernel *k, const struct value *v, const char *row)
{
    if (v->place)
        kernel_param(k, "const uint32_t *restrict", v->place, "m->%s", v->place);
    return place_text(k->module->arena, v, row);
}

void place_if_used(struct kernel *k, const struct value *v, const struct cstmt *list)
{
    if (v->place && cstmt_uses(list, intern(k->module->arena, v->place)))
        place_of(k, v, "");
}

const char *row_index(struct arena *a, const struct term *t)
{
    return arena_format(a, "%s_columns", t->starts);
}

const char *row_index_of(struct kernel *k, const struct term *t)
{
    const char *index = row_index(k->module->arena, t);
    kernel_param(k, "const plast_index *restrict", index, "plast_csr_columns(m->%s, %lld)",
                 t->weight, (long long)t->room);
    return index;
}

struct cstmt *by_form(struct module *m, const struct value *v, struct cstmt *dense,
                      struct cstmt *csr)
{
    if (!csr || !v->form)
        return dense;
    struct holes h = {.s = {csr, dense}};
    return code(m->arena, &h, "if (m->%s[0] != 0) { @0 } else { @1 }", v->form);
}

bool has_parts(const struct value *v)
{
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].parts > 1)
            return true;
    return false;
}

int first_part(const struct term *t, int segment)
{
    int part = 0;
    for (int s = 0; s < segment; s++)
        part += t->segment[s].parts;
    return part;
}

static struct walk walk_parts(struct kernel *k, const struct term *t, int from, int to,
                              const char *row)
{
    struct arena *a = k->module->arena;
    kernel_param(k, "const uint32_t *restrict", t->starts, "m->%s", t->starts);
    return (struct walk){arena_format(a, "%s[(%s) * %d + %d]", t->starts, row, t->parts, from),
                         arena_format(a, "%s[(%s) * %d + %d]", t->starts, row, t->parts, to),
                         row_index(a, t), NULL};
}

struct walk walk_row(struct kernel *k, const struct term *t, const char *row)
{
    return walk_parts(k, t, 0, t->parts, row);
}

struct walk walk_segment(struct kernel *k, const struct term *t, int segment, const char *row)
{
    return walk_parts(k, t, first_part(t, segment), first_part(t, segment + 1), row);
}

struct walk walk_column(struct kernel *k, const struct term *t, const char *suffix,
                        const char *column)
{
    struct arena *a = k->module->arena;
    const char *starts = arena_format(a, "%s%s", t->columns, suffix),
               *index = arena_format(a, "%s_rows", starts),
               *position = arena_format(a, "%s_at", starts);
    kernel_param(k, "const uint32_t *restrict", starts, "m->%s", t->columns);
    kernel_param(k, "const plast_index *restrict", index, "plast_csc_rows(m->%s, %lld)", t->weight,
                 (long long)t->room);
    kernel_param(k, "const plast_position *restrict", position, "plast_csc_positions(m->%s, %lld)",
                 t->weight, (long long)t->room);
    return (struct walk){arena_format(a, "%s[%s]", starts, column),
                         arena_format(a, "%s[%s + 1]", starts, column), index, position};
}

/* --- changes of form */

/* What moves with a weight: itself, what the optimizer and rules keep of each synapse, the mask. */
static bool moves_with(const struct field *f, const struct term *t)
{
    return f->param == t->dense->weight && f->line > 1 &&
           (f->kind == F_PARAM || f->kind == F_STATE || f->kind == F_MASK ||
            (f->kind == F_RULE && f->rank >= 2));
}

/* Columns that belong to one neuron of what is read. */
static long long width_of(const struct field *f, const struct term *t)
{
    const struct value *from = t->segment[0].value;
    if (!is_conv(t))
        return (long long)from->map;
    return (long long)(f->cols / t->dense->weight->shape.dim[1]);
}

static const char *held_arguments(struct module *m, const struct value *v)
{
    return v && v->live ? arena_format(m->arena, "m->%s, m->%s", v->place, v->live) : "NULL, NULL";
}

/* The packed value that the term reads, or NULL: such a term reads nothing else. */
static const struct value *packed_input(const struct term *t)
{
    const struct value *from = t->segment[0].value;
    return from->live ? from : NULL;
}

static struct cstmt *move_weight(struct module *m, const struct value *v, const struct term *t,
                                 const char *function)
{
    const struct value *from = packed_input(t);
    struct cstmt *s = NULL;
    if (!v->live && !from)
        return NULL;
    for (int i = 0; i < m->plan->fields; i++) {
        const struct field *f = &m->plan->field[i];
        bool byte = f->kind == F_MASK || f->kind == F_KERNELS;
        if (moves_with(f, t) || (t->kernels && f->name == t->kernels))
            s = cstmt_join(s, code(m->arena, NULL, "%s(m->%s, %d, %lld, %lld, %lld, %s, %s, %lld);",
                                   function, f->name, byte ? 1 : 4, (long long)f->rows,
                                   (long long)f->cols, (long long)f->line, held_arguments(m, v),
                                   held_arguments(m, from), width_of(f, t)));
    }
    return s;
}

/* "m->h1_weight_alive, H1_UNITS, 784, 784": of a weight as it is packed. */
static const char *mask_arguments(struct module *m, const struct value *v, const struct term *t)
{
    const struct value *from = packed_input(t);
    const char *columns =
        from ? module_rows(m, from) : arena_format(m->arena, "%lld", (long long)t->rows);
    return arena_format(m->arena, "m->%s, %s, %s, %lld", t->alive, module_rows(m, v), columns,
                        (long long)t->line);
}

static struct cstmt *squeeze(struct module *m, const struct value *v, const struct term *t)
{
    struct arena *a = m->arena;
    const char *mask = mask_arguments(m, v, t), *bounds = arena_format(a, "%s_bounds", t->weight);
    struct cstmt *s = NULL;
    for (int i = 0; i < m->plan->fields; i++) {
        const struct field *f = &m->plan->field[i];
        if (moves_with(f, t) && f->kind != F_MASK)
            s = cstmt_join(s, code(a, NULL, "plast_squeeze(m->%s, %s);", f->name, mask));
    }
    int64_t column = 0;
    text_printf(&m->tables, "static const int64_t %s[%d] = {", bounds, t->parts);
    for (int i = 0; i < t->segments; i++) {
        const struct segment *g = &t->segment[i];
        for (int part = 0; part < g->parts; part++)
            text_printf(&m->tables, "%s%lld", i || part ? ", " : "",
                        (long long)(column + g->rows * (part + 1) / g->parts));
        column += g->rows;
    }
    text_add(&m->tables, "};\n");
    s = cstmt_join(s,
                   code(a, NULL, "plast_index_rows(m->%s, %lld, m->%s, %s, %lld, %s, %d, m->%s);",
                        t->weight, (long long)t->room, t->alive, module_rows(m, v),
                        (long long)t->line, bounds, t->parts, t->starts));
    if (t->columns)
        s = cstmt_join(s, code(a, NULL, "plast_index_columns(m->%s, %lld, %s, m->%s);", t->weight,
                               (long long)t->room, mask, t->columns));
    return s;
}

static struct cstmt *spread(struct module *m, const struct value *v, const struct term *t)
{
    struct cstmt *s = NULL;
    for (int i = 0; i < m->plan->fields; i++) {
        const struct field *f = &m->plan->field[i];
        if (moves_with(f, t) && f->kind != F_MASK)
            s = cstmt_join(s, code(m->arena, NULL, "plast_spread(m->%s, %s, %lld);", f->name,
                                   mask_arguments(m, v, t), (long long)f->rows));
    }
    return s;
}

static int layer_index(const struct net *net, const struct layer *layer)
{
    for (int i = 0; i < net->layer_count; i++)
        if (net->layer[i] == layer)
            return i;
    bug("a value of no layer");
}

/* Whether the weights of the value are to be csr: their live synapses against the places of those
 * that are held. */
static struct cstmt *choose(struct module *m, const struct value *v)
{
    struct arena *a = m->arena;
    struct cstmt *s = code(a, NULL, "int64_t live = 0; int64_t places = 0; int fits = 1;");
    int parts = 0;
    for (int t = 0; t < v->terms; t++) {
        const struct term *term = &v->term[t];
        if (!term->dense)
            continue;
        parts += term->parts;
        const struct value *from = packed_input(term);
        const char *count = arena_format(a, "count%d", t);
        s = cstmt_join(
            s, code(a, NULL,
                    "const int64_t %s = plast_count_places(%s);"
                    "live += %s;"
                    "places += %s * %s;"
                    "fits = fits != 0 && %s <= %lld;",
                    count, mask_arguments(m, v, term), count, module_rows(m, v),
                    from ? module_rows(m, from) : arena_format(a, "%lld", (long long)term->rows),
                    count, (long long)term->room));
    }
    s = cstmt_join(
        s, code(a, NULL,
                "m->%s[0] = fits != 0 && (m->run.forms == PLAST_FORMS_CSR || m->run.forms == "
                "PLAST_FORMS_CSR_OF + %d || (m->run.forms == PLAST_FORMS_AUTO && (double)live < "
                "%s_CROSSOVER * (double)places)) ? 1 : 0;",
                v->form, layer_index(m->plan->net, v->layer), upper_case(a, v->name)));
    if (has_parts(v)) /* as many parts together as make eight synapses of a row */
        s = cstmt_join(s, code(a, NULL, "m->%s[1] = 1 + %d * 8 * %s / (live + 1);", v->form, parts,
                               module_rows(m, v)));
    return s;
}

static struct cstmt *make_csr(struct module *m, const struct value *v)
{
    struct holes h = {0};
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].dense)
            h.s[0] = cstmt_join(h.s[0], squeeze(m, v, &v->term[t]));
    h.s[0] = cstmt_join(choose(m, v), code(m->arena, &h, "if (m->%s[0] != 0) { @0 }", v->form));
    return code(m->arena, &h, "if (m->run.forms != PLAST_FORMS_DENSE) { @0 }");
}

static struct cstmt *undo_csr(struct module *m, const struct value *v)
{
    struct holes h = {0};
    for (int t = 0; t < v->terms; t++)
        if (v->term[t].dense)
            h.s[0] = cstmt_join(h.s[0], spread(m, v, &v->term[t]));
    return code(m->arena, &h, "if (m->%s[0] != 0) { @0 m->%s[0] = 0; }", v->form, v->form);
}

static void add_function(struct module *m, const char *name, const char *comment,
                         struct cstmt *body)
{
    struct cfunc *f = cfunc_new(m->arena, "void", name,
                                arena_format(m->arena, "struct %s *m", m->plan->net->name));
    f->comment = comment;
    f->body = body;
    module_add(m, f);
}

static struct cstmt *forget_sums(struct module *m)
{
    return plan_carries(m->plan) ? code(m->arena, NULL, "m->carried[0] = 0;") : NULL;
}

static void lower_pack(struct module *m)
{
    struct arena *a = m->arena;
    struct cstmt *s = code(a, NULL, "if (m->formed[0] != 0) { return; } m->formed[0] = 1;");
    s = cstmt_join(s, forget_sums(m));
    for (int i = 0; i < m->plan->values; i++) {
        const struct value *v = m->plan->value[i];
        if (v->live && v->has_neurons)
            s = cstmt_join(s, code(a, NULL,
                                   "plast_hold_live(m->%s, %lld, %s, m->run.forms, m->%s, m->%s);",
                                   v->alive, (long long)neurons_in(v),
                                   v->of_channels ? "PLAST_CHANNEL_STEP" : "PLAST_NEURON_STEP",
                                   v->place, v->live));
    }
    for (int i = 0; i < m->plan->values; i++)
        for (int t = 0; t < m->plan->value[i]->terms; t++)
            if (m->plan->value[i]->term[t].dense)
                s = cstmt_join(s, move_weight(m, m->plan->value[i], &m->plan->value[i]->term[t],
                                              "plast_pack"));
    for (int i = 0; i < m->plan->values; i++)
        if (m->plan->value[i]->form)
            s = cstmt_join(s, make_csr(m, m->plan->value[i]));
    add_function(m, "pack", "Each layer takes the form that its masks say.", s);
}

struct cstmt *hold_all(struct module *m, const struct value *v)
{
    return code(m->arena, NULL, "plast_hold_all(%lld, m->%s, m->%s);", (long long)neurons_in(v),
                v->place, v->live);
}

static void lower_unpack(struct module *m)
{
    struct arena *a = m->arena;
    struct cstmt *s = code(a, NULL, "if (m->formed[0] == 0) { return; } m->formed[0] = 0;");
    s = cstmt_join(s, forget_sums(m));
    for (int i = 0; i < m->plan->values; i++)
        if (m->plan->value[i]->form)
            s = cstmt_join(s, undo_csr(m, m->plan->value[i]));
    for (int i = 0; i < m->plan->values; i++)
        for (int t = 0; t < m->plan->value[i]->terms; t++)
            if (m->plan->value[i]->term[t].dense)
                s = cstmt_join(s, move_weight(m, m->plan->value[i], &m->plan->value[i]->term[t],
                                              "plast_unpack"));
    for (int i = 0; i < m->plan->values; i++) {
        const struct value *v = m->plan->value[i];
        if (v->live && v->has_neurons)
            s = cstmt_join(s, hold_all(m, v));
    }
    add_function(m, "unpack", "All as the manifest describes it.", s);
}

static const char *is_packed(struct module *m, const struct value *v, const char *list)
{
    if (!v->live)
        return list;
    return arena_format(m->arena, "%s%sm->%s[PLAST_HELD_ALIVE] < %lld", list, *list ? " || " : "",
                        v->live, (long long)neurons_in(v));
}

/* The form of a layer: of the first of its values that has changed. */
static void lower_form_query(struct module *m)
{
    struct arena *a = m->arena;
    struct cstmt *s = code(a, NULL, "const struct %s *m = block;", m->plan->net->name);
    for (int i = 0; i < m->plan->values; i++) {
        const struct value *v = m->plan->value[i];
        int layer = v->layer ? layer_index(m->plan->net, v->layer) : 0;
        const char *packed = is_packed(m, v, "");
        for (int t = 0; t < v->terms; t++)
            for (int g = 0; g < v->term[t].segments && v->term[t].dense; g++)
                packed = is_packed(m, v->term[t].segment[g].value, packed);
        if (v->form)
            s = cstmt_join(s,
                           code(a, NULL, "if (layer == %d && m->%s[0] != 0) { return PLAST_CSR; }",
                                layer, v->form));
        if (*packed)
            s = cstmt_join(s, code(a, NULL, "if (layer == %d && (%s)) { return PLAST_PACKED; }",
                                   layer, packed));
    }
    struct cfunc *f = cfunc_new(a, "int", "model_form", "const void *block, int layer");
    f->body = cstmt_join(s, code(a, NULL, "return PLAST_DENSE;"));
    module_add(m, f);
}

void lower_forms(struct module *m)
{
    if (!plan_has_forms(m->plan))
        return;
    lower_pack(m);
    lower_unpack(m);
    static const char *const names[] = {"pack", "unpack"};
    for (int i = 0; i < 2; i++) {
        struct cfunc *f =
            cfunc_new(m->arena, "int", arena_format(m->arena, "model_%s", names[i]), "void *block");
        f->body = code(m->arena, NULL, "%s(block); return 0;", names[i]);
        module_add(m, f);
    }
    lower_form_query(m);
}
