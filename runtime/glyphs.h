/* Written digits as strokes, and the drawing of one picture. */
#ifndef PLAST_GLYPHS_H
#define PLAST_GLYPHS_H

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

#endif
