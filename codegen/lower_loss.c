/* The loss: its value for each sample, whether the sample was right, and its gradient at the
 * output, divided by the number of samples, so that every gradient after it is of the mean. */
#include "lower.h"

/* Softmax and its cross-entropy with the labels: loss = log sum exp(y - top) + top - y[label].
 * Sixteen samples beside each other, of which the last may be padding. */
static struct cstmt *cross_entropy(struct arena *a, const char *units)
{
    return code(a, NULL,
                "independent for (int64_t c = 0; c < n; c += 16) {"
                "    float top[16];"
                "    float total[16];"
                "    int best[16];"
                "    independent for (int64_t l = 0; l < 16; l++) {"
                "        top[l] = out[c + l];"
                "        total[l] = 0.0f;"
                "        best[l] = 0;"
                "    }"
                "    for (int64_t i = 1; i < %s; i++)"
                "        independent for (int64_t l = 0; l < 16; l++) {"
                "            const float y = out[i * COLUMNS + c + l];"
                "            best[l] = y > top[l] ? (int)i : best[l];"
                "            top[l] = y > top[l] ? y : top[l];"
                "        }"
                "    for (int64_t i = 0; i < %s; i++)"
                "        independent for (int64_t l = 0; l < 16; l++) {"
                "            const float e = plast_exp(out[i * COLUMNS + c + l] - top[l]);"
                "            error[i * COLUMNS + c + l] = e;"
                "            total[l] += e;"
                "        }"
                "    for (int64_t i = 0; i < %s; i++)"
                "        independent for (int64_t l = 0; l < 16; l++)"
                "            error[i * COLUMNS + c + l] *= 1.0f / (total[l] * (float)n);"
                "    for (int64_t l = 0; l < PLAST_LEAST(16, n - c); l++) {"
                "        const int64_t label = labels[c + l];"
                "        sample_loss[c + l] = logf(total[l]) + (top[l] - out[label * COLUMNS + c + "
                "l]);"
                "        error[label * COLUMNS + c + l] -= 1.0f / (float)n;"
                "        sample_hit[c + l] = best[l] == label ? 1.0f : 0.0f;"
                "    }"
                "}",
                units, units, units);
}

/* Mean over outputs and samples of (y - t)^2; t is one-hot where there are labels. */
static struct cstmt *squares(struct arena *a, const char *units)
{
    return code(a, NULL,
                "independent for (int64_t c = 0; c < n; c++) {"
                "    float top = out[c];"
                "    int64_t best = 0;"
                "    float total = 0.0f;"
                "    for (int64_t i = 0; i < %s; i++) {"
                "        const float y = out[i * COLUMNS + c];"
                "        const float t = targets != NULL ? targets[c * %s + i] : labels[c] == i ? "
                "1.0f : 0.0f;"
                "        if (y > top) {"
                "            top = y;"
                "            best = i;"
                "        }"
                "        total += (y - t) * (y - t);"
                "        error[i * COLUMNS + c] = 2.0f * (y - t) / ((float)%s * (float)n);"
                "    }"
                "    sample_loss[c] = total / (float)%s;"
                "    sample_hit[c] = labels != NULL && labels[c] == best ? 1.0f : 0.0f;"
                "}",
                units, units, units, units);
}

/* The output's own chain, where it has one. */
static struct cstmt *through_chain(struct kernel *k, struct value *v)
{
    struct arena *a = k->module->arena;
    struct cstmt *head = NULL;
    struct expr *slope;
    struct cstmt *modulated = NULL;
    if (v->modulated)
        modulated = lower_modulated(k, v, "e", neuron_of_unit(k, v, "i"), &head);
    if (v->slope_is_one && !modulated)
        return NULL;
    if (v->slope_is_one) {
        slope = ex(a, "1.0f");
    } else if (v->slope_from_result) {
        struct expr *y = ex(a, "out[i * COLUMNS + c]");
        slope = expr_substitute(a, kernel_hoist(k, v->slope, &head), intern(a, "y"), y);
    } else {
        kernel_param(k, "const float *restrict", "slope", "%s", v->slopes->name);
        slope = ex(a, "slope[i * COLUMNS + c]");
    }
    struct holes h = {.e = {slope}, .s = {modulated}};
    return cstmt_join(head, code(a, &h,
                                 "independent for (int64_t i = 0; i < %s; i++)"
                                 "    independent for (int64_t c = 0; c < n; c++) {"
                                 "        const int64_t l = 0;"
                                 "        float e = error[i * COLUMNS + c];"
                                 "        PLAST_IGNORE(l);"
                                 "        @0"
                                 "        error[i * COLUMNS + c] = e * $0; /* derivative */"
                                 "    }",
                                 v->units));
}

static struct cstmt *silence_dead(struct kernel *k, const struct value *v)
{
    struct arena *a = k->module->arena;
    struct holes h = {
        .e = {if_neuron_alive(k, v, neuron_of_unit(k, v, "i"), ex(a, "error[i * COLUMNS + c]"))}};
    return v->alive ? code(a, &h,
                           "independent for (int64_t i = 0; i < %s; i++)"
                           "    independent for (int64_t c = 0; c < n; c++)"
                           "        error[i * COLUMNS + c] = $0;",
                           v->units)
                    : NULL;
}

void lower_loss(struct module *m)
{
    struct value *v = m->plan->output;
    bool classes = m->plan->net->loss == LOSS_CROSS_ENTROPY;
    struct kernel k = kernel_new(m, classes ? "cross_entropy" : "mean_squares");
    kernel_param(&k, "const int64_t", "n", "n");
    kernel_param(&k, "const int32_t *restrict", "labels", "labels");
    if (!classes)
        kernel_param(&k, "const float *restrict", "targets", "targets");
    kernel_param(&k, "const float *restrict", "out", "%s", v->plain->name);
    kernel_param(&k, "float *restrict", "error", "%s", v->error->name);
    kernel_param(&k, "float *restrict", "sample_loss", "%s", m->plan->sample_loss->name);
    kernel_param(&k, "float *restrict", "sample_hit", "%s", m->plan->sample_hit->name);
    struct cstmt *body = classes ? cross_entropy(m->arena, v->units) : squares(m->arena, v->units);
    body = cstmt_join(body, through_chain(&k, v));
    body = cstmt_join(body, silence_dead(&k, v));
    kernel_finish(&k,
                  classes
                      ? "Softmax and cross-entropy, and its gradient for the mean over n samples."
                      : "Mean squared error, and its gradient for the mean over n samples.",
                  body);
    m->forward = cstmt_join(m->forward, kernel_call(&k));
}
