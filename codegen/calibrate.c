/* Samples by the library's readers, of which nothing but this is used here. */
#include "calibrate.h"

#include "../runtime/data.h"

static float *gather(const struct plan *p, const struct plast_data *set, int64_t count)
{
    int64_t inputs = p->input->rows;
    float *x = NEW_ARRAY(p->arena, count * inputs, float);
    for (int64_t i = 0; i < count; i++)
        plast_data_gather(set, &i, 1, x + i * inputs, NULL);
    return x;
}

struct samples *samples_read(const struct plan *p, const char *spec, int64_t most,
                             const char **wrong, int *status)
{
    const struct net *net = p->net;
    const struct shape *shape = &net->input->value->shape;
    struct plast_model model = {.name = net->name,
                                .input_rank = shape->rank,
                                .inputs = p->input->rows,
                                .outputs = p->output->rows,
                                .loss = net->loss == LOSS_MSE ? PLAST_MSE : PLAST_CROSS_ENTROPY,
                                .batch = net->batch};
    for (int i = 0; i < shape->rank; i++)
        model.input_shape[i] = shape->dim[i];
    struct plast_split split = {0};
    struct plast_fault fault;
    *status = plast_data_open(&split, spec, PLAST_FOR_TRAIN, &model, net->seed, &fault);
    if (*status) {
        *wrong = arena_format(p->arena, "%s", fault.text);
        return NULL;
    }
    struct samples *s = NEW(p->arena, struct samples);
    const struct plast_data *train = split.train.samples ? &split.train : &split.test;
    s->trains = train->samples < most ? train->samples : most;
    s->train = gather(p, train, s->trains);
    s->test = split.test.samples ? gather(p, &split.test, 1) : s->train;
    plast_data_close(&split);
    return s;
}

float *samples_none(const struct plan *p)
{
    float *x = NEW_ARRAY(p->arena, p->input->rows, float);
    for (int64_t i = 0; i < p->input->rows; i++)
        x[i] = (float)(i * 37 % 101) / 100;
    return x;
}
