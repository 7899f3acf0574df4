/* Glyphs as an event camera sees them: a drawn digit stands still, the camera looks around it in
 * three quick moves, along the sides of a triangle back to where it began, as in the recordings of
 * N-MNIST (Orchard, Jayawant, Cohen, Thakor 2015). A point of the camera sends an event, ON or
 * OFF, whenever its brightness has risen or fallen by a threshold since its last one. Whole numbers
 * only, so that every machine sees the same. */
#include "events.h"
#include "glyphs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A move takes 10 moments or more; lengths are in 1/256 of a point; the camera swings over a
 * seventh of its side. */
enum { MOVES = 3, LEAST_MOMENTS = 10, DOT = 256, SWING_PART = 7, NOISE_PART = 16 };

/* Places of the draws under the two keys of a picture. */
enum { DRAW_CONTRAST, DRAW_THRESHOLD };

struct camera {
    int64_t frames, height, width, moments; /* of a move */
    int64_t swing;
    struct plast_canvas scene; /* what it sees and what it moves over */
    int16_t *level;            /* [height][width], the brightness at the last event */
    int32_t threshold;
};

struct place {
    int64_t x, y;
};

/* Where the camera looks at a moment of the three moves, from 0 to MOVES * moments. */
static struct place look(const struct camera *camera, int64_t moment)
{
    int64_t n = camera->moments, swing = camera->swing, part = moment % n * swing / n;
    switch (moment / n) {
    case 0:
        return (struct place){part / 2, part};
    case 1:
        return (struct place){swing / 2 + part / 2, swing - part};
    case 2:
        return (struct place){swing - part, 0};
    }
    return (struct place){0, 0};
}

/* As many events as thresholds lie in the change; `counts` is where those that are OFF go, those
 * that are ON go `area` behind. */
static void send_events(uint8_t *counts, int64_t area, int16_t *level, int32_t change,
                        int32_t threshold)
{
    int32_t events = change / threshold;
    *level = (int16_t)(*level + events * threshold);
    for (; events > 0; events--)
        plast_count_event(counts + area);
    for (; events < 0; events++)
        plast_count_event(counts);
}

/* Brightness between the points of the scene, row by row. counts: of this frame; NULL at the first
 * moment, which only sets the levels. */
static void watch(struct camera *camera, struct place at, uint8_t *counts)
{
    const struct plast_canvas *scene = &camera->scene;
    int64_t height = camera->height, width = camera->width, area = height * width;
    int32_t right = (int32_t)(at.x % DOT), down = (int32_t)(at.y % DOT);
    for (int64_t i = 0; i < height; i++) {
        const uint8_t *above = scene->ink + (i + at.y / DOT) * scene->width + at.x / DOT;
        const uint8_t *below = above + scene->width;
        for (int64_t j = 0; j < width; j++) {
            int32_t upper = above[j] * (DOT - right) + above[j + 1] * right;
            int32_t lower = below[j] * (DOT - right) + below[j + 1] * right;
            int32_t bright = (upper * (DOT - down) + lower * down) / (DOT * DOT);
            int64_t place = i * width + j;
            int16_t *level = &camera->level[place];
            int32_t change = bright - *level;
            if (!counts)
                *level = (int16_t)bright;
            else if (change >= camera->threshold || -change >= camera->threshold)
                send_events(counts + place, area, level, change, camera->threshold);
        }
    }
}

/* Events without a cause, anywhere at any time. */
static void add_noise(const struct camera *camera, uint8_t *counts, uint64_t key)
{
    uint64_t cells = (uint64_t)(camera->frames * 2 * camera->height * camera->width);
    uint32_t most = (uint32_t)(camera->height * camera->width / NOISE_PART) + 1;
    uint32_t events = (uint32_t)((uint64_t)plast_bits(key, 0) * most >> 32);
    for (uint32_t i = 1; i <= events; i++)
        plast_count_event(counts + ((uint64_t)plast_bits(key, i) * cells >> 32));
}

static void record(struct camera *camera, uint8_t *counts, int digit,
                   const struct plast_glyph_keys *keys)
{
    struct plast_canvas *scene = &camera->scene;
    int64_t moments = MOVES * camera->moments, frame_size = 2 * camera->height * camera->width;
    int32_t contrast = 150 + (int32_t)(plast_bits(keys->light, DRAW_CONTRAST) % 106);
    camera->threshold = 30 + (int32_t)(plast_bits(keys->light, DRAW_THRESHOLD) % 30);
    memset(scene->ink, 0, (size_t)(scene->height * scene->width));
    plast_draw_strokes(scene, digit, keys->strokes);
    for (int64_t i = 0; i < scene->height * scene->width; i++)
        scene->ink[i] = (uint8_t)(scene->ink[i] * contrast / 255);
    watch(camera, look(camera, 0), NULL);
    for (int64_t m = 1; m <= moments; m++) {
        int64_t frame = (2 * m - 1) * camera->frames / (2 * moments);
        watch(camera, look(camera, m), counts + frame * frame_size);
    }
    add_noise(camera, counts, keys->noise);
}

/* [2, h, w], or flat, 2 x h x w with h x w as square as it can be. */
static int fit_camera(struct camera *camera, const struct plast_request *request)
{
    const struct plast_model *model = request->model;
    char input[80];
    int rank = model->input_rank;
    if (rank == 2 || (rank == 3 && model->input_shape[0] != 2) || model->inputs % 2)
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "glyphs: events have 2 channels, OFF and ON, but the input of '%s' is %s",
                          model->name, plast_print_input(input, sizeof input, model));
    camera->frames = model->frames;
    camera->height = rank == 3 ? model->input_shape[1] : plast_most_square(model->inputs / 2);
    camera->width = model->inputs / 2 / camera->height;
    camera->moments = (model->frames + MOVES - 1) / MOVES;
    if (camera->moments < LEAST_MOMENTS)
        camera->moments = LEAST_MOMENTS;
    int64_t side = camera->height < camera->width ? camera->height : camera->width;
    camera->swing = side * DOT / SWING_PART;
    int64_t margin = camera->swing / DOT + 2;
    camera->scene.height = camera->height + margin;
    camera->scene.width = camera->width + margin;
    return 0;
}

int plast_record_glyphs(struct plast_data *data, int64_t samples, int set,
                        const struct plast_request *request)
{
    struct camera camera = {0};
    int status = fit_camera(&camera, request);
    if (!status)
        status = plast_new_frames(data, samples, "glyphs", request);
    if (status)
        return status;
    camera.scene.ink = malloc((size_t)(camera.scene.height * camera.scene.width));
    camera.level = malloc((size_t)(camera.height * camera.width) * sizeof *camera.level);
    if (camera.scene.ink && camera.level) {
        plast_label_glyphs(data->labels, samples, set, request);
        for (int64_t i = 0; i < samples; i++) {
            struct plast_glyph_keys keys = plast_glyph_keys(set, i, request);
            record(&camera, data->bytes + i * data->inputs, data->labels[i], &keys);
        }
    } else {
        status = plast_fail(request->fault, PLAST_STATUS_FILE, "glyphs: no memory for a camera");
    }
    free(camera.scene.ink);
    free(camera.level);
    return status;
}
