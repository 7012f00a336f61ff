/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Order between memory and registers as another processor sees it: what was written
 * before is there when a register written behind the barrier takes effect.
 */
#ifndef RPROC_HW_BARRIER_H
#define RPROC_HW_BARRIER_H

#include <librproc/hw.h>

static inline void rproc_io_barrier(void)
{
#if defined(__aarch64__)
	__asm__ volatile("dmb sy" ::: "memory");
#elif defined(__arm__) && __ARM_ARCH >= 7
	__asm__ volatile("dmb" ::: "memory");
#elif defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("mfence" ::: "memory");
#else
	__sync_synchronize();
#endif
}

#endif
