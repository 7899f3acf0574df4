/* events:DIR: recordings binned into frames, both layouts of a folder, and every refusal with its
 * exact words; glyphs as event streams; then real recordings, where PLAST_DATA names a folder of
 * them. */
#include "data_try.h"

#include <math.h>

enum { SIDE = 34, FRAME = 2 * SIDE * SIDE, EVENT = 5, MOST = 400 };

static unsigned char events[MOST * EVENT];
static size_t size;

static void add_event(int x, int y, int sign, long time)
{
    unsigned char *at = events + size;
    at[0] = (unsigned char)x;
    at[1] = (unsigned char)y;
    at[2] = (unsigned char)(sign << 7 | time >> 16);
    at[3] = (unsigned char)(time >> 8);
    at[4] = (unsigned char)time;
    size += EVENT;
}

static void write_events(const char *name)
{
    write_bytes(name, events, size);
    size = 0;
}

/* One event at (x, 0), to tell recordings apart. */
static void write_one(const char *name, int x)
{
    add_event(x, 0, 1, 1000);
    write_events(name);
}

static const float *gathered(const struct plast_data *data, int64_t sample)
{
    static float x[20 * FRAME];
    plast_data_gather(data, &sample, 1, x, NULL);
    return x;
}

/* The column of the only event of each sample, as text. */
static const char *columns(const struct plast_data *data)
{
    static char text[200];
    size_t used = 0;
    for (int64_t i = 0; i < data->samples; i++) {
        const float *x = gathered(data, i);
        for (int k = 0; k < SIDE; k++)
            if (x[SIDE * SIDE + k] == 1)
                used += (size_t)snprintf(text + used, sizeof text - used, "%d:%d ", k,
                                         (int)data->labels[i]);
    }
    text[used] = 0;
    return text;
}

static void write_lists(void)
{
    write_text("train3.txt", "#sample #class\n1\t2\n7\t0\n30\t1\n");
    write_text("test.txt", "#sample #class\r\n8 1\r\n\r\n");
    write_one("1.bs2", 1);
    write_one("in/7.bs2", 7);
    write_one("in/30.bin", 30);
    write_one("8.bin", 8);
}

static void test_bins(void)
{
    struct plast_model model = try_timed(2, SIDE, SIDE, 3, 10);
    struct plast_model flat = try_timed(0, FRAME, 0, 3, 1);
    struct plast_model large = try_timed(2, 36, 40, 3, 4);
    struct plast_split split;
    add_event(0, 0, 0, 0);
    add_event(5, 3, 1, 29999);
    add_event(5, 3, 1, 30000);
    add_event(5, 3, 0, 30001);
    for (int i = 0; i < 300; i++)
        add_event(33, 33, 1, 150000);
    add_event(1, 2, 0, 300000);
    add_event(1, 2, 0, 8388607);
    write_events("8.bin");
    if (try_open(&split, "events:@", PLAST_FOR_TEST, &model)) {
        const float *x = gathered(&split.test, 0);
        int place = 3 * SIDE + 5, area = SIDE * SIDE;
        float sum = 0;
        ok(split.test.samples == 1 && split.test.inputs == 10 * FRAME && split.test.frames == 10,
           "ten frames");
        ok(x[0] == 1 && x[area + place] == 1 && x[FRAME + area + place] == 1 &&
               x[FRAME + place] == 1,
           "frames of 30 ms, OFF in the first channel, ON in the second");
        ok(x[5 * FRAME + FRAME - 1] == 255, "counts end at 255");
        ok(x[9 * FRAME + 2 * SIDE + 1] == 2, "what comes after 300 ms is in the last frame");
        for (int i = 0; i < 10 * FRAME; i++)
            sum += x[i];
        ok(sum == 4 + 255 + 2, "and nothing else");
        plast_data_close(&split);
    }
    if (try_open(&split, "events:@", PLAST_FOR_TEST, &flat)) {
        ok(gathered(&split.test, 0)[3 * SIDE + 5] == 1 &&
               gathered(&split.test, 0)[SIDE * SIDE + 3 * SIDE + 5] == 2,
           "one frame, flat");
        plast_data_close(&split);
    }
    if (try_open(&split, "events:@", PLAST_FOR_TEST, &large)) {
        ok(gathered(&split.test, 0)[36 * 40 + 3 * 40 + 5] == 2, "in a larger frame");
        plast_data_close(&split);
    }
}

static void test_lists(void)
{
    struct plast_model model = try_timed(2, SIDE, SIDE, 3, 2);
    struct plast_split split;
    write_lists();
    if (try_open(&split, "events:@", PLAST_FOR_TRAIN, &model)) {
        ok(!strcmp(columns(&split.train), "1:2 7:0 30:1 ") && !strcmp(columns(&split.test), "8:1 "),
           "in the order of the list, with its classes");
        plast_data_close(&split);
    }
    if (try_open(&split, "first:2:events:@", PLAST_FOR_TRAIN, &model)) {
        ok(!strcmp(columns(&split.train), "1:2 7:0 "), "the first two");
        plast_data_close(&split);
    }
    test_bins();
    if (try_open(&split, "permuted:5:events:@", PLAST_FOR_TEST, &model)) {
        const float *x = gathered(&split.test, 0), *rest = x + FRAME;
        int once = 0, both = 0;
        for (int i = 0; i < FRAME; i++) {
            once += x[i] == 2; /* 5, 3, ON: twice in the first half */
            both += rest[i] == 255 || rest[i] == 2;
        }
        ok(once == 1 && both == 2 && x[SIDE * SIDE + 3 * SIDE + 5] != 2,
           "inputs are permuted, each frame within itself");
        plast_data_close(&split);
    }
}

static void refused_list(const char *text, const char *message)
{
    struct plast_model model = try_timed(2, SIDE, SIDE, 3, 2);
    char whole[TRY_TEXT];
    write_text("train3.txt", text);
    snprintf(whole, sizeof whole, "@/train3.txt: %s", message);
    refused("events:@", PLAST_FOR_TRAIN, &model, 3, whole);
}

static void test_wrong_lists(void)
{
    struct plast_model model = try_timed(2, SIDE, SIDE, 3, 2);
    write_lists();
    refused_list("#\n1 0\n2 1\n", "line 3: there is no 2.bs2 or 2.bin in @ or a folder in it");
    refused_list("1 3\n", "line 1: label 3 of sample 0, but the output of 'net' has 3 classes"
                          " (labels count from 0)");
    refused_list("1 0\none 0\n", "line 2: expected the number of a recording and its class");
    refused_list("1\n", "line 1: expected the number of a recording and its class");
    refused_list("1 1 1\n", "line 1: expected the number of a recording and its class");
    refused_list("1234567890 1\n", "line 1: expected the number of a recording and its class");
    refused_list("", "names no recording");
    refused_list("# 1 0\n\n", "names no recording");
    write_text("train4.txt", "1 0\n");
    refused("events:@", PLAST_FOR_TRAIN, &model, 3,
            "@: holds train3.txt and train4.txt: one list of that kind is expected");
    unlink(try_path("train3.txt"));
    unlink(try_path("train4.txt"));
    refused("events:@", PLAST_FOR_TRAIN, &model, 3,
            "@: holds no list train*.txt of numbers and classes, and no folders Train and Test");
    refused("events:", PLAST_FOR_TRAIN, &model, 2, "events: expected events:DIR");
    refused("events:@/none", PLAST_FOR_TRAIN, &model, 3, "@/none: No such file or directory");
    refused("events:@/8.bin", PLAST_FOR_TRAIN, &model, 3, "@/8.bin: Not a directory");
}

static void test_wrong_recordings(void)
{
    struct plast_model model = try_timed(2, SIDE, SIDE, 3, 2);
    write_lists();
    write_events("in/7.bs2");
    refused("events:@", PLAST_FOR_TRAIN, &model, 3, "@/in/7.bs2: holds no event");
    add_event(1, 1, 0, 1);
    add_event(34, 2, 0, 1);
    write_events("in/7.bs2");
    refused("events:@", PLAST_FOR_TRAIN, &model, 3,
            "@/in/7.bs2: byte 5: an event at x = 34, y = 2, but the camera has 34 x 34 points,"
            " counted from 0");
    add_event(33, 255, 0, 1);
    write_events("in/7.bs2");
    refused("events:@", PLAST_FOR_TRAIN, &model, 3,
            "@/in/7.bs2: byte 0: an event at x = 33, y = 255, but the camera has 34 x 34 points,"
            " counted from 0");
    add_event(1, 1, 0, 100000);
    add_event(1, 1, 1, 100000);
    add_event(1, 1, 0, 99999);
    write_events("in/7.bs2");
    refused("events:@", PLAST_FOR_TRAIN, &model, 3,
            "@/in/7.bs2: byte 10: an event at 99999 us after one at 100000 us: time runs"
            " backwards");
    add_event(1, 1, 0, 1);
    add_event(1, 1, 0, 1);
    size -= 2;
    write_events("in/7.bs2");
    refused("events:@", PLAST_FOR_TRAIN, &model, 3,
            "@/in/7.bs2: ends at byte 8, inside event 1, which ends at byte 10");
    unlink(try_path("in/7.bs2"));
    make_folder("in/7.bs2");
    refused("events:@", PLAST_FOR_TRAIN, &model, 3, "@/in/7.bs2: is a directory, not a file");
    rmdir(try_path("in/7.bs2"));
}

static void test_models(void)
{
    struct plast_model still = try_model(2, SIDE, SIDE, 3, PLAST_CROSS_ENTROPY);
    struct plast_model narrow = try_timed(2, SIDE, 28, 3, 5);
    struct plast_model grey = try_timed(1, SIDE, 68, 3, 5);
    struct plast_model flat = try_timed(0, 2000, 0, 3, 5);
    write_lists();
    refused("events:@", PLAST_FOR_TRAIN, &still, 2,
            "events: recordings have a time axis, but the input of 'net' has none: it is declared"
            " with `|> events`");
    refused("events:@", PLAST_FOR_TRAIN, &narrow, 2,
            "events: a frame is at least [2, 34, 34], but the input of 'net' is [2, 34, 28], and"
            " 28 < 34");
    refused("events:@", PLAST_FOR_TRAIN, &grey, 2,
            "events: a frame has 2 channels, OFF and ON, but the input of 'net' is [1, 34, 68]");
    refused("events:@", PLAST_FOR_TRAIN, &flat, 2,
            "events: a frame has 2 x 34 x 34 = 2312 points, but the input of 'net' is [2000]");
    refused("csv:@/x.csv", PLAST_FOR_TRAIN, &flat, 2,
            "csv: its samples have no time axis, but 'net' takes events in 5 frames: events:DIR,"
            " npy:X.npy,Y.npy and glyphs have one");
}

/* A folder nobody may read. Root may read all. */
static void test_unreadable(void)
{
    struct plast_model model = try_timed(2, SIDE, SIDE, 3, 2);
    if (geteuid() == 0) {
        skip("a folder that may not be read", "root may read it");
        return;
    }
    make_folder("closed");
    chmod(try_path("closed"), 0);
    refused("events:@/closed", PLAST_FOR_TRAIN, &model, 3, "@/closed: Permission denied");
    rmdir(try_path("closed"));
}

static void test_published(void)
{
    struct plast_model model = try_timed(2, SIDE, SIDE, 3, 2);
    struct plast_split split;
    static const char *const folders[] = {"all",         "all/Train", "all/Train/0",
                                          "all/Train/2", "all/Test",  "all/Test/1"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        make_folder(folders[i]);
    refused("events:@/all", PLAST_FOR_TRAIN, &model, 3,
            "@/all/Train: holds no recordings: CLASS/NUMBER.bin is expected");
    write_one("all/Train/0/00002.bin", 2);
    write_one("all/Train/0/00004.bin", 4);
    write_one("all/Train/2/00001.bin", 1);
    write_one("all/Train/2/00003.bin", 3);
    write_text("all/Train/2/notes", "no recording");
    write_text("all/Train/notes", "no class");
    write_one("all/Test/1/00001.bin", 9);
    if (try_open(&split, "events:@/all", PLAST_FOR_TRAIN, &model)) {
        ok(!strcmp(columns(&split.train), "1:2 2:0 3:2 4:0 ") &&
               !strcmp(columns(&split.test), "9:1 "),
           "as published: in the order of the numbers, over all classes");
        plast_data_close(&split);
    }
    make_folder("all/Test/3");
    refused("events:@/all", PLAST_FOR_TEST, &model, 3,
            "@/all/Test/3: its name: label 3 of sample 1, but the output of 'net' has 3 classes"
            " (labels count from 0)");
    rmdir(try_path("all/Test/3"));
}

static uint64_t hash_set(const struct plast_data *data)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int64_t i = 0; i < data->samples * data->inputs; i++)
        hash = (hash ^ data->bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Events of one channel in the frames of one move, over a set. */
static double count_part(const struct plast_data *data, int channel, int move)
{
    int64_t width = data->inputs / data->frames;
    double sum = 0;
    for (int64_t i = 0; i < data->samples; i++)
        for (int64_t f = move * data->frames / 3; f < (move + 1) * data->frames / 3; f++)
            for (int64_t k = 0; k < width / 2; k++)
                sum += data->bytes[(i * data->frames + f) * width + channel * width / 2 + k];
    return sum / (double)data->samples;
}

static void test_glyphs(void)
{
    struct plast_model model = try_timed(2, SIDE, SIDE, 10, 6),
                       flat = try_timed(0, FRAME, 0, 10, 6);
    struct plast_model fine = try_timed(2, 12, 16, 10, 40), grey = try_timed(1, 28, 28, 10, 6);
    struct plast_split split, again;
    if (!try_open(&split, "first:20:glyphs", PLAST_FOR_TRAIN, &model) ||
        !try_open(&again, "glyphs", PLAST_FOR_TEST, &flat))
        return;
    const struct plast_data *test = &split.test;
    ok(split.train.samples == 20 && test->samples == 2000 && test->frames == 6 && test->counts,
       "glyphs in frames");
    ok(hash_set(test) == hash_set(&again.test), "the same when opened alone, and flat");
    ok(hash_set(test) == UINT64_C(0x297fb621cb0bca1d),
       "the events of seed 1 are those of every machine");
    note("hash 0x%016llx", (unsigned long long)hash_set(test));
    bool balanced = true, busy = true;
    for (int move = 0; move < 3; move++) {
        double off = count_part(test, 0, move), on = count_part(test, 1, move);
        note("move %d: %.0f OFF, %.0f ON", move + 1, off, on);
        busy = busy && off > 50 && on > 50;
        balanced = balanced && off < 1.2 * on && on < 1.2 * off;
    }
    ok(busy && balanced, "each of the three moves has events, as many ON as OFF");
    int labels[10] = {0};
    for (int64_t i = 0; i < test->samples; i++)
        labels[test->labels[i]]++;
    ok(labels[0] == 200 && labels[9] == 200, "equally many of each class");
    plast_data_close(&split);
    plast_data_close(&again);
    if (try_open(&split, "glyphs", PLAST_FOR_TEST, &fine)) {
        int64_t width = split.test.inputs / 40, empty = 0;
        for (int64_t f = 0; f < 40; f++) {
            double sum = 0;
            for (int64_t i = 0; i < split.test.samples; i++)
                for (int64_t k = 0; k < width; k++)
                    sum += split.test.bytes[(i * 40 + f) * width + k];
            empty += sum < 100;
        }
        ok(empty == 0, "no frame is empty, however many there are");
        plast_data_close(&split);
    }
    refused("glyphs", PLAST_FOR_TRAIN, &grey, 2,
            "glyphs: events have 2 channels, OFF and ON, but the input of 'net' is [1, 28, 28]");
}

static bool has_counts(const struct plast_data *data, const int *expected)
{
    int count[10] = {0};
    for (int64_t i = 0; i < data->samples; i++)
        count[data->labels[i]]++;
    return !memcmp(count, expected, sizeof count);
}

static void run(char *command, size_t room, const char *text, const char *from)
{
    char expanded[TRY_TEXT];
    snprintf(command, room, "%s%s%s", try_expand(expanded, text), from ? from : "",
             from ? "' 2>/dev/null" : "");
}

static void test_real(void)
{
    static const int train[] = {97, 116, 99, 93, 105, 92, 94, 117, 87, 100};
    static const int test[] = {8, 14, 8, 11, 14, 7, 10, 15, 2, 11};
    const char *folder = getenv("PLAST_DATA");
    char path[TRY_TEXT], command[2 * TRY_TEXT];
    struct plast_model model = try_timed(2, SIDE, SIDE, 10, 15);
    struct plast_split split;
    snprintf(path, sizeof path, "%s/nmnist/nmnist-small.tar.xz", folder ? folder : "");
    if (!folder || access(path, R_OK)) {
        skip("nmnist", "PLAST_DATA names no folder with it");
        return;
    }
    run(command, sizeof command, "mkdir @/real && cd @/real && xz -dc '", path);
    strcat(command, " | tar -xf - 2>/dev/null");
    bool unpacked = system(command) == 0;
    if (!unpacked)
        skip("nmnist", "xz and tar could not unpack it");
    else if (try_open(&split, "events:@/real/nmnist-small", PLAST_FOR_TRAIN, &model)) {
        double off = 0, on = 0;
        ok(split.train.samples == 1000 && has_counts(&split.train, train),
           "1,000 to train, as many of each class as published");
        ok(split.test.samples == 100 && has_counts(&split.test, test),
           "100 to test, as many of each class as published");
        for (int move = 0; move < 3; move++) {
            off += count_part(&split.train, 0, move) + count_part(&split.test, 0, move) / 10;
            on += count_part(&split.train, 1, move) + count_part(&split.test, 1, move) / 10;
        }
        note("%.3f events", (off + on) * 1000);
        ok(fabs((off + on) * 1000 - 4518827) < 0.5, "all events of all recordings are there");
        ok(off > 0.49 * (off + on) && off < 0.51 * (off + on), "half of them are ON");
        plast_data_close(&split);
    }
    run(command, sizeof command, "rm -rf @/real", NULL);
    ok(system(command) == 0, "what was unpacked is removed");
}

int main(void)
{
    try_begin();
    make_folder("in");
    test_lists();
    test_wrong_lists();
    test_wrong_recordings();
    test_models();
    test_unreadable();
    test_published();
    test_glyphs();
    test_real();
    return try_end();
}
