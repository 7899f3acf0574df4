/* `lowest`, `shuffled` and `quantile`: the values are laid out as their space is, then chosen
 * from. */
#include "lower_rule.h"

/* The values chosen from, as an array laid out as their space is. */
static struct cstmt *lower_keys(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct place *p = place_new(m, s, arena_format(a, "%s_keys", r->target), pass->space);
    struct cstmt *element =
        pass_element(p, r, code(a, NULL, "key[%s] = x;", place_index(p, pass->space)));
    kernel_param(&p->kernel, "float *restrict", "key", "m->work + %lld", (long long)pass->keys->at);
    struct cstmt *call = pass_finish(p, pass, space_loop(a, s, pass->space, element));
    return space_is_matrix(pass->space) ? in_region(m, call) : call;
}

struct cstmt *lower_lowest(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct cstmt *calls = lower_keys(m, s, pass);
    struct extent e = site_extent(s, pass->space);
    const struct field *mask = site_mask(m, s, pass->space);
    struct place *p = place_new(m, s, r->target, SPACE_LAYER);
    pass_target(p, r);
    kernel_param(&p->kernel, "const float *restrict", "key", "m->work + %lld",
                 (long long)pass->keys->at);
    if (mask)
        kernel_param(&p->kernel, "const uint8_t *restrict", "alive_at", "m->%s", mask->name);
    place_given(p, "q");
    struct cstmt *body = cstmt_declare(a, "const float", "q", place_expr(p, r->q));
    body = cstmt_join(body, code(a, NULL, "plast_lowest(key, %s, %lld, %lld, %lld, q, result);",
                                 mask ? "alive_at" : "NULL", (long long)e.rows, (long long)e.cols,
                                 (long long)e.line));
    return cstmt_join(calls, pass_finish(p, pass, place_finish(p, body)));
}

struct cstmt *lower_shuffled(struct module *m, const struct site *s, const struct pass *pass,
                             const char *moment)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct cstmt *calls = lower_keys(m, s, pass);
    struct extent e = site_extent(s, pass->space);
    const struct field *mask = site_mask(m, s, pass->space);
    struct place *p = place_new(m, s, r->target, SPACE_LAYER);
    pass_target(p, r);
    kernel_param(&p->kernel, "float *restrict", "key", "m->work + %lld", (long long)pass->keys->at);
    if (mask)
        kernel_param(&p->kernel, "const uint8_t *restrict", "alive_at", "m->%s", mask->name);
    random_key(&p->kernel, "draw", s, r, moment);
    struct cstmt *body =
        code(a, NULL, "plast_shuffled(key, %s, %lld, %lld, %lld, draw, result);",
             mask ? "alive_at" : "NULL", (long long)e.rows, (long long)e.cols, (long long)e.line);
    return cstmt_join(calls, pass_finish(p, pass, place_finish(p, body)));
}

struct cstmt *lower_quantile(struct module *m, const struct site *s, const struct pass *pass)
{
    struct arena *a = m->arena;
    const struct rule_stmt *r = pass->stmt[0];
    struct cstmt *calls = lower_keys(m, s, pass);
    struct extent e = site_extent(s, pass->space);
    const char *at = "0";
    if (r->space == SPACE_NEURON) {
        at = arena_format(a, "i * %lld", (long long)e.line);
        e.rows = 1;
    } else if (r->space == SPACE_KERNEL) {
        e.cols = site_taps(s);
        e.rows = 1;
        at = arena_format(a, "i * %lld + j * %lld", (long long)e.line, (long long)e.cols);
    } else if (r->space == SPACE_INPUT && is_conv(s->term)) { /* all of the rows of its group */
        struct extent kernels = site_extent(s, SPACE_KERNEL);
        e.rows = kernels.rows / s->term->dense->groups;
        e.cols = e.cols / kernels.cols;
        at = arena_format(a, "j / %lld * %lld + j %% %lld * %lld", (long long)kernels.cols,
                          (long long)(e.rows * e.line), (long long)kernels.cols, (long long)e.cols);
    } else if (r->space == SPACE_INPUT) {
        at = "j";
        e.cols = 1;
    }
    struct place *p = place_new(m, s, r->target, r->space);
    pass_target(p, r);
    kernel_param(&p->kernel, "const float *restrict", "key", "m->work + %lld",
                 (long long)pass->keys->at);
    place_given(p, "q");
    struct cstmt *body = cstmt_declare(a, "const float", "q", place_expr(p, r->q));
    body = cstmt_join(body,
                      code(a, NULL, "result[%s] = plast_quantile(key + %s, %lld, %lld, %lld, q);",
                           place_index(p, r->space), at, (long long)e.rows, (long long)e.cols,
                           (long long)e.line));
    body = place_finish(p, body);
    return cstmt_join(calls, pass_finish(p, pass, space_loop(a, s, r->space, body)));
}
