/* The readers of recordings and of their lists: the first byte says which, and for what model. */
#include "fuzz_data.h"

#include "../runtime/events.h"

static void read_recording(const struct plast_model *model, struct plast_stream *stream,
                           struct plast_request *request)
{
    struct plast_data data = {0};
    int64_t first = 0;
    uint64_t events = 0;
    if (plast_new_frames(&data, 1, "fuzz", request))
        abort();
    float *x = malloc((size_t)data.inputs * sizeof *x);
    int status = plast_read_events(data.bytes, stream, request);
    if (status) {
        fuzz_check_fault(status, request->fault);
    } else if (x) {
        plast_data_gather(&data, &first, 1, x, NULL);
        for (int64_t k = 0; k < data.inputs; k++)
            events += (uint64_t)x[k];
        fuzz_require(data.inputs == model->frames * model->inputs);
        fuzz_require(events > 0 && events <= stream->at / 5);
        fuzz_require(events > 254 || events == stream->at / 5);
    }
    free(x);
    plast_free_data(&data);
}

static void read_list(struct plast_stream *stream, struct plast_request *request)
{
    struct plast_recordings list = {0};
    int status = plast_read_event_list(&list, stream, request);
    if (status)
        fuzz_check_fault(status, request->fault);
    else
        fuzz_require(list.count > 0);
    for (int64_t i = 0; i < list.count && !status; i++)
        fuzz_require(list.at[i].label >= 0 && list.at[i].label < 3 && list.at[i].number >= 0 &&
                     list.at[i].line > i);
    plast_free_recordings(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    int flat = bytes[0] & 2;
    struct plast_model model = fuzz_model(flat ? 1 : 3, PLAST_CROSS_ENTROPY);
    struct plast_fault fault = {""};
    struct plast_request request = {&model, PLAST_FOR_TRAIN, 1, &fault};
    struct plast_stream stream;
    model.frames = model.steps = bytes[0] & 4 ? 1 : 7;
    model.inputs = model.input_shape[0] = 2 * 34 * 34;
    if (!flat) {
        model.input_shape[0] = 2;
        model.input_shape[1] = 34;
        model.input_shape[2] = 40;
        model.inputs = INT64_C(2) * 34 * 40;
    }
    plast_stream_memory(&stream, "fuzz", bytes + 1, size - 1);
    if (bytes[0] & 1)
        read_list(&stream, &request);
    else
        read_recording(&model, &stream, &request);
    return 0;
}
