/* See names.h. */
#include "names.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

struct names {
    struct arena *arena;
    const char **slot; /* open hash of interned pointers */
    size_t room, count;
};

/* Keywords of C and C++, names that generated functions use for what is not of the model, and
 * macros and functions of the headers they include that a local would hide. */
// clang-format off
static const char *const reserved[] = {
    "alignas", "alignof", "and", "asm", "auto", "bool", "break", "case", "catch", "char", "class",
    "const", "continue", "default", "delete", "do", "double", "else", "enum", "explicit",
    "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int", "long",
    "mutable", "namespace", "new", "not", "operator", "or", "private", "protected", "public",
    "register", "restrict", "return", "short", "signed", "sizeof", "static", "static_assert",
    "struct", "switch", "template", "this", "throw", "true", "try", "typedef", "typename",
    "typeof", "union", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while",
    "xor", "thread_local", "constexpr", "nullptr", "BATCH", "COLUMNS", "VECS", "STRIP", "linux",
    "unix", "i386", "main", "errno", "math_errhandling", "NULL", "m", "n", "x", "y", "w", "a", "b", "c", "g", "i", "j", "k",
    "l", "o", "p", "q", "r", "s", "t", "v", "at", "run", "out", "row", "rows", "cols", "col",
    "sample", "loss", "gradient", "labels", "targets", "whole", "count", "shown", "weight",
    "bias", "slope", "error", "scalar", "scratch", "anchor", "held", "memory", "bytes", "seed",
    "key", "keep", "total", "flush", "threads", "step", "epoch", "epochs", "progress", "grad",
    "finite", "result", "line", "to", "from", "in", "grads", "sum", "vecs", "w_at", "init",
    "begin", "probe", "predict", "block", "work", "model", "input", "abs", "exp", "log", "sqrt",
    "sin", "cos", "tanh", "pow", "floor", "expf", "logf", "sqrtf", "sinf", "cosf", "tanhf",
    "powf", "floorf", "fabsf", "fabs", "memcpy", "memset", "size_t", "int32_t", "int64_t",
    "uint8_t", "uint32_t", "uint64_t", "alive", "alive_at", "settle", "y0", "y1", "j0", "j1", "jn", "yn", "gamma", "index",
};
// clang-format on

static size_t hash(const char *s)
{
    size_t h = 5381;
    for (; *s; s++)
        h = h * 33 + (unsigned char)*s;
    return h;
}

static const char **find(struct names *n, const char *name)
{
    size_t i = hash(name) & (n->room - 1);
    while (n->slot[i] && strcmp(n->slot[i], name) != 0)
        i = (i + 1) & (n->room - 1);
    return &n->slot[i];
}

static void insert(struct names *n, const char *name)
{
    if (2 * n->count >= n->room) {
        const char **old = n->slot;
        size_t room = n->room;
        n->room = room ? 2 * room : 512;
        n->slot = NEW_ARRAY(n->arena, n->room, const char *);
        for (size_t i = 0; i < room; i++)
            if (old[i])
                *find(n, old[i]) = old[i];
    }
    *find(n, name) = name;
    n->count++;
}

struct names *names_new(struct arena *arena)
{
    struct names *n = NEW(arena, struct names);
    n->arena = arena;
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        insert(n, reserved[i]);
    return n;
}

static const char *make_unique(struct names *n, const char *wanted)
{
    const char *name = wanted;
    for (int i = 1; *find(n, name); i++)
        name = i == 1 ? arena_format(n->arena, "%s_", wanted)
                      : arena_format(n->arena, "%s_%d", wanted, i);
    insert(n, name);
    return name;
}

static bool has_lower_case(const char *name)
{
    for (; *name; name++)
        if (islower((unsigned char)*name))
            return true;
    return false;
}

const char *names_unique(struct names *n, const char *wanted)
{
    char *name = arena_format(n->arena, "%s", wanted);
    if (!has_lower_case(name)) /* SIZE_MAX, INFINITY: what may be a macro of a header */
        for (char *p = name; *p; p++)
            *p = (char)tolower((unsigned char)*p);
    /* what C reserves for itself and its compilers, and what plast.h defines */
    if (name[0] == '_' || strncmp(name, "plast_", 6) == 0)
        name = arena_format(n->arena, "n%s%s", name[0] == '_' ? "" : "_", name);
    return make_unique(n, name);
}

const char *names_constant(struct names *n, const char *wanted)
{
    return make_unique(n, upper_case(n->arena, wanted));
}

const char *upper_case(struct arena *arena, const char *name)
{
    char *copy = arena_format(arena, "%s", name);
    for (char *p = copy; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return copy;
}
