/* What the language has and the plan cannot lower yet: a checked network goes in, an error at the
 * first operator of each such kind comes out. */
#include "plan.h"

static const char *const readout_name[] = {"rate", "total", "last", "peak"};

/* NULL: it is. */
static const char *not_deployed(const struct node *n)
{
    switch (n->op) {
    case N_CONV:
        return "conv";
    case N_MAXPOOL:
        return "maxpool";
    case N_AVGPOOL:
        return "avgpool";
    case N_BATCHNORM:
        return "batchnorm";
    case N_NEURON:
        return n->neuron->name;
    case N_PREV:
        return "prev";
    case N_READOUT:
        return readout_name[n->readout];
    case N_ENCODE:
        return "time";
    default:
        return NULL;
    }
}

/* NULL: it is lowered. */
static const char *not_lowered(const struct node *n)
{
    switch (n->op) {
    case N_INPUT:
    case N_AFFINE:
    case N_DENSE:
    case N_SUM:
    case N_CONCAT:
    case N_MAP:
    case N_DROPOUT:
    case N_NEURON:
    case N_PREV:
    case N_READOUT:
    case N_ENCODE:
    case N_CONV:
    case N_MAXPOOL:
    case N_AVGPOOL:
    case N_BATCHNORM:
    case N_FLIP:
    case N_CROP:
        return NULL;
    }
    bug("operator %d", (int)n->op);
}

static bool refuse(const struct net *net, struct diag *diag,
                   const char *(*what)(const struct node *), const char *why)
{
    unsigned seen = 0;
    for (int i = 0; i < net->node_count; i++) {
        const struct node *n = net->node[i];
        const char *name = what(n);
        if (!name || (seen >> n->op & 1))
            continue;
        seen |= 1u << n->op;
        diag_error(diag, n->loc, "'%s' is not %s yet", name, why);
    }
    return seen != 0;
}

bool plan_can_lower(const struct net *net, struct diag *diag)
{
    return !refuse(net, diag, not_lowered, "compiled");
}

bool plan_can_deploy(const struct net *net, struct diag *diag)
{
    return !refuse(net, diag, not_deployed, "compiled for --deploy and --from");
}
