/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times of round trips and what is to be said of many: the least, the middle, the most.
 * Knows nothing of messages.
 */
#ifndef RPROC_TOOL_ROUND_TRIPS_H
#define RPROC_TOOL_ROUND_TRIPS_H

#include <stddef.h>
#include <stdint.h>

#define ROUND_TRIPS_MAX 100000

struct round_trips {
	size_t count;
	uint32_t ns[ROUND_TRIPS_MAX]; /* later ones are not kept */
};

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t round_trips_now(void);
void round_trips_add(struct round_trips *trips, uint64_t ns);
/* The time that @share of them (0 to 1) do not exceed, in ns; 0 if there is none. Sorts. */
uint32_t round_trips_quantile(struct round_trips *trips, double share);

#endif
