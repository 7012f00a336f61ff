/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each example firmware begins with: its entry point on a stack of its own,
 * a trace buffer with a resource table that announces it, and a few helpers. No
 * libc. Knows the host processor's header only.
 */
#ifndef EXAMPLE_CRT_H
#define EXAMPLE_CRT_H

#include <host_firmware.h>
#include <librproc/resource_table.h>

#define TRACE_LEN 4096

extern char trace_buffer[TRACE_LEN];
extern struct rproc_host_control *control;
extern const struct rproc_host_services *services;

/* Each example provides this one; returning from it ends the firmware. */
void firmware_main(void);

/* Append to the trace. When it is full it starts again at its beginning. */
void trace_text(const char *text);
void trace_number(uint64_t value);

/* The usual duties: wake up, feed the watchdog, until the host asks to stop. */
static inline int shutdown_requested(void)
{
	return __atomic_load_n(&control->shutdown_request, __ATOMIC_ACQUIRE) != 0;
}

static inline void watchdog_feed(void)
{
	__atomic_fetch_add(&control->watchdog_feed, 1, __ATOMIC_RELAXED);
}

static inline void set_vector(void (*vector)(uint64_t pending))
{
	__atomic_store_n(&control->vector, (uint64_t)(uintptr_t)vector, __ATOMIC_RELEASE);
}

/* Acknowledge the shutdown and wait for the power to go. */
_Noreturn void power_down(void);

#endif
