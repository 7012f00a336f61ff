/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Channels: which there are on a bus, what they are called, who may have them. Knows
 * endpoints by reference only and no message. Mirrors the channel part of
 * virtio_rpmsg_bus.c and rpmsg_core.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "rpmsg/bus.h"

#define OVERRIDE_MAX 4095u

struct rpmsg_channel *rpmsg_channel_by_id(struct rpmsg_bus *bus, uint64_t id)
{
	struct list *item;

	list_for_each(item, &bus->channels) {
		struct rpmsg_channel *channel = list_entry(item, struct rpmsg_channel, link);

		if (channel->id == id)
			return channel;
	}
	return NULL;
}

bool rpmsg_is_fixed(const struct rpmsg_channel *channel)
{
	return channel->kind == RPROC_RPMSG_CTRL || channel->kind == RPROC_RPMSG_NS;
}

/* With bus.lock: the first that matches; any address matches RPROC_RPMSG_ADDR_ANY. */
static struct rpmsg_channel *match(struct rpmsg_bus *bus, const char *name, uint32_t src,
				   uint32_t dst)
{
	struct list *item;

	list_for_each(item, &bus->channels) {
		struct rpmsg_channel *channel = list_entry(item, struct rpmsg_channel, link);

		if ((src == RPROC_RPMSG_ADDR_ANY || src == channel->src) &&
		    (dst == RPROC_RPMSG_ADDR_ANY || dst == channel->dst) &&
		    !strncmp(name, channel->name, sizeof(channel->name)))
			return channel;
	}
	return NULL;
}

/* With bus.lock, so that of one channel the events come in the order of its life. */
static void tell(const struct rpmsg_bus *bus, const struct rpmsg_channel *channel,
		 enum rproc_event_type type)
{
	enum rproc_state state = rproc_state(bus->rproc);
	const struct rproc_event event = {
		.type = type,
		.index = bus->rproc_index,
		.old_state = state,
		.new_state = state,
		.value = channel->id,
	};

	rproc_event_post(bus->context, &event, bus->rproc->name, channel->device);
}

/* With bus.lock. */
static int insert(struct rpmsg_bus *bus, struct rpmsg_channel *channel)
{
	if (atomic_load(&bus->dead))
		return -ENODEV;
	if (match(bus, channel->name, channel->src, channel->dst))
		return -EEXIST;
	if (bus->num_channels == RPROC_RPMSG_CHANNELS_MAX)
		return -ENOSPC;
	bus->num_channels++;
	list_add_tail(&bus->channels, &channel->link);
	tell(bus, channel, RPROC_EVENT_CHANNEL_ADDED);
	return 0;
}

static void log_refusal(const struct rpmsg_bus *bus, const struct rpmsg_channel *channel, int error)
{
	if (error == -EEXIST)
		rpmsg_log(bus, RPROC_LOG_ERR, "channel %s:%x:%x already exist", channel->name,
			  channel->src, channel->dst);
	if (error == -ENOSPC)
		rpmsg_log(bus, RPROC_LOG_ERR, "channel %s:%x:%x is one too many, there are %u",
			  channel->name, channel->src, channel->dst, RPROC_RPMSG_CHANNELS_MAX);
}

int rpmsg_add_channel(struct rpmsg_bus *bus, enum rproc_rpmsg_channel_kind kind, const char *name,
		      uint32_t src, uint32_t dst, bool print, uint64_t *ret_id)
{
	struct rpmsg_channel *channel = calloc(1, sizeof(*channel));
	int ret;

	if (!channel)
		return -ENOMEM;
	channel->id = rpmsg_new_channel_id(bus->context);
	channel->kind = kind;
	channel->src = src;
	channel->dst = dst;
	channel->announce = kind == RPROC_RPMSG_CHANNEL && src != RPROC_RPMSG_ADDR_ANY;
	channel->time_ns = rpmsg_now_ns();
	snprintf(channel->name, sizeof(channel->name), "%s", name);
	snprintf(channel->device, sizeof(channel->device), "virtio%d.%s.%d.%d", bus->virtio,
		 channel->name, (int)src, (int)dst);
	*ret_id = channel->id;
	/* The kernel's own drivers have their channels by this. */
	if (rpmsg_is_fixed(channel)) {
		channel->driver_override = strdup(name);
		ret = channel->driver_override ? 0 : -ENOMEM;
		if (ret)
			goto err_free;
	}
	pthread_mutex_lock(&bus->lock);
	ret = insert(bus, channel);
	pthread_mutex_unlock(&bus->lock);
	if (ret) {
		if (print)
			log_refusal(bus, channel, ret);
		goto err_free;
	}
	rpmsg_channels_changed(bus->context);
	return 0;

err_free:
	free(channel->driver_override);
	free(channel);
	return ret;
}

/* Called with bus.lock, returns without it. */
static void remove_locked(struct rpmsg_bus *bus, struct rpmsg_channel *channel)
{
	struct rproc_rpmsg_ept *ept = channel->ept;
	bool announced = channel->announce && bus->has_ns && !atomic_load(&bus->dead);

	list_del(&channel->link);
	bus->num_channels--;
	tell(bus, channel, RPROC_EVENT_CHANNEL_REMOVED);
	if (ept)
		atomic_fetch_add(&ept->refs, 1);
	pthread_mutex_unlock(&bus->lock);
	if (ept) {
		if (announced)
			rpmsg_announce(ept, false);
		rpmsg_ept_close(ept);
		rpmsg_ept_put(ept);
	}
	free(channel->driver_override);
	free(channel);
}

int rpmsg_remove_channel(struct rpmsg_bus *bus, const char *name, uint32_t src, uint32_t dst)
{
	struct rpmsg_channel *channel;

	pthread_mutex_lock(&bus->lock);
	channel = match(bus, name, src, dst);
	/* The fixed ones end with the bus. */
	if (!channel || channel->kind != RPROC_RPMSG_CHANNEL) {
		pthread_mutex_unlock(&bus->lock);
		return -EINVAL;
	}
	remove_locked(bus, channel);
	return 0;
}

void rpmsg_remove_channels(struct rpmsg_bus *bus)
{
	for (;;) {
		pthread_mutex_lock(&bus->lock);
		if (list_empty(&bus->channels)) {
			pthread_mutex_unlock(&bus->lock);
			return;
		}
		remove_locked(bus, list_entry(bus->channels.prev, struct rpmsg_channel, link));
	}
}

/* ---- for applications ---------------------------------------------------------------------- */

/* The bus that a channel is on, counted. */
static struct rpmsg_bus *bus_of(struct rproc_context *context, uint64_t channel)
{
	struct rpmsg_bus *bus;

	if (!rpmsg_find_channel(context, channel, &bus))
		return NULL;
	pthread_mutex_unlock(&bus->lock);
	return bus;
}

RPROC_API int rproc_rpmsg_create_channel(struct rproc_context *context, uint64_t via,
					 const char *name, uint32_t src, uint32_t dst,
					 uint64_t *ret_channel)
{
	struct rpmsg_bus *bus;
	uint64_t id;
	int ret;

	if (!name)
		return -EINVAL;
	bus = bus_of(context, via);
	if (!bus)
		return -ENODEV;
	ret = bus->serial ? -EINVAL
			  : rpmsg_add_channel(bus, RPROC_RPMSG_CHANNEL, name, src, dst, true, &id);
	rpmsg_bus_put(bus);
	if (!ret)
		*ret_channel = id;
	return ret;
}

RPROC_API int rproc_rpmsg_release_channel(struct rproc_context *context, uint64_t via,
					  const char *name, uint32_t src, uint32_t dst)
{
	struct rpmsg_bus *bus = name ? bus_of(context, via) : NULL;
	int ret;

	if (!bus)
		return -EINVAL;
	ret = rpmsg_remove_channel(bus, name, src, dst);
	rpmsg_bus_put(bus);
	return ret;
}

/* With bus.lock. */
static void describe(const struct rpmsg_bus *bus, const struct rpmsg_channel *channel,
		     struct rproc_rpmsg_channel_info *info)
{
	*info = (struct rproc_rpmsg_channel_info){
		.id = channel->id,
		.kind = channel->kind,
		.rproc = bus->rproc_index,
		.virtio = bus->virtio,
		.src = channel->src,
		.dst = channel->dst,
		.announce = channel->announce,
		.open = channel->ept,
		.was_opened = channel->was_opened,
		.time_ns = channel->time_ns,
	};
	memcpy(info->name, channel->name, sizeof(info->name));
	memcpy(info->device, channel->device, sizeof(info->device));
}

RPROC_API int rproc_rpmsg_get_channel(struct rproc_context *context, uint64_t id,
				      struct rproc_rpmsg_channel_info *ret_info)
{
	struct rpmsg_bus *bus;
	const struct rpmsg_channel *channel = rpmsg_find_channel(context, id, &bus);

	if (!channel)
		return -ENODEV;
	describe(bus, channel, ret_info);
	rpmsg_bus_unlock_put(bus);
	return 0;
}

/* With bus.lock: append the bus's channels. */
static int append(const struct rpmsg_bus *bus, struct rproc_rpmsg_channel_info **info, size_t *num)
{
	struct rproc_rpmsg_channel_info *more;
	struct list *item;

	more = realloc(*info, (*num + bus->num_channels + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	*info = more;
	list_for_each(item, &bus->channels)
		describe(bus, list_entry(item, struct rpmsg_channel, link), &more[(*num)++]);
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct rproc_rpmsg_channel_info *left = a, *right = b;

	return left->id < right->id ? -1 : left->id > right->id;
}

RPROC_API int rproc_rpmsg_get_channels(struct rproc_context *context,
				       struct rproc_rpmsg_channel_info **ret_info,
				       size_t *ret_count)
{
	struct rproc_rpmsg_channel_info *info = calloc(1, sizeof(*info));
	struct list *item;
	size_t num = 0;
	int ret = info ? 0 : -ENOMEM;

	pthread_mutex_lock(&context->rpmsg.lock);
	list_for_each(item, &context->rpmsg.buses) {
		struct rpmsg_bus *bus = list_entry(item, struct rpmsg_bus, link);

		pthread_mutex_lock(&bus->lock);
		if (!ret)
			ret = append(bus, &info, &num);
		pthread_mutex_unlock(&bus->lock);
	}
	pthread_mutex_unlock(&context->rpmsg.lock);
	if (ret) {
		free(info);
		return ret;
	}
	qsort(info, num, sizeof(*info), by_id);
	*ret_info = info;
	*ret_count = num;
	return 0;
}

/* ---- waiting for one ------------------------------------------------------------------------- */

/* With rpmsg.lock: one of that name that nobody has open. */
static bool find_unopened(const struct rproc *rproc, const char *name,
			  struct rproc_rpmsg_channel_info *ret_info)
{
	struct list *item, *inner;
	bool found = false;

	list_for_each(item, &rproc->context->rpmsg.buses) {
		struct rpmsg_bus *bus = list_entry(item, struct rpmsg_bus, link);

		if (bus->rproc != rproc || atomic_load(&bus->dead))
			continue;
		pthread_mutex_lock(&bus->lock);
		list_for_each(inner, &bus->channels) {
			const struct rpmsg_channel *channel =
				list_entry(inner, struct rpmsg_channel, link);

			if (found || channel->ept || rpmsg_is_fixed(channel) ||
			    strcmp(channel->name, name) != 0)
				continue;
			describe(bus, channel, ret_info);
			found = true;
		}
		pthread_mutex_unlock(&bus->lock);
		if (found)
			break;
	}
	return found;
}

RPROC_API int rproc_rpmsg_wait_channel(struct rproc *rproc, const char *name, int timeout_ms,
				       struct rproc_rpmsg_channel_info *ret_info)
{
	struct rproc_rpmsg *rpmsg = &rproc->context->rpmsg;
	bool may_wait = timeout_ms && !rpmsg_must_not_wait(rproc->context);
	struct timespec deadline;
	int ret = 0;

	clock_deadline(&deadline, timeout_ms < 0 ? 0 : (unsigned int)timeout_ms);
	pthread_mutex_lock(&rpmsg->lock);
	while (!find_unopened(rproc, name, ret_info)) {
		if (!may_wait || ret) {
			ret = timeout_ms && !may_wait ? -EDEADLK : -ETIMEDOUT;
			break;
		}
		if (timeout_ms < 0)
			pthread_cond_wait(&rpmsg->changed, &rpmsg->lock);
		else
			ret = pthread_cond_timedwait(&rpmsg->changed, &rpmsg->lock, &deadline);
	}
	if (ret > 0)
		ret = 0; /* it came with the deadline */
	pthread_mutex_unlock(&rpmsg->lock);
	return ret;
}

/* ---- driver_override ----------------------------------------------------------------------- */

RPROC_API int rproc_rpmsg_set_driver_override(struct rproc_context *context, uint64_t id,
					      const char *driver)
{
	struct rpmsg_channel *channel;
	struct rpmsg_bus *bus;
	char *copy = NULL;

	if (driver && strlen(driver) >= OVERRIDE_MAX)
		return -EINVAL;
	if (driver && driver[0]) {
		copy = strdup(driver);
		if (!copy)
			return -ENOMEM;
	}
	channel = rpmsg_find_channel(context, id, &bus);
	if (!channel) {
		free(copy);
		return -ENODEV;
	}
	free(channel->driver_override);
	channel->driver_override = copy;
	rpmsg_bus_unlock_put(bus);
	return 0;
}

RPROC_API ssize_t rproc_rpmsg_driver_override(struct rproc_context *context, uint64_t id, char *buf,
					      size_t len)
{
	const struct rpmsg_channel *channel;
	struct rpmsg_bus *bus;
	ssize_t ret;

	channel = rpmsg_find_channel(context, id, &bus);
	if (!channel)
		return -ENODEV;
	ret = snprintf(buf, len, "%s", channel->driver_override ? channel->driver_override : "");
	rpmsg_bus_unlock_put(bus);
	return ret;
}
