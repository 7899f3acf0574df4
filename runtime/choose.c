/* What rules choose from all values of a layer: `lowest` and `quantile`, whose values are ordered
 * by their bits, eight at a time from the top, so that no copy is sorted; and `shuffled`. */
#include "plast.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Unsigned numbers in the order of the floats; the zeros are one. */
static uint32_t order_of(float x)
{
    uint32_t bits;
    x += 0.0f; /* -0 + 0 is +0 */
    memcpy(&bits, &x, sizeof bits);
    return bits & UINT32_C(0x80000000) ? ~bits : bits | UINT32_C(0x80000000);
}

/* The order of the k-th smallest (from 0) of [rows][cols], rows `line` apart. */
static uint32_t select_order(const float *x, int64_t rows, int64_t cols, int64_t line, int64_t k)
{
    uint32_t prefix = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        int64_t count[256] = {0};
        uint32_t known = shift == 24 ? 0 : UINT32_MAX << (shift + 8);
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < cols; j++) {
                uint32_t o = order_of(x[i * line + j]);
                if ((o & known) == prefix)
                    count[o >> shift & 255]++;
            }
        uint32_t digit = 0;
        while (k >= count[digit])
            k -= count[digit++];
        prefix |= digit << shift;
    }
    return prefix;
}

static int64_t part_of(int64_t n, float q)
{
    float k = floorf(q * (float)n);
    return !(k > 0) ? 0 : k < (float)n ? (int64_t)k : n;
}

void plast_lowest(const float *x, const uint8_t *alive, int64_t rows, int64_t cols, int64_t line,
                  float q, float *result)
{
    int64_t k = part_of(rows * cols, q);
    uint32_t bound = k > 0 ? select_order(x, rows, cols, line, k - 1) : 0;
    int64_t left = k;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) {
            int64_t at = i * line + j;
            bool below = k > 0 && order_of(x[at]) < bound;
            result[at] = below ? 1.0f : 0.0f;
            left -= below;
        }
    for (int dead = 1; dead >= 0; dead--) /* among equals the dead come first */
        for (int64_t i = 0; i < rows && left > 0; i++)
            for (int64_t j = 0; j < cols && left > 0; j++) {
                int64_t at = i * line + j;
                if (order_of(x[at]) != bound || (alive != NULL && alive[at] == 0) != dead)
                    continue;
                result[at] = 1.0f;
                left--;
            }
}

/* Fisher and Yates' shuffle of the live values, moved together at the front of x; each exchange is
 * drawn by its place. */
void plast_shuffled(float *x, const uint8_t *alive, int64_t rows, int64_t cols, int64_t line,
                    uint64_t key, float *result)
{
    int64_t count = 0, taken = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) {
            int64_t at = i * line + j;
            if (alive == NULL || alive[at] != 0)
                x[count++] = x[at];
            else
                result[at] = x[at];
        }
    for (int64_t i = count - 1; i > 0; i--) {
        uint64_t high = plast_bits(key, (uint32_t)(2 * i)),
                 low = plast_bits(key, (uint32_t)(2 * i + 1));
        int64_t j = (int64_t)((high << 32 | low) % (uint64_t)(i + 1));
        float kept = x[i];
        x[i] = x[j];
        x[j] = kept;
    }
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) {
            int64_t at = i * line + j;
            if (alive == NULL || alive[at] != 0)
                result[at] = x[taken++];
        }
}

float plast_quantile(const float *x, int64_t rows, int64_t cols, int64_t line, float q)
{
    int64_t n = rows * cols, k = part_of(n, q);
    uint32_t o = select_order(x, rows, cols, line, k < n ? k : n - 1);
    uint32_t bits = o & UINT32_C(0x80000000) ? o & UINT32_C(0x7fffffff) : ~o;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}
