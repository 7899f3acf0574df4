/* Any text is parsed and what is wrong with it printed, both ways. What is left
 * of it must print as text that parses without error to statements that print
 * the same. */
#include "ast.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Printing may add a bracket for every sign, so of texts that nest almost too
 * deeply nothing can be asked. */
static bool is_shallow(const uint8_t *bytes, size_t size)
{
    int signs = 0;
    for (size_t i = 0; i < size; i++)
        signs += bytes[i] && strchr("-^?({[:n", bytes[i]) != NULL;
    return signs < 400;
}

static const char *print_statements(struct arena *arena, const struct file *file)
{
    struct text t = text_new(arena);
    dump_file(&t, file);
    return t.bytes;
}

static void check_printed(struct arena *arena, const struct file *file)
{
    const char *once = print_statements(arena, file);
    struct diag *diag = diag_new(arena);
    const struct file *again = parse_text(arena, diag, "/none/again.pl", once, strlen(once));
    if (!diag->errors && !strcmp(once, print_statements(arena, again)))
        return;
    diag_print(diag, stderr, DIAG_TEXT, false);
    bug("this text is not what it was parsed to:\n%s", once);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    const struct file *file = parse_text(arena, diag, "/none/fuzz.pl", (const char *)bytes, size);
    FILE *out = fopen("/dev/null", "w");
    if (out) {
        diag_print(diag, out, DIAG_TEXT, true);
        diag_print(diag, out, DIAG_JSON, false);
        fclose(out);
    }
    if (is_shallow(bytes, size))
        check_printed(arena, file);
    arena_free(arena);
    return 0;
}
