/* Checked network -> plan: which values reach memory, what each is computed
 * from, who reads it, and the schedule of a step. Memory is laid out in
 * memory.c. */
#include "memory.h"
#include "names.h"
#include "plan_time.h"
#include "recall.h"
#include "sites.h"

#include <string.h>

struct builder {
    struct plan *plan;
    struct arena *arena;
    struct names *names;
    int *readers;          /* of each node */
    struct value **open;   /* the unfinished value that a node is the last of, or NULL */
    struct segment **view; /* of each finished node, and how many */
    int *views;
    bool *loops; /* of each node: it is computed at every time step */
};

static const char *stem(struct builder *b, const char *name)
{
    return names_unique(b->names, name);
}

static struct value *value_new(struct builder *b, struct node *node)
{
    struct value *v = NEW(b->arena, struct value);
    v->layer = node->layer;
    v->rows = node->size;
    v->line = round_up(v->rows, 16);
    v->shape = node->shape;
    v->map = node->shape.rank == 3 ? node->shape.dim[1] * node->shape.dim[2] : 1;
    return v;
}

bool is_conv(const struct term *t)
{
    return t->dense && t->dense->op == N_CONV;
}

long long side_of(const struct value *v, int s)
{
    return v->shape.rank == 3 ? v->shape.dim[1 + s] : 1;
}

bool has_byte_peak(const struct node *pool)
{
    return pool->window.size[HEIGHT] * pool->window.size[WIDTH] <= 256;
}

int64_t neurons_in(const struct value *v)
{
    return v->rows / v->map;
}

/* Whether errors reach this node from the output by a matrix of their own. */
static bool is_direct(const struct plan *p, const struct node *node)
{
    const struct layer *layer = node->layer;
    return p->net->learn == LEARN_DIRECT_FEEDBACK && !layer->is_output && layer->branch_count > 0 &&
           layer->neurons == node;
}

/* That of its layer; of timed nets, where several values make a layer, of the last. */
static const char *value_name(struct builder *b, const struct node *node, const struct value *v)
{
    if (!b->plan->net->steps || node == v->layer->value)
        return v->layer->name;
    return arena_format(b->arena, node->op == N_NEURON ? "%s_neurons" : "%s_sum", v->layer->name);
}

/* Values are numbered here, so a value's number is above those of all it reads. */
static void number(struct builder *b, const struct node *node, struct value *v)
{
    v->index = b->plan->values;
    PUSH(b->arena, b->plan->value, b->plan->values, v);
    v->name = stem(b, value_name(b, node, v));
    v->units = names_constant(b->names, arena_format(b->arena, "%s_UNITS", v->name));
    v->stage = b->loops[node->index] ? STAGE_LOOP : STAGE_BEFORE;
    for (int t = 0; t < v->terms && v->stage == STAGE_BEFORE; t++)
        for (int i = 0; i < v->term[t].segments; i++)
            if (v->term[t].segment[i].value->stage != STAGE_BEFORE)
                v->stage = STAGE_AFTER;
}

/* The unfinished value becomes one that reaches memory. */
static void finish(struct builder *b, struct node *node, struct value *v)
{
    v->is_direct = is_direct(b->plan, node);
    number(b, node, v);
    struct segment s = {.value = v, .rows = v->rows};
    PUSH(b->arena, b->view[node->index], b->views[node->index], s);
    b->open[node->index] = NULL;
}

static void read_view(struct builder *b, struct term *t, const struct node *from)
{
    for (int i = 0; i < b->views[from->index]; i++) {
        PUSH(b->arena, t->segment, t->segments, b->view[from->index][i]);
        t->rows += b->view[from->index][i].rows;
    }
}

static struct term term_of(struct builder *b, struct node *dense, const struct node *from)
{
    struct term t = {.dense = dense};
    read_view(b, &t, from);
    t.cols = dense ? shape_size(&dense->weight->shape) / dense->weight->shape.dim[0] : t.rows;
    t.line = round_up(t.cols, 16);
    t.keeps_gradient = is_conv(&t); /* few weights: their optimizer is a pass of its own */
    return t;
}

/* The same of a value that is there as a whole: what was joined is copied to be so. */
static struct term term_of_whole(struct builder *b, struct node *reader, struct node *from)
{
    struct term t = term_of(b, reader->op == N_CONV ? reader : NULL, from);
    if (t.segments == 1 && t.segment[0].from == 0 && t.rows == t.segment[0].value->rows)
        return t;
    struct value *copy = value_new(b, from);
    copy->layer = reader->layer;
    struct segment s = {.value = copy, .rows = copy->rows};
    PUSH(b->arena, copy->term, copy->terms, term_of(b, NULL, from));
    number(b, from, copy);
    t.segment = NULL;
    t.segments = 0;
    PUSH(b->arena, t.segment, t.segments, s);
    return t;
}

static struct value *open_dense(struct builder *b, struct node *node)
{
    struct value *v = value_new(b, node);
    struct term t = node->groups > 1 ? term_of_whole(b, node, node->input[0])
                                     : term_of(b, node, node->input[0]);
    PUSH(b->arena, v->term, v->terms, t);
    return v;
}

static struct value *open_pool(struct builder *b, struct node *node)
{
    struct value *v = value_new(b, node);
    struct term t = term_of(b, NULL, node->input[0]);
    t.pool = node;
    PUSH(b->arena, v->term, v->terms, t);
    return v;
}

static struct value *open_norm(struct builder *b, struct node *node)
{
    struct value *v = value_new(b, node);
    struct term t = term_of_whole(b, node, node->input[0]);
    PUSH(b->arena, v->term, v->terms, t);
    v->norm = node;
    v->moments_line = round_up(neurons_in(v), 16);
    return v;
}

/* A sum takes the terms of operands that nothing was done to yet. */
static void add_operand(struct builder *b, struct value *sum, struct node *from)
{
    struct value *open = b->open[from->index];
    if (!open) {
        struct term t = term_of(b, NULL, from);
        PUSH(b->arena, sum->term, sum->terms, t);
        return;
    }
    for (int i = 0; i < open->terms; i++)
        PUSH(b->arena, sum->term, sum->terms, open->term[i]);
    b->open[from->index] = NULL;
}

static struct value *open_sum(struct builder *b, struct node *node)
{
    struct value *v = value_new(b, node);
    for (int i = 0; i < node->input_count; i++)
        add_operand(b, v, node->input[i]);
    return v;
}

static struct value *open_link(struct builder *b, struct node *node)
{
    struct node *from = node->input[0];
    struct value *v = b->open[from->index];
    b->open[from->index] = NULL;
    if (!v) {
        v = value_new(b, node);
        struct term t = term_of(b, NULL, from);
        PUSH(b->arena, v->term, v->terms, t);
    }
    PUSH(b->arena, v->chain, v->links, node);
    return v;
}

static void join_views(struct builder *b, struct node *node)
{
    int at = node->index;
    for (int i = 0; i < node->input_count; i++) {
        int from = node->input[i]->index;
        for (int k = 0; k < b->views[from]; k++)
            PUSH(b->arena, b->view[at], b->views[at], b->view[from][k]);
    }
}

static struct value *open_neuron(struct builder *b, struct node *node)
{
    struct value *v = open_link(b, node);
    v->neuron = node;
    return v;
}

/* Of what is the same at each step it is a number times that. */
static struct value *open_readout(struct builder *b, struct node *node)
{
    if (!b->loops[node->input[0]->index]) {
        struct node *map = NEW(b->arena, struct node);
        double times = node->readout == READ_TOTAL ? (double)b->plan->net->steps : 1;
        *map = *node;
        map->op = N_MAP;
        map->map = ex(b->arena, "x * %.1f", times);
        map->text = "over time";
        return open_link(b, map);
    }
    struct value *v = value_new(b, node);
    struct term t = term_of(b, NULL, node->input[0]);
    PUSH(b->arena, v->term, v->terms, t);
    v->readout = node;
    return v;
}

/* What is the same at each step, or comes so from the data, is what it is read from. */
static struct value *open_encoder(struct builder *b, struct node *node)
{
    if (node->encoder == ENCODE_DIRECT || node->encoder == ENCODE_EVENTS) {
        join_views(b, node);
        return NULL;
    }
    struct value *v = value_new(b, node);
    struct term t = term_of(b, NULL, node->input[0]);
    PUSH(b->arena, v->term, v->terms, t);
    v->encode = node;
    if (node->encoder == ENCODE_BERNOULLI)
        PUSH(b->arena, b->plan->dropout, b->plan->dropouts, node);
    return v;
}

/* The source may come later: see plan_resolve. */
static void view_prev(struct builder *b, struct node *node)
{
    struct segment s = {.rows = node->size, .prev = node};
    PUSH(b->arena, b->view[node->index], b->views[node->index], s);
}

static bool ends_value(const struct node *node)
{
    return node->op == N_NEURON || node->op == N_READOUT || node->op == N_ENCODE;
}

/* Whether the reader of the node can go on where it stopped, so that it need not reach memory. */
static bool stays_open(struct builder *b, const struct node *node, const struct node *reader)
{
    if (b->readers[node->index] != 1 || !reader || reader->layer != node->layer)
        return false;
    if (b->loops[node->index] != b->loops[reader->index])
        return false;
    if (is_direct(b->plan, node))
        return false;
    bool pooled = node->op == N_MAXPOOL || node->op == N_AVGPOOL;
    switch (reader->op) {
    case N_MAP:
    case N_DROPOUT:
    case N_AFFINE:
        if (b->open[node->index]->neuron) /* what is dropped of it */
            return reader->op == N_DROPOUT;
        return !pooled && !ends_value(node);
    case N_FLIP:
    case N_CROP:
        return !pooled;
    case N_NEURON: /* is the whole chain of its value */
        return b->open[node->index]->links == 0 && !b->open[node->index]->norm && !pooled &&
               !ends_value(node);
    case N_SUM:
        return node->op == N_DENSE || node->op == N_CONV || node->op == N_SUM;
    default:
        return false;
    }
}

/* The input goes on only through its transforms: operators on it belong to the layers. */
static bool input_stays_open(struct builder *b, const struct node *node, const struct node *reader)
{
    return reader && (reader->op == N_AFFINE || reader->op == N_FLIP || reader->op == N_CROP) &&
           stays_open(b, node, reader);
}

static struct value *open_node(struct builder *b, struct node *node)
{
    switch (node->op) {
    case N_INPUT: {
        struct value *v = value_new(b, node);
        v->is_input = true;
        b->plan->input = v;
        return v;
    }
    case N_AFFINE:
    case N_FLIP:
    case N_CROP:
    case N_MAP:
    case N_DROPOUT:
        return open_link(b, node);
    case N_DENSE:
    case N_CONV:
        return open_dense(b, node);
    case N_MAXPOOL:
    case N_AVGPOOL:
        return open_pool(b, node);
    case N_BATCHNORM:
        return open_norm(b, node);
    case N_SUM:
        return open_sum(b, node);
    case N_CONCAT:
        join_views(b, node);
        return NULL;
    case N_NEURON:
        return open_neuron(b, node);
    case N_READOUT:
        return open_readout(b, node);
    case N_ENCODE:
        return open_encoder(b, node);
    case N_PREV:
        view_prev(b, node);
        return NULL;
    }
    bug("operator %d", (int)node->op);
}

/* The error at the output itself is what direct feedback sends, so its chain gets a value behind
 * it, whose sums are the output. So does an output that only stands for others, as concat does. */
static void add_plain_output(struct builder *b)
{
    struct node *node = b->plan->net->output->value;
    struct value *v = value_new(b, node);
    struct term t = term_of(b, NULL, node);
    PUSH(b->arena, v->term, v->terms, t);
    v->is_copy = true;
    finish(b, node, v);
    b->plan->output = v;
}

static void build_values(struct builder *b)
{
    struct net *net = b->plan->net;
    struct node **reader = NEW_ARRAY(b->arena, net->node_count, struct node *);
    for (int i = 0; i < net->node_count; i++)
        for (int k = 0; k < net->node[i]->input_count; k++) {
            b->readers[net->node[i]->input[k]->index]++;
            reader[net->node[i]->input[k]->index] = net->node[i];
        }
    for (int i = 0; i < net->node_count; i++)
        if (net->node[i]->op == N_PREV) {
            b->readers[net->node[i]->source->index]++;
            reader[net->node[i]->source->index] = net->node[i];
        }
    for (int i = 0; i < net->node_count; i++) {
        struct node *node = net->node[i];
        struct value *v = open_node(b, node);
        if (!v)
            continue;
        b->open[i] = v;
        b->plan->home[i] = v;
        v->has_neurons |= node == node->layer->neurons;
        bool on =
            v->is_input ? input_stays_open(b, node, reader[i]) : stays_open(b, node, reader[i]);
        if (!on)
            finish(b, node, v);
        if (node == net->output->value)
            b->plan->output = v;
    }
    if (!b->plan->output || (net->learn == LEARN_DIRECT_FEEDBACK && b->plan->output->links))
        add_plain_output(b);
    b->plan->output->is_output = true;
}

static void note_use(struct builder *b, struct value *by, int term, int64_t column,
                     const struct segment *s)
{
    struct use u = {by, term, s->from, column, s->rows, s->delay};
    PUSH(b->arena, s->value->use, s->value->uses, u);
}

/* With direct feedback nothing passes from a layer to another, nor into neurons from behind. */
static bool passes_error(const struct plan *p, const struct value *to, const struct value *from)
{
    return p->net->learn != LEARN_DIRECT_FEEDBACK || (to->layer == from->layer && !to->is_direct);
}

/* Whether that is new. The error of the output is needed wherever it is sent. */
static bool find_learns(struct plan *p, struct value *v)
{
    bool learns = v == p->output || v->norm || (v->neuron && v->neuron->neuron->learnables);
    for (int t = 0; t < v->terms; t++) {
        learns |= v->term[t].dense != NULL;
        for (int s = 0; s < v->term[t].segments; s++)
            learns |= v->term[t].segment[s].value->learns &&
                      passes_error(p, v->term[t].segment[s].value, v);
    }
    bool found = learns && !v->learns;
    v->learns = learns;
    return found;
}

static void connect(struct builder *b, struct value *v)
{
    for (int t = 0; t < v->terms; t++) {
        int64_t column = 0;
        for (int s = 0; s < v->term[t].segments; s++) {
            struct segment *g = &v->term[t].segment[s];
            note_use(b, v, t, column, g);
            column += g->rows;
            g->value->turned |= v->term[t].dense && !is_conv(&v->term[t]);
        }
    }
    find_learns(b->plan, v);
}

/* Values that are read before they are computed, one time step later, may learn. */
static void find_late_learns(struct plan *p)
{
    bool found = p->net->steps > 0;
    while (found) {
        found = false;
        for (int i = 0; i < p->values; i++)
            found |= find_learns(p, p->value[i]);
    }
}

static struct plan *plan_once(struct arena *arena, struct net *net, bool fuse,
                              const struct crossover *crossover)
{
    struct plan *p = NEW(arena, struct plan);
    p->arena = arena;
    p->net = net;
    p->fuse = fuse;
    p->crossover = crossover;
    p->loop_first = p->loop_last = -1;
    p->columns = net->batch <= 16 ? 16 : round_up(net->batch, 32);
    struct builder b = {.plan = p, .arena = arena, .names = names_new(arena)};
    b.readers = NEW_ARRAY(arena, net->node_count, int);
    b.open = NEW_ARRAY(arena, net->node_count, struct value *);
    b.view = NEW_ARRAY(arena, net->node_count, struct segment *);
    b.views = NEW_ARRAY(arena, net->node_count, int);
    b.loops = plan_looping(arena, net);
    p->names = b.names;
    p->home = NEW_ARRAY(arena, net->node_count, struct value *);
    build_values(&b);
    if (net->steps) {
        plan_resolve(p, b.view, b.views);
        plan_stages(p);
    }
    plan_signals(p);
    for (int i = 0; i < p->values; i++) {
        struct value *v = p->value[i];
        connect(&b, v);
        for (int k = 0; v->is_input && k < v->links; k++)
            if (v->chain[k]->op == N_FLIP || v->chain[k]->op == N_CROP)
                PUSH(arena, p->dropout, p->dropouts, v->chain[k]);
        if (!v->is_input)
            plan_chain(p, v);
        if (v->neuron) {
            v->recall = plan_recall(p, v);
            p->held |= v->recall->held;
        }
    }
    find_late_learns(p);
    plan_fields(p);
    plan_rules(p);
    plan_gradients(p);
    plan_fusion(p);
    plan_forms(p);
    plan_memory(p);
    return p;
}

/* Of the layers that can be csr without having been asked for, the one with the least weights. */
static const struct layer *least_csr(const struct plan *p)
{
    const struct layer *found = NULL;
    int64_t least = INT64_MAX;
    for (int i = 0; i < p->values; i++) {
        const struct value *v = p->value[i];
        int64_t weights = 0;
        for (int t = 0; t < v->terms; t++)
            weights += v->term[t].dense ? v->rows * v->term[t].rows : 0;
        if (v->form && plan_crossover(p, v->layer) < 0 && weights < least) {
            least = weights;
            found = v->layer;
        }
    }
    return found;
}

/* What csr needs beside the weights (an index, inputs kept for longer) is little next to them, but
 * in small nets. There layers go without, so that a net takes no more than 15 % more memory than it
 * does without csr. */
struct plan *plan_net(struct arena *arena, struct net *net, bool fuse,
                      const struct crossover *crossover)
{
    static const struct crossover never[] = {{NULL, 0}};
    /* decided for the plan with fusion: --no-fuse changes no bit */
    struct plan *p = plan_once(arena, net, true, crossover);
    const struct layer *out = least_csr(p);
    size_t most = out ? plan_once(arena, net, true, never)->train_bytes / 100 * 115 : 0;
    while (out && p->train_bytes > most) {
        struct crossover *list = NULL, without = {out->name, 0};
        int count = 0;
        PUSH(arena, list, count, without);
        for (const struct crossover *c = crossover;; c++) {
            PUSH(arena, list, count, *c);
            if (!c->layer)
                break;
        }
        crossover = list;
        p = plan_once(arena, net, true, crossover);
        out = least_csr(p);
    }
    return fuse ? p : plan_once(arena, net, false, crossover);
}
