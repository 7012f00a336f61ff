/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measures how long after a change poll() returns. One thread waits in poll();
 * the other makes sure that it does, makes the change, and compares when it
 * happened with when the first one woke.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "attribute.h"
#include "bench.h"

#define DEADLINE_MS 5000
#define MAX_CHANGES 64

struct waiter {
	pthread_t thread;
	int watched, control, events, pace;
	int woken; /* eventfd: the thread woke */
	atomic_int tid;
	atomic_bool about_to_poll, over;
	_Atomic int64_t when; /* CLOCK_REALTIME ns of the last wake-up; negative: an errno */
};

static int64_t realtime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- the thread that waits --------------------------------------------------------- */

/* Reading from 0 says that all changes up to now are known. */
static int64_t wait_once(struct waiter *w)
{
	struct pollfd fd = { .fd = w->watched, .events = POLLPRI };
	char buf[4096];
	int n;

	if (pread(w->watched, buf, sizeof(buf), 0) < 0)
		return -errno;
	atomic_store(&w->about_to_poll, true);
	n = poll(&fd, 1, DEADLINE_MS);
	if (n < 0)
		return -errno;
	return n ? realtime() : -ETIMEDOUT;
}

static void *wait_thread(void *arg)
{
	struct waiter *w = arg;
	uint64_t one = 1;

	atomic_store(&w->tid, (int)syscall(SYS_gettid));
	while (!atomic_load(&w->over)) {
		atomic_store(&w->when, wait_once(w));
		if (write(w->woken, &one, sizeof(one)) < 0)
			break;
	}
	return NULL;
}

/* Asleep inside of poll()? The state is the first letter behind the name. */
static bool is_asleep(int tid)
{
	char path[64], buf[128];
	const char *name_end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	name_end = strrchr(buf, ')');
	return name_end && name_end[1] == ' ' && name_end[2] == 'S';
}

static int wait_until_it_polls(struct waiter *w)
{
	uint64_t deadline = bench_now() + UINT64_C(1000000) * DEADLINE_MS;

	while (!atomic_load(&w->about_to_poll) || !is_asleep(atomic_load(&w->tid))) {
		if (bench_now() > deadline)
			return -ETIMEDOUT;
		sched_yield();
	}
	atomic_store(&w->about_to_poll, false);
	return 0;
}

/* ---- the thread that makes the change -------------------------------------------------- */

/* The time of a line that tells of a change, or 0. */
static int64_t time_in_line(const char *line)
{
	long long seconds, nanoseconds;

	if (!strstr(line, " -> "))
		return 0;
	if (sscanf(line, "%*u %lld.%9lld", &seconds, &nanoseconds) != 2)
		return 0;
	return (int64_t)seconds * 1000000000 + nanoseconds;
}

/* The next line of @fd; -ETIMEDOUT if there is none. */
static int read_line(int fd, char *buf, size_t size)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t n = read(fd, buf, size - 1);

	if (n < 0 && errno == EAGAIN) {
		if (poll(&ready, 1, DEADLINE_MS) != 1)
			return -ETIMEDOUT;
		n = read(fd, buf, size - 1);
	}
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* When did the change happen that was asked for at @asked? Older lines are skipped. */
static int time_of_change(const struct waiter *w, int64_t asked, int64_t *ret_when)
{
	uint64_t deadline = bench_now() + UINT64_C(1000000) * DEADLINE_MS;
	char line[4096];

	while (bench_now() < deadline) {
		int err = read_line(w->events, line, sizeof(line));
		int64_t when;

		if (err)
			return err;
		when = time_in_line(line);
		if (when >= asked) {
			*ret_when = when;
			return 0;
		}
	}
	return -ETIMEDOUT;
}

static int pace(const struct waiter *w, unsigned int ms)
{
	struct itimerspec spec = { .it_value = { .tv_nsec = (long)ms * 1000000 } };
	uint64_t count;

	if (!ms)
		return 0;
	if (timerfd_settime(w->pace, 0, &spec, NULL) || read(w->pace, &count, sizeof(count)) < 0)
		return -errno;
	return 0;
}

static int change_once(struct wakeup *wakeup, const char *word, double *ret_ns)
{
	struct waiter *w = wakeup->private;
	struct pollfd woken = { .fd = w->woken, .events = POLLIN };
	int64_t changed, seen;
	uint64_t count;
	int err = pace(w, wakeup->pace_ms);

	if (!err)
		err = wait_until_it_polls(w);
	if (err)
		return err;
	changed = realtime();
	if (write(w->control, word, strlen(word)) < 0)
		return -errno;
	if (poll(&woken, 1, 2 * DEADLINE_MS) != 1)
		return -ETIMEDOUT;
	if (read(w->woken, &count, sizeof(count)) < 0)
		return -errno;
	seen = atomic_load(&w->when);
	if (seen < 0)
		return (int)seen;
	err = w->events >= 0 ? time_of_change(w, changed, &changed) : 0;
	*ret_ns = (double)(seen - changed);
	return err;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double wakeup_sample(void *arg)
{
	struct wakeup *wakeup = arg;
	double times[MAX_CHANGES];
	unsigned int changes = wakeup->changes < MAX_CHANGES ? wakeup->changes : MAX_CHANGES;

	for (unsigned int i = 0; i < changes; i++) {
		int err = change_once(wakeup, i % 2 ? wakeup->stop : wakeup->start, &times[i]);

		if (err)
			return err;
	}
	qsort(times, changes, sizeof(*times), compare);
	return times[changes / 2];
}

/* ---- life ---------------------------------------------------------------------------------- */

static void free_waiter(struct waiter *w)
{
	const int fds[] = { w->watched, w->control, w->events, w->pace, w->woken };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(w);
}

int wakeup_open(struct wakeup *wakeup)
{
	struct waiter *w = malloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	*w = (struct waiter){ .watched = -1, .control = -1, .events = -1 };
	w->pace = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	w->woken = eventfd(0, EFD_CLOEXEC);
	w->watched = open(wakeup->watched, O_RDONLY | O_CLOEXEC);
	w->control = open(wakeup->control, O_WRONLY | O_CLOEXEC);
	if (wakeup->events[0])
		w->events = open(wakeup->events, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (w->pace < 0 || w->woken < 0 || w->watched < 0 || w->control < 0 ||
	    (wakeup->events[0] && w->events < 0)) {
		err = -errno;
		goto free_waiter;
	}
	err = -pthread_create(&w->thread, NULL, wait_thread, w);
	if (err)
		goto free_waiter;
	wakeup->private = w;
	return 0;
free_waiter:
	free_waiter(w);
	return err;
}

/* One more change wakes the thread up, so that it sees that it is over. */
void wakeup_close(struct wakeup *wakeup)
{
	struct waiter *w = wakeup->private;

	if (!w)
		return;
	atomic_store(&w->over, true);
	if (write(w->control, wakeup->start, strlen(wakeup->start)) > 0)
		(void)!write(w->control, wakeup->stop, strlen(wakeup->stop));
	pthread_join(w->thread, NULL);
	free_waiter(w);
	wakeup->private = NULL;
}
