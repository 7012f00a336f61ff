/* SPDX-License-Identifier: BSD-3-Clause */
/* Dies of a system call (getpid) that a processor has no business with: a fatal error. */
#include "crash.h"

void crash(void)
{
#if defined(__x86_64__)
	long number = 39;

	__asm__ volatile("syscall" : "+a"(number)::"rcx", "r11", "memory");
#else
	register long number __asm__("x8") = 172;

	__asm__ volatile("svc #0" ::"r"(number) : "x0", "memory");
#endif
}
