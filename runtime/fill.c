/* Initial weights: each element is drawn by its row and column alone, so the padding of a tensor
 * does not change what it holds. */
#include "plast.h"

#include <math.h>

enum distribution { ZEROS = 0, HE_UNIFORM = 1, HE_NORMAL = 2, GLOROT_UNIFORM = 3 };

/* The bound of a uniform distribution, the deviation of a normal one. */
static float find_scale(int distribution, int64_t fan_in, int64_t fan_out)
{
    double in = fan_in > 0 ? (double)fan_in : 1, out = fan_out > 0 ? (double)fan_out : 1;
    switch (distribution) {
    case HE_UNIFORM:
        return (float)sqrt(6 / in);
    case HE_NORMAL:
        return (float)sqrt(2 / in);
    case GLOROT_UNIFORM:
        return (float)sqrt(6 / (in + out));
    }
    return 0;
}

/* Box and Muller's transform; computed in double so that the float result hardly depends on the
 * libm. The first draw is moved off zero by half a step. */
static float draw_normal(uint64_t key, uint32_t index)
{
    double u = plast_uniform(key, 2 * index) + 0.5 / 16777216,
           v = plast_uniform(key, 2 * index + 1);
    return (float)(sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v));
}

void plast_fill(float *at, int64_t rows, int64_t cols, int64_t stride, int distribution,
                int64_t fan_in, int64_t fan_out, uint64_t seed, uint64_t kind, uint64_t which)
{
    float scale = find_scale(distribution, fan_in, fan_out);
    for (int64_t row = 0; row < rows; row++) {
        uint64_t key = plast_key(seed, kind, which, 0, (uint64_t)row);
        float *to = at + row * stride;
        for (int64_t col = 0; col < cols; col++) {
            uint32_t index = (uint32_t)col;
            if (distribution == ZEROS)
                to[col] = 0;
            else if (distribution == HE_NORMAL)
                to[col] = scale * draw_normal(key, index);
            else
                to[col] = scale * (2 * plast_uniform(key, index) - 1);
        }
    }
}
