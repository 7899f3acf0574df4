/* npy:X.npy,Y.npy: what is read, and every refusal with its exact words. */
#include "data_try.h"

/* A file of version 1.0 with this dictionary and these elements. */
static void write_npy(const char *name, const char *dictionary, const void *elements, size_t size)
{
    char file[1024];
    size_t length = strlen(dictionary), used = 10;
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (char)(length & 255);
    file[9] = (char)(length >> 8);
    memcpy(file + used, dictionary, length);
    used += length;
    if (size)
        memcpy(file + used, elements, size);
    write_bytes(name, file, used + size);
}

static void write_array(const char *name, const char *descr, const char *shape,
                        const void *elements, size_t size)
{
    char dictionary[200];
    snprintf(dictionary, sizeof dictionary,
             "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape);
    write_npy(name, dictionary, elements, size);
}

static const float reals[] = {1, -2, 0.5f, 1e30f, 0, -0.25f};
static const uint8_t two_labels[] = {1, 0};

static void write_pair(void)
{
    write_array("x.npy", "<f4", "(2, 3)", reals, sizeof reals);
    write_array("y.npy", "|u1", "(2,)", two_labels, sizeof two_labels);
}

/* Samples with a time axis. */
static void test_frames(void)
{
    struct plast_model flat = try_timed(0, 2, 0, 2, 3), image = try_timed(1, 1, 2, 2, 3);
    struct plast_split split;
    static const float frames[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const char *const shapes[] = {"(2, 3, 2)", "(2, 6)", "(2, 3, 1, 1, 2)", "(2, 3, 1, 2)"};
    static const char *const wrong[] = {"(2, 2, 3)", "(2, 3, 2, 1)", "(4, 3)", "(3, 2, 2)"};
    write_array("y.npy", "|u1", "(2,)", two_labels, sizeof two_labels);
    for (int i = 0; i < 4; i++) {
        write_array("f.npy", "<f4", shapes[i], frames, sizeof frames);
        if (try_open(&split, "npy:@/f.npy,@/y.npy", PLAST_FOR_TRAIN, i < 2 ? &flat : &image)) {
            ok(split.train.samples == 2 && split.train.inputs == 6 && split.train.frames == 3 &&
                   !memcmp(split.train.floats, frames, sizeof frames),
               "frames of shape %s", shapes[i]);
            plast_data_close(&split);
        }
    }
    if (try_open(&split, "permuted:1:npy:@/f.npy,@/y.npy", PLAST_FOR_TRAIN, &flat)) {
        bool within = true;
        for (int i = 0; i < 12; i++)
            within = within && split.train.floats[i] == frames[i ^ 1];
        ok(within, "permuted within each frame");
        plast_data_close(&split);
    }
    for (int i = 0; i < 4; i++) {
        char message[200];
        write_array("f.npy", "<f4", wrong[i], frames, sizeof frames);
        snprintf(message, sizeof message,
                 "@/f.npy: shape %s, but the input of 'net' is [1, 1, 2], so (N, 3, 2) is expected",
                 wrong[i]);
        refused("npy:@/f.npy,@/y.npy", PLAST_FOR_TRAIN, &image, 3, message);
    }
}

static void test_inputs(void)
{
    struct plast_model model = try_model(0, 3, 0, 2, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    double doubles[6];
    uint8_t bytes[] = {0, 255, 51, 1, 2, 3};
    int64_t index = 1;
    float x[3];
    int32_t label;
    for (int i = 0; i < 6; i++)
        doubles[i] = (double)reals[i];
    write_pair();
    if (try_open(&split, "npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model)) {
        ok(split.train.samples == 2 && split.test.samples == 0 &&
               !memcmp(split.train.floats, reals, sizeof reals),
           "float32 as written");
        plast_data_gather(&split.train, &index, 1, x, &label);
        ok(!memcmp(x, reals + 3, sizeof x) && label == 0, "the second sample is gathered");
        plast_data_close(&split);
    }
    write_array("d.npy", "<f8", "(2, 3)", doubles, sizeof doubles);
    if (try_open(&split, "npy:@/d.npy,@/y.npy", PLAST_FOR_TEST, &model)) {
        ok(split.test.samples == 2 && !memcmp(split.test.floats, reals, sizeof reals),
           "float64 becomes float32");
        plast_data_close(&split);
    }
    write_array("b.npy", "|u1", "(2, 3)", bytes, sizeof bytes);
    if (try_open(&split, "npy:@/b.npy,@/y.npy", PLAST_FOR_TRAIN, &model)) {
        index = 0;
        plast_data_gather(&split.train, &index, 1, x, NULL);
        ok(split.train.bytes && x[0] == 0 && x[1] == 1 && x[2] == 51 / 255.0f,
           "bytes arrive as 0 to 1");
        plast_data_close(&split);
    }
    if (try_open(&split, "npy:@/x.npy", PLAST_FOR_PREDICT, &model)) {
        ok(split.test.samples == 2 && !split.test.labels && !split.test.targets,
           "inputs alone to predict on");
        plast_data_close(&split);
    }
}

static void test_labels(void)
{
    static const struct {
        const char *descr, *bytes;
        size_t size;
    } type[] = {
        {"|i1", "\1\0", 2},
        {"<i2", "\1\0\0\0", 4},
        {"<u2", "\1\0\0\0", 4},
        {"<i4", "\1\0\0\0\0\0\0\0", 8},
        {"<u4", "\1\0\0\0\0\0\0\0", 8},
        {"<i8", "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
        {"<u8", "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
    };
    struct plast_model model = try_model(0, 3, 0, 2, PLAST_MSE);
    write_pair();
    for (size_t i = 0; i < sizeof type / sizeof *type; i++) {
        struct plast_split split;
        write_array("y.npy", type[i].descr, "(2,)", type[i].bytes, type[i].size);
        if (!try_open(&split, "npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model))
            continue;
        ok(split.train.labels && split.train.labels[0] == 1 && split.train.labels[1] == 0,
           "labels of type %s", type[i].descr);
        plast_data_close(&split);
    }
}

static void test_targets(void)
{
    struct plast_model model = try_model(0, 3, 0, 2, PLAST_MSE);
    struct plast_model one = try_model(0, 3, 0, 1, PLAST_MSE);
    struct plast_split split;
    write_pair();
    write_array("t.npy", "<f4", "(2, 2)", reals, 16);
    if (try_open(&split, "npy:@/x.npy,@/t.npy", PLAST_FOR_TRAIN, &model)) {
        ok(split.train.targets && !split.train.labels && split.train.targets[2] == 0.5f,
           "targets as written");
        plast_data_close(&split);
    }
    write_array("t.npy", "<f4", "(2,)", reals, 8);
    if (try_open(&split, "npy:@/x.npy,@/t.npy", PLAST_FOR_TRAIN, &one)) {
        ok(split.train.targets && split.train.targets[1] == -2, "one target, one dimension");
        plast_data_close(&split);
    }
    refused("npy:@/x.npy,@/t.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/t.npy: shape (2,), but targets of 'net' have the shape (N, 2)");
    model.loss = PLAST_CROSS_ENTROPY;
    refused("npy:@/x.npy,@/t.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/t.npy: elements of type '<f4', but 'net' has the loss cross_entropy, which needs"
            " integer labels");
}

static void test_shapes(void)
{
    struct plast_model image = try_model(1, 1, 3, 2, PLAST_CROSS_ENTROPY);
    struct plast_model flat = try_model(0, 3, 0, 2, PLAST_CROSS_ENTROPY);
    static const struct {
        const char *shape;
        int fits_image, fits_flat;
    } form[] = {{"(2, 3)", 1, 1},         {"(2, 1, 3)", 1, 1},    {"(2, 1, 1, 3)", 1, 1},
                {"(2, 3, 1)", 0, 1},      {"(2, 3, 1, 1)", 0, 1}, {"(2L, 3L)", 1, 1},
                {"(2, 1, 1, 1, 3)", 0, 1}};
    write_pair();
    for (size_t i = 0; i < sizeof form / sizeof *form; i++)
        for (int flattened = 0; flattened < 2; flattened++) {
            char spec[TRY_TEXT];
            struct plast_fault fault;
            struct plast_split split;
            write_array("x.npy", "<f4", form[i].shape, reals, sizeof reals);
            int status = plast_data_open(&split, try_expand(spec, "npy:@/x.npy,@/y.npy"),
                                         PLAST_FOR_TRAIN, flattened ? &flat : &image, 1, &fault);
            int fits = flattened ? form[i].fits_flat : form[i].fits_image;
            ok(status == (fits ? 0 : 3), "shape %s %s %s", form[i].shape,
               fits ? "fits" : "does not fit", flattened ? "[3]" : "[1, 1, 3]");
            plast_data_close(&split);
        }
    write_array("x.npy", "<f4", "(2, 4)", reals, sizeof reals);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &image, 3,
            "@/x.npy: shape (2, 4), but the input of 'net' is [1, 1, 3], so (N, 3) is expected");
    write_array("x.npy", "<f4", "()", reals, 4);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &flat, 3,
            "@/x.npy: shape (), but the input of 'net' is [3], so (N, 3) is expected");
    write_array("x.npy", "<f4", "(0, 3)", reals, 0);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &flat, 3,
            "@/x.npy: shape (0, 3) holds no samples");
    write_array("x.npy", "<f4", "(9999999999999, 3)", reals, sizeof reals);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &flat, 3,
            "@/x.npy: ends at byte 106, but an array (9999999999999, 3) of '<f4' ends at byte"
            " 120000000000070");
    write_array("x.npy", "<f4", "(99999999999999, 99999999999999, 0)", reals, sizeof reals);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &flat, 3,
            "@/x.npy: shape (99999999999999, 99999999999999, 0), but the input of 'net' is [3], so"
            " (N, 3) is expected");
    write_array("x.npy", "<f4", "(99999999999999, 99999999999999)", reals, sizeof reals);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &flat, 3,
            "@/x.npy: shape (99999999999999, 99999999999999) is too large");
}

/* What is wrong with the inputs' file. */
static void test_headers(void)
{
    static const struct {
        const char *dictionary, *message;
    } wrong[] = {
        {"", "byte 10: expected '{' in the npy header, found its end"},
        {"[]", "byte 10: expected '{' in the npy header, found '['"},
        {"{}", "the npy header has no 'descr'"},
        {"{'descr': '<f4'}", "the npy header has no 'fortran_order'"},
        {"{'descr': '<f4', 'fortran_order': False}", "the npy header has no 'shape'"},
        {"{'descr': '<f4', 'descr': '<f4'}", "byte 27: repeated key 'descr'"},
        {"{'order': 'C'}", "byte 11: unknown key 'order'"},
        {"{'descr' '<f4'}", "byte 19: expected ':' in the npy header, found '''"},
        {"{'descr': <f4}", "byte 20: expected a string in the npy header, found '<'"},
        {"{'descr': '<f4}", "byte 20: expected a string in the npy header, found '''"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}",
         "byte 20: holds records, not plain numbers"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}",
         "byte 44: an array in Fortran order; save it in C order (numpy.ascontiguousarray)"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}",
         "byte 44: expected True or False in the npy header, found '0'"},
        {"{'shape': 2}", "byte 20: expected '(' in the npy header, found '2'"},
        {"{'shape': (2, -3)}", "byte 24: expected a size in the npy header, found '-'"},
        {"{'shape': (2 3)}", "byte 23: expected ',' or ')' in the npy header, found '3'"},
        {"{'shape': (2, 3", "byte 25: expected ',' or ')' in the npy header, found its end"},
        {"{'shape': (1,1,1,1,1,1,1,1,1)}",
         "byte 37: expected at most 8 dimensions in the npy header, found '1'"},
        {"{'shape': (99999999999999999999,)}",
         "byte 36: expected a smaller size in the npy header, found '9'"},
        {"{'shape': (2, 3) 'descr'", "byte 27: expected ',' or '}' in the npy header, found '''"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} \n x",
         "byte 70: expected nothing more in the npy header, found 'x'"},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3)}",
         "elements of type '>f4'; inputs are read as '<f4', '<f8' or '|u1'"},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3)}",
         "elements of type '<f2'; inputs are read as '<f4', '<f8' or '|u1'"},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)}",
         "elements of type '<i4'; inputs are read as '<f4', '<f8' or '|u1'"},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3)}",
         "elements of type '<u2'; inputs are read as '<f4', '<f8' or '|u1'"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (2, 3)}",
         "elements of type '<c8'; inputs are read as '<f4', '<f8' or '|u1'"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}",
         "elements of type '|O'; inputs are read as '<f4', '<f8' or '|u1'"},
        {"{'descr': '<U999999999999999999999999999999', 'fortran_order': False, 'shape': (2, 3)}",
         "elements of type '<U999999999999999999999'; inputs are read as '<f4', '<f8' or '|u1'"},
    };
    struct plast_model model = try_model(0, 3, 0, 2, PLAST_CROSS_ENTROPY);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char message[500];
        write_npy("w.npy", wrong[i].dictionary, reals, sizeof reals);
        snprintf(message, sizeof message, "@/w.npy: %s", wrong[i].message);
        refused("npy:@/w.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3, message);
    }
}

static void test_prefixes(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *message;
    } wrong[] = {
        {"", 0, "byte 0: not an npy file, which begins with \\x93NUMPY"},
        {"PK\3\4", 4, "byte 0: not an npy file, which begins with \\x93NUMPY"},
        {"\x93NUM", 4, "ends at byte 4, within the npy header"},
        {"\x93NUMPY\x01\x00\x10", 9, "ends at byte 9, within the npy header"},
        {"\x93NUMPY\x02\x00\x10\x00\x00", 11, "ends at byte 11, within the npy header"},
        {"\x93NUMPY\x04\x00\x10\x00\x00\x00", 12,
         "byte 6: npy version 4.0; 1.0, 2.0 and 3.0 are read"},
        {"\x93NUMPY\x01\x07\x10\x00", 10, "byte 6: npy version 1.7; 1.0, 2.0 and 3.0 are read"},
        {"\x93NUMPY\x02\x00\xff\xff\xff\xff", 12,
         "byte 8: an npy header of 4294967295 bytes; at most 65536 are read"},
        {"\x93NUMPY\x01\x00\x20\x00{'descr'", 18,
         "ends at byte 18, but its npy header ends at"
         " byte 42"},
    };
    struct plast_model model = try_model(0, 3, 0, 2, PLAST_CROSS_ENTROPY);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char message[200];
        write_bytes("w.npy", wrong[i].bytes, wrong[i].size);
        snprintf(message, sizeof message, "@/w.npy: %s", wrong[i].message);
        refused("npy:@/w.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3, message);
    }
}

/* Versions 2.0 and 3.0 have a longer length. */
static void test_versions(void)
{
    static const char dictionary[] = "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}";
    struct plast_model model = try_model(0, 3, 0, 2, PLAST_CROSS_ENTROPY);
    for (char version = 2; version <= 3; version++) {
        char file[200] = "\x93NUMPY";
        struct plast_split split;
        file[6] = version;
        file[8] = sizeof dictionary - 1;
        memcpy(file + 12, dictionary, sizeof dictionary - 1);
        memcpy(file + 11 + sizeof dictionary, reals, sizeof reals);
        write_bytes("x.npy", file, 11 + sizeof dictionary + sizeof reals);
        if (!try_open(&split, "npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model))
            continue;
        ok(!memcmp(split.train.floats, reals, sizeof reals), "version %d.0", version);
        plast_data_close(&split);
    }
}

static void test_elements(void)
{
    struct plast_model model = try_model(0, 3, 0, 2, PLAST_CROSS_ENTROPY);
    float bad[6] = {0};
    double large[6] = {0};
    write_pair();
    write_array("x.npy", "<f4", "(2, 3)", reals, 23);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/x.npy: ends at byte 93, but an array (2, 3) of '<f4' ends at byte 94");
    write_array("x.npy", "<f4", "(1, 3)", reals, 13);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/x.npy: byte 82: the file goes on after an array (1, 3) of '<f4'");
    bad[4] = strtof("nan", NULL);
    write_array("x.npy", "<f4", "(2, 3)", bad, sizeof bad);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/x.npy: byte 86: element 1 of sample 1 is nan, which is not a finite float");
    bad[2] = -strtof("inf", NULL);
    write_array("x.npy", "<f4", "(2, 3)", bad, sizeof bad);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/x.npy: byte 78: element 2 of sample 0 is -inf, which is not a finite float");
    large[5] = 1e39;
    write_array("x.npy", "<f8", "(2, 3)", large, sizeof large);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/x.npy: byte 110: element 2 of sample 1 is 1e+39, which is not a finite float");
}

static void test_answers(void)
{
    struct plast_model model = try_model(0, 3, 0, 2, PLAST_CROSS_ENTROPY);
    write_pair();
    write_array("y.npy", "|u1", "(3,)", "\0\0\0", 3);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/y.npy: answers for 3 samples, but there are inputs for 2");
    write_array("y.npy", "|u1", "(2, 2)", "\0\0\0\0", 4);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/y.npy: shape (2, 2), but labels of 'net' have the shape (N, 1)");
    write_array("y.npy", "|u1", "(2, 0)", "", 0);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/y.npy: shape (2, 0), but labels of 'net' have the shape (N, 1)");
    write_array("y.npy", "|b1", "(2,)", "\0\0", 2);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/y.npy: elements of type '|b1'; labels are read as integers, targets as '<f4' or"
            " '<f8'");
    write_array("y.npy", "|u1", "(2,)", "\0\2", 2);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/y.npy: byte 69: label 2 of sample 1, but the output of 'net' has 2 classes (labels"
            " count from 0)");
    write_array("y.npy", "<i2", "(2,)", "\xff\xff\0\0", 4);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/y.npy: byte 68: label -1 of sample 0, but the output of 'net' has 2 classes (labels"
            " count from 0)");
    write_array("y.npy", "<i8", "(2,)", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80", 16);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/y.npy: byte 76: label -9223372036854775808 of sample 1, but the output of 'net' has"
            " 2 classes (labels count from 0)");
    write_array("y.npy", "<u8", "(2,)", "\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0\0", 16);
    refused("npy:@/x.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/y.npy: byte 68: label 9223372036854775807 of sample 0, but the output of 'net' has"
            " 2 classes (labels count from 0)");
}

static void test_specs(void)
{
    struct plast_model model = try_model(0, 3, 0, 2, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    write_pair();
    refused("npy:@/x.npy", PLAST_FOR_TRAIN, &model, 2, "npy:@/x.npy: expected npy:X.npy,Y.npy");
    refused("npy:", PLAST_FOR_PREDICT, &model, 2, "npy:: expected npy:X.npy,Y.npy or npy:X.npy");
    refused("npy:,@/y.npy", PLAST_FOR_TRAIN, &model, 2, "npy:,@/y.npy: expected npy:X.npy,Y.npy");
    refused("npy:@/x.npy,", PLAST_FOR_TRAIN, &model, 2, "npy:@/x.npy,: expected npy:X.npy,Y.npy");
    refused("npy:@/none.npy,@/y.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/none.npy: No such file or directory");
    refused("npy:@/x.npy,@/none.npy", PLAST_FOR_TRAIN, &model, 3,
            "@/none.npy: No such file or directory");
    write_array("a,b.npy", "<f4", "(2, 3)", reals, sizeof reals);
    if (try_open(&split, "npy:@/a,b.npy,@/y.npy", PLAST_FOR_TRAIN, &model))
        plast_data_close(&split);
}

int main(void)
{
    try_begin();
    test_inputs();
    test_frames();
    test_labels();
    test_targets();
    test_shapes();
    test_headers();
    test_prefixes();
    test_versions();
    test_elements();
    test_answers();
    test_specs();
    return try_end();
}
