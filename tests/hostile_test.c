/* Text that nobody would write: the parser must end, in time and memory that the
 * size of the text explains, with a message or with statements that others can
 * walk recursively. */
#include "parse_try.h"

#include <stdlib.h>
#include <time.h>

enum { MANY = 100000 };

static struct text repeat(struct arena *arena, const char *head, const char *part, int times,
                          const char *tail)
{
    struct text t = text_new(arena);
    text_add(&t, head);
    for (int i = 0; i < times; i++)
        text_add(&t, part);
    text_add(&t, tail);
    return t;
}

static struct attempt parse_repeated(const char *head, const char *part, int times,
                                     const char *tail)
{
    struct arena *arena = arena_new();
    struct text t = repeat(arena, head, part, times, tail);
    struct attempt a = parse_bytes("test.pl", t.bytes, t.size);
    arena_free(arena);
    return a;
}

/* --- nesting */

static const char too_deep[] = "too many brackets and operators inside one another";
static const char too_high[] = "this expression nests more than 1000 levels deep";

static const struct deep {
    const char *head, *part, *tail, *message;
} deeps[] = {
    {"let x = ", "(", "1;\nlet y = 2;", too_deep},
    {"let x = ", "-", "1;\nlet y = 2;", too_deep},
    {"let x = ", "- ", "1;\nlet y = 2;", too_deep},
    {"let x = ", "not ", "1;\nlet y = 2;", too_deep},
    {"let x = ", "2 ^ ", "1;\nlet y = 2;", too_deep},
    {"let x = ", "1 ? ", "1;\nlet y = 2;", too_deep},
    {"let x = ", "1 ? 1 : ", "1;\nlet y = 2;", too_deep},
    {"let x = ", "f(", "1;\nlet y = 2;", too_deep},
    {"let x = ", "f(1, ", "1;\nlet y = 2;", too_deep},
    {"let x = ", "(1, ", "1;\nlet y = 2;", too_deep},
    {"rule r { ", "a { ", "}\nlet y = 2;", too_deep},
    {"rule r { ", "if (w) { ", "}\nlet y = 2;", too_deep},
    {"let x = 1", " + 1", ";\nlet y = 2;", too_high},
    {"let x = 1", " * 1", ";\nlet y = 2;", too_high},
    {"let x = 1", " or 1", ";\nlet y = 2;", too_high},
    {"let x = 1", " |> f", ";\nlet y = 2;", too_high},
    {"input x[3]", " |> f", ";\nlet y = 2;", too_high},
};

static void check_nesting(void)
{
    for (size_t i = 0; i < sizeof deeps / sizeof *deeps; i++) {
        const struct deep *d = &deeps[i];
        struct attempt a = parse_repeated(d->head, d->part, MANY, d->tail);
        ok(a.diag->errors == 1 && !strcmp(a.diag->first->text, d->message),
           "'%s' 10^5 times: one error", d->part);
        bool braces = strchr(d->part, '{');
        ok(braces || !strcmp(dump(&a), "let y = 2;\n"), "reading goes on behind it");
        end_attempt(&a);
    }
}

/* Depth may also grow out of many shallow parts: brackets on the left of long sums. */
static void check_left_deep(void)
{
    struct arena *arena = arena_new();
    struct text sum = repeat(arena, "", "+1", 499, ")"),
                open = repeat(arena, "let x = ", "(", 500, "1");
    struct text all = repeat(arena, open.bytes, sum.bytes, 500, ";\nlet y = 2;");
    struct attempt a = parse_bytes("test.pl", all.bytes, all.size);
    ok(a.diag->errors == 1 && !strcmp(a.diag->first->text, too_high),
       "brackets on the left of sums");
    is_string(dump(&a), "let y = 2;\n", "reading goes on behind it");
    end_attempt(&a);
    arena_free(arena);
}

static void check_allowed(void)
{
    struct attempt a = parse_repeated("let x = ", "(", 900, "1");
    end_attempt(&a);
    struct arena *arena = arena_new();
    struct text open = repeat(arena, "let x = ", "(", 900, "1"),
                all = repeat(arena, open.bytes, ")", 900, ";");
    a = parse_bytes("test.pl", all.bytes, all.size);
    is_string(messages(&a), "", "900 brackets are allowed");
    end_attempt(&a);
    a = parse_repeated("let x = f(", "-1, ", MANY, "1);");
    is_string(messages(&a), "", "and any number of them beside one another");
    ok(a.file->first->value->count == MANY + 1, "all arguments are there");
    end_attempt(&a);
    a = parse_repeated("let x = 1", " + 1", 900, ";");
    is_string(messages(&a), "", "a sum of 900 terms is allowed");
    end_attempt(&a);
    arena_free(arena);
}

/* --- sizes */

static void check_size(const char *head, const char *part, int times, const char *what)
{
    clock_t start = clock();
    struct attempt a = parse_repeated(head, part, times, "");
    FILE *out = fopen("/dev/null", "w");
    ok(a.diag->errors > 0, "%s: an error", what);
    if (out) {
        diag_print(a.diag, out, DIAG_TEXT, true);
        diag_print(a.diag, out, DIAG_JSON, false);
        fclose(out);
    }
    ok(clock() - start < 20 * CLOCKS_PER_SEC, "in time");
    end_attempt(&a);
}

static void check_sizes(void)
{
    enum { MB = 1000 * 1000 };
    check_size("", "x", 5 * MB, "more than 4 MiB");
    check_size("", "x", 4 * MB, "one endless name");
    check_size("let a = ", "9", 4 * MB, "one endless number");
    check_size("let a = 1.", "0", 4 * MB, "one endless fraction");
    check_size("include \"", "a", 4 * MB, "one endless file name");
    check_size("", "include \"\n", MB / 10, "100,000 open quotes");
    check_size("", ";", MB, "a million errors");
    check_size("", "\n;", MB, "a million errors on their own lines");
    check_size("", "a ", MB, "a million words");
    check_size("rule r {\n", "= ;\n", MB / 4, "errors in a body");
    check_size("", "rule r {\n    x = 1;\ninput b[;\n", MB / 10, "100,000 forgotten braces");
    check_size("", "rule r {\n    x = 1;\ninput b = 1;\n", MB / 10, "100,000 of them found late");
    check_size("", "#\x01\n", MB, "a million control bytes in comments");
    check_size("let a = 1", "\n", 4 * MB, "4 million lines");
}

/* --- bytes */

/* The scanner is slow on NUL bytes; it must not be quadratic. */
static void check_nuls(const char *head)
{
    enum { NULS = 4000000 };
    struct arena *arena = arena_new();
    size_t size = strlen(head);
    char *text = arena_alloc(arena, size + NULS);
    memcpy(text, head, size);
    clock_t start = clock();
    struct attempt a = parse_bytes("test.pl", text, size + NULS);
    ok(a.diag->errors > 0, "'%s' and 4 million NUL bytes: an error", head);
    ok(clock() - start < 20 * CLOCKS_PER_SEC, "in time");
    end_attempt(&a);
    arena_free(arena);
}

static void check_bytes(void)
{
    static const char nul[] = "let a = 1;\0let b = 2;";
    struct attempt a = parse_bytes("test.pl", nul, sizeof nul - 1);
    is_string(messages(&a), "1:11: a NUL byte\n", "a NUL byte");
    ok(a.file->first && a.file->first->next, "statements before and behind it");
    end_attempt(&a);
    a = parse_string("\xef\xbb\xbflet a = 1;\r\n# comment\r\nlet b = 2;\r\n");
    is_string(messages(&a), "", "a byte order mark and CRLF are tolerated");
    end_attempt(&a);
    a = parse_string("let a = 1;\xef\xbb\xbf");
    ok(a.diag->errors == 1, "a byte order mark elsewhere is not");
    end_attempt(&a);
    a = parse_string("");
    is_string(messages(&a), "", "an empty text has no error of the grammar");
    end_attempt(&a);
    for (int c = 0; c < 256; c++) {
        char text[] = "let ? = 1;\nlet y = 2;\n";
        text[4] = (char)c;
        a = parse_bytes("test.pl", text, sizeof text - 1);
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (letter || c == '_' ? a.diag->errors : !a.diag->errors)
            ok(false, "byte %d as a name", c);
        end_attempt(&a);
    }
    ok(true, "each byte as a name");
}

int main(void)
{
    check_nesting();
    check_left_deep();
    check_allowed();
    check_sizes();
    check_bytes();
    check_nuls("");
    check_nuls("#");
    check_nuls("include \"");
    check_nuls("let a");
    return tap_done();
}
