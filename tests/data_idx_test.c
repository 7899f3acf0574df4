/* idx:DIR: what is read, plain and packed, and every refusal with its exact words; then the real
 * sets, where PLAST_DATA names a folder of them. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "data_try.h"

#if HAVE_ZLIB
#include <zlib.h>
#endif

static const char images[] = "\0\0\x08\x03\0\0\0\3\0\0\0\2\0\0\0\2"
                             "\0\1\2\3\xff\xfe\xfd\xfc\4\5\6\7";
static const char labels[] = "\0\0\x08\x01\0\0\0\3\2\0\1";
enum { IMAGES = sizeof images - 1, LABELS = sizeof labels - 1 };

static void write_set(void)
{
    write_bytes("train-images-idx3-ubyte", images, IMAGES);
    write_bytes("train-labels-idx1-ubyte", labels, LABELS);
    write_bytes("t10k-images-idx3-ubyte", images, IMAGES);
    write_bytes("t10k-labels-idx1-ubyte", labels, LABELS);
}

static void test_good(void)
{
    struct plast_model flat = try_model(0, 4, 0, 3, PLAST_CROSS_ENTROPY);
    struct plast_model image = try_model(1, 2, 2, 3, PLAST_MSE);
    struct plast_split split;
    write_set();
    if (try_open(&split, "idx:@", PLAST_FOR_TRAIN, &flat)) {
        const struct plast_data *data = &split.train;
        ok(data->samples == 3 && split.test.samples == 3 && data->inputs == 4 && data->outputs == 3,
           "both sets are there");
        ok(!memcmp(data->bytes, images + 16, 12) && data->labels[0] == 2 && data->labels[2] == 1,
           "images and labels as written");
        plast_data_close(&split);
    }
    if (try_open(&split, "idx:@", PLAST_FOR_TEST, &image)) {
        ok(split.train.samples == 0 && split.test.samples == 3, "only the test set");
        plast_data_close(&split);
    }
    unlink(try_path("train-images-idx3-ubyte"));
    write_bytes("train-images.idx3-ubyte", images, IMAGES);
    if (try_open(&split, "idx:@", PLAST_FOR_TRAIN, &image))
        plast_data_close(&split);
    unlink(try_path("train-images.idx3-ubyte"));
}

static void test_names(void)
{
    struct plast_model model = try_model(1, 2, 2, 3, PLAST_CROSS_ENTROPY);
    write_set();
    refused("idx:", PLAST_FOR_TRAIN, &model, 2, "idx: expected idx:DIR");
    refused("idx:@/none", PLAST_FOR_TRAIN, &model, 3, "@/none: No such file or directory");
    unlink(try_path("t10k-labels-idx1-ubyte"));
    refused("idx:@", PLAST_FOR_TRAIN, &model, 3,
            "@: holds no t10k-labels-idx1-ubyte, neither plain nor .gz");
    unlink(try_path("train-images-idx3-ubyte"));
    refused("idx:@", PLAST_FOR_TRAIN, &model, 3,
            "@: holds no train-images-idx3-ubyte, neither plain nor .gz");
    mkdir(try_path("train-images-idx3-ubyte"), 0700);
    refused("idx:@", PLAST_FOR_TRAIN, &model, 3,
            "@/train-images-idx3-ubyte: is a directory, not a file");
    rmdir(try_path("train-images-idx3-ubyte"));
}

static void test_shapes(void)
{
    struct plast_model wide = try_model(1, 1, 4, 3, PLAST_CROSS_ENTROPY);
    struct plast_model channels = try_model(4, 1, 1, 3, PLAST_CROSS_ENTROPY);
    struct plast_model flat = try_model(0, 5, 0, 3, PLAST_CROSS_ENTROPY);
    struct plast_model few = try_model(0, 4, 0, 2, PLAST_CROSS_ENTROPY);
    struct plast_model one = try_model(0, 4, 0, 1, PLAST_MSE);
    write_set();
    refused("idx:@", PLAST_FOR_TRAIN, &wide, 3,
            "@/train-images-idx3-ubyte: byte 8: images of 2 x 2, but the input of 'net' is"
            " [1, 1, 4]");
    refused("idx:@", PLAST_FOR_TRAIN, &channels, 3,
            "@/train-images-idx3-ubyte: byte 8: images of 2 x 2, but the input of 'net' is"
            " [4, 1, 1]");
    refused("idx:@", PLAST_FOR_TRAIN, &flat, 3,
            "@/train-images-idx3-ubyte: byte 8: images of 2 x 2, but the input of 'net' is [5]");
    refused("idx:@", PLAST_FOR_TRAIN, &few, 3,
            "@/train-labels-idx1-ubyte: byte 8: label 2 of sample 0, but the output of 'net' has"
            " 2 classes (labels count from 0)");
    refused("idx:@", PLAST_FOR_TRAIN, &one, 3,
            "@/train-labels-idx1-ubyte: byte 8: label 2 of sample 0, but the output of 'net' has"
            " 1 class (labels count from 0)");
}

struct wrong {
    const char *bytes;
    size_t size;
    const char *message;
};

static void refuse_each(const char *name, const struct wrong *wrong, size_t count)
{
    struct plast_model model = try_model(1, 2, 2, 3, PLAST_CROSS_ENTROPY);
    for (size_t i = 0; i < count; i++) {
        char message[300];
        write_set();
        write_bytes(name, wrong[i].bytes, wrong[i].size);
        snprintf(message, sizeof message, "@/%s: %s", name, wrong[i].message);
        refused("idx:@", PLAST_FOR_TRAIN, &model, 3, message);
    }
}

static void test_wrong(void)
{
    static const struct wrong image[] = {
        {"", 0, "ends at byte 0, but the header of an idx file of images has 16 bytes"},
        {images, 3, "ends at byte 3, but the header of an idx file of images has 16 bytes"},
        {images, 15, "ends at byte 15, but the header of an idx file of images has 16 bytes"},
        {images, 16, "ends at byte 16, but 3 images of 2 x 2 end at byte 28"},
        {images, IMAGES - 1, "ends at byte 27, but 3 images of 2 x 2 end at byte 28"},
        {images, IMAGES + 1, "byte 28: the file goes on after 3 images of 2 x 2"},
        {labels, LABELS,
         "byte 0: magic number 0x00000801, but idx files of images begin with 0x00000803"},
        {"<html>", 6,
         "byte 0: magic number 0x3c68746d, but idx files of images begin with 0x00000803"},
        {"\0\0\x08\x03\0\0\0\0\0\0\0\2\0\0\0\2", 16, "byte 4: a count of 0 images"},
        {"\0\0\x08\x03\xff\xff\xff\xff\0\0\0\2\0\0\0\2", 16,
         "ends at byte 16, but 4294967295 images of 2 x 2 end at byte 17179869196"},
        {"\0\0\x08\x03\0\0\0\3\xff\xff\xff\xff\xff\xff\xff\xff", 16,
         "byte 8: images of 4294967295 x 4294967295, but the input of 'net' is [1, 2, 2]"},
        {"\0\0\x08\x03\0\0\0\3\0\0\0\0\0\0\0\2", 16,
         "byte 8: images of 0 x 2, but the input of 'net' is [1, 2, 2]"},
    };
    static const struct wrong label[] = {
        {"", 0, "ends at byte 0, but the header of an idx file of labels has 8 bytes"},
        {labels, 7, "ends at byte 7, but the header of an idx file of labels has 8 bytes"},
        {labels, 10, "ends at byte 10, but 3 labels end at byte 11"},
        {labels, LABELS + 1, "byte 11: the file goes on after 3 labels"},
        {images, IMAGES,
         "byte 0: magic number 0x00000803, but idx files of labels begin with 0x00000801"},
        {"\0\0\x08\x01\0\0\0\2\0\0", 10, "byte 4: 2 labels, but there are 3 images"},
        {"\0\0\x08\x01\0\0\0\0", 8, "byte 4: a count of 0 labels"},
        {"\0\0\x08\x01\0\0\0\3\0\1\3", 11,
         "byte 10: label 3 of sample 2, but the output of 'net' has 3 classes (labels count from"
         " 0)"},
    };
    refuse_each("train-images-idx3-ubyte", image, sizeof image / sizeof *image);
    refuse_each("t10k-images-idx3-ubyte", image, sizeof image / sizeof *image);
    refuse_each("train-labels-idx1-ubyte", label, sizeof label / sizeof *label);
    refuse_each("t10k-labels-idx1-ubyte", label, sizeof label / sizeof *label);
}

#if HAVE_ZLIB

/* Stored, not compressed, so that what a cut leaves does not depend on zlib's version. */
static void write_packed(const char *name, const char *bytes, unsigned size)
{
    gzFile file = gzopen(try_path(name), "wb0");
    if (!file || gzwrite(file, bytes, size) != (int)size || gzclose(file) != Z_OK)
        exit(99);
}

/* The packed file with `flip` added to one byte counted from its end, and some bytes less. */
static void damage(const char *name, int flip, long from_end, long less)
{
    char bytes[4096];
    FILE *file = fopen(try_path(name), "rb");
    long size = file ? (long)fread(bytes, 1, sizeof bytes, file) : 0;
    if (size < 20 || fclose(file))
        exit(99);
    bytes[size - from_end] = (char)(bytes[size - from_end] + flip);
    write_bytes(name, bytes, (size_t)(size - less));
}

static void test_packed(void)
{
    static const char name[] = "train-images-idx3-ubyte.gz";
    struct plast_model model = try_model(1, 2, 2, 3, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    write_set();
    unlink(try_path("train-images-idx3-ubyte"));
    unlink(try_path("t10k-labels-idx1-ubyte"));
    write_packed(name, images, IMAGES);
    write_packed("t10k-labels.idx1-ubyte.gz", labels, LABELS);
    if (try_open(&split, "idx:@", PLAST_FOR_TRAIN, &model)) {
        ok(!memcmp(split.train.bytes, images + 16, 12) && split.test.labels[0] == 2,
           "packed files read as plain ones");
        plast_data_close(&split);
    }
    write_bytes(name, images, IMAGES);
    if (try_open(&split, "idx:@", PLAST_FOR_TRAIN, &model))
        plast_data_close(&split);
    write_packed(name, images, IMAGES - 2);
    refused("idx:@", PLAST_FOR_TRAIN, &model, 3,
            "@/train-images-idx3-ubyte.gz: ends at byte 26, but 3 images of 2 x 2 end at byte 28");
    write_packed(name, images, IMAGES);
    damage(name, 0, 1, 12);
    refused("idx:@", PLAST_FOR_TRAIN, &model, 3,
            "@/train-images-idx3-ubyte.gz: the packed data is cut off, after 24 bytes of what it "
            "holds");
    write_packed(name, images, IMAGES);
    damage(name, 0, 1, 4);
    refused("idx:@", PLAST_FOR_TRAIN, &model, 3,
            "@/train-images-idx3-ubyte.gz: the packed data is cut off, after 28 bytes of what it "
            "holds");
    write_packed(name, images, IMAGES);
    damage(name, 1, 8, 0);
    refused("idx:@", PLAST_FOR_TRAIN, &model, 3,
            "@/train-images-idx3-ubyte.gz: the packed data is damaged, beyond byte 0 of what it"
            " holds");
}

#else

static void test_packed(void)
{
    static const char packed[] = "\x1f\x8b\x08\0\0\0\0\0\0\3";
    struct plast_model model = try_model(1, 2, 2, 3, PLAST_CROSS_ENTROPY);
    write_set();
    unlink(try_path("train-images-idx3-ubyte"));
    write_bytes("train-images-idx3-ubyte.gz", packed, sizeof packed - 1);
    refused("idx:@", PLAST_FOR_TRAIN, &model, 3,
            "@/train-images-idx3-ubyte.gz: is packed by gzip, and this build has no zlib; unpack"
            " it first");
}

#endif

static void count_labels(const struct plast_data *data, const int *expected, const char *what)
{
    int count[10] = {0};
    for (int64_t i = 0; i < data->samples; i++)
        count[data->labels[i]]++;
    ok(!memcmp(count, expected, sizeof count), "%s: as many of each class as published", what);
}

/* Sum of all bytes: of a set that is known, so that a shifted read would show. */
static double mean_byte(const struct plast_data *data)
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < data->samples * data->inputs; i++)
        sum += data->bytes[i];
    return (double)sum / (double)(data->samples * data->inputs);
}

static void test_real(const char *name, double mean, const int *train, const int *test)
{
    const char *folder = getenv("PLAST_DATA");
    char path[TRY_TEXT], spec[TRY_TEXT + 10];
    struct plast_model model = try_model(1, 28, 28, 10, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "", name);
    if (!folder || access(path, R_OK) || !HAVE_ZLIB) {
        skip(name, !HAVE_ZLIB ? "this build has no zlib" : "PLAST_DATA names no folder with it");
        return;
    }
    snprintf(spec, sizeof spec, "idx:%s", path);
    if (!try_open(&split, spec, PLAST_FOR_TRAIN, &model))
        return;
    ok(split.train.samples == 60000 && split.test.samples == 10000, "%s: 60,000 and 10,000", name);
    count_labels(&split.train, train, name);
    count_labels(&split.test, test, name);
    double found = mean_byte(&split.train) / 255;
    ok(found > mean - 0.0001 && found < mean + 0.0001, "%s: the mean point is %.4f", name, found);
    plast_data_close(&split);
}

int main(void)
{
    static const int mnist_train[] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    static const int mnist_test[] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
    static const int fashion_train[] = {6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000};
    static const int fashion_test[] = {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
    try_begin();
    test_good();
    test_names();
    test_shapes();
    test_wrong();
    test_packed();
    test_real("mnist", 0.1307, mnist_train, mnist_test);
    test_real("fashion-mnist", 0.2860, fashion_train, fashion_test);
    return try_end();
}
