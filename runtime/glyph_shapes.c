/* How the ten digits are written: several ways for each, as strokes through points of a field 100
 * wide and 100 high (y down). Nothing but the table and the picking of one. */
#include "glyphs.h"

enum { E = PLAST_STROKE_END };

/* A point written twice running is a corner; two equal points stay equal when points are moved at
 * random, so that what is joined here stays joined. Each way ends in two E. */
static const int8_t zero_oval[] = {50, 8,  24, 26, 20, 52, 28, 80, 50, 92,
                                   73, 79, 80, 50, 74, 24, 50, 8,  E,  E};
static const int8_t zero_narrow[] = {55, 8,  38, 24, 32, 50, 36, 78, 48, 92,
                                     62, 80, 68, 52, 66, 24, 52, 10, E,  E};
static const int8_t zero_open[] = {66, 14, 44, 10, 24, 30, 20, 60, 36, 90, 62,
                                   88, 80, 64, 78, 30, 58, 16, 42, 22, E,  E};
static const int8_t one_bar[] = {52, 8, 51, 36, 50, 64, 49, 92, E, E};
static const int8_t one_flag[] = {30, 30, 44, 20, 54, 8, 54, 8, 54, 50, 53, 92, E, E};
static const int8_t one_foot[] = {34, 26, 52, 10, 52, 10, 52, 50, 52, 90,
                                  E,  30, 90, 52, 90, 74, 90, E,  E};
static const int8_t one_slanted[] = {66, 8, 58, 36, 49, 64, 40, 92, E, E};
static const int8_t two_plain[] = {22, 28, 34, 11, 58, 8,  74, 24, 68, 46, 46,
                                   68, 22, 90, 22, 90, 50, 90, 80, 90, E,  E};
static const int8_t two_looped[] = {24, 26, 38, 10, 62, 12, 70, 32, 56, 60, 34, 84, 20,
                                    86, 24, 74, 38, 76, 56, 88, 70, 91, 82, 82, E,  E};
static const int8_t two_round[] = {28, 22, 46, 8,  70, 18, 72, 40, 54, 58, 34,
                                   72, 26, 90, 26, 90, 52, 88, 76, 91, E,  E};
static const int8_t three_round[] = {24, 18, 46, 8,  70, 18, 68, 38, 44, 47, 44,
                                     47, 70, 56, 76, 76, 54, 92, 24, 84, E,  E};
static const int8_t three_flat[] = {24, 10, 50, 10, 74, 10, 74, 10, 60, 27, 44, 44,
                                    44, 44, 70, 52, 76, 74, 54, 92, 24, 84, E,  E};
static const int8_t three_smooth[] = {28, 16, 50, 8,  70, 22, 60, 42, 46, 48,
                                      62, 52, 74, 70, 58, 90, 28, 86, E,  E};
static const int8_t four_open[] = {34, 10, 28, 34, 24, 56, 24, 56, 50, 56, 78,
                                   54, E,  66, 14, 64, 50, 62, 92, E,  E};
static const int8_t four_closed[] = {62, 8, 40, 36, 18, 64, 18, 64, 50, 64, 82,
                                     64, E, 62, 8,  62, 50, 62, 92, E,  E};
static const int8_t four_curved[] = {30, 10, 24, 36, 32, 52, 52, 54, 70, 46, E,
                                     72, 10, 70, 46, 66, 70, 62, 92, E,  E};
static const int8_t five_plain[] = {74, 10, 52, 10, 30, 10, 30, 10, 28, 28, 26, 46, 26,
                                    46, 50, 40, 74, 54, 74, 78, 50, 92, 24, 84, E,  E};
static const int8_t five_two_strokes[] = {34, 12, 32, 28, 30, 44, 30, 44, 54, 42, 72, 58, 68, 80,
                                          48, 91, 24, 86, E,  34, 12, 54, 12, 76, 10, E,  E};
static const int8_t five_flowing[] = {72, 12, 46, 10, 36, 28, 36, 46, 58, 50,
                                      70, 66, 60, 86, 38, 91, 22, 80, E,  E};
static const int8_t six_round[] = {68, 12, 44, 22, 28, 48, 24, 72, 40, 91, 64,
                                   88, 74, 70, 62, 54, 42, 56, 28, 70, E,  E};
static const int8_t six_straight[] = {60, 8,  42, 34, 28, 60, 30, 82, 48, 92,
                                      68, 82, 68, 62, 50, 54, 32, 66, E,  E};
static const int8_t six_curled[] = {72, 20, 56, 8,  36, 22, 24, 50, 26, 78, 48, 92,
                                    70, 82, 72, 64, 54, 52, 34, 60, 26, 74, E,  E};
static const int8_t seven_plain[] = {22, 12, 50, 12, 76, 12, 76, 12, 60, 50, 42, 92, E, E};
static const int8_t seven_crossed[] = {22, 12, 50, 12, 76, 12, 76, 12, 60, 50, 44,
                                       92, E,  36, 52, 54, 51, 74, 50, E,  E};
static const int8_t seven_hooked[] = {24, 26, 26, 12, 26, 12, 50, 13, 76, 12,
                                      76, 12, 58, 44, 50, 68, 48, 92, E,  E};
static const int8_t seven_curved[] = {24, 16, 46, 10, 74, 14, 66, 34, 54, 60, 46, 92, E, E};
static const int8_t eight_crossing[] = {66, 16, 46, 8,  30, 22, 40, 42, 62, 58, 70, 78, 50,
                                        92, 30, 78, 38, 58, 58, 42, 70, 26, 66, 16, E,  E};
static const int8_t eight_circles[] = {50, 8,  32, 18, 32, 38, 50, 48, 68, 38, 68, 18, 50, 8, E, 50,
                                       48, 28, 60, 28, 82, 50, 92, 72, 82, 72, 60, 50, 48, E, E};
static const int8_t eight_open[] = {72, 14, 48, 8,  30, 24, 48, 46, 70, 66, 60,
                                    90, 36, 88, 30, 68, 52, 46, 74, 24, E,  E};
static const int8_t nine_straight[] = {70, 24, 50, 8,  30, 20, 30, 42, 48, 52, 66,
                                       42, 70, 24, 70, 24, 68, 58, 66, 92, E,  E};
static const int8_t nine_curved[] = {70, 28, 54, 9,  34, 18, 28, 38, 44, 52, 64,
                                     44, 71, 24, 70, 56, 58, 84, 34, 90, E,  E};
static const int8_t nine_leaning[] = {72, 22, 52, 8,  32, 24, 32, 44, 50, 50, 68,
                                      36, 72, 22, 72, 22, 60, 58, 46, 92, E,  E};

static const struct plast_glyph_ways ways[PLAST_GLYPH_CLASSES] = {
    {3, {zero_oval, zero_narrow, zero_open}},
    {4, {one_bar, one_flag, one_foot, one_slanted}},
    {3, {two_plain, two_looped, two_round}},
    {3, {three_round, three_flat, three_smooth}},
    {3, {four_open, four_closed, four_curved}},
    {3, {five_plain, five_two_strokes, five_flowing}},
    {3, {six_round, six_straight, six_curled}},
    {4, {seven_plain, seven_crossed, seven_hooked, seven_curved}},
    {3, {eight_crossing, eight_circles, eight_open}},
    {3, {nine_straight, nine_curved, nine_leaning}},
};

const struct plast_glyph_ways *plast_glyph_ways(int digit)
{
    return &ways[digit];
}
