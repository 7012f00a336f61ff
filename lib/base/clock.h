/* SPDX-License-Identifier: BSD-3-Clause */
/* Times, and waits with a deadline that no change of the date disturbs. */
#ifndef RPROC_BASE_CLOCK_H
#define RPROC_BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

static inline int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A condition whose deadlines are clock_deadline()'s. */
static inline void clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

/* In @ms from now. */
static inline void clock_deadline(struct timespec *ret_when, unsigned int ms)
{
	clock_gettime(CLOCK_MONOTONIC, ret_when);
	ret_when->tv_sec += ms / 1000;
	ret_when->tv_nsec += ms % 1000 * 1000000L;
	if (ret_when->tv_nsec >= 1000000000L) {
		ret_when->tv_nsec -= 1000000000L;
		ret_when->tv_sec++;
	}
}

#endif
