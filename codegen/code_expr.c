/* C text -> expressions, by precedence climbing. */
#include "reader.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void fail(const struct reader *r, const char *wanted)
{
    bug("in generated text, %s expected at: %.60s", wanted, r->at);
}

void skip_space(struct reader *r)
{
    while (*r->at == ' ')
        r->at++;
}

bool take(struct reader *r, const char *token)
{
    skip_space(r);
    if (*r->at != *token)
        return false;
    size_t n = strlen(token);
    if (strncmp(r->at, token, n) != 0)
        return false;
    if (isalnum((unsigned char)token[n - 1]) &&
        (isalnum((unsigned char)r->at[n]) || r->at[n] == '_'))
        return false;
    r->at += n;
    return true;
}

void need(struct reader *r, const char *token)
{
    if (!take(r, token))
        fail(r, token);
}

const char *read_name(struct reader *r)
{
    skip_space(r);
    const char *from = r->at;
    while (isalnum((unsigned char)*r->at) || *r->at == '_')
        r->at++;
    if (r->at == from || isdigit((unsigned char)*from))
        fail(r, "a name");
    return intern_bytes(r->arena, from, (size_t)(r->at - from));
}

static struct expr *read_number(struct reader *r)
{
    char *end;
    const char *from = r->at;
    long long integer = strtoll(from, &end, 10);
    if (*end != '.' && *end != 'e') {
        r->at = end;
        return expr_int(r->arena, integer);
    }
    double number = strtod(from, &end);
    r->at = *end == 'f' ? end + 1 : end;
    return expr_number(r->arena, (struct loc){0}, number);
}

static struct expr *read_args(struct reader *r, const char *name)
{
    struct expr **arg = NULL;
    int count = 0;
    if (!take(r, ")")) {
        do
            PUSH(r->arena, arg, count, read_expr(r, 0));
        while (take(r, ","));
        need(r, ")");
    }
    return expr_call(r->arena, (struct loc){0}, name, count, arg, NULL);
}

static struct expr *node(struct reader *r, enum expr_kind kind, struct expr *a, const char *name)
{
    struct expr *e = expr_unary(r->arena, (struct loc){0}, kind, a);
    e->name = name;
    return e;
}

static const char *read_cast(struct reader *r)
{
    static const char *const types[] = {"float",         "double",    "size_t",   "uint32_t",
                                        "uint64_t",      "int64_t",   "int",      "const int32_t *",
                                        "const float *", "int8_t",    "uint8_t",  "int32_t",
                                        "float *",       "int32_t *", "int8_t *", "uint8_t *"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i]);
        if (strncmp(r->at + 1, types[i], n) == 0 && r->at[n + 1] == ')') {
            r->at += n + 2;
            return types[i];
        }
    }
    return NULL;
}

static struct expr *read_primary(struct reader *r)
{
    skip_space(r);
    if (isdigit((unsigned char)*r->at))
        return read_number(r);
    if (take(r, "$")) {
        struct expr *e =
            r->holes && isdigit((unsigned char)*r->at) ? r->holes->e[*r->at - '0'] : NULL;
        if (!e)
            fail(r, "a filled hole");
        r->at++;
        return e;
    }
    const char *cast = *r->at == '(' ? read_cast(r) : NULL;
    if (cast)
        return node(r, E_CAST, read_expr(r, 20), cast);
    if (take(r, "(")) {
        struct expr *e = read_expr(r, 0);
        need(r, ")");
        return e;
    }
    if (take(r, "-"))
        return node(r, E_NEG, read_expr(r, 20), NULL);
    if (take(r, "!"))
        return node(r, E_NOT, read_expr(r, 20), NULL);
    if (take(r, "&"))
        return node(r, E_ADDRESS, read_expr(r, 20), NULL);
    if (take(r, "*"))
        return node(r, E_DEREF, read_expr(r, 20), NULL);
    const char *name = read_name(r);
    return take(r, "(") ? read_args(r, name) : expr_name(r->arena, (struct loc){0}, name);
}

static struct expr *read_postfix(struct reader *r)
{
    struct expr *e = read_primary(r);
    for (;;) {
        if (take(r, "[")) {
            struct expr *index = read_expr(r, 0);
            need(r, "]");
            e = expr_binary(r->arena, (struct loc){0}, E_INDEX, e, index);
        } else if (take(r, "->")) {
            e = node(r, E_ARROW, e, read_name(r));
        } else if (*r->at == '.' && isalpha((unsigned char)r->at[1]) && take(r, ".")) {
            e = node(r, E_DOT, e, read_name(r));
        } else {
            return e;
        }
    }
}

static const struct {
    const char *token;
    int level;
    enum expr_kind kind;
} binaries[] = {
    {"||", 2, E_OR}, {"&&", 3, E_AND}, {"==", 4, E_EQ}, {"!=", 4, E_NE}, {"<=", 5, E_LE},
    {">=", 5, E_GE}, {"<", 5, E_LT},   {">", 5, E_GT},  {"+", 6, E_ADD}, {"-", 6, E_SUB},
    {"*", 7, E_MUL}, {"/", 7, E_DIV},  {"%", 7, E_REM},
};

/* An operator at the reader's place, but not the first half of `+=` or `++`. */
static int find_binary(struct reader *r)
{
    skip_space(r);
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++) {
        size_t n = strlen(binaries[i].token);
        if (strncmp(r->at, binaries[i].token, n) != 0)
            continue;
        bool compound = binaries[i].level >= 6 && (r->at[n] == '=' || r->at[n] == r->at[0]);
        return compound ? -1 : (int)i;
    }
    return -1;
}

struct expr *read_expr(struct reader *r, int least)
{
    struct expr *e = read_postfix(r);
    if (least == 20)
        return e;
    for (int i; (i = find_binary(r)) >= 0 && binaries[i].level > least;) {
        r->at += strlen(binaries[i].token);
        e = expr_binary(r->arena, (struct loc){0}, binaries[i].kind, e,
                        read_expr(r, binaries[i].level));
    }
    if (least <= 1 && take(r, "?")) {
        struct expr *yes = read_expr(r, 0);
        need(r, ":");
        e = expr_cond(r->arena, (struct loc){0}, e, yes, read_expr(r, 1));
    }
    return e;
}

struct expr *ex(struct arena *arena, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *text = arena_vformat(arena, format, list);
    va_end(list);
    struct reader r = {arena, text, text, NULL, false};
    struct expr *e = read_expr(&r, 0);
    skip_space(&r);
    if (*r.at)
        fail(&r, "the end");
    return e;
}
