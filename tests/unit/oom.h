/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process's allocator, made to fail at will: linked into a test it takes the
 * place of malloc and its family for everybody in the process, the C library,
 * libelf and libevent included. Counts what was allocated while it was armed and is
 * still out. A thread that is made counts as an allocation. Not for builds with a sanitizer, which bring an allocator of their own.
 */
#ifndef OOM_H
#define OOM_H

#include <stdbool.h>

enum oom_mode {
	OOM_ONCE,  /* the Nth allocation fails, the next ones succeed */
	OOM_ALWAYS /* so do all after it, until oom_disarm() */
};

/* From now on count allocations, of any thread, and fail number @n (1, 2, ...). */
void oom_arm(long n, enum oom_mode mode);
/* Stop it. Returns how many allocations failed. */
long oom_disarm(void);
/*
 * Blocks allocated while armed that nobody has freed yet. What pthread_create()
 * allocates for a thread is not among them: the C library keeps it for the next one.
 */
long oom_live(void);

#endif
