/* Draws one digit: picks a way of writing it, moves its points, bends the plane, and lays a round
 * pen along the curve. Whole numbers only, so that every machine draws the same picture. */
#include "glyphs.h"

#include "plast.h"

/* Lengths in the picture's field are in units of 1/65536 of its side, lengths on the canvas in
 * 1/256 of a point. */
enum { ONE = 65536, HUNDREDTH = 655, DOT = 256, GRID = 4, PERCENT = ONE / 100, STROKE_POINTS = 24 };

/* Where the random numbers of one picture are drawn: each has its own place. */
enum {
    DRAW_WAY,
    DRAW_PEN,
    DRAW_PLANE,
    DRAW_MOVE = 8,
    DRAW_BEND = 16,
    DRAW_MARK = 64,
    DRAW_POINT = 256,
    DRAW_SECOND = 1 << 20 /* added for the second of two */
};

struct point {
    int64_t x, y;
};

/* x' = (xx x + xy y) / ONE + move, about the middle of the field; then the bend is added, read
 * between the nodes of a coarse grid. */
struct warp {
    int64_t xx, xy, yx, yy;
    struct point move;
    struct point bend[GRID][GRID];
};

struct pen {
    struct plast_canvas *canvas;
    int64_t inner2, outer2; /* squares of the radii where ink is full, where it ends */
    int64_t outer, slope;   /* ink lost per unit of squared distance, times 2^20 */
};

/* Uniform among the whole numbers from low to high. */
static int64_t draw(uint64_t key, uint32_t place, int64_t low, int64_t high)
{
    uint64_t span = (uint64_t)(high - low + 1);
    return low + (int64_t)(plast_bits(key, place) * span >> 32);
}

/* Sum of two: small values are likelier. */
static int64_t draw_near(uint64_t key, uint32_t place, int64_t most)
{
    return draw(key, place, -most, 0) + draw(key, place + DRAW_SECOND, 0, most);
}

static void make_warp(struct warp *warp, uint64_t key)
{
    int64_t turn = draw_near(key, DRAW_PLANE, 24 * PERCENT);
    int64_t lean = draw_near(key, DRAW_PLANE + 1, 26 * PERCENT);
    int64_t width = draw(key, DRAW_PLANE + 2, 60 * PERCENT, 86 * PERCENT);
    int64_t height = draw(key, DRAW_PLANE + 3, 66 * PERCENT, 86 * PERCENT);
    warp->xx = width;
    warp->xy = (lean - turn) * height / ONE;
    warp->yx = turn * width / ONE;
    warp->yy = height;
    warp->move.x = ONE / 2 + draw_near(key, DRAW_MOVE, 7 * PERCENT);
    warp->move.y = ONE / 2 + draw_near(key, DRAW_MOVE + 1, 7 * PERCENT);
    for (uint32_t i = 0; i < GRID * GRID; i++) {
        struct point *bend = &warp->bend[i / GRID][i % GRID];
        bend->x = draw(key, DRAW_BEND + 2 * i, -6 * PERCENT, 6 * PERCENT);
        bend->y = draw(key, DRAW_BEND + 2 * i + 1, -6 * PERCENT, 6 * PERCENT);
    }
}

static int64_t within(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* a at 0, b at ONE. */
static int64_t blend(int64_t a, int64_t b, int64_t t)
{
    return a + (b - a) * t / ONE;
}

static struct point bend_at(const struct warp *warp, struct point p)
{
    int64_t x = within(p.x, 0, ONE - 1) * (GRID - 1), y = within(p.y, 0, ONE - 1) * (GRID - 1);
    int64_t column = x / ONE, row = y / ONE;
    const struct point *above = &warp->bend[row][column], *below = &warp->bend[row + 1][column];
    x %= ONE;
    y %= ONE;
    return (struct point){
        blend(blend(above[0].x, above[1].x, x), blend(below[0].x, below[1].x, x), y),
        blend(blend(above[0].y, above[1].y, x), blend(below[0].y, below[1].y, x), y)};
}

static struct point apply_warp(const struct warp *warp, struct point p)
{
    int64_t x = p.x - ONE / 2, y = p.y - ONE / 2;
    struct point bend = bend_at(warp, p);
    return (struct point){(warp->xx * x + warp->xy * y) / ONE + warp->move.x + bend.x,
                          (warp->yx * x + warp->yy * y) / ONE + warp->move.y + bend.y};
}

/* A point of the table, moved a little. Equal points get equal moves. */
static struct point place_point(const int8_t *at, uint64_t key)
{
    uint32_t place = DRAW_POINT + 2 * ((uint32_t)at[1] * 128 + (uint32_t)at[0]);
    return (struct point){at[0] * HUNDREDTH + draw(key, place, -3 * PERCENT, 3 * PERCENT),
                          at[1] * HUNDREDTH + draw(key, place + 1, -3 * PERCENT, 3 * PERCENT)};
}

static void set_pen(struct pen *pen, struct plast_canvas *canvas, uint64_t key)
{
    int64_t side = canvas->height < canvas->width ? canvas->height : canvas->width;
    int64_t radius = draw(key, DRAW_PEN, 300, 640) * side * DOT / 10000;
    radius = radius < DOT / 2 ? DOT / 2 : radius;
    int64_t inner = radius - DOT / 2;
    pen->canvas = canvas;
    pen->outer = radius + DOT / 2;
    pen->inner2 = inner * inner;
    pen->outer2 = pen->outer * pen->outer;
    pen->slope = (INT64_C(255) << 20) / (pen->outer2 - pen->inner2);
}

/* One touch of the pen, at p on the canvas. */
static void touch(const struct pen *pen, struct point p)
{
    struct plast_canvas *canvas = pen->canvas;
    int64_t left = within((p.x - pen->outer) / DOT, 0, canvas->width);
    int64_t right = within((p.x + pen->outer) / DOT + 1, 0, canvas->width);
    int64_t top = within((p.y - pen->outer) / DOT, 0, canvas->height);
    int64_t bottom = within((p.y + pen->outer) / DOT + 1, 0, canvas->height);
    for (int64_t i = top; i < bottom; i++) {
        uint8_t *row = canvas->ink + i * canvas->width;
        int64_t dy = i * DOT + DOT / 2 - p.y;
        for (int64_t j = left; j < right; j++) {
            int64_t dx = j * DOT + DOT / 2 - p.x, room = pen->outer2 - dx * dx - dy * dy;
            int64_t ink = room <= 0 ? 0 : room * pen->slope >> 20;
            ink = ink > 255 ? 255 : ink;
            row[j] = ink > row[j] ? (uint8_t)ink : row[j];
        }
    }
}

/* The cubic through b and c whose slopes there are those from a to c and from b to d, halved
 * (Catmull and Rom); t in 1/ONE. */
static int64_t curve(int64_t a, int64_t b, int64_t c, int64_t d, int64_t t)
{
    int64_t k3 = -a + 3 * b - 3 * c + d, k2 = 2 * a - 5 * b + 4 * c - d, k1 = c - a;
    return b + (((k3 * t / ONE + k2) * t / ONE + k1) * t / ONE) / 2;
}

static int64_t distance(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

/* Half a point from touch to touch, on the longer axis. */
static void draw_segment(const struct pen *pen, const struct warp *warp, const struct point *p)
{
    const struct plast_canvas *canvas = pen->canvas;
    int64_t across = distance(p[1].x, p[2].x) * canvas->width;
    int64_t down = distance(p[1].y, p[2].y) * canvas->height;
    int64_t steps = (across > down ? across : down) * 2 / ONE + 2;
    for (int64_t i = 0; i <= steps; i++) {
        int64_t t = i * ONE / steps;
        struct point at = {curve(p[0].x, p[1].x, p[2].x, p[3].x, t),
                           curve(p[0].y, p[1].y, p[2].y, p[3].y, t)};
        at = apply_warp(warp, at);
        touch(pen, (struct point){at.x * canvas->width / DOT, at.y * canvas->height / DOT});
    }
}

/* Returns what follows the stroke. The curve's ends serve as their own neighbours. */
static const int8_t *draw_stroke(const struct pen *pen, const struct warp *warp, const int8_t *at,
                                 uint64_t key)
{
    struct point p[STROKE_POINTS + 2];
    int n = 0;
    for (; *at != PLAST_STROKE_END && n < STROKE_POINTS; at += 2)
        p[++n] = place_point(at, key);
    p[0] = p[1];
    p[n + 1] = p[n];
    for (int i = 0; i + 1 < n; i++)
        draw_segment(pen, warp, p + i);
    return at + 1;
}

/* A short line anywhere, as from a slip of the pen. */
static void draw_mark(const struct pen *pen, uint64_t key)
{
    static const struct warp still = {.xx = ONE, .yy = ONE, .move = {ONE / 2, ONE / 2}};
    struct point p[4];
    p[1].x = draw(key, DRAW_MARK, 0, ONE);
    p[1].y = draw(key, DRAW_MARK + 1, 0, ONE);
    p[2].x = p[1].x + draw(key, DRAW_MARK + 2, -18 * PERCENT, 18 * PERCENT);
    p[2].y = p[1].y + draw(key, DRAW_MARK + 3, -18 * PERCENT, 18 * PERCENT);
    p[0] = p[1];
    p[3] = p[2];
    draw_segment(pen, &still, p);
}

void plast_draw_strokes(struct plast_canvas *canvas, int digit, uint64_t key)
{
    const struct plast_glyph_ways *ways = plast_glyph_ways(digit);
    const int8_t *at = ways->way[draw(key, DRAW_WAY, 0, ways->count - 1)];
    struct warp warp;
    struct pen pen;
    make_warp(&warp, key);
    set_pen(&pen, canvas, key);
    while (*at != PLAST_STROKE_END)
        at = draw_stroke(&pen, &warp, at, key);
    if (draw(key, DRAW_MARK + 4, 0, 3) == 0)
        draw_mark(&pen, key);
}
