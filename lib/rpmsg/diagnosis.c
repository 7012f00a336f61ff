/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What goes on on a bus, and what is odd about it: counters, and sentences for people.
 * Only looks; reads rings without taking anything from them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rpmsg/bus.h"

/* How long something may take before it is odd. */
#define ODD_NS INT64_C(1000000000)

/* ---- counters ------------------------------------------------------------------------------ */

/* With bus.lock. */
static void sum(struct rpmsg_bus *bus, struct rproc_rpmsg_counters *ret)
{
	*ret = bus->count;
	ret->rx_buffers = bus->rx_buf.num;
	ret->rx_buffer_size = bus->rx_buf.size;
	ret->tx_buffers = bus->tx_buf.num;
	ret->tx_buffer_size = bus->tx_buf.size;
	pthread_mutex_lock(&bus->tx_lock);
	ret->tx_messages = bus->tx_count.tx_messages;
	ret->tx_bytes = bus->tx_count.tx_bytes;
	ret->kicks += bus->tx_count.kicks;
	ret->kicks_saved += bus->tx_count.kicks_saved;
	ret->interrupts += bus->tx_count.interrupts;
	ret->waits = bus->tx_count.waits;
	ret->timeouts = bus->tx_count.timeouts;
	ret->tx_free = bus->tx_buf.num - rproc_vring_outstanding(&bus->tx);
	pthread_mutex_unlock(&bus->tx_lock);
}

RPROC_API int rproc_rpmsg_get_counters(struct rproc_context *context, uint64_t channel,
				       struct rproc_rpmsg_counters *ret_counters)
{
	struct rpmsg_bus *bus;

	if (!rpmsg_find_channel(context, channel, &bus))
		return -ENODEV;
	sum(bus, ret_counters);
	rpmsg_bus_unlock_put(bus);
	return 0;
}

/* ---- sentences ----------------------------------------------------------------------------- */

struct text {
	char *buf;
	size_t len, used; /* used may grow above len */
};

static void add(struct text *text, const char *fmt, ...) RPROC_PRINTF(2, 3);

static void add(struct text *text, const char *fmt, ...)
{
	bool room = text->used < text->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(room ? text->buf + text->used : NULL, room ? text->len - text->used : 0,
			fmt, args);
	va_end(args);
	if (len > 0)
		text->used += (size_t)len;
}

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

/* With tx_lock. */
static void look_at_output(const struct rpmsg_bus *bus, int64_t now, struct text *text)
{
	unsigned int out = rproc_vring_outstanding(&bus->tx);
	bool untouched = !bus->tx.last_used && !rproc_vring_has_used(&bus->tx);

	if (!out || rproc_vring_has_used(&bus->tx) || now - bus->tx_progress_ns < ODD_NS)
		return;
	add(text,
	    "virtio%d: output: %s for %.1f s: %u messages wait, the used index %s %u, %" PRIu64
	    " kicks were sent; the firmware hangs, or does not look at vring 1\n",
	    bus->virtio, untouched ? "never touched" : "stopped",
	    seconds(now - bus->tx_progress_ns), out, untouched ? "is still" : "stopped at",
	    bus->tx.last_used, bus->tx_count.kicks);
}

/* With bus.lock. */
static void look_at_channels(const struct rpmsg_bus *bus, int64_t now, struct text *text)
{
	struct list *item;

	list_for_each(item, &bus->channels) {
		const struct rpmsg_channel *channel = list_entry(item, struct rpmsg_channel, link);

		if (!rpmsg_is_fixed(channel) && !channel->was_opened &&
		    now - channel->time_ns >= ODD_NS)
			add(text,
			    "%s: service %s at 0x%x is there since %.1f s and nobody has opened "
			    "it\n",
			    channel->device, channel->name, channel->dst,
			    seconds(now - channel->time_ns));
	}
}

/* With bus.lock. */
static void look_at_input(const struct rpmsg_bus *bus, int64_t now, struct text *text)
{
	bool silent = !bus->rx.last_used && !rproc_vring_has_used(&bus->rx);

	/* Nobody announces a serial line, and one may well have nothing to say. */
	if (silent && !bus->serial && now - bus->online_ns >= ODD_NS)
		add(text,
		    "virtio%d: input: the firmware has not used vring 0 for %.1f s: no "
		    "announcement, "
		    "no message; it may wait for another status, have no rpmsg, or be stuck\n",
		    bus->virtio, seconds(now - bus->online_ns));
	if (bus->count.rx_held == bus->rx_buf.num)
		add(text, "virtio%d: input: all %u buffers are held, the firmware cannot send\n",
		    bus->virtio, bus->rx_buf.num);
	if (bus->count.malformed)
		add(text, "virtio%d: input: %" PRIu64 " malformed messages were dropped\n",
		    bus->virtio, bus->count.malformed);
	if (bus->count.lost)
		add(text,
		    "virtio%d: input: %" PRIu64 " messages were lost, nobody read them in time\n",
		    bus->virtio, bus->count.lost);
}

/* The rings' memory stays while the caller has a pin. */
static void look_at_bus(struct rpmsg_bus *bus, struct text *text)
{
	int64_t now = rpmsg_now_ns();

	pthread_mutex_lock(&bus->lock);
	look_at_input(bus, now, text);
	pthread_mutex_lock(&bus->tx_lock);
	look_at_output(bus, now, text);
	pthread_mutex_unlock(&bus->tx_lock);
	look_at_channels(bus, now, text);
	pthread_mutex_unlock(&bus->lock);
}

static void look_at_vdevs(const struct rproc *rproc, struct text *text)
{
	struct rproc_vdev_info *info;
	size_t num, i;

	if (rproc_get_vdevs(rproc, &info, &num))
		return;
	for (i = 0; i < num; i++) {
		if (info[i].failed)
			add(text, "vdev %d (id %u) was refused and has no driver\n", info[i].index,
			    info[i].id);
		else if (info[i].virtio >= 0 && info[i].status & 0x80)
			add(text, "virtio%d was given up: its driver failed\n", info[i].virtio);
	}
	free(info);
}

static void look_at_kicks(struct rproc *rproc, struct text *text)
{
	struct rproc_kick_trouble trouble;
	unsigned int at = 0;

	while (rproc_next_kick_trouble(rproc, &at, &trouble)) {
		const char *name = strerrorname_np(-trouble.error);

		add(text,
		    "virtio%d: %" PRIu64 " kicks of vring %u failed, the last %.1f s ago: "
		    "%s (%s)\n",
		    trouble.virtio, trouble.failed, trouble.vring, seconds(trouble.age_ns),
		    trouble.why, name ? name : "unknown");
	}
}

RPROC_API size_t rproc_rpmsg_diagnosis(struct rproc *rproc, char *buf, size_t len)
{
	struct rproc_rpmsg *rpmsg = &rproc->context->rpmsg;
	struct text text = { .buf = buf, .len = len };
	struct list *item;

	if (len)
		buf[0] = '\0';
	look_at_vdevs(rproc, &text);
	look_at_kicks(rproc, &text);
	pthread_mutex_lock(&rpmsg->lock);
	list_for_each(item, &rpmsg->buses) {
		struct rpmsg_bus *bus = list_entry(item, struct rpmsg_bus, link);

		if (bus->rproc != rproc || !rpmsg_pin(bus))
			continue;
		look_at_bus(bus, &text);
		rpmsg_unpin(bus);
	}
	pthread_mutex_unlock(&rpmsg->lock);
	/* The last newline would only be in the way. */
	if (text.used && text.used <= len)
		buf[text.used - 1] = '\0';
	return text.used ? text.used - 1 : 0;
}
