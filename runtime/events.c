/* Recordings in the 40-bit format of N-MNIST. Takes a stream of events, gives how many of each
 * polarity came at each point in each frame. */
#include "events.h"

#include <inttypes.h>
#include <stdlib.h>

enum { EVENT = 5, CHUNK = 4096 };

struct event {
    int x, y, sign;
    int64_t time; /* microseconds */
};

/* Where events are counted: [frames][2][height][width]. */
struct view {
    int64_t frames, height, width;
    uint8_t *counts;
};

/* A flat input has the camera's own size. */
int plast_check_event_input(const struct plast_request *request)
{
    const struct plast_model *model = request->model;
    const int64_t *shape = model->input_shape;
    char input[80];
    int64_t camera = PLAST_EVENT_SIGNS * PLAST_EVENT_SIDE * PLAST_EVENT_SIDE;
    plast_print_input(input, sizeof input, model);
    if (model->input_rank != 3)
        return model->inputs == camera
                   ? 0
                   : plast_fail(request->fault, PLAST_STATUS_USAGE,
                                "events: a frame has 2 x %d x %d = %" PRId64
                                " points, but the input of '%s' is %s",
                                PLAST_EVENT_SIDE, PLAST_EVENT_SIDE, camera, model->name, input);
    if (shape[0] != PLAST_EVENT_SIGNS)
        return plast_fail(request->fault, PLAST_STATUS_USAGE,
                          "events: a frame has 2 channels, OFF and ON, but the input of '%s' is %s",
                          model->name, input);
    for (int i = 1; i < 3; i++)
        if (shape[i] < PLAST_EVENT_SIDE)
            return plast_fail(request->fault, PLAST_STATUS_USAGE,
                              "events: a frame is at least [2, %d, %d], but the input of '%s' is"
                              " %s, and %" PRId64 " < %d",
                              PLAST_EVENT_SIDE, PLAST_EVENT_SIDE, model->name, input, shape[i],
                              PLAST_EVENT_SIDE);
    return 0;
}

static int decode(struct event *event, const uint8_t *at, int64_t last, uint64_t byte,
                  const struct plast_stream *s, const struct plast_request *request)
{
    *event = (struct event){at[0], at[1], at[2] >> 7,
                            (int64_t)(at[2] & 0x7f) << 16 | (int64_t)at[3] << 8 | at[4]};
    if (event->x >= PLAST_EVENT_SIDE || event->y >= PLAST_EVENT_SIDE)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: byte %" PRIu64
                          ": an event at x = %d, y = %d, but the camera has %d x"
                          " %d points, counted from 0",
                          s->name, byte, event->x, event->y, PLAST_EVENT_SIDE, PLAST_EVENT_SIDE);
    if (event->time < last)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: byte %" PRIu64 ": an event at %" PRId64 " us after one at %" PRId64
                          " us: time runs backwards",
                          s->name, byte, event->time, last);
    return 0;
}

/* Every recording has the same frames, 300 ms in all, so that a frame sees the same part of a
 * saccade in each; the few events that come later are in the last one. */
static void count_event(const struct view *view, const struct event *event)
{
    int64_t frame = event->time * view->frames / PLAST_EVENT_TIME;
    frame = frame < view->frames ? frame : view->frames - 1;
    int64_t row = (frame * PLAST_EVENT_SIGNS + event->sign) * view->height + event->y;
    plast_count_event(view->counts + row * view->width + event->x);
}

int plast_read_events(uint8_t *counts, struct plast_stream *s, const struct plast_request *request)
{
    const struct plast_model *model = request->model;
    int flat = model->input_rank != 3;
    struct view view = {model->frames, flat ? PLAST_EVENT_SIDE : model->input_shape[1],
                        flat ? PLAST_EVENT_SIDE : model->input_shape[2], counts};
    struct event event = {0};
    uint8_t chunk[CHUNK * EVENT];
    size_t got = sizeof chunk;
    int status = 0;
    while (!status && got == sizeof chunk) {
        uint64_t begin = s->at;
        status = plast_stream_read(s, chunk, sizeof chunk, &got, request->fault);
        for (size_t at = 0; !status && at + EVENT <= got; at += EVENT) {
            status = decode(&event, chunk + at, event.time, begin + at, s, request);
            if (!status)
                count_event(&view, &event);
        }
    }
    if (!status && s->at == 0)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: holds no event", s->name);
    if (!status && got % EVENT)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: ends at byte %" PRIu64 ", inside event %" PRIu64
                          ", which ends at byte %" PRIu64,
                          s->name, s->at, s->at / EVENT, (s->at / EVENT + 1) * EVENT);
    return status;
}

int plast_new_frames(struct plast_data *data, int64_t samples, const char *name,
                     const struct plast_request *request)
{
    const struct plast_model *model = request->model;
    data->inputs = plast_sample_size(model);
    data->outputs = model->outputs;
    data->frames = model->frames;
    data->counts = true;
    data->bytes = calloc((size_t)samples, (size_t)data->inputs);
    data->labels = malloc((size_t)samples * sizeof(int32_t));
    if (!data->bytes || !data->labels)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: no memory for %" PRId64 " samples of %" PRId64 " bytes", name,
                          samples, data->inputs);
    data->samples = samples;
    return 0;
}
