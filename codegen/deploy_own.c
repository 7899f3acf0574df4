/* What a deployed net's C calls: primitives that are not free of libraries by our own functions,
 * and five functions of the C library. */
#include "deploy_print.h"

#include <string.h>

struct own {
    const char *primitive, *params;
    const char *body; /* %s: the prefix */
};

static const struct own own[] = {
    {"abs", "float x", "return x < 0.0f ? -x : x;"},
    {"min", "float a, float b", "return a < b ? a : b;"},
    {"max", "float a, float b", "return a > b ? a : b;"},
    {"floor", "float x",
     "if (!(x > -8388608.0f && x < 8388608.0f)) { return x; } "
     "const float whole = (float)(int32_t)x; return whole > x ? whole - 1.0f : whole;"},
    /* by quarters of a turn, whose length is taken off in three parts, then Taylor's series; what
     * floats of more than 100,000 come to is chance, and 0 here */
    {"sin", "float x",
     "if (!(x > -100000.0f && x < 100000.0f)) { return x - x; } "
     "const float n = %s_floor(x * 0.636619772f + 0.5f);"
     "const float r = ((x - n * 1.5703125f) - n * 0.000483751297f) - n * 7.54978995e-8f;"
     "const float s = r * r;"
     "const int quarter = (int)(n - 4.0f * %s_floor(n * 0.25f));"
     "const float odd = r * (1.0f + s * (-0.166666667f + s * (0.00833333333f + s * "
     "(-0.000198412698f + s * 2.75573192e-6f))));"
     "const float even = 1.0f + s * (-0.5f + s * (0.0416666667f + s * (-0.00138888889f + s * "
     "2.48015873e-5f)));"
     "const float y = quarter % 2 != 0 ? even : odd; return quarter > 1 ? -y : y;"},
    {"cos", "float x", "return %s_sin(x + 1.57079633f);"},
};

static void need_own(struct printer *p, const char *primitive)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        const char *name = arena_format(p->arena, "%s_%s", p->net, own[i].primitive);
        if (strcmp(own[i].primitive, primitive) != 0 || !deploy_is_new(p, name))
            continue;
        struct text body = text_new(p->arena);
        for (const char *at = own[i].body; *at;) {
            const char *hole = strstr(at, "%s");
            size_t n = hole ? (size_t)(hole - at) : strlen(at);
            text_add_bytes(&body, at, n);
            if (hole)
                text_add(&body, p->net);
            at += n + (hole ? 2 : 0);
        }
        if (strcmp(primitive, "cos") == 0)
            need_own(p, "sin");
        if (strcmp(primitive, "sin") == 0)
            need_own(p, "floor");
        deploy_function(p, "float", name, own[i].params, NULL,
                        code(p->arena, NULL, "%s", body.bytes));
    }
}

struct expr *deploy_free_standing(void *context, struct expr *e)
{
    struct printer *p = context;
    static const char *const library[] = {"exp", "log", "tanh", "sqrt"};
    e = expr_map(p->arena, e, deploy_free_standing, p);
    const char *prototype =
        e->kind == E_POW ? arena_format(p->arena, "float powf(float, float);\n") : NULL;
    for (size_t i = 0; e->kind == E_CALL && i < sizeof library / sizeof *library; i++)
        if (strcmp(e->name, library[i]) == 0)
            prototype = arena_format(p->arena, "float %sf(float);\n", library[i]);
    if (prototype && deploy_is_new(p, prototype))
        text_add(&p->prototypes, prototype);
    for (size_t i = 0; e->kind == E_CALL && i < sizeof own / sizeof *own; i++)
        if (strcmp(e->name, own[i].primitive) == 0) {
            need_own(p, own[i].primitive);
            return expr_call(
                p->arena, e->loc,
                intern(p->arena, arena_format(p->arena, "%s_%s", p->net, own[i].primitive)),
                e->count, e->arg, NULL);
        }
    return e;
}
