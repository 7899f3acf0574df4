/* Models with a few words exchanged, left out or doubled: whatever comes of it, there is either a
 * network, which can be printed and differentiated, or an error, and never both. Reads the corpus
 * under top_srcdir; PLAST_LONG=1 tries many more. */
#include "net.h"
#include "tap.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

struct word {
    const char *at;
    size_t size;
};

struct model {
    const char *path;
    struct word *word;
    size_t words;
};

struct corpus {
    struct arena *arena;
    struct model *model;
    size_t models;
    struct word *word; /* of all models */
    size_t words;
};

static uint64_t state = 1;

static size_t draw(size_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(state >> 33) % below;
}

static size_t word_size(const char *s)
{
    size_t size = 0;
    if (*s == '#')
        return strcspn(s, "\n");
    if (isspace((unsigned char)*s))
        return strspn(s, " \t\n");
    while (isalnum((unsigned char)s[size]) || s[size] == '_' || s[size] == '.')
        size++;
    if (size == 0)
        size = s[1] && strchr("|+-*/<>=!", *s) && strchr(">=", s[1]) ? 2 : 1;
    return size;
}

static void add_model(struct corpus *c, const char *path)
{
    struct text text = text_new(c->arena);
    struct model model = {.path = path};
    char part[4096];
    FILE *file = fopen(path, "r");
    for (size_t size; file && (size = fread(part, 1, sizeof part, file)) > 0;)
        text_add_bytes(&text, part, size);
    if (file)
        fclose(file);
    for (const char *s = text.bytes; *s;) {
        struct word word = {s, word_size(s)};
        PUSH(c->arena, model.word, model.words, word);
        PUSH(c->arena, c->word, c->words, word);
        s += word.size;
    }
    if (model.words > 0)
        PUSH(c->arena, c->model, c->models, model);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In the order of their names, for directories have none. */
static void add_directory(struct corpus *c, const char *name)
{
    const char *top = getenv("top_srcdir"), **path = NULL;
    size_t paths = 0;
    DIR *directory = opendir(arena_format(c->arena, "%s/%s", top ? top : ".", name));
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        size_t size = strlen(entry->d_name);
        if (size > 3 && strcmp(entry->d_name + size - 3, ".pl") == 0)
            PUSH(c->arena, path, paths,
                 arena_format(c->arena, "%s/%s/%s", top ? top : ".", name, entry->d_name));
    }
    if (directory)
        closedir(directory);
    if (paths > 0)
        qsort(path, paths, sizeof *path, by_text);
    for (size_t i = 0; i < paths; i++)
        add_model(c, path[i]);
}

static void add_word(struct text *text, const struct word *word)
{
    text_add_bytes(text, word->at, word->size);
}

static struct text mutate(struct arena *arena, const struct corpus *c, const struct model *m)
{
    struct text text = text_new(arena);
    size_t at[3];
    for (int k = 0; k < 3; k++)
        at[k] = draw(m->words);
    size_t changes = 1 + draw(3);
    for (size_t i = 0; i < m->words; i++) {
        bool hit = false;
        for (size_t k = 0; k < changes; k++)
            hit = hit || at[k] == i;
        size_t how = hit ? draw(5) : 5;
        if (how == 0) /* left out */
            continue;
        if (how == 1 || how == 2)
            add_word(&text, &c->word[draw(c->words)]);
        if (how == 3)
            add_word(&text, &m->word[draw(m->words)]);
        if (how == 4 || how == 2 || how == 5)
            add_word(&text, &m->word[i]);
        if (how == 4)
            add_word(&text, &m->word[i]);
    }
    return text;
}

static void differentiate(struct arena *arena, struct text *text, struct expr *e, const char *name)
{
    expr_print(text, e, EXPR_FLOAT);
    expr_print(text, expr_derivative(arena, e, name), EXPR_FLOAT);
}

/* Each value in the names it can be made from. */
static void use_neuron(struct arena *arena, struct text *text, const struct neuron *n)
{
    differentiate(arena, text, n->emit, intern(arena, "x"));
    for (int i = 0; i < n->locals; i++)
        for (int k = -1; k < i; k++)
            differentiate(arena, text, n->local[i].value,
                          k < 0 ? intern(arena, "x") : n->local[k].name);
    for (int i = 0; i < n->states; i++)
        for (int k = 0; k < n->states; k++)
            differentiate(arena, text, n->state[i].next, n->state[k].name);
}

/* What the compiler does next must not find anything wrong. */
static void use_net(struct arena *arena, const struct net *net)
{
    struct text text = text_new(arena);
    const char *x = intern(arena, "x");
    dump_net(&text, net);
    for (int i = 0; i < net->node_count; i++)
        if (net->node[i]->op == N_MAP)
            differentiate(arena, &text, net->node[i]->map, x);
        else if (net->node[i]->op == N_NEURON)
            use_neuron(arena, &text, net->node[i]->neuron);
        else if (net->node[i]->shape.rank == 0 || net->node[i]->size < 1)
            bug("node %d has no shape", i);
}

/* Returns 1 for a network, 0 for errors, -1 for neither or both. */
static int try_text(const char *path, const struct text *text)
{
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct file *file = parse_text(arena, diag, path, text->bytes, text->size);
    struct net *net = check_file(arena, diag, file, NULL, 0);
    int result = net ? 1 : 0;
    if ((net != NULL) != (diag->errors == 0))
        result = -1;
    else if (net)
        use_net(arena, net);
    arena_free(arena);
    return result;
}

int main(void)
{
    struct corpus c = {.arena = arena_new()};
    const char *is_long = getenv("PLAST_LONG");
    int runs = is_long && strcmp(is_long, "1") == 0 ? 20000 : 600, count[3] = {0};
    add_directory(&c, "examples");
    add_directory(&c, "tests/corpus/check");
    size_t examples = c.models;
    add_directory(&c, "tests/errors");
    if (!ok(examples > 0 && c.models > examples + 100, "the corpus has %zu models", c.models)) {
        arena_free(c.arena);
        return tap_done();
    }
    for (int i = 0; i < runs; i++) {
        /* every other one from what compiles: it goes further */
        const struct model *m = &c.model[draw(i % 2 ? c.models : examples)];
        struct arena *arena = arena_new();
        struct text text = mutate(arena, &c, m);
        int result = try_text(m->path, &text);
        count[result + 1]++;
        if (result < 0)
            note("%s became:\n%s", m->path, text.bytes);
        arena_free(arena);
    }
    note("%d networks, %d refused", count[2], count[1]);
    ok(count[0] == 0, "a network or errors, never both");
    ok(count[2] > runs / 50 && count[1] > runs / 4, "some are accepted, many refused");
    arena_free(c.arena);
    return tap_done();
}
