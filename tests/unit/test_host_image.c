/* SPDX-License-Identifier: BSD-3-Clause */
/* What a host processor asks of an image beyond its being one: instruction set, place, entry. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "fixture_builder.h"
#include "host_image.h"

#define DA  RPROC_HOST_WINDOW_DA
#define LEN UINT32_C(0x100000)

static struct host_layout layout;
static char story[512];

static struct fixture *new_image(void)
{
	return fixture_new(ELFCLASS64, false, HOST_ARCH_MACHINE);
}

/* The verdict on what @elf becomes, in memory of exactly its size. */
static int look_at(struct fixture *elf)
{
	struct fixture_image image = fixture_build(elf);
	const struct rproc_firmware fw = { .data = image.data, .size = image.size };
	int ret;

	memset(&layout, 0x5a, sizeof(layout));
	story[0] = '\0';
	ret = host_image_layout(&fw, LEN, &layout, story, sizeof(story));
	fixture_image_free(&image);
	return ret;
}

static void refuses(struct fixture *elf, const char *words)
{
	assert_int_equal(look_at(elf), -EINVAL);
	if (!strstr(story, words))
		fail_msg("story \"%s\" does not say \"%s\"", story, words);
	assert_int_equal(layout.num_ranges, 0x5a5a5a5a); /* untouched */
}

static void bytes_that_are_no_image_are_refused(void **state)
{
	const struct rproc_firmware fw = { .data = "no image", .size = 8 };

	(void)state;
	assert_int_equal(host_image_layout(&fw, LEN, &layout, story, sizeof(story)), -EINVAL);
	assert_non_null(strstr(story, "cannot be opened"));
	/* Whoever loads the table says what is wrong with the image. */
	assert_false(host_image_lacks_table(&fw));
}

static void another_instruction_set_is_refused(void **state)
{
	struct fixture *elf = fixture_new(ELFCLASS64, false, EM_RISCV);

	(void)state;
	fixture_load(elf, DA, PF_R | PF_X, NULL, 16, 16);
	refuses(elf, "is ELF64 for machine 243");
	elf = fixture_new(ELFCLASS32, false, HOST_ARCH_MACHINE);
	fixture_load(elf, DA, PF_R | PF_X, NULL, 16, 16);
	refuses(elf, "is ELF32 for machine");
}

static void segments_outside_of_the_window_are_refused(void **state)
{
	struct fixture *elf = new_image();

	(void)state;
	fixture_load(elf, DA - 1, PF_R | PF_X, NULL, 16, 16);
	refuses(elf, "segment 0 needs 0xfffffff..0x1000000e; the memory of this processor is "
		     "0x10000000..0x100fffff: 0x1 bytes below it");
	elf = new_image();
	fixture_load(elf, DA + 0x1000, PF_R | PF_X, NULL, 16, 16);
	fixture_load(elf, DA + LEN - 15, PF_R | PF_W, NULL, 16, 16);
	refuses(elf, "segment 1 needs 0x100ffff1..0x10100000; the memory of this processor is "
		     "0x10000000..0x100fffff: 0x1 bytes over");
	elf = new_image();
	fixture_load(elf, UINT64_MAX - 7, PF_R | PF_X, NULL, 8, 16);
	refuses(elf, "segment 0: 0x10 bytes at 0xfffffffffffffff8 do not fit an address");
}

static void an_entry_in_no_segment_is_refused(void **state)
{
	static const uint64_t entries[] = { 0, DA - 1, DA + 16, UINT64_MAX };
	struct fixture *elf;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		elf = new_image();
		fixture_load(elf, DA, PF_R | PF_X, NULL, 16, 16);
		fixture_set_entry(elf, entries[i]);
		refuses(elf, "lies in no segment that is loaded");
	}
	elf = new_image();
	fixture_load(elf, DA, PF_R | PF_X, NULL, 0, 0);
	refuses(elf, "has nothing to load");
}

static void each_segment_is_remembered(void **state)
{
	struct fixture *elf = new_image();

	(void)state;
	fixture_load(elf, DA + 0x4000, PF_R | PF_X, NULL, 16, 0x1234);
	fixture_load(elf, DA + 0x8000, PF_R, NULL, 0, 0);
	fixture_load(elf, DA, PF_R | PF_W, NULL, 16, 16);
	assert_int_equal(look_at(elf), 0);
	assert_int_equal(layout.entry, DA + 0x4000);
	assert_int_equal(layout.num_ranges, 2);
	assert_int_equal(layout.range[0].da, DA + 0x4000);
	assert_int_equal(layout.range[0].len, 0x1234);
	assert_int_equal(layout.range[1].da, DA);
	assert_int_equal(layout.range[1].len, 16);
}

/* Forgotten is none: those behind the last place are one range, with the gaps between them. */
static void more_segments_than_places_share_the_last(void **state)
{
	const unsigned int last = HOST_MAX_RANGES - 1;
	struct fixture *elf = new_image();
	unsigned int i;

	(void)state;
	for (i = 0; i < last; i++)
		fixture_load(elf, DA + 0x100 * i, PF_R | PF_X, NULL, 16, 16);
	fixture_load(elf, DA + 0x80000, PF_R, NULL, 16, 16);
	fixture_load(elf, DA + 0x90000, PF_R, NULL, 16, 0x1000);
	fixture_load(elf, DA + 0x70000, PF_R, NULL, 16, 16);
	fixture_load(elf, DA + 0x88000, PF_R, NULL, 16, 16);
	assert_int_equal(look_at(elf), 0);
	assert_int_equal(layout.num_ranges, HOST_MAX_RANGES);
	assert_int_equal(layout.range[last - 1].da, DA + 0x100 * (last - 1));
	assert_int_equal(layout.range[last].da, DA + 0x70000);
	assert_int_equal(layout.range[last].len, 0x21000);
}

static void a_table_outside_of_the_window_is_the_hosts_alone(void **state)
{
	static const uint64_t das[] = { 0, DA - 1, DA + LEN - 15, UINT64_C(1) << 32, UINT64_MAX };
	struct fixture *elf;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(das) / sizeof(das[0]); i++) {
		elf = new_image();
		fixture_load(elf, DA, PF_R | PF_X, NULL, 16, 16);
		fixture_add_table(elf, das[i], fixture_table_new(false));
		assert_int_equal(look_at(elf), 0);
		assert_int_equal(layout.table_len, 0);
	}
	elf = new_image();
	fixture_load(elf, DA, PF_R | PF_X, NULL, 0x100, 0x100);
	fixture_add_table(elf, DA + 0x40, fixture_table_new(false));
	assert_int_equal(look_at(elf), 0);
	assert_int_equal(layout.table_da, DA + 0x40);
	assert_int_equal(layout.table_len, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_that_are_no_image_are_refused),
		cmocka_unit_test(another_instruction_set_is_refused),
		cmocka_unit_test(segments_outside_of_the_window_are_refused),
		cmocka_unit_test(an_entry_in_no_segment_is_refused),
		cmocka_unit_test(each_segment_is_remembered),
		cmocka_unit_test(more_segments_than_places_share_the_last),
		cmocka_unit_test(a_table_outside_of_the_window_is_the_hosts_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
