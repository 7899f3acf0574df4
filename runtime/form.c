/* Storage forms of weights: packed, of live neurons alone, and csr, of live synapses alone. A form
 * is made in place and undone in place: what is dead is zero, so that nothing is lost. */
#include "plast.h"

#include <string.h>

static int64_t up_to(int64_t n, int64_t step, int64_t most)
{
    int64_t whole = (n + step - 1) / step * step;
    return whole < most ? whole : most;
}

void plast_hold_all(int64_t neurons, uint32_t *place, int64_t *held)
{
    for (int64_t i = 0; i < neurons; i++)
        place[i] = (uint32_t)i;
    held[PLAST_HELD_ROWS] = held[PLAST_HELD_ALIVE] = neurons;
}

void plast_hold_live(const uint8_t *alive, int64_t neurons, int64_t step, int32_t forms,
                     uint32_t *place, int64_t *held)
{
    int64_t live = 0;
    for (int64_t i = 0; i < neurons; i++)
        live += alive[i] != 0;
    if (live == neurons || forms == PLAST_FORMS_DENSE) {
        plast_hold_all(neurons, place, held);
        return;
    }
    int64_t next = 0, dead = live;
    for (int64_t i = 0; i < neurons; i++)
        place[alive[i] ? next++ : dead++] = (uint32_t)i;
    held[PLAST_HELD_ALIVE] = live;
    held[PLAST_HELD_ROWS] = up_to(live, step, neurons);
}

/* One axis of a matrix: its places, and those that are held, in rising order at the front. */
static int64_t count_held(int64_t places, const int64_t *held)
{
    return held ? held[PLAST_HELD_ALIVE] : places;
}

void plast_pack(void *matrix, size_t size, int64_t rows, int64_t columns, int64_t line,
                const uint32_t *row, const int64_t *row_held, const uint32_t *column,
                const int64_t *column_held, int64_t width)
{
    char *at = matrix;
    int64_t places = columns / width;
    int64_t live_rows = count_held(rows, row_held), live = count_held(places, column_held);
    size_t stride = (size_t)line * size, each = (size_t)width * size;
    if (live_rows == rows && live == places)
        return;
    for (int64_t i = 0; i < live_rows; i++) {
        const char *from = at + (row_held ? row[i] : i) * stride;
        char *to = at + (size_t)i * stride;
        if (live == places) {
            memmove(to, from, stride);
            continue;
        }
        for (int64_t j = 0; j < live; j++)
            memmove(to + (size_t)j * each, from + column[j] * each, each);
        memset(to + (size_t)live * each, 0, stride - (size_t)live * each);
    }
    memset(at + (size_t)live_rows * stride, 0, (size_t)(rows - live_rows) * stride);
}

void plast_unpack(void *matrix, size_t size, int64_t rows, int64_t columns, int64_t line,
                  const uint32_t *row, const int64_t *row_held, const uint32_t *column,
                  const int64_t *column_held, int64_t width)
{
    char *at = matrix;
    int64_t places = columns / width;
    int64_t live_rows = count_held(rows, row_held), live = count_held(places, column_held);
    size_t stride = (size_t)line * size, each = (size_t)width * size;
    int64_t next = rows; /* rows from here on are done */
    if (live_rows == rows && live == places)
        return;
    for (int64_t i = live_rows - 1; i >= 0; i--) {
        int64_t place = row_held ? (int64_t)row[i] : i;
        const char *from = at + (size_t)i * stride;
        char *to = at + (size_t)place * stride;
        memset(to + stride, 0, (size_t)(next - place - 1) * stride);
        next = place;
        if (live == places) {
            memmove(to, from, stride);
            continue;
        }
        int64_t end = places;
        for (int64_t j = live - 1; j >= 0; j--) {
            memmove(to + column[j] * each, from + (size_t)j * each, each);
            memset(to + (column[j] + 1) * each, 0, (size_t)(end - column[j] - 1) * each);
            end = column[j];
        }
        memset(to, 0, (size_t)end * each);
    }
    memset(at, 0, (size_t)next * stride);
}

int64_t plast_count_places(const uint8_t *alive, int64_t rows, int64_t columns, int64_t line)
{
    int64_t count = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            count += alive[i * line + j];
    return count;
}

void plast_squeeze(float *matrix, const uint8_t *alive, int64_t rows, int64_t columns, int64_t line)
{
    int64_t next = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            matrix[next] = matrix[i * line + j];
            next += alive[i * line + j] != 0;
        }
}

void plast_spread(float *matrix, const uint8_t *alive, int64_t rows, int64_t columns, int64_t line,
                  int64_t whole)
{
    int64_t next = plast_count_places(alive, rows, columns, line), end = whole * line;
    for (int64_t i = rows - 1; i >= 0; i--) {
        memset(matrix + i * line + columns, 0, (size_t)(end - i * line - columns) * sizeof *matrix);
        end = i * line;
        for (int64_t j = columns - 1; j >= 0; j--)
            matrix[i * line + j] = alive[i * line + j] ? matrix[--next] : 0;
    }
}

void plast_index_rows(float *matrix, int64_t room, const uint8_t *alive, int64_t rows, int64_t line,
                      const int64_t *bound, int segments, uint32_t *start)
{
    plast_index *column = (plast_index *)(matrix + room); /* plast_csr_columns */
    uint32_t next = 0;
    for (int64_t i = 0; i < rows; i++) {
        int64_t j = 0;
        for (int s = 0; s < segments; s++) {
            start[i * segments + s] = next;
            for (; j < bound[s]; j++)
                if (alive[i * line + j])
                    column[next++] = (plast_index)j;
        }
    }
    start[rows * segments] = next;
}

void plast_index_columns(float *matrix, int64_t room, const uint8_t *alive, int64_t rows,
                         int64_t columns, int64_t line, uint32_t *start)
{
    plast_index *row = (plast_index *)(matrix + room + room / 2); /* plast_csc_rows */
    plast_position *at = (plast_position *)(matrix + 2 * room);   /* plast_csc_positions */
    uint32_t next = 0;
    memset(start, 0, (size_t)(columns + 1) * sizeof *start);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            start[j + 1] += alive[i * line + j] != 0;
    for (int64_t j = 0; j < columns; j++)
        start[j + 1] += start[j];
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            if (alive[i * line + j]) {
                row[start[j]] = (plast_index)i;
                at[start[j]++] = next++;
            }
    for (int64_t j = columns; j > 0; j--)
        start[j] = start[j - 1];
    start[0] = 0;
}
