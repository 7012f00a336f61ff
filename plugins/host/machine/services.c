/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the interrupt controller of the firmware process and the functions a
 * firmware calls instead of special instructions. Runs inside the seccomp jail,
 * on the firmware's side of the control page: makes raw system calls only and
 * trusts nothing less than the firmware does.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "launcher.h"
#include "protocol.h"

/* The kernel's own signal set: what rt_sigprocmask and ppoll take. */
typedef uint64_t kernel_sigset;

#define KICK_MASK   ((kernel_sigset)1 << (HOST_KICK_SIGNAL - 1))
#define STACK_BYTES (64 * 1024)

static struct rproc_host_control *page;
/* Set by each interrupt, so that a wait with interrupts enabled misses none. */
static volatile sig_atomic_t interrupted;
static uint8_t interrupt_stack[STACK_BYTES] __attribute__((aligned(64)));

static void mask(int how, kernel_sigset set, kernel_sigset *ret_old)
{
	syscall(SYS_rt_sigprocmask, how, &set, ret_old, sizeof(set));
}

/* Hand what is pending to the firmware's vector. With interrupts disabled. */
static void dispatch(bool even_if_none)
{
	const uint64_t vector = __atomic_load_n(&page->vector, __ATOMIC_ACQUIRE);
	uint64_t pending;

	/* Without a vector the bits stay: a firmware may poll them. */
	if (!vector)
		return;
	pending = __atomic_exchange_n(&page->irq_pending, 0, __ATOMIC_ACQ_REL);
	if (pending || even_if_none)
		((void (*)(uint64_t))(uintptr_t)vector)(pending);
}

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
	dispatch(true);
}

static void service_irq_disable(void)
{
	mask(SIG_BLOCK, KICK_MASK, NULL);
}

static void service_irq_enable(void)
{
	kernel_sigset old = 0;

	/* What came before there was a vector left its bit, but no signal. */
	mask(SIG_BLOCK, KICK_MASK, &old);
	if (old & KICK_MASK)
		dispatch(false);
	mask(SIG_UNBLOCK, KICK_MASK, NULL);
}

static void service_wait(uint64_t timeout_us)
{
	struct timespec timeout = { .tv_sec = (time_t)(timeout_us / 1000000),
				    .tv_nsec = (long)(timeout_us % 1000000) * 1000 };
	kernel_sigset old = 0, open;

	mask(SIG_BLOCK, KICK_MASK, &old);
	open = old & ~KICK_MASK;
	if (!interrupted)
		syscall(SYS_ppoll, NULL, 0, timeout_us == UINT64_MAX ? NULL : &timeout, &open,
			sizeof(open));
	interrupted = 0;
	mask(SIG_SETMASK, old, NULL);
}

static void ring(int bell)
{
	const uint64_t one = 1;

	/* A bell that is full is ringing already. */
	syscall(SYS_write, bell, &one, sizeof(one));
}

static void service_notify(uint32_t vqid)
{
	if (vqid >= RPROC_HOST_VQS)
		return;
	__atomic_fetch_add(&page->notifies[vqid], 1, __ATOMIC_RELAXED);
	__atomic_fetch_or(&page->notify_pending, UINT64_C(1) << vqid, __ATOMIC_RELEASE);
	ring(LAUNCH_FD_DOORBELL);
}

static void service_watchdog(uint32_t period_ms)
{
	__atomic_fetch_add(&page->watchdog_feed, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&page->watchdog_period_ms, period_ms, __ATOMIC_RELEASE);
	ring(LAUNCH_FD_SYSTEM);
}

static void service_shutdown_ack(void)
{
	const uint32_t request = __atomic_load_n(&page->shutdown_request, __ATOMIC_ACQUIRE);

	__atomic_store_n(&page->shutdown_ack, request, __ATOMIC_RELEASE);
	ring(LAUNCH_FD_SYSTEM);
}

static uint64_t service_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void service_exit(int code, const char *message)
{
	size_t i;

	for (i = 0; message && message[i] && i < RPROC_HOST_MESSAGE_LEN - 1; i++)
		page->message[i] = message[i];
	for (;;)
		syscall(SYS_exit_group, code);
}

static const struct rproc_host_services table = {
	.size = sizeof(table),
	.irq_enable = service_irq_enable,
	.irq_disable = service_irq_disable,
	.wait = service_wait,
	.notify = service_notify,
	.watchdog = service_watchdog,
	.shutdown_ack = service_shutdown_ack,
	.clock_ns = service_clock_ns,
	.exit = service_exit,
};

const struct rproc_host_services *services_table(void)
{
	return &table;
}

int services_init(struct rproc_host_control *control)
{
	const stack_t stack = { .ss_sp = interrupt_stack, .ss_size = sizeof(interrupt_stack) };
	struct sigaction action = { .sa_handler = interrupt, .sa_flags = SA_ONSTACK };

	page = control;
	control->services = (uint64_t)(uintptr_t)&table;
	service_irq_disable();
	if (sigaltstack(&stack, NULL))
		return -errno;
	sigfillset(&action.sa_mask);
	/* A fault in the vector is a fault, not a blocked signal. */
	sigdelset(&action.sa_mask, SIGSEGV);
	sigdelset(&action.sa_mask, SIGBUS);
	sigdelset(&action.sa_mask, SIGILL);
	sigdelset(&action.sa_mask, SIGFPE);
	sigdelset(&action.sa_mask, SIGTRAP);
	sigdelset(&action.sa_mask, SIGSYS);
	sigdelset(&action.sa_mask, HOST_BITE_SIGNAL);
	if (sigaction(HOST_KICK_SIGNAL, &action, NULL))
		return -errno;
	return 0;
}
