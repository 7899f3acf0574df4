/* C text with holes -> statements (loop.h says which C). The text comes from lowerings alone, so
 * anything wrong in it is a bug. */
#include "reader.h"

#include <ctype.h>
#include <string.h>

static struct cstmt *read_block(struct reader *r);

static struct cstmt *stmt_new(struct arena *a, enum stmt_tag tag)
{
    struct cstmt *s = NEW(a, struct cstmt);
    s->tag = tag;
    return s;
}

/* Types a declaration may begin with; longest first where one begins another. */
static const char *const types[] = {
    "const plast_vec",
    "plast_vec",
    "const float *const",
    "const float *",
    "float *const",
    "float *",
    "const float",
    "float",
    "const double",
    "double",
    "const int64_t",
    "int64_t",
    "const int32_t *const",
    "int32_t *const",
    "const int32_t",
    "int8_t *const",
    "uint8_t *const",
    "const uint64_t",
    "uint64_t",
    "const size_t",
    "size_t",
    "const unsigned",
    "unsigned",
    "const int",
    "int",
};

static const char *read_type(struct reader *r)
{
    skip_space(r);
    const char *from = r->at, *name = from + (strncmp(from, "const ", 6) == 0 ? 6 : 0);
    if (strncmp(name, "struct ", 7) == 0) {
        r->at = strchr(from, '*');
        need(r, "*");
        return intern_bytes(r->arena, from, (size_t)(r->at - from));
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (take(r, types[i]))
            return types[i];
    return NULL;
}

static struct cstmt *read_declaration(struct reader *r, const char *type)
{
    struct cstmt *s = stmt_new(r->arena, S_DECLARE);
    s->type = type;
    s->name = read_name(r);
    while (take(r, "[")) {
        s->dim[s->dims++] = read_expr(r, 0);
        need(r, "]");
    }
    if (take(r, "="))
        s->value = read_expr(r, 0);
    need(r, ";");
    return s;
}

static struct cstmt *read_for(struct reader *r, enum loop_kind loop)
{
    struct cstmt *s = stmt_new(r->arena, S_FOR);
    s->loop = loop;
    need(r, "(");
    s->type = read_type(r);
    s->name = read_name(r);
    need(r, "=");
    s->from = read_expr(r, 0);
    need(r, ";");
    need(r, s->name);
    need(r, "<");
    s->to = read_expr(r, 5);
    need(r, ";");
    need(r, s->name);
    if (take(r, "++")) {
        s->step = expr_int(r->arena, 1);
    } else {
        need(r, "+=");
        s->step = read_expr(r, 0);
    }
    need(r, ")");
    s->body = read_block(r);
    return s;
}

static struct cstmt *read_if(struct reader *r)
{
    struct cstmt *s = stmt_new(r->arena, S_IF);
    need(r, "(");
    s->value = read_expr(r, 0);
    need(r, ")");
    s->body = read_block(r);
    if (take(r, "else"))
        s->other = read_block(r);
    return s;
}

static struct cstmt *read_comment(struct reader *r)
{
    const char *end = strstr(r->at, "*/");
    if (!end)
        fail(r, "the end of a comment");
    struct cstmt *s = stmt_new(r->arena, S_COMMENT);
    s->text = intern_bytes(r->arena, r->at, (size_t)(end - r->at));
    r->at = end + 2;
    return s;
}

static struct cstmt *read_simple(struct reader *r)
{
    struct expr *e = read_expr(r, 0);
    static const char *const ops[] = {"+=", "-=", "*=", "/=", "="};
    for (size_t i = 0; i < 5; i++)
        if (take(r, ops[i])) {
            struct cstmt *s = stmt_new(r->arena, S_ASSIGN);
            s->op = ops[i];
            s->target = e;
            s->value = read_expr(r, 0);
            need(r, ";");
            return s;
        }
    if (e->kind != E_CALL)
        fail(r, "an assignment or a call");
    need(r, ";");
    struct cstmt *s = stmt_new(r->arena, S_CALL);
    s->value = e;
    return s;
}

static struct cstmt *read_keyword(struct reader *r);

static struct cstmt *read_stmt(struct reader *r)
{
    skip_space(r);
    struct cstmt *s = strchr("@/icufpr", *r->at) ? read_keyword(r) : NULL;
    if (s || r->holed) {
        r->holed = false;
        return s;
    }
    const char *type = read_type(r);
    return type ? read_declaration(r, type) : read_simple(r);
}

/* The statement that begins with a keyword here, or a hole; NULL if none does. */
static struct cstmt *read_keyword(struct reader *r)
{
    if (take(r, "@")) {
        r->holed = true; /* a hole may hold no statement */
        int hole = *r->at++ - '0';
        return hole >= 0 && hole < 10 && r->holes ? r->holes->s[hole] : NULL;
    }
    if (take(r, "/*"))
        return read_comment(r);
    if (take(r, "independent")) {
        bool nowait = take(r, "nowait");
        need(r, "for");
        struct cstmt *s = read_for(r, LOOP_INDEPENDENT);
        s->nowait = nowait;
        return s;
    }
    if (take(r, "collapse")) {
        bool nowait = take(r, "nowait");
        need(r, "for");
        struct cstmt *s = read_for(r, LOOP_COLLAPSE);
        s->nowait = nowait;
        return s;
    }
    if (take(r, "unroll"))
        return need(r, "for"), read_for(r, LOOP_UNROLL);
    if (take(r, "for"))
        return read_for(r, LOOP_PLAIN);
    if (take(r, "if"))
        return read_if(r);
    if (take(r, "parallel")) {
        struct cstmt *s = stmt_new(r->arena, S_PARALLEL);
        need(r, "(");
        s->value = read_expr(r, 0);
        need(r, ")");
        s->body = read_block(r);
        return s;
    }
    if (take(r, "return")) {
        struct cstmt *s = stmt_new(r->arena, S_RETURN);
        if (!take(r, ";")) {
            s->value = read_expr(r, 0);
            need(r, ";");
        }
        return s;
    }
    return NULL;
}

/* A note is a comment on the line of the statement it follows. */
static void read_note(struct reader *r, struct cstmt *s)
{
    while (*r->at == ' ')
        r->at++;
    if (s && strncmp(r->at, "/*", 2) == 0) {
        r->at += 2;
        while (s->next)
            s = s->next;
        s->note = read_comment(r)->text;
    }
}

static struct cstmt *read_block(struct reader *r)
{
    if (!take(r, "{"))
        return read_stmt(r);
    struct cstmt *first = NULL;
    while (!take(r, "}")) {
        struct cstmt *s = read_stmt(r);
        read_note(r, s);
        first = cstmt_join(first, s);
    }
    return first;
}

struct cstmt *code(struct arena *arena, const struct holes *holes, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *text = arena_vformat(arena, format, list);
    va_end(list);
    struct reader r = {arena, text, text, holes, false};
    struct cstmt *first = NULL;
    for (skip_space(&r); *r.at; skip_space(&r)) {
        struct cstmt *s = read_stmt(&r);
        read_note(&r, s);
        first = cstmt_join(first, s);
    }
    return first;
}

struct cstmt *cstmt_join(struct cstmt *a, struct cstmt *b)
{
    if (!a)
        return b;
    struct cstmt *last = a;
    while (last->next)
        last = last->next;
    last->next = b;
    return a;
}

bool cstmt_uses(const struct cstmt *s, const char *name)
{
    for (; s; s = s->next) {
        const struct expr *all[] = {s->value, s->target, s->from, s->to, s->step};
        for (int i = 0; i < 5; i++)
            if (all[i] && expr_uses(all[i], name))
                return true;
        if (cstmt_uses(s->body, name) || cstmt_uses(s->other, name))
            return true;
    }
    return false;
}

struct cstmt *cstmt_assign(struct arena *arena, struct expr *target, struct expr *value)
{
    struct cstmt *s = stmt_new(arena, S_ASSIGN);
    s->op = "=";
    s->target = target;
    s->value = value;
    return s;
}

struct cstmt *cstmt_declare(struct arena *arena, const char *type, const char *name,
                            struct expr *value)
{
    struct cstmt *s = stmt_new(arena, S_DECLARE);
    s->type = type;
    s->name = intern(arena, name);
    s->value = value;
    return s;
}

struct cfunc *cfunc_new(struct arena *arena, const char *type, const char *name, const char *params)
{
    struct cfunc *f = NEW(arena, struct cfunc);
    f->type = type;
    f->name = intern(arena, name);
    while (*params) {
        size_t n = strcspn(params, ",");
        size_t type_end = n;
        while (type_end &&
               (isalnum((unsigned char)params[type_end - 1]) || params[type_end - 1] == '_'))
            type_end--;
        struct cparam p = {intern_bytes(arena, params, type_end),
                           intern_bytes(arena, params + type_end, n - type_end)};
        PUSH(arena, f->param, f->params, p);
        params += n;
        params += strspn(params, ", ");
    }
    return f;
}
