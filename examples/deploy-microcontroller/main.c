/* Runs the net's self-test on the board, and tells what it took. */
#include "digits_net.h"
#include "semihost.h"

#include <stdint.h>

/* SysTick counts down at the 25 MHz of the board; QEMU runs 5 instructions in a tick, see Makefile.
 */
#define TICKS ((volatile uint32_t *)0xe000e010) /* control, reload, current */
enum { INSTRUCTIONS_EACH_TICK = 5, MOST_TICKS = 0xffffff, STACK_WORDS = 512 };
static const uint32_t paint = 0xc5c5c5c5;

static float scratch[(DIGITS_SCRATCH_BYTES + sizeof(float) - 1) / sizeof(float)];

static void write_number(const char *before, uint32_t number, const char *after)
{
    char text[11], *at = text + 10;
    for (*at = 0; at == text + 10 || number; number /= 10)
        *--at = (char)('0' + number % 10);
    semihost_write(before);
    semihost_write(at);
    semihost_write(after);
}

/* Paints the free part of the stack, below what main itself has. */
static volatile uint32_t *paint_stack(void)
{
    volatile uint32_t *top = (uint32_t *)__builtin_frame_address(0) - 16;
    for (int i = 1; i <= STACK_WORDS; i++)
        top[-i] = paint;
    return top;
}

int main(void)
{
    volatile uint32_t *stack = paint_stack();
    TICKS[1] = MOST_TICKS;
    TICKS[2] = 0;
    TICKS[0] = 5; /* on, by the processor's clock */
    const uint32_t begin = TICKS[2];
    const int wrong = digits_selftest(scratch);
    const uint32_t ticks = (begin - TICKS[2]) & MOST_TICKS;
    int used = STACK_WORDS;
    while (used > 0 && stack[-used] == paint)
        used--;
    if (wrong)
        write_number("self-test: output ", (uint32_t)wrong - 1, " is wrong\n");
    else
        semihost_write("self-test: good\n");
    write_number("constants: ", DIGITS_CONSTANT_BYTES, " bytes\n");
    write_number("scratch: ", DIGITS_SCRATCH_BYTES, " bytes\n");
    write_number("stack: about ", 4 * (uint32_t)(used + 16), " bytes\n");
    write_number("instructions: about ", INSTRUCTIONS_EACH_TICK * ticks, "\n");
    return wrong != 0;
}
