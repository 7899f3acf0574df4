/* The part of a comparison that belongs to batch norm: its running moments. */
#include "compare_inner.h"

static const char *moment_name(struct comparison *c, const struct node *node, const char *which)
{
    return arena_format(c->arena, "%s.running_%s", node->name, which);
}

bool has_moments(struct comparison *c, int *expected)
{
    for (int k = 0; k < c->net->node_count; k++) {
        const struct node *node = c->net->node[k];
        int64_t channels = reference_channels(node);
        if (node->op != N_BATCHNORM)
            continue;
        *expected += 2;
        if (!has_tensor(c, moment_name(c, node, "mean"), PLAST_STATE, 1, &channels) ||
            !has_tensor(c, moment_name(c, node, "var"), PLAST_STATE, 1, &channels))
            return false;
    }
    return true;
}

void synchronise_moments(struct comparison *c)
{
    for (int k = 0; k < c->net->node_count; k++) {
        const struct node *node = c->net->node[k];
        if (node->op != N_BATCHNORM)
            continue;
        copy_tensor(c, moment_name(c, node, "mean"), &c->reference->running_mean[k]);
        copy_tensor(c, moment_name(c, node, "var"), &c->reference->running_variance[k]);
    }
}

bool same_moments(struct comparison *c)
{
    for (int k = 0; k < c->net->node_count; k++) {
        const struct node *node = c->net->node[k];
        if (node->op == N_BATCHNORM &&
            (!same_tensor(c, moment_name(c, node, "mean"), &c->reference->running_mean[k]) ||
             !same_tensor(c, moment_name(c, node, "var"), &c->reference->running_variance[k])))
            return false;
    }
    return true;
}
