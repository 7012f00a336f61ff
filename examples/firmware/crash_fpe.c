/* SPDX-License-Identifier: BSD-3-Clause */
/* Dies of a division by zero where the instruction set traps it: a fatal error. */
#include "crash.h"

void crash(void)
{
#if defined(__x86_64__)
	__asm__ volatile("xor %%edx, %%edx\n\tmov $1, %%eax\n\txor %%ecx, %%ecx\n\tdiv %%ecx" ::
				 : "eax", "ecx", "edx");
#else
	services->exit(8, "this instruction set does not trap a division by zero");
#endif
}
