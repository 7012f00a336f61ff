/* SPDX-License-Identifier: BSD-3-Clause */
/* Option structures of an older, the same and a newer program, as base/options.h reads them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/options.h"

struct known {
	size_t size;
	uint64_t first, last;
};

struct newer {
	struct known known;
	uint64_t unknown;
};

static void no_options_ask_for_nothing(void **state)
{
	struct known known = { .size = 1, .first = 2, .last = 3 };

	(void)state;
	assert_int_equal(options_read(NULL, &known, sizeof(known)), 0);
	assert_int_equal(known.first, 0);
	assert_int_equal(known.last, 0);
}

static void options_without_a_size_are_refused(void **state)
{
	struct known given = { .size = 0 }, known;

	(void)state;
	for (; given.size < sizeof(size_t); given.size++)
		assert_int_equal(options_read(&given, &known, sizeof(known)), -EINVAL);
	assert_int_equal(options_read(&given, &known, sizeof(known)), 0);
}

static void what_an_older_program_does_not_know_is_zero(void **state)
{
	const struct known given = { .size = offsetof(struct known, last), .first = 5, .last = 6 };
	struct known known = { .last = 7 };

	(void)state;
	assert_int_equal(options_read(&given, &known, sizeof(known)), 0);
	assert_int_equal(known.first, 5);
	assert_int_equal(known.last, 0);
}

static void a_newer_program_may_not_ask_for_more_than_is_known(void **state)
{
	struct newer given = { .known = { .size = sizeof(given), .first = 5, .last = 6 } };
	struct known known;

	(void)state;
	assert_int_equal(options_read(&given, &known, sizeof(known)), 0);
	assert_int_equal(known.first, 5);
	assert_int_equal(known.last, 6);
	given.unknown = 1ull << 56;
	assert_int_equal(options_read(&given, &known, sizeof(known)), -EINVAL);
	given.unknown = 1;
	assert_int_equal(options_read(&given, &known, sizeof(known)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_options_ask_for_nothing),
		cmocka_unit_test(options_without_a_size_are_refused),
		cmocka_unit_test(what_an_older_program_does_not_know_is_zero),
		cmocka_unit_test(a_newer_program_may_not_ask_for_more_than_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
