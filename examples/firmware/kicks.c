/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts kicks: adds up, per notify id, what each interrupt brought, from the
 * counters alone. The sums are in control->notifies, the number of interrupts
 * in notifies[RPROC_HOST_VQS - 1].
 */
#include "crt.h"

static uint64_t seen[RPROC_HOST_VQS];

static void vector(uint64_t pending)
{
	uint64_t count;
	uint32_t id;

	__atomic_fetch_add(&control->notifies[RPROC_HOST_VQS - 1], 1, __ATOMIC_RELAXED);
	for (; pending; pending &= pending - 1) {
		id = (uint32_t)__builtin_ctzll(pending);
		count = __atomic_load_n(&control->kicks[id], __ATOMIC_ACQUIRE);
		__atomic_fetch_add(&control->notifies[id], count - seen[id], __ATOMIC_RELEASE);
		seen[id] = count;
	}
}

void firmware_main(void)
{
	trace_text("kicks: counting\n");
	set_vector(vector);
	services->irq_disable();
	while (!shutdown_requested())
		services->wait(UINT64_MAX);
	power_down();
}
