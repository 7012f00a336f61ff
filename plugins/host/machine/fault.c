/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what happens when the firmware faults: the handler writes down where, on
 * the control page, then dies of the very signal, so that the monitor sees a
 * real death. Knows nothing of how deaths are classified.
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch.h"
#include "launcher.h"
#include "protocol.h"

static struct rproc_host_fault *record;
static pid_t self;

static void fault(int signal, siginfo_t *info, void *context)
{
	record->signal = signal;
	record->code = info->si_code;
	record->pc = host_arch_pc(context);
	record->sp = host_arch_sp(context);
	if (signal == SIGSYS)
		record->syscall = info->si_syscall;
	else if (info->si_code > 0)
		record->address = (uint64_t)(uintptr_t)info->si_addr;
	__atomic_store_n(&record->valid, 1, __ATOMIC_RELEASE);
	/*
	 * SA_RESETHAND gave the signal its deadly default back; it is blocked until
	 * we return. Returning alone would not do: not every fault repeats itself.
	 */
	syscall(SYS_tgkill, self, self, signal);
}

int fault_init(struct rproc_host_control *control)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL,		 SIGFPE,
				       SIGTRAP, SIGSYS, HOST_BITE_SIGNAL };
	struct sigaction action = { .sa_sigaction = fault,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND };
	unsigned int i;

	record = &control->fault;
	self = getpid();
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, HOST_KICK_SIGNAL);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (sigaction(signals[i], &action, NULL))
			return -errno;
	}
	return 0;
}
