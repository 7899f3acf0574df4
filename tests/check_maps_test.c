/* Good models with maps: what the checked network must hold. Wrong ones are in errors/. */
#include "net_try.h"

static bool has_shape(const struct shape *shape, const char *want)
{
    const char *got = shape_text(arena, shape);
    if (strcmp(got, want) == 0)
        return true;
    note("got %s, not %s", got, want);
    return false;
}

static void test_conv(void)
{
    struct net *net =
        check("input x[4, 9, 11];\n"
              "layer a = x |> conv(6, kernel = 3) |> relu;\n"
              "layer b = x |> conv(6, (3, 2), stride = (2, 3), pad = (1, 0)) |> tanh;\n"
              "layer c = a |> conv(4, 1, groups = 2, bias = false, init = zeros);\n"
              "layer d = c |> conv(8, kernel = 9, pad = 1);\n"
              "layer e = ((b |> dense(3)) + (d |> dense(3))) |> relu;\n"
              "output y = e |> dense(3);\n");
    if (!ok(net != NULL, "convolutions are accepted"))
        return;
    const struct node *a = layer_of(net, "a")->branch[0], *b = layer_of(net, "b")->branch[0];
    const struct node *c = layer_of(net, "c")->branch[0], *d = layer_of(net, "d")->branch[0];
    ok(has_shape(&a->shape, "[6, 7, 9]") && a->groups == 1 && a->window.stride[1] == 1 &&
           a->window.pad[0] == 0,
       "a kernel takes its size less one from each side");
    ok(has_shape(&b->shape, "[6, 5, 4]") && b->window.size[0] == 3 && b->window.size[1] == 2 &&
           b->window.stride[0] == 2 && b->window.stride[1] == 3 && b->window.pad[0] == 1 &&
           b->window.pad[1] == 0,
       "unequal sides, rounded down");
    ok(has_shape(&d->shape, "[8, 1, 3]"), "a kernel as large as the padded map");
    ok(has_shape(&a->weight->shape, "[6, 4, 3, 3]") && a->weight->fan_in == 36 &&
           a->weight->fan_out == 54 && a->weight->decays,
       "its weights, a kernel for each pair of channels");
    ok(has_shape(&a->bias->shape, "[6]") && !a->bias->decays, "a bias for each channel");
    ok(has_shape(&c->weight->shape, "[4, 3, 1, 1]") && c->groups == 2 && !c->bias &&
           c->weight->init == INIT_ZEROS,
       "groups see their own channels");
    ok(a->weight->init == INIT_HE_UNIFORM && b->weight->init == INIT_GLOROT_UNIFORM,
       "how they start");
    ok(layer_of(net, "e")->branch[0]->weight->fan_in == 120, "dense reads maps flat");
}

static void test_pools(void)
{
    struct net *net =
        check("block whole(size) = avgpool(size);\n"
              "let many = 2;\n"
              "input x[2, 9, 7];\n"
              "layer a = x |> conv(4, 3, pad = 1) |> maxpool(many) |> relu;\n"
              "layer b = x |> conv(4, 3, pad = 1) |> relu |> avgpool((3, 2), stride = 2, "
              "pad = 1) |> dropout(0.5);\n"
              "layer c = a |> maxpool(2, 1);\n"
              "layer d = concat(a, a) |> whole(all);\n"
              "layer f = concat(b, b |> avgpool(1)) |> whole(3);\n"
              "output y = (c |> dense(2)) + (d |> dense(2)) + (f |> dense(2));\n");
    if (!ok(net != NULL, "pools are accepted"))
        return;
    const struct layer *a = layer_of(net, "a"), *b = layer_of(net, "b");
    ok(has_shape(&a->value->shape, "[4, 4, 3]") && a->value->input[0]->window.stride[0] == 2,
       "a pool strides by its size, and rounds down");
    ok(has_shape(&b->value->shape, "[4, 5, 4]"), "unequal sides, with padding");
    ok(a->neurons == a->value && a->branch[0]->weight->init == INIT_HE_UNIFORM,
       "a function behind a pool makes the neurons, and tells how weights start");
    ok(b->neurons->op == N_MAP && has_shape(&b->neurons->shape, "[4, 9, 7]"),
       "the neurons stand before pools and dropout");
    ok(has_shape(&layer_of(net, "c")->value->shape, "[4, 3, 2]"), "a stride of its own");
    const struct layer *d = layer_of(net, "d"), *f = layer_of(net, "f");
    ok(has_shape(&d->value->shape, "[8, 1, 1]") && d->value->window.size[0] == 4 &&
           d->value->window.size[1] == 3 && d->neurons->op == N_CONCAT,
       "the whole map, also by a block's parameter");
    ok(has_shape(&f->value->shape, "[8, 1, 1]") && f->value->window.size[1] == 3,
       "and a number by the same");
}

static void test_batchnorm(void)
{
    struct net *net = check("input x[3, 6, 6];\n"
                            "layer a = x |> batchnorm |> conv(4, 3, bias = false)\n"
                            "    |> batchnorm(momentum = 0.5, epsilon = 1e-3) |> relu;\n"
                            "layer b = a |> dense(5) |> batchnorm;\n"
                            "output y = b |> dropout(0.5) |> dense(2);\n");
    if (!ok(net != NULL, "batch norm is accepted"))
        return;
    const struct layer *a = layer_of(net, "a"), *b = layer_of(net, "b");
    const struct node *first = a->branch[0]->input[0], *second = a->value->input[0];
    ok(first->op == N_BATCHNORM && first->momentum == 0.1 && first->epsilon == 1e-5 &&
           second->momentum == 0.5 && second->epsilon == 1e-3,
       "its defaults and arguments");
    is_text(first->name, "a.batchnorm", "its name");
    is_text(second->name, "a.batchnorm2", "the name of a second one");
    is_text(second->weight->name, "a.batchnorm2.weight", "its scale");
    is_text(second->bias->name, "a.batchnorm2.bias", "its shift");
    ok(has_shape(&second->weight->shape, "[4]") && second->weight->init == INIT_CONSTANT &&
           second->weight->value == 1 && second->bias->init == INIT_ZEROS &&
           !second->weight->decays && second->weight->node == second,
       "one for each channel, which do nothing at first");
    ok(has_shape(&b->value->bias->shape, "[5]") && b->neurons == b->value,
       "of units; they are the layer's neurons");
    ok(a->branch_count == 1 && a->branch[0]->weight->init == INIT_HE_UNIFORM &&
           b->branch[0]->weight->init == INIT_GLOROT_UNIFORM,
       "weights before it start as the function behind it asks");
    ok(net->param_count == 3 * 2 + 1 + 2 + 2, "they are trained");
}

static void test_augmented(void)
{
    struct net *net = check("input x[3, 8, 6] |> scale(2, 0) |> scale(1, 1) |> crop(2) |> crop(0)\n"
                            "    |> flip |> normalize(mean = 1, deviation = (1, 2, 4));\n"
                            "output y = x |> dense(2);\n");
    if (!ok(net != NULL, "flips and crops are accepted"))
        return;
    const struct node *n = net->input->value;
    ok(n->op == N_AFFINE && n->channels == 3 && n->scale[2] == 0.25 && n->shift[2] == -0.25 &&
           n->input[0]->op == N_FLIP && n->input[0]->input[0]->op == N_CROP,
       "they stand in the order in which they are written");
    ok(n->input[0]->input[0]->pad == 2 && has_shape(&n->shape, "[3, 8, 6]"),
       "a crop is as large as the image");
    const struct node *first = n->input[0]->input[0]->input[0];
    ok(first->op == N_AFFINE && first->scale[0] == 2 && first->shift[0] == 1 &&
           first->input[0]->op == N_INPUT && net->node_count == 6,
       "scales between them are one");
}

static void test_dump(void)
{
    struct net *net = check("input x[2, 9, 7] |> crop(1);\n"
                            "layer a = x |> conv(4, (3, 2), stride = 2, groups = 2) |> batchnorm "
                            "|> maxpool(2);\n"
                            "output y = a |> dense(2);\n");
    struct text text = text_new(arena);
    dump_net(&text, net);
    ok(strstr(text.bytes, "%1 = crop %0 pad 1 : [2, 9, 7]\n") &&
           strstr(text.bytes, "%2 = conv %1 window 3 * 2 stride 2 * 2 pad 0 * 0 groups 2 weight "
                              "a.weight bias a.bias : [4, 4, 3]\n") &&
           strstr(text.bytes, "%3 = batchnorm %2 weight a.batchnorm.weight bias a.batchnorm.bias "
                              "momentum 0.1 epsilon 1e-05 : [4, 4, 3]\n") &&
           strstr(text.bytes, "%4 = maxpool %3 window 2 * 2 stride 2 * 2 pad 0 * 0 : [4, 2, 1]\n"),
       "they can be printed");
}

int main(void)
{
    arena = arena_new();
    test_conv();
    test_pools();
    test_batchnorm();
    test_augmented();
    test_dump();
    arena_free(arena);
    return tap_done();
}
