/* The grammar: what parses, to which trees, and that text printed from them
 * parses to the same. Needs top_srcdir for the models of examples/. */
#include "parse_try.h"

#include <stdlib.h>

/* --- a printer of its own, so that a wrong tree is seen, however it prints */

static const char *kind_text(enum expr_kind kind)
{
    static const struct {
        enum expr_kind kind;
        const char *text;
    } known[] = {{E_NEG, "neg"}, {E_NOT, "not"}, {E_ADD, "+"},  {E_SUB, "-"},   {E_MUL, "*"},
                 {E_DIV, "/"},   {E_POW, "^"},   {E_LT, "<"},   {E_LE, "<="},   {E_GT, ">"},
                 {E_GE, ">="},   {E_EQ, "=="},   {E_NE, "!="},  {E_AND, "and"}, {E_OR, "or"},
                 {E_COND, "?"},  {E_PIPE, "|>"}, {E_TUPLE, ","}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].kind == kind)
            return known[i].text;
    return "unknown";
}

static void print_tree(struct text *t, const struct expr *e)
{
    if (e->kind == E_NUMBER) {
        text_printf(t, "%g", e->number);
        return;
    }
    if (e->kind == E_NAME) {
        text_add(t, e->name);
        return;
    }
    text_printf(t, "(%s", e->kind == E_CALL ? e->name : kind_text(e->kind));
    text_add(t, e->kind == E_CALL && e->bare ? " bare" : "");
    for (int i = 0; i < e->count; i++) {
        text_add(t, " ");
        if (e->kind == E_CALL && e->arg_name[i])
            text_printf(t, "%s=", e->arg_name[i]);
        print_tree(t, e->arg[i]);
    }
    text_add(t, ")");
}

static void check_tree(const char *expression, const char *tree)
{
    struct attempt a = parse_string("");
    const char *text = arena_format(a.arena, "let x = %s;", expression);
    a.file = parse_text(a.arena, a.diag, "test.pl", text, strlen(text));
    struct text seen = text_new(a.arena);
    text_add(&seen, messages(&a));
    if (a.file->first)
        print_tree(&seen, a.file->first->value);
    is_string(seen.bytes, tree, expression);
    end_attempt(&a);
}

static void check_expressions(void)
{
    static const char *const cases[][2] = {
        {"1 + 2 * 3", "(+ 1 (* 2 3))"},
        {"1 - 2 - 3", "(- (- 1 2) 3)"},
        {"8 / 4 / 2", "(/ (/ 8 4) 2)"},
        {"2 ^ 3 ^ 2", "(^ 2 (^ 3 2))"},
        {"-2 ^ 2", "(neg (^ 2 2))"},
        {"2 ^ -3", "(^ 2 (neg 3))"},
        {"2 ^ -3 ^ 2", "(^ 2 (neg (^ 3 2)))"},
        {"2 ^ -3 * 5", "(* (^ 2 (neg 3)) 5)"},
        {"-a * b", "(* (neg a) b)"},
        {"- - a", "(neg (neg a))"},
        {"a - -b", "(- a (neg b))"},
        {"not a == b", "(not (== a b))"},
        {"not a and not b or c", "(or (and (not a) (not b)) c)"},
        {"a < b and b <= c", "(and (< a b) (<= b c))"},
        {"(a < b) < c", "(< (< a b) c)"},
        {"a + 1 > b", "(> (+ a 1) b)"},
        {"a ? b : c ? d : e", "(? a b (? c d e))"},
        {"a ? b ? c : d : e", "(? a (? b c d) e)"},
        {"a or b ? c : d", "(? (or a b) c d)"},
        {"a ? b |> f : c", "(? a (|> b (f bare)) c)"},
        {"a ? b : c |> f", "(|> (? a b c) (f bare))"},
        {"a + b |> f", "(|> (+ a b) (f bare))"},
        {"a + (b |> f)", "(+ a (|> b (f bare)))"},
        {"x |> f |> g(1, k = 2)", "(|> (|> x (f bare)) (g 1 k=2))"},
        {"f()", "(f)"},
        {"f(a, b = c)", "(f a b=c)"},
        {"f((a), (1, 2))", "(f a (, 1 2))"},
        {"(1, 2, 3)", "(, 1 2 3)"},
        {"((1))", "1"},
        {"60%", "0.6"},
        {".5 + 5. + 1e-3 + 2E+2", "(+ (+ (+ 0.5 5) 0.001) 200)"},
        {"f(kernel = 3, from = 1, input = epochs)", "(f kernel=3 from=1 input=epochs)"},
        {"on + each * model", "(+ on (* each model))"},
        {"1 |> layer(neuron = rule)", "(|> 1 (layer neuron=rule))"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_tree(cases[i][0], cases[i][1]);
}

/* --- statements: each parses without a message, and prints as it stands here */

static const char *const statements[] = {
    "model quick;\n",
    "let hidden = 3;\n",
    "time steps;\n",
    "input image[1, 28, 28];\n",
    "input image[784] |> scale(2, -1) |> flip;\n",
    "layer h1 = image |> dense(3) |> relu;\n",
    "layer h1[2 * n] = (image |> dense(5)) + (prev(h1) |> dense(5, bias = false)) |> snu;\n",
    "layer input = input |> layer(output = block);\n",
    "block cell(channels, stride = 1) = conv(channels, kernel = 3) |> batchnorm;\n",
    "block plain = it + it;\n",
    "block empty() = it;\n",
    "output digit = h1 |> dense(7);\n",
    "loss cross_entropy;\n",
    "loss mse(weight = 2);\n",
    "learn direct_feedback_alignment;\n",
    "optimizer sgd(rate = 0.1, momentum = 0.9);\n",
    "optimizer plain;\n",
    "batch 64;\n",
    "epochs n + 1;\n",
    "seed 7;\n",
    "plasticity grapes;\n",
    "plasticity on on on each epoch;\n",
    "plasticity each on each, from each each epochs;\n",
    "plasticity spine(patience = 3) on h1, h2[2], h3[k + 1];\n",
    "prune unused(fraction = 0.8) on h1 each 3 steps from epoch 5 until epoch 9;\n",
    "prune unused on h1 each n / 2 epochs;\n",
    "prune unused from epoch epoch until epoch epochs;\n",
    "budget memory <= 16 MiB;\n",
    "budget memory <= 5 * n KB;\n",
    "function relu(x) = x > 0 ? x : 0;\n",
    "function pi() = 3.14;\n",
    "neuron lif(x, tau = 2) {\n    state u = 0, v = 1;\n    u += (x - u) / tau;\n"
    "    learnable neuron bias = -1;\n    learnable a = 0;\n    emit u;\n}\n",
    "optimizer sgd(rate) {\n    g = grad;\n    w -= rate * g;\n    w *= 2;\n    w /= 3;\n}\n",
    "rule r {\n}\n",
    "rule r(low = 1) {\n    layer size = rms(w), top = max(w);\n    state synapse upper = size;\n"
    "    state kernel k = 0;\n    state input i = 0;\n    modulate {\n        error *= size;\n    "
    "}\n"
    "    adapt {\n        if (w > 0) {\n            w = 0;\n        } else {\n"
    "            if (not w) {\n                w += 1;\n            }\n        }\n"
    "        drop synapse when w < low;\n        grow synapse when w >= low and alive;\n"
    "        drop neuron when low;\n    }\n}\n",
    "rule words {\n    state = 1;\n    drop += emit;\n    neuron = layer;\n    grow -= input;\n"
    "    state synapse = 2;\n    state synapse synapse = 3;\n    learnable neuron = 4;\n"
    "    layer layer = 5;\n    emit emit;\n    emit -= when;\n    state {\n    }\n    when {\n    "
    "}\n}\n",
};

static void check_statements(void)
{
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        struct attempt a = parse_string(statements[i]);
        struct text seen = text_new(a.arena);
        text_printf(&seen, "%s%s", messages(&a), dump(&a));
        is_string(seen.bytes, statements[i],
                  arena_format(a.arena, "%.*s", (int)strcspn(statements[i], "\n"), statements[i]));
        end_attempt(&a);
    }
}

/* A name may be any word that is not reserved, in every place for names. */
static void check_words(void)
{
    static const char *const words[] = {
        "model",      "include", "let",       "time",      "input", "layer",  "block", "output",
        "loss",       "learn",   "batch",     "on",        "seed",  "budget", "prune", "function",
        "neuron",     "rule",    "optimizer", "epochs",    "each",  "from",   "until", "epoch",
        "plasticity", "steps",   "state",     "learnable", "emit",  "drop",   "grow",  "when",
        "synapse",    "kernel",  "memory",    "MiB"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *w = words[i];
        struct attempt a = parse_string("");
        const char *text = arena_format(
            a.arena,
            "model %s;\nlet %s = %s;\nlayer %s = %s |> %s(%s = %s, z = %s) |> %s;\n"
            "function %s(%s, a, %s = 1) = %s(%s);\nprune %s on %s, %s[%s];\nloss %s;\nbudget %s <= "
            "%s B;\n"
            "rule %s(%s) {\n    %s = %s;\n    %s {\n        %s += 1;\n    }\n    state %s = 1;\n"
            "    layer %s = 1;\n    state neuron %s = 1;\n    emit %s;\n}\n",
            w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w,
            w, w, w);
        a.file = parse_text(a.arena, a.diag, "test.pl", text, strlen(text));
        struct text seen = text_new(a.arena);
        text_printf(&seen, "%s%s", messages(&a), dump(&a));
        is_string(seen.bytes, text, arena_format(a.arena, "'%s' as a name", w));
        end_attempt(&a);
    }
}

/* --- what the fields hold that printing does not show */

static void check_fields(void)
{
    struct attempt a = parse_string("input x[4];\nprune p on h, g[2] each 3 steps from epoch 2;\n"
                                    "budget memory <= 2 GiB;\noptimizer sgd(rate);\n");
    const struct stmt *input = a.file->first, *prune = input->next, *budget = prune->next;
    const struct stmt *use = budget->next;
    ok(input->value && input->value->kind == E_NAME && input->value->name == input->name.text,
       "an input without transforms has its name as value");
    ok(prune->targets[0].branch == NULL && prune->targets[1].branch->number == 2,
       "branches of layers");
    ok(prune->period.steps && prune->period.until == NULL &&
           prune->period.loc.file == prune->loc.file,
       "a period in steps");
    ok(prune->loc.start == 12 && prune->targets[1].loc.start == 26 &&
           prune->targets[1].loc.end == 30,
       "places are byte offsets");
    ok(budget->unit == 1024.0 * 1024 * 1024, "a unit");
    ok(use->kind == ST_USE_OPTIMIZER && use->list.parens && use->list.at[0].name.text &&
           !use->list.at[0].value,
       "a lone name in a list has no value");
    end_attempt(&a);
}

/* --- whole files */

static void check_round_trip(const char *what, struct attempt *a)
{
    const char *once = dump(a);
    struct attempt again = parse_string(once);
    ok(*once && again.diag->errors == 0, "%s prints as text that parses", what);
    is_string(dump(&again), once, what);
    end_attempt(&again);
}

static void check_prelude(void)
{
    struct attempt a = parse_string("");
    is_string(messages(&a), "", "the prelude parses");
    ok(a.file->prelude && !a.file->first, "its statements are apart from the model's");
    a.file->first = a.file->prelude;
    check_round_trip("the prelude", &a);
    ok(prelude_text[prelude_size] == '\0' && strlen(prelude_text) == prelude_size,
       "its text ends with a NUL");
    end_attempt(&a);
}

static void check_models(void)
{
    static const char *const models[] = {"all_four",       "bdnn_mnist",     "dpap_cifar_small",
                                         "dpap_mnist_ann", "dpap_mnist_snn", "grapes_mnist",
                                         "grapes_snu",     "own_rule",       "pruned_mnist",
                                         "quick",          "residual"};
    const char *top = getenv("top_srcdir");
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        struct attempt a = {.arena = arena_new()};
        int unreadable = 0;
        a.diag = diag_new(a.arena);
        a.file = parse_file(
            a.arena, a.diag,
            arena_format(a.arena, "%s/examples/models/%s.pl", top ? top : ".", models[i]),
            &unreadable);
        if (ok(a.file != NULL, "%s can be read", models[i])) {
            is_string(messages(&a), "", models[i]);
            check_round_trip(models[i], &a);
        }
        end_attempt(&a);
    }
}

int main(void)
{
    check_expressions();
    check_statements();
    check_words();
    check_fields();
    check_prelude();
    check_models();
    return tap_done();
}
