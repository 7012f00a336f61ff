/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages that wait for rproc_rpmsg_recv(): bounded, in order, with a descriptor
 * that is readable while there is something to learn. Knows no ring.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "rpmsg/bus.h"

/*
 * What a message may have on average once there are many: a remote chooses the size of its
 * buffers, and must not have 64 KiB for each place of every queue.
 */
#define MEAN_LEN 2048u

int rpmsg_queue_init(struct rpmsg_queue *queue, unsigned int max)
{
	clock_cond_init(&queue->changed);
	pthread_mutex_init(&queue->lock, NULL);
	list_init(&queue->messages);
	queue->max = max;
	queue->fd = -1;
	return 0;
}

void rpmsg_queue_fini(struct rpmsg_queue *queue)
{
	struct list *item, *next;

	list_for_each_safe(item, next, &queue->messages)
		free(list_entry(item, struct rpmsg_queued, link));
	if (queue->fd >= 0)
		close(queue->fd);
	pthread_mutex_destroy(&queue->lock);
	pthread_cond_destroy(&queue->changed);
}

/* With the lock. @readable: there is something to learn. */
static void set_fd(struct rpmsg_queue *queue, bool readable)
{
	eventfd_t ignored;

	if (queue->fd < 0 || queue->fd_set == readable)
		return;
	queue->fd_set = readable;
	if (readable)
		eventfd_write(queue->fd, 1);
	else
		eventfd_read(queue->fd, &ignored);
}

/* With the lock. One message there is always room for. */
static bool has_room(const struct rpmsg_queue *queue, size_t len)
{
	if (queue->lost || queue->len >= queue->max)
		return false;
	return !queue->len || queue->bytes + len <= (size_t)queue->max * MEAN_LEN;
}

bool rpmsg_queue_put(struct rpmsg_queue *queue, const void *data, size_t len, bool is_iomem,
		     uint32_t src)
{
	struct rpmsg_queued *message = malloc(sizeof(*message) + len);
	bool taken;

	if (message) {
		message->len = len;
		message->src = src;
		if (is_iomem)
			rproc_iomem_copy_from(message->data, data, len);
		else
			memcpy(message->data, data, len);
	}
	pthread_mutex_lock(&queue->lock);
	taken = message && has_room(queue, len);
	if (taken) {
		list_add_tail(&queue->messages, &message->link);
		queue->len++;
		queue->bytes += len;
	} else {
		/* Until the reader has been told where the hole is, it only grows. */
		queue->lost = true;
	}
	set_fd(queue, true);
	if (queue->readers)
		pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	if (!taken)
		free(message);
	return taken;
}

bool rpmsg_queue_ready(struct rpmsg_queue *queue)
{
	bool ready;

	pthread_mutex_lock(&queue->lock);
	ready = queue->len || queue->lost;
	pthread_mutex_unlock(&queue->lock);
	return ready;
}

void rpmsg_queue_end(struct rpmsg_queue *queue, bool leave)
{
	pthread_mutex_lock(&queue->lock);
	set_fd(queue, true);
	pthread_cond_broadcast(&queue->changed);
	while (leave && queue->readers)
		pthread_cond_wait(&queue->changed, &queue->lock);
	pthread_mutex_unlock(&queue->lock);
}

/* With the lock: what there is to learn, or NULL and *ret_error. */
static struct rpmsg_queued *take(struct rproc_rpmsg_ept *ept, int *ret_error)
{
	struct rpmsg_queue *queue = &ept->queue;
	struct rpmsg_queued *message = NULL;
	bool dead = atomic_load(&ept->dead);

	if (queue->len) {
		message = list_entry(queue->messages.next, struct rpmsg_queued, link);
		list_del(&message->link);
		queue->len--;
		queue->bytes -= message->len;
	} else if (queue->lost) {
		queue->lost = false;
		*ret_error = -ENOBUFS;
	} else {
		*ret_error = dead ? -EPIPE : -EAGAIN;
	}
	set_fd(queue, queue->len || queue->lost || dead);
	return message;
}

/* With the lock, which is let go of meanwhile. */
static struct rpmsg_queued *await(struct rproc_rpmsg_ept *ept, int timeout_ms, int *ret_error)
{
	struct rpmsg_queue *queue = &ept->queue;
	struct rpmsg_queued *message;
	struct timespec deadline;
	int late = 0;

	if (timeout_ms > 0)
		clock_deadline(&deadline, (unsigned int)timeout_ms);
	queue->readers++;
	pthread_mutex_unlock(&queue->lock);
	rpmsg_receive_for(ept);
	pthread_mutex_lock(&queue->lock);
	for (;;) {
		message = take(ept, ret_error);
		if (message || *ret_error != -EAGAIN)
			break;
		if (late) {
			*ret_error = -ETIMEDOUT;
			break;
		}
		if (timeout_ms < 0)
			pthread_cond_wait(&queue->changed, &queue->lock);
		else
			late = pthread_cond_timedwait(&queue->changed, &queue->lock, &deadline);
	}
	if (!--queue->readers)
		pthread_cond_broadcast(&queue->changed);
	return message;
}

RPROC_API ssize_t rproc_rpmsg_recv(struct rproc_rpmsg_ept *ept, void *buf, size_t len,
				   int timeout_ms, uint32_t *ret_src)
{
	struct rpmsg_queue *queue = &ept->queue;
	struct rpmsg_queued *message;
	int error = 0;
	ssize_t ret;

	if (ept->options.receive)
		return -EINVAL;
	pthread_mutex_lock(&queue->lock);
	message = take(ept, &error);
	if (!message && error == -EAGAIN && timeout_ms) {
		if (rpmsg_must_not_wait(ept->bus->context))
			error = -EDEADLK;
		else
			message = await(ept, timeout_ms, &error);
	}
	pthread_mutex_unlock(&queue->lock);
	if (!message)
		return error;
	ret = (ssize_t)message->len;
	if (message->len && len)
		memcpy(buf, message->data, message->len < len ? message->len : len);
	if (ret_src)
		*ret_src = message->src;
	free(message);
	return ret;
}

RPROC_API int rproc_rpmsg_ept_fd(struct rproc_rpmsg_ept *ept)
{
	struct rpmsg_queue *queue = &ept->queue;
	int fd;

	if (ept->options.receive)
		return -EINVAL;
	pthread_mutex_lock(&queue->lock);
	if (queue->fd < 0) {
		queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (queue->fd < 0) {
			pthread_mutex_unlock(&queue->lock);
			return -errno;
		}
		set_fd(queue, queue->len || queue->lost || atomic_load(&ept->dead));
	}
	fd = queue->fd;
	pthread_mutex_unlock(&queue->lock);
	return fd;
}
