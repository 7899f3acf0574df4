/* Good models with time: what the checked network must hold. Wrong ones are in errors/. */
#include "net_try.h"

#include <math.h>

static const struct neuron *neuron_of(const struct net *net, const char *layer)
{
    const struct node *n = layer_of(net, layer)->neurons;
    return n->op == N_NEURON ? n->neuron : NULL;
}

static struct net *with_neuron(const char *definition, const char *use)
{
    return check(arena_format(arena,
                              "%s\ntime 3;\ninput x[8];\nlayer h = x |> dense(5) |> %s;\n"
                              "output y = h |> dense(3) |> rate;\nepochs 4;\n",
                              definition, use));
}

/* The body of a neuron in one line: its states, its values in order, what it emits. */
static const char *body_of(const struct neuron *n)
{
    struct text text = text_new(arena);
    for (int i = 0; i < n->states; i++)
        text_printf(&text, "%s: %s -> %s; ", n->state[i].name, text_of(n->state[i].initial),
                    text_of(n->state[i].next));
    for (int i = 0; i < n->locals; i++)
        text_printf(&text, "%s = %s; ", n->local[i].name, text_of(n->local[i].value));
    text_printf(&text, "emit %s", text_of(n->emit));
    return text.bytes;
}

static void has_body(const char *definition, const char *use, const char *want, const char *what)
{
    struct net *net = with_neuron(definition, use);
    if (ok(net != NULL, "accepted: %s", what))
        is_text(body_of(neuron_of(net, "h")), want, what);
}

static void test_neurons(void)
{
    struct net *net = with_neuron("", "lif(threshold = 0.5)");
    if (!ok(net != NULL, "a spiking net is accepted"))
        return;
    const struct neuron *n = neuron_of(net, "h");
    is_text(n->name, "lif", "the name of a neuron");
    is_text(n->text, "lif(threshold = 0.5)", "its text");
    is_text(body_of(n),
            "u: 0 -> u3; u2 = u + (x - u) / 2; spike = fire(u2 - 0.5, 1 / (1 + (3.141592654 * "
            "(u2 - 0.5)) ^ 2)); u3 = u2 * (1 - detach(spike)); emit spike",
            "each value has a name of its own");
    ok(net->steps == 3 && !net->frames && net->node_count == 6, "the steps of the net");
    ok(layer_of(net, "h")->value == layer_of(net, "h")->neurons &&
           layer_of(net, "h")->branch[0]->weight->init == INIT_GLOROT_UNIFORM,
       "they are the layer's neurons; they are no function, so weights start as Glorot has them");
    net = check("time 3;\ninput x[8];\nlayer h = x |> dense(5) |> lif |> relu;\n"
                "output y = h |> dense(3) |> rate;\n");
    ok(net && param_of(net, "h.weight")->init == INIT_GLOROT_UNIFORM,
       "the function behind a neuron does not count");
}

static void test_bodies(void)
{
    has_body("neuron n(v, a = 2) { state x = a; y = v * x; x = y; emit y; }", "n(a = 3)",
             "x2: 3 -> y; y = x * x2; emit y", "what enters is x, whatever its name was");
    has_body("neuron n(v, a = 2) { k = 0; y = v * a; z = y; if (a > 1) { k = 1; } "
             "else { k = 2 * y; } emit z + k; }",
             "n", "y = x * 2; emit y + 1", "what arguments settle is gone");
    has_body("neuron n(v) { state s = 0; if (v > s) { s = v; } emit s; }", "n",
             "s: 0 -> s2; condition = x > s; s2 = condition ? x : s; emit s2",
             "an assignment in an if is a choice");
    has_body("neuron n(v) { if (v > 1) { y = log(v); } else { y = exp(v); } emit y; }", "n",
             "condition = x > 1; y2 = condition ? log(x) : exp(x); emit y2",
             "two of them are one choice");
    has_body("neuron n(v) { state s = 0; t = 1; if (v) { s += v; if (s > 2) { s = 0; t = s; } "
             "else { t = 2; } } else { s = -1; } emit s + t; }",
             "n",
             "s: 0 -> s4; s2 = x ? s + x : s; condition = x ? s2 > 2 : 0; condition2 = x and not "
             "condition; s3 = condition ? 0 : s2; t = condition ? s3 : 1; t2 = condition2 ? 2 : t; "
             "s4 = x ? s3 : -1; emit s4 + t2",
             "an if in an if");
    has_body("neuron n(v) { if (v > 0) { emit v; } else { emit exp(v); } }", "n",
             "condition = x > 0; emit condition ? x : exp(x)", "each path emits");
    has_body("neuron n(v) { state u = 0; u = 0.5 * u + v; emit u; u -= 1; }", "n",
             "u: 0 -> u3; u2 = 0.5 * u + x; u3 = u2 - 1; emit u2", "what is emitted early stays");
    has_body("neuron n(v) { state a = 0, b = 0, c = 0, d = 1; a = v; b += a; c += b; emit a * d; }",
             "n", "d: 1 -> d; emit x * d", "states that nothing reads are gone");
    has_body("neuron n(v) { state a = 0, b = 0; w = a; a = b; b = v; emit w; }", "n",
             "a: 0 -> b; b: 0 -> x; emit a", "a state may be read for another one alone");
    has_body("neuron n(v) { condition = v * v; if (condition > 1) { v2 = 1; } else { v2 = v; } "
             "x = v2; emit x * condition; }",
             "n",
             "condition = x * x; condition2 = condition > 1; v22 = condition2 ? 1 : x; "
             "emit v22 * condition",
             "no name is given twice");
    has_body("neuron n(v) { state u = 0; u += epoch * v; emit u; }", "n(  )",
             "u: 0 -> u2; u2 = u + epoch * x; emit u2", "run scalars");
}

static void test_learnables(void)
{
    struct net *net = check("neuron n(v, start = 1 / epochs) {\n"
                            "    learnable a = start, unread = 3;\n"
                            "    learnable neuron b = -start;\n"
                            "    state u = a + b;\n"
                            "    u = a * u + b * v; emit tanh(u);\n"
                            "}\n"
                            "neuron m(v) { learnable a = 2; emit a * v; }\n"
                            "time 3;\ninput x[2, 5, 4] |> latency;\n"
                            "layer h = x |> conv(3, 2) |> n |> m |> n(2 * epochs);\n"
                            "output y = h |> dense(3) |> m |> rate;\nepochs 4;\n");
    if (!ok(net != NULL, "learnables are accepted"))
        return;
    const struct param *a = param_of(net, "h.n.a"), *b = param_of(net, "h.n.b");
    const struct param *a2 = param_of(net, "h.n2.a"), *b2 = param_of(net, "h.n2.b");
    ok(a && a->shape.rank == 1 && a->shape.dim[0] == 1 && a->init == INIT_CONSTANT && !a->decays,
       "one for the layer");
    ok(b && b->shape.rank == 1 && b->shape.dim[0] == 3, "one for each channel");
    ok(a && b && a->value == 0.25 && b->value == -0.25,
       "initial values may stand before the epochs do");
    ok(a2 && b2 && a2->value == 8 && b2->value == -8, "a second neuron of that name has a number");
    ok(param_of(net, "h.m.a") && param_of(net, "y.m.a")->value == 2,
       "names are of layer and neuron");
    ok(net->param_count == 2 + 4 + 1 + 2 + 1, "what is not read is not trained");
    const struct node *last = layer_of(net, "h")->value;
    ok(last->neuron->learnable[0].param == a2 && last->neuron->learnable[1].param == b2,
       "neurons know theirs");
    is_text(text_of(last->neuron->state[0].initial), "a + b", "states may start from learnables");
}

static void test_encoders(void)
{
    static const struct {
        const char *text;
        enum encoder encoder;
        bool varies;
    } tries[] = {{"", ENCODE_DIRECT, false},
                 {" |> direct", ENCODE_DIRECT, false},
                 {" |> bernoulli(gain = 0.25)", ENCODE_BERNOULLI, true},
                 {" |> scale(2, 0) |> latency", ENCODE_LATENCY, true},
                 {" |> events", ENCODE_EVENTS, true}};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct net *net = check(arena_format(arena,
                                             "time 7;\ninput x[2, 4, 4]%s;\n"
                                             "layer h = x |> dense(3) |> relu;\n"
                                             "output y = h |> dense(2) |> last;\n",
                                             tries[i].text));
        if (!ok(net != NULL, "accepted:%s", tries[i].text))
            continue;
        const struct node *n = net->input->value;
        bool frames = tries[i].encoder == ENCODE_EVENTS;
        ok(n->op == N_ENCODE && n->encoder == tries[i].encoder && n->timed &&
               n->varies == tries[i].varies,
           "the encoder, last of all transforms");
        ok(net->frames == frames && net->node[0]->timed == frames && net->node[0]->varies == frames,
           "whether the data has a time axis");
        ok(layer_of(net, "h")->value->timed &&
               layer_of(net, "h")->value->varies == tries[i].varies && !net->output->value->timed &&
               !net->output->value->varies,
           "what has one, and what may change on it");
    }
    struct net *net = check("time 7;\ninput x[2, 4, 4] |> bernoulli(gain = 0.25);\n"
                            "output y = x |> dense(2) |> peak;\n");
    ok(net && net->input->value->gain == 0.25 && net->output->value->readout == READ_PEAK,
       "a gain, and a read-out");
    net = check("time 7;\ninput x[2, 4, 4] |> flip |> events |> scale(0.5, 0) |> crop(1);\n"
                "output y = x |> dense(2) |> total;\n");
    ok(net && net->input->value->op == N_CROP && net->input->value->timed &&
           count_nodes(net, N_ENCODE) == 1 && net->node[1]->op == N_FLIP && net->node[1]->varies,
       "frames can be transformed before and behind");
}

static void test_varying(void)
{
    struct net *net = check("neuron plain(x) { emit tanh(x); }\n"
                            "time 2;\ninput x[6];\n"
                            "layer a = x |> dense(4) |> batchnorm |> relu |> dropout(0.5);\n"
                            "layer b = a |> dense(4) |> plain;\n"
                            "layer c = b + prev(b);\n"
                            "layer d = b |> dense(4) |> lif;\n"
                            "layer e = (d |> rate |> dense(3)) + (c |> total |> dense(3));\n"
                            "output y = e |> relu |> dense(2);\n");
    if (!ok(net != NULL, "read-outs may stand before the output"))
        return;
    ok(layer_of(net, "a")->value->timed && !layer_of(net, "a")->value->varies &&
           !layer_of(net, "b")->value->varies,
       "what remembers nothing does not vary");
    ok(layer_of(net, "c")->value->varies && layer_of(net, "d")->value->varies,
       "what remembers does");
    ok(!layer_of(net, "e")->value->timed && !net->output->value->timed, "a static net behind them");
    ok(layer_of(net, "d")->neurons == layer_of(net, "d")->value, "neurons of a layer");
}

static const char *shape_of(const struct net *net, const char *layer)
{
    return shape_text(arena, &layer_of(net, layer)->value->shape);
}

static void test_prev(void)
{
    struct net *net =
        check("time 2;\ninput x[6];\n"
              "layer r = ((x |> dense(9)) + (prev(r) |> dense(9))) |> relu;\n"
              "layer s = ((r |> dense(4)) + (prev(t) |> dense(4, bias = false))) |> lif;\n"
              "layer t = concat(s, prev(r) |> tanh);\n"
              "layer u = prev(v) + prev(u) + t;\n"
              "layer v = u |> lif;\n"
              "output y = v |> dense(2) |> last;\n");
    if (!ok(net != NULL, "recurrence is accepted"))
        return;
    const struct node *r2 = layer_of(net, "r")->branch[1], *s2 = layer_of(net, "s")->branch[1];
    ok(r2->input[0]->op == N_PREV && r2->input[0]->source == layer_of(net, "r")->value &&
           r2->input[0]->input_count == 0,
       "a layer may be behind itself");
    ok(r2->weight->shape.dim[1] == 9 && r2->weight->fan_in == 9 && r2->bias->fan_in == 9,
       "whose shape is told by its operator");
    ok(s2->input[0]->source == layer_of(net, "t")->value && s2->input[0]->size == 13 &&
           s2->weight->shape.dim[1] == 13,
       "or behind a later one");
    is_text(shape_of(net, "u"), "[13]", "a sum is what one of its terms is");
    is_text(shape_of(net, "v"), "[13]", "and what follows it");
    is_text(r2->weight->name, "r.weight2", "its weights are a branch");
    ok(r2->weight->init == INIT_HE_UNIFORM && s2->weight->init == INIT_GLOROT_UNIFORM,
       "that starts as the function behind it asks");
    ok(r2->input[0]->timed && r2->input[0]->varies && layer_of(net, "r")->value->varies,
       "what was before varies");

    net = check("time 2;\ninput x[2, 6, 5];\n"
                "layer a = ((x |> conv(3, 3, pad = 1)) + (b |> prev |> conv(3, 3, pad = 1,\n"
                "    groups = 3))) |> batchnorm |> lif;\n"
                "layer b = prev(a) |> snu |> dropout(0.5);\n"
                "layer c[4, 2, 2] = prev(c) |> tanh;\n"
                "layer d = ((c |> avgpool(all) |> dense(3)) + (b |> maxpool(2) |> dense(3)));\n"
                "output y = d |> total;\n");
    if (!ok(net != NULL, "and of maps"))
        return;
    const struct node *a2 = layer_of(net, "a")->branch[1];
    ok(a2->weight->shape.rank == 4 && a2->weight->shape.dim[1] == 1 && a2->weight->fan_in == 9,
       "a kernel over what was before");
    is_text(shape_of(net, "b"), "[3, 6, 5]", "elements of a sum that is known");
    is_text(shape_of(net, "c"), "[4, 2, 2]", "a shape that only brackets tell");
    ok(param_of(net, "b.snu.bias")->shape.dim[0] == 3, "and with it that of learnables");
    ok(layer_of(net, "d")->branch[0]->input[0]->window.size[0] == 2 &&
           layer_of(net, "d")->branch[0]->weight->fan_in == 4,
       "and that of pools");
    struct text text = text_new(arena);
    dump_net(&text, net);
    ok(strstr(text.bytes, "time 2\n") && strstr(text.bytes, " = prev of %") &&
           strstr(text.bytes, " snu : [3, 6, 5] each step\n    learnable bias is b.snu.bias\n") &&
           strstr(text.bytes, " total : [3]\n") &&
           strstr(text.bytes, " direct : [2, 6, 5] at every step\n"),
       "they can be printed");
}

static void test_rules(void)
{
    struct net *net = check("time 2;\ninput x[2, 6, 5] |> bernoulli;\n"
                            "layer c = x |> conv(3, 3) |> lif |> maxpool(2);\n"
                            "layer h = c |> dense(4) |> lif;\n"
                            "output y = h |> dense(2) |> rate;\n"
                            "rule r { state kernel k = 0; state synapse s = 0;\n"
                            "    observe { k += batch_sum(trace(post, 0.5) * trace(pre, 0.5)); }\n"
                            "    adapt { s = abs(w) * k; neuron n = sum(k); kernel m = mean(s);\n"
                            "        input i = max(m); w *= n * i; } }\n"
                            "plasticity r on c, h; prune dpap_neurons on c;\n"
                            "prune dpap_synapses on c;\n");
    if (!ok(net != NULL, "rules on convolutions, over time"))
        return;
    ok(net->rule_count == 3 && net->rule[0]->on_count == 2 &&
           net->rule[0]->on[0].node->op == N_CONV,
       "they are attached to kernels");
    ok(layer_of(net, "c")->neurons->op == N_NEURON, "whose neurons stand before the pool");
    is_text(net->rule[0]->on[0].name, "c.r", "and have their names");
    ok(net->rule[0]->reads[PHASE_OBSERVE] == (SIGNAL_TRACE_PRE | SIGNAL_TRACE_POST),
       "traces are read");
}

int main(void)
{
    arena = arena_new();
    test_neurons();
    test_bodies();
    test_learnables();
    test_encoders();
    test_varying();
    test_prev();
    test_rules();
    arena_free(arena);
    return tap_done();
}
