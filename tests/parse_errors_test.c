/* What the parser says of wrong text, how it goes on behind it, and what it
 * remembers of the text it left out. Includes are tried in a scratch directory. */
#include "parse_try.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct wrong {
    const char *text, *messages, *kept; /* kept: what is parsed of it nevertheless */
};

static const struct wrong wrongs[] = {
    /* the end of a line */
    {"let a = 3\nlet b = 4;", "1:10: expected ';'\n", "let b = 4;\n"},
    {"let a = 3 # here\n\n\nlet b = 4;", "1:10: expected ';'\n", "let b = 4;\n"},
    {"let a = 3", "1:10: expected ';'\n", ""},
    {"layer h = x |> dense(3\nlayer g = y;", "1:23: expected ',' or ')'\n", "layer g = y;\n"},
    {"input x[3\nlayer g = y;", "1:10: expected ']' or ','\n", "layer g = y;\n"},
    {"let a = 3 let b = 4;", "1:11: unexpected 'let', expected ';'\n", "let b = 4;\n"},
    /* words */
    {"layr h = x;\nlet b = 4;", "1:1: unknown statement 'layr'\n  did you mean 'layer'?\n",
     "let b = 4;\n"},
    {"xyzzy h = x;\nlet b = 4;", "1:1: unknown statement 'xyzzy'\n", "let b = 4;\n"},
    {"let if = 3;", "1:5: 'if' is reserved and cannot be a name\n", ""},
    {"let a = else;", "1:9: unexpected 'else', expected an expression\n", ""},
    {"3;let b = 4;", "1:1: unexpected '3', expected a statement\n", "let b = 4;\n"},
    {";let b = 4;", "1:1: unexpected ';', expected a statement\n", "let b = 4;\n"},
    {"}\nlet b = 4;", "1:1: unexpected '}', expected a statement\n", "let b = 4;\n"},
    {"include here;", "1:9: unexpected 'here', expected a file name in quotes\n", ""},
    {"input x;", "1:8: unexpected ';', expected '['\n", ""},
    {"batch;", "1:6: unexpected ';', expected an expression\n", ""},
    /* expressions */
    {"let a = 1 < 2 < 3;", "1:15: comparisons do not chain: join two of them with 'and'\n", ""},
    {"let a = 1 == 2 != 3;", "1:16: comparisons do not chain: join two of them with 'and'\n", ""},
    {"let a = b = 3;", "1:11: unexpected '=', expected ';'\n  '==' compares\n", ""},
    {"let a = f(1 2);", "1:13: unexpected '2', expected ',' or ')'\n", ""},
    {"let a = f(1, );", "1:14: unexpected ')', expected an expression\n", ""},
    {"let a = (1, 2;", "1:14: unexpected ';', expected ',' or ')'\n", ""},
    {"let a = ();", "1:10: unexpected ')', expected an expression\n", ""},
    {"let a = 3 +;", "1:12: unexpected ';', expected an expression\n", ""},
    {"let a = x |> 3;", "1:14: unexpected '3', expected a name\n", ""},
    {"let a = x |> (y);", "1:14: unexpected '(', expected a name\n", ""},
    {"let a = c ? 1;", "1:14: unexpected ';', expected ':'\n", ""},
    {"let a = \"x\";", "1:9: unexpected '\"x\"', expected an expression\n", ""},
    {"let a = 3 if;", "1:11: unexpected 'if', expected ';'\n", ""},
    /* what the scanner refuses */
    {"let a = b && c;", "1:11: unknown operator '&&': it is written 'and'\n", ""},
    {"let a = b || c;", "1:11: unknown operator '||': it is written 'or'\n", ""},
    {"let a = !b;", "1:9: unknown operator '!': it is written 'not'\n", ""},
    {"let a = b ** 2;", "1:11: unknown operator '**': a power is written '^'\n", ""},
    {"let a = b -> f;", "1:11: unknown operator '->': a pipeline is written '|>'\n", ""},
    {"// text\nlet b = 4;", "1:1: a comment begins with '#'\n", "let b = 4;\n"},
    {"let a = 12abc;", "1:9: a malformed number\n", ""},
    {"let a = 1.2.3;", "1:9: a malformed number\n", ""},
    {"let a = 0x10;", "1:9: a malformed number\n", ""},
    {"let a = 1e;", "1:9: a malformed number\n", ""},
    {"let a = 1e999;", "1:9: this number is too large\n", ""},
    {"let a = 5 % 3;", "1:11: unexpected character '%'\n", ""},
    {"let a = @;", "1:9: unexpected character '@'\n", ""},
    {"let \xc3\xa9 = 3;", "1:5: characters beyond ASCII stand only in comments and file names\n",
     ""},
    {"let a = \x01;", "1:9: a control character (byte 1)\n", ""},
    {"let a = 3;\rlet b = 4;", "1:11: a carriage return that ends no line\n",
     "let a = 3;\nlet b = 4;\n"},
    {"# \x1b[31m\nlet b = 4;", "1:3: a control character (byte 27)\n", "let b = 4;\n"},
    {"include \"a\tb\";", "1:9: a control character (byte 9) in a file name\n", ""},
    {"include \"a;\nlet b = 4;", "1:9: a file name without its closing quote\n", "let b = 4;\n"},
    /* lists, periods, units */
    {"function f(1, x) = x;",
     "1:12: a parameter is a name, or a name with a default: 'a', 'a = 1'\n", ""},
    {"function f((x)) = x;",
     "1:12: a parameter is a name, or a name with a default: 'a', 'a = 1'\n", ""},
    {"prune p on h each epoch each 3 steps;",
     "1:25: this part of the period is given twice\n  1:14: first here\n", ""},
    {"prune p from epoch 1 until epoch 3 from epoch 2;",
     "1:36: this part of the period is given twice\n  1:9: first here\n", ""},
    {"prune p from 3;", "1:14: unexpected '3', expected 'epoch'\n", ""},
    {"prune p each 3;", "1:15: unexpected ';', expected 'epochs' or 'steps'\n", ""},
    {"prune p on;", "1:11: unexpected ';', expected a name\n", ""},
    {"budget memory <= 16 MIB;",
     "1:21: unknown unit 'MIB'; units are B, KB, MB, GB, KiB, MiB, GiB\n  did you mean 'MiB'?\n",
     ""},
    {"budget memory < 16;", "1:15: unexpected '<', expected '<='\n", ""},
    /* bodies */
    {"rule r {\n    x = 1 2;\n    y = ;\n    z = 3;\n}\nlet b = 4;",
     "2:11: unexpected '2', expected ';'\n3:9: unexpected ';', expected an expression\n",
     "let b = 4;\n"},
    {"rule r {\n    sate x = 1;\n}\nlet b = 4;",
     "2:5: unknown statement 'sate'\n  did you mean 'state'?\n", "let b = 4;\n"},
    {"rule r {\n    if (w > ) { x = 1; y = 2; } else { z = 3; }\n    q = ;\n}\nlet b = 4;",
     "2:13: unexpected ')', expected an expression\n3:9: unexpected ';', expected an expression\n",
     "let b = 4;\n"},
    {"rule r {\n    adapt { x = 1 }\n}\nlet b = 4;", "2:18: expected ';'\n", "let b = 4;\n"},
    {"rule r { if (w) { } else x = 1; }\nlet b = 4;", "1:26: unexpected 'x', expected '{'\n",
     "let b = 4;\n"},
    {"rule r { state x; }\nlet b = 4;", "1:17: unexpected ';', expected '='\n", "let b = 4;\n"},
    /* a wrong header swallows its braces */
    {"rule r(a b) {\n    adapt { layer x = 2; input y = 3; }\n    if (x) { }\n}\nlet b = 4;",
     "1:10: unexpected 'b', expected '=', ',' or ')'\n", "let b = 4;\n"},
    {"neuron (x) { a = ; }\nlet b = 4;", "1:8: unexpected '(', expected a name\n", "let b = 4;\n"},
    /* forgotten braces */
    {"rule r {\n    adapt {\n        x = 1;\n    }\n\nlayer h = x |> f;\nloss mse;\n",
     "6:1: '}' is missing here\n  1:8: the brace that it would close\n",
     "layer h = x |> f;\nloss mse;\n"},
    {"rule r {\n    adapt {\n        x = ;\n    }\n\nloss mse;\n",
     "3:13: unexpected ';', expected an expression\n6:1: '}' is missing here\n  1:8: the brace "
     "that it would close\n",
     "loss mse;\n"},
    {"rule r {\n    adapt {\n        x = 1;\n",
     "3:15: '}' is missing here\n  2:11: the brace that it would close\n", ""},
    {"rule t{;\nlayer p",
     "1:8: unexpected ';', expected a statement or '}'\n2:1: '}' is missing here\n"
     "  1:7: the brace that it would close\n2:8: unexpected end of file, expected '=' or '['\n",
     ""},
    {"rule r {\nlayer x = 1;\nlayer y = 2;\nz = ;\n}\nlet b = 4;",
     "4:5: unexpected ';', expected an expression\n", "let b = 4;\n"},
};

static void check_wrongs(void)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct attempt a = parse_string(wrongs[i].text);
        int size = (int)strcspn(wrongs[i].text, "\n\r\x01\x1b");
        is_string(messages(&a), wrongs[i].messages,
                  arena_format(a.arena, "%.*s", size, wrongs[i].text));
        is_string(dump(&a), wrongs[i].kept, "what is kept of it");
        end_attempt(&a);
    }
}

/* --- names of text that was left out */

static bool is_broken(struct attempt *a, const char *name)
{
    return file_is_broken(a->file, intern(a->arena, name));
}

static void check_broken(void)
{
    struct attempt a = parse_string("layer good = x;\nlayer bad = dens(u1 u2) + 1e5 # comment\n;\n"
                                    "rule r(p q) { adapt { inner = 1; } }\nlet fine = 3;\n");
    ok(is_broken(&a, "bad") && is_broken(&a, "u1") && is_broken(&a, "u2") && is_broken(&a, "dens"),
       "words before and behind an error are remembered");
    ok(is_broken(&a, "r") && is_broken(&a, "inner"), "and those in swallowed braces");
    ok(is_broken(&a, "layer") && is_broken(&a, "rule"), "keywords too");
    ok(!is_broken(&a, "good") && !is_broken(&a, "x") && !is_broken(&a, "fine"),
       "but none of good text");
    ok(!is_broken(&a, "comment") && !is_broken(&a, "e5"), "nor of comments and numbers");
    end_attempt(&a);
    a = parse_string("rule r { a = 1; b = ; c = 3; }");
    ok(is_broken(&a, "r") && is_broken(&a, "c"),
       "a definition with an error inside is left out whole");
    end_attempt(&a);
    a = parse_string("include \"x\nlet b = 4;");
    ok(a.file->any_broken, "after an open quote any name may have been defined");
    end_attempt(&a);
}

/* --- includes */

static void write_text(const char *directory, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f))
        abort();
}

static void check_include(const char *directory, const char *text, const char *wanted_messages,
                          const char *wanted, const char *what)
{
    struct attempt a = {.arena = arena_new()};
    int unreadable = 0;
    a.diag = diag_new(a.arena);
    write_text(directory, "main.pl", text);
    a.file =
        parse_file(a.arena, a.diag, arena_format(a.arena, "%s/main.pl", directory), &unreadable);
    struct text seen = text_new(a.arena); /* without the name of the directory */
    for (const char *s = messages(&a), *hit; *s;
         s = hit ? hit + strlen(directory) + 1 : s + strlen(s)) {
        hit = strstr(s, directory);
        text_add_bytes(&seen, s, hit ? (size_t)(hit - s) : strlen(s));
    }
    is_string(seen.bytes, wanted_messages, what);
    is_string(dump(&a), wanted, what);
    end_attempt(&a);
}

static void check_includes(const char *dir)
{
    char path[512];
    snprintf(path, sizeof path, "%s/sub", dir);
    if (mkdir(path, 0777))
        abort();
    write_text(dir, "one.pl", "let one = 1;\n");
    write_text(dir, "sub/two.pl", "include \"three.pl\";\nlet two = 2;\n");
    write_text(dir, "sub/three.pl", "let three = 3;\ninclude \"../one.pl\";\n");
    write_text(dir, "wrong.pl", "let a = ;\nlet b = 2;\n");
    write_text(dir, "loop.pl", "let a = 1;\ninclude \"back.pl\";\n");
    write_text(dir, "back.pl", "include \"loop.pl\";\nlet b = 2;\n");
    write_text(dir, "self.pl", "include \"main.pl\";\n");
    check_include(dir, "include \"one.pl\";\nlet x = one;\n", "", "let one = 1;\nlet x = one;\n",
                  "an include stands for its text");
    check_include(dir, "include \"sub/two.pl\";\n", "",
                  "let three = 3;\nlet one = 1;\nlet two = 2;\n",
                  "paths are relative to the file that names them");
    check_include(
        dir, "include \"one.pl\";\ninclude \"./sub/../one.pl\";\ninclude \"sub/two.pl\";\n", "",
        "let one = 1;\nlet three = 3;\nlet two = 2;\n", "twice is once, whatever the path");
    check_include(dir, "include \"wrong.pl\";\nlet c = 3;\n",
                  "1:9: unexpected ';', expected an expression\n", "let b = 2;\nlet c = 3;\n",
                  "errors inside are at their place");
    check_include(
        dir, "include \"loop.pl\";\nlet c = 3;\n",
        "1:9: 'loop.pl' is included while it is being read: a cycle\n  1:9: it was included here\n",
        "let a = 1;\nlet b = 2;\nlet c = 3;\n", "a cycle");
    check_include(dir, "include \"self.pl\";\nlet c = 3;\n",
                  "1:9: 'main.pl' is included while it is being read: a cycle\n", "let c = 3;\n",
                  "a cycle through the model");
    check_include(dir, "include \"none.pl\";\nlet c = 3;\n",
                  "1:9: 'none.pl' cannot be read: No such file or directory\n", "let c = 3;\n",
                  "a missing file");
    check_include(dir, "include \"sub\";\n", "1:9: 'sub' cannot be read: Is a directory\n", "",
                  "a directory");
    check_include(dir, "include \"/dev/null\";\n",
                  "1:9: '/dev/null' cannot be read: not a regular file\n", "", "a device");
    check_include(dir, "include \"\";\n", "1:9: '' cannot be read: Is a directory\n", "",
                  "no name");
}

static void check_unreadable(const char *dir)
{
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    int unreadable = 0;
    ok(!parse_file(arena, diag, arena_format(arena, "%s/none.pl", dir), &unreadable) && unreadable,
       "a model that is not there");
    unreadable = 0;
    ok(!parse_file(arena, diag, dir, &unreadable) && unreadable, "a directory as model");
    ok(diag->errors == 0, "which is no error in a model");
    arena_free(arena);
}

int main(void)
{
    const char *tmp = getenv("TMPDIR");
    char dir[256];
    snprintf(dir, sizeof dir, "%s/plast-parse-XXXXXX", tmp ? tmp : "/tmp");
    check_wrongs();
    check_broken();
    if (!mkdtemp(dir))
        abort();
    check_includes(dir);
    check_unreadable(dir);
    char command[512];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ok(system(command) == 0, "the scratch directory is removed");
    return tap_done();
}
