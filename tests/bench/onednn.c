/* 784-300-100-10 of dense products with relu between them by oneDNN (version 2), batch 1:
 * microseconds a sample, the least of some windows, which are short as those of the deployed net
 * are: others that work on the machine leave some of both alone. Weights of its own choice of
 * layout; what they hold does not matter to dense products. */
#include <dnnl.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LAYERS = 3, WINDOWS = 401, EACH = 100 };

static void must(dnnl_status_t status)
{
    if (status != dnnl_success) {
        fprintf(stderr, "oneDNN: status %d\n", (int)status);
        exit(1);
    }
}

static dnnl_memory_t memory(const dnnl_memory_desc_t *of, dnnl_engine_t engine)
{
    dnnl_memory_t m;
    void *at;
    must(dnnl_memory_create(&m, of, engine, DNNL_MEMORY_ALLOCATE));
    must(dnnl_memory_get_data_handle(m, &at));
    for (size_t i = 0; i < dnnl_memory_desc_get_size(of) / sizeof(float); i++)
        ((float *)at)[i] = 0.01f * (float)(i % 13);
    return m;
}

static dnnl_memory_desc_t describe(int rank, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t d;
    must(dnnl_memory_desc_init_by_tag(&d, rank, dims, dnnl_f32, tag));
    return d;
}

int main(void)
{
    static const int units[LAYERS + 1] = {784, 300, 100, 10};
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t layer[LAYERS];
    dnnl_exec_arg_t args[LAYERS][4];
    dnnl_memory_t in = NULL;
    must(dnnl_engine_create(&engine, dnnl_cpu, 0));
    must(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    for (int i = 0; i < LAYERS; i++) {
        const dnnl_memory_desc_t from = describe(2, (dnnl_dims_t){1, units[i]}, dnnl_nc),
                                 any = describe(2, (dnnl_dims_t){units[i + 1], units[i]},
                                                dnnl_format_tag_any),
                                 bias = describe(1, (dnnl_dims_t){units[i + 1]}, dnnl_a),
                                 to = describe(2, (dnnl_dims_t){1, units[i + 1]}, dnnl_nc);
        dnnl_inner_product_desc_t product;
        dnnl_post_ops_t after;
        dnnl_primitive_attr_t attributes;
        dnnl_primitive_desc_t chosen;
        must(dnnl_inner_product_forward_desc_init(&product, dnnl_forward_inference, &from, &any,
                                                  &bias, &to));
        must(dnnl_post_ops_create(&after));
        if (i < LAYERS - 1)
            must(dnnl_post_ops_append_eltwise(after, 1, dnnl_eltwise_relu, 0, 0));
        must(dnnl_primitive_attr_create(&attributes));
        must(dnnl_primitive_attr_set_post_ops(attributes, after));
        must(dnnl_primitive_desc_create(&chosen, &product, attributes, engine, NULL));
        must(dnnl_primitive_create(&layer[i], chosen));
        if (!in)
            in = memory(&from, engine);
        args[i][0] = (dnnl_exec_arg_t){DNNL_ARG_SRC, in};
        args[i][1] = (dnnl_exec_arg_t){
            DNNL_ARG_WEIGHTS,
            memory(dnnl_primitive_desc_query_md(chosen, dnnl_query_weights_md, 0), engine)};
        args[i][2] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, memory(&bias, engine)};
        args[i][3] = (dnnl_exec_arg_t){DNNL_ARG_DST, in = memory(&to, engine)};
    }
    double least = 1e9;
    for (int window = 0; window < WINDOWS; window++) {
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (int i = 0; i < EACH; i++) {
            for (int k = 0; k < LAYERS; k++)
                must(dnnl_primitive_execute(layer[k], stream, 4, args[k]));
            must(dnnl_stream_wait(stream));
        }
        clock_gettime(CLOCK_MONOTONIC, &to);
        double time =
            (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3;
        if (time / EACH < least)
            least = time / EACH;
    }
    printf("%.3f\n", least);
    return 0;
}
