/* The reader of safetensors headers: what is right is read as it stands, what is wrong is refused
 * in words that say where and why. */
#include "tap.h"

#include "../runtime/safetensors.h"

#include <stdlib.h>
#include <string.h>

static struct plast_safetensors file;
static struct plast_fault fault;

static int parse(const char *text, uint64_t values)
{
    fault.text[0] = 0;
    return plast_parse_safetensors(&file, "FILE", text, strlen(text), values, &fault);
}

static void accepts(const char *what, const char *text, uint64_t values)
{
    int status = parse(text, values);
    if (!ok(status == 0, "%s", what))
        note("%s", fault.text);
    plast_free_safetensors(&file);
}

static void refuses(const char *pattern, const char *text, uint64_t values)
{
    int status = parse(text, values);
    if (!ok(status == PLAST_STATUS_FILE && strstr(fault.text, pattern) &&
                !strncmp(fault.text, "FILE: ", 6),
            "refused: %s", pattern))
        note("status %d: %s", status, fault.text);
    plast_free_safetensors(&file);
}

static void test_contents(void)
{
    const char *text = "{\"__metadata__\": {\"k\": \"v\", \"line\\n\\u00e9\\ud83d\\ude00\": \"\"}, "
                       "\"b\" : {\"data_offsets\":[0,24],\"shape\":[2,3],\"dtype\":\"F32\"},\n"
                       "\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[24,25]}}   ";
    if (!ok(parse(text, 25) == 0, "two tensors and metadata"))
        note("%s", fault.text);
    const struct plast_entry *b = plast_find_entry(&file, "b");
    ok(b && b->rank == 2 && b->shape[0] == 2 && b->shape[1] == 3 && b->begin == 0 && b->end == 24,
       "a tensor's shape and place");
    ok(b && !strcmp(b->type, "F32"), "its type");
    const struct plast_entry *a = plast_find_entry(&file, "a");
    ok(a && a->rank == 0 && a->begin == 24, "a scalar");
    ok(!plast_find_entry(&file, "c"), "no other");
    const char *v = plast_find_metadata(&file, "k");
    ok(v && !strcmp(v, "v"), "metadata");
    v = plast_find_metadata(&file, "line\n\xc3\xa9\xf0\x9f\x98\x80");
    ok(v && !*v, "escapes");
    ok(!plast_find_metadata(&file, "l"), "no other key");
    ok(file.data == strlen(text) + 8, "where the values begin");
    plast_free_safetensors(&file);
}

#define TENSOR(name, type, shape, offsets)                                                         \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":[" shape "],\"data_offsets\":[" offsets "]}"

static void test_accepted(void)
{
    accepts("nothing", "{}", 0);
    accepts("an empty tensor", "{" TENSOR("a", "F64", "0,5", "0,0") "}", 0);
    accepts("an empty tensor of a huge shape",
            "{" TENSOR("a", "F64", "9223372036854775807,9223372036854775807,0", "0,0") "}", 0);
    accepts("an empty tensor between others",
            "{" TENSOR("a", "U8", "4", "0,4") "," TENSOR("b", "U8", "0", "4,4") "," TENSOR(
                "c", "BF16", "2", "4,8") "}",
            8);
    accepts("eight dimensions", "{" TENSOR("a", "I8", "1,1,1,1,1,1,1,3", "0,3") "}", 3);
}

static void test_ranges(void)
{
    refuses("there is a gap", "{" TENSOR("a", "U8", "4", "4,8") "}", 8);
    refuses("there is a gap",
            "{" TENSOR("a", "U8", "4", "0,4") "," TENSOR("b", "U8", "4", "5,9") "}", 9);
    refuses("overlap", "{" TENSOR("a", "U8", "4", "0,4") "," TENSOR("b", "U8", "4", "0,4") "}", 8);
    refuses("overlap", "{" TENSOR("a", "U8", "4", "0,4") "," TENSOR("b", "U8", "4", "3,7") "}", 8);
    refuses("end behind the end", "{" TENSOR("a", "U8", "4", "0,4") "}", 3);
    refuses("2 bytes at the end belong to no tensor", "{" TENSOR("a", "U8", "4", "0,4") "}", 6);
    refuses("5 bytes at the end", "{}", 5);
    refuses("a: data_offsets are not as long", "{" TENSOR("a", "F32", "4", "0,4") "}", 4);
    refuses("a: data_offsets are not as long", "{" TENSOR("a", "U8", "4", "4,0") "}", 4);
    refuses("a: data_offsets are not as long",
            "{" TENSOR("a", "F32", "4611686018427387904,4", "0,0") "}", 0);
    refuses("a: data_offsets are not as long",
            "{" TENSOR("a", "F32", "65536,65536,65536,65536", "0,0") "}", 0);
    refuses("a number below 2^63", "{" TENSOR("a", "U8", "9223372036854775808", "0,4") "}", 4);
}

static void test_entries(void)
{
    refuses("a: is there twice",
            "{" TENSOR("a", "U8", "4", "0,4") "," TENSOR("a", "U8", "4", "4,8") "}", 8);
    refuses("a: has a dtype that is not known", "{" TENSOR("a", "F33", "4", "0,4") "}", 4);
    refuses("more than 8 dimensions", "{" TENSOR("a", "U8", "1,1,1,1,1,1,1,1,1", "0,1") "}", 1);
    refuses("a: lacks one of", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1);
    refuses("a: lacks one of", "{\"a\":{}}", 1);
    refuses("a: says something twice", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 1);
    refuses("a: has a key other than", "{\"a\":{\"dtypo\":\"U8\"}}", 1);
    refuses("a control character", "{" TENSOR("a\\u001b[2J", "U8", "4", "0,4") "}", 4);
    refuses("a key twice", "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0);
    refuses("__metadata__ is there twice",
            "{\"__metadata__\":{\"k\":\"1\"},\"__metadata__\":{\"l\":\"2\"}}", 0);
}

static void test_syntax(void)
{
    refuses("where '{' was expected", "", 0);
    refuses("byte 8: '{' was expected", "[]", 0);
    refuses("byte 9: a string was expected", "{1}", 0);
    refuses("the end of a string was expected", "{\"a", 0);
    refuses("':' was expected", "{\"a\"}", 0);
    refuses("a string was expected", "{" TENSOR("a", "U8", "4", "0,4") ",}", 4);
    refuses("',' was expected", "{" TENSOR("a", "U8", "4", "0,4") TENSOR("b", "U8", "0", "4,4") "}",
            4);
    refuses("nothing but blanks was expected", "{}{}", 0);
    refuses("a whole number was expected", "{" TENSOR("a", "U8", "-4", "0,4") "}", 4);
    refuses("a whole number was expected", "{" TENSOR("a", "U8", "04", "0,4") "}", 4);
    refuses("was expected", "{" TENSOR("a", "U8", "4.0", "0,4") "}", 4);
    refuses("was expected", "{" TENSOR("a", "U8", "4,", "0,4") "}", 4);
    refuses("was expected", "{" TENSOR("a", "U8", "[4]", "0,4") "}", 4);
    refuses("a string was expected", "{\"__metadata__\":{\"k\":1}}", 0);
    refuses("no control character", "{\"a\nb\":{}}", 0);
    refuses("an escape was expected", "{\"a\\x\":{}}", 0);
    refuses("a hexadecimal digit", "{\"a\\u00g0\":{}}", 0);
    refuses("the second half of a pair", "{\"a\\ud83d\":{}}", 0);
    refuses("the first half of a pair", "{\"a\\ude00\":{}}", 0);
    refuses("a character other than NUL", "{\"a\\u0000\":{}}", 0);
}

/* A header nested as deep as it is long must not use the stack. */
static void test_depth(void)
{
    size_t length = 1 << 20;
    char *text = malloc(length + 1);
    if (!text)
        return;
    memset(text, '{', length);
    text[length] = 0;
    refuses("a string was expected", text, 0);
    memset(text, '[', length);
    memcpy(text, "{\"a\":{\"shape\":", 14);
    refuses("a whole number was expected", text, 0);
    free(text);
}

static void test_length(void)
{
    unsigned char bytes[8] = {2};
    uint64_t length = 0;
    ok(!plast_header_length("FILE", bytes, 10, &length, &fault) && length == 2, "a length");
    ok(plast_header_length("FILE", bytes, 9, &length, &fault) &&
           strstr(fault.text, "claim a header of 2 bytes; 1 are there"),
       "a length above the file's");
    ok(plast_header_length("FILE", bytes, 7, &length, &fault) && strstr(fault.text, "has 7 bytes"),
       "no length");
    memset(bytes, 255, 8);
    ok(plast_header_length("FILE", bytes, UINT64_MAX, &length, &fault) &&
           strstr(fault.text, "claim a header of 18446744073709551615"),
       "the largest length");
}

int main(void)
{
    test_contents();
    test_accepted();
    test_ranges();
    test_entries();
    test_syntax();
    test_depth();
    test_length();
    return tap_done();
}
