/* The self-test of a deployed net as a program, hosted or on a board: 0 if it is good, else the
 * number of the first wrong output; 99 if it wrote beyond the scratch memory that it asks for.
 * Built with -DHEADER='"net.h"' -DNET(x)=net_##x -DUPPER(x)=NET_##x and -DNET_SELFTEST. */
#include HEADER

enum { GUARD = 64 };

static union {
    float aligned;
    unsigned char bytes[UPPER(SCRATCH_BYTES) + GUARD];
} scratch;

int main(void)
{
    for (unsigned i = 0; i < sizeof scratch.bytes; i++)
        scratch.bytes[i] = 0xff;
    int wrong = NET(selftest)(scratch.bytes);
    for (unsigned i = UPPER(SCRATCH_BYTES); i < sizeof scratch.bytes; i++)
        if (scratch.bytes[i] != 0xff)
            return 99;
    return wrong;
}
