/* Says which digits are in files: `classify FILE...`. A file is a picture in PGM (P2 or P5), or
 * drawn in characters: blanks and dots are paper, all else is ink. What is drawn is scaled and
 * moved to where the net has seen digits. */
#include "digits_net.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 28, TALL = 20, MOST = 1024 };

struct picture {
    int width, height;
    float ink[MOST * MOST]; /* 0 paper, 1 ink */
};

static int read_number(FILE *file)
{
    int c, number, comment = 0;
    while ((c = getc(file)) != EOF && (comment || c == '#' || isspace(c)))
        comment = c != '\n' && (comment || c == '#');
    ungetc(c, file);
    return fscanf(file, "%5d", &number) == 1 ? number : -1;
}

static int read_pgm(struct picture *p, FILE *file)
{
    int binary = getc(file) == '5';
    float sum = 0;
    p->width = read_number(file);
    p->height = read_number(file);
    int most = read_number(file);
    if (p->width < 1 || p->height < 1 || p->width > MOST || p->height > MOST || most < 1 ||
        most > 255)
        return 1;
    getc(file);
    for (int i = 0; i < p->width * p->height; i++) {
        int grey = binary ? getc(file) : read_number(file);
        if (grey < 0 || grey > most)
            return 1;
        p->ink[i] = (float)grey / (float)most;
        sum += p->ink[i];
    }
    if (2 * sum > (float)(p->width * p->height)) /* dark on light */
        for (int i = 0; i < p->width * p->height; i++)
            p->ink[i] = 1 - p->ink[i];
    return 0;
}

static int read_drawing(struct picture *p, FILE *file)
{
    char line[MOST + 2];
    memset(p, 0, sizeof *p);
    for (; p->height < MOST && fgets(line, sizeof line, file); p->height++)
        for (int x = 0; x < MOST && line[x] && line[x] != '\n'; x++) {
            p->ink[p->height * MOST + x] = !isspace((unsigned char)line[x]) && line[x] != '.';
            p->width = x >= p->width ? x + 1 : p->width;
        }
    for (int y = 1; y < p->height; y++) /* rows were kept as wide as they may be */
        memmove(p->ink + y * p->width, p->ink + y * MOST, (size_t)p->width * sizeof *p->ink);
    return p->width < 1;
}

static int read_picture(struct picture *p, const char *name)
{
    FILE *file = fopen(name, "rb");
    if (!file)
        return 1;
    int first = getc(file), second = getc(file);
    rewind(file);
    int status;
    if (first == 'P' && (second == '2' || second == '5')) {
        getc(file);
        status = read_pgm(p, file);
    } else {
        status = read_drawing(p, file);
    }
    fclose(file);
    return status;
}

/* The mean of the ink in a part of the picture, its ends between pixels. */
static float mean_ink(const struct picture *p, float left, float top, float side)
{
    float sum = 0;
    enum { STEPS = 4 }; /* points a side */
    for (int i = 0; i < STEPS * STEPS; i++) {
        float x = left + side * ((float)(i % STEPS) + 0.5f) / STEPS;
        float y = top + side * ((float)(i / STEPS) + 0.5f) / STEPS;
        if (x >= 0 && y >= 0 && x < (float)p->width && y < (float)p->height)
            sum += p->ink[(int)y * p->width + (int)x];
    }
    return sum / (STEPS * STEPS);
}

/* The least ink becomes 0, the most 1. All the same: 1. */
static int stretch(struct picture *p)
{
    float least = p->ink[0], most = p->ink[0];
    for (int i = 0; i < p->width * p->height; i++) {
        least = p->ink[i] < least ? p->ink[i] : least;
        most = p->ink[i] > most ? p->ink[i] : most;
    }
    for (int i = 0; i < p->width * p->height && most > least; i++)
        p->ink[i] = (p->ink[i] - least) / (most - least);
    return !(most > least);
}

/* The ink's middle comes to the middle, and its longer side becomes TALL. */
static void fit(const struct picture *p, float *x)
{
    int left = p->width, right = -1, top = p->height, bottom = -1;
    for (int i = 0; i < p->width * p->height; i++) {
        int column = i % p->width, row = i / p->width;
        if (p->ink[i] < 0.5f)
            continue;
        left = column < left ? column : left;
        right = column > right ? column : right;
        top = row < top ? row : top;
        bottom = row;
    }
    int tall = bottom - top + 1, wide = right - left + 1;
    float pixel = (float)(tall > wide ? tall : wide) / TALL;
    for (int i = 0; i < SIDE * SIDE; i++)
        x[i] = mean_ink(p, 0.5f * (float)(left + right + 1) + pixel * (float)(i % SIDE - SIDE / 2),
                        0.5f * (float)(top + bottom + 1) + pixel * (float)(i / SIDE - SIDE / 2),
                        pixel);
}

int main(int argc, char **argv)
{
    static struct picture picture;
    static float x[DIGITS_INPUTS], out[DIGITS_OUTPUTS];
    static float scratch[(DIGITS_SCRATCH_BYTES + sizeof(float) - 1) / sizeof(float)];
    int status = argc < 2 ? 2 : 0;
    if (argc < 2)
        fprintf(stderr, "usage: classify FILE...\n");
    for (int i = 1; i < argc; i++) {
        if (read_picture(&picture, argv[i]) || stretch(&picture)) {
            fprintf(stderr, "%s: no picture of a digit\n", argv[i]);
            status = 1;
            continue;
        }
        fit(&picture, x);
        digits_predict(x, out, scratch);
        int best = 0;
        for (int k = 1; k < DIGITS_OUTPUTS; k++)
            if (out[k] > out[best])
                best = k;
        printf("%s: %d\n", argv[i], best);
    }
    return status;
}
