/* SPECs as a whole: names, first:N:, permuted:K:, gathering, and the glyphs. */
#include "data_try.h"

/* The pictures are drawn with whole numbers only: these hold on every machine. */
#define TRAIN_HASH UINT64_C(0x2b692ba848ddc8ea)
#define TEST_HASH UINT64_C(0x229ce06ab741d3d9)

static const char known[] = "the sources are glyphs, idx:DIR, cifar10:DIR, "
                            "cifar10:DIR?train=1-4&test=5, events:DIR, npy:X.npy,Y.npy, csv:FILE, "
                            "csv:FILE?targets=K, first:N:SPEC, permuted:K:SPEC";

static void test_specs(void)
{
    struct plast_model model = try_model(0, 3, 0, 2, PLAST_CROSS_ENTROPY);
    static const char *const unknown[] = {"", "glyph", "glyphs:", "mnist", "IDX:dir", "csv"};
    char message[TRY_TEXT], spec[TRY_TEXT] = "";
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        snprintf(message, sizeof message, "unknown data source '%s'; %s", unknown[i], known);
        refused(unknown[i], PLAST_FOR_TRAIN, &model, 2, message);
    }
    refused("first:0:glyphs", PLAST_FOR_TRAIN, &model, 2,
            "first:0:glyphs: expected first:N:SPEC with N at least 1");
    refused("first:-1:glyphs", PLAST_FOR_TRAIN, &model, 2,
            "first:-1:glyphs: expected first:N:SPEC with N at least 1");
    refused("first:3", PLAST_FOR_TRAIN, &model, 2,
            "first:3: expected first:N:SPEC with N at least 1");
    refused("first:99999999999999999999:glyphs", PLAST_FOR_TRAIN, &model, 2,
            "first:99999999999999999999:glyphs: expected first:N:SPEC with N at least 1");
    refused("permuted:x:glyphs", PLAST_FOR_TRAIN, &model, 2,
            "permuted:x:glyphs: expected permuted:K:SPEC with a number K");
    refused("first:10001:glyphs", PLAST_FOR_TRAIN, &model, 2,
            "first:10001: there are only 10000 samples");
    for (int i = 0; i < 100; i++)
        strcat(spec, "first:1:");
    refused(strcat(spec, "glyphs"), PLAST_FOR_TRAIN, &model, 2,
            "data source nested more than 16 deep");
}

static void test_first(void)
{
    struct plast_model model = try_model(0, 1, 0, 9, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    write_text("nine.csv", "0,0\n1,1\n2,2\n3,3\n4,4\n5,5\n6,6\n7,7\n8,8\n");
    if (try_open(&split, "first:4:csv:@/nine.csv", PLAST_FOR_TRAIN, &model)) {
        ok(split.train.samples == 4 && split.train.floats[3] == 3, "the first four");
        plast_data_close(&split);
    }
    if (try_open(&split, "first:2:first:4:csv:@/nine.csv", PLAST_FOR_TEST, &model)) {
        ok(split.test.samples == 2 && split.train.samples == 0, "the first two of them, to test");
        plast_data_close(&split);
    }
    refused("first:4:first:2:csv:@/nine.csv", PLAST_FOR_TRAIN, &model, 2,
            "first:4: there are only 2 samples");
    if (try_open(&split, "first:50:glyphs", PLAST_FOR_TRAIN, &model)) {
        ok(split.train.samples == 50 && split.test.samples == 2000, "the test set stays whole");
        plast_data_close(&split);
    }
}

/* Row `row` of a set as floats. */
static const float *row_of(const struct plast_data *data, int64_t row)
{
    static float x[1000];
    plast_data_gather(data, &row, 1, x, NULL);
    return x;
}

/* Values 0 .. 255 in one row of floats; where each went tells the permutation. */
static void read_places(const char *spec, const struct plast_model *model, int *from)
{
    struct plast_split split;
    if (!try_open(&split, spec, PLAST_FOR_TRAIN, model))
        exit(1);
    const float *x = row_of(&split.train, 0);
    bool once = true, seen[256] = {false};
    for (int i = 0; i < 256; i++) {
        from[i] = (int)x[i];
        once = once && !seen[from[i]];
        seen[from[i]] = true;
    }
    ok(once, "each input is there once");
    x = row_of(&split.train, 1);
    bool same = true;
    for (int i = 0; i < 256; i++)
        same = same && x[i] == (float)(1000 + from[i]);
    ok(same, "the second sample is permuted alike");
    plast_data_close(&split);
}

static void test_permuted(void)
{
    struct plast_model model = try_model(0, 256, 0, 1, PLAST_CROSS_ENTROPY);
    char text[8000], *at = text;
    int none[256], three[256], five[256], both[256], fixed = 0, composed = 1, identity = 1;
    for (int row = 0; row < 2; row++) {
        for (int i = 0; i < 256; i++)
            at += sprintf(at, "%d,", row * 1000 + i);
        at += sprintf(at, "0\n");
    }
    write_text("row.csv", text);
    read_places("permuted:0:csv:@/row.csv", &model, none);
    read_places("permuted:3:csv:@/row.csv", &model, three);
    read_places("permuted:5:csv:@/row.csv", &model, five);
    read_places("permuted:5:permuted:3:csv:@/row.csv", &model, both);
    for (int i = 0; i < 256; i++) {
        identity = identity && none[i] == i;
        fixed += (three[i] == i) + (five[i] == i) + (three[i] == five[i]);
        composed = composed && both[i] == three[five[i]];
    }
    ok(identity, "permutation 0 is none");
    ok(fixed < 30, "permutations 3 and 5 differ, and move nearly all (%d stay)", fixed);
    ok(composed, "nested permutations act one after the other, the inner one first");
}

static void test_permuted_bytes(void)
{
    struct plast_model model = try_model(1, 12, 12, 10, PLAST_CROSS_ENTROPY);
    struct plast_split plain, permuted;
    if (!try_open(&plain, "glyphs", PLAST_FOR_TEST, &model) ||
        !try_open(&permuted, "permuted:2:glyphs", PLAST_FOR_TEST, &model))
        return;
    int64_t area = 144;
    long sums = 0, same = 0;
    for (int64_t i = 0; i < 2000; i++) {
        long sum = 0;
        for (int64_t j = 0; j < area; j++)
            sum += plain.test.bytes[i * area + j] - permuted.test.bytes[i * area + j];
        sums += sum != 0;
        same += !memcmp(plain.test.bytes + i * area, permuted.test.bytes + i * area, (size_t)area);
    }
    ok(sums == 0 && same == 0, "pictures to test on are permuted too");
    plast_data_close(&plain);
    plast_data_close(&permuted);
}

/* Widths around the block of the conversion, indices in any order. */
static void test_gather(void)
{
    uint8_t bytes[7 * 300];
    int32_t labels[7];
    float x[9 * 300];
    int32_t y[9];
    const int64_t index[9] = {6, 0, 3, 3, 5, 1, 2, 4, 6};
    int wrong = 0;
    for (int i = 0; i < 7 * 300; i++)
        bytes[i] = (uint8_t)(i * 37 + i / 256);
    for (int i = 0; i < 7; i++)
        labels[i] = 10 + i;
    for (int width = 1; width <= 300; width++) {
        struct plast_data data = {.samples = 7, .inputs = width, .bytes = bytes, .labels = labels};
        plast_data_gather(&data, index, 9, x, y);
        for (int i = 0; i < 9; i++) {
            wrong += y[i] != labels[index[i]];
            for (int j = 0; j < width; j++)
                wrong += x[i * width + j] != (float)bytes[index[i] * width + j] / 255.0f;
        }
    }
    ok(wrong == 0, "bytes are gathered as byte / 255, correctly rounded");
}

static uint64_t hash_bytes(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t hash_set(const struct plast_data *data)
{
    uint64_t hash = hash_bytes(data->bytes, (size_t)(data->samples * data->inputs));
    for (int64_t i = 0; i < data->samples; i++)
        hash = (hash ^ (uint64_t)data->labels[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void check_balance(const struct plast_data *data, int classes, const char *what)
{
    int64_t count[10] = {0}, least = data->samples, most = 0, in_file_order = 0;
    for (int64_t i = 0; i < data->samples; i++) {
        count[data->labels[i]]++;
        in_file_order += data->labels[i] == i % classes;
    }
    for (int i = 0; i < 10; i++) {
        if (i < classes && count[i] < least)
            least = count[i];
        if (count[i] > most)
            most = count[i];
        if (i >= classes && count[i])
            least = 0;
    }
    ok(least > 0 && most - least <= 1, "%s: %d classes, equally many of each", what, classes);
    ok(classes == 1 || in_file_order < data->samples * 3 / 4, "%s: in a mixed order", what);
}

static void test_glyphs(void)
{
    struct plast_model model = try_model(1, 28, 28, 10, PLAST_CROSS_ENTROPY);
    struct plast_model flat = try_model(0, 784, 0, 10, PLAST_MSE);
    struct plast_split split, again;
    struct plast_fault fault;
    if (!try_open(&split, "glyphs", PLAST_FOR_TRAIN, &model) ||
        !try_open(&again, "glyphs", PLAST_FOR_TEST, &flat))
        return;
    ok(split.train.samples == 10000 && split.test.samples == 2000, "10,000 and 2,000");
    ok(again.train.samples == 0 && hash_set(&split.test) == hash_set(&again.test),
       "the same test set when opened alone, and for [784]");
    ok(hash_set(&split.train) == TRAIN_HASH && hash_set(&split.test) == TEST_HASH,
       "the pictures of seed 1 are those of every machine");
    note("hashes 0x%016llx 0x%016llx", (unsigned long long)hash_set(&split.train),
         (unsigned long long)hash_set(&split.test));
    check_balance(&split.train, 10, "train");
    check_balance(&split.test, 10, "test");
    plast_data_close(&again);
    int status = plast_data_open(&again, NULL, PLAST_FOR_TRAIN, &model, 2, &fault);
    ok(status == 0 && hash_set(&again.train) != hash_set(&split.train),
       "glyphs are the default; another seed, other pictures");
    plast_data_close(&again);
    plast_data_close(&split);
}

/* No two pictures of both sets are equal: nothing of the test set is trained on. */
static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void test_apart(void)
{
    struct plast_model model = try_model(1, 16, 16, 10, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    static uint64_t hash[12000];
    int equal = 0;
    if (!try_open(&split, "glyphs", PLAST_FOR_TRAIN, &model))
        return;
    for (int i = 0; i < 12000; i++)
        hash[i] = hash_bytes(
            i < 10000 ? split.train.bytes + i * 256 : split.test.bytes + (i - 10000) * 256, 256);
    qsort(hash, 12000, sizeof *hash, compare_hashes);
    for (int i = 1; i < 12000; i++)
        equal += hash[i] == hash[i - 1];
    ok(equal == 0, "no picture occurs twice");
    plast_data_close(&split);
}

static void test_glyph_shapes(void)
{
    static const struct {
        int64_t channels, height, width, outputs;
    } shape[] = {{0, 1, 0, 10},   {0, 64, 0, 7}, {0, 97, 0, 2}, {0, 750, 0, 10},
                 {3, 20, 16, 10}, {2, 9, 9, 10}, {1, 1, 1, 1},  {1, 3, 40, 10}};
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        struct plast_model model = try_model(shape[i].channels, shape[i].height, shape[i].width,
                                             shape[i].outputs, PLAST_CROSS_ENTROPY);
        struct plast_split split;
        char what[40];
        if (!try_open(&split, "glyphs", PLAST_FOR_TEST, &model))
            continue;
        snprintf(what, sizeof what, "%d inputs", (int)model.inputs);
        check_balance(&split.test, (int)model.outputs, what);
        plast_data_close(&split);
    }
}

/* Three channels are tinted each in its way, others are copies. */
static void test_channels(void)
{
    struct plast_model colour = try_model(3, 8, 8, 10, PLAST_CROSS_ENTROPY);
    struct plast_model two = try_model(2, 8, 8, 10, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    if (try_open(&split, "glyphs", PLAST_FOR_TEST, &colour)) {
        ok(memcmp(split.test.bytes, split.test.bytes + 64, 64) != 0, "three channels differ");
        plast_data_close(&split);
    }
    if (try_open(&split, "glyphs", PLAST_FOR_TEST, &two)) {
        ok(!memcmp(split.test.bytes, split.test.bytes + 64, 64), "two channels are equal");
        plast_data_close(&split);
    }
    two.outputs = 11;
    refused("glyphs", PLAST_FOR_TRAIN, &two, 2,
            "glyphs: there are 10 classes of them, but the output of 'net' has 11; name another"
            " data source");
}

int main(void)
{
    try_begin();
    test_specs();
    test_first();
    test_permuted();
    test_permuted_bytes();
    test_gather();
    test_glyphs();
    test_apart();
    test_glyph_shapes();
    test_channels();
    return try_end();
}
