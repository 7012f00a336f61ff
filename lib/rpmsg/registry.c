/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The buses of a context, and how a channel is found by its id. Knows nothing of
 * messages.
 */
#include <errno.h>
#include <time.h>
#include "base/clock.h"
#include "rpmsg/bus.h"

void rproc_rpmsg_init(struct rproc_rpmsg *rpmsg)
{
	clock_cond_init(&rpmsg->changed);
	pthread_mutex_init(&rpmsg->lock, NULL);
	list_init(&rpmsg->buses);
	list_init(&rpmsg->sockets);
}

void rproc_rpmsg_fini(struct rproc_rpmsg *rpmsg)
{
	pthread_cond_destroy(&rpmsg->changed);
	pthread_mutex_destroy(&rpmsg->lock);
}

void rpmsg_bus_register(struct rpmsg_bus *bus)
{
	struct rproc_rpmsg *rpmsg = &bus->context->rpmsg;

	rpmsg_bus_get(bus);
	pthread_mutex_lock(&rpmsg->lock);
	list_add_tail(&rpmsg->buses, &bus->link);
	pthread_mutex_unlock(&rpmsg->lock);
}

void rpmsg_bus_unregister(struct rpmsg_bus *bus)
{
	struct rproc_rpmsg *rpmsg = &bus->context->rpmsg;
	bool registered;

	/* The list is everybody's: its neighbours write to the link of a bus. */
	pthread_mutex_lock(&rpmsg->lock);
	registered = !list_empty(&bus->link);
	list_del(&bus->link);
	pthread_mutex_unlock(&rpmsg->lock);
	if (registered)
		rpmsg_bus_put(bus);
}

uint64_t rpmsg_new_channel_id(struct rproc_context *context)
{
	uint64_t id;

	pthread_mutex_lock(&context->rpmsg.lock);
	id = ++context->rpmsg.last_channel;
	pthread_mutex_unlock(&context->rpmsg.lock);
	return id;
}

void rpmsg_channels_changed(struct rproc_context *context)
{
	pthread_mutex_lock(&context->rpmsg.lock);
	pthread_cond_broadcast(&context->rpmsg.changed);
	pthread_mutex_unlock(&context->rpmsg.lock);
}

struct rpmsg_channel *rpmsg_find_channel(struct rproc_context *context, uint64_t id,
					 struct rpmsg_bus **ret_bus)
{
	struct rpmsg_channel *found = NULL;
	struct list *item;

	pthread_mutex_lock(&context->rpmsg.lock);
	list_for_each(item, &context->rpmsg.buses) {
		struct rpmsg_bus *bus = list_entry(item, struct rpmsg_bus, link);

		pthread_mutex_lock(&bus->lock);
		found = rpmsg_channel_by_id(bus, id);
		if (found) {
			rpmsg_bus_get(bus);
			*ret_bus = bus;
			break;
		}
		pthread_mutex_unlock(&bus->lock);
	}
	pthread_mutex_unlock(&context->rpmsg.lock);
	return found;
}

void rpmsg_bus_unlock_put(struct rpmsg_bus *bus)
{
	pthread_mutex_unlock(&bus->lock);
	rpmsg_bus_put(bus);
}
