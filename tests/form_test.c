/* Packing and csr of runtime/form.c on random masks: there and back to the bit, and an index that
 * says where everything stands. */
#include "tap.h"

#include "../runtime/plast.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 40 * 64, ROOM = 3 * MOST };

static uint64_t state = 1;

static uint32_t draw(uint32_t below)
{
    state = plast_mix(state + 0x9e3779b97f4a7c15u);
    return (uint32_t)(state >> 33) % below;
}

struct axis {
    int64_t places, live;
    uint8_t alive[64];
    uint32_t place[64];
    int64_t held[8];
};

static struct axis make_axis(int64_t places, uint32_t share)
{
    struct axis a = {.places = places};
    for (int64_t i = 0; i < places; i++)
        a.alive[i] = draw(100) < share;
    a.alive[draw((uint32_t)places)] = 1;
    for (int64_t i = 0; i < places; i++)
        a.live += a.alive[i];
    plast_hold_live(a.alive, places, PLAST_NEURON_STEP, PLAST_FORMS_AUTO, a.place, a.held);
    return a;
}

/* All places once, the live ones first and in order; as many held as fill whole tiles, or all. */
static bool is_held(const struct axis *a)
{
    uint8_t seen[64] = {0};
    bool right = a->held[PLAST_HELD_ALIVE] == a->live;
    for (int64_t i = 0; i < a->places; i++) {
        right = right && a->place[i] < a->places && !seen[a->place[i]]++;
        right = right &&
                (a->live == a->places ? a->place[i] == i : a->alive[a->place[i]] == (i < a->live));
        right = right && (i == 0 || i >= a->live || a->place[i] > a->place[i - 1]);
    }
    int64_t rows = a->held[PLAST_HELD_ROWS], columns = plast_held_columns(a->held, 1, a->places);
    right = right && rows >= a->live && columns >= rows && columns <= a->places;
    return right && (rows == a->places || (rows % 12 == 0 && rows < a->live + 12)) &&
           (columns == a->places || columns % 32 == 0);
}

/* Zero but where both neurons and the synapse live. */
static void fill(float *w, uint8_t *mask, const struct axis *r, const struct axis *c, int64_t line)
{
    memset(w, 0, ROOM * sizeof *w);
    memset(mask, 0, MOST);
    for (int64_t i = 0; i < r->places; i++)
        for (int64_t j = 0; j < c->places; j++)
            if (r->alive[i] && c->alive[j] && draw(3)) {
                mask[i * line + j] = 1;
                w[i * line + j] = draw(9) ? (float)(1 + draw(100000)) : -0.0f;
            }
}

static bool packs(const struct axis *r, const struct axis *c, int64_t line, float *w, uint8_t *mask)
{
    static float was[ROOM];
    static uint8_t mask_was[MOST];
    memcpy(was, w, sizeof was);
    memcpy(mask_was, mask, sizeof mask_was);
    plast_pack(w, 4, r->places, c->places, line, r->place, r->held, c->place, c->held, 1);
    plast_pack(mask, 1, r->places, c->places, line, r->place, r->held, c->place, c->held, 1);
    bool right = true;
    for (int64_t i = 0; i < r->places; i++)
        for (int64_t j = 0; j < line; j++) {
            bool lives = i < r->live && j < c->live;
            float wanted = lives ? was[r->place[i] * line + c->place[j]] : 0;
            uint8_t wanted_mask = lives ? mask_was[r->place[i] * line + c->place[j]] : 0;
            right = right && memcmp(&w[i * line + j], &wanted, 4) == 0 &&
                    mask[i * line + j] == wanted_mask;
        }
    plast_unpack(w, 4, r->places, c->places, line, r->place, r->held, c->place, c->held, 1);
    plast_unpack(mask, 1, r->places, c->places, line, r->place, r->held, c->place, c->held, 1);
    return right && memcmp(was, w, sizeof was) == 0 && memcmp(mask_was, mask, sizeof mask_was) == 0;
}

static bool indexes(int64_t rows, int64_t columns, int64_t line, float *w, const uint8_t *mask,
                    int segments)
{
    static float was[ROOM];
    static uint32_t start[64 * 4 + 1], below[65];
    int64_t bound[4], live = plast_count_places(mask, rows, columns, line);
    int64_t room = (live + 15) / 16 * 16;
    bool right = 3 * room <= ROOM;
    memcpy(was, w, sizeof was);
    for (int s = 0; s < segments; s++)
        bound[s] = s == segments - 1 ? columns : columns * (s + 1) / segments;
    plast_squeeze(w, mask, rows, columns, line);
    plast_index_rows(w, room, mask, rows, line, bound, segments, start);
    plast_index_columns(w, room, mask, rows, columns, line, below);
    int64_t at = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int s = 0; s < segments; s++) {
            right = right && start[i * segments + s] == at;
            for (int64_t j = s ? bound[s - 1] : 0; j < bound[s]; j++)
                if (mask[i * line + j]) {
                    right = right && plast_csr_columns(w, room)[at] == j &&
                            memcmp(&w[at], &was[i * line + j], 4) == 0;
                    at++;
                }
        }
    right = right && start[rows * segments] == live && at == live;
    at = 0;
    for (int64_t j = 0; j < columns; j++) {
        right = right && below[j] == at;
        for (int64_t i = 0; i < rows; i++)
            if (mask[i * line + j]) {
                uint32_t position = plast_csc_positions(w, room)[at];
                right = right && plast_csc_rows(w, room)[at] == i && position < live &&
                        memcmp(&w[position], &was[i * line + j], 4) == 0;
                at++;
            }
    }
    right = right && below[columns] == live;
    plast_spread(w, mask, rows, columns, line, rows);
    return right && memcmp(was, w, (size_t)(rows * line) * sizeof *w) == 0;
}

static void try_shape(int64_t rows, int64_t columns, int64_t line, uint32_t share)
{
    static float w[ROOM];
    static uint8_t mask[MOST];
    bool held = true, packed = true, indexed = true;
    int64_t dead = 0;
    for (int i = 0; i < 20; i++) {
        struct axis r = make_axis(rows, share), c = make_axis(columns, share);
        fill(w, mask, &r, &c, line);
        held = held && is_held(&r) && is_held(&c);
        packed = packed && packs(&r, &c, line, w, mask);
        int segments = columns >= 4 ? 1 + i % 4 : 1;
        indexed = indexed && indexes(rows, columns, line, w, mask, segments);
        dead += rows * columns - plast_count_places(mask, rows, columns, line);
    }
    ok(dead > 0, "%d x %d, %d %% of neurons alive: %d places were dead", (int)rows, (int)columns,
       (int)share, (int)dead);
    ok(held, "live neurons are held, in order");
    ok(packed, "packed and back, to the bit");
    ok(indexed, "squeezed, indexed by rows and columns, and back");
}

int main(void)
{
    try_shape(1, 1, 16, 100);
    try_shape(1, 37, 48, 50);
    try_shape(40, 1, 16, 50);
    try_shape(40, 64, 64, 100);
    try_shape(40, 64, 64, 50);
    try_shape(37, 50, 64, 80);
    try_shape(13, 33, 48, 3);
    return tap_done();
}
