/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The example to begin with: says hello in its trace, feeds the watchdog, counts
 * the kicks of each notify id, and stops when it is asked to.
 */
#include "crt.h"

#define WATCHDOG_MS 2000
#define FEED_US	    500000

static uint64_t seen[RPROC_HOST_VQS];

/* A kick: the pending bits say where to look, the counters how often it rang. */
static void vector(uint64_t pending)
{
	uint64_t count;
	uint32_t id;

	for (; pending; pending &= pending - 1) {
		id = (uint32_t)__builtin_ctzll(pending);
		count = __atomic_load_n(&control->kicks[id], __ATOMIC_ACQUIRE);
		if (count == seen[id])
			continue;
		trace_text("kick ");
		trace_number(id);
		trace_text(": ");
		trace_number(count);
		trace_text(" so far\n");
		seen[id] = count;
		services->notify(id);
	}
}

void firmware_main(void)
{
	trace_text("hello from the host processor, boot ");
	trace_number(control->boot);
	trace_text("\n");
	set_vector(vector);
	services->watchdog(WATCHDOG_MS);
	services->irq_disable();
	while (!shutdown_requested()) {
		watchdog_feed();
		services->wait(FEED_US);
	}
	trace_text("shutdown requested, good bye\n");
	power_down();
}
