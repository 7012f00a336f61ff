/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Allocations that fail, for tests of the mount: the linker puts these in the place
 * of malloc and others (see fuse.cmake), and they fail on the thread that asks for it only.
 */
#ifndef FUSE_OOM_H
#define FUSE_OOM_H

#include <stdbool.h>

/* The allocation after @n more fails, once. Negative: none does. */
void fuse_oom_arm(long n);
void fuse_oom_disarm(void);
/* Did one fail since it was armed? */
bool fuse_oom_failed(void);

#endif
