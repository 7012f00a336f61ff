/* SPDX-License-Identifier: BSD-3-Clause */
/* The watchdog's arithmetic: no clock, no process. */
#ifndef RPROC_HOST_WATCHDOG_H
#define RPROC_HOST_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#define WATCHDOG_MAX_MS (60 * 60 * 1000)
/* A look this late says that the machine slept, not that the firmware hung. */
#define WATCHDOG_LATE_MS 1000

/* Zero it before each boot. */
struct watchdog {
	uint32_t period_ms; /* 0: not armed */
	uint64_t feed;	    /* seen last */
	int64_t deadline;   /* ms; meaningful while armed */
};

/*
 * Look at what the firmware wrote: @period_ms and @feed, read once each.
 * @changed: the firmware rang because it wrote the period
 * Returns true if the watchdog bites.
 */
bool watchdog_look(struct watchdog *watchdog, uint32_t period_ms, uint64_t feed, bool changed,
		   int64_t now);

#endif
