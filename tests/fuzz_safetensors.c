/* The header of checkpoints: bytes as they would stand in a file. What is accepted must be
 * consistent: sorted names, ranges without gaps from the first byte of the values to the last. */
#include "fuzz_data.h"

#include "../runtime/safetensors.h"

static void check_header(const struct plast_safetensors *file, uint64_t values)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < file->entries; i++) {
        const struct plast_entry *entry = &file->entry[i];
        fuzz_require(entry->begin <= entry->end && entry->end <= values);
        fuzz_require(plast_find_entry(file, entry->name) == entry);
        fuzz_require(i == 0 || strcmp(file->entry[i - 1].name, entry->name) < 0);
        fuzz_require(entry->rank >= 0 && entry->rank <= PLAST_MOST_RANK);
        bytes += entry->end - entry->begin;
    }
    fuzz_require(bytes == values);
    for (size_t i = 0; i < file->pairs; i++)
        fuzz_require(plast_find_metadata(file, file->metadata[i].key) == file->metadata[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct plast_safetensors file;
    struct plast_fault fault = {""};
    uint64_t length;
    int status = plast_header_length("fuzz", bytes, size, &length, &fault);
    if (!status) {
        uint64_t values = size - 8 - length;
        status =
            plast_parse_safetensors(&file, "fuzz", (const char *)bytes + 8, length, values, &fault);
        if (!status) {
            check_header(&file, values);
            plast_free_safetensors(&file);
        }
    }
    if (status)
        fuzz_check_fault(status, &fault);
    return 0;
}
