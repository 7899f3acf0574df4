/* Good models: what the checked network must hold. Wrong ones are in errors/. */
#include "net_try.h"

static void test_quick(void)
{
    struct net *net = check_with("model quick;\n"
                                 "let hidden = 300;\n"
                                 "input  image[1, 28, 28];\n"
                                 "layer  h1 = image |> dense(hidden) |> relu;\n"
                                 "layer  h2 = h1 |> dense(hidden / 3) |> tanh |> dropout(0.5);\n"
                                 "output digit = h2 |> dense(10);\n"
                                 "loss cross_entropy;\n"
                                 "optimizer sgd(rate = 0.1, momentum = 0.9);\n",
                                 NULL, 0);
    if (!ok(net != NULL, "a perceptron is accepted"))
        return;
    ok(net->node_count == 7 && net->layer_count == 4 && net->param_count == 6, "its counts");
    ok(net->input == net->layer[0] && net->output == net->layer[3], "input first, output last");
    ok(net->batch == 64 && net->epochs == 10 && net->seed == 1 && net->budget == 0, "its defaults");
    ok(net->learn == LEARN_BACKPROP && net->loss == LOSS_CROSS_ENTROPY, "how it learns");
    const struct param *w = param_of(net, "h1.weight"), *b = param_of(net, "h1.bias");
    ok(w && w->shape.rank == 2 && w->shape.dim[0] == 300 && w->shape.dim[1] == 784 &&
           w->fan_in == 784 && w->fan_out == 300 && w->decays,
       "an image is read flat by dense");
    ok(b && b->shape.rank == 1 && b->shape.dim[0] == 300 && !b->decays && b->init == INIT_ZEROS,
       "its bias");
    ok(w && w->init == INIT_HE_UNIFORM, "He before relu");
    ok(param_of(net, "h2.weight")->init == INIT_GLOROT_UNIFORM, "Glorot before tanh");
    ok(param_of(net, "digit.weight")->init == INIT_GLOROT_UNIFORM, "Glorot before nothing");
    const struct layer *h2 = layer_of(net, "h2");
    ok(h2->neurons->op == N_MAP && h2->value->op == N_DROPOUT && h2->branch_count == 1,
       "a layer's neurons stand before dropout");
    is_text(text_of(h2->neurons->map), "tanh(x)", "a primitive is a map");
    for (int i = 0; i < net->node_count; i++)
        for (int k = 0; k < net->node[i]->input_count; k++)
            if (net->node[i]->input[k]->index >= i || net->node[i]->index != i)
                ok(false, "node %d stands before what enters it", i);
}

static void test_joins(void)
{
    struct net *net =
        check("input x[6];\n"
              "layer a = x |> dense(4) |> relu;\n"
              "layer b = ((x |> dense(4)) + (a |> dense(4, bias = false)) + a) |> relu;\n"
              "layer c = concat(a, b, x);\n"
              "layer d = (c |> dense(14)) + c;\n"
              "layer e = d |> leaky_relu(slope = 0.2);\n"
              "output y = e |> dense(2);\n");
    if (!ok(net != NULL, "joins are accepted"))
        return;
    ok(count_nodes(net, N_SUM) == 2 && count_nodes(net, N_CONCAT) == 1, "one node for each join");
    const struct layer *b = layer_of(net, "b");
    ok(b->branch_count == 2 && b->branch[0]->bias && !b->branch[1]->bias, "two branches in order");
    ok(b->neurons == b->value && b->value->op == N_MAP, "neurons after the join's function");
    ok(param_of(net, "b.weight2") && !param_of(net, "b.bias2") && param_of(net, "b.bias"),
       "the second branch is weight2");
    ok(layer_of(net, "c")->value->size == 14 && layer_of(net, "c")->branch_count == 0,
       "concat adds sizes");
    ok(param_of(net, "d.weight")->init == INIT_HE_UNIFORM,
       "the first function may stand in a later layer");
    ok(param_of(net, "b.weight2")->fan_in == 4, "fan-in of a branch");
}

static void test_functions(void)
{
    struct net *net = check("function twice(x) = x + x;\n"
                            "function curve(x, k = 2, m = k + 1) = twice(x) * k + m * epoch;\n"
                            "function shadow(x, epoch) = curve(x, epoch);\n"
                            "function two = 2;\n"
                            "input x[6];\n"
                            "layer a = x |> dense(4) |> curve;\n"
                            "layer b = a |> dense(4) |> curve(k = 3);\n"
                            "layer c = b |> dense(4) |> curve(0.5 * progress, 1);\n"
                            "layer d = c |> dense(4) |> shadow(5);\n"
                            "layer e = d |> dense(two() ^ 3) |> max(0) |> clamp(-1, 1);\n"
                            "output y = e |> dense(2);\n");
    if (!ok(net != NULL, "functions are accepted"))
        return;
    is_text(text_of(layer_of(net, "a")->value->map), "(x + x) * 2 + 3 * epoch", "defaults");
    is_text(text_of(layer_of(net, "b")->value->map), "(x + x) * 3 + 4 * epoch",
            "a default follows another parameter");
    is_text(text_of(layer_of(net, "c")->value->map), "(x + x) * (0.5 * progress) + epoch",
            "arguments over the run");
    is_text(text_of(layer_of(net, "d")->value->map), "(x + x) * 5 + 6 * epoch",
            "a parameter called epoch captures nothing");
    is_text(layer_of(net, "c")->value->text, "curve(0.5 * progress, 1)", "the text of a call");
    ok(layer_of(net, "e")->branch[0]->size == 8, "functions of constants are constants");
    is_text(text_of(layer_of(net, "e")->neurons->map), "min(max(x, -1), 1)", "clamp");
}

static void test_blocks(void)
{
    struct net *net = check("block cell(n, kind = he_normal) = dense(n, init = kind) |> relu;\n"
                            "block pair(n) = cell(n) |> dropout(0.1 * n);\n"
                            "block skip(n) = ((it |> dense(n)) + it) |> tanh;\n"
                            "block act = tanh;\n"
                            "input x[6];\n"
                            "layer a = x |> pair(4);\n"
                            "layer b = a |> cell(5, zeros);\n"
                            "layer c = b |> skip(5) |> act;\n"
                            "output y = c |> dense(2, init = glorot_uniform);\n");
    if (!ok(net != NULL, "blocks are accepted"))
        return;
    ok(param_of(net, "a.weight")->init == INIT_HE_NORMAL, "a word as a default");
    ok(param_of(net, "b.weight")->init == INIT_ZEROS, "a word as an argument");
    is_text(text_of(layer_of(net, "a")->value->p), "0.4", "parameters reach what is inside");
    ok(layer_of(net, "a")->branch_count == 1 && layer_of(net, "c")->branch_count == 1,
       "weights belong to the layer");
    ok(layer_of(net, "c")->value->op == N_MAP && layer_of(net, "c")->value->input[0]->op == N_MAP,
       "an operator alone is a block");
    ok(net->node_count == 11, "every use is expanded once");
}

static void test_input(void)
{
    struct net *net = check("input x[3, 2, 2] |> scale(2, -1)\n"
                            "    |> normalize(mean = (0.5, 0.25, 0), deviation = (0.5, 1, 2));\n"
                            "output y = x |> dense(2);\n");
    if (!ok(net != NULL, "transforms are accepted"))
        return;
    const struct node *n = net->input->value;
    ok(n->op == N_AFFINE && n->channels == 3 && count_nodes(net, N_AFFINE) == 1,
       "transforms become one");
    ok(n->scale[0] == 4 && n->shift[0] == -3 && n->scale[2] == 1 && n->shift[2] == -0.5,
       "in the order they are written");
    net = check("input x[4];\noutput y = x |> dense(2);\n");
    ok(net && net->input->value->op == N_INPUT, "without transforms the input is itself");
}

static void test_optimizers(void)
{
    struct net *net = check("\noptimizer sgd(rate = 0.1);\n");
    struct optimizer *o = net->optimizer;
    ok(o->state_count == 0, "sgd without momentum has no state");
    is_text(o->text, "sgd(rate = 0.1)", "the text of an optimizer");
    net = check("\noptimizer sgd(rate = 0.1 * 0.5 ^ epoch, momentum = 0.9, decay = 1e-4);\n");
    o = net->optimizer;
    ok(o->state_count == 1 && strcmp(o->state[0].name, "velocity") == 0, "with momentum it has");
    is_text(text_of(o->body->value), "0.9 * velocity + grad + 0.0001 * w", "its velocity");
    is_text(text_of(o->body->next->value), "w - 0.1 * 0.5 ^ epoch * velocity", "its step");
    net = check("\noptimizer adam;\n");
    ok(net && net->optimizer->state_count == 2, "adam has two");
    net = check("\noptimizer adamw(rate = cosine(1e-3, 1e-5, warmup = 2));\n");
    ok(net != NULL, "a rate over the run");
}

static void test_own_optimizers(void)
{
    struct net *net =
        check("optimizer mine(rate, gate = 0) {\n"
              "    state a = 0, b = rate, unused = 3, copied = 0;\n"
              "    if (gate) { a = 0.5 * a + grad; } else { a = grad; }\n"
              "    copied = copied;\n"
              "    if (a > 0) { b += 1; step_size = rate; } else { step_size = 2 * rate; }\n"
              "    dead = a * 3;\n"
              "    w -= step_size * a;\n"
              "}\n"
              "\noptimizer mine(0.1);\n");
    if (!ok(net != NULL, "an optimizer with an if is accepted"))
        return;
    struct optimizer *o = net->optimizer;
    ok(o->state_count == 0, "states that never matter are gone: %d", o->state_count);
    ok(strcmp(o->body->target, "a") == 0 && !o->body->condition, "an if of a constant is gone");
    ok(o->body->next->condition && o->body->next->then && o->body->next->other &&
           !o->body->next->then->next,
       "assignments that nobody reads are gone from its branches");
    ok(o->body->next->next && strcmp(o->body->next->next->target, "w") == 0, "and before w");
    net = check("optimizer mine(rate, gate = 0) {\n"
                "    state a = 0;\n"
                "    if (gate) { a = 0.5 * a + grad; } else { a = grad; }\n"
                "    w -= rate * a;\n"
                "}\n"
                "\noptimizer mine(0.1, 1);\n");
    ok(net && net->optimizer->state_count == 1, "what is carried stays");
    net = check("optimizer mine(rate) { state a = 0; if (grad > 0) { a = grad; } w -= rate * a; }\n"
                "\noptimizer mine(0.1);\n");
    ok(net && net->optimizer->state_count == 1, "a state assigned sometimes is carried");
    net = check("optimizer sgd(rate) { w -= rate * (grad > 0 ? 1 : -1); }\n"
                "\noptimizer sgd(0.1);\n");
    ok(net && net->optimizer->state_count == 0, "the prelude's may be replaced");
}

static void test_definitions(void)
{
    static const char text[] = "model test;\nlet n = 4; let m = 2 * n;\ninput x[m];\n"
                               "output y = x |> dense(n);\nloss mse;\noptimizer sgd(0.1);\n";
    struct definition d[] = {{"n", "2 + 3"}, {"m", "n ^ 2"}};
    struct net *net = check_with(text, d, 0);
    ok(net && net->input->value->size == 8 && net->output->value->size == 4, "lets");
    net = check_with(text, d, 1);
    ok(net && net->input->value->size == 10 && net->output->value->size == 5, "-D of one");
    net = check_with(text, d, 2);
    ok(net && net->input->value->size == 25, "-D of two, one over the other");
    struct diag *diag = diag_new(arena);
    struct definition wrong[] = {{"nn", "2"}, {"n", "3; let k = 2"}, {"m", "zz"}};
    struct file *file = parse_text(arena, diag, "test.pl", text, strlen(text));
    ok(!check_file(arena, diag, file, wrong, 3) && diag->errors == 3, "wrong -D are errors: %d",
       diag->errors);
}

static void test_names(void)
{
    struct net *net = check("let dense = 3; let kernel = 2; let from = 1;\n"
                            "input input[4];\n"
                            "layer relu = input |> dense(dense) |> relu;\n"
                            "layer layer = relu |> dense(kernel, bias = true) |> relu;\n"
                            "output while = layer |> dense(from + 1);\n");
    ok(net != NULL, "values and operators do not collide, keywords are names");
    ok(net && param_of(net, "relu.weight") && param_of(net, "layer.bias"), "and tensors");
}

/* --- rules */

/* A net of two layers (two branches in the first) with these definitions and attachments. */
static struct net *attach(const char *definitions, const char *attachments)
{
    return check(arena_format(arena,
                              "%s\ninput x[8];\n"
                              "layer h = ((x |> dense(5)) + (x |> dense(5))) |> relu;\n"
                              "output y = h |> dense(3);\nloss mse;\nepochs 9;\n"
                              "\noptimizer sgd(rate = 0.1);\n%s\n",
                              definitions, attachments));
}

static const struct rule *rule_of(const char *definitions, const char *attachments)
{
    struct net *net = attach(definitions, attachments);
    bool good = net && net->rule_count == 1;
    if (!ok(good, "accepted: %s", attachments))
        return NULL;
    return net->rule[0];
}

static int count_states(const struct rule *rule)
{
    int count = 0;
    for (int i = 0; i < rule->value_count; i++)
        count += rule->value[i].is_state;
    return count;
}

static int count_list(const struct rule_stmt *s, int kind)
{
    int count = 0;
    for (; s; s = s->next)
        count += (kind < 0 || s->kind == (enum rule_kind)kind) + count_list(s->then, kind) +
                 count_list(s->other, kind);
    return count;
}

static int count_stmts(const struct rule *rule, int kind)
{
    int count = 0;
    for (int i = 0; i < PHASES; i++)
        count += count_list(rule->phase[i], kind);
    return count;
}

static void test_prelude_rules(void)
{
    static const struct {
        const char *text;
        int states, stmts, reductions;
    } all[] = {
        {"plasticity grapes on h;", 0, 3, 2},
        {"plasticity grapes_local(high = 3) on h;", 0, 3, 2},
        {"plasticity spine(patience = 3) on h;", 6, 33, 1},
        {"plasticity spine(patience = 18, extreme = 1) on h from epoch 1;", 6, 33, 1},
        {"prune unused(fraction = 0.8) on h;", 2, 8, 0},
        {"prune unused(fraction = 0.8, ramp = 0.5) on h;", 3, 10, 0},
        {"prune dpap_neurons on h;", 6, 26, 7},
        {"prune dpap_neurons(keep = 1) on h;", 6, 24, 7},
        {"prune dpap_synapses on h;", 5, 16, 2},
        {"prune magnitude on h;", 1, 4, 0},
        {"prune magnitude(ramp = 0) on h;", 0, 2, 0},
        {"prune random_drop on h each 10 steps;", 1, 5, 0},
        {"prune sdsnn on h;", 5, 26, 5},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct rule *rule = rule_of("", all[i].text);
        if (!rule)
            continue;
        int states = count_states(rule), stmts = count_stmts(rule, -1);
        int reductions = count_stmts(rule, RULE_REDUCE);
        ok(states == all[i].states && stmts == all[i].stmts && reductions == all[i].reductions,
           "it has %d states, %d statements, %d reductions", all[i].states, all[i].stmts,
           all[i].reductions);
        if (states != all[i].states || stmts != all[i].stmts || reductions != all[i].reductions)
            note("%d, %d, %d", states, stmts, reductions);
    }
}

static void test_rule_parts(void)
{
    const struct rule *rule = rule_of("", "plasticity spine(patience = 1, extreme = 1) on h[2];");
    const struct rule_stmt *s = rule ? rule->phase[PHASE_SETUP] : NULL;
    ok(s && s->kind == RULE_REDUCE && s->reduction == REDUCE_MAX && s->from == SPACE_SYNAPSE &&
           s->space == SPACE_LAYER,
       "an argument chooses a branch, the reduction is the statement");
    ok(rule && rule->value[0].name == s->target && !rule->value[0].stored &&
           rule->value[1].is_state && rule->value[1].stored,
       "what only initial values read is not stored");
    ok(rule && rule->on_count == 1 && rule->on[0].node == rule->on[0].layer->branch[1] &&
           strcmp(rule->on[0].name, "h.spine") == 0,
       "the second branch");
    rule = rule_of("", "plasticity spine(scale = 2) on h;");
    s = rule ? rule->phase[PHASE_SETUP] : NULL;
    ok(s && s->kind == RULE_REDUCE && s->reduction == REDUCE_RMS && s->next->kind == RULE_SET,
       "a reduction inside is hoisted");
    is_text(s ? text_of(s->next->value) : "", "2 * size_rms", "what is left of it");
    ok(rule && rule->value[0].temporary && rule->value[0].space == SPACE_LAYER, "in a temporary");
    rule = rule_of("", "plasticity grapes on h, y;");
    s = rule ? rule->phase[PHASE_MODULATE] : NULL;
    ok(s && s->for_error && !s->for_grad && s->space == SPACE_NEURON, "made for the error");
    ok(rule && rule->reads[PHASE_MODULATE] == (SIGNAL_W | SIGNAL_ERROR) && rule->on_count == 2,
       "what it reads");
    rule = rule_of("", "plasticity grapes_local on y;");
    s = rule ? rule->phase[PHASE_MODULATE] : NULL;
    ok(s && !s->for_error && s->for_grad, "made for the gradient");
}

static void test_rule_batches(void)
{
    const struct rule *rule = rule_of("", "prune dpap_synapses(fade = 0.25) on h;");
    const struct rule_stmt *s = rule ? rule->phase[PHASE_OBSERVE] : NULL;
    ok(s && s->kind == RULE_BATCH && s->space == SPACE_KERNEL && !s->mean, "an outer product");
    is_text(s ? text_of(s->neuron_side) : "", "trace(post, 0.25) * (trace(post, 0.25) - threshold)",
            "its neurons");
    is_text(s ? text_of(s->input_side) : "", "trace(pre, 0.25)", "its inputs");
    ok(rule && rule->reads[PHASE_OBSERVE] == (SIGNAL_TRACE_PRE | SIGNAL_TRACE_POST), "traces");
    rule = rule_of("", "prune sdsnn on h;");
    ok(rule && rule->reads[PHASE_OBSERVE] & SIGNAL_DEMAND && rule->grows && rule->drops_neurons &&
           !rule->drops_synapses && rule->prunes,
       "demand is noted, and what dies and grows");
    rule = rule_of("rule r {\n"
                   "    state neuron spread = 0; state input use = 0; state kernel k = 0;\n"
                   "    observe {\n"
                   "        spread = batch_mean((post - batch_mean(post)) ^ 2);\n"
                   "        use = batch_sum(3 * abs(pre));\n"
                   "        k += spread * batch_sum(-(pre * post) / spread * post);\n"
                   "    }\n"
                   "    adapt { w *= k * use; }\n"
                   "}\n",
                   "plasticity r on h;");
    s = rule ? rule->phase[PHASE_OBSERVE] : NULL;
    ok(s && s->kind == RULE_BATCH && s->mean && s->next->kind == RULE_BATCH, "a batch in a batch");
    s = s ? s->next->next->next : NULL;
    ok(s && s->kind == RULE_BATCH && s->space == SPACE_INPUT && !s->neuron_side, "of the inputs");
    s = s ? s->next->next : NULL;
    ok(s && s->kind == RULE_BATCH && s->space == SPACE_KERNEL, "factors in any order");
    is_text(s ? text_of(s->neuron_side) : "", "-(post / spread * post)", "neurons, with the sign");
    is_text(s ? text_of(s->input_side) : "", "pre", "and inputs");
}

static void test_rule_folding(void)
{
    static const char body[] =
        "function thrice(q) = 3 * q;\n"
        "rule r(p = 0, q = 1) {\n"
        "    layer top = p ? max(w / p) : 0;\n"
        "    state synapse a = 1, seen = 0, gone = 0;\n"
        "    state neuron b = 0;\n"
        "    observe { seen += 1; gone += p * grad; }\n"
        "    adapt {\n"
        "        if (p) { layer l = sum(b) / p; b = l; w += gone; }\n"
        "        if (q) { synapse l = top + thrice(q); w *= l + p * b; }\n"
        "        if (w > 0) { if (epoch > 2) { a = 2; } else { w = p * a; } }\n"
        "        neuron n = sum(p * w);\n"
        "        w += n;\n"
        "    }\n"
        "}\n";
    const struct rule *rule = rule_of(body, "plasticity r on h;");
    if (!rule)
        return;
    ok(count_states(rule) == 1 && rule->value[0].is_state && rule->value_count == 3,
       "states that only a branch not taken reads are gone, those never read stay");
    const struct rule_stmt *s = rule->phase[PHASE_ADAPT];
    is_text(s ? text_of(s->value) : "", "w * 3", "constants go through values");
    s = s ? s->next : NULL;
    is_text(s ? text_of(s->value) : "", "w > 0", "a condition is kept");
    rule = rule_of(body, "plasticity r(0.5) on h;");
    ok(rule && count_states(rule) == 4, "with another argument all are there");
    ok(rule && count_stmts(rule, RULE_IF) == 0, "no if is left but those of the layer");
}

static void test_rule_names(void)
{
    struct net *net = attach("rule r { state neuron n = 0; adapt { n = 1; } }\n",
                             "plasticity r on y, h[2], h until epoch 4;\n"
                             "plasticity r each 3 steps;\n"
                             "prune magnitude;\n");
    if (!ok(net && net->rule_count == 3, "three rules"))
        return;
    const struct rule *first = net->rule[0], *second = net->rule[1];
    ok(first->on_count == 3 && strcmp(first->on[0].name, "h.r") == 0 &&
           strcmp(first->on[1].name, "h.r2") == 0 && strcmp(first->on[2].name, "y.r") == 0 &&
           first->on[0].node == first->on[0].layer->branch[0],
       "layers in file order");
    ok(second->on_count == 1 && strcmp(second->on[0].name, "h.r3") == 0,
       "left out, all but the output");
    ok(first->until == 4 && first->from == 0 && first->each == 1 && !first->each_steps &&
           second->each == 3 && second->each_steps && second->until == INT64_MAX,
       "their periods");
    ok(count_states(first) == 1 && count_stmts(first, -1) == 2, "a state may be there to be seen");
    struct text text = text_new(arena);
    dump_net(&text, net);
    ok(strstr(text.bytes, "on h.weight2 as h.r2\n") && strstr(text.bytes, "drop synapse when low"),
       "they can be printed");
}

int main(void)
{
    arena = arena_new();
    test_quick();
    test_joins();
    test_functions();
    test_blocks();
    test_input();
    test_optimizers();
    test_own_optimizers();
    test_definitions();
    test_names();
    test_prelude_rules();
    test_rule_parts();
    test_rule_batches();
    test_rule_folding();
    test_rule_names();
    arena_free(arena);
    return tap_done();
}
