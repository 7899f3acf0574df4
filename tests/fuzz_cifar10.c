/* The reader of batches of CIFAR-10: twice the same stream into one set, as two batches are. */
#include "fuzz_data.h"

enum { IMAGE = 3072 };

static void check_set(const struct plast_data *data, size_t size)
{
    float x[IMAGE];
    fuzz_require((size_t)data->samples == size / (IMAGE + 1) * 2 && data->inputs == IMAGE);
    for (int64_t i = 0; i < data->samples; i++) {
        plast_data_gather(data, &i, 1, x, NULL);
        fuzz_require(data->labels[i] >= 0 && data->labels[i] < 8);
        for (int k = 0; k < IMAGE; k++)
            fuzz_require(x[k] >= 0 && x[k] <= 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct plast_model model = fuzz_model(1, PLAST_CROSS_ENTROPY);
    struct plast_fault fault = {""};
    struct plast_request request = {&model, PLAST_FOR_TRAIN, 1, &fault};
    struct plast_data data = {0};
    int status = 0;
    model.inputs = model.input_shape[0] = IMAGE;
    model.outputs = 8;
    for (int i = 0; i < 2 && !status; i++) {
        struct plast_stream stream;
        plast_stream_memory(&stream, "fuzz", bytes, size);
        status = plast_read_cifar10(&data, &stream, &request);
    }
    if (status)
        fuzz_check_fault(status, &fault);
    else
        check_set(&data, size);
    plast_free_data(&data);
    return 0;
}
