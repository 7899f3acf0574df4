/* glyphs: the data set that needs no file. Takes the model's input shape and a seed, gives
 * pictures of digits with balanced labels; each picture depends on the seed, its set and its
 * number alone. Relies on glyph_draw.c for the strokes, on glyph_events.c for models that take
 * events. */
#include "glyphs.h"

#include "source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN_SAMPLES = 10000, TEST_SAMPLES = 2000, MOST_CHANNELS_TINTED = 3 };

/* Streams of a set under PLAST_STREAM_GLYPHS: which = 4 * set + one of these. */
enum { STREAM_STROKES, STREAM_NOISE, STREAM_LIGHT, STREAM_ORDER };

struct picture {
    int64_t channels, height, width;
};

int64_t plast_most_square(int64_t n)
{
    int64_t height = 1;
    for (int64_t h = 1; h * h <= n; h++)
        if (n % h == 0)
            height = h;
    return height;
}

static struct picture fit_picture(const struct plast_model *model)
{
    const int64_t *shape = model->input_shape;
    if (model->input_rank == 3)
        return (struct picture){shape[0], shape[1], shape[2]};
    if (model->input_rank == 2)
        return (struct picture){1, shape[0], shape[1]};
    int64_t height = plast_most_square(model->inputs);
    return (struct picture){1, height, model->inputs / height};
}

static uint64_t stream_key(const struct plast_request *request, int set, int stream, int64_t number)
{
    return plast_key(request->seed, PLAST_STREAM_GLYPHS, (uint64_t)(4 * set + stream), 0,
                     (uint64_t)number);
}

struct plast_glyph_keys plast_glyph_keys(int set, int64_t number,
                                         const struct plast_request *request)
{
    return (struct plast_glyph_keys){stream_key(request, set, STREAM_STROKES, number),
                                     stream_key(request, set, STREAM_NOISE, number),
                                     stream_key(request, set, STREAM_LIGHT, number)};
}

/* Each run has an order of its own. */
void plast_label_glyphs(int32_t *label, int64_t samples, int set,
                        const struct plast_request *request)
{
    int32_t classes = (int32_t)request->model->outputs;
    for (int64_t begin = 0; begin < samples; begin += classes) {
        int32_t order[PLAST_GLYPH_CLASSES];
        uint64_t key = stream_key(request, set, STREAM_ORDER, begin);
        for (int32_t i = 0; i < classes; i++) {
            int32_t j = (int32_t)((uint64_t)plast_bits(key, (uint32_t)i) * ((uint32_t)i + 1) >> 32);
            order[i] = order[j];
            order[j] = i;
        }
        for (int32_t i = 0; i < classes && begin + i < samples; i++)
            label[begin + i] = order[i];
    }
}

/* Paper and ink of one channel: pixel = paper + (ink - paper) * strokes + noise. */
struct light {
    int32_t paper, ink, noise;
};

static struct light choose_light(uint64_t key, int64_t channel, int64_t channels)
{
    uint32_t own = channels == MOST_CHANNELS_TINTED ? 8 * (uint32_t)channel : 0;
    return (struct light){(int32_t)(plast_bits(key, own) % 24),
                          170 + (int32_t)(plast_bits(key, own + 1) % 86),
                          (int32_t)(plast_bits(key, 2) % 64)};
}

/* Four points of noise from each draw. */
static void develop(uint8_t *to, const uint8_t *ink, int64_t n, struct light light, uint64_t key)
{
    for (int64_t i = 0; i < n; i += 4) {
        uint32_t bits = plast_bits(key, (uint32_t)(i / 4));
        for (int64_t k = i; k < n && k < i + 4; k++, bits >>= 8) {
            int32_t value = light.paper + (light.ink - light.paper) * ink[k] / 255 +
                            ((int32_t)(bits & 255) - 128) * light.noise / 128;
            to[k] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    }
}

static void draw_picture(uint8_t *to, struct plast_canvas *canvas, int64_t channels, int digit,
                         int set, int64_t number, const struct plast_request *request)
{
    int64_t area = canvas->height * canvas->width;
    struct plast_glyph_keys keys = plast_glyph_keys(set, number, request);
    memset(canvas->ink, 0, (size_t)area);
    plast_draw_strokes(canvas, digit, keys.strokes);
    for (int64_t c = 0; c < channels; c++)
        if (c == 0 || channels == MOST_CHANNELS_TINTED)
            develop(to + c * area, canvas->ink, area, choose_light(keys.light, c, channels),
                    keys.noise + (uint64_t)c);
        else
            memcpy(to + c * area, to, (size_t)area);
}

int plast_draw_glyphs(struct plast_data *data, int64_t samples, int set,
                      const struct plast_request *request)
{
    const struct plast_model *model = request->model;
    if (model->outputs > PLAST_GLYPH_CLASSES)
        return plast_fail(
            request->fault, PLAST_STATUS_USAGE,
            "glyphs: there are %d classes of them, but the output of '%s' has %" PRId64
            "; name another data source",
            PLAST_GLYPH_CLASSES, model->name, model->outputs);
    if (model->frames)
        return plast_record_glyphs(data, samples, set, request);
    struct picture picture = fit_picture(model);
    data->inputs = model->inputs;
    data->outputs = model->outputs;
    struct plast_canvas canvas = {picture.height, picture.width,
                                  malloc((size_t)(picture.height * picture.width))};
    data->bytes = malloc((size_t)samples * (size_t)model->inputs);
    data->labels = malloc((size_t)samples * sizeof(int32_t));
    int status = 0;
    if (canvas.ink && data->bytes && data->labels) {
        data->samples = samples;
        plast_label_glyphs(data->labels, samples, set, request);
        for (int64_t i = 0; i < samples; i++)
            draw_picture(data->bytes + i * model->inputs, &canvas, picture.channels,
                         data->labels[i], set, i, request);
    } else {
        status = plast_fail(request->fault, PLAST_STATUS_FILE,
                            "glyphs: no memory for %" PRId64 " pictures of %" PRId64 " bytes",
                            samples, model->inputs);
    }
    free(canvas.ink);
    return status;
}

int plast_open_glyphs(struct plast_split *split, const struct plast_request *request)
{
    int status = 0;
    if (request->purpose == PLAST_FOR_TRAIN)
        status = plast_draw_glyphs(&split->train, TRAIN_SAMPLES, 0, request);
    return status ? status : plast_draw_glyphs(&split->test, TEST_SAMPLES, 1, request);
}
