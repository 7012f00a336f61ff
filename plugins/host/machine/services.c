/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the interrupt controller of the firmware process and the functions a
 * firmware calls instead of special instructions. Runs inside the seccomp jail,
 * on the firmware's side of the control page: makes raw system calls only and
 * trusts nothing less than the firmware does.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"
#include "launcher.h"
#include "protocol.h"

/* The kernel's own signal set: what rt_sigprocmask and ppoll take. */
typedef uint64_t kernel_sigset;

#define KICK_MASK   ((kernel_sigset)1 << (HOST_KICK_SIGNAL - 1))
#define STACK_BYTES (64 * 1024)

/* As lib/rpmsg/awake.c, on the other side: how long a bell is listened for without sleeping. */
#define AWAKE_NS  INT64_C(6000)
#define AWAKE_US  50 /* not where less than that was asked for */
#define LOOKS	  16
#define EARNED_NS INT64_C(2000)
#define CREDIT_NS INT64_C(2000000)
#define LATE_NS	  INT64_C(200000)
#define MOST_NS	  INT64_C(1000000)
#define SHARE_NS  50

static struct rproc_host_control *page;
/* Set by each interrupt, so that a wait with interrupts enabled misses none. */
static volatile sig_atomic_t interrupted;
static volatile uint32_t heard; /* the bell's count, as far as it was acted upon */
static volatile bool disabled;	/* interrupts, by the firmware */
static unsigned int skip;	/* waits that are to sleep at once */
static int64_t credit_ns;	/* what may be lost before that */
static bool shared;		/* the host rang last when it was given this CPU */
static uint8_t interrupt_stack[STACK_BYTES] __attribute__((aligned(64)));

static void mask(int how, kernel_sigset set)
{
	syscall(SYS_rt_sigprocmask, how, &set, NULL, sizeof(set));
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
	heard = __atomic_load_n(&page->bell, __ATOMIC_SEQ_CST);
	dispatch(true);
}

/* Whether the bell was rung since this was last asked. With the signal blocked. */
static bool rung(void)
{
	const uint32_t bell = __atomic_load_n(&page->bell, __ATOMIC_SEQ_CST);

	if (bell == heard)
		return false;
	heard = bell;
	return true;
}

static void set_mode(uint32_t mode)
{
	__atomic_store_n(&page->irq_mode, mode, __ATOMIC_SEQ_CST);
}

static void service_irq_disable(void)
{
	mask(SIG_BLOCK, KICK_MASK);
	disabled = true;
	set_mode(RPROC_HOST_IRQ_OFF);
}

static void service_irq_enable(void)
{
	mask(SIG_BLOCK, KICK_MASK);
	/* From here on there is a signal; what came before left the bell rung. */
	set_mode(RPROC_HOST_IRQ_ON);
	dispatch(rung());
	disabled = false;
	mask(SIG_UNBLOCK, KICK_MASK);
}

static uint64_t service_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool bell_is_rung(void)
{
	return __atomic_load_n(&page->bell, __ATOMIC_SEQ_CST) != heard;
}

static bool look(void)
{
	int i;

	for (i = 0; i < LOOKS; i++) {
		if (bell_is_rung())
			return true;
		host_arch_relax();
	}
	return false;
}

static bool offer_cpu(void)
{
	sched_yield();
	shared = bell_is_rung();
	return shared;
}

static int64_t price(bool came, int64_t took)
{
	if (!came)
		return took < AWAKE_NS ? took : AWAKE_NS;
	if (took < LATE_NS)
		return -EARNED_NS;
	return took < MOST_NS ? took : MOST_NS;
}

/* The bell earns a credit, what was lost is paid from it, a debt is spread over waits to come. */
static void account(bool came, int64_t took)
{
	credit_ns -= price(came, took);
	if (credit_ns > CREDIT_NS)
		credit_ns = CREDIT_NS;
	if (credit_ns >= 0)
		return;
	skip = (unsigned int)(-credit_ns / SHARE_NS);
	credit_ns = 0;
}

/* Interrupts are disabled as long as this takes, so the host rings and wakes nobody. */
static bool stay_awake(void)
{
	int64_t begin, took;
	bool came;

	if (skip) {
		skip--;
		return false;
	}
	begin = (int64_t)service_clock_ns();
	came = shared && offer_cpu();
	do {
		came = came || look() || offer_cpu();
		took = (int64_t)service_clock_ns() - begin;
	} while (!came && took < AWAKE_NS);
	account(came, took);
	return came;
}

static void sleep_until_rung(uint64_t timeout_us)
{
	const struct timespec timeout = { .tv_sec = (time_t)(timeout_us / 1000000),
					  .tv_nsec = (long)(timeout_us % 1000000) * 1000 };

	if (timeout_us >= AWAKE_US && stay_awake())
		return;
	set_mode(RPROC_HOST_IRQ_ASLEEP);
	syscall(SYS_futex, &page->bell, FUTEX_WAIT, heard,
		timeout_us == UINT64_MAX ? NULL : &timeout, NULL, 0);
}

static void service_wait(uint64_t timeout_us)
{
	const bool enabled = !disabled;

	if (enabled) {
		mask(SIG_BLOCK, KICK_MASK);
		set_mode(RPROC_HOST_IRQ_OFF);
	}
	if (!interrupted && !bell_is_rung())
		sleep_until_rung(timeout_us);
	set_mode(enabled ? RPROC_HOST_IRQ_ON : RPROC_HOST_IRQ_OFF);
	if (rung())
		dispatch(true);
	interrupted = 0;
	if (enabled)
		mask(SIG_UNBLOCK, KICK_MASK);
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
