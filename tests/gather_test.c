/* How a step gathers its inputs, as rows and as columns, against plain loops: bytes and floats,
 * widths and batches that are no multiples of anything. */
#include "../runtime/plast_kernels.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 50, WIDEST = 100, MOST = 64 };

static uint8_t bytes[SAMPLES * WIDEST];
static float floats[SAMPLES * WIDEST];

static float value(const struct plast_source *from, int64_t sample, int64_t cols, int64_t j)
{
    int64_t at = from->index[sample] * cols + j;
    return from->bytes ? (float)((double)from->bytes[at] / 255) : from->floats[at];
}

/* The arrays end where they must: what reads or writes past them is found by the sanitizers. */
static bool gathers(const struct plast_source *from, int64_t n, int64_t cols)
{
    int64_t line = (n + 15) / 16 * 16 + (n % 3 ? 0 : 16);
    float *rows = malloc((size_t)(n * cols) * sizeof *rows),
          *columns = malloc((size_t)(cols * line) * sizeof *columns);
    bool same = rows && columns;
    if (same) {
        memset(columns, 0xff, (size_t)(cols * line) * sizeof *columns);
        plast_gather_rows(from, n, cols, rows);
        plast_gather_columns(from, n, cols, columns, line);
    }
    for (int64_t j = 0; same && j < cols; j++)
        for (int64_t i = 0; same && i < line; i++) {
            float want = i < n ? value(from, i, cols, j) : 0;
            same = columns[j * line + i] == want && (i >= n || rows[i * cols + j] == want);
        }
    free(rows);
    free(columns);
    return same;
}

int main(void)
{
    static const int64_t widths[] = {1, 3, 15, 16, 17, 31, 32, 63, 64, 65, 100};
    static const int64_t batches[] = {1, 2, 15, 16, 17, 30, 31, 32, 33, 48, 50};
    int64_t index[MOST];
    bool same[2] = {true, true};
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(plast_mix(i) >> 20);
        floats[i] = (float)(int32_t)plast_mix(i) * 1e-6f;
    }
    bool whole = true;
    for (int b = 0; b < 256; b++)
        whole = whole && plast_unit((uint8_t)b) == (float)(b / 255.0);
    ok(whole, "a byte is a 255th, correctly rounded");
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (size_t n = 0; n < sizeof batches / sizeof *batches; n++) {
            /* sets that end with the last sample */
            int64_t cols = widths[w];
            uint8_t *byte = malloc((size_t)(SAMPLES * cols));
            float *number = malloc((size_t)(SAMPLES * cols) * sizeof *number);
            if (!byte || !number)
                return 1;
            memcpy(byte, bytes, (size_t)(SAMPLES * cols));
            memcpy(number, floats, (size_t)(SAMPLES * cols) * sizeof *number);
            for (int64_t i = 0; i < batches[n]; i++)
                index[i] = SAMPLES - 1 - (i * 7 + (int64_t)w) % SAMPLES;
            struct plast_source from = {.bytes = byte, .index = index};
            same[0] = same[0] && gathers(&from, batches[n], cols);
            from = (struct plast_source){.floats = number, .index = index};
            same[1] = same[1] && gathers(&from, batches[n], cols);
            free(byte);
            free(number);
        }
    ok(same[0], "bytes, as rows and as columns");
    ok(same[1], "floats, as rows and as columns");
    return tap_done();
}
