/* The reader of tables: the first byte says what stands last in a line, and what for. */
#include "fuzz_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    int targets = bytes[0] & 1, predict = bytes[0] & 2;
    struct plast_model model = fuzz_model(1, targets ? PLAST_MSE : PLAST_CROSS_ENTROPY);
    struct plast_fault fault = {""};
    struct plast_request request = {&model, predict ? PLAST_FOR_PREDICT : PLAST_FOR_TRAIN, 1,
                                    &fault};
    struct plast_data data = {0};
    struct plast_stream stream;
    plast_stream_memory(&stream, "fuzz", bytes + 1, size - 1);
    int status = plast_read_csv(&data, &stream, targets ? 3 : 0, &request);
    if (status)
        fuzz_check_fault(status, &fault);
    else
        fuzz_check_set(&data, !predict);
    plast_free_data(&data);
    return 0;
}
