/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns when the crashing examples crash: at the first kick of notify id 0, or
 * before that if they are built with CRASH_ON_START.
 */
#include "crash.h"

#ifndef CRASH_ON_START
static void vector(uint64_t pending)
{
	if (pending & 1) {
		trace_text("crash: kicked\n");
		crash();
	}
}
#endif

void firmware_main(void)
{
#ifdef CRASH_ON_START
	trace_text("crash: now\n");
	crash();
#else
	trace_text("crash: waiting for a kick\n");
	set_vector(vector);
	services->irq_disable();
	while (!shutdown_requested())
		services->wait(UINT64_MAX);
	power_down();
#endif
}
