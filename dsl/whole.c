/* What is wrong with a model as a whole: a name that C cannot have, statements that are missing,
 * definitions on the command line that nothing takes. */
#include "check.h"

#include <ctype.h>
#include <string.h>

/* Generated C declares the name itself, so no header that it includes may. */
static const char *const c_words[] = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum",
    "extern", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict",
    "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union",
    "unsigned", "void", "volatile", "while", "asm", "typeof", "bool", "true", "false", "nullptr",
    "constexpr", "thread_local", "alignas", "alignof", "static_assert", "typeof_unqual",
    /* C++, for programs that include a header of the model */
    "and", "bitand", "bitor", "catch", "class", "compl", "concept", "consteval", "constinit",
    "decltype", "delete", "dynamic_cast", "explicit", "export", "friend", "mutable", "namespace",
    "new", "noexcept", "not", "operator", "or", "private", "protected", "public",
    "reinterpret_cast", "requires", "static_cast", "template", "this", "throw", "try", "typeid",
    "typename", "using", "virtual", "wchar_t", "xor", NULL};

static const char *const library_words[] = {
    "NULL",    "NAN",       "INFINITY", "HUGE_VAL", "errno",  "linux",   "unix",
    "i386",    "offsetof",  "signgam",  "index",    "rindex", "memcpy",  "memccpy",
    "memmove", "memset",    "memcmp",   "memchr",   "memmem", "mempcpy", "memrchr",
    "memfrob", "rawmemchr", "ffs",      "ffsl",     "ffsll",  "bcmp",    "bcopy",
    "bzero",   "swab",      "basename", "abort",    "exit",   "free",    "malloc",
    "calloc",  "realloc",   "abs",      "div",      "printf", "omp",     NULL};

/* Functions of <math.h>, each also with f or l behind it. */
static const char *const math_words[] = {
    "acos",       "acosh",       "asin",       "asinh",        "atan",        "atan2",  "atanh",
    "cbrt",       "ceil",        "copysign",   "cos",          "cosh",        "drem",   "erf",
    "erfc",       "exp",         "exp10",      "exp2",         "expm1",       "fabs",   "fdim",
    "finite",     "floor",       "fma",        "fmax",         "fmin",        "fmod",   "frexp",
    "gamma",      "hypot",       "ilogb",      "isinf",        "isnan",       "j0",     "j1",
    "jn",         "ldexp",       "lgamma",     "llrint",       "llround",     "log",    "log10",
    "log1p",      "log2",        "logb",       "lrint",        "lround",      "modf",   "nan",
    "nearbyint",  "nextafter",   "nexttoward", "pow",          "remainder",   "remquo", "rint",
    "round",      "scalb",       "scalbln",    "scalbn",       "significand", "sin",    "sincos",
    "sinh",       "sqrt",        "tan",        "tanh",         "tgamma",      "trunc",  "y0",
    "y1",         "yn",          "isfinite",   "isnormal",     "isgreater",   "isless", "signbit",
    "fpclassify", "isunordered", "pow10",      "canonicalize", "roundeven",   "nextup", "nextdown",
    "fromfp",     "ufromfp",     "llogb",      "fmaxmag",      "fminmag",     NULL};

static bool is_one_of(const char *name, size_t size, const char *const *list)
{
    for (; *list; list++)
        if (strlen(*list) == size && memcmp(*list, name, size) == 0)
            return true;
    return false;
}

static bool is_library_name(const char *name)
{
    size_t size = strlen(name);
    if (is_one_of(name, size, library_words) || is_one_of(name, size, math_words))
        return true;
    if (size > 1 && strchr("fl", name[size - 1]) && is_one_of(name, size - 1, math_words))
        return true;
    if (size > 2 && strcmp(name + size - 2, "_t") == 0)
        return true;
    if (size > 3 && strncmp(name, "str", 3) == 0 && islower((unsigned char)name[3]))
        return true;
    return strncmp(name, "INT", 3) == 0 || strncmp(name, "UINT", 4) == 0;
}

void check_model_name(struct check *check, const struct stmt *stmt)
{
    const char *name = stmt->name.text;
    struct loc loc = stmt->name.loc;
    struct net *net = check->net;
    net->name = name;
    net->loc = loc;
    if (strcmp(name, "main") == 0)
        diag_error(check->diag, loc, "a model cannot be called 'main'");
    else if (is_one_of(name, strlen(name), c_words))
        diag_error(check->diag, loc, "a model cannot be called '%s': that is a keyword of C or C++",
                   name);
    else if (is_library_name(name))
        diag_error(check->diag, loc, "a model cannot be called '%s': the C library has that name",
                   name);
    else if (name[0] == '_')
        diag_error(check->diag, loc, "a model's name cannot begin with '_': C keeps such names");
    else if (strcmp(name, "plast") == 0 || strncmp(name, "plast_", 6) == 0 ||
             strncmp(name, "PLAST", 5) == 0)
        diag_error(check->diag, loc, "a model cannot be called '%s': libplast has such names",
                   name);
}

/* The end of the model's own text, for when it holds no statement at all. */
static struct loc end_of_model(const struct check *check)
{
    for (uint32_t i = 1; i < check->diag->sources; i++) {
        const struct source *s = &check->diag->source[i];
        if (strcmp(s->path, "<prelude>") != 0)
            return (struct loc){i, (uint32_t)s->size, (uint32_t)s->size};
    }
    return (struct loc){0};
}

/* What every model needs. Where text was skipped it may have stood there. */
void check_missing(struct check *check)
{
    static const struct {
        enum stmt_kind kind;
        const char *name, *example;
    } needed[] = {
        {ST_INPUT, "input", "input image[1, 28, 28];"},
        {ST_OUTPUT, "output", "output digit = LAYER |> dense(10);"},
        {ST_LOSS, "loss", "loss cross_entropy;"},
        {ST_USE_OPTIMIZER, "optimizer", "optimizer NAME(rate = 0.1);"},
    };
    const struct stmt *model = check->only[ST_MODEL];
    struct loc place = model ? model->name.loc : (struct loc){0};
    if (check->syntax_errors)
        return;
    if (!model) {
        place = check->file->first ? check->file->first->loc : end_of_model(check);
        diag_error(check->diag, place, "a model file begins with 'model NAME;'");
        return;
    }
    if (check->file->first != model) {
        diag_error(check->diag, check->file->first->loc, "a model file begins with 'model NAME;'");
        diag_note(check->diag, model->loc, "it stands here");
    }
    struct text names = text_new(check->arena), examples = text_new(check->arena);
    int missing = 0;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (check->only[needed[i].kind])
            continue;
        text_printf(&names, "%s'%s'", missing ? ", " : "", needed[i].name);
        text_printf(&examples, "%s%s", missing++ ? " " : "", needed[i].example);
    }
    if (missing == 0)
        return;
    diag_error(check->diag, place, "the model has no %s statement%s", names.bytes,
               missing == 1 ? "" : "s");
    diag_note(check->diag, (struct loc){0}, "for example: %s", examples.bytes);
}

/* Every -D must have found its `let`. */
void check_definitions_used(struct check *check)
{
    const char **names = NULL;
    size_t count = 0;
    for (int i = 0; i < check->all_count[T_VALUE]; i++)
        if (check->all[T_VALUE][i]->kind == SYM_LET && !check->all[T_VALUE][i]->prelude)
            PUSH(check->arena, names, count, check->all[T_VALUE][i]->name);
    for (int i = 0; i < check->definition_count; i++) {
        const struct definition *d = &check->definition[i];
        if (check->definition_used[i] || is_broken(check, intern(check->arena, d->name)))
            continue;
        char *text = arena_format(check->arena, "%s=%s", d->name, d->value);
        uint32_t source = diag_add_source(check->diag, "<command line>", text, strlen(text));
        struct loc loc = {source, 0, (uint32_t)strlen(d->name)};
        report_unknown_of(check, loc, d->name, "let", names, count);
    }
}
