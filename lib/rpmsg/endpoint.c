/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Endpoints: their addresses, their life, and which of their callbacks run. Knows
 * nothing of rings. A callback runs between rpmsg_enter() and rpmsg_leave(), with no lock
 * held; whoever ends an endpoint waits for those that run on other threads.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/options.h"
#include "rpmsg/bus.h"

#define QUEUE_LEN 4096u
#define EPTS_STEP 16u

/* The callbacks that run on this thread, innermost first. */
static _Thread_local struct rpmsg_frame *frames;

/* ---- the table of a bus ----------------------------------------------------------------- */

/* With bus.lock: where @addr is in the table, or would be. */
static size_t position(const struct rpmsg_bus *bus, uint32_t addr)
{
	size_t low = 0, high = bus->num_epts;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (bus->epts[mid]->addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct rproc_rpmsg_ept *rpmsg_ept_by_addr(const struct rpmsg_bus *bus, uint32_t addr)
{
	size_t at = position(bus, addr);

	return at < bus->num_epts && bus->epts[at]->addr == addr ? bus->epts[at] : NULL;
}

/* The lowest free address from 1024 on. */
static uint32_t free_addr(const struct rpmsg_bus *bus)
{
	uint32_t addr = RPROC_RPMSG_RESERVED_ADDRESSES;
	size_t at = position(bus, addr);

	for (; at < bus->num_epts && bus->epts[at]->addr == addr; at++)
		addr++;
	return addr;
}

/* The name service's own is no application's. */
static bool calls_application(const struct rpmsg_bus *bus, const struct rproc_rpmsg_ept *ept)
{
	if (bus->has_ns && ept->addr == RPROC_RPMSG_NS_ADDR)
		return false;
	return ept->options.receive || ept->options.closed;
}

int rpmsg_ept_add(struct rpmsg_bus *bus, struct rproc_rpmsg_ept *ept, uint32_t src)
{
	uint32_t addr = src == RPROC_RPMSG_ADDR_ANY ? free_addr(bus) : src;
	struct rproc_rpmsg_ept **more;
	size_t at;

	if (addr > INT32_MAX)
		return -EINVAL;
	if (rpmsg_ept_by_addr(bus, addr))
		return -EADDRINUSE;
	if (bus->num_epts == bus->max_epts) {
		more = realloc(bus->epts, (bus->max_epts + EPTS_STEP) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		bus->epts = more;
		bus->max_epts += EPTS_STEP;
	}
	at = position(bus, addr);
	memmove(&bus->epts[at + 1], &bus->epts[at], (bus->num_epts - at) * sizeof(*bus->epts));
	bus->epts[at] = ept;
	bus->num_epts++;
	ept->addr = addr;
	ept->bus = bus;
	bus->num_callers += calls_application(bus, ept);
	rpmsg_bus_get(bus);
	return 0;
}

/* With bus.lock. Taking out twice is harmless. */
static void table_remove(struct rpmsg_bus *bus, const struct rproc_rpmsg_ept *ept)
{
	size_t at = position(bus, ept->addr);

	if (at == bus->num_epts || bus->epts[at] != ept)
		return;
	bus->num_epts--;
	bus->num_callers -= calls_application(bus, ept);
	memmove(&bus->epts[at], &bus->epts[at + 1], (bus->num_epts - at) * sizeof(*bus->epts));
}

/* ---- callbacks ---------------------------------------------------------------------------- */

void rpmsg_enter(struct rpmsg_frame *frame, struct rproc_rpmsg_ept *ept)
{
	atomic_fetch_add(&ept->refs, 1);
	ept->calls++;
	frame->ept = ept;
	frame->data = NULL;
	frame->outer = frames;
	frames = frame;
}

void rpmsg_leave(struct rpmsg_frame *frame)
{
	struct rproc_rpmsg_ept *ept = frame->ept;

	frames = frame->outer;
	ept->calls--;
	pthread_cond_broadcast(&ept->bus->idle);
	/* The bus outlives it: somebody holds its lock. */
	rpmsg_ept_put(ept);
}

bool rproc_rpmsg_in_callback(void)
{
	return frames;
}

bool rpmsg_must_not_wait(const struct rproc_context *context)
{
	return frames || rproc_on_loop(context->loop);
}

struct rpmsg_frame *rpmsg_frame_of(const struct rproc_rpmsg_ept *ept)
{
	struct rpmsg_frame *frame = frames;

	while (frame && frame->ept != ept)
		frame = frame->outer;
	return frame;
}

void rpmsg_await_callbacks(struct rproc_rpmsg_ept *ept)
{
	const struct rpmsg_frame *frame;
	unsigned int own = 0;

	for (frame = frames; frame; frame = frame->outer)
		own += frame->ept == ept;
	while (ept->calls > own)
		pthread_cond_wait(&ept->bus->idle, &ept->bus->lock);
}

/* ---- life ---------------------------------------------------------------------------------- */

int rpmsg_ept_new(const char *name, const struct rproc_rpmsg_ept_options *options,
		  struct rproc_rpmsg_ept **ret_ept)
{
	struct rproc_rpmsg_ept *ept = calloc(1, sizeof(*ept));
	int ret;

	if (!ept)
		return -ENOMEM;
	ret = options_read(options, &ept->options, sizeof(ept->options));
	if (!ret)
		ret = rpmsg_queue_init(&ept->queue,
				       ept->options.queue_len ? ept->options.queue_len : QUEUE_LEN);
	if (ret) {
		free(ept);
		return ret;
	}
	atomic_init(&ept->refs, 1);
	snprintf(ept->name, sizeof(ept->name), "%s", name);
	snprintf(ept->driver, sizeof(ept->driver), "%s",
		 ept->options.driver ? ept->options.driver : "rpmsg");
	ept->options.driver = ept->driver;
	*ret_ept = ept;
	return 0;
}

void rpmsg_ept_put(struct rproc_rpmsg_ept *ept)
{
	if (atomic_fetch_sub(&ept->refs, 1) != 1)
		return;
	if (ept->bus)
		rpmsg_bus_put(ept->bus);
	rpmsg_queue_fini(&ept->queue);
	free(ept);
}

/* Whoever waits in one of its functions stops doing so. */
static void wake(struct rproc_rpmsg_ept *ept, bool leave)
{
	struct rpmsg_bus *bus = ept->bus;

	pthread_mutex_lock(&bus->tx_lock);
	ept->want_writable = false;
	pthread_cond_broadcast(&bus->tx_changed);
	while (leave && ept->senders)
		pthread_cond_wait(&bus->tx_changed, &bus->tx_lock);
	pthread_mutex_unlock(&bus->tx_lock);
	rpmsg_queue_end(&ept->queue, leave);
}

void rpmsg_ept_close(struct rproc_rpmsg_ept *ept)
{
	struct rpmsg_bus *bus = ept->bus;
	struct rpmsg_frame frame;
	bool tell;

	if (atomic_exchange(&ept->dead, true))
		return;
	pthread_mutex_lock(&bus->lock);
	table_remove(bus, ept);
	rpmsg_await_callbacks(ept);
	tell = ept->options.closed && !ept->destroyed;
	if (tell)
		rpmsg_enter(&frame, ept);
	pthread_mutex_unlock(&bus->lock);
	wake(ept, false);
	if (!tell)
		return;
	ept->options.closed(ept, ept->options.data);
	pthread_mutex_lock(&bus->lock);
	rpmsg_leave(&frame);
	pthread_mutex_unlock(&bus->lock);
}

void rpmsg_close_epts(struct rpmsg_bus *bus)
{
	struct rproc_rpmsg_ept *ept;

	for (;;) {
		pthread_mutex_lock(&bus->lock);
		ept = bus->num_epts ? bus->epts[bus->num_epts - 1] : NULL;
		if (ept) {
			atomic_fetch_add(&ept->refs, 1);
			/* Somebody else is closing it already: then only the table lags behind. */
			if (atomic_load(&ept->dead))
				table_remove(bus, ept);
		}
		pthread_mutex_unlock(&bus->lock);
		if (!ept)
			return;
		rpmsg_ept_close(ept);
		rpmsg_ept_put(ept);
	}
}

/* With bus.lock: leave the channel it opened. Is the remote to be told? */
static bool leave_channel(struct rproc_rpmsg_ept *ept)
{
	struct rpmsg_bus *bus = ept->bus;
	struct rpmsg_channel *channel =
		ept->channel ? rpmsg_channel_by_id(bus, ept->channel) : NULL;

	ept->channel = 0;
	if (!channel || channel->ept != ept)
		return false;
	channel->ept = NULL;
	return channel->announce && bus->has_ns && !atomic_load(&bus->dead);
}

RPROC_API void rproc_rpmsg_destroy_ept(struct rproc_rpmsg_ept *ept)
{
	struct rpmsg_bus *bus;
	bool announced, opened;

	if (!ept)
		return;
	bus = ept->bus;
	pthread_mutex_lock(&bus->lock);
	ept->destroyed = true;
	opened = ept->channel;
	announced = leave_channel(ept);
	table_remove(bus, ept);
	pthread_mutex_unlock(&bus->lock);
	if (announced)
		rpmsg_announce(ept, false);
	atomic_store(&ept->dead, true);
	wake(ept, true);
	pthread_mutex_lock(&bus->lock);
	rpmsg_await_callbacks(ept);
	pthread_mutex_unlock(&bus->lock);
	if (opened)
		rpmsg_channels_changed(bus->context);
	rpmsg_ept_put(ept);
}

/* Unlock, tell the log, let go of the bus. Returns @error. */
static int end_of_add(struct rpmsg_bus *bus, const struct rproc_rpmsg_ept *ept, int error)
{
	pthread_mutex_unlock(&bus->lock);
	if (error == -EADDRINUSE)
		rproc_context_log(bus->context, RPROC_LOG_ERR, ept->log_name,
				  "idr_alloc failed: %d", -ENOSPC);
	rpmsg_bus_put(bus);
	return error;
}

/* ---- making -------------------------------------------------------------------------------- */

/* With bus.lock: open @channel with @ept. */
static int bind_channel(struct rpmsg_bus *bus, struct rpmsg_channel *channel,
			struct rproc_rpmsg_ept *ept)
{
	int ret;

	if (atomic_load(&bus->dead))
		return -ENODEV;
	if (rpmsg_is_fixed(channel))
		return -EINVAL;
	if (channel->ept)
		return -EBUSY;
	ept->dst = channel->dst;
	memcpy(ept->name, channel->name, sizeof(ept->name));
	ret = rpmsg_ept_add(bus, ept, channel->src);
	if (ret)
		return ret;
	ept->channel = channel->id;
	channel->src = ept->addr;
	channel->ept = ept;
	channel->was_opened = true;
	return 0;
}

/* Undo an open of which the remote could not be told: nor is it told of the end. */
static void unopen(struct rproc_rpmsg_ept *ept)
{
	struct rpmsg_bus *bus = ept->bus;

	pthread_mutex_lock(&bus->lock);
	leave_channel(ept);
	pthread_mutex_unlock(&bus->lock);
	rpmsg_channels_changed(bus->context);
	rproc_rpmsg_destroy_ept(ept);
}

RPROC_API int rproc_rpmsg_open(struct rproc_context *context, uint64_t id,
			       const struct rproc_rpmsg_ept_options *options,
			       struct rproc_rpmsg_ept **ret_ept)
{
	struct rproc_rpmsg_ept *ept;
	struct rpmsg_channel *channel;
	struct rpmsg_bus *bus;
	bool announce;
	int ret = rpmsg_ept_new("", options, &ept);

	if (ret)
		return ret;
	channel = rpmsg_find_channel(context, id, &bus);
	if (!channel) {
		rpmsg_ept_put(ept);
		return -ENODEV;
	}
	snprintf(ept->log_name, sizeof(ept->log_name), "%s %s", ept->driver, channel->device);
	ret = bind_channel(bus, channel, ept);
	announce = !ret && channel->announce && bus->has_ns;
	ret = end_of_add(bus, ept, ret);
	if (announce)
		ret = rpmsg_announce(ept, true);
	if (!ret)
		*ret_ept = ept;
	else if (announce)
		unopen(ept);
	else
		rpmsg_ept_put(ept);
	return ret;
}

RPROC_API int rproc_rpmsg_create_ept(struct rproc_context *context, uint64_t via, const char *name,
				     uint32_t src, uint32_t dst,
				     const struct rproc_rpmsg_ept_options *options,
				     struct rproc_rpmsg_ept **ret_ept)
{
	struct rproc_rpmsg_ept *ept;
	struct rpmsg_channel *channel;
	struct rpmsg_bus *bus;
	int ret = rpmsg_ept_new(name, options, &ept);

	if (ret)
		return ret;
	ept->dst = dst;
	channel = rpmsg_find_channel(context, via, &bus);
	if (!channel) {
		rpmsg_ept_put(ept);
		return -ENODEV;
	}
	snprintf(ept->log_name, sizeof(ept->log_name), "%s %s", ept->driver, channel->device);
	if (bus->serial)
		ret = -EINVAL;
	else
		ret = atomic_load(&bus->dead) ? -ENODEV : rpmsg_ept_add(bus, ept, src);
	ret = end_of_add(bus, ept, ret);
	if (ret)
		rpmsg_ept_put(ept);
	else
		*ret_ept = ept;
	return ret;
}

/* ---- asking -------------------------------------------------------------------------------- */

RPROC_API uint32_t rproc_rpmsg_ept_addr(const struct rproc_rpmsg_ept *ept)
{
	return ept->addr;
}

RPROC_API uint32_t rproc_rpmsg_ept_dst(const struct rproc_rpmsg_ept *ept)
{
	return ept->dst;
}

RPROC_API const char *rproc_rpmsg_ept_name(const struct rproc_rpmsg_ept *ept)
{
	return ept->name;
}

RPROC_API bool rproc_rpmsg_ept_alive(const struct rproc_rpmsg_ept *ept)
{
	return !atomic_load(&ept->dead);
}

RPROC_API size_t rproc_rpmsg_get_mtu(const struct rproc_rpmsg_ept *ept)
{
	return ept->bus->mtu;
}
