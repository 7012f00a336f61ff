/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events: a bounded queue of records that the application reads when it likes.
 * The descriptor is readable while a record waits; it may also wake a reader for
 * a record that was read just before, and then nothing is there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "core/internal.h"

int rproc_events_init(struct rproc_events *events, unsigned int len)
{
	int error;

	events->ring = calloc(len, sizeof(*events->ring));
	if (!events->ring)
		return -ENOMEM;
	events->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (events->fd < 0) {
		error = -errno;
		free(events->ring);
		return error;
	}
	events->len = len;
	pthread_mutex_init(&events->lock, NULL);
	return 0;
}

void rproc_events_fini(struct rproc_events *events)
{
	pthread_mutex_destroy(&events->lock);
	close(events->fd);
	free(events->ring);
}

/*
 * Make the descriptor readable, unless there is nothing to read any more: who was told
 * of a change has often read its event by now, and would be woken in vain.
 */
static void announce(struct rproc_events *events)
{
	bool waits;

	pthread_mutex_lock(&events->lock);
	waits = events->count;
	events->owed += waits;
	pthread_mutex_unlock(&events->lock);
	if (waits)
		eventfd_write(events->fd, 1);
}

void rproc_event_post(struct rproc_context *context, const struct rproc_event *given,
		      const char *name, const char *reason)
{
	struct rproc_events *events = &context->events;
	struct rproc_event *event, change;
	bool first, tell;

	pthread_mutex_lock(&events->lock);
	events->sequence++;
	if (events->count == events->len) {
		events->head = (events->head + 1) % events->len;
		events->count--;
		events->lost++;
	}
	event = &events->ring[(events->head + events->count) % events->len];
	*event = *given;
	event->sequence = events->sequence;
	event->time_ns = clock_ns(CLOCK_REALTIME);
	snprintf(event->name, sizeof(event->name), "%s", name);
	snprintf(event->reason, sizeof(event->reason), "%s", reason);
	first = !events->count++;
	tell = event->type == RPROC_EVENT_STATE && context->state_changed;
	if (tell)
		change = *event;
	pthread_mutex_unlock(&events->lock);
	/* Without the lock, which the reader that wakes up wants. */
	if (tell)
		context->state_changed(&change, context->state_changed_data);
	if (first)
		announce(events);
}

void rproc_event_add(const struct rproc *rproc, enum rproc_event_type type,
		     enum rproc_state old_state, enum rproc_state new_state, const char *reason)
{
	const struct rproc_event event = {
		.type = type,
		.index = rproc->index,
		.old_state = old_state,
		.new_state = new_state,
	};

	rproc_event_post(rproc->context, &event, rproc->name, reason);
}

/* With the lock. One that is not written yet is taken back by a later call. */
static void take_back(struct rproc_events *events)
{
	eventfd_t writes;

	if (events->owed && !eventfd_read(events->fd, &writes))
		events->owed -= writes;
}

RPROC_API int rproc_event_fd(struct rproc_context *context)
{
	return context->events.fd;
}

RPROC_API int rproc_event_read(struct rproc_context *context, struct rproc_event *ret_event)
{
	struct rproc_events *events = &context->events;
	int ret = 1;

	pthread_mutex_lock(&events->lock);
	if (events->lost) {
		*ret_event = (struct rproc_event){
			.sequence = events->ring[events->head].sequence - 1,
			.time_ns = clock_ns(CLOCK_REALTIME),
			.type = RPROC_EVENT_LOST,
			.index = -1,
			.value = events->lost,
		};
		events->lost = 0;
	} else if (events->count) {
		*ret_event = events->ring[events->head];
		events->head = (events->head + 1) % events->len;
		if (!--events->count)
			take_back(events);
	} else {
		take_back(events);
		ret = 0;
	}
	pthread_mutex_unlock(&events->lock);
	return ret;
}
