/* The file around the functions: constants, the model's struct, the manifest. Nothing of a model's
 * text is printed here but as numbers, mangled names, and strings or comments in which everything
 * that is not plain ASCII was replaced. */
#include "module.h"
#include "memory.h"
#include "names.h"
#include "sites.h"

#include <string.h>

void print_c_string(struct text *t, const char *bytes, size_t size)
{
    text_add(t, "\"");
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '"' || c == '\\')
            text_printf(t, "\\%c", c);
        else
            text_printf(t, "%c", c < ' ' || c > '~' ? '?' : c);
    }
    text_add(t, "\"");
}

/* The statement from the layer's name to its `;`, on one line. */
static const char *statement_text(const struct module *m, struct loc loc)
{
    const struct source *s = &m->diag->source[loc.file];
    struct text t = text_new(m->arena);
    bool comment = false, blank = false;
    for (size_t i = loc.start; i < s->size && (comment || s->text[i] != ';'); i++) {
        char c = s->text[i];
        comment = comment ? c != '\n' : c == '#';
        if (comment || c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            blank = t.size > 0;
            continue;
        }
        if (blank)
            text_add(&t, " ");
        blank = false;
        text_add_bytes(&t, &c, 1);
    }
    return t.bytes ? t.bytes : "";
}

/* A comment cannot end in the text it quotes. */
static void print_comment_text(struct text *t, const char *s)
{
    for (; *s; s++) {
        bool ends = (s[0] == '*' && s[1] == '/') || (s[0] == '/' && s[1] == '*');
        unsigned char c = (unsigned char)*s;
        text_printf(t, "%c", ends || c < ' ' || c > '~' || c == '\\' ? '?' : c);
    }
}

static void print_banner(struct text *t, const struct module *m)
{
    const struct net *net = m->plan->net;
    text_printf(t, "/* The network %s, compiled by plastc.\n *\n", net->name);
    for (int i = 0; i < net->layer_count; i++) {
        text_add(t, " *   ");
        print_comment_text(t, statement_text(m, net->layer[i]->loc));
        text_add(t, "\n");
    }
    text_add(t, " *\n * Inside, activations are [unit][sample], COLUMNS samples a row; a weight's "
                "rows run along its\n"
                " * inputs, padded to 16. The caller owns the one block of memory. */\n");
}

static void print_sizes(struct text *t, const struct module *m)
{
    const struct plan *p = m->plan;
    text_add(t, "enum {\n");
    text_printf(t, "    BATCH = %lld,\n    COLUMNS = %lld", (long long)p->net->batch,
                (long long)p->columns);
    if (p->net->steps)
        text_printf(t, ",\n    STEPS = %lld", (long long)p->net->steps);
    for (int i = 0; i < p->values; i++)
        text_printf(t, ",\n    %s = %lld", p->value[i]->units, (long long)p->value[i]->rows);
    text_add(t, "\n};\n");
    text_add(
        t, "#define VECS (COLUMNS % (2 * PLAST_LANES) == 0 ? 2 : 1) /* of samples in a tile */\n");
    text_add(t, "#define STRIP (VECS * PLAST_LANES)\n");
    if (!plan_has_forms(p))
        return;
    text_add(t, "#define SPAN_VECS PLAST_SPAN(COLUMNS) /* the same of csr */\n");
    text_add(t, "#define SPAN (SPAN_VECS * PLAST_LANES)\n");
    for (int i = 0; i < p->values; i++) {
        const struct value *v = p->value[i];
        if (!v->form)
            continue;
        double own = plan_crossover(p, v->layer);
        text_printf(t, "#define %s_CROSSOVER ", upper_case(m->arena, v->name));
        if (own < 0)
            text_add(t, "PLAST_CROSSOVER");
        else
            print_literal(t, own, EXPR_DOUBLE);
        text_add(t, " /* of its synapses, the live share below which they are csr */\n");
    }
}

static const char *type_of(const struct field *f)
{
    switch (f->kind) {
    case F_MASK:
    case F_KERNELS:
        return "uint8_t";
    case F_COUNTER:
    case F_COUNTS:
        return "int64_t";
    case F_PLACES:
        return "uint32_t";
    default:
        return "float";
    }
}

static void print_struct(struct text *t, const struct module *m)
{
    const struct plan *p = m->plan;
    text_printf(t, "struct %s {\n    _Alignas(64) struct plast_run run;\n", p->net->name);
    if (plan_carries(p))
        text_add(t,
                 "    _Alignas(64) int64_t carried[8]; /* [0]: sums over weights are those of the "
                 "weights as they stand */\n");
    if (plan_has_forms(p))
        text_add(t, "    _Alignas(64) int64_t formed[8]; /* [0]: layers have their forms */\n");
    if (p->dropouts)
        text_printf(t, "    _Alignas(64) uint64_t key[%d * COLUMNS];\n", p->dropouts);
    for (int i = 0; i < p->fields; i++) {
        const struct field *f = &p->field[i];
        text_printf(t, "    _Alignas(64) %s %s[%lld];", type_of(f), f->name,
                    (long long)field_elements(f));
        if (f->rank > 1)
            text_printf(t, " /* [%lld][%lld] */", (long long)f->rows, (long long)f->line);
        text_add(t, "\n");
    }
    text_printf(
        t, "    _Alignas(64) float work[%lld]; /* activations and errors, by life span */\n};\n",
        (long long)p->work);
    text_printf(t,
                "_Static_assert(sizeof(struct %s) == %s_TRAIN_BYTES, \"the plan and the compiler "
                "agree\");\n",
                p->net->name, upper_case(m->arena, p->net->name));
}

static void print_defines(struct text *t, const struct module *m)
{
    const char *upper = upper_case(m->arena, m->plan->net->name);
    text_printf(t, "#define %s_TRAIN_BYTES ((size_t)%zu)\n", upper, m->plan->train_bytes);
    text_printf(t, "#define %s_PREDICT_BYTES ((size_t)%zu)\n", upper, m->plan->predict_bytes);
}

static void print_public_prototypes(struct text *t, const struct module *m)
{
    for (const struct cfunc *f = m->func; f; f = f->next)
        if (f->is_public) {
            print_prototype(t, f);
            text_add(t, ";\n");
        }
    text_printf(t, "extern const struct plast_model %s_model;\n", m->plan->net->name);
}

static void print_shape(struct text *t, const int64_t *dim, int rank, int room)
{
    text_printf(t, "%d, {", rank);
    for (int i = 0; i < room; i++)
        text_printf(t, "%s%lld", i ? ", " : "", i < rank ? (long long)dim[i] : 0LL);
    text_add(t, "}");
}

static int layer_number(const struct net *net, const struct layer *layer)
{
    for (int i = 0; i < net->layer_count; i++)
        if (net->layer[i] == layer)
            return i;
    bug("a tensor of no layer");
}

static const char *role_of(const struct field *f)
{
    switch (f->kind) {
    case F_PARAM:
        return f->param->decays ? "PLAST_WEIGHT" : "PLAST_BIAS";
    case F_STATE:
    case F_RULE:
    case F_MOMENT:
        return "PLAST_STATE";
    case F_COUNTER:
        return "PLAST_COUNTER";
    case F_CARRY:
    case F_COUNTS:
    case F_PLACES:
    case F_KERNELS:
        break;
    case F_FEEDBACK:
        return "PLAST_FEEDBACK";
    case F_MASK:
        return "PLAST_MASK";
    }
    bug("a tensor of kind %d", (int)f->kind);
}

/* Whether its values are kept where synapses or neurons have died. */
static bool outlives(const struct field *f)
{
    if (f->kind != F_RULE)
        return false;
    return f->rule->grows || f->space == SPACE_INPUT || f->space == SPACE_LAYER;
}

static void print_tensor(struct text *t, const struct plan *p, const struct axes *axes,
                         const struct field *f)
{
    text_add(t, "    {");
    print_c_string(t, f->tensor, strlen(f->tensor));
    text_printf(t, ", %s, PLAST_%s, ", role_of(f), tensor_type(f));
    print_shape(t, f->shape, f->rank, 4);
    text_printf(t, ", %lld, offsetof(struct %s, %s), %lld, %d, %d, ", (long long)f->line,
                p->net->name, f->name, (long long)f->probe, layer_number(p->net, f->layer),
                outlives(f));
    print_whole(t, axes, f);
    text_add(t, "},\n");
}

/* What the selftest of direct feedback reads after a probe. */
static int print_shown_values(struct text *t, const struct plan *p)
{
    int count = 0;
    if (p->net->learn != LEARN_DIRECT_FEEDBACK)
        return 0;
    for (int i = 0; i < p->values; i++) {
        const struct value *v = p->value[i];
        const struct buffer *b = v->is_output ? v->error : v->plain;
        if (v->is_input || (!v->is_output && !v->direct))
            continue;
        text_add(t, "    {\"");
        print_comment_text(t, v->layer->name);
        int64_t shape[2] = {v->rows, p->net->batch};
        text_printf(t, ".%s\", PLAST_VALUE, PLAST_F32, ", v->is_output ? "error" : "value");
        print_shape(t, shape, 2, 4);
        text_printf(t, ", COLUMNS, offsetof(struct %s, work) + %lld, -1, %d, 0, NULL},\n",
                    p->net->name, (long long)b->at * 4, layer_number(p->net, v->layer));
        count++;
    }
    return count;
}

static int64_t synapses_of(const struct layer *l)
{
    int64_t n = 0;
    for (int i = 0; i < l->branch_count; i++)
        n += shape_size(&l->branch[i]->weight->shape);
    return n;
}

static int64_t neurons_of(const struct layer *l)
{
    const struct shape *s = &l->neurons->shape;
    return s->rank == 3 ? s->dim[0] : l->value->size;
}

/* A weight is used once for each place of the map. */
static double forward_flops(const struct plan *p, const struct layer *l)
{
    double flops = 0;
    for (int i = 0; i < l->branch_count; i++) {
        const struct shape *w = &l->branch[i]->weight->shape;
        flops += 2.0 * (double)shape_size(w) * (double)(l->branch[i]->size / w->dim[0]) *
                 plan_turns(p, p->home[l->branch[i]->index]);
    }
    return flops;
}

static void print_layers(struct text *t, const struct module *m)
{
    const struct net *net = m->plan->net;
    text_add(t, "\nstatic const struct plast_layer layers[] = {\n");
    for (int i = 0; i < net->layer_count; i++) {
        const struct layer *l = net->layer[i];
        const char *text = statement_text(m, l->loc);
        text_add(t, "    {");
        print_c_string(t, l->name, strlen(l->name));
        text_printf(t, ", %lld, %lld,\n     ", (long long)neurons_of(l), (long long)synapses_of(l));
        print_c_string(t, text, strlen(text));
        text_add(t, ",\n     ");
        print_shape(t, l->value->shape.dim, l->value->shape.rank, 3);
        text_printf(t, ", %.1f},\n", forward_flops(m->plan, l));
    }
    text_add(t, "};\n");
}

/* Forward, weight gradient, and input gradient where something before it learns. */
static double step_flops(const struct plan *p)
{
    double flops = 0;
    for (int i = 0; i < p->values; i++)
        for (int t = 0; t < p->value[i]->terms; t++) {
            const struct term *m = &p->value[i]->term[t];
            for (int s = 0; m->dense && s < m->segments; s++)
                flops += 2.0 * (double)p->value[i]->rows * (double)m->cols *
                         ((double)m->segment[s].rows / (double)m->rows) *
                         plan_turns(p, p->value[i]) * (m->segment[s].value->learns ? 3 : 2);
        }
    return flops;
}

static void print_manifest(struct text *t, const struct module *m)
{
    const struct plan *p = m->plan;
    const struct net *net = p->net;
    const char *upper = upper_case(m->arena, net->name);
    static const char *const learns[] = {"PLAST_BACKPROP", "PLAST_FEEDBACK_ALIGNMENT",
                                         "PLAST_DIRECT_FEEDBACK"};
    const struct axes axes = print_axes(t, p);
    text_add(t, "\nstatic const struct plast_tensor tensors[] = {\n");
    int tensors = 0;
    for (int i = 0; i < p->fields; i++) {
        if (!is_tensor(&p->field[i]))
            continue; /* made anew after loading */
        print_tensor(t, p, &axes, &p->field[i]);
        tensors++;
    }
    tensors += print_shown_values(t, p);
    text_add(t, "};\n");
    print_layers(t, m);
    const struct shape *in = &net->input->value->shape;
    text_printf(
        t, "\nconst struct plast_model %s_model = {\n    .abi = PLAST_ABI,\n    .name = \"%s\",\n",
        net->name, net->name);
    text_printf(t, "    .input_rank = %d,\n    .input_shape = {", in->rank);
    for (int i = 0; i < in->rank; i++)
        text_printf(t, "%s%lld", i ? ", " : "", (long long)in->dim[i]);
    text_printf(t, "},\n    .inputs = %s,\n    .outputs = %s,\n", p->input->units,
                p->output->units);
    if (net->steps)
        text_printf(t, "    .steps = %lld,\n    .frames = %lld,\n", (long long)net->steps,
                    net->frames ? (long long)net->steps : 0LL);
    text_printf(t, "    .loss = %s,\n    .learn = %s,\n",
                net->loss == LOSS_MSE ? "PLAST_MSE" : "PLAST_CROSS_ENTROPY", learns[net->learn]);
    text_printf(t, "    .batch = BATCH,\n    .epochs = %lld,\n    .seed = %lluu,\n",
                (long long)net->epochs, (unsigned long long)net->seed);
    text_printf(t, "    .train_bytes = %s_TRAIN_BYTES,\n    .predict_bytes = %s_PREDICT_BYTES,\n",
                upper, upper);
    text_printf(t, "    .tensor = tensors,\n    .tensors = %d,\n    .probe_size = %lld,\n", tensors,
                (long long)p->probe_size);
    text_printf(t, "    .layer = layers,\n    .layers = %d,\n    .step_flops = %.1f,\n",
                net->layer_count, step_flops(p));
    if (m->anchored)
        text_add(t, "    .anchor = model_anchor,\n");
    if (m->mortal)
        text_add(t, "    .settle = model_settle,\n");
    if (plan_has_forms(p))
        text_add(t,
                 "    .pack = model_pack,\n    .unpack = model_unpack,\n    .form = model_form,\n");
    text_add(t, "    .init = model_init,\n    .begin = model_begin,\n    .step = model_step,\n    "
                ".step_from = model_step_from,\n    "
                ".probe = model_probe,\n"
                "    .end_epoch = model_end_epoch,\n    .predict = model_predict,\n    .fma = "
                "plast_fma,\n};\n");
}

void print_module(struct text *t, const struct module *m, const struct module_options *o)
{
    print_banner(t, m);
    text_add(t, "#include <plast_kernels.h>\n\n");
    if (o->header) {
        text_add(t, "#include ");
        print_c_string(t, o->header, strlen(o->header));
        text_add(t, "\n\n");
    } else {
        print_defines(t, m);
        text_add(t, "\n");
    }
    print_sizes(t, m);
    text_add(t, "\n");
    print_struct(t, m);
    if (!o->header) {
        text_printf(t, "\n");
        print_public_prototypes(t, m);
    }
    if (m->tables.size)
        text_printf(t, "\n%s", m->tables.bytes);
    for (const struct cfunc *f = m->func; f; f = f->next) {
        text_add(t, "\n");
        print_func(t, f);
    }
    print_manifest(t, m);
    if (!o->library)
        text_printf(t,
                    "\nint main(int argc, char **argv)\n{\n    return plast_main(argc, argv, "
                    "&%s_model);\n}\n",
                    m->plan->net->name);
}

void print_header(struct text *t, const struct module *m)
{
    const struct plan *p = m->plan;
    const char *name = p->net->name, *guard = upper_case(m->arena, name);
    text_printf(t, "/* The network %s, compiled by plastc: its functions for a program.\n *\n",
                name);
    text_printf(t, " * %s_init fills %s_TRAIN_BYTES of the caller's memory, aligned to 64 bytes;\n",
                name, guard);
    text_printf(t, " * %s_step updates on up to %lld samples of %lld floats", name,
                (long long)p->net->batch, (long long)p->input->rows);
    text_printf(t,
                "; %s_predict writes %lld floats a sample and\n * needs %s_PREDICT_BYTES of "
                "scratch, aligned likewise."
                "\n * All return 0 or a plast_error, see plast.h. */\n",
                name, (long long)p->output->rows, guard);
    text_printf(t, "#ifndef PLAST_MODEL_%s_H\n#define PLAST_MODEL_%s_H\n\n#include <plast.h>\n\n",
                guard, guard);
    text_add(t, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    print_defines(t, m);
    text_printf(t, "\ntypedef struct %s %s;\n", name, name);
    print_public_prototypes(t, m);
    text_add(t, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}
