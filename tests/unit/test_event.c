/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events: every change once, in order, without holes; the descriptor is readable
 * exactly while one waits; a reader that is too slow is told how many it missed.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core_images.h"
#include "recorder.h"

static bool readable(struct rproc_context *context)
{
	struct pollfd waits = { .fd = rproc_event_fd(context), .events = POLLIN };

	return poll(&waits, 1, 0) == 1 && waits.revents == POLLIN;
}

static struct recorder *open_plain(const struct recorder_options *options)
{
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(options);

	recorder_use_image(rec, &image);
	return rec;
}

static void the_descriptor_is_readable_exactly_while_an_event_waits(void **state)
{
	struct recorder *rec = open_plain(NULL);
	struct rproc_event event = { .sequence = 77 };

	(void)state;
	assert_true(readable(rec->context));
	assert_int_equal(recorder_event(rec->context).type, RPROC_EVENT_ADDED);
	assert_false(readable(rec->context));
	assert_int_equal(rproc_event_read(rec->context, &event), 0);
	assert_int_equal(event.sequence, 77); /* untouched */
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	assert_true(readable(rec->context));
	assert_int_equal(rproc_event_read(rec->context, &event), 1);
	assert_true(readable(rec->context));
	assert_int_equal(rproc_event_read(rec->context, &event), 1);
	assert_false(readable(rec->context));
	recorder_free(rec);
}

/* What a program was told, by the thread that changed the state. */
struct told {
	struct rproc_context *context;
	pthread_t caller;
	struct rproc_event events[8];
	unsigned int count, unread, on_caller;
};

static void take_event(const struct rproc_event *event, void *data)
{
	struct told *told = data;
	struct rproc_event read;

	told->on_caller += pthread_equal(pthread_self(), told->caller);
	if (told->count < 8)
		told->events[told->count++] = *event;
	do {
		if (rproc_event_read(told->context, &read) != 1) {
			told->unread++;
			return;
		}
	} while (read.sequence != event->sequence);
}

static void whoever_wants_it_is_told_at_once(void **state)
{
	struct told told = { .caller = pthread_self() };
	const struct recorder_options options = { .more = { .state_changed = take_event,
							    .state_changed_data = &told } };
	struct recorder *rec = open_plain(&options);
	struct rproc_event event;
	unsigned int i;

	(void)state;
	told.context = rec->context;
	for (i = 0; i < 4; i++) {
		assert_int_equal(rproc_boot(rec->rproc), 0);
		assert_int_equal(told.count, 1);
		assert_int_equal(told.events[0].new_state, RPROC_STATE_RUNNING);
		assert_string_equal(told.events[0].name, "dsp");
		/* Its event could be had at once, and nobody is woken for it after that. */
		assert_int_equal(told.unread, 0);
		assert_false(readable(rec->context));
		assert_int_equal(rproc_event_read(rec->context, &event), 0);
		assert_false(readable(rec->context));
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
		assert_int_equal(told.count, 2);
		assert_int_equal(told.events[1].old_state, RPROC_STATE_RUNNING);
		assert_int_equal(told.events[1].new_state, RPROC_STATE_OFFLINE);
		told.count = 0;
	}
	assert_int_equal(told.on_caller, 0);
	recorder_free(rec);
}

static void an_event_says_when_who_and_why(void **state)
{
	struct recorder *rec = open_plain(NULL);
	struct rproc_event event = recorder_event(rec->context);
	struct timespec now;

	(void)state;
	clock_gettime(CLOCK_REALTIME, &now);
	assert_int_equal(event.sequence, 1);
	assert_true(event.time_ns / 1000000000 - now.tv_sec <= 1 &&
		    now.tv_sec - event.time_ns / 1000000000 <= 60);
	assert_int_equal(event.index, 0);
	assert_string_equal(event.name, "dsp");
	assert_string_equal(event.reason, "add");
	assert_int_equal(rproc_boot(rec->rproc), 0);
	event = recorder_event(rec->context);
	assert_int_equal(event.sequence, 2);
	assert_int_equal(event.type, RPROC_EVENT_STATE);
	assert_string_equal(event.reason, "start");
	assert_int_equal(rproc_del(rec->rproc), 0);
	event = recorder_event(rec->context);
	assert_int_equal(event.old_state, RPROC_STATE_RUNNING);
	assert_int_equal(event.new_state, RPROC_STATE_OFFLINE);
	assert_string_equal(event.reason, "stop");
	event = recorder_event(rec->context);
	assert_int_equal(event.type, RPROC_EVENT_REMOVED);
	assert_int_equal(event.sequence, 4);
	recorder_free(rec);
}

static void a_counted_boot_and_a_refused_stop_are_no_events(void **state)
{
	struct recorder *rec = open_plain(NULL);

	(void)state;
	recorder_event(rec->context);
	assert_int_equal(rproc_shutdown(rec->rproc), -EINVAL);
	assert_false(readable(rec->context));
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_event(rec->context);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	assert_false(readable(rec->context));
	recorder_free(rec);
}

static void a_slow_reader_is_told_how_many_it_missed(void **state)
{
	static const unsigned int lengths[] = { 1, 2, 3, 7 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const struct recorder_options options = { .more = { .event_queue_len =
									    lengths[i] } };
		struct recorder *rec = open_plain(&options);
		struct rproc_event event;
		uint64_t last = 0;
		unsigned int n;

		/* ADDED and twenty more, the last of which are kept. */
		for (n = 0; n < 10; n++) {
			assert_int_equal(rproc_boot(rec->rproc), 0);
			assert_int_equal(rproc_shutdown(rec->rproc), 0);
		}
		event = recorder_event(rec->context);
		assert_int_equal(event.type, RPROC_EVENT_LOST);
		assert_int_equal(event.value, 21 - lengths[i]);
		assert_int_equal(event.sequence, 21 - lengths[i]);
		last = event.sequence;
		for (n = 0; n < lengths[i]; n++) {
			event = recorder_event(rec->context);
			assert_int_equal(event.type, RPROC_EVENT_STATE);
			assert_int_equal(event.sequence, ++last);
		}
		assert_false(readable(rec->context));
		/* From here on nothing is missing. */
		assert_int_equal(rproc_boot(rec->rproc), 0);
		assert_int_equal(recorder_event(rec->context).sequence, 22);
		recorder_free(rec);
	}
}

/* ---- from many threads ----------------------------------------------------------------------- */

#define PROCESSORS 8
#define ROUNDS	   50

static void *boot_and_stop(void *arg)
{
	struct recorder *rec = arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		rproc_boot(rec->rproc);
		rproc_shutdown(rec->rproc);
	}
	return NULL;
}

/* Events of one processor follow on each other: each begins where the last one ended. */
static void events_of_many_threads_come_in_order_without_holes(void **state)
{
	enum rproc_state at[PROCESSORS] = { RPROC_STATE_OFFLINE };
	struct recorder *recs[PROCESSORS];
	pthread_t threads[PROCESSORS];
	struct rproc_event event;
	uint64_t sequence = 0;
	int i;

	(void)state;
	for (i = 0; i < PROCESSORS; i++) {
		struct recorder_options options = { .context = i ? recs[0]->context : NULL,
						    .no_journal = true };

		recs[i] = open_plain(&options);
	}
	for (i = 0; i < PROCESSORS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, boot_and_stop, recs[i]), 0);
	while (sequence < PROCESSORS + PROCESSORS * ROUNDS * 2) {
		event = recorder_event(recs[0]->context);
		assert_int_equal(event.sequence, ++sequence);
		if (event.type != RPROC_EVENT_STATE)
			continue;
		assert_int_equal(event.old_state, at[event.index]);
		at[event.index] = event.new_state;
	}
	for (i = 0; i < PROCESSORS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(rproc_event_read(recs[0]->context, &event), 0);
	for (i = PROCESSORS - 1; i >= 0; i--)
		recorder_free(recs[i]);
}

struct finder {
	struct rproc_context *context;
	atomic_bool stop;
};

/* Whoever is found first is booted at once, before its rproc_add() has returned. */
static void *boot_what_appears(void *arg)
{
	struct finder *finder = arg;

	while (!atomic_load(&finder->stop)) {
		struct rproc *rproc = rproc_get_by_name(finder->context, "young");

		if (!rproc)
			continue;
		rproc_boot(rproc);
		rproc_put(rproc);
	}
	return NULL;
}

static void a_processor_is_announced_before_anything_happens_to_it(void **state)
{
	const struct recorder_options first = { .no_journal = true };
	struct recorder *keeper = recorder_new(&first);
	struct recorder_options options = {
		.context = keeper->context, .name = "young", .detached = true, .no_journal = true
	};
	struct finder finder = { .context = keeper->context };
	struct rproc_event event;
	pthread_t thread;
	int i;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, boot_what_appears, &finder), 0);
	for (i = 0; i < 200; i++) {
		struct recorder *rec = recorder_new(&options);

		do {
			event = recorder_event(keeper->context);
		} while (event.index != rproc_index(rec->rproc));
		assert_int_equal(event.type, RPROC_EVENT_ADDED);
		assert_int_equal(rproc_del(rec->rproc), 0);
		do {
			event = recorder_event(keeper->context);
		} while (event.type != RPROC_EVENT_REMOVED);
		recorder_free(rec);
	}
	atomic_store(&finder.stop, true);
	pthread_join(thread, NULL);
	recorder_free(keeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_reader_is_told_how_many_it_missed),
		cmocka_unit_test(a_counted_boot_and_a_refused_stop_are_no_events),
		cmocka_unit_test(the_descriptor_is_readable_exactly_while_an_event_waits),
		cmocka_unit_test(whoever_wants_it_is_told_at_once),
		cmocka_unit_test(an_event_says_when_who_and_why),
		cmocka_unit_test(events_of_many_threads_come_in_order_without_holes),
		cmocka_unit_test(a_processor_is_announced_before_anything_happens_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
