/* Drives one LLVMFuzzerTestOneInput where there is no libFuzzer. In come the
 * files of the corpus, tests/corpus/NAME/ for fuzz_NAME or those given as
 * arguments; each is replayed, then mutated copies of them for a few seconds
 * (a minute with PLAST_LONG=1). A copy depends on FUZZ_SEED and its number
 * alone, and runs in a child: when one dies or hangs, the input is made once
 * more and kept in a file that the message names. */
#include "tap.h"

#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { INPUTS = 1000, LARGEST = 1 << 16, HANG_SECONDS = 20, CHUNK = 500 };

struct input {
    uint8_t *bytes;
    size_t size;
};

struct corpus {
    struct input at[INPUTS];
    int count;
};

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static size_t below(uint64_t *state, size_t limit)
{
    return limit ? (size_t)(next_random(state) % limit) : 0;
}

static void *get_memory(size_t size)
{
    void *memory = malloc(size ? size : 1);

    if (!memory)
        abort();
    return memory;
}

static void add_file(struct corpus *corpus, const char *path)
{
    FILE *file = fopen(path, "rb");
    struct input *input = &corpus->at[corpus->count];

    if (!file || corpus->count == INPUTS) {
        if (file)
            fclose(file);
        note("not read: %s", path);
        return;
    }
    input->bytes = get_memory(LARGEST);
    input->size = fread(input->bytes, 1, LARGEST, file);
    fclose(file);
    corpus->count++;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order of names: readdir has an order of its own on every machine. */
static void add_directory(struct corpus *corpus, const char *path)
{
    DIR *directory = opendir(path);
    char *name[INPUTS];
    int count = 0;

    if (!directory)
        return;
    for (struct dirent *entry; count < INPUTS && (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        size_t room = strlen(path) + strlen(entry->d_name) + 2;
        name[count] = get_memory(room);
        snprintf(name[count++], room, "%s/%s", path, entry->d_name);
    }
    closedir(directory);
    qsort(name, (size_t)count, sizeof name[0], compare_names);
    for (int i = 0; i < count; i++) {
        add_file(corpus, name[i]);
        free(name[i]);
    }
}

/* fuzz_NAME.t, wherever it stands -> top_srcdir/tests/corpus/NAME */
static void add_own_corpus(struct corpus *corpus, const char *program)
{
    const char *top = getenv("top_srcdir"), *name = strrchr(program, '/');
    char path[4096];

    name = name ? name + 1 : program;
    if (!strncmp(name, "lt-", 3))
        name += 3;
    if (!strncmp(name, "fuzz_", 5))
        name += 5;
    snprintf(path, sizeof path, "%s/tests/corpus/%.*s", top ? top : ".", (int)strcspn(name, "."),
             name);
    add_directory(corpus, path);
}

static void write_number(uint8_t *at, uint64_t value, int bytes, bool big)
{
    for (int i = 0; i < bytes; i++)
        at[big ? bytes - 1 - i : i] = (uint8_t)(value >> (8 * i));
}

/* Numbers at which readers go wrong: the ends of types, and near them. */
static uint64_t pick_number(uint64_t *state)
{
    static const uint64_t edges[] = {0,          1,          0x7f,      0x80,
                                     0xff,       0x7fff,     0xffff,    0x7fffffff,
                                     0x80000000, 0xffffffff, INT64_MAX, UINT64_MAX};

    return edges[below(state, sizeof edges / sizeof edges[0])] + below(state, 3) - 1;
}

static void overwrite_number(struct input *input, uint64_t *state)
{
    int bytes = 1 << below(state, 4);
    uint64_t value = pick_number(state);
    bool big = below(state, 2);

    if (input->size >= (size_t)bytes)
        write_number(input->bytes + below(state, input->size - (size_t)bytes + 1), value, bytes,
                     big);
}

static void remove_range(struct input *input, uint64_t *state)
{
    size_t at = below(state, input->size), count = 1 + below(state, 1 + below(state, 64));

    if (at + count > input->size)
        return;
    memmove(input->bytes + at, input->bytes + at + count, input->size - at - count);
    input->size -= count;
}

/* A piece of `from`, which may be the input itself, goes in at any place. */
static void insert_range(struct input *input, const struct input *from, uint64_t *state)
{
    uint8_t piece[64];
    size_t count = 1 + below(state, sizeof piece), at = below(state, input->size + 1);

    if (from->size < count || input->size + count > LARGEST)
        return;
    memcpy(piece, from->bytes + below(state, from->size - count + 1), count);
    memmove(input->bytes + at + count, input->bytes + at, input->size - at);
    memcpy(input->bytes + at, piece, count);
    input->size += count;
}

static void mutate(struct input *input, const struct corpus *corpus, uint64_t *state)
{
    switch (below(state, 8)) {
    case 0:
        if (input->size)
            input->bytes[below(state, input->size)] ^= (uint8_t)(1 << below(state, 8));
        break;
    case 1:
        if (input->size)
            input->bytes[below(state, input->size)] = (uint8_t)next_random(state);
        break;
    case 2:
        overwrite_number(input, state);
        break;
    case 3:
        remove_range(input, state);
        break;
    case 4:
        insert_range(input, input, state);
        break;
    case 5:
    case 6:
        insert_range(input, &corpus->at[below(state, (size_t)corpus->count)], state);
        break;
    case 7:
        if (!below(state, 4))
            input->size = below(state, input->size + 1);
        break;
    }
}

/* The input with this number; `into` has room for LARGEST bytes. */
static void make_input(const struct corpus *corpus, uint64_t seed, uint64_t number,
                       struct input *into)
{
    uint64_t state = seed * UINT64_C(0xd1342543de82ef95) + number;
    const struct input *from = &corpus->at[below(&state, (size_t)corpus->count)];
    size_t changes = 1 + below(&state, 8);

    memcpy(into->bytes, from->bytes, from->size);
    into->size = from->size;
    while (changes--)
        mutate(into, corpus, &state);
}

/* Exactly as large as the input, so that a sanitizer sees one byte too many. */
static void run_copy(const struct input *input)
{
    uint8_t *copy = get_memory(input->size);

    memcpy(copy, input->bytes, input->size);
    alarm(HANG_SECONDS);
    LLVMFuzzerTestOneInput(copy, input->size);
    alarm(0);
    free(copy);
}

static void keep_input(const struct input *input, const char *program, uint64_t number)
{
    char path[4096];
    const char *name = strrchr(program, '/');
    FILE *file;

    snprintf(path, sizeof path, "%s-%llu.input", name ? name + 1 : program,
             (unsigned long long)number);
    file = fopen(path, "wb");
    if (!file)
        return;
    fwrite(input->bytes, 1, input->size, file);
    fclose(file);
    note("the input is kept in %s", path);
}

/* Runs inputs first .. first + CHUNK - 1 in a child; the number of the one that
 * killed it, or -1. Numbers below the size of the corpus are its files as they are. */
static int64_t run_chunk(const struct corpus *corpus, uint64_t seed, uint64_t first,
                         struct input *scratch, uint64_t *current)
{
    pid_t child;
    int status;

    fflush(stdout);
    child = fork();
    if (child < 0)
        abort();
    if (child == 0) {
        for (*current = first; *current < first + CHUNK; ++*current) {
            bool as_it_is = *current < (uint64_t)corpus->count;
            if (!as_it_is)
                make_input(corpus, seed, *current, scratch);
            run_copy(as_it_is ? &corpus->at[*current] : scratch);
        }
        exit(0); /* not _exit: leaks are looked for on the way out */
    }
    if (waitpid(child, &status, 0) != child)
        abort();
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? -1 : (int64_t)*current;
}

int main(int argc, char **argv)
{
    static struct corpus corpus;
    const char *seed_text = getenv("FUZZ_SEED"), *is_long = getenv("PLAST_LONG");
    uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) : 1, done = 0;
    double seconds = is_long && *is_long == '1' ? 60 : 2;
    struct input scratch = {get_memory(LARGEST), 0};
    uint64_t *current =
        mmap(NULL, sizeof *current, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    time_t start = time(NULL);
    int64_t bad = -1;

    if (current == MAP_FAILED)
        abort();
    for (int i = 1; i < argc; i++)
        add_file(&corpus, argv[i]);
    if (argc == 1)
        add_own_corpus(&corpus, argv[0]);
    if (!ok(corpus.count > 0, "there is a corpus to start from"))
        return tap_done();

    for (; bad < 0 && (done < (uint64_t)corpus.count || difftime(time(NULL), start) < seconds);
         done += CHUNK)
        bad = run_chunk(&corpus, seed, done, &scratch, current);
    if (!ok(bad < 0, "%d files of the corpus and mutations of them, seed %llu", corpus.count,
            (unsigned long long)seed)) {
        note("input %lld ended the program", (long long)bad);
        if (bad >= corpus.count)
            make_input(&corpus, seed, (uint64_t)bad, &scratch);
        keep_input(bad >= corpus.count ? &scratch : &corpus.at[bad], argv[0], (uint64_t)bad);
    }
    note("%llu inputs", (unsigned long long)done);
    for (int i = 0; i < corpus.count; i++)
        free(corpus.at[i].bytes);
    free(scratch.bytes);
    return tap_done();
}
