/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a test asks of the recording driver: steering its ops, waiting for what
 * happens on other threads (on descriptors and conditions, with a deadline), and
 * checking the journal. Knows the library's private header only to wait for the
 * worker and the loop.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/internal.h"
#include "recorder.h"

/* ---- the journal ------------------------------------------------------------------------ */

static char *take_journal(struct recorder *rec)
{
	char *text;

	pthread_mutex_lock(&rec->lock);
	rec->journal[rec->journal_len] = '\0';
	text = strdup(rec->journal);
	rec->journal_len = 0;
	rec->journal[0] = '\0';
	pthread_mutex_unlock(&rec->lock);
	if (!text)
		abort();
	return text;
}

void recorder_forget(struct recorder *rec)
{
	free(take_journal(rec));
}

void recorder_expect(struct recorder *rec, const char *text)
{
	char *journal = take_journal(rec);
	bool same = !strcmp(journal, text);

	if (!same)
		print_error("---- expected:\n%s---- happened:\n%s----\n", text, journal);
	free(journal);
	assert_true(same);
}

void recorder_expectf(struct recorder *rec, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	assert_true(len >= 0);
	recorder_expect(rec, text);
	free(text);
}

static bool has_line(struct recorder *rec, const char *line)
{
	size_t len = strlen(line);
	const char *at;
	bool found = false;

	pthread_mutex_lock(&rec->lock);
	rec->journal[rec->journal_len] = '\0';
	for (at = rec->journal; !found && (at = strstr(at, line)); at++)
		found = (at == rec->journal || at[-1] == '\n') && at[len] == '\n';
	pthread_mutex_unlock(&rec->lock);
	return found;
}

void recorder_expect_line(struct recorder *rec, const char *line)
{
	if (has_line(rec, line))
		return;
	print_error("no line \"%s\" in:\n%s", line, rec->journal);
	fail();
}

void recorder_expect_no_line(struct recorder *rec, const char *line)
{
	if (!has_line(rec, line))
		return;
	print_error("line \"%s\" in:\n%s", line, rec->journal);
	fail();
}

/* ---- steering ----------------------------------------------------------------------------- */

void recorder_fail(struct recorder *rec, enum recorder_op op, int error)
{
	pthread_mutex_lock(&rec->lock);
	rec->fail[op] = error;
	pthread_mutex_unlock(&rec->lock);
}

void recorder_block(struct recorder *rec, enum recorder_op op)
{
	pthread_mutex_lock(&rec->lock);
	rec->blocked[op] = true;
	pthread_mutex_unlock(&rec->lock);
}

void recorder_release(struct recorder *rec, enum recorder_op op)
{
	pthread_mutex_lock(&rec->lock);
	rec->blocked[op] = false;
	pthread_cond_broadcast(&rec->changed);
	pthread_mutex_unlock(&rec->lock);
}

void recorder_linger(struct recorder *rec, enum recorder_op op, unsigned int ms)
{
	pthread_mutex_lock(&rec->lock);
	rec->linger_ms[op] = ms;
	pthread_mutex_unlock(&rec->lock);
}

unsigned int recorder_calls(struct recorder *rec, enum recorder_op op)
{
	unsigned int calls;

	pthread_mutex_lock(&rec->lock);
	calls = rec->calls[op];
	pthread_mutex_unlock(&rec->lock);
	return calls;
}

int recorder_provided(struct recorder *rec)
{
	int provided;

	pthread_mutex_lock(&rec->lock);
	provided = rec->provided;
	pthread_mutex_unlock(&rec->lock);
	return provided;
}

/* ---- waiting --------------------------------------------------------------------------------- */

void recorder_wait_inside(struct recorder *rec, enum recorder_op op)
{
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RECORDER_WAIT_S;
	pthread_mutex_lock(&rec->lock);
	while (!rec->inside[op] && !ret)
		ret = pthread_cond_timedwait(&rec->changed, &rec->lock, &until);
	pthread_mutex_unlock(&rec->lock);
	if (ret)
		print_error("nobody came into %s\n", recorder_op_name(op));
	assert_int_equal(ret, 0);
}

static int do_nothing(struct rproc *rproc, struct rproc_work *work)
{
	(void)rproc;
	(void)work;
	return 0;
}

void recorder_settle(struct recorder *rec)
{
	rproc_queue_run(rec->rproc, do_nothing, NULL);
}

void recorder_rest(struct recorder *rec)
{
	struct rproc_queue *queue = &rec->rproc->queue;
	bool busy = true;

	while (busy) {
		sched_yield();
		pthread_mutex_lock(&queue->lock);
		busy = queue->busy;
		pthread_mutex_unlock(&queue->lock);
	}
}

static void collect(void *context)
{
	rproc_collect_crashes(context);
}

void recorder_queue_crash(struct recorder *rec, unsigned int type)
{
	rproc_report_crash(rec->rproc, type);
	/* Whether the loop has woken up already or not: afterwards the crash is queued. */
	rproc_loop_call(rec->context->loop, collect, rec->context);
}

void recorder_crash(struct recorder *rec, unsigned int type)
{
	recorder_queue_crash(rec, type);
	recorder_settle(rec);
}

struct rproc_event recorder_event(struct rproc_context *context)
{
	struct pollfd waits = { .fd = rproc_event_fd(context), .events = POLLIN };
	struct rproc_event event = { 0 };
	int ready;

	do {
		ready = poll(&waits, 1, RECORDER_WAIT_S * 1000);
	} while (ready < 0 && errno == EINTR);
	if (ready != 1)
		print_error("no event came\n");
	assert_int_equal(ready, 1);
	assert_int_equal(rproc_event_read(context, &event), 1);
	return event;
}

struct rproc_event recorder_wait_event(struct recorder *rec, enum rproc_event_type type)
{
	struct rproc_event event;

	do {
		event = recorder_event(rec->context);
	} while (event.type != type || event.index != rproc_index(rec->rproc));
	return event;
}

void recorder_wait_state(struct recorder *rec, enum rproc_state state)
{
	struct rproc_event event;

	do {
		event = recorder_wait_event(rec, RPROC_EVENT_STATE);
	} while (event.new_state != state);
}

/* ---- checking ------------------------------------------------------------------------------ */

void recorder_expect_state(struct recorder *rec, enum rproc_state state, int power)
{
	struct rproc_counters counters;

	rproc_counters(rec->rproc, &counters);
	assert_string_equal(rproc_state_name(rproc_state(rec->rproc)), rproc_state_name(state));
	assert_int_equal(counters.power, power);
}

void recorder_expect_story(struct recorder *rec, const char *part)
{
	char story[2048];

	rproc_last_error(rec->rproc, story, sizeof(story));
	if (!strstr(story, part))
		print_error("the story is \"%s\", without \"%s\"\n", story, part);
	assert_non_null(strstr(story, part));
}
