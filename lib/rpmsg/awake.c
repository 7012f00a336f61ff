/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for an answer without going to sleep: looking at the ring for as long as a
 * sleep and a wake-up would take. Where the remote runs on another CPU its answer is seen
 * as soon as it is written. Where it has to share ours, it is let have it: two switches
 * instead of two wake-ups. Knows when that does not pay, and nothing of messages.
 */
#include <sched.h>
#include "base/clock.h"
#include "rpmsg/bus.h"

/* No longer than a sleep and a wake-up take. */
#define AWAKE_NS INT64_C(6000)
#define LOOKS	 16 /* between offers of the CPU */
/*
 * An answer earns a credit, and what was lost is paid from it: the time of a wait in vain;
 * more if the answer did come, but late, since others had used the CPU that was offered. A
 * debt is spread: so much for each opportunity until the next is taken.
 */
#define EARNED_NS INT64_C(2000)
#define CREDIT_NS INT64_C(2000000)
#define LATE_NS	  INT64_C(200000)
#define MOST_NS	  INT64_C(1000000) /* others would have had some of it anyway */
#define SHARE_NS  50

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

/* With the lock: was something sent that may be answered, and did it pay to wait before? */
static bool worth_it(struct rpmsg_bus *bus)
{
	uint64_t sends = atomic_load_explicit(&bus->sends, memory_order_relaxed);

	if (sends == bus->awake.sends || atomic_load(&bus->dead))
		return false;
	bus->awake.sends = sends;
	if (!bus->awake.skip)
		return true;
	bus->awake.skip--;
	return false;
}

static bool look(const struct rpmsg_bus *bus)
{
	int i;

	for (i = 0; i < LOOKS; i++) {
		if (rproc_vring_has_used(&bus->rx))
			return true;
		relax();
	}
	return false;
}

static bool offer_cpu(struct rpmsg_bus *bus)
{
	sched_yield();
	bus->awake.shared = rproc_vring_has_used(&bus->rx);
	return bus->awake.shared;
}

/* By the one who receives. Returns how many ns it took. */
static int64_t await_used(struct rpmsg_bus *bus, bool *ret_came)
{
	int64_t begin = clock_ns(CLOCK_MONOTONIC), took;
	bool came = bus->awake.shared && offer_cpu(bus);

	do {
		came = came || look(bus) || offer_cpu(bus);
		took = clock_ns(CLOCK_MONOTONIC) - begin;
	} while (!came && !atomic_load(&bus->dead) && took < AWAKE_NS);
	*ret_came = came;
	return took;
}

static int64_t price(bool came, int64_t took)
{
	if (!came)
		return took < AWAKE_NS ? took : AWAKE_NS;
	if (took < LATE_NS)
		return -EARNED_NS;
	return took < MOST_NS ? took : MOST_NS;
}

static void account(struct rpmsg_awake *awake, bool came, int64_t took)
{
	awake->credit_ns -= price(came, took);
	if (awake->credit_ns > CREDIT_NS)
		awake->credit_ns = CREDIT_NS;
	if (awake->credit_ns >= 0)
		return;
	awake->skip = (unsigned int)(-awake->credit_ns / SHARE_NS);
	awake->credit_ns = 0;
}

bool rpmsg_stay_awake(struct rpmsg_bus *bus)
{
	int64_t took;
	bool came;

	if (!worth_it(bus))
		return false;
	/* While it is looked at, the remote need not notify, and nobody has to be woken. */
	rproc_vring_disable_cb(&bus->rx);
	pthread_mutex_unlock(&bus->lock);
	took = await_used(bus, &came);
	pthread_mutex_lock(&bus->lock);
	account(&bus->awake, came, took);
	return came || rproc_vring_enable_cb(&bus->rx, 1);
}
