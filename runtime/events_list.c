/* Lists of recordings: lines of a number and a class. Takes a stream, gives entries. */
#include "events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_ROOM = 64, MOST_DIGITS = 9 };

struct plast_recording *plast_add_recording(struct plast_recordings *list)
{
    if (list->count == list->room) {
        int64_t room = list->room ? list->room * 2 : FIRST_ROOM;
        struct plast_recording *grown = realloc(list->at, (size_t)room * sizeof *grown);
        if (!grown)
            return NULL;
        list->at = grown;
        list->room = room;
    }
    list->at[list->count] = (struct plast_recording){0};
    return &list->at[list->count++];
}

void plast_free_recordings(struct plast_recordings *list)
{
    for (int64_t i = 0; i < list->count; i++)
        free(list->at[i].path);
    free(list->at);
    *list = (struct plast_recordings){0};
}

static const uint8_t *skip_blanks(const uint8_t *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r')
        at++;
    return at;
}

/* A number of at most nine digits and the blanks behind it; NULL if there is none. */
static const uint8_t *read_number(const uint8_t *at, int64_t *number)
{
    const uint8_t *begin = at;
    for (*number = 0; *at >= '0' && *at <= '9'; at++) {
        if (at - begin == MOST_DIGITS)
            return NULL;
        *number = *number * 10 + (*at - '0');
    }
    return at > begin ? skip_blanks(at) : NULL;
}

static int add_line(struct plast_recordings *list, const uint8_t *at, int64_t line,
                    const struct plast_stream *s, const struct plast_request *request)
{
    int64_t number, label;
    char place[40];
    snprintf(place, sizeof place, "line %" PRId64, line);
    at = read_number(at, &number);
    at = at ? read_number(at, &label) : NULL;
    if (!at || (*at != '\n' && *at))
        return plast_fail(request->fault, PLAST_STATUS_FILE,
                          "%s: %s: expected the number of a recording and its class", s->name,
                          place);
    int status = plast_check_label(label, list->count, s->name, place, request);
    if (status)
        return status;
    struct plast_recording *recording = plast_add_recording(list);
    if (!recording)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: no memory for its entries",
                          s->name);
    recording->number = number;
    recording->line = line;
    recording->label = (int32_t)label;
    return 0;
}

/* A line that is empty or begins with '#' is passed over. */
static int read_lines(struct plast_recordings *list, const uint8_t *text, const uint8_t *end,
                      const struct plast_stream *s, const struct plast_request *request)
{
    int64_t line = 1;
    for (const uint8_t *at = text; at < end; at++, line++) {
        const uint8_t *begin = skip_blanks(at);
        int status = begin >= end || *begin == '#' || *begin == '\n'
                         ? 0
                         : add_line(list, begin, line, s, request);
        if (status)
            return status;
        while (at < end && *at != '\n')
            at++;
    }
    if (!list->count)
        return plast_fail(request->fault, PLAST_STATUS_FILE, "%s: names no recording", s->name);
    return 0;
}

int plast_read_event_list(struct plast_recordings *list, struct plast_stream *s,
                          const struct plast_request *request)
{
    uint8_t *text;
    size_t size;
    int status = plast_stream_take(s, UINT64_MAX, &text, &size, request->fault);
    if (status)
        return status;
    status = read_lines(list, text, text + size, s, request);
    free(text);
    return status;
}
