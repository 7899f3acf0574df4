/* A misspelt name and the names that would have been right go in, the one that
 * was probably meant comes out. */
#include "diag.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 64 }; /* nobody misspells longer names by a letter */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edit distance where swapping two neighbours is one edit; rows of the usual
 * table, of which three are alive at a time. */
static unsigned edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned row[3][LONGEST + 1];
    for (unsigned j = 0; j <= m; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned change = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
            now[j] = least(up[j - 1] + change, least(up[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], up2[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

const char *nearest_name(const char *name, const char *const *names, size_t count)
{
    size_t size = strlen(name);
    if (size > LONGEST)
        return NULL;
    /* Up to a third of the letters may be wrong; a single letter is never enough to tell. */
    unsigned limit = size < 2 ? 0 : least((unsigned)size / 3 + (size < 3), 3);
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(names[i]);
        if (other > LONGEST || other < 2 || (size > other ? size - other : other - size) > limit)
            continue;
        unsigned distance = edit_distance(name, size, names[i], other);
        if (distance > limit)
            continue;
        best = names[i];
        if (!distance)
            break;
        limit = distance - 1; /* only a nearer one replaces it: the first of equals stays */
    }
    return best;
}
