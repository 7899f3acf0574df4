/* For tests of the data sources: files in a folder of their own, models of any shape, and the
 * opening of a SPEC whose outcome is known. In specs and messages '@' stands for the folder. */
#ifndef PLAST_DATA_TRY_H
#define PLAST_DATA_TRY_H

#include "../runtime/data.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRY_FILES = 400, TRY_TEXT = 2048 };

static char try_folder[] = "/tmp/plast-data-XXXXXX";
static char *try_written[TRY_FILES];
static int try_files;

TAP_UNUSED static void try_begin(void)
{
    if (!mkdtemp(try_folder)) {
        perror(try_folder);
        exit(99);
    }
}

/* Removes what was written, folders after what is in them, and prints the plan. */
TAP_UNUSED static int try_end(void)
{
    while (try_files-- > 0) {
        remove(try_written[try_files]);
        free(try_written[try_files]);
    }
    ok(rmdir(try_folder) == 0, "nothing but the test's own files was written");
    return tap_done();
}

/* `text` with the folder for each '@'. */
static char *try_expand(char *to, const char *text)
{
    size_t used = 0;
    for (; *text && used + sizeof try_folder < TRY_TEXT; text++)
        if (*text == '@') {
            strcpy(to + used, try_folder);
            used += strlen(try_folder);
        } else {
            to[used++] = *text;
        }
    to[used] = 0;
    return to;
}

/* The path of a file, which is removed at the end. */
TAP_UNUSED static const char *try_path(const char *name)
{
    char path[TRY_TEXT];
    snprintf(path, sizeof path, "%s/%s", try_folder, name);
    for (int i = 0; i < try_files; i++)
        if (!strcmp(try_written[i], path))
            return try_written[i];
    if (try_files == TRY_FILES)
        exit(99);
    try_written[try_files] = malloc(strlen(path) + 1);
    return strcpy(try_written[try_files++], path);
}

TAP_UNUSED static void write_bytes(const char *name, const void *bytes, size_t size)
{
    const char *path = try_path(name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) {
        perror(path);
        exit(99);
    }
}

TAP_UNUSED static void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

TAP_UNUSED static void make_folder(const char *name)
{
    if (mkdir(try_path(name), 0700)) {
        perror(name);
        exit(99);
    }
}

/* channels 0: the shape is [height]. */
TAP_UNUSED static struct plast_model try_model(int64_t channels, int64_t height, int64_t width,
                                               int64_t outputs, enum plast_loss loss)
{
    struct plast_model model = {.name = "net", .outputs = outputs, .loss = loss};
    model.input_rank = channels ? 3 : 1;
    model.input_shape[0] = channels ? channels : height;
    model.input_shape[1] = height;
    model.input_shape[2] = width;
    model.inputs = channels ? channels * height * width : height;
    return model;
}

/* As try_model, of samples with so many frames. */
TAP_UNUSED static struct plast_model try_timed(int64_t channels, int64_t height, int64_t width,
                                               int64_t outputs, int64_t frames)
{
    struct plast_model model = try_model(channels, height, width, outputs, PLAST_CROSS_ENTROPY);
    model.frames = model.steps = frames;
    return model;
}

TAP_UNUSED static bool try_open(struct plast_split *split, const char *spec,
                                enum plast_purpose purpose, const struct plast_model *model)
{
    char expanded[TRY_TEXT];
    struct plast_fault fault = {""};
    int status = plast_data_open(split, try_expand(expanded, spec), purpose, model, 1, &fault);
    if (!ok(status == 0, "opens %s", spec))
        note("status %d: %s", status, fault.text);
    return status == 0;
}

/* The spec must be refused with just this status and message. */
TAP_UNUSED static void refused(const char *spec, enum plast_purpose purpose,
                               const struct plast_model *model, int status, const char *message)
{
    char expanded[TRY_TEXT], expected[TRY_TEXT];
    struct plast_fault fault = {""};
    struct plast_split split;
    int got = plast_data_open(&split, try_expand(expanded, spec), purpose, model, 1, &fault);
    try_expand(expected, message);
    if (!ok(got == status && !strcmp(fault.text, expected), "refused: %s", message)) {
        note("status %d, expected %d", got, status);
        note("message  %s", fault.text);
        note("expected %s", expected);
    }
    if (split.train.samples || split.test.samples || split.train.bytes || split.test.floats)
        ok(false, "nothing is left behind");
    plast_data_close(&split);
}

#endif
