/* The little of JSON that a header of a safetensors file needs: blanks, marks, strings, whole
 * numbers. No recursion: what nests is decided by the caller. */
#include "safetensors.h"

#include <string.h>

bool plast_json_wrong(struct plast_json *json, const char *expected)
{
    long long at = json->at - json->start + 8;
    if (json->at == json->end)
        plast_fail(json->fault, PLAST_STATUS_FILE,
                   "%s: the header ends at byte %lld where %s was expected", json->name, at,
                   expected);
    else
        plast_fail(json->fault, PLAST_STATUS_FILE, "%s: byte %lld: %s was expected", json->name, at,
                   expected);
    return false;
}

static void pass_blanks(struct plast_json *json)
{
    while (json->at < json->end && memchr(" \t\r\n", *json->at, 4))
        json->at++;
}

bool plast_json_sees(struct plast_json *json, char wanted)
{
    pass_blanks(json);
    return json->at < json->end && *json->at == wanted;
}

bool plast_json_pass(struct plast_json *json, char wanted)
{
    char expected[] = {'\'', wanted, '\'', 0};
    if (!plast_json_sees(json, wanted))
        return plast_json_wrong(json, expected);
    json->at++;
    return true;
}

/* Four hexadecimal digits. */
static bool read_unit(struct plast_json *json, unsigned *unit)
{
    static const char digit[] = "0123456789abcdef0123456789ABCDEF";
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        const char *found = json->at < json->end ? memchr(digit, *json->at, 32) : NULL;
        if (!found)
            return plast_json_wrong(json, "a hexadecimal digit");
        *unit = *unit << 4 | (unsigned)((found - digit) & 15);
        json->at++;
    }
    return true;
}

static char *write_utf8(char *to, unsigned point)
{
    if (point < 0x80) {
        *to++ = (char)point;
    } else if (point < 0x800) {
        *to++ = (char)(0xc0 | point >> 6);
        *to++ = (char)(0x80 | (point & 63));
    } else if (point < 0x10000) {
        *to++ = (char)(0xe0 | point >> 12);
        *to++ = (char)(0x80 | (point >> 6 & 63));
        *to++ = (char)(0x80 | (point & 63));
    } else {
        *to++ = (char)(0xf0 | point >> 18);
        *to++ = (char)(0x80 | (point >> 12 & 63));
        *to++ = (char)(0x80 | (point >> 6 & 63));
        *to++ = (char)(0x80 | (point & 63));
    }
    return to;
}

/* What stands behind "\u": one unit, or two that make a pair. */
static bool read_point(struct plast_json *json, unsigned *point)
{
    unsigned low;
    if (!read_unit(json, point))
        return false;
    if (*point >= 0xdc00 && *point < 0xe000)
        return plast_json_wrong(json, "the first half of a pair");
    if (*point >= 0xd800 && *point < 0xdc00) {
        if (json->end - json->at < 2 || json->at[0] != '\\' || json->at[1] != 'u')
            return plast_json_wrong(json, "the second half of a pair");
        json->at += 2;
        if (!read_unit(json, &low))
            return false;
        if (low < 0xdc00 || low >= 0xe000)
            return plast_json_wrong(json, "the second half of a pair");
        *point = 0x10000 + ((*point - 0xd800) << 10) + (low - 0xdc00);
    }
    return *point != 0 || plast_json_wrong(json, "a character other than NUL");
}

/* One escape, decoded; it is never shorter than what it stands for. */
static char *read_escape(struct plast_json *json, char *to)
{
    static const char letter[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
    unsigned point;
    const char *found = json->at < json->end ? memchr(letter, *json->at, sizeof letter - 1) : NULL;
    if (found) {
        json->at++;
        *to = meaning[found - letter];
        return to + 1;
    }
    if (json->at == json->end || *json->at != 'u') {
        plast_json_wrong(json, "an escape");
        return NULL;
    }
    json->at++;
    return read_point(json, &point) ? write_utf8(to, point) : NULL;
}

char *plast_json_string(struct plast_json *json)
{
    if (!plast_json_sees(json, '"')) {
        plast_json_wrong(json, "a string");
        return NULL;
    }
    char *first = ++json->at, *to = first;
    while (json->at < json->end && *json->at != '"') {
        if ((unsigned char)*json->at < 0x20) {
            plast_json_wrong(json, "no control character");
            return NULL;
        }
        if (*json->at != '\\') {
            *to++ = *json->at++;
            continue;
        }
        json->at++;
        to = read_escape(json, to);
        if (!to)
            return NULL;
    }
    if (json->at == json->end) {
        plast_json_wrong(json, "the end of a string");
        return NULL;
    }
    json->at++;
    *to = 0;
    return first;
}

bool plast_json_integer(struct plast_json *json, int64_t *number)
{
    pass_blanks(json);
    char *first = json->at;
    *number = 0;
    while (json->at < json->end && *json->at >= '0' && *json->at <= '9') {
        int digit = *json->at - '0';
        if (*number > (INT64_MAX - digit) / 10)
            return plast_json_wrong(json, "a number below 2^63");
        *number = *number * 10 + digit;
        json->at++;
    }
    if (json->at == first || (*first == '0' && json->at - first > 1))
        return plast_json_wrong(json, "a whole number");
    return true;
}
