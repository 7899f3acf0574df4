/* random_model SEED COUNT DIRECTORY PREFIX [DEFINITIONS [rules]]: writes COUNT
 * random models, DIRECTORY/PREFIX1.pl and on, that use what the file of
 * definitions (the prelude) holds besides definitions of their own; with `rules`
 * smaller ones with rules on their layers. All are valid; the same arguments give
 * the same files. */
#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static const char *const awkward[] = {
    "int",       "x",        "w",      "m",     "n",       "main",    "restrict", "vec",
    "model",     "float",    "block",  "batch", "input",   "layer",   "output",   "auto",
    "static",    "h1",       "grad",   "loss",  "dense",   "relu",    "y",        "i",
    "sample",    "NULL",     "size_t", "bool",  "seed",    "uint8_t", "memory",   "s",
    "out",       "delta",    "from",   "on",    "dropout", "concat",  "function", "struct",
    "plast_key", "volatile", "inline", "signed"};

static const int sizes[] = {1, 2, 3, 5, 7, 16, 17, 33, 64, 65, 100};
enum { SMALL_SIZES = 8 }; /* of them, for models with rules */
static const int batches[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 48, 64, 65, 70};

static const char *new_name(struct random *r)
{
    int k = r->names++;

    if (k < COUNT(awkward))
        return awkward[(r->first_name + k * 5) % COUNT(awkward)]; /* 5: prime to the count */
    return format(r, "layer%d", k);
}

static long size_of(const struct value *v)
{
    return v->rank == 1 ? v->dim[0] : v->dim[0] * v->dim[1] * v->dim[2];
}

static struct value *add_value(struct random *r, const struct value *like)
{
    struct value *v = &r->value[r->values++];

    *v = *like;
    v->name = new_name(r);
    v->used = false;
    v->branches = r->branches;
    r->branches = 0;
    return v;
}

static struct value *use(struct value *v)
{
    v->used = true;
    return v;
}

/* Mostly the latest. */
static struct value *some_value(struct random *r)
{
    int back = chance(r, 60) ? 0 : below(r, r->values);

    return use(&r->value[r->values - 1 - back]);
}

static struct value *value_of_size(struct random *r, long units)
{
    for (int i = r->values - 1; i >= 0; i--)
        if (r->value[i].rank == 1 && r->value[i].dim[0] == units && chance(r, 70))
            return use(&r->value[i]);
    return NULL;
}

/* ---------------------------------------------------------------------- pipelines */

static const char *then_dropout(struct random *r)
{
    return format(r, " |> dropout(%s)", scheduled(r, 0.1, 0.6));
}

static const char *units_text(struct random *r, long units)
{
    if (units % 2 && units > 1 && chance(r, 20))
        return format(r, "2 * %ld + 1", units / 2);
    return format(r, "%ld", units);
}

static const char *dense_text(struct random *r, long units)
{
    static const char *const inits[] = {"he_uniform", "he_normal", "glorot_uniform", "zeros"};
    const char *options = "";

    r->branches++;
    if (chance(r, 25))
        options = format(r, ", bias = %s", chance(r, 70) ? "false" : "true");
    if (chance(r, 25))
        options = format(r, "%s, init = %s", options, pick(r, inits, chance(r, 15) ? 4 : 3));
    return format(r, "dense(%s%s)", units_text(r, units), options);
}

/* From a value through functions and dropout to one weight operator. */
static const char *branch_text(struct random *r, const struct value *from, long units)
{
    return format(r, "%s%s%s |> %s", from->name, maybe(r, 20, then_function(r)),
                  maybe(r, 15, then_dropout(r)), dense_text(r, units));
}

static const char *tail_text(struct random *r)
{
    const char *first = maybe(r, 15, then_dropout(r));
    const char *function = maybe(r, 85, then_function(r));
    const char *again = maybe(r, 15, then_function(r));

    return format(r, "%s%s%s%s", first, function, again, maybe(r, 20, then_dropout(r)));
}

/* ------------------------------------------------------------------------- layers */

static void print_layer(struct random *r, const struct value *shape, const char *pipeline)
{
    struct value *v = add_value(r, shape);

    text_printf(&r->out, "layer  %s", v->name);
    if (v->rank == 1 && chance(r, 15))
        text_printf(&r->out, "[%ld]", v->dim[0]);
    text_printf(&r->out, " = %s;%s\n", pipeline, maybe(r, 10, "   # one more"));
}

static struct value flat(long units)
{
    return (struct value){NULL, 1, {units, 0, 0}, false, 0};
}

static void make_dense(struct random *r, long units)
{
    struct value shape = flat(units);

    print_layer(r, &shape, format(r, "%s%s", branch_text(r, some_value(r), units), tail_text(r)));
}

/* Two or three weighted branches, or one and what skips it. */
static void make_joined(struct random *r, long units)
{
    struct value shape = flat(units), *skipped = chance(r, 50) ? value_of_size(r, units) : NULL;
    const char *sum = format(r, "(%s)", branch_text(r, some_value(r), units));

    if (skipped)
        sum = chance(r, 50) ? format(r, "%s + %s", sum, skipped->name)
                            : format(r, "%s + %s", skipped->name, sum);
    else
        sum = format(r, "%s + (%s)", sum, branch_text(r, some_value(r), units));
    if (chance(r, 30))
        sum = format(r, "%s + (%s)", sum, branch_text(r, some_value(r), units));
    print_layer(r, &shape, format(r, "(%s)%s", sum, tail_text(r)));
}

static bool stacks(const struct value *a, const struct value *b)
{
    return a->rank == b->rank &&
           (a->rank == 1 || (a->dim[1] == b->dim[1] && a->dim[2] == b->dim[2]));
}

/* Only values: weights join by + alone. */
static void make_concat(struct random *r)
{
    const struct value *a = some_value(r), *b = &r->value[below(r, r->values)];
    struct value shape = *a;
    const char *text;

    if (!stacks(a, b) || size_of(a) + size_of(b) > 400)
        b = a;
    use(&r->value[b - r->value]);
    shape.dim[0] += b->dim[0];
    text = format(r, "concat(%s, %s%s)", a->name, b->name, maybe(r, 20, then_function(r)));
    if (chance(r, 25) && size_of(&shape) + size_of(a) < 400) {
        text = format(r, "concat(%s, %s + %s)", text, a->name, a->name);
        shape.dim[0] += a->dim[0];
    }
    print_layer(r, &shape, format(r, "%s%s", text, maybe(r, 40, then_function(r))));
}

static void make_plain(struct random *r)
{
    const struct value *a = some_value(r);
    struct value shape = *a;
    const char *text = format(r, "%s%s", a->name, then_function(r));

    if (chance(r, 40))
        text = format(r, "(%s) + %s%s", text, a->name, maybe(r, 50, then_function(r)));
    else if (chance(r, 30))
        text = format(r, "%s%s", a->name, then_dropout(r));
    print_layer(r, &shape, text);
}

static void make_block_use(struct random *r, long units)
{
    struct value shape = flat(units);
    const struct callable *b = &r->block[below(r, r->blocks)];
    const char *more = b->params > 1 && chance(r, 50)
                           ? format(r, ", %s = %.2g", b->param[1], between(r, 0.1, 0.5))
                           : "";

    r->branches = 1;
    print_layer(
        r, &shape,
        format(r, "%s |> %s(%s%s)", some_value(r)->name, b->name, units_text(r, units), more));
}

static void make_layer(struct random *r)
{
    long units = pick_int(r, sizes, r->small ? SMALL_SIZES : COUNT(sizes));

    switch (below(r, 10)) {
    case 0:
    case 1:
        make_joined(r, units);
        return;
    case 2:
        make_concat(r);
        return;
    case 3:
        make_plain(r);
        return;
    case 4:
        if (r->blocks > 0) {
            make_block_use(r, units);
            return;
        }
        make_dense(r, units);
        return;
    default:
        make_dense(r, units);
    }
}

/* --------------------------------------------------------------------- statements */

static void make_input(struct random *r)
{
    struct value v = flat(pick_int(r, sizes, r->small ? SMALL_SIZES : COUNT(sizes)));
    const char *transform = "";

    if (chance(r, 40)) {
        v.rank = 3;
        v.dim[0] = 1 + below(r, 3);
        v.dim[1] = 1 + below(r, 6);
        v.dim[2] = 1 + below(r, 7);
    }
    if (chance(r, 30))
        transform = format(r, " |> scale(%.3g, %.3g)", between(r, 0.5, 1.5), between(r, -1, 1));
    if (chance(r, 40) && v.rank == 3 && v.dim[0] > 1) {
        const char *mean = format(r, "%.3g", between(r, -0.3, 0.5));
        const char *deviation = format(r, "%.3g", between(r, 0.5, 2));
        for (int i = 1; i < v.dim[0]; i++) {
            mean = format(r, "%s, %.3g", mean, between(r, -0.3, 0.5));
            deviation = format(r, "%s, %.3g", deviation, between(r, 0.5, 2));
        }
        transform =
            format(r, "%s |> normalize(mean = (%s), deviation = (%s))", transform, mean, deviation);
    }
    if (v.rank == 3)
        text_printf(&r->out, "\ninput  %s[%ld, %ld, %ld]%s;\n", add_value(r, &v)->name, v.dim[0],
                    v.dim[1], v.dim[2], transform);
    else
        text_printf(&r->out, "\ninput  %s[%ld]%s;\n", add_value(r, &v)->name, v.dim[0], transform);
}

/* A weighted sum of the last layer and of all that nothing has used. */
static void make_output(struct random *r, long outputs, bool function)
{
    struct value *last = use(&r->value[r->values - 1]);
    const char *sum = branch_text(r, last, outputs);
    bool several = false;

    for (int i = 0; i < r->values; i++)
        if (!r->value[i].used) {
            sum = format(r, "%s%s%s + (%s)", several ? "" : "(", sum, several ? "" : ")",
                         branch_text(r, &r->value[i], outputs));
            several = true;
        }
    r->output = new_name(r);
    text_printf(&r->out, "output %s = %s%s%s%s;\n", r->output, several ? "(" : "", sum,
                several ? ")" : "", function ? then_function(r) : "");
}

static void make_settings(struct random *r, bool classes, bool rules)
{
    text_printf(&r->out, "\nloss      %s;\n", classes ? "cross_entropy" : "mse");
    if (chance(r, 40))
        text_printf(&r->out, "learn     %s;\n",
                    chance(r, 45)   ? "feedback_alignment"
                    : chance(r, 80) ? "direct_feedback_alignment"
                                    : "backprop");
    text_printf(&r->out, "optimizer %s;\n", call_optimizer(r));
    text_printf(&r->out, "batch     %d;\n",
                rules ? 1 + below(r, 9) : pick_int(r, batches, COUNT(batches)));
    if (rules)
        text_printf(&r->out, "epochs    20;\n");
    else if (chance(r, 50))
        text_printf(&r->out, "epochs    %d;\nseed      %d;\n", 1 + below(r, 30), below(r, 1000));
    if (chance(r, 20))
        text_printf(&r->out, "budget memory <= 64 MiB;\n");
}

static void make_model(struct random *r, const char *name, const char *definitions, bool rules)
{
    bool classes = chance(r, 55);
    int layers = rules ? 2 + below(r, 3) : 1 + below(r, 6);

    r->small = rules;
    r->first_name = below(r, COUNT(awkward));
    read_definitions(r, definitions);
    text_printf(&r->out, "model %s;\n\n", name);
    for (int i = below(r, 4); i > 0; i--)
        define_function(r);
    if (r->optimizers == 0 || chance(r, 45))
        define_optimizer(r);
    for (int i = below(r, 3); i > 0; i--)
        define_block(r);
    make_input(r);
    for (int i = 1; i < layers; i++)
        make_layer(r);
    make_output(r, classes ? 2 + below(r, 11) : 1 + below(r, 12), !classes && chance(r, 40));
    make_settings(r, classes, rules);
    for (int i = rules ? 1 + below(r, 3) : 0; i > 0; i--)
        make_rule(r);
}

/* --------------------------------------------------------------------------- files */

static const char *read_text(struct arena *arena, const char *path)
{
    FILE *f = fopen(path, "r");
    struct text text = text_new(arena);
    char part[4096];
    size_t n;

    if (!f) {
        perror(path);
        exit(3);
    }
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        text_add_bytes(&text, part, n);
    fclose(f);
    return text.bytes;
}

static void write_model(uint64_t seed, int number, char **argument, const char *definitions,
                        bool rules)
{
    struct random r = {.state = seed * 1000003 + (uint64_t)number, .arena = arena_new()};
    const char *name = format(&r, "%s%d", argument[4], number);
    const char *path = format(&r, "%s/%s.pl", argument[3], name);
    FILE *f = fopen(path, "w");

    r.out = text_new(r.arena);
    make_model(&r, name, definitions, rules);
    if (!f || fputs(r.out.bytes, f) < 0 || fclose(f) != 0) {
        perror(path);
        exit(3);
    }
    arena_free(r.arena);
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_new();
    const char *definitions = "";

    if (argc < 5) {
        fputs("usage: random_model SEED COUNT DIRECTORY PREFIX [DEFINITIONS [rules]]\n", stderr);
        return 2;
    }
    if (argc > 5)
        definitions = read_text(arena, argv[5]);
    for (int i = 1; i <= atoi(argv[2]); i++)
        write_model(strtoull(argv[1], NULL, 10), i, argv, definitions, argc > 6);
    arena_free(arena);
    return 0;
}
