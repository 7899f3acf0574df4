/* Operators on maps: convolution, pooling, and batch norm, which knows channels. A call with its
 * arguments sorted goes in, its node comes out. */
#include "check.h"

#include <string.h>

/* What an argument is as a word, also where a block's parameter stands for it; NULL: a number. */
static const char *word_of(const struct context *c, const struct expr *e)
{
    if (e->kind != E_NAME)
        return NULL;
    for (int i = 0; i < c->bindings; i++)
        if (c->binding[i].name == e->name)
            return c->binding[i].choice;
    return is_word(e->name) && !find_symbol(c, T_VALUE, e->name) ? e->name : NULL;
}

/* One number for both sides, or two: height, width. */
static bool read_pair(const struct context *c, struct expr *e, const char *what, double least,
                      int64_t pair[2])
{
    double value = least;
    bool good = true;
    if (e->kind == E_TUPLE && e->count != 2) {
        diag_error(c->check->diag, e->loc, "%s is a number or (height, width), not %d numbers",
                   what, e->count);
        return false;
    }
    for (int i = 0; i < 2; i++) {
        if (i == 0 || e->kind == E_TUPLE)
            good = resolve_whole(c, e->kind == E_TUPLE ? e->arg[i] : e, what, least, 1e6, &value) &&
                   good;
        pair[i] = (int64_t)value;
    }
    return good;
}

struct node *make_conv(const struct context *c, struct expr *call, struct node *input,
                       struct expr **arg)
{
    struct check *check = c->check;
    double channels, groups = 1, bias = 1;
    struct window window = {.stride = {1, 1}};
    struct weights w = {.init = INIT_ZEROS};
    double most = (double)MOST_UNITS;
    bool good = resolve_whole(c, arg[0], "the number of channels", 1, most, &channels);
    good = read_pair(c, arg[1], "a kernel", 1, window.size) && good;
    good = (!arg[2] || read_pair(c, arg[2], "a stride", 1, window.stride)) && good;
    good = (!arg[3] || read_pair(c, arg[3], "a pad", 0, window.pad)) && good;
    good = (!arg[4] || resolve_whole(c, arg[4], "the number of groups", 1, most, &groups)) && good;
    good = (!arg[5] || resolve_constant(c, arg[5], "bias", &bias)) && good;
    good = (!arg[6] || read_init(c, arg[6], &w.init, &w.init_chosen)) && good;
    if (!good || !input || !may_weigh(check, call, input))
        return NULL;
    struct node *n = new_node(check, N_CONV, call, &input, 1);
    if (!n)
        return NULL;
    n->window = window;
    n->groups = (int64_t)groups;
    check->origin[n->index].detail = arg[4] ? arg[4] : call;
    w.units = (int64_t)channels;
    w.bias = bias != 0;
    add_branch(check, n, &w);
    return settle_node(check, n);
}

/* `all`: one window as large as the map, whose size is not known before the map's is. */
static struct node *pool_all(const struct context *c, const struct expr *call, struct node *input,
                             struct expr **arg)
{
    struct check *check = c->check;
    if (arg[1] || arg[2]) {
        diag_error(check->diag, (arg[1] ? arg[1] : arg[2])->loc,
                   "'%s(all)' takes the whole map: there is no stride and no pad", call->name);
        return NULL;
    }
    struct node *n = input ? new_node(check, N_AVGPOOL, call, &input, 1) : NULL;
    return n ? settle_node(check, n) : NULL;
}

struct node *make_pool(const struct context *c, enum node_op op, struct expr *call,
                       struct node *input, struct expr **arg)
{
    struct check *check = c->check;
    struct window window = {0};
    const char *word = word_of(c, arg[0]);
    if (word && strcmp(word, "all") == 0 && op == N_AVGPOOL)
        return pool_all(c, call, input, arg);
    if (word && strcmp(word, "all") == 0) {
        diag_error(check->diag, arg[0]->loc, "only 'avgpool' can take the whole map");
        return NULL;
    }
    bool good = read_pair(c, arg[0], "a window", 1, window.size);
    memcpy(window.stride, window.size, sizeof window.stride);
    good = (!arg[1] || read_pair(c, arg[1], "a stride", 1, window.stride)) && good;
    good = (!arg[2] || read_pair(c, arg[2], "a pad", 0, window.pad)) && good;
    for (int i = 0; good && i < 2; i++)
        if (window.pad[i] >= window.size[i]) {
            diag_error(check->diag, arg[2]->loc, "a pad of %lld is not smaller than the window",
                       (long long)window.pad[i]);
            diag_note(check->diag, arg[0]->loc, "which is %lld: it would hold nothing but padding",
                      (long long)window.size[i]);
            good = false;
        }
    struct node *n = good && input ? new_node(check, op, call, &input, 1) : NULL;
    if (!n)
        return NULL;
    n->window = window;
    return settle_node(check, n);
}

/* "h1.batchnorm", of a second one in the layer "h1.batchnorm2". */
const char *tensor_group(struct check *check, const struct layer *layer, enum node_op op,
                         const char *name)
{
    int count = 1;
    for (int i = 0; i < check->net->node_count; i++) {
        const struct node *n = check->net->node[i];
        count += n->layer == layer && n->op == op && (!n->neuron || n->neuron->name == name);
    }
    return count > 1 ? arena_format(check->arena, "%s.%s%d", layer->name, name, count)
                     : arena_format(check->arena, "%s.%s", layer->name, name);
}

static bool read_within(const struct context *c, struct expr *e, const char *what, double most,
                        double *value)
{
    if (!e)
        return true;
    if (!resolve_constant(c, e, what, value))
        return false;
    if (*value > 0 && *value <= most)
        return true;
    diag_error(c->check->diag, e->loc, "%s must be above 0 and at most %s, it is %s", what,
               number_text(c->check->arena, most), number_text(c->check->arena, *value));
    return false;
}

struct node *make_batchnorm(const struct context *c, struct expr *call, struct node *input,
                            struct expr **arg)
{
    struct check *check = c->check;
    double momentum = 0.1, epsilon = 1e-5;
    bool good = read_within(c, arg[0], "the momentum", 1, &momentum);
    good = read_within(c, arg[1], "epsilon", 1e6, &epsilon) && good;
    if (!good || !input)
        return NULL;
    const char *name = tensor_group(check, check->layer, N_BATCHNORM, "batchnorm");
    struct node *n = new_node(check, N_BATCHNORM, call, &input, 1);
    if (!n)
        return NULL;
    struct shape shape = {1, {0}}; /* as many as there are channels */
    n->momentum = momentum;
    n->epsilon = epsilon;
    n->name = name;
    n->weight = new_param(check, n, arena_format(check->arena, "%s.weight", name), shape,
                          INIT_CONSTANT, true);
    n->weight->value = 1;
    n->bias =
        new_param(check, n, arena_format(check->arena, "%s.bias", name), shape, INIT_ZEROS, true);
    return settle_node(check, n);
}
