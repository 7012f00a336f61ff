/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the system calls a firmware may make: those behind the services, nothing
 * that names a file, a process or memory. A classic BPF program, checked by the
 * kernel before each call; knows nothing of what the services do with them.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"
#include "launcher.h"
#include "protocol.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "arguments are looked at as little endian"
#endif

#define ARG_LOW(n)  (offsetof(struct seccomp_data, args) + (n) * sizeof(uint64_t))
#define ARG_HIGH(n) (ARG_LOW(n) + sizeof(uint32_t))

#define LOAD(offset)	   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define IF(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), (yes), (no))
#define ALLOW		   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* Not KILL: the SIGSYS handler notes where it happened, then dies of the same signal. */
#define DENY BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP)

#define ALLOW_CALL(nr) IF(nr, 0, 1), ALLOW

static int install(struct sock_filter *filter, unsigned short len)
{
	const struct sock_fprog program = { .len = len, .filter = filter };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		return -errno;
	return 0;
}

int seccomp_enter(void)
{
	const uint32_t self = (uint32_t)getpid();
	struct sock_filter filter[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		IF(HOST_ARCH_AUDIT, 1, 0),
		DENY,
		LOAD(offsetof(struct seccomp_data, nr)),
		ALLOW_CALL(SYS_rt_sigreturn),	 /* leave an interrupt */
		ALLOW_CALL(SYS_rt_sigprocmask),	 /* irq_enable, irq_disable */
		ALLOW_CALL(SYS_restart_syscall), /* wait, after SIGSTOP and SIGCONT */
		ALLOW_CALL(SYS_exit_group),
		ALLOW_CALL(SYS_sched_yield), /* wait, while the host may be at it */
		/* futex: to wait, for a word of whatever memory it has. */
		IF(SYS_futex, 0, 4),
		LOAD(ARG_LOW(1)),
		IF(FUTEX_WAIT, 1, 0),
		DENY,
		ALLOW,
		/*
		 * clock_gettime, where the vDSO cannot: of the services' clock. Other ids
		 * name processes, and tell which there are and how busy they are.
		 */
		IF(SYS_clock_gettime, 0, 4),
		LOAD(ARG_LOW(0)),
		IF(CLOCK_MONOTONIC, 1, 0),
		DENY,
		ALLOW,
		/* write: to the two bells. */
		IF(SYS_write, 0, 7),
		LOAD(ARG_HIGH(0)),
		IF(0, 0, 3),
		LOAD(ARG_LOW(0)),
		IF(LAUNCH_FD_DOORBELL, 2, 0),
		IF(LAUNCH_FD_SYSTEM, 1, 0),
		DENY,
		ALLOW,
		/* close: the status pipe, whose end tells the monitor that we are off. */
		LOAD(offsetof(struct seccomp_data, nr)),
		IF(SYS_close, 0, 6),
		LOAD(ARG_HIGH(0)),
		IF(0, 0, 2),
		LOAD(ARG_LOW(0)),
		IF(LAUNCH_FD_STATUS, 1, 0),
		DENY,
		ALLOW,
		/* tgkill: itself, to die of the signal it caught. */
		LOAD(offsetof(struct seccomp_data, nr)),
		IF(SYS_tgkill, 0, 4),
		LOAD(ARG_LOW(0)),
		IF(self, 0, 2),
		LOAD(ARG_LOW(1)),
		IF(self, 1, 0),
		DENY,
		ALLOW,
	};

	return install(filter, sizeof(filter) / sizeof(filter[0]));
}
