/* What the language has and the plan cannot lower yet: a checked network goes in, an error at the
 * first operator of each such kind comes out. */
#include "plan.h"

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
        return NULL;
    case N_FLIP:
        return "flip";
    case N_CROP:
        return "crop";
    }
    bug("operator %d", (int)n->op);
}

bool plan_can_lower(const struct net *net, struct diag *diag)
{
    unsigned seen = 0;
    for (int i = 0; i < net->node_count; i++) {
        const struct node *n = net->node[i];
        const char *what = not_lowered(n);
        if (!what || (seen >> n->op & 1))
            continue;
        seen |= 1u << n->op;
        diag_error(diag, n->loc, "'%s' is not compiled yet", what);
    }
    return !seen;
}
