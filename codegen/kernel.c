/* Functions in the making (lower.h), and common subexpressions. */
#include "lower.h"
#include "names.h"

#include <string.h>

struct kernel kernel_new(struct module *m, const char *name)
{
    struct kernel k = {.module = m,
                       .name = names_unique(m->plan->names, name),
                       .params = text_new(m->arena),
                       .names = text_new(m->arena),
                       .actuals = text_new(m->arena)};
    return k;
}

static bool has_param(const struct kernel *k, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = k->names.bytes; at && (at = strstr(at, name)); at += n)
        if ((at == k->names.bytes || at[-1] == ' ') && (at[n] == ',' || at[n] == '\0'))
            return true;
    return false;
}

void kernel_param(struct kernel *k, const char *type, const char *name, const char *format, ...)
{
    if (has_param(k, name))
        return;
    const char *comma = k->params.size ? ", " : "";
    bool star = type[strlen(type) - 1] == '*' || strstr(type, "*restrict");
    text_printf(&k->params, "%s%s%s%s", comma, type, star && !strstr(type, "restrict") ? "" : " ",
                name);
    text_printf(&k->names, "%s%s", comma, name);
    va_list list;
    va_start(list, format);
    text_printf(&k->actuals, "%s%s", comma, arena_vformat(k->module->arena, format, list));
    va_end(list);
}

static void declare_scalars(struct kernel *k, const struct expr *e, struct cstmt **head)
{
    if (e->kind == E_NAME && strncmp(e->name, "scalar", 6) == 0 && e->name[6]) {
        for (const struct cstmt *s = *head; s; s = s->next)
            if (s->name == e->name)
                return;
        kernel_param(k, "const float *restrict", "scalar", "scalar");
        *head = cstmt_join(*head, cstmt_declare(k->module->arena, "const float", e->name,
                                                ex(k->module->arena, "scalar[%s]", e->name + 6)));
    }
    for (int i = 0; i < e->count; i++)
        declare_scalars(k, e->arg[i], head);
}

/* In loops over elements the primitives that plast.h has for vectors. */
static struct expr *vector_calls(void *context, struct expr *e)
{
    struct arena *a = context;
    e = expr_map(a, e, vector_calls, a);
    if (e->kind != E_CALL || (strcmp(e->name, "exp") != 0 && strcmp(e->name, "tanh") != 0))
        return e;
    return expr_call(a, e->loc, intern(a, arena_format(a, "plast_%s", e->name)), e->count, e->arg,
                     NULL);
}

struct expr *kernel_hoist(struct kernel *k, struct expr *e, struct cstmt **head)
{
    struct expr *hoisted = vector_calls(k->module->arena, plan_hoist(k->module->plan, e));
    declare_scalars(k, hoisted, head);
    return hoisted;
}

void module_add(struct module *m, struct cfunc *f)
{
    if (m->last)
        m->last->next = f;
    else
        m->func = f;
    m->last = f;
}

struct expr *as_number(struct arena *a, struct expr *e)
{
    return expr_is_logical(e) ? expr_cond(a, e->loc, e, ex(a, "1.0f"), ex(a, "0.0f")) : e;
}

struct expr *as_condition(struct arena *a, struct expr *e)
{
    return expr_is_logical(e) ? e : expr_binary(a, e->loc, E_NE, e, ex(a, "0.0f"));
}

struct cstmt *declare_if_used(struct arena *a, const char *type, const char *name,
                              struct expr *value, struct cstmt *list)
{
    if (!cstmt_uses(list, intern(a, name)))
        return list;
    return cstmt_join(cstmt_declare(a, type, name, value), list);
}

void kernel_tile(struct kernel *k, const char *own, struct cstmt *body)
{
    struct arena *a = k->module->arena;
    k->tile_names = arena_format(a, "%s", k->names.bytes);
    const char *params = arena_format(a, "%s, %s", own, k->params.bytes);
    struct cfunc *f = cfunc_new(a, "void", arena_format(a, "%s_tile", k->name), params);
    f->is_inline = true;
    f->body = body;
    module_add(k->module, f);
}

void kernel_finish(struct kernel *k, const char *comment, struct cstmt *body)
{
    struct cfunc *f =
        cfunc_new(k->module->arena, "void", k->name, k->params.size ? k->params.bytes : "");
    f->comment = comment;
    f->body = body;
    module_add(k->module, f);
}

struct cstmt *kernel_call(struct kernel *k)
{
    return code(k->module->arena, NULL, "%s(%s);", k->name,
                k->actuals.size ? k->actuals.bytes : "");
}

static bool worth_binding(const struct expr *e)
{
    if (e->kind == E_CALL || e->kind == E_DIV || e->kind == E_POW)
        return true;
    for (int i = 0; i < e->count; i++)
        if (worth_binding(e->arg[i]))
            return true;
    return false;
}

static int count_in(const struct expr *e, const struct expr *what)
{
    if (e->kind == what->kind && expr_equal(e, what))
        return 1;
    int n = 0;
    for (int i = 0; i < e->count; i++)
        n += count_in(e->arg[i], what);
    return n;
}

/* The largest expression that stands twice; larger ones are met first on the way down. */
static struct expr *find_common(struct expr *e, struct expr **list, int count)
{
    if (e->count == 0 || !worth_binding(e))
        return NULL;
    int n = 0;
    for (int i = 0; i < count; i++)
        n += count_in(list[i], e);
    if (n > 1)
        return e;
    for (int i = 0; i < e->count; i++) {
        struct expr *found = find_common(e->arg[i], list, count);
        if (found)
            return found;
    }
    return NULL;
}

struct cstmt *bind_common(struct arena *a, struct expr **list, int count)
{
    struct cstmt *first = NULL;
    int size = 0;
    for (int i = 0; i < count; i++)
        size += list[i]->size;
    if (size > 400) /* the search is quadratic, and compilers find most of it too */
        return NULL;
    for (int bound = 0; bound < 16; bound++) {
        struct expr *common = NULL;
        for (int i = 0; i < count && !common; i++)
            common = find_common(list[i], list, count);
        if (!common)
            break;
        const char *name = arena_format(a, "t%d", bound);
        struct expr *by = expr_name(a, common->loc, intern(a, name));
        for (int i = 0; i < count; i++)
            list[i] = expr_replace_equal(a, list[i], common, by);
        for (struct cstmt *s = first; s; s = s->next)
            s->value = expr_replace_equal(a, s->value, common, by);
        struct cstmt *declare = cstmt_declare(a, "const float", name, common), **at = &first;
        for (struct cstmt **link = &first; *link; link = &(*link)->next)
            if (expr_uses(common, (*link)->name))
                at = &(*link)->next; /* after all that it uses, and so before all that use it */
        declare->next = *at;
        *at = declare;
    }
    return first;
}

const char *where(const struct module *m, struct loc loc)
{
    const char *path = diag_path(m->diag, loc), *slash = strrchr(path, '/');
    struct text t = text_new(m->arena);
    for (const char *p = slash ? slash + 1 : path; *p; p++) {
        bool plain = (unsigned char)*p >= ' ' && *p != '*' && *p != '\\' && (unsigned char)*p < 127;
        text_add_bytes(&t, plain ? p : "?", 1);
    }
    return arena_format(m->arena, "%s:%d", t.bytes, diag_line(m->diag, loc));
}
