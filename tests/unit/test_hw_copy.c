/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies on device memory, against memcpy and memset, at every alignment and
 * around every length at which the way of copying changes; nothing beside the range
 * may change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <librproc/driver.h>

#define ROOM	64
#define LEN_MAX 19 /* a head of 3, three words, a tail of 3, and one more */

static void pattern(uint8_t *bytes, uint8_t seed)
{
	size_t i;

	for (i = 0; i < ROOM; i++)
		bytes[i] = (uint8_t)(seed + 7 * i);
}

static void copies_to_device_memory_change_nothing_else(void **state)
{
	_Alignas(8) uint8_t device[ROOM], want[ROOM], from[ROOM];
	size_t at, source, len;

	(void)state;
	pattern(from, 3);
	for (at = 0; at < 8; at++)
		for (source = 0; source < 8; source++)
			for (len = 0; len <= LEN_MAX; len++) {
				pattern(device, 101);
				pattern(want, 101);
				memcpy(want + at, from + source, len);
				rproc_iomem_copy_to(device + at, from + source, len);
				assert_memory_equal(device, want, ROOM);
			}
}

static void copies_from_device_memory_change_nothing_else(void **state)
{
	_Alignas(8) uint8_t device[ROOM], want[ROOM], to[ROOM];
	size_t at, target, len;

	(void)state;
	pattern(device, 55);
	for (at = 0; at < 8; at++)
		for (target = 0; target < 8; target++)
			for (len = 0; len <= LEN_MAX; len++) {
				pattern(to, 9);
				pattern(want, 9);
				memcpy(want + target, device + at, len);
				rproc_iomem_copy_from(to + target, device + at, len);
				assert_memory_equal(to, want, ROOM);
			}
}

static void fills_change_nothing_else(void **state)
{
	_Alignas(8) uint8_t device[ROOM], want[ROOM];
	size_t at, len;

	(void)state;
	for (at = 0; at < 8; at++)
		for (len = 0; len <= LEN_MAX; len++) {
			pattern(device, 200);
			pattern(want, 200);
			memset(want + at, 0xa5, len);
			rproc_iomem_fill(device + at, 0xa5, len);
			assert_memory_equal(device, want, ROOM);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_to_device_memory_change_nothing_else),
		cmocka_unit_test(copies_from_device_memory_change_nothing_else),
		cmocka_unit_test(fills_change_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
