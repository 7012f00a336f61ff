/* SPDX-License-Identifier: BSD-3-Clause */
/* Works for a while, then hangs: the watchdog (100 ms) is fed five times, then no more. */
#include "crt.h"

static void hang_here(void)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
}

void firmware_main(void)
{
	int i;

	trace_text("hang: feeding the watchdog five times\n");
	services->watchdog(100);
	for (i = 0; i < 5; i++) {
		watchdog_feed();
		services->wait(20000);
	}
	trace_text("hang: hanging\n");
	hang_here();
}
