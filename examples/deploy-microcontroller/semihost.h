/* What a debugger, or QEMU, does for a program on the board when that asks by a breakpoint. */
#ifndef SEMIHOST_H
#define SEMIHOST_H

void semihost_write(const char *text);
void semihost_exit(int status);

#endif
