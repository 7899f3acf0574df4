/* events:DIR: finds lists and recordings in a folder, in the layout of lists with numbers and
 * classes or in that of N-MNIST as published, and reads them into sets. */
#include "events.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LONGEST = 4096 };

/* Names in a folder, sorted, without those that begin with a dot. */
struct names {
    char **at;
    int64_t count, room;
};

static void free_names(struct names *names)
{
    for (int64_t i = 0; i < names->count; i++)
        free(names->at[i]);
    free(names->at);
    *names = (struct names){0};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_name(struct names *names, const char *name)
{
    if (names->count == names->room) {
        int64_t room = names->room ? names->room * 2 : 64;
        char **grown = realloc(names->at, (size_t)room * sizeof *grown);
        if (!grown)
            return false;
        names->at = grown;
        names->room = room;
    }
    char *copy = malloc(strlen(name) + 1);
    if (copy)
        names->at[names->count++] = strcpy(copy, name);
    return copy != NULL;
}

static int list_folder(struct names *names, const char *folder, const struct plast_request *request)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    bool room = true;
    if (!directory)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: %s", folder, strerror(errno));
    while (room && (entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            room = add_name(names, entry->d_name);
    closedir(directory);
    if (names->count)
        qsort(names->at, (size_t)names->count, sizeof *names->at, compare_names);
    return room ? 0
                : plast_fail(request->fault, PLAST_STATUS_FILE, "%s: no memory to list it", folder);
}

static bool is_folder(const char *path)
{
    struct stat status;
    return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static bool exists(const char *path)
{
    struct stat status;
    return !stat(path, &status);
}

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && !strcmp(name + length - tail, ending);
}

static char *copy_text(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

/* DIR/N.bs2, DIR/N.bin or the same in a folder within; false if it is in none. */
static bool find_recording(char *path, const char *folder, const struct names *names,
                           int64_t number)
{
    static const char *const ending[] = {"bs2", "bin"};
    for (int64_t i = -1; i < names->count; i++)
        for (int e = 0; e < 2; e++) {
            int length =
                i < 0 ? snprintf(path, LONGEST, "%s/%" PRId64 ".%s", folder, number, ending[e])
                      : snprintf(path, LONGEST, "%s/%s/%" PRId64 ".%s", folder, names->at[i],
                                 number, ending[e]);
            if (length < LONGEST && exists(path))
                return true;
        }
    return false;
}

static int find_recordings(struct plast_recordings *list, const char *folder, const char *name,
                           const struct names *names, const struct plast_request *request)
{
    char path[LONGEST];
    struct names folders = {0};
    bool room = true;
    int status = 0;
    for (int64_t i = 0; i < names->count && room; i++)
        if (snprintf(path, sizeof path, "%s/%s", folder, names->at[i]) < LONGEST && is_folder(path))
            room = add_name(&folders, names->at[i]);
    for (int64_t i = 0; i < list->count && room && !status; i++) {
        struct plast_recording *recording = &list->at[i];
        if (!find_recording(path, folder, &folders, recording->number))
            status =
                plast_fail(request->fault, PLAST_STATUS_FILE,
                           "%s: line %" PRId64 ": there is no %" PRId64 ".bs2 or %" PRId64
                           ".bin in %s or a folder in it",
                           name, recording->line, recording->number, recording->number, folder);
        else
            room = (recording->path = copy_text(path)) != NULL;
    }
    free_names(&folders);
    return room ? status
                : plast_fail(request->fault, PLAST_STATUS_FILE, "%s: no memory for its entries",
                             name);
}

/* The one name that begins with `part` and ends in .txt. */
static int find_list(char *path, const char *folder, const char *part, const struct names *names,
                     const struct plast_request *request)
{
    const char *found = NULL;
    for (int64_t i = 0; i < names->count; i++) {
        const char *name = names->at[i];
        if (strncmp(name, part, strlen(part)) || !ends_with(name, ".txt"))
            continue;
        if (found)
            return plast_fail(request->fault, PLAST_STATUS_FILE,
                              "%s: holds %s and %s: one list of that kind is expected", folder,
                              found, name);
        found = name;
    }
    if (!found)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: holds no list %s*.txt of numbers and classes, and no folders Train"
                          " and Test",
                          folder, part);
    if (snprintf(path, LONGEST, "%s/%s", folder, found) >= LONGEST)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: the name is too long", folder);
    return 0;
}

static int read_list(struct plast_recordings *list, const char *folder, const char *part,
                     const struct names *names, const struct plast_request *request)
{
    char path[LONGEST];
    struct plast_stream stream;
    int status = find_list(path, folder, part, names, request);
    if (!status)
        status = plast_stream_open(&stream, path, request->fault);
    if (status)
        return status;
    status = plast_read_event_list(list, &stream, request);
    plast_stream_close(&stream);
    return status ? status : find_recordings(list, folder, path, names, request);
}

static int add_class(struct plast_recordings *list, const char *folder, int32_t label,
                     const struct plast_request *request)
{
    char path[LONGEST];
    struct names names = {0};
    int status = list_folder(&names, folder, request);
    for (int64_t i = 0; i < names.count && !status; i++) {
        if (!ends_with(names.at[i], ".bin") && !ends_with(names.at[i], ".bs2"))
            continue;
        if (snprintf(path, sizeof path, "%s/%s", folder, names.at[i]) >= LONGEST) {
            status =
                plast_fail(request->fault, PLAST_STATUS_FILE, "%s: the name is too long", folder);
            break;
        }
        struct plast_recording *recording = plast_add_recording(list);
        if (!recording || !(recording->path = copy_text(path)))
            status = plast_fail(request->fault, PLAST_STATUS_FILE, "%s: no memory for its entries",
                                folder);
        else
            recording->label = label;
    }
    free_names(&names);
    return status;
}

/* By file name first: the numbers run through all classes, and the first N samples are to hold
 * all of them. */
static int compare_recordings(const void *a, const void *b)
{
    const struct plast_recording *x = a, *y = b;
    int order = strcmp(strrchr(x->path, '/'), strrchr(y->path, '/'));
    return order ? order : (x->label > y->label) - (x->label < y->label);
}

/* FOLDER/CLASS/NNNNN.bin. */
static int list_classes(struct plast_recordings *list, const char *folder,
                        const struct plast_request *request)
{
    char path[LONGEST];
    struct names names = {0};
    int status = list_folder(&names, folder, request);
    for (int64_t i = 0; i < names.count && !status; i++) {
        size_t length = strlen(names.at[i]);
        if (length > 9 || strspn(names.at[i], "0123456789") < length ||
            snprintf(path, sizeof path, "%s/%s", folder, names.at[i]) >= LONGEST ||
            !is_folder(path))
            continue;
        int64_t label = strtol(names.at[i], NULL, 10);
        status = plast_check_label(label, list->count, path, "its name", request);
        if (!status)
            status = add_class(list, path, (int32_t)label, request);
    }
    free_names(&names);
    if (!status && !list->count)
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: holds no recordings: CLASS/NUMBER.bin is expected", folder);
    if (!status)
        qsort(list->at, (size_t)list->count, sizeof *list->at, compare_recordings);
    return status;
}

static int read_recordings(struct plast_data *data, const struct plast_recordings *list,
                           const char *folder, const struct plast_request *request)
{
    int status = plast_new_frames(data, list->count, folder, request);
    for (int64_t i = 0; i < list->count && !status; i++) {
        struct plast_stream stream;
        data->labels[i] = list->at[i].label;
        status = plast_stream_open(&stream, list->at[i].path, request->fault);
        if (status)
            break;
        status = plast_read_events(data->bytes + i * data->inputs, &stream, request);
        plast_stream_close(&stream);
    }
    return status;
}

static int read_set(struct plast_data *data, const char *folder, bool test,
                    const struct names *names, const struct plast_request *request)
{
    char path[LONGEST];
    struct plast_recordings list = {0};
    bool published =
        snprintf(path, sizeof path, "%s/%s", folder, test ? "Test" : "Train") < LONGEST &&
        is_folder(path);
    int status = published ? list_classes(&list, path, request)
                           : read_list(&list, folder, test ? "test" : "train", names, request);
    if (!status)
        status = read_recordings(data, &list, folder, request);
    plast_free_recordings(&list);
    return status;
}

int plast_open_events(struct plast_split *split, const char *folder,
                      const struct plast_request *request)
{
    struct names names = {0};
    if (!*folder)
        return plast_fail(request->fault, PLAST_STATUS_USAGE, "events: expected events:DIR");
    int status = plast_check_event_input(request);
    if (!status)
        status = list_folder(&names, folder, request);
    if (!status && request->purpose == PLAST_FOR_TRAIN)
        status = read_set(&split->train, folder, false, &names, request);
    if (!status)
        status = read_set(&split->test, folder, true, &names, request);
    free_names(&names);
    return status;
}
