/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the host makes a firmware look at its control page: a bell that is counted, and
 * whatever wakes the firmware in the mode it is in. The other end is machine/services.c.
 */
#ifndef RPROC_HOST_BELL_H
#define RPROC_HOST_BELL_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host_firmware.h"
#include "protocol.h"

/*
 * The bell first, then the mode; the firmware's side does it the other way round. So
 * either it sees the bell, or we see that it must be woken. 0 or what the kernel says.
 */
static inline int host_ring(struct rproc_host_control *page, int firmware)
{
	__atomic_fetch_add(&page->bell, 1, __ATOMIC_SEQ_CST);
	switch (__atomic_load_n(&page->irq_mode, __ATOMIC_SEQ_CST)) {
	case RPROC_HOST_IRQ_OFF:
		return 0;
	case RPROC_HOST_IRQ_ASLEEP:
		return syscall(SYS_futex, &page->bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0) < 0
			       ? -errno
			       : 0;
	default:
		return syscall(SYS_pidfd_send_signal, firmware, HOST_KICK_SIGNAL, NULL, 0) < 0
			       ? -errno
			       : 0;
	}
}

#endif
