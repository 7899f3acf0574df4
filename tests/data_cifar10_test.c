/* cifar10:DIR: batches plain and packed, which of them make a set, and every refusal with its exact
 * words; then the real files, where PLAST_DATA names a folder of them. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "data_try.h"

#if HAVE_ZLIB
#include <zlib.h>
#endif
#if HAVE_LZMA
#include <lzma.h>
#endif

enum { IMAGE = 3072, RECORD = 3073, MOST = 300 };

static unsigned char batch[MOST * RECORD + 1];

static unsigned char pixel(int number, int record, int i)
{
    return (unsigned char)(number * 31 + record * 7 + i + i / 256);
}

/* Batch `number` of so many records: labels in turn, from its number on. */
static void fill_batch(int number, int records)
{
    for (int r = 0; r < records; r++) {
        batch[r * RECORD] = (unsigned char)((number + r) % 10);
        for (int i = 0; i < IMAGE; i++)
            batch[r * RECORD + 1 + i] = pixel(number, r, i);
    }
}

static const char *batch_name(int number)
{
    static char name[40];
    snprintf(name, sizeof name, number ? "data_batch_%d.bin" : "test_batch.bin", number);
    return name;
}

static void write_batch(int number, int records)
{
    fill_batch(number, records);
    write_bytes(batch_name(number), batch, (size_t)records * RECORD);
}

static void write_set(void)
{
    for (int n = 0; n <= 5; n++)
        write_batch(n, n ? n : 2);
}

/* Whether samples from `at` on are those of the batch. */
static bool holds(const struct plast_data *data, int64_t at, int number, int records)
{
    for (int r = 0; r < records; r++)
        for (int i = 0; i < IMAGE; i++)
            if (data->labels[at + r] != (number + r) % 10 ||
                data->bytes[(at + r) * IMAGE + i] != pixel(number, r, i))
                return false;
    return true;
}

static void test_good(void)
{
    struct plast_model image = try_model(3, 32, 32, 10, PLAST_CROSS_ENTROPY);
    struct plast_model flat = try_model(0, IMAGE, 0, 10, PLAST_MSE);
    struct plast_split split;
    write_set();
    if (try_open(&split, "cifar10:@", PLAST_FOR_TRAIN, &image)) {
        ok(split.train.samples == 15 && split.test.samples == 2 && split.train.inputs == IMAGE,
           "five batches, and the test batch");
        ok(holds(&split.train, 0, 1, 1) && holds(&split.train, 1, 2, 2) &&
               holds(&split.train, 10, 5, 5) && holds(&split.test, 0, 0, 2),
           "in their order, as written");
        float x[IMAGE];
        int64_t second = 1;
        plast_data_gather(&split.test, &second, 1, x, NULL);
        ok(x[5] == (float)pixel(0, 1, 5) / 255, "gathered as 0 to 1");
        plast_data_close(&split);
    }
    if (try_open(&split, "cifar10:@?train=1-3&test=5", PLAST_FOR_TRAIN, &flat)) {
        ok(split.train.samples == 6 && split.test.samples == 5 && holds(&split.test, 0, 5, 5),
           "chosen batches");
        plast_data_close(&split);
    }
    if (try_open(&split, "first:4:cifar10:@?test=4&train=5,1-2", PLAST_FOR_TRAIN, &flat)) {
        ok(split.train.samples == 4 && holds(&split.train, 0, 1, 1) &&
               holds(&split.train, 1, 2, 2) && split.train.labels[3] == 5,
           "in any order, the first of them");
        plast_data_close(&split);
    }
    if (try_open(&split, "cifar10:@?test=5", PLAST_FOR_TEST, &flat)) {
        ok(split.train.samples == 0 && split.test.samples == 5, "only the test set");
        plast_data_close(&split);
    }
    write_batch(1, MOST);
    if (try_open(&split, "cifar10:@?train=1", PLAST_FOR_TRAIN, &flat)) {
        ok(split.train.samples == MOST && holds(&split.train, 0, 1, MOST), "a larger batch");
        plast_data_close(&split);
    }
}

/* Of a permuted image the bytes are the same, elsewhere. */
static void test_permuted(void)
{
    struct plast_model image = try_model(3, 32, 32, 10, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    long sum = 0, moved = 0;
    write_set();
    if (!try_open(&split, "permuted:3:cifar10:@", PLAST_FOR_TEST, &image))
        return;
    for (int i = 0; i < IMAGE; i++) {
        sum += split.test.bytes[i] - pixel(0, 0, i);
        moved += split.test.bytes[i] != pixel(0, 0, i);
    }
    ok(sum == 0 && moved > 3000, "inputs are permuted");
    plast_data_close(&split);
}

static void test_beginning(void)
{
    struct plast_model image = try_model(3, 32, 32, 10, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    write_set();
    fill_batch(7, 3);
    write_bytes("test_batch_first1000.bin", batch, 3 * RECORD);
    if (try_open(&split, "cifar10:@", PLAST_FOR_TEST, &image)) {
        ok(holds(&split.test, 0, 0, 2), "the whole test batch comes first");
        plast_data_close(&split);
    }
    unlink(try_path("test_batch.bin"));
    if (try_open(&split, "cifar10:@", PLAST_FOR_TEST, &image)) {
        ok(split.test.samples == 3 && holds(&split.test, 0, 7, 3), "else its beginning");
        plast_data_close(&split);
    }
    unlink(try_path("test_batch_first1000.bin"));
    refused("cifar10:@", PLAST_FOR_TRAIN, &image, 3,
            "@: holds no test_batch.bin or test_batch_first1000.bin, neither plain nor .gz nor "
            ".xz");
}

static void test_specs(void)
{
    static const char *const wrong[] = {"",
                                        "?train=1",
                                        "@?train=",
                                        "@?train=0",
                                        "@?train=6",
                                        "@?train=3-2",
                                        "@?train=1-6",
                                        "@?train=1,",
                                        "@?train=1&test=",
                                        "@?train=1&valid=2",
                                        "@?train=12"};
    struct plast_model image = try_model(3, 32, 32, 10, PLAST_CROSS_ENTROPY);
    struct plast_model grey = try_model(1, 32, 96, 10, PLAST_CROSS_ENTROPY);
    struct plast_model flat = try_model(0, 3071, 0, 10, PLAST_CROSS_ENTROPY);
    struct plast_model timed = try_timed(3, 32, 32, 10, 4);
    write_set();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char spec[100], message[300];
        snprintf(spec, sizeof spec, "cifar10:%s", wrong[i]);
        snprintf(message, sizeof message,
                 "%s: expected cifar10:DIR or cifar10:DIR?train=LIST&test=LIST, batches 1 to 5 as "
                 "in 1-4 or 1,3,5",
                 spec);
        refused(spec, PLAST_FOR_TRAIN, &image, 2, message);
    }
    refused("cifar10:@?test=5", PLAST_FOR_TRAIN, &image, 2,
            "cifar10:@?test=5: a batch is in both sets: what is trained on is no test");
    refused("cifar10:@", PLAST_FOR_TRAIN, &grey, 2,
            "cifar10: images are [3, 32, 32] or, flat, [3072], but the input of 'net' is"
            " [1, 32, 96]");
    refused("cifar10:@", PLAST_FOR_TRAIN, &flat, 2,
            "cifar10: images are [3, 32, 32] or, flat, [3072], but the input of 'net' is [3071]");
    refused(
        "cifar10:@", PLAST_FOR_TRAIN, &timed, 2,
        "cifar10: its samples have no time axis, but 'net' takes events in 4 frames: events:DIR,"
        " npy:X.npy,Y.npy and glyphs have one");
}

static void test_wrong(void)
{
    struct plast_model image = try_model(3, 32, 32, 10, PLAST_CROSS_ENTROPY);
    struct plast_model few = try_model(3, 32, 32, 3, PLAST_CROSS_ENTROPY);
    write_set();
    refused("cifar10:@", PLAST_FOR_TRAIN, &few, 3,
            "@/data_batch_2.bin: byte 3073: label 3 of sample 1, but the output of 'net' has 3"
            " classes (labels count from 0)");
    write_bytes("data_batch_3.bin", batch, 0);
    refused("cifar10:@", PLAST_FOR_TRAIN, &image, 3, "@/data_batch_3.bin: holds no record");
    fill_batch(3, 3);
    write_bytes("data_batch_3.bin", batch, 2 * RECORD + 1);
    refused("cifar10:@", PLAST_FOR_TRAIN, &image, 3,
            "@/data_batch_3.bin: ends at byte 6147, inside record 2, which ends at byte 9219");
    fill_batch(3, 260);
    write_bytes("data_batch_3.bin", batch, 260 * RECORD - 1);
    refused("cifar10:@", PLAST_FOR_TRAIN, &image, 3,
            "@/data_batch_3.bin: ends at byte 798979, inside record 259, which ends at byte"
            " 798980");
    batch[258 * RECORD] = 10;
    write_bytes("data_batch_3.bin", batch, 260 * RECORD);
    refused("cifar10:@", PLAST_FOR_TRAIN, &image, 3,
            "@/data_batch_3.bin: byte 792834: label 10 of record 258, but there are 10 classes");
    unlink(try_path("data_batch_3.bin"));
    refused("cifar10:@", PLAST_FOR_TRAIN, &image, 3,
            "@: holds no data_batch_3.bin, neither plain nor .gz nor .xz");
    make_folder("data_batch_3.bin");
    refused("cifar10:@", PLAST_FOR_TRAIN, &image, 3,
            "@/data_batch_3.bin: is a directory, not a file");
    rmdir(try_path("data_batch_3.bin"));
    refused("cifar10:@/none", PLAST_FOR_TRAIN, &image, 3, "@/none: No such file or directory");
}

#if HAVE_ZLIB

static void test_gz(void)
{
    struct plast_model image = try_model(3, 32, 32, 10, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    write_set();
    unlink(try_path("data_batch_4.bin"));
    fill_batch(4, 4);
    gzFile file = gzopen(try_path("data_batch_4.bin.gz"), "wb");
    if (!file || gzwrite(file, batch, 4 * RECORD) != 4 * RECORD || gzclose(file) != Z_OK)
        exit(99);
    if (try_open(&split, "cifar10:@", PLAST_FOR_TRAIN, &image)) {
        ok(split.train.samples == 15 && holds(&split.train, 6, 4, 4), "a .gz batch");
        plast_data_close(&split);
    }
    unlink(try_path("data_batch_4.bin.gz"));
}

#else

static void test_gz(void)
{
    skip("a .gz batch", "this build has no zlib");
}

#endif

#if HAVE_LZMA

static size_t pack_batch(int number, int records, unsigned char *packed, size_t room)
{
    size_t size = 0;
    fill_batch(number, records);
    if (lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, batch, (size_t)records * RECORD, packed,
                                &size, room) != LZMA_OK)
        exit(99);
    return size;
}

static void test_xz(void)
{
    static const char name[] = "test_batch.bin.xz";
    static unsigned char packed[2 * 5 * RECORD + 1000];
    struct plast_model image = try_model(3, 32, 32, 10, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    unlink(try_path("test_batch.bin"));
    size_t size = pack_batch(4, 5, packed, sizeof packed);
    write_bytes(name, packed, size);
    if (try_open(&split, "cifar10:@", PLAST_FOR_TEST, &image)) {
        ok(split.test.samples == 5 && holds(&split.test, 0, 4, 5), "an .xz batch");
        plast_data_close(&split);
    }
    size_t more = pack_batch(9, 1, packed + size, sizeof packed - size);
    write_bytes(name, packed, size + more);
    if (try_open(&split, "cifar10:@", PLAST_FOR_TEST, &image)) {
        ok(split.test.samples == 6 && holds(&split.test, 5, 9, 1), "two .xz files, one behind the "
                                                                   "other");
        plast_data_close(&split);
    }
    write_bytes(name, packed, 20);
    refused("cifar10:@", PLAST_FOR_TEST, &image, 3,
            "@/test_batch.bin.xz: the packed data is cut off, after 0 bytes of what it holds");
    write_bytes(name, packed, size - 1);
    refused("cifar10:@", PLAST_FOR_TEST, &image, 3,
            "@/test_batch.bin.xz: the packed data is cut off, after 15365 bytes of what it holds");
    packed[8] ^= 1;
    write_bytes(name, packed, size);
    refused("cifar10:@", PLAST_FOR_TEST, &image, 3,
            "@/test_batch.bin.xz: the packed data is damaged, beyond byte 0 of what it holds");
    unlink(try_path(name));
}

#else

static void test_xz(void)
{
    struct plast_model image = try_model(3, 32, 32, 10, PLAST_CROSS_ENTROPY);
    unlink(try_path("test_batch.bin"));
    write_bytes("test_batch.bin.xz",
                "\xfd"
                "7zXZ\0\0\0",
                8);
    refused("cifar10:@", PLAST_FOR_TEST, &image, 3,
            "@/test_batch.bin.xz: is packed by xz, and this build has no liblzma; unpack it first");
    unlink(try_path("test_batch.bin.xz"));
}

#endif

static bool has_counts(const struct plast_data *data, const int *expected)
{
    int count[10] = {0};
    for (int64_t i = 0; i < data->samples; i++)
        count[data->labels[i]]++;
    return !memcmp(count, expected, sizeof count);
}

static void test_real(void)
{
    static const int train[] = {5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000};
    static const int test[] = {103, 89, 100, 103, 90, 86, 112, 102, 106, 109};
    const char *folder = getenv("PLAST_DATA");
    char path[TRY_TEXT], spec[TRY_TEXT + 10];
    struct plast_model model = try_model(3, 32, 32, 10, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    snprintf(path, sizeof path, "%s/cifar10", folder ? folder : "");
    if (!folder || access(path, R_OK) || !HAVE_LZMA) {
        skip("cifar10",
             !HAVE_LZMA ? "this build has no liblzma" : "PLAST_DATA names no folder with it");
        return;
    }
    snprintf(spec, sizeof spec, "cifar10:%s", path);
    if (!try_open(&split, spec, PLAST_FOR_TRAIN, &model))
        return;
    ok(split.train.samples == 50000 && has_counts(&split.train, train),
       "5,000 of each class to train");
    ok(split.test.samples != 1000 || has_counts(&split.test, test),
       "as many of each class among the first 1,000 to test as published");
    uint64_t sum = 0;
    for (int64_t i = 0; i < 50000; i++)
        for (int64_t k = 0; k < 1024; k++)
            sum += split.train.bytes[i * IMAGE + k];
    double red = (double)sum / (255.0 * 50000 * 1024);
    ok(red > 0.4913 && red < 0.4915, "the mean of red is %.4f", red);
    plast_data_close(&split);
}

int main(void)
{
    try_begin();
    test_good();
    test_permuted();
    test_beginning();
    test_specs();
    test_wrong();
    test_gz();
    test_xz();
    test_real();
    return try_end();
}
