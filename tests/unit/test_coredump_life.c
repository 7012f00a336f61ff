/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a core dump: a second one is thrown away, an unread one has an age
 * limit, recovery waits for an inline one, removal does not; and readers, writers
 * and releases at once.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "coredump_fixture.h"

/* ---- its life ------------------------------------------------------------------------------ */

static void a_second_dump_of_one_processor_is_thrown_away(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;
	char byte;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_coredump_next(rec->context, 0, &info), 0);
	assert_int_equal(info.number, 1);
	assert_true(coredump_none(rec, 1));
	assert_int_equal(rproc_coredump_release(rec->context, 1), 0);
	assert_int_equal(rproc_coredump_release(rec->context, 1), -ENODEV);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 1, 0), -ENODEV);
	/* Numbers are never used again. */
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_coredump_next(rec->context, 0, &info), 0);
	assert_int_equal(info.number, 2);
	recorder_free(rec);
}

static void dumps_of_different_processors_do_not_hinder_each_other(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct recorder_options options = { .context = rec->context, .name = "second" };
	struct recorder *other = coredump_open(&options, ELFCLASS64, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_crash(other, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_coredump_next(rec->context, 1, &info), 0);
	assert_int_equal(info.number, 2);
	assert_int_equal(info.index, 1);
	assert_string_equal(info.name, "second");
	recorder_free(other);
	recorder_free(rec);
}

/* A dump outlives its processor, and keeps its index for as long. */
static void a_dump_of_a_processor_that_is_gone_does_not_hinder_the_next(void **state)
{
	struct recorder *keeper = recorder_new(NULL);
	struct recorder_options options = { .context = keeper->context, .name = "first" };
	struct recorder *rec = coredump_open(&options, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_coredump_info info;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_index(rec->rproc), 1);
	recorder_free(rec);
	options.name = "next";
	rec = coredump_open(&options, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	assert_int_equal(rproc_index(rec->rproc), 2);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_coredump_next(keeper->context, 0, &info), 0);
	assert_string_equal(info.name, "first");
	assert_int_equal(rproc_coredump_next(keeper->context, 1, &info), 0);
	assert_string_equal(info.name, "next");
	recorder_free(rec);
	assert_int_equal(rproc_coredump_release(keeper->context, 1), 0);
	options.name = "last";
	rec = recorder_new(&options);
	assert_int_equal(rproc_index(rec->rproc), 1);
	recorder_free(rec);
	recorder_free(keeper);
}

static void an_unread_dump_has_an_age_limit(void **state)
{
	const struct recorder_options options = { .more = { .dump_timeout_ms = 30 } };
	struct recorder *rec = coredump_open(&options, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_event event;

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	event = recorder_wait_event(rec, RPROC_EVENT_COREDUMP);
	assert_int_equal(event.value, 1);
	event = recorder_wait_event(rec, RPROC_EVENT_COREDUMP_RELEASED);
	assert_int_equal(event.value, 1);
	assert_true(coredump_none(rec, 0));
	recorder_free(rec);
}

static void disabling_releases_every_dump_and_makes_no_more(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_false(rproc_coredump_disabled(rec->context));
	rproc_coredump_disable(rec->context);
	assert_true(rproc_coredump_disabled(rec->context));
	assert_true(coredump_none(rec, 0));
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_true(coredump_none(rec, 0));
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, RPROC_COREDUMP_INLINE), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);
}

/* ---- inline -------------------------------------------------------------------------------- */

static void recovery_waits_for_the_release_of_an_inline_dump(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_INLINE);
	struct rproc_coredump_info info;
	uint8_t buf[4096], *bytes;

	(void)state;
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	assert_int_equal(recorder_wait_event(rec, RPROC_EVENT_COREDUMP).value, 1);
	assert_int_equal(rproc_state(rec->rproc), RPROC_STATE_OFFLINE);
	assert_int_equal(recorder_calls(rec, REC_START), 1);
	/* A read never crosses the boundary between headers and data. */
	assert_int_equal(rproc_coredump_read(rec->context, 1, buf, sizeof(buf), 10),
			 COREDUMP_HEAD32 - 10);
	recorder_forget(rec);
	/* It does cross those between segments, and says when it met the end. */
	assert_int_equal(rproc_coredump_read(rec->context, 1, buf, sizeof(buf), COREDUMP_HEAD32),
			 0x101 + 7 + 0x33);
	recorder_expect(rec,
			"<3> invalid copy request for segment 0x0000000020000000 with offset 0 "
			"and size 7)\n"
			"<6> Ramdump done, 463 bytes read\n");
	coredump_assert_data(buf);
	bytes = coredump_read(rec, 0, 100, &info);
	recorder_expect(rec,
			"<3> invalid copy request for segment 0x0000000020000000 with offset 0 "
			"and size 7)\n"
			"<6> Ramdump done, 463 bytes read\n"
			"<6> Ramdump done, 463 bytes read\n");
	assert_true(info.inline_dump);
	coredump_assert_data(bytes + COREDUMP_HEAD32);
	free(bytes);
	/* The memory itself, as it is now. */
	rec->ram[0x4000] = 0x77;
	assert_int_equal(rproc_coredump_read(rec->context, 1, buf, 1, COREDUMP_HEAD32), 1);
	assert_int_equal(buf[0], 0x77);
	assert_int_equal(rproc_coredump_release(rec->context, 1), 0);
	recorder_wait_state(rec, RPROC_STATE_RUNNING);
	assert_true(coredump_none(rec, 0));
	recorder_free(rec);
}

static void an_inline_dump_that_nobody_wants_holds_recovery_for_its_life(void **state)
{
	const struct recorder_options options = { .more = { .dump_timeout_ms = 30 } };
	struct recorder *rec = coredump_open(&options, ELFCLASS32, RPROC_COREDUMP_INLINE);

	(void)state;
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	recorder_wait_event(rec, RPROC_EVENT_COREDUMP_RELEASED);
	recorder_wait_state(rec, RPROC_STATE_RUNNING);
	recorder_free(rec);
}

static void disabling_lets_an_inline_recovery_go_on(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_INLINE);

	(void)state;
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	recorder_wait_event(rec, RPROC_EVENT_COREDUMP);
	rproc_coredump_disable(rec->context);
	recorder_wait_state(rec, RPROC_STATE_RUNNING);
	recorder_free(rec);
}

static void removal_does_not_wait_for_an_inline_dump(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_INLINE);
	char byte;

	(void)state;
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	recorder_wait_event(rec, RPROC_EVENT_COREDUMP);
	assert_int_equal(rproc_del(rec->rproc), 0);
	assert_int_equal(rproc_state(rec->rproc), RPROC_STATE_OFFLINE);
	assert_int_equal(recorder_calls(rec, REC_START), 1);
	assert_int_equal(rproc_coredump_read(rec->context, 1, &byte, 1, 0), -ENODEV);
	recorder_free(rec);
}

static void a_second_dump_does_not_hold_an_inline_recovery(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, RPROC_COREDUMP_INLINE), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);
}

/* ---- readers and writers at once ----------------------------------------------------------- */

struct consumer {
	pthread_t thread;
	struct rproc_context *context;
	atomic_bool stop;
	atomic_uint taken;
};

/* Reads whatever dump there is and throws it away. */
static void *consume(void *arg)
{
	struct consumer *self = arg;
	struct rproc_coredump_info info;
	char buf[256];

	while (!atomic_load(&self->stop)) {
		uint64_t offset = 0;
		ssize_t n;

		if (rproc_coredump_next(self->context, 0, &info)) {
			sched_yield();
			continue;
		}
		while ((n = rproc_coredump_read(self->context, info.number, buf, sizeof(buf),
						offset)) > 0)
			offset += (uint64_t)n;
		if (!rproc_coredump_release(self->context, info.number))
			atomic_fetch_add(&self->taken, 1);
	}
	return NULL;
}

static void dumps_are_read_and_released_while_others_are_made(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct rproc_counters counters;
	struct consumer consumers[3];
	unsigned int taken = 0;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		consumers[i].context = rec->context;
		atomic_init(&consumers[i].stop, false);
		atomic_init(&consumers[i].taken, 0);
		assert_int_equal(pthread_create(&consumers[i].thread, NULL, consume, &consumers[i]),
				 0);
	}
	for (i = 0; i < 60; i++) {
		assert_int_equal(
			rproc_set_coredump_mode(rec->rproc, i & 1 ? RPROC_COREDUMP_INLINE
								  : RPROC_COREDUMP_ENABLED),
			0);
		recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	}
	for (i = 0; i < 3; i++) {
		atomic_store(&consumers[i].stop, true);
		pthread_join(consumers[i].thread, NULL);
		taken += atomic_load(&consumers[i].taken);
	}
	rproc_counters(rec->rproc, &counters);
	assert_int_equal(counters.recoveries, 60);
	assert_true(taken > 0);
	recorder_free(rec);
}

/* Of one dump the appearance is told first and the release second, whoever is how fast. */
static void the_events_of_a_dump_come_in_order(void **state)
{
	struct recorder *rec = coredump_open(NULL, ELFCLASS32, RPROC_COREDUMP_ENABLED);
	struct consumer consumer = { .context = rec->context };
	struct rproc_event event;
	uint64_t number;
	int i;

	(void)state;
	assert_int_equal(pthread_create(&consumer.thread, NULL, consume, &consumer), 0);
	for (i = 0; i < 100; i++)
		recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	while (!coredump_none(rec, 0))
		sched_yield();
	atomic_store(&consumer.stop, true);
	pthread_join(consumer.thread, NULL);
	for (number = 1; number <= atomic_load(&consumer.taken); number++) {
		do {
			event = recorder_event(rec->context);
		} while (event.type != RPROC_EVENT_COREDUMP &&
			 event.type != RPROC_EVENT_COREDUMP_RELEASED);
		assert_int_equal(event.type, RPROC_EVENT_COREDUMP);
		assert_int_equal(event.value, number);
		do {
			event = recorder_event(rec->context);
		} while (event.type != RPROC_EVENT_COREDUMP &&
			 event.type != RPROC_EVENT_COREDUMP_RELEASED);
		assert_int_equal(event.type, RPROC_EVENT_COREDUMP_RELEASED);
		assert_int_equal(event.value, number);
	}
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_dump_of_one_processor_is_thrown_away),
		cmocka_unit_test(a_dump_of_a_processor_that_is_gone_does_not_hinder_the_next),
		cmocka_unit_test(a_second_dump_does_not_hold_an_inline_recovery),
		cmocka_unit_test(removal_does_not_wait_for_an_inline_dump),
		cmocka_unit_test(an_inline_dump_that_nobody_wants_holds_recovery_for_its_life),
		cmocka_unit_test(an_unread_dump_has_an_age_limit),
		cmocka_unit_test(disabling_releases_every_dump_and_makes_no_more),
		cmocka_unit_test(disabling_lets_an_inline_recovery_go_on),
		cmocka_unit_test(dumps_are_read_and_released_while_others_are_made),
		cmocka_unit_test(the_events_of_a_dump_come_in_order),
		cmocka_unit_test(dumps_of_different_processors_do_not_hinder_each_other),
		cmocka_unit_test(recovery_waits_for_the_release_of_an_inline_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
