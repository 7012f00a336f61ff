/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the rule when a watchdog bites: no new feed within one period. Knows no
 * clock and no process, so that its test needs neither.
 */
#include "watchdog.h"

bool watchdog_look(struct watchdog *watchdog, uint32_t period_ms, uint64_t feed, bool changed,
		   int64_t now)
{
	const bool fed = feed != watchdog->feed;
	int64_t late;

	if (period_ms > WATCHDOG_MAX_MS)
		period_ms = WATCHDOG_MAX_MS;
	if (!period_ms) {
		watchdog->period_ms = 0;
		return false;
	}
	late = now - watchdog->deadline;
	if (!changed && period_ms == watchdog->period_ms) {
		if (late < 0)
			return false;
		if (!fed && late <= WATCHDOG_LATE_MS)
			return true;
	}
	watchdog->period_ms = period_ms;
	watchdog->feed = feed;
	watchdog->deadline = now + period_ms;
	return false;
}
