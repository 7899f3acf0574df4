/* Written digits as strokes, and the drawing of one picture. */
#ifndef PLAST_GLYPHS_H
#define PLAST_GLYPHS_H

#include "source.h"

#include <stdint.h>

enum { PLAST_GLYPH_CLASSES = 10, PLAST_GLYPH_WAYS = 4, PLAST_STROKE_END = -1 };

/* A way is x, y, x, y, ..., PLAST_STROKE_END for each stroke, and one more at the end. */
struct plast_glyph_ways {
    int count;
    const int8_t *way[PLAST_GLYPH_WAYS];
};

const struct plast_glyph_ways *plast_glyph_ways(int digit);

/* A picture being drawn: how much ink (0 to 255) lies on each point. */
struct plast_canvas {
    int64_t height, width;
    uint8_t *ink;
};

/* Lays the strokes of a digit, bent and moved by the numbers under `key`, on the empty canvas. */
void plast_draw_strokes(struct plast_canvas *, int digit, uint64_t key);

/* glyphs.c. The height of the most nearly square height x width = n. */
int64_t plast_most_square(int64_t n);
/* The labels of a set: each run of as many samples as there are classes holds every class once. */
void plast_label_glyphs(int32_t *label, int64_t samples, int set, const struct plast_request *);
/* Under these all of one picture is drawn. */
struct plast_glyph_keys {
    uint64_t strokes, noise, light;
};
struct plast_glyph_keys plast_glyph_keys(int set, int64_t number, const struct plast_request *);

/* glyph_events.c. As plast_draw_glyphs, for a model with frames. */
int plast_record_glyphs(struct plast_data *, int64_t samples, int set,
                        const struct plast_request *);

#endif
