/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walking a resource table entry by entry, and the size of a ring. Knows only
 * the public header.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <librproc/resource_table.h>

#include "base/bytes.h"
#include "fixture_builder.h"

static uint8_t *seven_entries(size_t *ret_len)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_carveout(table, 0x10000000, 0, 0x1000, 0, "text");
	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x2000, 0, "data");
	fixture_table_devmem(table, 0x4000, 0x5000, 0x1000, 3, "uart");
	fixture_table_trace(table, 0x10000955, 0x401, "trace");
	fixture_table_vdev(table, 7, 0, 1);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 0);
	fixture_table_entry(table, 128, "vendor", 6);
	fixture_table_entry(table, 4, NULL, 3);
	return fixture_table_finish(table, ret_len);
}

static void entries_point_into_the_bytes_they_were_read_from(void **state)
{
	static const uint32_t types[] = { 0, 0, 1, 2, 3, 128, 4 };
	size_t len;
	uint8_t *bytes = seven_entries(&len);
	struct rproc_rsc rsc;

	(void)state;
	for (uint32_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_int_equal(rproc_resource_table_entry(bytes, len, i, &rsc), 0);
		assert_int_equal(rsc.index, i);
		assert_int_equal(rsc.type, types[i]);
		assert_int_equal(rsc.offset, load_le32(bytes + 16 + 4 * i));
		assert_ptr_equal(rsc.payload, bytes + rsc.offset + 4);
		assert_int_equal(rsc.avail, len - rsc.offset - 4);
	}
	rsc.index = 77;
	assert_int_equal(
		rproc_resource_table_entry(bytes, len, sizeof(types) / sizeof(types[0]), &rsc),
		-ENOENT);
	assert_int_equal(rproc_resource_table_entry(bytes, len, UINT32_MAX, &rsc), -ENOENT);
	assert_int_equal(rproc_resource_table_entry(bytes, 15, 0, &rsc), -EINVAL);
	assert_int_equal(rproc_resource_table_entry(bytes, 19, 0, &rsc), -EINVAL);
	assert_int_equal(rsc.index, 77);
	free(bytes);
}

static void an_entry_may_end_the_table_but_not_pass_it(void **state)
{
	uint8_t bytes[24] = { 1, 0, 0, 0, 1, 0, 0, 0 };
	struct rproc_rsc rsc;

	(void)state;
	for (unsigned int offset = 0; offset < 256; offset++) {
		int want = offset >= 16 && offset <= 20 ? 0 : -EINVAL;

		bytes[16] = (uint8_t)offset;
		assert_int_equal(rproc_resource_table_entry(bytes, sizeof(bytes), 0, &rsc), want);
	}
	bytes[16] = 20;
	assert_int_equal(rproc_resource_table_entry(bytes, sizeof(bytes), 0, &rsc), 0);
	assert_int_equal(rsc.avail, 0);
	memset(bytes + 16, 0xff, 4);
	assert_int_equal(rproc_resource_table_entry(bytes, sizeof(bytes), 0, &rsc), -EINVAL);
}

static void ring_sizes_are_those_of_virtio(void **state)
{
	(void)state;
	assert_int_equal(rproc_vring_size(16, 4096), 4230);
	assert_int_equal(rproc_vring_size(256, 4096), 10246);
	assert_int_equal(rproc_vring_size(8, 16), 230);
	assert_int_equal(rproc_vring_size(4, 4), 118);
	assert_int_equal(rproc_vring_size(0, 1), 12);
	assert_int_equal(rproc_vring_size(8, 24), 238);
	assert_int_equal(rproc_vring_size(8, 7), 222);
	/* 2^32-1 buffers: 18 bytes each, 6 more, rounded up to 18 * 2^32, then 8 each and 6 */
	assert_int_equal(rproc_vring_size(UINT32_MAX, 1u << 31),
			 UINT64_C(18) * (UINT64_C(1) << 32) + 6 + UINT64_C(8) * UINT32_MAX);
	assert_int_equal(rproc_vring_size(1, 0), rproc_vring_size(1, 1));
	for (uint32_t num = 1; num < 5000; num += 7)
		for (uint32_t align = 1; align < 70; align++) {
			uint64_t used = rproc_vring_size(num, align) - 6 - UINT64_C(8) * num;

			/* any other rounds up, too, but to what both ends come to */
			assert_true((used % align == 0 || align & (align - 1)) &&
				    used >= UINT64_C(18) * num + 6 &&
				    used < UINT64_C(18) * num + 6 + align);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_point_into_the_bytes_they_were_read_from),
		cmocka_unit_test(an_entry_may_end_the_table_but_not_pass_it),
		cmocka_unit_test(ring_sizes_are_those_of_virtio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
