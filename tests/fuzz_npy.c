/* The reader of npy files: the first byte says whether inputs or answers to two samples follow,
 * and the model's loss. */
#include "fuzz_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    struct plast_model model =
        fuzz_model(bytes[0] & 2 ? 1 : 3, bytes[0] & 4 ? PLAST_MSE : PLAST_CROSS_ENTROPY);
    struct plast_fault fault = {""};
    struct plast_request request = {&model, PLAST_FOR_PREDICT, 1, &fault};
    struct plast_data data = {0};
    struct plast_stream stream;
    int answers = bytes[0] & 1, status;
    plast_stream_memory(&stream, "fuzz", bytes + 1, size - 1);
    if (answers) {
        data = (struct plast_data){.samples = 2, .inputs = 4, .outputs = 3};
        data.bytes = calloc(2, 4);
        status = plast_read_npy_answers(&data, &stream, &request);
    } else {
        status = plast_read_npy_inputs(&data, &stream, &request);
    }
    if (status)
        fuzz_check_fault(status, &fault);
    else
        fuzz_check_set(&data, answers);
    plast_free_data(&data);
    return 0;
}
