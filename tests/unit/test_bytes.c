/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Range arithmetic, loads and stores of base/bytes.h against arithmetic that is
 * wider than theirs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

typedef unsigned __int128 wide;

static const uint64_t values[] = {
	0,
	1,
	2,
	15,
	16,
	17,
	UINT32_MAX - 1ull,
	UINT32_MAX,
	UINT32_MAX + 1ull,
	INT64_MAX - 1ull,
	INT64_MAX,
	INT64_MAX + 1ull,
	UINT64_MAX - 17,
	UINT64_MAX - 16,
	UINT64_MAX - 1,
	UINT64_MAX,
};

static void a_range_that_wraps_is_outside(void **state)
{
	(void)state;
	for (size_t a = 0; a < ARRAY_SIZE(values); a++)
		for (size_t b = 0; b < ARRAY_SIZE(values); b++)
			for (size_t c = 0; c < ARRAY_SIZE(values); c++)
				assert_int_equal(range_ok(values[a], values[b], values[c]),
						 (wide)values[a] + values[b] <= values[c]);
}

static void a_sum_stops_at_the_top(void **state)
{
	(void)state;
	for (size_t a = 0; a < ARRAY_SIZE(values); a++)
		for (size_t b = 0; b < ARRAY_SIZE(values); b++) {
			wide sum = (wide)values[a] + values[b];

			assert_int_equal(add_sat(values[a], values[b]),
					 sum > UINT64_MAX ? UINT64_MAX : (uint64_t)sum);
		}
}

static void words_are_loaded_from_any_alignment(void **state)
{
	static const uint8_t bytes[] = { 0x80, 0x91, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7 };

	(void)state;
	for (size_t i = 0; i + 4 <= sizeof(bytes); i++) {
		uint32_t first = 0x80 + 0x11 * (uint32_t)i;

		assert_int_equal(load_le16(bytes + i), first | (first + 0x11) << 8);
		assert_int_equal(load_le32(bytes + i), first | (first + 0x11) << 8 |
							       (first + 0x22) << 16 |
							       (first + 0x33) << 24);
	}
}

static void what_is_stored_is_loaded_again_and_nothing_else_changes(void **state)
{
	(void)state;
	for (size_t at = 1; at < 5; at++)
		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			uint8_t bytes[10], untouched[10];

			memset(bytes, 0x5a, sizeof(bytes));
			memset(untouched, 0x5a, sizeof(untouched));
			store_le32(bytes + at, (uint32_t)values[v]);
			assert_int_equal(load_le32(bytes + at), (uint32_t)values[v]);
			assert_int_equal(bytes[at], values[v] & 0xff);
			memset(bytes + at, 0x5a, 4);
			assert_memory_equal(bytes, untouched, sizeof(bytes));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_that_wraps_is_outside),
		cmocka_unit_test(a_sum_stops_at_the_top),
		cmocka_unit_test(words_are_loaded_from_any_alignment),
		cmocka_unit_test(what_is_stored_is_loaded_again_and_nothing_else_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
