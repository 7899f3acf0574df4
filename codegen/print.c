/* Statements -> C text, one statement a line, four spaces a level. Nothing is
 * decided here: how a loop runs is in the loop. */
#include "loop.h"

#include <string.h>

static void print_block(struct text *t, const struct cstmt *s, int level);
static void print_braces(struct text *t, const struct cstmt *s, int level);

static void indent(struct text *t, int level)
{
    for (int i = 0; i < level; i++)
        text_add(t, "    ");
}

static void print_pragma(struct text *t, const struct cstmt *s)
{
    const char *nowait = s->nowait ? " nowait" : "";
    if (s->tag == S_PARALLEL) {
        text_add(t, "#pragma omp parallel num_threads(");
        expr_print(t, s->value, EXPR_FLOAT);
        text_add(t, ")\n");
    }
    if (s->tag != S_FOR)
        return;
    switch (s->loop) {
    case LOOP_PLAIN:
    case LOOP_INDEPENDENT:
    case LOOP_COLLAPSE:
        return;
    case LOOP_UNROLL: /* on the loop's own line */
        return;
    case LOOP_SIMD:
        text_add(t, "#pragma omp simd\n");
        return;
    case LOOP_SHARED:
        text_printf(t, "#pragma omp for schedule(static)%s\n", nowait);
        return;
    case LOOP_SHARED2:
        text_printf(t, "#pragma omp for collapse(2) schedule(static)%s\n", nowait);
        return;
    }
}

static void print_for(struct text *t, const struct cstmt *s, int level)
{
    text_printf(t, "%sfor (%s %s = ", s->loop == LOOP_UNROLL ? "PLAST_UNROLL " : "", s->type,
                s->name);
    expr_print(t, s->from, EXPR_FLOAT);
    bool choice = s->to->kind == E_COND; /* binds looser than < */
    text_printf(t, "; %s < %s", s->name, choice ? "(" : "");
    expr_print(t, s->to, EXPR_FLOAT);
    text_add(t, choice ? ")" : "");
    if (s->step->kind == E_INT && s->step->integer == 1) {
        text_printf(t, "; %s++)", s->name);
    } else {
        text_printf(t, "; %s += ", s->name);
        expr_print(t, s->step, EXPR_FLOAT);
        text_add(t, ")");
    }
    print_block(t, s->body, level);
}

static void print_value(struct text *t, const struct cstmt *s)
{
    if (!s->in_double) {
        expr_print(t, s->value, EXPR_FLOAT);
        return;
    }
    text_add(t, "(float)(");
    expr_print(t, s->value, EXPR_DOUBLE);
    text_add(t, ")");
}

static void print_declare(struct text *t, const struct cstmt *s)
{
    bool star = s->type[strlen(s->type) - 1] == '*';
    text_printf(t, "%s%s%s", s->type, star ? "" : " ", s->name);
    for (int i = 0; i < s->dims; i++) {
        text_add(t, "[");
        expr_print(t, s->dim[i], EXPR_FLOAT);
        text_add(t, "]");
    }
    if (s->value) {
        text_add(t, " = ");
        print_value(t, s);
    }
    text_add(t, ";");
}

static void print_if(struct text *t, const struct cstmt *s, int level)
{
    text_add(t, "if (");
    expr_print(t, s->value, EXPR_FLOAT);
    text_add(t, ")");
    print_block(t, s->body, level);
    if (s->other) {
        text_add(t, " else");
        print_block(t, s->other, level);
    }
}

static void print_stmt(struct text *t, const struct cstmt *s, int level)
{
    switch (s->tag) {
    case S_DECLARE:
        print_declare(t, s);
        break;
    case S_ASSIGN:
        expr_print(t, s->target, EXPR_FLOAT);
        text_printf(t, " %s ", s->op);
        print_value(t, s);
        text_add(t, ";");
        break;
    case S_FOR:
        print_for(t, s, level);
        break;
    case S_IF:
        print_if(t, s, level);
        break;
    case S_PARALLEL:
        print_braces(t, s->body, level);
        break;
    case S_CALL:
        expr_print(t, s->value, EXPR_FLOAT);
        text_add(t, ";");
        break;
    case S_RETURN:
        text_add(t, s->value ? "return " : "return");
        if (s->value)
            expr_print(t, s->value, EXPR_FLOAT);
        text_add(t, ";");
        break;
    case S_COMMENT:
        text_printf(t, "/*%s*/", s->text);
        break;
    }
    if (s->note)
        text_printf(t, " /*%s*/", s->note);
}

static void print_list(struct text *t, const struct cstmt *s, int level)
{
    for (; s; s = s->next) {
        print_pragma(t, s);
        indent(t, level);
        print_stmt(t, s, level);
        text_add(t, "\n");
    }
}

static void print_braces(struct text *t, const struct cstmt *s, int level)
{
    text_add(t, "{\n");
    print_list(t, s, level + 1);
    indent(t, level);
    text_add(t, "}");
}

static void print_block(struct text *t, const struct cstmt *s, int level)
{
    text_add(t, " ");
    print_braces(t, s, level);
}

void print_prototype(struct text *t, const struct cfunc *f)
{
    if (!f->is_public)
        text_add(t, f->is_inline ? "static inline PLAST_INLINE " : "static ");
    bool star = f->type[strlen(f->type) - 1] == '*';
    text_printf(t, "%s%s%s(", f->type, star ? "" : " ", f->name);
    for (int i = 0; i < f->params; i++)
        text_printf(t, "%s%s%s", i ? ", " : "", f->param[i].type, f->param[i].name);
    text_add(t, f->params ? ")" : "void)");
}

void print_func(struct text *t, const struct cfunc *f)
{
    if (f->comment)
        text_printf(t, "/* %s */\n", f->comment);
    print_prototype(t, f);
    text_add(t, "\n{\n");
    print_list(t, f->body, 1);
    text_add(t, "}\n");
}
