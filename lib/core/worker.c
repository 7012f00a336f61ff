/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One worker a processor: a queue of work, carried out in order by a thread
 * that exists only while there is some, and a moment longer. Being the item that runs is what the
 * architecture calls the operation lock: nothing else may change the processor.
 */
#include <errno.h>
#include "base/clock.h"
#include "core/internal.h"

#define LINGER_MS 10

void rproc_queue_init(struct rproc_queue *queue)
{
	pthread_mutex_init(&queue->lock, NULL);
	clock_cond_init(&queue->more);
	list_init(&queue->items);
}

void rproc_queue_fini(struct rproc_queue *queue)
{
	pthread_cond_destroy(&queue->more);
	pthread_mutex_destroy(&queue->lock);
}

/*
 * Called with the queue's lock; is there more to do? The end of a thread takes as
 * long as all it takes to tell somebody of a new state, who may wait for this CPU:
 * so not right now. Often he then asks for the next thing.
 */
static bool wait_for_more(struct rproc_queue *queue)
{
	struct timespec until;

	clock_deadline(&until, LINGER_MS);
	while (list_empty(&queue->items) && !queue->closed)
		if (pthread_cond_timedwait(&queue->more, &queue->lock, &until))
			break;
	return !list_empty(&queue->items);
}

/* The thread before has left the queue and may not have ended yet: see it off, with no lock. */
static void join_previous(struct rproc_queue *queue)
{
	pthread_t previous;
	bool join;

	pthread_mutex_lock(&queue->lock);
	join = queue->has_previous;
	previous = queue->previous;
	queue->has_previous = false;
	pthread_mutex_unlock(&queue->lock);
	if (join)
		pthread_join(previous, NULL);
}

static void *worker(void *arg)
{
	struct rproc *rproc = arg;
	struct rproc_queue *queue = &rproc->queue;

	join_previous(queue);
	pthread_mutex_lock(&queue->lock);
	while (wait_for_more(queue)) {
		struct rproc_work *work = list_entry(queue->items.next, struct rproc_work, link);
		int result;

		list_del(&work->link);
		queue->running_id = work->id;
		pthread_mutex_unlock(&queue->lock);
		result = work->run(rproc, work);
		if (work->done)
			work->done(rproc, work, result);
		pthread_mutex_lock(&queue->lock);
		queue->running_id = 0;
	}
	queue->busy = false;
	pthread_mutex_unlock(&queue->lock);
	return NULL;
}

/* Called with the queue's lock, which the new thread takes first. It joins the one before. */
static int start_worker(struct rproc *rproc)
{
	struct rproc_queue *queue = &rproc->queue;
	pthread_t thread;
	int ret;

	ret = rproc_thread_create(&thread, worker, rproc);
	if (ret)
		return ret;
	queue->has_previous = queue->started;
	queue->previous = queue->thread;
	queue->thread = thread;
	queue->started = queue->busy = true;
	return 0;
}

static int64_t add(struct rproc *rproc, struct rproc_work *work, bool with_id)
{
	struct rproc_queue *queue = &rproc->queue;
	int64_t ret = 0;

	pthread_mutex_lock(&queue->lock);
	if (queue->closed || !atomic_load(&rproc->added)) {
		ret = -ENODEV;
		goto out_unlock;
	}
	if (with_id)
		ret = work->id = ++queue->last_id;
	list_add_tail(&queue->items, &work->link);
	if (queue->busy) {
		pthread_cond_signal(&queue->more);
	} else {
		int err = start_worker(rproc);

		if (err) {
			list_del(&work->link);
			ret = err;
		}
	}
out_unlock:
	pthread_mutex_unlock(&queue->lock);
	return ret;
}

int rproc_queue_add(struct rproc *rproc, struct rproc_work *work)
{
	return (int)add(rproc, work, false);
}

int64_t rproc_queue_add_id(struct rproc *rproc, struct rproc_work *work)
{
	return add(rproc, work, true);
}

int rproc_queue_cancel(struct rproc *rproc, int64_t id)
{
	struct rproc_queue *queue = &rproc->queue;
	struct rproc_work *found = NULL;
	struct list *item;
	int ret;

	/* What waits for its result, and a crash, have the id 0 and cannot be withdrawn. */
	if (id <= 0)
		return -ENOENT;
	pthread_mutex_lock(&queue->lock);
	list_for_each(item, &queue->items) {
		if (list_entry(item, struct rproc_work, link)->id == id) {
			found = list_entry(item, struct rproc_work, link);
			list_del(&found->link);
			break;
		}
	}
	ret = found ? 0 : queue->running_id == id ? -EBUSY : -ENOENT;
	pthread_mutex_unlock(&queue->lock);
	if (found)
		found->done(rproc, found, -EINTR);
	return ret;
}

struct waiter {
	struct rproc_work work;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t finished;
	bool done;
	int result;
};

static void wake_waiter(struct rproc *rproc, struct rproc_work *work, int result)
{
	struct waiter *waiter = list_entry(work, struct waiter, work);

	(void)rproc;
	pthread_mutex_lock(&waiter->lock);
	waiter->result = result;
	waiter->done = true;
	pthread_cond_signal(&waiter->finished);
	pthread_mutex_unlock(&waiter->lock);
}

bool rproc_must_not_wait(struct rproc *rproc)
{
	/* It may be about to wait for the loop, or for the callback that this is. */
	return rproc_on_worker(rproc) || rproc_on_loop(rproc->context->loop) ||
	       rproc_rpmsg_in_callback();
}

int rproc_queue_run(struct rproc *rproc, int (*run)(struct rproc *rproc, struct rproc_work *work),
		    void *arg)
{
	struct waiter waiter = {
		.work = { .run = run, .done = wake_waiter, .arg = arg },
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.finished = PTHREAD_COND_INITIALIZER,
	};
	int ret;

	if (rproc_must_not_wait(rproc))
		return -EDEADLK;
	ret = rproc_queue_add(rproc, &waiter.work);
	if (!ret) {
		pthread_mutex_lock(&waiter.lock);
		while (!waiter.done)
			pthread_cond_wait(&waiter.finished, &waiter.lock);
		ret = waiter.result;
		pthread_mutex_unlock(&waiter.lock);
	}
	pthread_cond_destroy(&waiter.finished);
	pthread_mutex_destroy(&waiter.lock);
	return ret;
}

void rproc_queue_close(struct rproc *rproc)
{
	struct rproc_queue *queue = &rproc->queue;
	bool join;

	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_signal(&queue->more);
	join = queue->started;
	queue->started = false;
	pthread_mutex_unlock(&queue->lock);
	if (join)
		pthread_join(queue->thread, NULL);
}

bool rproc_on_worker(struct rproc *rproc)
{
	struct rproc_queue *queue = &rproc->queue;
	bool same;

	pthread_mutex_lock(&queue->lock);
	same = queue->busy && pthread_equal(pthread_self(), queue->thread);
	pthread_mutex_unlock(&queue->lock);
	return same;
}
