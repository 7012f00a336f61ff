/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The IPCC's registers: a set for each of two processors. A status bit belongs to
 * its sender. "Receive occupied" and "transmit free" are levels, masked a channel;
 * transmit free is unmasked only while somebody wants to know. Registers are
 * named as in ST's RM0436.
 */
#include "ipcc.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SET_LEN	 0x10u
#define XCR	 0x00u
#define XMR	 0x04u
#define XSCR	 0x08u
#define XTOYSR	 0x0cu
#define HWCFGR	 0x3f0u
#define CR_RXOIE (1u << 0)
#define CR_TXOIE (1u << 16)
#define POLL_MS	 2 /* how late a message may be seen without interrupts */

struct channel {
	bool sent;	      /* and not yet freed by the other side */
	unsigned int waiting; /* sends since then: one more when it is free */
};

struct ipcc {
	struct rproc_context *context;
	struct rproc_iomem *regs;
	unsigned int own, other; /* offsets of the register sets */
	unsigned int num_channels;
	ipcc_fn received;
	void *data;
	struct rproc_irq *rx, *tx; /* NULL: to be polled */
	pthread_mutex_t lock;	   /* guards what follows */
	pthread_cond_t freed;
	uint32_t mask; /* what XMR holds */
	bool polling;
	struct rproc_watch *timer;
	struct channel channels[IPCC_CHANNELS_MAX];
};

/* The range was checked when it was mapped: registers of this block can be reached. */
static uint32_t get(struct ipcc *ipcc, uint32_t offset)
{
	uint32_t value = 0;

	rproc_iomem_read32(ipcc->regs, offset, &value);
	return value;
}

static void set(struct ipcc *ipcc, uint32_t offset, uint32_t value)
{
	rproc_iomem_write32(ipcc->regs, offset, value);
}

static void set_mask(struct ipcc *ipcc, uint32_t mask)
{
	ipcc->mask = mask;
	set(ipcc, ipcc->own + XMR, mask);
}

static uint32_t rx_bit(unsigned int channel)
{
	return UINT32_C(1) << channel;
}

static uint32_t tx_bit(unsigned int channel)
{
	return UINT32_C(1) << (16 + channel);
}

/* ---- sending ---------------------------------------------------------------------------- */

/* With the lock. */
static void transmit(struct ipcc *ipcc, unsigned int channel)
{
	ipcc->channels[channel].sent = true;
	set(ipcc, ipcc->own + XSCR, tx_bit(channel));
	set_mask(ipcc, ipcc->mask & ~tx_bit(channel));
}

/* With the lock. */
static void take_freed(struct ipcc *ipcc)
{
	uint32_t busy = get(ipcc, ipcc->own + XTOYSR);
	unsigned int i;

	for (i = 0; i < ipcc->num_channels; i++) {
		struct channel *channel = &ipcc->channels[i];

		if (ipcc->mask & tx_bit(i) || busy & rx_bit(i))
			continue;
		set_mask(ipcc, ipcc->mask | tx_bit(i));
		channel->sent = false;
		if (channel->waiting) {
			channel->waiting = 0;
			transmit(ipcc, i);
		}
		pthread_cond_broadcast(&ipcc->freed);
	}
}

int ipcc_send(struct ipcc *ipcc, unsigned int channel)
{
	struct channel *c = &ipcc->channels[channel];
	int ret = 0;

	pthread_mutex_lock(&ipcc->lock);
	if (!ipcc->tx)
		take_freed(ipcc);
	if (!c->sent)
		transmit(ipcc, channel);
	else if (c->waiting < IPCC_QUEUE_LEN)
		c->waiting++;
	else
		ret = -ENOBUFS;
	pthread_mutex_unlock(&ipcc->lock);
	return ret;
}

/* ---- receiving ---------------------------------------------------------------------------- */

/* Freed first, handed on then: what comes meanwhile is a message of its own. */
static void take_received(struct ipcc *ipcc)
{
	uint32_t status;
	unsigned int i;

	pthread_mutex_lock(&ipcc->lock);
	status = get(ipcc, ipcc->other + XTOYSR) & ~ipcc->mask;
	for (i = 0; i < ipcc->num_channels; i++)
		if (status & rx_bit(i))
			set(ipcc, ipcc->own + XSCR, rx_bit(i));
	pthread_mutex_unlock(&ipcc->lock);
	for (i = 0; i < ipcc->num_channels; i++)
		if (status & rx_bit(i))
			ipcc->received(ipcc->data, i);
}

static void service(struct ipcc *ipcc)
{
	pthread_mutex_lock(&ipcc->lock);
	take_freed(ipcc);
	pthread_mutex_unlock(&ipcc->lock);
	take_received(ipcc);
}

static void on_rx(void *data)
{
	take_received(data);
}

static void on_tx(void *data)
{
	struct ipcc *ipcc = data;

	pthread_mutex_lock(&ipcc->lock);
	take_freed(ipcc);
	pthread_mutex_unlock(&ipcc->lock);
}

void ipcc_listen(struct ipcc *ipcc, unsigned int channel)
{
	pthread_mutex_lock(&ipcc->lock);
	set_mask(ipcc, ipcc->mask & ~rx_bit(channel));
	pthread_mutex_unlock(&ipcc->lock);
}

/* ---- without interrupts --------------------------------------------------------------------- */

/*
 * Fires once, so it makes the next one itself. The field always names a watch that
 * ipcc_poll() can wait for: the one that runs, or the one that comes after it.
 */
static void on_timer(int fd, void *data)
{
	struct rproc_watch *old = NULL, *next;
	struct ipcc *ipcc = data;

	(void)fd;
	service(ipcc);
	pthread_mutex_lock(&ipcc->lock);
	if (ipcc->polling && !rproc_watch_timer(ipcc->context, POLL_MS, on_timer, ipcc, &next)) {
		old = ipcc->timer;
		ipcc->timer = next;
	}
	pthread_mutex_unlock(&ipcc->lock);
	rproc_watch_free(old);
}

int ipcc_poll(struct ipcc *ipcc, bool on)
{
	struct rproc_watch *timer = NULL;
	bool was;

	if (ipcc->rx && ipcc->tx)
		return 0;
	pthread_mutex_lock(&ipcc->lock);
	was = ipcc->polling;
	ipcc->polling = on;
	if (!on) {
		timer = ipcc->timer;
		ipcc->timer = NULL;
	}
	pthread_mutex_unlock(&ipcc->lock);
	rproc_watch_free(timer);
	if (!on || was)
		return 0;
	/* no timer is there that could touch the field now */
	return rproc_watch_timer(ipcc->context, POLL_MS, on_timer, ipcc, &ipcc->timer);
}

/* ---- waiting ------------------------------------------------------------------------------- */

static struct timespec after_ms(unsigned int ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

static bool is_over(const struct timespec *deadline)
{
	struct timespec now = after_ms(0);

	return now.tv_sec > deadline->tv_sec ||
	       (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

/* With the lock. Without an interrupt the wait is cut into pieces, with a look after each. */
static void wait_for_free(struct ipcc *ipcc, const struct timespec *deadline)
{
	struct timespec piece = after_ms(1);

	if (ipcc->tx) {
		pthread_cond_timedwait(&ipcc->freed, &ipcc->lock, deadline);
		return;
	}
	pthread_cond_timedwait(&ipcc->freed, &ipcc->lock, &piece);
	take_freed(ipcc);
}

int ipcc_send_wait(struct ipcc *ipcc, unsigned int channel, unsigned int timeout_ms)
{
	struct timespec deadline = after_ms(timeout_ms);
	bool sent;

	pthread_mutex_lock(&ipcc->lock);
	transmit(ipcc, channel);
	while (ipcc->channels[channel].sent && !is_over(&deadline))
		wait_for_free(ipcc, &deadline);
	/* the other side may have answered while nobody was told yet */
	take_freed(ipcc);
	sent = ipcc->channels[channel].sent;
	if (sent) {
		set_mask(ipcc, ipcc->mask | tx_bit(channel));
		ipcc->channels[channel].sent = false;
	}
	pthread_mutex_unlock(&ipcc->lock);
	return sent ? -ETIMEDOUT : 0;
}

/* ---- the controller ------------------------------------------------------------------------ */

static int map(struct ipcc *ipcc, struct rproc_device *node, struct rproc_report *report)
{
	struct rproc_region region;
	uint32_t id, config;
	int error;

	error = rproc_device_property_u32(node, "st,proc-id", 0, &id);
	if (error || id > 1)
		return -EINVAL;
	ipcc->own = id * SET_LEN;
	ipcc->other = !id * SET_LEN;
	error = rproc_device_reg(node, 0, &region);
	if (!error)
		error = rproc_iomem_map(node, &region, RPROC_IOMEM_EXCLUSIVE, report, &ipcc->regs);
	if (!error)
		error = rproc_iomem_read32(ipcc->regs, HWCFGR, &config);
	if (error)
		return error;
	ipcc->num_channels = config & 0xff;
	/* a block without its clock reads 0 */
	return ipcc->num_channels && ipcc->num_channels <= IPCC_CHANNELS_MAX ? 0 : -EIO;
}

/* By name; without one, or where the host cannot have it, the caller polls. */
static int get_irq(struct ipcc *ipcc, struct rproc_device *node, const char *name,
		   rproc_irq_fn handler, struct rproc_irq **ret_irq)
{
	int index = rproc_device_match_string(node, "interrupt-names", name);
	int error;

	if (index < 0)
		return 0;
	error = rproc_irq_get(node, (unsigned int)index, handler, ipcc, NULL, ret_irq);
	return error == -ENOTSUP || error == -ENOENT ? 0 : error;
}

int ipcc_new(struct rproc_device *node, ipcc_fn received, void *data, struct rproc_report *report,
	     struct ipcc **ret_ipcc)
{
	struct ipcc *ipcc = calloc(1, sizeof(*ipcc));
	pthread_condattr_t attr;
	int error;

	if (!ipcc)
		return -ENOMEM;
	ipcc->context = rproc_device_context(node);
	ipcc->received = received;
	ipcc->data = data;
	pthread_mutex_init(&ipcc->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ipcc->freed, &attr);
	pthread_condattr_destroy(&attr);
	error = map(ipcc, node, report);
	if (error)
		goto err_free;
	set_mask(ipcc, UINT32_MAX);
	error = get_irq(ipcc, node, "rx", on_rx, &ipcc->rx);
	if (!error)
		error = get_irq(ipcc, node, "tx", on_tx, &ipcc->tx);
	if (error)
		goto err_free;
	set(ipcc, ipcc->own + XCR, CR_RXOIE | CR_TXOIE);
	*ret_ipcc = ipcc;
	return 0;

err_free:
	ipcc_free(ipcc);
	return error;
}

void ipcc_free(struct ipcc *ipcc)
{
	if (!ipcc)
		return;
	ipcc_poll(ipcc, false);
	rproc_irq_put(ipcc->rx);
	rproc_irq_put(ipcc->tx);
	if (ipcc->regs) {
		set_mask(ipcc, UINT32_MAX);
		set(ipcc, ipcc->own + XCR, 0);
	}
	rproc_iomem_unmap(ipcc->regs);
	pthread_cond_destroy(&ipcc->freed);
	pthread_mutex_destroy(&ipcc->lock);
	free(ipcc);
}

unsigned int ipcc_num_channels(const struct ipcc *ipcc)
{
	return ipcc->num_channels;
}
