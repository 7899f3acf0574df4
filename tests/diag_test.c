/* How messages are kept, sorted, counted and printed, to the byte; and which
 * name is the nearest. */
#define _POSIX_C_SOURCE 200809L

#include "parse_try.h"

#include <stdlib.h>

static const char *printed(struct arena *arena, const struct diag *d, enum diag_format format,
                           bool color)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    if (!out)
        abort();
    diag_print(d, out, format, color);
    fclose(out);
    const char *copy = arena_format(arena, "%s", bytes);
    free(bytes);
    return copy;
}

static struct diag *new_diag(struct arena *arena, const char *path, const char *text)
{
    struct diag *d = diag_new(arena);
    diag_add_source(d, path, text, strlen(text));
    return d;
}

static struct loc place(uint32_t start, uint32_t end)
{
    return (struct loc){1, start, end};
}

static void check_text(struct arena *arena)
{
    struct diag *d = new_diag(arena, "model.pl", "model m;\n\tlet a = dens(3);\nlast");
    diag_error(d, place(18, 22), "unknown operator '%s'", "dens");
    diag_note(d, (struct loc){0}, "did you mean 'dense'?");
    diag_note(d, place(6, 7), "the model is here");
    is_string(printed(arena, d, DIAG_TEXT, false),
              "model.pl:2:10: error: unknown operator 'dens'\n"
              "    2 |  let a = dens(3);\n"
              "      |          ^^^^\n"
              "model.pl:2:10: note: did you mean 'dense'?\n"
              "model.pl:1:7: note: the model is here\n"
              "    1 | model m;\n"
              "      |       ^\n",
              "an error with notes; a tab is one column");
    is_string(
        printed(arena, d, DIAG_JSON, false),
        "[{\"severity\": \"error\", \"file\": \"model.pl\", \"line\": 2, \"column\": 10, "
        "\"end_line\": 2, "
        "\"end_column\": 14, \"start\": 18, \"end\": 22, \"message\": \"unknown operator 'dens'\", "
        "\"notes\": [{\"severity\": \"note\", \"file\": \"model.pl\", \"line\": 2, \"column\": 10, "
        "\"end_line\": 2, \"end_column\": 14, \"start\": 18, \"end\": 22, \"message\": \"did you "
        "mean "
        "'dense'?\", \"notes\": []}, {\"severity\": \"note\", \"file\": \"model.pl\", \"line\": 1, "
        "\"column\": 7, \"end_line\": 1, \"end_column\": 8, \"start\": 6, \"end\": 7, \"message\": "
        "\"the model is here\", \"notes\": []}]}]\n",
        "the same as JSON");
    ok(strstr(printed(arena, d, DIAG_TEXT, true), "\033[1;31merror: \033[0m") != NULL, "in colour");
    ok(!strchr(printed(arena, d, DIAG_JSON, true), '\033'), "JSON has no colours");
}

static void check_places(struct arena *arena)
{
    struct diag *d = new_diag(arena, "m.pl", "one\r\ntwo three\n");
    diag_error(d, place(5, 50), "to the end");
    is_string(printed(arena, d, DIAG_TEXT, false),
              "m.pl:2:1: error: to the end\n    2 | two three\n      | ^^^^^^^^^\n",
              "carets stop at the end of the line");
    d = new_diag(arena, "m.pl", "one\r\ntwo");
    diag_error(d, place(3, 3), "nothing");
    is_string(printed(arena, d, DIAG_TEXT, false),
              "m.pl:1:4: error: nothing\n    1 | one\n      |    ^\n",
              "an empty place behind the last character");
    d = new_diag(arena, "m.pl", "");
    diag_error(d, place(0, 0), "empty");
    is_string(printed(arena, d, DIAG_TEXT, false), "m.pl:1:1: error: empty\n    1 | \n      | ^\n",
              "an empty file");
    d = new_diag(arena, "m.pl", "# \xc3\xa9\xe2\x82\xac x \xff y");
    diag_error(d, place(8, 9), "here");
    diag_error(d, place(12, 13), "there");
    is_string(printed(arena, d, DIAG_TEXT, false),
              "m.pl:1:6: error: here\n    1 | # \xc3\xa9\xe2\x82\xac x ? y\n      |      ^\n"
              "m.pl:1:10: error: there\n    1 | # \xc3\xa9\xe2\x82\xac x ? y\n      |          ^\n",
              "columns count characters, a wrong byte is one");
    d = new_diag(arena, "a\nb\x1b.pl", "x \x1b[31m \x7f\xc2\x9b y");
    diag_error(d, place(0, 1), "a\tmessage \x1b[0m");
    is_string(printed(arena, d, DIAG_TEXT, false),
              "a?b?.pl:1:1: error: a message ?[0m\n    1 | x ?[31m ?? y\n      | ^\n",
              "what would steer a terminal is not printed");
    is_string(
        printed(arena, d, DIAG_JSON, false),
        "[{\"severity\": \"error\", \"file\": \"a\\u000ab\\u001b.pl\", \"line\": 1, \"column\": 1, "
        "\"end_line\": 1, \"end_column\": 2, \"start\": 0, \"end\": 1, \"message\": "
        "\"a\\u0009message "
        "\\u001b[0m\", \"notes\": []}]\n",
        "nor in JSON");
    d = diag_new(arena);
    diag_error(d, (struct loc){0}, "a \"quoted\" \\ \xff");
    is_string(printed(arena, d, DIAG_TEXT, false), "plastc: error: a \"quoted\" \\ ?\n",
              "an error without place");
    is_string(
        printed(arena, d, DIAG_JSON, false),
        "[{\"severity\": \"error\", \"file\": null, \"line\": 0, \"column\": 0, \"end_line\": 0, "
        "\"end_column\": 0, \"start\": 0, \"end\": 0, \"message\": \"a \\\"quoted\\\" \\\\ "
        "\\ufffd\", "
        "\"notes\": []}]\n",
        "the same as JSON");
}

static void check_long_line(struct arena *arena)
{
    struct text t = text_new(arena);
    for (int i = 0; i < 1000; i++)
        text_add(&t, "0123456789");
    struct diag *d = new_diag(arena, "m.pl", t.bytes);
    diag_error(d, place(5000, 5003), "in the middle");
    const char *seen = printed(arena, d, DIAG_TEXT, false), *excerpt = strchr(seen, '|') + 2;
    const char *caret = strchr(excerpt, '|') + 2;
    ok(strlen(seen) < 400, "a long line is cut");
    ok(!strncmp(excerpt, "...", 3) && strstr(seen, "...\n"), "on both sides");
    ok(!strncmp(excerpt + strcspn(caret, "^"), "012", 3), "and the caret is where it should be");
    d = new_diag(arena, "m.pl", t.bytes);
    diag_error(d, place(30, 33), "near the start");
    excerpt = strchr(printed(arena, d, DIAG_TEXT, false), '|') + 2;
    ok(!strncmp(excerpt, "0123", 4), "the start is shown where it is near");
}

static void check_order(struct arena *arena)
{
    struct text t = text_new(arena);
    for (int i = 0; i < 3000; i++)
        text_add(&t, "x\n");
    struct diag *d = new_diag(arena, "m.pl", t.bytes);
    diag_error(d, place(20, 21), "second");
    diag_error(d, place(10, 11), "first");
    diag_error(d, place(20, 21), "a consequence");
    diag_note(d, place(0, 1), "of it");
    ok(d->errors == 2, "an error at the place of another is dropped");
    is_string(printed(arena, d, DIAG_TEXT, false),
              "m.pl:6:1: error: first\n    6 | x\n      | ^\nm.pl:11:1: error: second\n   11 | x\n "
              "     | ^\n",
              "sorted by place, without the notes of the dropped one");
    for (uint32_t i = 100; i < 2600; i++)
        diag_error(d, place(2 * i, 2 * i + 1), "error %u", i);
    ok(d->errors == 2502, "all are counted");
    const char *seen = printed(arena, d, DIAG_TEXT, false);
    ok(strstr(seen, "error 117\n") && !strstr(seen, "error 118"), "20 are printed");
    ok(strstr(seen, "\nplastc: 2482 more errors not shown\n"), "the rest is a number");
}

static void check_nearest(void)
{
    static const char *const names[] = {"dense", "dropout", "relu", "leaky_relu", "sgd", "mse"};
    static const char *const cases[][2] = {{"dens", "dense"},
                                           {"desne", "dense"},
                                           {"denes", "dense"},
                                           {"Dense", "dense"},
                                           {"drpout", "dropout"},
                                           {"relo", "relu"},
                                           {"leakyrelu", "leaky_relu"},
                                           {"sdg", "sgd"},
                                           {"xyzzy", NULL},
                                           {"a", NULL},
                                           {"", NULL},
                                           {"softmax", NULL},
                                           {"convolution", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *near = nearest_name(cases[i][0], names, sizeof names / sizeof *names);
        const char *wanted = cases[i][1];
        ok(near == wanted || (near && wanted && !strcmp(near, wanted)), "nearest to '%s': %s",
           cases[i][0], near ? near : "nothing");
    }
}

static void check_arena(struct arena *arena)
{
    int *list = NULL, count = 0;
    for (int i = 0; i < 1000; i++)
        PUSH(arena, list, count, i);
    bool same = count == 1000;
    for (int i = 0; i < count; i++)
        same &= list[i] == i;
    ok(same, "an array grows");
    const char *names[2000];
    for (int i = 0; i < 2000; i++)
        names[i] = intern(arena, arena_format(arena, "name%d", i));
    same = names[1] != names[2];
    for (int i = 0; i < 2000; i++)
        same &= names[i] == intern(arena, arena_format(arena, "name%d", i));
    ok(same, "equal names are one");
    char *big = arena_alloc(arena, 1 << 20), zero = 0;
    for (int i = 0; i < 1 << 20; i++)
        zero |= big[i];
    ok(!zero, "memory is zeroed");
    struct text t = text_new(arena);
    for (int i = 0; i < 1000; i++)
        text_printf(&t, "%d,", i);
    ok(t.size == 3890 && strlen(t.bytes) == t.size, "a text grows");
}

int main(void)
{
    struct arena *arena = arena_new();
    check_text(arena);
    check_places(arena);
    check_long_line(arena);
    check_order(arena);
    check_nearest();
    check_arena(arena);
    arena_free(arena);
    return tap_done();
}
