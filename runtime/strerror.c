/* A sentence for each result of a generated function. */
#include "plast.h"

const char *plast_strerror(int code)
{
    switch (code) {
    case PLAST_OK:
        return "no error";
    case PLAST_E_MEMORY:
        return "the block of memory is too small or not aligned to 64 bytes";
    case PLAST_E_ARGUMENT:
        return "the number of samples is 0 or above the batch, or a pointer is NULL";
    case PLAST_E_LABEL:
        return "a label is not one of the classes";
    case PLAST_E_NUMBER:
        return "the loss is infinite or not a number";
    }
    return "unknown error";
}
