/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host processor's pure parts: where memory is handed out, when a watchdog
 * bites, what a death is called.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <librproc/resource_table.h>
#include <librproc/rproc.h>

#include "death.h"
#include "watchdog.h"
#include "window.h"

#define DA  0x10000000u
#define LEN 0x100000u
#define ANY RPROC_RSC_ADDR_ANY

static struct host_window window;
static char story[256];

static int setup(void **state)
{
	(void)state;
	host_window_init(&window, DA, LEN);
	story[0] = '\0';
	return 0;
}

static int take(uint64_t len, uint64_t align, uint32_t da, uint32_t *ret_da)
{
	return host_window_alloc(&window, len, align, da, ret_da, story, sizeof(story));
}

static void anywhere_is_the_first_place_that_fits(void **state)
{
	uint32_t a, b, c, d;

	(void)state;
	assert_int_equal(take(1, 1, ANY, &a), 0);
	assert_int_equal(a, DA);
	assert_int_equal(take(4097, 4096, ANY, &b), 0);
	assert_int_equal(b, DA + 0x1000);
	assert_int_equal(take(16, 0x10000, ANY, &c), 0);
	assert_int_equal(c, DA + 0x10000);
	host_window_free(&window, a);
	assert_int_equal(take(4096, 4096, ANY, &d), 0);
	assert_int_equal(d, DA);
}

static void anywhere_is_never_on_the_image(void **state)
{
	const struct host_range code = { DA, 0x1234 }, data = { DA + 0x3000, 0x1000 };
	uint32_t da;

	(void)state;
	host_window_reserve(&window, &code);
	host_window_reserve(&window, &data);
	assert_int_equal(take(0x1000, 1, ANY, &da), 0);
	assert_int_equal(da, DA + 0x2000);
	assert_int_equal(take(0x2000, 1, ANY, &da), 0);
	assert_int_equal(da, DA + 0x4000);
}

static void an_image_may_claim_its_own_memory(void **state)
{
	const struct host_range code = { DA, 0x1234 };
	uint32_t da;

	(void)state;
	host_window_reserve(&window, &code);
	assert_int_equal(take(0x2000, 4096, DA, &da), 0);
	assert_int_equal(da, DA);
}

static void what_is_taken_is_not_given_twice(void **state)
{
	uint32_t da;

	(void)state;
	assert_int_equal(take(0x1000, 1, DA + 0x4000, &da), 0);
	assert_int_equal(take(1, 1, DA + 0x4fff, &da), -ENOMEM);
	assert_non_null(strstr(story, "0x10004000..0x10004fff is another carveout's"));
	assert_int_equal(take(0x1001, 1, DA + 0x3000, &da), -ENOMEM);
	assert_int_equal(take(0x1000, 1, DA + 0x3000, &da), 0);
	assert_int_equal(take(0x1000, 1, DA + 0x5000, &da), 0);
}

static void outside_of_the_window_there_is_nothing(void **state)
{
	uint32_t da;

	(void)state;
	assert_int_equal(take(1, 1, 0, &da), -ENOMEM);
	assert_non_null(strstr(story, "268435456 bytes below"));
	assert_int_equal(take(1, 1, DA - 1, &da), -ENOMEM);
	assert_int_equal(take(1, 1, DA + LEN, &da), -ENOMEM);
	assert_non_null(strstr(story, "1 bytes over"));
	assert_int_equal(take(17, 1, DA + LEN - 16, &da), -ENOMEM);
	assert_int_equal(take(LEN + 1, 1, DA, &da), -ENOMEM);
	assert_int_equal(take(UINT64_MAX, 1, DA, &da), -EINVAL);
	assert_int_equal(take(UINT32_MAX, 1, 0xfffffffe, &da), -ENOMEM);
	assert_int_equal(take(LEN, 1, DA, &da), 0);
	assert_int_equal(take(1, 1, ANY, &da), -ENOMEM);
	assert_non_null(strstr(story, "memory-size"));
}

static void nonsense_is_refused(void **state)
{
	uint32_t da;

	(void)state;
	assert_int_equal(take(0, 1, ANY, &da), -EINVAL);
	assert_int_equal(take(1, 0, ANY, &da), -EINVAL);
	assert_int_equal(take(1, 3, ANY, &da), -EINVAL);
	assert_int_equal(take(1, UINT64_C(1) << 63, ANY, &da), -ENOMEM);
}

static void a_flood_of_requests_ends(void **state)
{
	unsigned int i;
	uint32_t da;

	(void)state;
	for (i = 0; i < HOST_WINDOW_MAX_RANGES; i++)
		assert_int_equal(take(1, 1, DA + i, &da), 0);
	assert_int_equal(take(1, 1, DA + i, &da), -ENOMEM);
	assert_non_null(strstr(story, "more than 1024"));
}

static void containment_does_not_wrap(void **state)
{
	(void)state;
	assert_true(host_window_contains(&window, DA, LEN));
	assert_true(host_window_contains(&window, DA + LEN, 0));
	assert_false(host_window_contains(&window, DA + LEN, 1));
	assert_false(host_window_contains(&window, DA - 1, 1));
	assert_false(host_window_contains(&window, DA, UINT64_MAX));
	assert_false(host_window_contains(&window, UINT64_MAX, 2));
	assert_false(host_window_contains(&window, UINT64_MAX - DA, UINT64_MAX));
}

/* What a dump of segments and carveouts has already. */
static void what_lies_in_one_range_whole_is_covered(void **state)
{
	const struct host_range code = { DA, 0x1000 };
	uint32_t da;

	(void)state;
	host_window_reserve(&window, &code);
	assert_int_equal(take(0x1000, 1, DA + 0x1000, &da), 0);
	assert_true(host_window_covers(&window, DA, 0x1000));
	assert_true(host_window_covers(&window, DA + 0x1ff0, 0x10));
	assert_false(host_window_covers(&window, DA + 0x1ff0, 0x11));
	assert_false(host_window_covers(&window, DA + 0xff0, 0x11)); /* in two */
	assert_false(host_window_covers(&window, DA + 0x2000, 1));
	assert_false(host_window_covers(&window, UINT64_MAX, 2));
}

/* ---- watchdog ----------------------------------------------------------------------------- */

static void unarmed_it_never_bites(void **state)
{
	struct watchdog watchdog = { 0 };

	(void)state;
	assert_false(watchdog_look(&watchdog, 0, 0, false, 0));
	assert_false(watchdog_look(&watchdog, 0, 0, true, 1000000));
	assert_int_equal(watchdog.period_ms, 0);
}

static void fed_it_does_not_bite_and_unfed_it_does(void **state)
{
	struct watchdog watchdog = { 0 };

	(void)state;
	assert_false(watchdog_look(&watchdog, 100, 1, true, 1000));
	assert_int_equal(watchdog.deadline, 1100);
	assert_false(watchdog_look(&watchdog, 100, 1, false, 1099));
	assert_false(watchdog_look(&watchdog, 100, 2, false, 1100));
	assert_int_equal(watchdog.deadline, 1200);
	assert_false(watchdog_look(&watchdog, 100, 2, false, 1199));
	assert_true(watchdog_look(&watchdog, 100, 2, false, 1200));
}

static void a_period_that_changed_begins_anew(void **state)
{
	struct watchdog watchdog = { 0 };

	(void)state;
	assert_false(watchdog_look(&watchdog, 100, 1, true, 0));
	assert_false(watchdog_look(&watchdog, 50, 1, false, 100));
	assert_int_equal(watchdog.deadline, 150);
	assert_false(watchdog_look(&watchdog, 0, 1, true, 150));
	assert_false(watchdog_look(&watchdog, 0, 1, false, 1000));
	/* Longer than an hour is an hour. */
	assert_false(watchdog_look(&watchdog, UINT32_MAX, 1, true, 1000));
	assert_int_equal(watchdog.deadline, 1000 + WATCHDOG_MAX_MS);
	assert_true(watchdog_look(&watchdog, UINT32_MAX, 1, false, 1000 + WATCHDOG_MAX_MS));
}

static void a_machine_that_slept_is_no_hang(void **state)
{
	struct watchdog watchdog = { 0 };

	(void)state;
	assert_false(watchdog_look(&watchdog, 100, 1, true, 0));
	assert_false(watchdog_look(&watchdog, 100, 1, false, 100 + WATCHDOG_LATE_MS + 1));
	assert_true(watchdog_look(&watchdog, 100, 1, false, 200 + WATCHDOG_LATE_MS + 1));
}

/* ---- deaths -------------------------------------------------------------------------------- */

static void each_death_has_a_class(void **state)
{
	static const struct {
		struct host_death death;
		unsigned int type;
	} cases[] = {
		{ { .cause = HOST_DEATH_SIGNAL, .signal = SIGSEGV }, RPROC_CRASH_MMUFAULT },
		{ { .cause = HOST_DEATH_SIGNAL, .signal = SIGBUS }, RPROC_CRASH_MMUFAULT },
		{ { .cause = HOST_DEATH_SIGNAL, .signal = SIGILL }, RPROC_CRASH_FATAL_ERROR },
		{ { .cause = HOST_DEATH_SIGNAL, .signal = SIGFPE }, RPROC_CRASH_FATAL_ERROR },
		{ { .cause = HOST_DEATH_SIGNAL, .signal = SIGSYS }, RPROC_CRASH_FATAL_ERROR },
		{ { .cause = HOST_DEATH_SIGNAL, .signal = SIGKILL }, RPROC_CRASH_FATAL_ERROR },
		{ { .cause = HOST_DEATH_EXIT, .status = 11 }, RPROC_CRASH_FATAL_ERROR },
		{ { .cause = HOST_DEATH_WATCHDOG, .signal = SIGABRT }, RPROC_CRASH_WATCHDOG },
		{ { .cause = HOST_DEATH_WATCHDOG, .signal = SIGSEGV }, RPROC_CRASH_WATCHDOG },
		{ { .cause = HOST_DEATH_MONITOR }, RPROC_CRASH_FATAL_ERROR },
		{ { .cause = 77, .signal = SIGSEGV }, RPROC_CRASH_FATAL_ERROR },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(host_death_type(&cases[i].death), cases[i].type);
}

static void each_death_has_its_words(void **state)
{
	static const struct {
		struct host_death death;
		const char *words;
	} cases[] = {
		{ { .cause = HOST_DEATH_SIGNAL, .signal = SIGBUS }, "SIGBUS (memory that" },
		{ { .cause = HOST_DEATH_SIGNAL, .signal = SIGTRAP }, "SIGTRAP (breakpoint)" },
		{ { .cause = HOST_DEATH_SIGNAL, .signal = SIGABRT }, "signal 6, SIGABRT" },
		{ { .cause = HOST_DEATH_SIGNAL, .signal = 40 }, "signal 40, a signal" },
		{ { .cause = HOST_DEATH_WATCHDOG, .period = 9 }, "the watchdog for 9 ms" },
		{ { .cause = HOST_DEATH_EXIT, .status = 3 }, "by itself with status 3" },
		{ { .cause = HOST_DEATH_NONE }, "no firmware died" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		host_death_story(&cases[i].death, story, sizeof(story));
		if (!strstr(story, cases[i].words))
			fail_msg("\"%s\" does not say \"%s\"", story, cases[i].words);
	}
}

static void a_record_of_another_signal_is_not_believed(void **state)
{
	const struct host_death death = { .cause = HOST_DEATH_SIGNAL,
					  .signal = SIGSEGV,
					  .fault = { .valid = 1, .signal = SIGILL, .pc = 0x1234 } };

	(void)state;
	host_death_story(&death, story, sizeof(story));
	assert_null(strstr(story, "1234"));
	assert_non_null(strstr(story, "left no registers"));
}

static void a_story_is_cut_where_its_room_ends(void **state)
{
	struct host_death death = { .cause = HOST_DEATH_EXIT, .status = 1 };
	char small[40];
	size_t len;

	(void)state;
	memset(death.message, 'x', sizeof(death.message) - 1);
	for (len = 1; len <= sizeof(small); len++) {
		memset(small, 0x7f, sizeof(small));
		host_death_story(&death, small, len);
		assert_int_equal(strlen(small), len - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
		T(nonsense_is_refused),
		T(outside_of_the_window_there_is_nothing),
		T(what_is_taken_is_not_given_twice),
		T(a_flood_of_requests_ends),
		T(containment_does_not_wrap),
		T(what_lies_in_one_range_whole_is_covered),
		T(anywhere_is_the_first_place_that_fits),
		T(anywhere_is_never_on_the_image),
		T(an_image_may_claim_its_own_memory),
		T(unarmed_it_never_bites),
		T(fed_it_does_not_bite_and_unfed_it_does),
		T(a_period_that_changed_begins_anew),
		T(a_machine_that_slept_is_no_hang),
		T(each_death_has_a_class),
		T(each_death_has_its_words),
		T(a_record_of_another_signal_is_not_believed),
		T(a_story_is_cut_where_its_room_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
