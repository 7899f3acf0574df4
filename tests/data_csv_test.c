/* csv:FILE: what is read, and every refusal with its exact words. */
#include "data_try.h"

static void check_row(const struct plast_data *data, int64_t row, const float *x, int label)
{
    bool same = row < data->samples && data->labels && data->labels[row] == label &&
                !memcmp(data->floats + row * data->inputs, x, (size_t)data->inputs * sizeof *x);
    ok(same, "row %d holds what was written", (int)row);
}

/* Two samples of three values, written in many ways. */
static void test_forms(void)
{
    static const struct {
        const char *what, *text;
    } form[] = {
        {"commas", "1,2.5,-3,0\n4,5,6,1\n"},
        {"semicolons and blanks", "1; 2.5 ;-3;0\n4;5 ; 6;1\n"},
        {"blanks and tabs", "  1 2.5\t-3  0 \n4 5 6 1"},
        {"quotes", "\"1\",'2.5',\"-3\",\"0\"\n4,5,6,\"1\"\n"},
        {"a line of names", "a,b,c,class\n1,2.5,-3,0\n4,5,6,1\n"},
        {"quoted names with numbers", "\"pixel 1\",2,3,\"4\"\n1,2.5,-3,0\n4,5,6,1\n"},
        {"a comment first", "# a b c\n1,2.5,-3,0\n4,5,6,1\n"},
        {"other line ends", "1,2.5,-3,0\r\n4,5,6,1\r\n"},
        {"a carriage return at the end", "1,2.5,-3,0\r\n4,5,6,1\r"},
        {"empty lines", "\n\n1,2.5,-3,0\n   \n4,5,6,1\n\n\n"},
        {"a byte order mark", "\xef\xbb\xbf"
                              "1,2.5,-3,0\n4,5,6,1\n"},
        {"exponents and signs", "+1,25e-1,-.3e1,0\n4.,0.5E+1,600e-2,1.0\n"},
    };
    const float first[] = {1, 2.5f, -3}, second[] = {4, 5, 6};
    struct plast_model model = try_model(0, 3, 0, 2, PLAST_CROSS_ENTROPY);
    for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
        struct plast_split split;
        note("%s", form[i].what);
        write_text("form.csv", form[i].text);
        if (!try_open(&split, "csv:@/form.csv", PLAST_FOR_TRAIN, &model))
            continue;
        ok(split.train.samples == 2 && split.test.samples == 0, "two samples");
        check_row(&split.train, 0, first, 0);
        check_row(&split.train, 1, second, 1);
        plast_data_close(&split);
    }
}

/* Decimal to float as the C library does it, for many spellings. */
static void test_numbers(void)
{
    static const char *const spelling[] = {"0",
                                           "-0",
                                           "0.1",
                                           "3.14159265",
                                           "1e-38",
                                           "1e-45",
                                           "1.17549e-38",
                                           "16777217",
                                           "0.30000001192092896",
                                           "123456789012345678901234567890",
                                           "3.4028235e38",
                                           "-3.4028235e38",
                                           "00000000000000000000000000001.5",
                                           "1e22",
                                           "7e-23",
                                           "0.000000000000000000000000000001",
                                           "999999999999999",
                                           "1e-400",
                                           "2.5E3",
                                           "8388608.5"};
    struct plast_model model = try_model(0, 1, 0, 1, PLAST_MSE);
    for (size_t i = 0; i < sizeof spelling / sizeof *spelling; i++) {
        char text[200];
        struct plast_split split;
        snprintf(text, sizeof text, "%s,0\n", spelling[i]);
        write_text("number.csv", text);
        if (!try_open(&split, "csv:@/number.csv", PLAST_FOR_TRAIN, &model))
            continue;
        float expected = strtof(spelling[i], NULL);
        ok(!memcmp(split.train.floats, &expected, sizeof expected), "%s is %a", spelling[i],
           (double)expected);
        plast_data_close(&split);
    }
}

static void test_targets(void)
{
    struct plast_model model = try_model(0, 2, 0, 3, PLAST_MSE);
    struct plast_model classes = try_model(0, 2, 0, 3, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    int64_t index[] = {1, 0};
    float x[4], y[6];
    write_text("targets.csv", "1 2 0.5 0.25 -1\n3 4 7 8 9\n");
    if (try_open(&split, "csv:@/targets.csv?targets=3", PLAST_FOR_TEST, &model)) {
        plast_data_gather(&split.test, index, 2, x, y);
        ok(!split.test.labels && split.train.samples == 0, "targets, no labels, a test set only");
        ok(x[0] == 3 && x[3] == 2 && y[0] == 7 && y[2] == 9 && y[3] == 0.5f && y[5] == -1,
           "targets are gathered with their inputs");
        plast_data_close(&split);
    }
    refused("csv:@/targets.csv?targets=2", PLAST_FOR_TRAIN, &model, 2,
            "csv:@/targets.csv?targets=2: the output of 'net' has 3 values");
    refused("csv:@/targets.csv?targets=3", PLAST_FOR_TRAIN, &classes, 2,
            "csv:@/targets.csv?targets=3: 'net' has the loss cross_entropy, which needs classes");
    refused("csv:@/targets.csv", PLAST_FOR_TRAIN, &model, 3,
            "@/targets.csv: line 1: 5 values, but the input [2] of 'net' and the class are 3");
    write_text("narrow.csv", "1 2 0.5 0.25\n");
    refused("csv:@/narrow.csv?targets=3", PLAST_FOR_TRAIN, &model, 3,
            "@/narrow.csv: line 1: 4 values, but the input [2] of 'net' and 3 targets are 5");
}

/* Files to predict on need no answers. */
static void test_predict(void)
{
    struct plast_model model = try_model(0, 2, 0, 3, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    write_text("plain.csv", "x,y\n1,2\n3,4\n5,6\n");
    if (try_open(&split, "csv:@/plain.csv", PLAST_FOR_PREDICT, &model)) {
        ok(split.test.samples == 3 && !split.test.labels && split.test.floats[5] == 6,
           "inputs without answers");
        plast_data_close(&split);
    }
    if (try_open(&split, "first:2:csv:@/plain.csv", PLAST_FOR_PREDICT, &model)) {
        ok(split.test.samples == 2, "the first two of them");
        plast_data_close(&split);
    }
    write_text("answered.csv", "1,2,0\n3,4,2\n");
    if (try_open(&split, "csv:@/answered.csv", PLAST_FOR_PREDICT, &model)) {
        ok(split.test.samples == 2 && split.test.labels && split.test.labels[1] == 2,
           "answers are kept where they are");
        plast_data_close(&split);
    }
    write_text("mixed.csv", "1,2\n3,4,2\n");
    refused("csv:@/mixed.csv", PLAST_FOR_PREDICT, &model, 3,
            "@/mixed.csv: line 2: 3 values among lines of 2");
    refused("csv:@/plain.csv", PLAST_FOR_TRAIN, &model, 3,
            "@/plain.csv: line 2: 2 values, but the input [2] of 'net' and the class are 3");
}

static void test_refusals(void)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"", "@/wrong.csv: holds no samples"},
        {"a,b,class\n", "@/wrong.csv: holds no samples"},
        {"\n \n", "@/wrong.csv: holds no samples"},
        {"1,2\n", "@/wrong.csv: line 1: 2 values, but the input [2] of 'net' and the class are 3"},
        {"1\n", "@/wrong.csv: line 1: 1 value, but the input [2] of 'net' and the class are 3"},
        {"1,2,0\n1,2,0,5\n",
         "@/wrong.csv: line 2: 4 values, but the input [2] of 'net' and the class are 3"},
        {"1,2,0\n1,,0\n", "@/wrong.csv: line 2: value 2 is missing"},
        {"1,2,0\n,2,0\n", "@/wrong.csv: line 2: value 1 is missing"},
        {"1,2,0\n1,2,\n", "@/wrong.csv: line 2: value 3 is missing"},
        {",2,0\n", "@/wrong.csv: line 1: value 1 is missing"},
        {"1,2,0\n1,two,0\n", "@/wrong.csv: line 2: value 2 is 'two', not a number"},
        {"1,2,0\n1,2x,0\n", "@/wrong.csv: line 2: value 2 is '2x', not a number"},
        {"1,2,0\n1,0x10,0\n", "@/wrong.csv: line 2: value 2 is '0x10', not a number"},
        {"1,2,0\n1,\"2,0\n", "@/wrong.csv: line 2: value 2 is '\"2', not a number"},
        {"1,2,0\n1,\"2\"3,0\n", "@/wrong.csv: line 2: value 2 is '\"2\"3', not a number"},
        {"1,2,0\n1,-,0\n", "@/wrong.csv: line 2: value 2 is '-', not a number"},
        {"1,2,0\n1,.,0\n", "@/wrong.csv: line 2: value 2 is '.', not a number"},
        {"1,2,0\n1,1e,0\n", "@/wrong.csv: line 2: value 2 is '1e', not a number"},
        {"1,2,0\n1,\xff\x01,0\n", "@/wrong.csv: line 2: value 2 is '?\?', not a number"},
        {"1,2,0\n1,nan,0\n", "@/wrong.csv: line 2: value 2 is nan, which is not a finite float"},
        {"nan,2,0\n", "@/wrong.csv: line 1: value 1 is nan, which is not a finite float"},
        {"1,2,0\n1,-Inf,0\n", "@/wrong.csv: line 2: value 2 is -Inf, which is not a finite float"},
        {"1,2,0\n1,1e39,0\n", "@/wrong.csv: line 2: value 2 is 1e39, which is not a finite float"},
        {"1,2,0\n1,9e99999999999,0\n",
         "@/wrong.csv: line 2: value 2 is 9e99999999999, which is not a finite float"},
        {"1,2,0\nNA,2,0\n", "@/wrong.csv: line 2: value 1 is NA, which is not a finite float"},
        {"1,2,0\n1;2;0\n", "@/wrong.csv: line 2: a semicolon after value 1 in a file separated by"
                           " commas"},
        {"1 2 0\n1,2,0\n",
         "@/wrong.csv: line 2: a comma after value 1 in a file separated by blanks"},
        {"1;2;0\n1 2 0\n",
         "@/wrong.csv: line 2: a blank after value 1 in a file separated by semicolons"},
        {"1,2,3\n", "@/wrong.csv: line 1: label 3 of sample 0, but the output of 'net' has 3"
                    " classes (labels count from 0)"},
        {"x,y,z\n1,2,0\n1,2,-1\n",
         "@/wrong.csv: line 3: label -1 of sample 1, but the output of 'net' has 3 classes"
         " (labels count from 0)"},
        {"1,2,0.5\n", "@/wrong.csv: line 1: the class, its last value, is 0.5, not a whole number"},
        {"1,2,3e9\n",
         "@/wrong.csv: line 1: the class, its last value, is 3e+09, not a whole number"},
        {"a,b,c\nd,e,f\n", "@/wrong.csv: line 2: value 1 is 'd', not a number"},
        {"1,2,0\n1,2,0 0\n",
         "@/wrong.csv: line 2: a blank after value 3 in a file separated by commas"},
        {"1,2,0\n1,abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz,0\n",
         "@/wrong.csv: line 2: value 2 is 'abcdefghijklmnopqrstuvwx...', not a number"},
    };
    struct plast_model model = try_model(0, 2, 0, 3, PLAST_CROSS_ENTROPY);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_text("wrong.csv", wrong[i].text);
        refused("csv:@/wrong.csv", PLAST_FOR_TRAIN, &model, 3, wrong[i].message);
    }
    write_bytes("nul.csv", "1,2,0\n1,\0,0\n", 12);
    refused("csv:@/nul.csv", PLAST_FOR_TRAIN, &model, 3,
            "@/nul.csv: line 2: value 2 is '?', not a number");
    write_bytes("nul.csv", "1,2\0,0\n", 7);
    refused("csv:@/nul.csv", PLAST_FOR_TRAIN, &model, 3,
            "@/nul.csv: line 1: value 2 is '2?', not a number");
}

static void test_specs(void)
{
    struct plast_model model = try_model(0, 2, 0, 3, PLAST_MSE);
    struct plast_split split;
    refused("csv:", PLAST_FOR_TRAIN, &model, 2,
            "csv:: expected csv:FILE or csv:FILE?targets=K with K at least 1");
    refused("csv:f?targets=0", PLAST_FOR_TRAIN, &model, 2,
            "csv:f?targets=0: expected csv:FILE or csv:FILE?targets=K with K at least 1");
    refused("csv:f?targets=1x", PLAST_FOR_TRAIN, &model, 2,
            "csv:f?targets=1x: expected csv:FILE or csv:FILE?targets=K with K at least 1");
    refused("csv:f?columns=2", PLAST_FOR_TRAIN, &model, 2,
            "csv:f?columns=2: expected csv:FILE or csv:FILE?targets=K with K at least 1");
    refused("csv:@/none.csv", PLAST_FOR_TRAIN, &model, 3, "@/none.csv: No such file or directory");
    refused("csv:@", PLAST_FOR_TRAIN, &model, 3, "@: is a directory, not a file");
    write_text("what?.csv", "1,2,0\n");
    if (try_open(&split, "csv:@/what?.csv", PLAST_FOR_TRAIN, &model))
        plast_data_close(&split);
}

/* Enough rows that the arrays grow often. */
static void test_growth(void)
{
    enum { ROWS = 3000 };
    struct plast_model model = try_model(0, 2, 0, 7, PLAST_CROSS_ENTROPY);
    struct plast_split split;
    char *text = malloc(ROWS * 40), *at = text;
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%d,%d.25,%d\n", i, -i, i % 7);
    write_text("long.csv", text);
    free(text);
    if (!try_open(&split, "csv:@/long.csv", PLAST_FOR_TRAIN, &model))
        return;
    bool same = split.train.samples == ROWS;
    for (int i = 0; same && i < ROWS; i++)
        same = split.train.floats[2 * i] == (float)i && split.train.labels[i] == i % 7 &&
               split.train.floats[2 * i + 1] == (i ? -(float)i - 0.25f : 0.25f);
    ok(same, "%d rows are all there", ROWS);
    plast_data_close(&split);
}

int main(void)
{
    try_begin();
    test_forms();
    test_numbers();
    test_targets();
    test_predict();
    test_refusals();
    test_specs();
    test_growth();
    return try_end();
}
