/* permuted:K:SPEC: moves the inputs of a set to where permutation K puts them, in all frames of a
 * sample alike. The permutation depends on K and the number of inputs alone, so that a task means
 * the same in every run. */
#include "source.h"

#include <stdlib.h>
#include <string.h>

static void fill_permutation(uint32_t *from, uint32_t n, uint64_t number)
{
    uint64_t key = plast_key(0, PLAST_STREAM_PERMUTE, number, 0, 0);
    for (uint32_t i = 0; i < n; i++)
        from[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = (uint32_t)((uint64_t)plast_bits(key, i) * i >> 32);
        uint32_t swapped = from[i - 1];
        from[i - 1] = from[j];
        from[j] = swapped;
    }
}

static void permute_bytes(uint8_t *row, uint8_t *old, const uint32_t *from, size_t n)
{
    memcpy(old, row, n);
    for (size_t i = 0; i < n; i++)
        row[i] = old[from[i]];
}

static void permute_floats(float *row, float *old, const uint32_t *from, size_t n)
{
    memcpy(old, row, n * sizeof *row);
    for (size_t i = 0; i < n; i++)
        row[i] = old[from[i]];
}

int plast_permute_inputs(struct plast_data *data, uint64_t number, struct plast_fault *fault)
{
    size_t frames = data->frames ? (size_t)data->frames : 1, n = (size_t)data->inputs / frames;
    if (data->samples == 0 || number == 0)
        return 0;
    uint32_t *from = malloc(n * sizeof *from);
    float *old = malloc(n * sizeof *old);
    if (from && old) {
        fill_permutation(from, (uint32_t)n, number);
        for (size_t i = 0; i < (size_t)data->samples * frames; i++)
            if (data->bytes)
                permute_bytes(data->bytes + i * n, (uint8_t *)old, from, n);
            else
                permute_floats(data->floats + i * n, old, from, n);
    }
    int status = from && old ? 0 : plast_fail(fault, PLAST_STATUS_FILE, "no memory to permute");
    free(from);
    free(old);
    return status;
}
