/* What can be said only when the whole network is known: which weights start how, whether
 * everything reaches the output, and whether the sizes fit a machine. */
#include "check.h"

#include <float.h>
#include <math.h>

/* f(8) > 4 and |f(-8)| < 4: what grows on one side only. */
static bool is_rectifier(const struct net *net, const struct node *map, const char *x)
{
    double up, down;
    return value_at_start(net, map->map, x, 8, &up) &&
           value_at_start(net, map->map, x, -8, &down) && up > 4 && fabs(down) < 4;
}

/* The first function each node's value meets, found from the end: nodes know only what enters. */
static const struct node **find_first_maps(struct check *check)
{
    struct net *net = check->net;
    const struct node **first = NEW_ARRAY(check->arena, net->node_count, const struct node *);
    for (int i = net->node_count; i-- > 0;) {
        const struct node *n = net->node[i];
        const struct node *met = n->op == N_MAP ? n
                                 : n->op == N_DENSE || n->op == N_CONV || n->op == N_NEURON
                                     ? NULL
                                     : first[i];
        for (int k = 0; met && k < n->input_count; k++)
            first[n->input[k]->index] = met;
    }
    return first;
}

static void choose_inits(struct check *check)
{
    struct net *net = check->net;
    const struct node **first = find_first_maps(check);
    const char *x = intern(check->arena, "x");
    for (int i = 0; i < net->param_count; i++) {
        struct param *p = net->param[i];
        if (check->init_chosen[i])
            continue;
        const struct node *map = first[p->node->index];
        p->init = map && is_rectifier(net, map, x) ? INIT_HE_UNIFORM : INIT_GLOROT_UNIFORM;
    }
}

static void check_reach(struct check *check)
{
    struct net *net = check->net;
    bool *reached = NEW_ARRAY(check->arena, net->node_count, bool);
    reached[net->output->value->index] = true;
    for (bool more = true; more;) { /* what `prev` names may stand later */
        more = false;
        for (int i = net->node_count; i-- > 0;) {
            const struct node *n = net->node[i];
            for (int k = 0; reached[i] && k < n->input_count; k++)
                reached[n->input[k]->index] = true;
            if (!reached[i] || !n->source || reached[n->source->index])
                continue;
            reached[n->source->index] = true;
            more = true;
        }
    }
    for (int i = 0; i < net->layer_count; i++) {
        const struct layer *layer = net->layer[i];
        if (reached[layer->value->index])
            continue;
        diag_error(check->diag, layer->loc, "'%s' does not reach the output, so it cannot learn",
                   layer->name);
        diag_note(check->diag, net->output->loc, "the output is this");
    }
    if (net->param_count == 0)
        diag_error(check->diag, net->output->loc, "nothing in this network has weights to learn");
}

/* Roughly what training needs at least, so that whoever computes with sizes cannot overflow. */
static void check_bytes(struct check *check)
{
    struct net *net = check->net;
    double weights = 0, values = 0;
    for (int i = 0; i < net->param_count; i++)
        weights += (double)shape_size(&net->param[i]->shape);
    for (int i = 0; i < net->node_count; i++)
        values += (double)net->node[i]->size * (net->node[i]->timed ? (double)net->steps : 1);
    double bytes = 4 * (weights + values * (double)net->batch);
    if (bytes <= MOST_BYTES)
        return;
    diag_error(check->diag, net->loc, "'%s' needs more than %.0f bytes to train", net->name,
               MOST_BYTES);
    diag_note(check->diag, (struct loc){0},
              "4 bytes * (%.0f weights + %lld samples * %.0f values) = %.0f", weights,
              (long long)net->batch, values, bytes);
}

/* Whether the values of a node may differ from step to step. */
static void find_varying(struct net *net)
{
    for (int i = 0; i < net->node_count; i++) {
        struct node *n = net->node[i];
        bool varies = (n->op == N_INPUT && net->frames) || n->op == N_PREV ||
                      (n->op == N_NEURON && n->neuron->states > 0) ||
                      (n->op == N_ENCODE && n->encoder != ENCODE_DIRECT);
        for (int k = 0; k < n->input_count; k++)
            varies = varies || n->input[k]->varies;
        n->varies = n->timed && varies;
    }
}

/* Learnables of neurons, now that all that a run knows when it starts is read. */
static void set_initials(struct check *check)
{
    for (int i = 0; i < check->initials; i++) {
        const struct initial *initial = &check->initial[i];
        double *value = &initial->param->value;
        if (value_at_start(check->net, initial->value, NULL, 0, value) && fabs(*value) <= FLT_MAX)
            continue;
        diag_error(check->diag, initial->loc, "'%s' has no finite value when a run starts",
                   initial->param->name);
        diag_note(check->diag, initial->value->loc, "it would be this");
    }
}

static void put_output_last(struct net *net)
{
    int to = 0;
    for (int i = 0; i < net->layer_count; i++)
        if (net->layer[i] != net->output)
            net->layer[to++] = net->layer[i];
    net->layer[to] = net->output;
}

void finish_net(struct check *check)
{
    struct net *net = check->net;
    if (net->loss == LOSS_CROSS_ENTROPY && net->output->value->size < 2) {
        diag_error(check->diag, check->only[ST_LOSS]->name.loc,
                   "cross_entropy tells classes apart, and there is only one output");
        diag_note(check->diag, net->output->loc, "'%s' is [1]", net->output->name);
    }
    put_output_last(net);
    find_varying(net);
    set_initials(check);
    choose_inits(check);
    check_reach(check);
    check_bytes(check);
}
