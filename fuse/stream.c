/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Record streams, read as /dev/kmsg is: one record a read, EINVAL if it does
 * not fit, EPIPE once if records were overwritten before they were read. Owns
 * the records and the reads that wait; must not know what a record says.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "stream.h"

struct record {
	char *data; /* NULL: there was no memory for it */
	size_t len;
};

struct stream {
	void (*kick)(void *data);
	void *data;
	unsigned int cap;
	pthread_mutex_t lock;
	struct record *records; /* under lock: number n is at n % cap */
	uint64_t next;		/* under lock: the next number */
	unsigned int opens;	/* under lock */
	/* The tree's thread: */
	struct node_call *waiting;
	uint64_t notified; /* what pollers were told of */
};

int stream_new(unsigned int records, void (*kick)(void *data), void *data,
	       struct stream **ret_stream)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return -ENOMEM;
	stream->records = calloc(records, sizeof(*stream->records));
	if (!stream->records) {
		free(stream);
		return -ENOMEM;
	}
	stream->cap = records;
	stream->kick = kick;
	stream->data = data;
	pthread_mutex_init(&stream->lock, NULL);
	*ret_stream = stream;
	return 0;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	for (unsigned int i = 0; i < stream->cap; i++)
		free(stream->records[i].data);
	free(stream->records);
	pthread_mutex_destroy(&stream->lock);
	free(stream);
}

uint64_t stream_next(struct stream *stream)
{
	uint64_t next;

	pthread_mutex_lock(&stream->lock);
	next = stream->next;
	pthread_mutex_unlock(&stream->lock);
	return next;
}

void stream_append(struct stream *stream,
		   void (*format)(struct text *text, uint64_t number, void *data), void *data)
{
	struct text text = { 0 };
	struct record *record;
	bool heard;

	/* Formatted under the lock, so that the records stand in the order of their numbers. */
	pthread_mutex_lock(&stream->lock);
	format(&text, stream->next, data);
	record = &stream->records[stream->next % stream->cap];
	free(record->data);
	if (text.failed)
		text_fini(&text);
	record->data = text.data;
	record->len = text.len;
	stream->next++;
	heard = stream->opens;
	pthread_mutex_unlock(&stream->lock);
	/* Most lines of a log are written while nobody reads it. */
	if (heard && stream->kick)
		stream->kick(stream->data);
}

/* Under lock: the oldest number that is kept. */
static uint64_t oldest(const struct stream *stream)
{
	return stream->next > stream->cap ? stream->next - stream->cap : 0;
}

/* Under lock: the record @open reads next, into the call. 0: there is none yet. */
static ssize_t take_record(struct stream *stream, struct node_open *open, struct node_call *call)
{
	const struct record *record;
	char *buf;

	if (open->position < oldest(stream)) {
		open->position = oldest(stream);
		return -EPIPE;
	}
	while (open->position < stream->next && !stream->records[open->position % stream->cap].data)
		open->position++;
	if (open->position == stream->next)
		return 0;
	record = &stream->records[open->position % stream->cap];
	if (record->len > call->size)
		return -EINVAL;
	buf = node_call_buffer(call);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, record->data, record->len);
	open->position++;
	return (ssize_t)record->len;
}

static ssize_t try_read(struct stream *stream, struct node_open *open, struct node_call *call)
{
	ssize_t n;

	pthread_mutex_lock(&stream->lock);
	n = take_record(stream, open, call);
	pthread_mutex_unlock(&stream->lock);
	return n;
}

static void cancel_read(struct node_call *call)
{
	struct stream *stream = call->priv;

	for (struct node_call **p = &stream->waiting; *p; p = &(*p)->next_waiting) {
		if (*p != call)
			continue;
		*p = call->next_waiting;
		node_call_done(call, -EINTR);
		return;
	}
}

static void stream_read(struct node_open *open, struct node_call *call)
{
	struct stream *stream = open->node->priv;
	ssize_t n;

	/*
	 * A page would keep the first record for all who come, and end behind it. As
	 * /dev/kmsg, which makes those who try sendfile(2) go on with read(2).
	 */
	n = call->cached ? -EINVAL : try_read(stream, open, call);
	if (!n && call->nonblock)
		n = -EAGAIN;
	if (n) {
		node_call_done(call, n);
		return;
	}
	call->priv = stream;
	call->cancel = cancel_read;
	call->next_waiting = stream->waiting;
	stream->waiting = call;
}

void stream_wake(struct stream *stream, struct node *node)
{
	struct node_call **p = &stream->waiting;
	uint64_t next;

	while (*p) {
		struct node_call *call = *p;
		ssize_t n = try_read(stream, call->open, call);

		if (!n) {
			p = &call->next_waiting;
			continue;
		}
		*p = call->next_waiting;
		node_call_done(call, n);
	}
	next = stream_next(stream);
	if (next == stream->notified)
		return;
	stream->notified = next;
	node_notify(node);
}

static int stream_open(struct node_open *open)
{
	struct stream *stream = open->node->priv;

	pthread_mutex_lock(&stream->lock);
	open->position = oldest(stream);
	stream->opens++;
	pthread_mutex_unlock(&stream->lock);
	return 0;
}

static void stream_release(struct node_open *open)
{
	struct stream *stream = open->node->priv;

	pthread_mutex_lock(&stream->lock);
	stream->opens--;
	pthread_mutex_unlock(&stream->lock);
}

static unsigned int stream_poll(struct node_open *open)
{
	struct stream *stream = open->node->priv;
	unsigned int events = 0;

	pthread_mutex_lock(&stream->lock);
	if (open->position < stream->next)
		events |= POLLIN | POLLRDNORM;
	if (open->position < oldest(stream))
		events |= POLLERR | POLLPRI;
	pthread_mutex_unlock(&stream->lock);
	return events;
}

const struct node_ops stream_ops = {
	.flags = NODE_STRICT | NODE_STREAM,
	.open = stream_open,
	.release = stream_release,
	.read = stream_read,
	.poll = stream_poll,
};
