/* From reset to main: variables get their first values, and what main returns is the status. Relies
 * on the names that mps2.ld gives the ends of sections. */
#include "semihost.h"

#include <stdint.h>

extern uint32_t data_begin[], data_end[], bss_begin[], bss_end[], stack_top[];
extern const uint32_t data_image[];

int main(void);
void reset(void);

void reset(void)
{
    const uint32_t *from = data_image;
    for (volatile uint32_t *to = data_begin; to != data_end; to++)
        *to = *from++;
    for (volatile uint32_t *to = bss_begin; to != bss_end; to++)
        *to = 0;
    semihost_exit(main());
}

static void fault(void)
{
    semihost_write("fault\n");
    semihost_exit(70);
}

union vector {
    uint32_t *stack;
    void (*handler)(void);
};
/* The stack, then what runs at reset and at the exceptions that this program can raise. */
__attribute__((section(".vectors"), used)) static const union vector vectors[16] = {
    {stack_top},        {.handler = reset}, {.handler = fault}, {.handler = fault},
    {.handler = fault}, {.handler = fault}, {.handler = fault},
};
