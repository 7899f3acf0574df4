/* A deployed model against `predict --raw` of the program it was trained by, over a whole set:
 *   driver SPEC RAW.npy TOLERANCE          outputs within TOLERANCE of the largest
 *   driver SPEC RAW.npy classes POINTS     as many right, but for POINTS percent
 *   driver SPEC RAW.npy latency            microseconds a sample, one line
 * Built with -DHEADER='"net.h"' -DNET(x)=net_##x -DUPPER(x)=NET_##x. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include HEADER

#include "data.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INPUTS UPPER(INPUTS)
#define OUTPUTS UPPER(OUTPUTS)

static float x[INPUTS], out[OUTPUTS];
static union {
    float aligned;
    unsigned char bytes[UPPER(SCRATCH_BYTES)];
} scratch;

static float *read_raw(const char *path, int64_t samples)
{
    FILE *file = fopen(path, "rb");
    unsigned char start[10];
    size_t count = (size_t)samples * OUTPUTS;
    float *raw = malloc(count * sizeof *raw);
    if (!file || !raw || fread(start, 1, 10, file) != 10 ||
        fseek(file, 10 + start[8] + 256 * start[9], SEEK_SET) ||
        fread(raw, sizeof *raw, count, file) != count) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(2);
    }
    fclose(file);
    return raw;
}

static int best(const float *y, float *lead)
{
    int class = 0;
    for (int i = 1; i < OUTPUTS; i++)
        if (y[i] > y[class])
            class = i;
    *lead = INFINITY;
    for (int i = 0; i < OUTPUTS; i++)
        if (i != class && y[class] - y[i] < *lead)
            *lead = y[class] - y[i];
    return class;
}

static void latency(const struct plast_data *set)
{
    double least = INFINITY;
    int64_t count = set->samples < 1000 ? set->samples : 1000;
    float *all = malloc((size_t)count * sizeof x);
    for (int64_t i = 0; i < count; i++)
        plast_data_gather(set, &i, 1, all + i * INPUTS, NULL);
    for (int round = 0; round < 41; round++) {
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (int64_t i = 0; i < count; i++)
            NET(predict)(all + i * INPUTS, out, scratch.bytes);
        clock_gettime(CLOCK_MONOTONIC, &to);
        double time =
            (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3;
        if (time < least)
            least = time;
    }
    printf("%.3f\n", least / (double)count);
    free(all);
}

int main(int argc, char **argv)
{
    const struct plast_model model = {.name = "deployed",
                                      .input_rank = 1,
                                      .input_shape = {INPUTS},
                                      .inputs = INPUTS,
                                      .outputs = OUTPUTS,
                                      .loss = PLAST_CROSS_ENTROPY};
    struct plast_split split = {0};
    struct plast_fault fault;
    if (argc < 4 || plast_data_open(&split, argv[1], PLAST_FOR_TEST, &model, 1, &fault)) {
        fprintf(stderr, "%s\n", argc < 4 ? "driver SPEC RAW.npy TOLERANCE" : fault.text);
        return 2;
    }
    const struct plast_data *set = &split.test;
    if (!strcmp(argv[3], "latency")) {
        latency(set);
        return 0;
    }
    float *raw = read_raw(argv[2], set->samples);
    double worst = 0, largest = 0;
    long other = 0, right = 0, right_raw = 0;
    double tolerance = strcmp(argv[3], "classes") ? atof(argv[3]) : INFINITY;
    for (int64_t i = 0; i < set->samples; i++)
        for (int k = 0; k < OUTPUTS; k++)
            largest = fmax(largest, fabs((double)raw[i * OUTPUTS + k]));
    for (int64_t i = 0; i < set->samples; i++) {
        const float *wanted = raw + i * OUTPUTS;
        float lead, own;
        plast_data_gather(set, &i, 1, x, NULL);
        memset(scratch.bytes, 0xff, sizeof scratch.bytes);
        if (NET(predict)(x, out, scratch.bytes))
            return 2;
        for (int k = 0; k < OUTPUTS; k++)
            worst = fmax(worst, fabs((double)out[k] - (double)wanted[k]) / largest);
        int class = best(wanted, &lead), here = best(out, &own);
        other += class != here && (double)lead > tolerance * largest;
        if (set->labels) {
            right += here == set->labels[i];
            right_raw += class == set->labels[i];
        }
    }
    double lost = 100.0 * (double)(right_raw - right) / (double)set->samples;
    printf(
        "%ld samples, largest output %g, off by %.2g of it, %ld classes differ, %.2f points lost\n",
        (long)set->samples, largest, worst, other, lost);
    bool good = strcmp(argv[3], "classes") ? worst <= tolerance && !other && set->samples > 0
                                           : argc > 4 && lost < atof(argv[4]);
    free(raw);
    plast_data_close(&split);
    return !good;
}
