/* The text of the standard definitions, put here by the build. */
#include "ast.h"

const char prelude_text[] = {
#include "prelude.inc"
    0};
const size_t prelude_size = sizeof prelude_text - 1;
