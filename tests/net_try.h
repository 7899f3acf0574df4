/* What the tests of checked networks share: a model's text becomes a net. For one file of a
 * program.
 */
#ifndef PLAST_TESTS_NET_TRY_H
#define PLAST_TESTS_NET_TRY_H

#include "net.h"
#include "tap.h"

#include <string.h>

static struct arena *arena;

TAP_UNUSED static struct net *check_with(const char *text, const struct definition *d, int count)
{
    struct diag *diag = diag_new(arena);
    struct file *file = parse_text(arena, diag, "test.pl", text, strlen(text));
    struct net *net = check_file(arena, diag, file, d, count);
    if (!net)
        diag_print(diag, stdout, DIAG_TEXT, false);
    return net;
}

/* A model of these layers; what is left out of a model that can be built is added. */
TAP_UNUSED static struct net *check(const char *statements)
{
    struct text text = text_new(arena);
    text_printf(&text, "model test;\n%s\n", statements);
    if (!strstr(statements, "input "))
        text_add(&text, "input x[8]; layer h = x |> dense(5) |> relu; output y = h |> dense(3);\n");
    if (!strstr(statements, "loss "))
        text_add(&text, "loss mse;\n");
    if (!strstr(statements, "\noptimizer "))
        text_add(&text, "optimizer sgd(rate = 0.1);\n");
    return check_with(text.bytes, NULL, 0);
}

TAP_UNUSED static char *text_of(const struct expr *e)
{
    struct text text = text_new(arena);
    if (e)
        expr_print(&text, e, EXPR_MODEL);
    return text.bytes;
}

TAP_UNUSED static void is_text(const char *got, const char *want, const char *what)
{
    if (!ok(strcmp(got, want) == 0, "%s: %s", what, want))
        note("got %s", got);
}

TAP_UNUSED static const struct layer *layer_of(const struct net *net, const char *name)
{
    for (int i = 0; i < net->layer_count; i++)
        if (strcmp(net->layer[i]->name, name) == 0)
            return net->layer[i];
    return NULL;
}

TAP_UNUSED static const struct param *param_of(const struct net *net, const char *name)
{
    for (int i = 0; i < net->param_count; i++)
        if (strcmp(net->param[i]->name, name) == 0)
            return net->param[i];
    return NULL;
}

TAP_UNUSED static int count_nodes(const struct net *net, enum node_op op)
{
    int count = 0;
    for (int i = 0; i < net->node_count; i++)
        count += net->node[i]->op == op;
    return count;
}

#endif
