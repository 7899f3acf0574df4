/* The reader of idx files: the first byte says whether images or labels follow. */
#include "fuzz_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    struct plast_model model = fuzz_model(bytes[0] & 2 ? 1 : 3, PLAST_CROSS_ENTROPY);
    struct plast_fault fault = {""};
    struct plast_request request = {&model, PLAST_FOR_TRAIN, 1, &fault};
    struct plast_data data = {0};
    struct plast_stream stream;
    int labels = bytes[0] & 1, status;
    plast_stream_memory(&stream, "fuzz", bytes + 1, size - 1);
    if (labels) {
        data = (struct plast_data){.samples = 3, .inputs = 4, .outputs = 3};
        data.bytes = calloc(3, 4);
        status = plast_read_idx_labels(&data, &stream, &request);
    } else {
        status = plast_read_idx_images(&data, &stream, &request);
    }
    if (status)
        fuzz_check_fault(status, &fault);
    else
        fuzz_check_set(&data, labels);
    plast_free_data(&data);
    return 0;
}
