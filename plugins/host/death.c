/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the classification of a death and its words. Pure: no process, no clock.
 * The fault record comes from the dead firmware's side, so it is printed, and
 * believed only where the signal that the kernel reported agrees with it.
 */
#include "death.h"

#include <librproc/rproc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

unsigned int host_death_type(const struct host_death *death)
{
	if (death->cause == HOST_DEATH_WATCHDOG)
		return RPROC_CRASH_WATCHDOG;
	if (death->cause == HOST_DEATH_SIGNAL &&
	    (death->signal == SIGSEGV || death->signal == SIGBUS))
		return RPROC_CRASH_MMUFAULT;
	return RPROC_CRASH_FATAL_ERROR;
}

static const char *signal_name(int signal)
{
	switch (signal) {
	case SIGSEGV:
		return "SIGSEGV (no memory there, or not that way)";
	case SIGBUS:
		return "SIGBUS (memory that cannot be reached)";
	case SIGILL:
		return "SIGILL (an instruction that is none)";
	case SIGFPE:
		return "SIGFPE (arithmetic)";
	case SIGTRAP:
		return "SIGTRAP (breakpoint)";
	case SIGSYS:
		return "SIGSYS (a system call that firmware may not make)";
	case SIGKILL:
		return "SIGKILL (from outside: the out-of-memory killer, or a person)";
	case SIGABRT:
		return "SIGABRT";
	default:
		return "a signal";
	}
}

static size_t append(char *text, size_t len, size_t used, const char *more)
{
	int n = snprintf(text + used, len - used, "%s", more);

	if (n < 0)
		return used;
	return used + (size_t)n < len ? used + (size_t)n : len - 1;
}

static void signal_story(const struct host_death *death, char *part, size_t len)
{
	const struct rproc_host_fault *const fault = &death->fault;

	if (!fault->valid || fault->signal != death->signal) {
		snprintf(part, len, "firmware killed by signal %d, %s; it left no registers",
			 death->signal, signal_name(death->signal));
		return;
	}
	if (death->signal == SIGSYS) {
		snprintf(part, len, "firmware killed by signal %d, %s: number %d at pc 0x%llx",
			 death->signal, signal_name(death->signal), fault->syscall,
			 (unsigned long long)fault->pc);
		return;
	}
	snprintf(part, len,
		 "firmware killed by signal %d, %s: address 0x%llx, pc 0x%llx, sp 0x%llx",
		 death->signal, signal_name(death->signal), (unsigned long long)fault->address,
		 (unsigned long long)fault->pc, (unsigned long long)fault->sp);
}

static void watchdog_story(const struct host_death *death, char *part, size_t len)
{
	const struct rproc_host_fault *const fault = &death->fault;

	if (fault->valid && fault->signal == HOST_BITE_SIGNAL)
		snprintf(part, len,
			 "firmware did not feed the watchdog for %u ms; it was at pc 0x%llx, "
			 "sp 0x%llx",
			 death->period, (unsigned long long)fault->pc,
			 (unsigned long long)fault->sp);
	else
		snprintf(part, len, "firmware did not feed the watchdog for %u ms", death->period);
}

void host_death_story(const struct host_death *death, char *text, size_t len)
{
	char part[256];
	size_t used;

	switch (death->cause) {
	case HOST_DEATH_SIGNAL:
		signal_story(death, part, sizeof(part));
		break;
	case HOST_DEATH_EXIT:
		snprintf(part, sizeof(part), "firmware ended by itself with status %d",
			 death->status);
		break;
	case HOST_DEATH_WATCHDOG:
		watchdog_story(death, part, sizeof(part));
		break;
	case HOST_DEATH_MONITOR:
		snprintf(part, sizeof(part),
			 "the monitor process is gone, and the firmware with it");
		break;
	default:
		snprintf(part, sizeof(part), "no firmware died");
	}
	used = append(text, len, 0, part);
	if (!death->message[0])
		return;
	used = append(text, len, used, "; its last words: ");
	append(text, len, used, death->message);
}
