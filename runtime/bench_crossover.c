/* bench --crossover: at which share of live synapses a layer's csr form becomes faster than its
 * dense one, on this machine, at this batch. Synapses live at random; all other layers are whole
 * and dense. Both forms take steps in turn, in windows of time, and the medians are compared. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

static const double share[] = {0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3,
                               0.35, 0.4,  0.5, 0.6,  0.7, 0.8,  0.9};
enum { SHARES = sizeof share / sizeof *share };

/* The masks of the layer's weights; the first state of everything else. */
static int set_share(struct plast_bench *b, int layer, double alive)
{
    const struct plast_model *m = b->model;
    int status = plast_bench_restart(b, plast_bench_epoch_steps(b));
    if (status)
        return status;
    plast_unpack_block(m, b->block);
    for (int i = 0; i < m->tensors; i++) {
        const struct plast_tensor *weight = &m->tensor[i];
        if (weight->layer != layer || weight->role != PLAST_WEIGHT)
            continue;
        const struct plast_tensor *mask = plast_synapse_mask(m, weight);
        if (!mask)
            continue;
        uint8_t *at = (uint8_t *)b->block + mask->offset;
        for (int64_t r = 0; r < mask->shape[0]; r++)
            for (int64_t c = 0; c < mask->shape[1]; c++)
                at[r * mask->stride + c] =
                    (plast_mix((uint64_t)(r * mask->shape[1] + c)) >> 11) * 0x1p-53 < alive;
    }
    int code = m->settle(b->block);
    return code ? plast_model_fault(code, m, "letting synapses die", b->fault) : 0;
}

static int take_form(struct plast_bench *b, int32_t forms)
{
    int code = b->model->unpack(b->block);
    b->run->forms = forms;
    if (!code)
        code = b->model->pack(b->block);
    return code ? plast_model_fault(code, b->model, "changing forms", b->fault) : 0;
}

/* The seconds of a step: three steps, or as many as the time takes. */
static int time_steps(struct plast_bench *b, int32_t forms, double seconds, double *result)
{
    int status = take_form(b, forms), steps = 0;
    double took = 0, step;
    while (!status && (steps < 3 || took < seconds)) {
        if (b->place >= b->split.train.samples)
            b->place = 0;
        status = plast_bench_step(b, &step, NULL);
        took += step;
        steps++;
    }
    *result = took / steps;
    return status;
}

static void print_share(const struct plast_bench *b, int layer, double alive, double dense,
                        double csr)
{
    printf("{\"layer\": ");
    plast_write_json_string(stdout, b->model->layer[layer].name);
    printf(", \"live\": %g, \"dense_ms\": ", alive);
    plast_write_json_number(stdout, 1e3 * dense);
    printf(", \"csr_ms\": ");
    plast_write_json_number(stdout, 1e3 * csr);
    printf("}\n");
}

static void print_crossover(const struct plast_bench *b, int layer, double crossover,
                            bool bracketed)
{
    printf("{\"layer\": ");
    plast_write_json_string(stdout, b->model->layer[layer].name);
    printf(", \"crossover\": %.3g, \"bracketed\": %s, \"threads\": %d, \"batch\": %d}\n", crossover,
           bracketed ? "true" : "false", (int)plast_bench_threads(b), (int)b->model->batch);
}

/* From few synapses to many, until csr is slower twice in a row or finds no room. */
static int measure_layer(struct plast_bench *b, int layer, double seconds)
{
    double crossover = 0, last = 0, last_ratio = 0;
    int status = 0, slower = 0;
    for (int s = 0; s < SHARES && slower < 2 && !status; s++) {
        double time[2][PLAST_WINDOWS];
        status = set_share(b, layer, share[s]);
        if (!status)
            status = take_form(b, PLAST_FORMS_CSR_OF + layer);
        if (status || b->model->form(b->block, layer) != PLAST_CSR)
            break;
        for (int w = -1; w < PLAST_WINDOWS && !status; w++) /* the first is not counted */
            for (int f = 0; f < 2 && !status; f++)
                status = time_steps(b, f ? PLAST_FORMS_CSR_OF + layer : PLAST_FORMS_DENSE, seconds,
                                    &time[f][w < 0 ? 0 : w]);
        if (status)
            break;
        double dense = plast_bench_median(time[0]), csr = plast_bench_median(time[1]);
        double ratio = csr / dense;
        print_share(b, layer, share[s], dense, csr);
        if (ratio < 1)
            crossover = share[s];
        else if (!slower)
            crossover = s && last_ratio < 1
                            ? last + (share[s] - last) * (1 - last_ratio) / (ratio - last_ratio)
                            : crossover;
        slower = ratio < 1 ? 0 : slower + 1;
        last = share[s];
        last_ratio = ratio;
    }
    if (!status)
        print_crossover(b, layer, crossover, slower > 0);
    return status;
}

int plast_bench_crossover(struct plast_bench *b)
{
    const struct plast_model *m = b->model;
    int status = 0, layers = 0;
    for (int pass = 0; pass < 2 && !status; pass++)
        for (int i = 1; i < m->layers && m->form && !status; i++) {
            status = set_share(b, i, share[0]);
            if (!status)
                status = take_form(b, PLAST_FORMS_CSR_OF + i);
            if (status || m->form(b->block, i) != PLAST_CSR)
                continue;
            if (pass == 0)
                layers++;
            else
                status = measure_layer(
                    b, i, b->options->seconds / (layers * SHARES * 2 * (PLAST_WINDOWS + 1)));
        }
    if (!status && !layers)
        return plast_fail(b->fault, PLAST_STATUS_USAGE,
                          "no layer of %s can be csr: plastc --explain says why", m->name);
    return status;
}
