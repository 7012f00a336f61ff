/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small integers: the lowest free one first, whatever was given back in which
 * order, over the edges of the words that hold them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/ids.h"

#define MANY 1000

static void ids_are_given_in_order(void **state)
{
	struct ids ids = { 0 };
	int i;

	(void)state;
	for (i = 0; i < MANY; i++)
		assert_int_equal(ids_get(&ids), i);
	ids_free(&ids);
	assert_int_equal(ids_get(&ids), 0);
	ids_free(&ids);
}

static void the_lowest_that_was_given_back_comes_first(void **state)
{
	static const int holes[] = { 999, 63, 64, 0, 127, 128, 65, 1 };
	static const int sorted[] = { 0, 1, 63, 64, 65, 127, 128, 999, 1000 };
	struct ids ids = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < MANY; i++)
		ids_get(&ids);
	for (i = 0; i < sizeof(holes) / sizeof(holes[0]); i++)
		ids_put(&ids, holes[i]);
	for (i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++)
		assert_int_equal(ids_get(&ids), sorted[i]);
	ids_free(&ids);
}

static void any_order_of_giving_and_taking_keeps_the_rule(void **state)
{
	bool taken[512] = { false };
	struct ids ids = { 0 };
	uint32_t random = 1;
	int round, lowest;

	(void)state;
	for (round = 0; round < 20000; round++) {
		random = random * 1664525 + 1013904223;
		lowest = (int)(random >> 8) % 300;
		if (random >> 31 && taken[lowest]) {
			ids_put(&ids, lowest);
			taken[lowest] = false;
			continue;
		}
		for (lowest = 0; taken[lowest]; lowest++)
			;
		if (lowest == 500)
			break;
		assert_int_equal(ids_get(&ids), lowest);
		taken[lowest] = true;
	}
	ids_free(&ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_given_in_order),
		cmocka_unit_test(the_lowest_that_was_given_back_comes_first),
		cmocka_unit_test(any_order_of_giving_and_taking_keeps_the_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
