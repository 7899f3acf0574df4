/* Definitions of random models: functions, optimizers and blocks of their own, and
 * those found in a text such as the prelude; and calls of both. */
#include "random.h"

#include <ctype.h>
#include <string.h>

/* --------------------------------------------------------------- reading definitions */

static const char *skip_space(const char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    return s;
}

static const char *read_name(struct random *r, const char **at)
{
    const char *from = skip_space(*at), *to = from;

    while (isalnum((unsigned char)*to) || *to == '_')
        to++;
    *at = to;
    return intern_bytes(r->arena, from, (size_t)(to - from));
}

/* NAME(first, a, b = 1): the parameters after the first; whether this could be read. */
static bool read_callable(struct random *r, const char *at, struct callable *c, const char **first)
{
    memset(c, 0, sizeof *c);
    c->name = read_name(r, &at);
    at = skip_space(at);
    if (*at++ != '(')
        return false;
    *first = read_name(r, &at);
    for (;;) {
        int depth = 0;
        const char *from = at;
        for (; *at && (depth > 0 || (*at != ',' && *at != ')')); at++)
            depth += (*at == '(') - (*at == ')');
        if (c->params > 0)
            c->has_default[c->params - 1] = memchr(from, '=', (size_t)(at - from)) != NULL;
        if (*at != ',')
            return *at == ')';
        at++;
        if (c->params == 8)
            return false;
        c->param[c->params++] = read_name(r, &at);
    }
}

static bool is_bound(const char *name)
{
    return !strcmp(name, "low") || !strcmp(name, "high");
}

static bool can_call(const struct callable *c)
{
    for (int i = 0; i < c->params; i++)
        if (!c->has_default[i] && !is_bound(c->param[i]))
            return false;
    return true;
}

void read_definitions(struct random *r, const char *text)
{
    r->has_cosine = strstr(text, "function cosine(from, to, warmup = 0)") != NULL;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        struct callable c;
        const char *first;
        line += *line == '\n';
        if (!strncmp(line, "function ", 9) && read_callable(r, line + 9, &c, &first) &&
            !strcmp(first, "x") && can_call(&c) && r->functions < MOST)
            r->function[r->functions++] = c;
        if (!strncmp(line, "optimizer ", 10) && read_callable(r, line + 10, &c, &first) &&
            !strcmp(first, "rate") && can_call(&c) && r->optimizers < MOST)
            r->optimizer[r->optimizers++] = c;
    }
}

/* --------------------------------------------------------------------- definitions */

/* `name` of a parameter a definition may or may not have. */
static struct callable *declare(struct random *r, struct callable *list, int *count,
                                const char *prefix)
{
    struct callable *c = &list[(*count)++];

    memset(c, 0, sizeof *c);
    c->name = format(r, "%s%d", prefix, *count);
    if (chance(r, 50)) {
        c->param[0] = "shape";
        c->has_default[0] = true;
        c->params = 1;
    }
    return c;
}

static bool mentions(const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = strstr(text, name); at; at = strstr(at + 1, name))
        if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[n]))
            return true;
    return false;
}

void define_function(struct random *r)
{
    static const char *const names[] = {"x", "shape"};
    struct callable *c = declare(r, r->function, &r->functions, "own");
    const char *body = bounded(r, names, 1 + c->params, 1 + below(r, 3));

    /* every parameter is used */
    if (!mentions(body, "x"))
        body = format(r, "tanh(x) + (%s) / 2", body);
    if (c->params > 0)
        body = format(r, "shape * (%s)", body);
    if (chance(r, 30))
        body = format(r, "(%s) / 2 + %s", body, call_function(r, "x"));
    text_printf(&r->out, "function %s(x%s) = %s;\n", c->name,
                c->params ? format(r, ", shape = %.2g", between(r, 0.3, 1.2)) : "", body);
}

static void assign_state(struct random *r, const char *indent, const char *state,
                         const char *const *names, int count)
{
    const char *value = bounded(r, names, count, 1 + below(r, 2));

    switch (below(r, 4)) {
    case 0:
        text_printf(&r->out, "%s%s *= 0.6;\n", indent, state);
        return;
    case 1:
        text_printf(&r->out, "%s%s -= 0.5 * (%s - (%s));\n", indent, state, state, value);
        return;
    case 2:
        text_printf(&r->out, "%s%s /= 1 + abs(%s);\n", indent, state, value);
        return;
    default:
        text_printf(&r->out, "%s%s = 0.7 * %s + 0.3 * (%s);\n", indent, state, state, value);
    }
}

void define_optimizer(struct random *r)
{
    static const char *const names[] = {"grad", "w", "g", "s", "t"};
    struct callable *c = declare(r, r->optimizer, &r->optimizers, "rule");
    int states = below(r, 3), known = 3 + states;

    text_printf(&r->out, "optimizer %s(rate%s) {\n", c->name, c->params ? ", shape = 0.4" : "");
    if (states > 0)
        text_printf(&r->out, "    state s = %s%s;\n", chance(r, 50) ? "0" : "0.05",
                    states > 1 ? ", t = 0.1" : "");
    text_printf(&r->out, "    g = grad + %s * w;\n", c->params ? "0.01 * shape" : "0.001");
    for (int i = 0; i < states; i++)
        assign_state(r, "    ", names[3 + i], names, known);
    if (states > 0 && chance(r, 60)) {
        text_printf(&r->out, "    if (%s) {\n", condition(r, names, known, 1));
        assign_state(r, "        ", "s", names, known);
        text_printf(&r->out, "        g *= 0.5;\n    }");
        if (chance(r, 60)) {
            text_printf(&r->out, " else {\n");
            assign_state(r, "        ", names[3 + states - 1], names, known);
            text_printf(&r->out, "    }");
        }
        text_printf(&r->out, "\n");
    }
    text_printf(&r->out, "    w -= rate * (g + 0.1 * (%s)%s);\n}\n", bounded(r, names, known, 2),
                states > 0 ? format(r, " + 0.3 * s") : "");
}

/* --------------------------------------------------------------------------- calls */

static const char *argument_for(struct random *r, const char *param)
{
    if (!strcmp(param, "low"))
        return format(r, "%.2g", between(r, -2, -0.5));
    if (!strcmp(param, "high"))
        return format(r, "%.2g", between(r, 0.5, 2));
    if (!strcmp(param, "epsilon")) /* what divides never comes to zero */
        return format(r, "%.2g", between(r, 0.01, 0.5));
    return scheduled(r, 0.2, 0.9);
}

/* Arguments by name, sometimes those with defaults left out. */
static const char *arguments(struct random *r, const struct callable *c, const char *first)
{
    const char *list = first;

    for (int i = 0; i < c->params; i++)
        if (!c->has_default[i] || chance(r, 30))
            list = format(r, "%s%s%s = %s", list, *list ? ", " : "", c->param[i],
                          argument_for(r, c->param[i]));
    return list;
}

const char *call_function(struct random *r, const char *argument)
{
    static const char *const primitives[] = {"tanh", "sin", "abs"};
    int own = argument ? r->functions - 1 : r->functions; /* not inside of itself */
    const struct callable *c;
    const char *list;

    if (own <= 0 || chance(r, 8)) {
        list = argument ? argument : "";
        c = NULL;
    } else {
        c = &r->function[below(r, own)];
        list = arguments(r, c, argument ? argument : "");
    }
    return format(r, "%s%s%s%s", c ? c->name : pick(r, primitives, 3), *list ? "(" : "", list,
                  *list ? ")" : "");
}

const char *call_optimizer(struct random *r)
{
    const struct callable *c = &r->optimizer[below(r, r->optimizers)];
    bool named = chance(r, 50);
    const char *rate = scheduled(r, 0.001, 0.05);

    if (r->optimizers > 1 && chance(r, 40)) /* the file's own are last */
        c = &r->optimizer[r->optimizers - 1];
    return format(r, "%s(%s)", c->name,
                  arguments(r, c, named ? format(r, "rate = %s", rate) : rate));
}

/* ------------------------------------------------------------------------- blocks */

const char *maybe(struct random *r, int percent, const char *text)
{
    return chance(r, percent) ? text : "";
}

const char *then_function(struct random *r)
{
    return format(r, " |> %s", call_function(r, NULL));
}

void define_block(struct random *r)
{
    struct callable *b = &r->block[r->blocks++];

    *b = (struct callable){format(r, "cell%d", r->blocks), {"units"}, {false}, 1};
    text_printf(&r->out, "block  %s(units", b->name);
    switch (below(r, 3)) {
    case 0:
        text_printf(&r->out, ") = dense(units%s)%s", maybe(r, 40, ", bias = false"),
                    then_function(r));
        break;
    case 1:
        b->param[b->params++] = "p";
        text_printf(&r->out, ", p = 0.2) = dense(units)%s |> dropout(p)", then_function(r));
        break;
    default:
        text_printf(&r->out, ") = (it |> dense(units)) + (it%s |> dense(units, bias = false))%s",
                    then_function(r), then_function(r));
    }
    text_printf(&r->out, ";\n");
}
