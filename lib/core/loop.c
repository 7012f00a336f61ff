/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop: one thread and one private libevent base a context. Only that
 * thread touches the base; others leave a call in a locked list and write an
 * eventfd. It never takes part in an operation on a processor, so it is never
 * blocked by one. The only file that knows libevent.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "core/internal.h"

struct call {
	struct list link;
	void (*fn)(void *arg);
	void *arg;
	bool done;
};

struct rproc_loop {
	struct rproc_context *context;
	pthread_t thread;
	int wake_fd;
	struct event_base *base; /* this and the events: the loop's thread only */
	struct event *wake;
	struct event *timer;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t called;
	struct list calls;
	bool stop;
};

struct rproc_watch {
	struct rproc_loop *loop;
	struct event *event; /* the loop's thread only */
	rproc_watch_fn fn;
	void *data;
	int fd; /* -1: a timer */
	unsigned int ms;
	bool edge;
};

int rproc_thread_create(pthread_t *ret_thread, void *(*fn)(void *), void *arg)
{
	sigset_t all, old;
	int ret;

	/* Signals are the application's: none is ever delivered to our threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(ret_thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -ret;
}

static void set_timer(struct rproc_loop *loop, unsigned int ms)
{
	struct timeval delay = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(loop->timer, &delay);
}

static void housekeeping(struct rproc_loop *loop)
{
	unsigned int crash = rproc_collect_crashes(loop->context);
	unsigned int dump = rproc_coredump_expire(loop->context);

	/* One timer serves both: whatever comes first. */
	if (crash && (!dump || crash < dump))
		set_timer(loop, crash);
	else if (dump)
		set_timer(loop, dump);
}

static void run_calls(struct rproc_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	while (!list_empty(&loop->calls)) {
		struct call *call = list_entry(loop->calls.next, struct call, link);

		list_del(&call->link);
		pthread_mutex_unlock(&loop->lock);
		call->fn(call->arg);
		pthread_mutex_lock(&loop->lock);
		call->done = true;
		pthread_cond_broadcast(&loop->called);
	}
	if (loop->stop)
		event_base_loopbreak(loop->base);
	pthread_mutex_unlock(&loop->lock);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct rproc_loop *loop = arg;
	eventfd_t ignored;

	(void)what;
	eventfd_read((int)fd, &ignored);
	run_calls(loop);
	housekeeping(loop);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	housekeeping(arg);
}

static void *loop_thread(void *arg)
{
	struct rproc_loop *loop = arg;

	/* Wait until the creator has stored this thread's id. */
	pthread_mutex_lock(&loop->lock);
	pthread_mutex_unlock(&loop->lock);
	event_base_dispatch(loop->base);
	return NULL;
}

bool rproc_on_loop(const struct rproc_loop *loop)
{
	return pthread_equal(pthread_self(), loop->thread);
}

void rproc_loop_call(struct rproc_loop *loop, void (*fn)(void *arg), void *arg)
{
	struct call call = { .fn = fn, .arg = arg };

	if (pthread_equal(pthread_self(), loop->thread)) {
		fn(arg);
		return;
	}
	pthread_mutex_lock(&loop->lock);
	list_add_tail(&loop->calls, &call.link);
	rproc_loop_wake(loop);
	while (!call.done)
		pthread_cond_wait(&loop->called, &loop->lock);
	pthread_mutex_unlock(&loop->lock);
}

void rproc_loop_wake(struct rproc_loop *loop)
{
	uint64_t one = 1;
	int saved = errno;

	/* Cannot fail but when the counter is full, and then the loop is awake anyway. */
	if (write(loop->wake_fd, &one, sizeof(one)) < 0)
		errno = saved;
}

/*
 * libevent ends the process when it gets no descriptor for what it keeps within a base, so
 * they are asked for here first.
 */
static int check_descriptors(void)
{
	int fds[4];
	int ret = 0;
	int i;

	for (i = 0; i < 4 && !ret; i++) {
		fds[i] = eventfd(0, EFD_CLOEXEC);
		if (fds[i] < 0)
			ret = -errno;
	}
	if (ret)
		i--;
	while (i--)
		close(fds[i]);
	return ret;
}

static int make_base(struct rproc_loop *loop)
{
	struct event_config *config;
	int ret = check_descriptors();

	if (ret)
		return ret;
	config = event_config_new();
	if (!config)
		return -ENOMEM;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!loop->base)
		return -ENOMEM;
	loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
	loop->timer = evtimer_new(loop->base, on_timer, loop);
	if (!loop->wake || !loop->timer)
		return -ENOMEM;
	/* The timer is armed once so that its place in the heap exists when memory is short. */
	set_timer(loop, 1000);
	return event_add(loop->wake, NULL) ? -ENOMEM : 0;
}

static void free_base(struct rproc_loop *loop)
{
	if (loop->wake)
		event_free(loop->wake);
	if (loop->timer)
		event_free(loop->timer);
	if (loop->base)
		event_base_free(loop->base);
}

int rproc_loop_new(struct rproc_context *context, struct rproc_loop **ret_loop)
{
	struct rproc_loop *loop = calloc(1, sizeof(*loop));
	int ret;

	if (!loop)
		return -ENOMEM;
	loop->context = context;
	list_init(&loop->calls);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0) {
		ret = -errno;
		goto err_free;
	}
	pthread_mutex_init(&loop->lock, NULL);
	pthread_cond_init(&loop->called, NULL);
	ret = make_base(loop);
	if (ret)
		goto err_base;
	*ret_loop = loop;
	pthread_mutex_lock(&loop->lock);
	ret = rproc_thread_create(&loop->thread, loop_thread, loop);
	pthread_mutex_unlock(&loop->lock);
	if (!ret)
		return 0;
	*ret_loop = NULL;

err_base:
	free_base(loop);
	pthread_cond_destroy(&loop->called);
	pthread_mutex_destroy(&loop->lock);
	close(loop->wake_fd);
err_free:
	free(loop);
	return ret;
}

void rproc_loop_free(struct rproc_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	loop->stop = true;
	rproc_loop_wake(loop);
	pthread_mutex_unlock(&loop->lock);
	pthread_join(loop->thread, NULL);
	free_base(loop);
	pthread_cond_destroy(&loop->called);
	pthread_mutex_destroy(&loop->lock);
	close(loop->wake_fd);
	free(loop);
}

/* ---- watches ---------------------------------------------------------------------- */

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct rproc_watch *watch = arg;

	(void)fd;
	(void)what;
	watch->fn(watch->fd, watch->data);
}

/* Apart from the watch, which its own callback may free before the caller has looked. */
struct watch_begin {
	struct rproc_watch *watch;
	int result;
};

static void watch_begin(void *arg)
{
	struct watch_begin *begin = arg;
	struct rproc_watch *watch = begin->watch;
	struct timeval delay = { .tv_sec = watch->ms / 1000, .tv_usec = watch->ms % 1000 * 1000 };
	short what = watch->fd >= 0 ? EV_READ | EV_PERSIST : 0;

	if (watch->edge)
		what |= EV_ET;

	watch->event = event_new(watch->loop->base, watch->fd, what, on_watch, watch);
	if (!watch->event) {
		begin->result = -ENOMEM;
		return;
	}
	if (event_add(watch->event, watch->fd >= 0 ? NULL : &delay)) {
		event_free(watch->event);
		begin->result = -ENOMEM;
	}
}

static int watch_new(struct rproc_context *context, const struct rproc_watch *what,
		     struct rproc_watch **ret_watch)
{
	struct rproc_watch *watch = malloc(sizeof(*watch));
	struct watch_begin begin = { .watch = watch };

	if (!watch)
		return -ENOMEM;
	*watch = *what;
	watch->loop = context->loop;
	/* The callback may run before this returns: it must find its watch. */
	*ret_watch = watch;
	rproc_loop_call(context->loop, watch_begin, &begin);
	if (begin.result) {
		*ret_watch = NULL;
		free(watch);
	}
	return begin.result;
}

RPROC_API int rproc_watch_fd(struct rproc_context *context, int fd, rproc_watch_fn ready,
			     void *data, struct rproc_watch **ret_watch)
{
	if (fd < 0)
		return -EBADF;
	return watch_new(context,
			 &(const struct rproc_watch){ .fn = ready, .data = data, .fd = fd },
			 ret_watch);
}

RPROC_API int rproc_watch_edge(struct rproc_context *context, int fd, rproc_watch_fn ready,
			       void *data, struct rproc_watch **ret_watch)
{
	if (fd < 0)
		return -EBADF;
	return watch_new(
		context,
		&(const struct rproc_watch){ .fn = ready, .data = data, .fd = fd, .edge = true },
		ret_watch);
}

RPROC_API int rproc_watch_timer(struct rproc_context *context, unsigned int ms,
				rproc_watch_fn fired, void *data, struct rproc_watch **ret_watch)
{
	return watch_new(
		context,
		&(const struct rproc_watch){ .fn = fired, .data = data, .fd = -1, .ms = ms },
		ret_watch);
}

static void watch_end(void *arg)
{
	struct rproc_watch *watch = arg;

	event_free(watch->event);
	free(watch);
}

RPROC_API void rproc_watch_free(struct rproc_watch *watch)
{
	if (watch)
		rproc_loop_call(watch->loop, watch_end, watch);
}
