/* What trains and cannot be deployed or shrunk yet: a checked network goes in, an error at the
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

bool plan_can_deploy(const struct net *net, struct diag *diag)
{
    unsigned seen = 0;
    for (int i = 0; i < net->node_count; i++) {
        const struct node *n = net->node[i];
        const char *name = not_deployed(n);
        if (!name || (seen >> n->op & 1))
            continue;
        seen |= 1u << n->op;
        diag_error(diag, n->loc, "'%s' is not compiled for --deploy and --from yet", name);
    }
    return !seen;
}
