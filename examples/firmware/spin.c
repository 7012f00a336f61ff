/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spins without ever waiting, so that only an interrupt reaches it. The vector
 * leaves the time of its own entry in control->notifies[1] and counts itself in
 * notifies[0]: whoever kicked reads there how late it was.
 */
#include "crt.h"

static void vector(uint64_t pending)
{
	const uint64_t now = services->clock_ns();

	if (!pending)
		return;
	__atomic_store_n(&control->notifies[1], now, __ATOMIC_RELEASE);
	__atomic_fetch_add(&control->notifies[0], 1, __ATOMIC_RELEASE);
}

void firmware_main(void)
{
	trace_text("spin: spinning\n");
	set_vector(vector);
	services->irq_enable();
	while (!shutdown_requested())
		__asm__ volatile("" ::: "memory");
	power_down();
}
