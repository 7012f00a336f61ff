/* SPDX-License-Identifier: BSD-3-Clause */
/* Dies of an instruction that is none: a fatal error. */
#include "crash.h"

void crash(void)
{
#if defined(__x86_64__)
	__asm__ volatile("ud2");
#else
	__asm__ volatile(".inst 0x00000000");
#endif
}
