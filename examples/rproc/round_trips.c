/* SPDX-License-Identifier: BSD-3-Clause */
/* Times of round trips, kept one by one: an average would hide the slow ones. */
#include "round_trips.h"

#include <stdlib.h>
#include <time.h>

uint64_t round_trips_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void round_trips_add(struct round_trips *trips, uint64_t ns)
{
	if (trips->count < ROUND_TRIPS_MAX)
		trips->ns[trips->count++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

static int compare(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

uint32_t round_trips_quantile(struct round_trips *trips, double share)
{
	if (!trips->count)
		return 0;
	qsort(trips->ns, trips->count, sizeof(trips->ns[0]), compare);
	return trips->ns[(size_t)(share * (double)(trips->count - 1))];
}
