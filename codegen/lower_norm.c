/* Batch norm (Ioffe and Szegedy 2015): y = (x - mean) / sqrt(variance + epsilon) * weight + bias, a
 * channel's mean and variance being those of the batch and of its map; in evaluation the running
 * ones. What enters has been stored; its moments are made first, one channel by one thread, and
 * then the value is a function of each element. */
#include "lower_time.h"

static const char *line(struct arena *a, const struct value *v, int moment)
{
    return arena_format(a, "%lld", (long long)v->moments_line * moment);
}

static struct expr *real(struct arena *a, double value)
{
    return expr_number(a, (struct loc){0}, value);
}

/* A sum over the channel i, of what `element` adds to part[l] at `at + l`, as `name`. */
static struct cstmt *sum_channel(struct arena *a, const struct value *v, const char *name,
                                 const char *element)
{
    struct holes h = {.s = {code(a, NULL, "%s", element)}};
    return code(a, &h,
                "float %s_part[16];"
                "for (int l = 0; l < 16; l++)"
                "    %s_part[l] = 0.0f;"
                "for (int64_t p = 0; p < %lld; p++)"
                "    for (int64_t c = 0; c < n; c += 16) {"
                "        const int64_t at = (i * %lld + p) * COLUMNS + c;"
                "        independent for (int l = 0; l < 16; l++) {"
                "            @0"
                "        }"
                "    }"
                "const float %s = plast_sum16(%s_part);",
                name, name, (long long)v->map, (long long)v->map, name, name);
}

static void weight_of(struct kernel *k, const struct value *v)
{
    kernel_param(k, "const float *restrict", "weight", "m->%s",
                 plan_field(k->module->plan, v->norm->weight, NULL)->name);
}

/* In training: the batch's. The running ones follow when the loss is known to be a number. */
static struct cstmt *of_batch(struct module *m, const struct value *v)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_moments", v->name));
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "in", "%s",
                 read_from(a, &v->term[0].segment[0], true));
    weight_of(&k, v);
    kernel_param(&k, "float *restrict", "moments", "%s", slice_of(a, v->moments, 0));
    struct holes h = {
        .e = {real(a, v->norm->epsilon)},
        .s = {sum_channel(a, v, "total", "total_part[l] += c + l < n ? in[at + l] : 0.0f;"),
              sum_channel(a, v, "square",
                          "const float from_mean = c + l < n ? in[at + l] - mean : 0.0f;"
                          "square_part[l] += from_mean * from_mean;")}};
    struct cstmt *body =
        code(a, &h,
             "const float count = (float)n * (float)%lld;"
             "independent for (int64_t i = 0; i < %s; i++) {"
             "    @0"
             "    const float mean = total / count;"
             "    @1"
             "    const float inverse = 1.0f / sqrtf(square / count + $0);"
             "    moments[i + %s] = weight[%s] * inverse;"
             "    moments[i + %s] = mean;"
             "    moments[i + %s] = inverse;"
             "    moments[i + %s] = square / (count > 1.0f ? count - 1.0f : 1.0f);"
             "}",
             (long long)v->map, held_neurons(&k, v), line(a, v, MOMENT_SCALE), place_of(&k, v, "i"),
             line(a, v, MOMENT_MEAN), line(a, v, MOMENT_INVERSE), line(a, v, MOMENT_VARIANCE));
    kernel_finish(&k, arena_format(a, "%s: moments of the batch", where(m, v->norm->loc)), body);
    return kernel_call(&k);
}

static struct cstmt *of_run(struct module *m, const struct value *v)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_shown_moments", v->name));
    weight_of(&k, v);
    kernel_param(&k, "const float *restrict", "running_mean", "m->%s", v->running_mean);
    kernel_param(&k, "const float *restrict", "running_var", "m->%s", v->running_var);
    kernel_param(&k, "float *restrict", "moments", "%s", v->shown_moments->name);
    struct holes h = {.e = {real(a, v->norm->epsilon)}};
    struct cstmt *body = code(a, &h,
                              "independent for (int64_t i = 0; i < %s; i++) {"
                              "    const int64_t at = %s;"
                              "    moments[i + %s] = weight[at] / sqrtf(running_var[at] + $0);"
                              "    moments[i + %s] = running_mean[at];"
                              "}",
                              held_neurons(&k, v), place_of(&k, v, "i"), line(a, v, MOMENT_SCALE),
                              line(a, v, MOMENT_MEAN));
    kernel_finish(&k, arena_format(a, "%s: the running moments", where(m, v->norm->loc)), body);
    return kernel_call(&k);
}

void lower_moments(struct module *m, struct value *v)
{
    m->forward = cstmt_join(m->forward, of_batch(m, v));
    m->shown = cstmt_join(m->shown, of_run(m, v));
}

struct expr *norm_input(struct kernel *k, const struct value *v, bool train, const char *row)
{
    struct arena *a = k->module->arena;
    kernel_param(k, "const float *restrict", "in", "%s",
                 read_from(a, &v->term[0].segment[0], train));
    kernel_param(k, "const float *restrict", "moments", "%s",
                 train ? slice_of(a, v->moments, 0) : v->shown_moments->name);
    kernel_param(k, "const float *restrict", "bias", "m->%s",
                 plan_field(k->module->plan, v->norm->bias, NULL)->name);
    const char *place = place_of(k, v, row);
    /* the mean is taken off first: what is left is small, and its rounding too */
    return ex(a, "(in[at + l] - moments[%s + %s]) * moments[%s + %s] + bias[%s]", row,
              line(a, v, MOMENT_MEAN), row, line(a, v, MOMENT_SCALE), place);
}

/* d loss / d x = scale * (e - mean(e) - x' mean(e x')), x' being what weight multiplies, from the
 * sums that are the gradients of bias and weight. */
struct expr *norm_output(struct kernel *k, const struct value *v, const struct use *u, int number,
                         const char *row)
{
    struct arena *a = k->module->arena;
    const char *moments = arena_format(a, "moments%d", number);
    kernel_param(k, "const float *restrict", arena_format(a, "error%d", number), "%s",
                 slice_of(a, u->by->error, u->delay));
    kernel_param(k, "const float *restrict", moments, "%s", slice_of(a, u->by->moments, u->delay));
    kernel_param(k, "const float *restrict", "result", "%s", slice_of(a, v->plain, 0));
    return ex(a, "(%s[%s + %s] * error%d[at + l] + (%s[%s + %s] * result[at + l] + %s[%s + %s]))",
              moments, row, line(a, u->by, MOMENT_OF_ERROR), number, moments, row,
              line(a, u->by, MOMENT_OF_VALUE), moments, row, line(a, u->by, MOMENT_REST));
}

/* From the error at the value: gradients of weight and bias, and the coefficients of what travels
 * on. */
void lower_norm_backward(struct module *m, struct value *v)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_moments_backward", v->name));
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const float *restrict", "in", "%s",
                 read_from(a, &v->term[0].segment[0], true));
    kernel_param(&k, "const float *restrict", "error", "%s", slice_of(a, v->error, 0));
    kernel_param(&k, "float *restrict", "moments", "%s", slice_of(a, v->moments, 0));
    struct holes h = {
        .s = {sum_channel(a, v, "total", "total_part[l] += c + l < n ? error[at + l] : 0.0f;"),
              sum_channel(a, v, "along",
                          "along_part[l] += c + l < n ? error[at + l] * ((in[at + l] - mean) * "
                          "inverse) : 0.0f;")}};
    struct cstmt *body =
        code(a, &h,
             "const float count = (float)n * (float)%lld;"
             "independent for (int64_t i = 0; i < %s; i++) {"
             "    const int64_t channel = %s;"
             "    const float scale = moments[i + %s];"
             "    const float mean = moments[i + %s];"
             "    const float inverse = moments[i + %s];"
             "    @0"
             "    @1"
             "    const float of_value = -scale * inverse * (along / count);"
             "    moments[i + %s] = scale;"
             "    moments[i + %s] = of_value;"
             "    moments[i + %s] = -scale * (total / count) - of_value * mean;"
             "    moments[channel + %s] = total;"
             "    moments[channel + %s] = along;"
             "}",
             (long long)v->map, held_neurons(&k, v), place_of(&k, v, "i"), line(a, v, MOMENT_SCALE),
             line(a, v, MOMENT_MEAN), line(a, v, MOMENT_INVERSE), line(a, v, MOMENT_OF_ERROR),
             line(a, v, MOMENT_OF_VALUE), line(a, v, MOMENT_REST), line(a, v, MOMENT_BIAS),
             line(a, v, MOMENT_WEIGHT));
    kernel_finish(&k, "Gradients of its scale and shift, and what its error is made of.", body);
    m->errors = cstmt_join(m->errors, kernel_call(&k));
}

/* Of all time steps, in their order: a value before the loop over them has the same in each. */
void lower_norm_updates(struct module *m, const struct value *v)
{
    struct arena *a = m->arena;
    struct kernel k = kernel_new(m, arena_format(a, "%s_moments_update", v->name));
    bool timed = v->norm->timed;
    const char *at = timed && v->moments->slice
                         ? arena_format(a, "moments + step * %lld", (long long)v->moments->slice)
                         : "moments";
    kernel_param(&k, "float *restrict", "moments", "%s", v->moments->name);
    kernel_param(&k, "float *restrict", "running_mean", "gradient != NULL ? NULL : m->%s",
                 v->running_mean);
    kernel_param(&k, "float *restrict", "running_var", "gradient != NULL ? NULL : m->%s",
                 v->running_var);
    struct holes h = {.e = {real(a, 1 - v->norm->momentum), real(a, v->norm->momentum)}};
    h.s[0] = code(a, &h,
                  "const float *of = %s;"
                  "if (running_mean != NULL) {"
                  "    running_mean[channel] = $0 * running_mean[channel] + $1 * of[i + %s];"
                  "    running_var[channel] = $0 * running_var[channel] + $1 * of[i + %s];"
                  "}",
                  at, line(a, v, MOMENT_MEAN), line(a, v, MOMENT_VARIANCE));
    if (v->moments->slice)
        h.s[1] = code(a, NULL,
                      "if (step > 0) {"
                      "    moments[channel + %s] += of[channel + %s];"
                      "    moments[channel + %s] += of[channel + %s];"
                      "}",
                      line(a, v, MOMENT_WEIGHT), line(a, v, MOMENT_WEIGHT), line(a, v, MOMENT_BIAS),
                      line(a, v, MOMENT_BIAS));
    if (timed)
        h.s[0] = code(a, &h, "for (int64_t step = 0; step < STEPS; step++) { @0 @1 }");
    kernel_finish(&k, "The running moments, and gradients of scale and shift over all steps.",
                  code(a, &h,
                       "independent for (int64_t i = 0; i < %s; i++) {"
                       "    const int64_t channel = %s;"
                       "    @0"
                       "}",
                       held_neurons(&k, v), place_of(&k, v, "i")));
    m->errors = cstmt_join(m->errors, kernel_call(&k));
    lower_vector_update(m, v->norm->weight,
                        arena_format(a, "%s + %s", v->moments->name, line(a, v, MOMENT_WEIGHT)));
    lower_vector_update(m, v->norm->bias,
                        arena_format(a, "%s + %s", v->moments->name, line(a, v, MOMENT_BIAS)));
}
