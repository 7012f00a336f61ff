/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opened images: accessors return what the builder was told, bad parts are
 * refused one by one, the bytes stay untouched, and a failed allocation leaves
 * nothing behind. Knows only the public header.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <librproc/firmware.h>
#include <librproc/rproc.h>

#include "image_fixture.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

/* The library's allocations until one fails; negative: none does. */
static int calloc_budget = -1;

void *__wrap_calloc(size_t count, size_t size)
{
	if (calloc_budget >= 0 && calloc_budget-- == 0)
		return NULL;
	return __real_calloc(count, size);
}

static bool report_has_log(const struct rproc_report *report, const char *log)
{
	for (unsigned int i = 0; i < report->count; i++)
		if (!strcmp(report->finding[i].log, log))
			return true;
	return false;
}

static bool report_has_story(const struct rproc_report *report, const char *part)
{
	for (unsigned int i = 0; i < report->count; i++)
		if (strstr(report->finding[i].story, part))
			return true;
	return false;
}

/* ---- segments ------------------------------------------------------------------------ */

static void bad_segments_get_the_kernels_line(void **state)
{
	struct fixture_image built = fixture_shape_build("pair-stripped");
	struct rproc_report report = { 0 };
	uint64_t size = built.size;
	struct rproc_image *image;

	(void)state;
	fixture_set(&built, FIXTURE_P_FILESZ, 0, 0x11);
	image = open_or_fail(&built);
	assert_int_equal(rproc_image_segment_check(image, 0, &report), -EINVAL);
	assert_string_equal(report.finding[0].log, "bad phdr filesz 0x11 memsz 0x10");
	rproc_image_close(image);

	report = (struct rproc_report){ 0 };
	fixture_set(&built, FIXTURE_P_FILESZ, 0, 0x10);
	fixture_set(&built, FIXTURE_P_OFFSET, 0, size - 0xf);
	image = open_or_fail(&built);
	assert_int_equal(rproc_image_segment_check(image, 0, &report), -EINVAL);
	assert_true(report_has_story(&report, "end 0x1 bytes past the end of the image"));
	assert_string_equal(report.finding[0].log, "truncated fw: need 0x4c1 avail 0x4c0");
	assert_int_equal(rproc_image_segment_check(image, 1, NULL), 0);
	assert_int_equal(rproc_image_segment_check(image, 2, NULL), -ENOENT);
	rproc_image_close(image);

	report = (struct rproc_report){ 0 };
	fixture_set(&built, FIXTURE_P_OFFSET, 0, UINT64_MAX - 7);
	image = open_or_fail(&built);
	assert_int_equal(rproc_image_segment_check(image, 0, &report), -EINVAL);
	assert_string_equal(report.finding[0].log,
			    "truncated fw: need 0xffffffffffffffff avail 0x4c0");
	rproc_image_close(image);
	fixture_image_free(&built);
}

static void segments_that_are_not_loaded_are_not_judged(void **state)
{
	struct fixture_image built = fixture_shape_build("pair-stripped");
	struct rproc_image_segment segment;
	struct rproc_image *image;

	(void)state;
	fixture_set(&built, FIXTURE_P_TYPE, 0, PT_LOPROC);
	fixture_set(&built, FIXTURE_P_FILESZ, 0, UINT64_MAX);
	fixture_set(&built, FIXTURE_P_MEMSZ, 1, 0);
	fixture_set(&built, FIXTURE_P_OFFSET, 1, UINT64_MAX);
	image = open_or_fail(&built);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(rproc_image_segment(image, i, &segment), 0);
		assert_false(segment.load);
		assert_int_equal(rproc_image_segment_check(image, i, NULL), 0);
	}
	assert_int_equal(rproc_image_segment(image, 2, &segment), -ENOENT);
	rproc_image_close(image);
	fixture_image_free(&built);
}

static void segments_are_those_the_image_was_built_with(void **state)
{
	static const uint8_t classes[] = { ELFCLASS32, ELFCLASS64 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		struct fixture *elf = fixture_new(classes[i], false, EM_RISCV);
		struct fixture_image built;
		struct rproc_image_segment segment;
		struct rproc_image_info info;
		struct rproc_image *image;

		fixture_add_segment(elf, &(struct fixture_segment){ .type = PT_LOAD,
								    .flags = PF_X,
								    .da = 0x11111110,
								    .va = 0x22222220,
								    .filesz = 3,
								    .memsz = 0x44444440,
								    .data = "abc" });
		fixture_set_entry(elf, 0x55555554);
		built = fixture_build(elf);
		image = open_or_fail(&built);
		rproc_image_info(image, &info);
		assert_string_equal(info.format, "ELF");
		assert_int_equal(info.elf_class, classes[i]);
		assert_int_equal(info.elf_machine, EM_RISCV);
		assert_int_equal(info.bootaddr, 0x55555554);
		assert_int_equal(info.num_segments, 1);
		assert_false(info.has_table);
		assert_int_equal(rproc_image_segment(image, 0, &segment), 0);
		assert_int_equal(segment.type, PT_LOAD);
		assert_int_equal(segment.flags, PF_X);
		assert_int_equal(segment.da, 0x11111110);
		assert_int_equal(segment.va, 0x22222220);
		assert_int_equal(segment.filesz, 3);
		assert_int_equal(segment.memsz, 0x44444440);
		assert_true(segment.load);
		assert_memory_equal(built.data + segment.offset, "abc", 3);
		rproc_image_close(image);
		fixture_image_free(&built);
	}
}

static void a_stripped_image_has_the_segments_of_its_unstripped_twin(void **state)
{
	struct fixture_image whole = fixture_shape_build("pair-unstripped");
	struct fixture_image stripped = fixture_shape_build("pair-stripped");
	struct rproc_image *a = open_or_fail(&whole), *b = open_or_fail(&stripped);
	struct rproc_image_segment one, other;
	size_t i;

	(void)state;
	for (i = 0; !rproc_image_segment(a, i, &one); i++) {
		assert_int_equal(rproc_image_segment(b, i, &other), 0);
		assert_int_equal(one.da, other.da);
		assert_int_equal(one.memsz, other.memsz);
		assert_int_equal(one.filesz, other.filesz);
		assert_memory_equal(whole.data + one.offset, stripped.data + other.offset,
				    one.filesz);
	}
	assert_int_equal(i, 2);
	assert_int_equal(rproc_image_segment(b, i, &other), -ENOENT);
	rproc_image_close(a);
	rproc_image_close(b);
	fixture_image_free(&whole);
	fixture_image_free(&stripped);
}

/* ---- table and sections ------------------------------------------------------------------ */

static void a_bad_table_is_a_remark_when_opened_and_an_error_when_asked_for(void **state)
{
	static const struct {
		const char *shape;
		const char *log;
	} cases[] = {
		{ "table-of-size-0", "header-less resource table" },
		{ "table-under-16-bytes", "header-less resource table" },
		{ "table-of-version-2", "unsupported fw ver: 2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture_image built = fixture_shape_build(cases[i].shape);
		struct rproc_firmware fw = firmware_of(&built);
		struct rproc_report opened = { 0 }, asked = { 0 };
		struct rproc_image_info info;
		const void *table = NULL;
		struct rproc_image *image;
		size_t size = 0;
		uint64_t da = 0;

		assert_int_equal(rproc_image_open(&fw, &opened, &image), 0);
		assert_int_equal(opened.count, 1);
		assert_int_equal(opened.finding[0].error, 0);
		assert_true(report_has_log(&opened, cases[i].log));
		rproc_image_info(image, &info);
		assert_false(info.has_table);
		assert_int_equal(rproc_image_table(image, &asked, &table, &size, &da), -EINVAL);
		assert_int_equal(asked.finding[0].error, -EINVAL);
		assert_true(report_has_log(&asked, cases[i].log));
		assert_null(table);
		rproc_image_close(image);
		fixture_image_free(&built);
	}
}

static void a_table_outside_the_image_is_truncated(void **state)
{
	static const uint64_t offsets[] = { UINT64_MAX, UINT64_MAX - 4, 0x5c1, 0x5c0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct fixture_image built = fixture_shape_build("elf64-le-table");
		size_t index = fixture_section_index(&built, ".resource_table");
		struct rproc_report report = { 0 };
		struct rproc_image *image;
		const void *table;
		size_t size;
		uint64_t da;

		assert_int_equal(built.size, 0x5c0);
		fixture_set(&built, FIXTURE_SH_OFFSET, index, offsets[i]);
		image = open_or_fail(&built);
		assert_int_equal(rproc_image_table(image, &report, &table, &size, &da), -EINVAL);
		assert_string_equal(report.finding[0].log, "resource table truncated");
		rproc_image_close(image);
		fixture_image_free(&built);
	}
}

static void an_image_without_the_section_has_no_table(void **state)
{
	static const char *const names[] = { ".resource_tabl", ".resource_table.", "resource_table",
					     ".Resource_table" };
	struct fixture_table *table;
	const void *found;
	size_t size;
	uint64_t da;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);
		struct fixture_image built;
		struct rproc_image *image;
		uint8_t *bytes;

		table = fixture_table_new(false);
		bytes = fixture_table_finish(table, &size);
		fixture_load(elf, 0x10000000, PF_R, NULL, 64, 64);
		fixture_add_section(elf, &(struct fixture_section){ .name = names[i],
								    .type = SHT_PROGBITS,
								    .flags = SHF_ALLOC,
								    .da = 0x10000000,
								    .data = bytes,
								    .size = size });
		free(bytes);
		built = fixture_build(elf);
		image = open_or_fail(&built);
		assert_int_equal(rproc_image_table(image, NULL, &found, &size, &da), -ENOENT);
		rproc_image_close(image);
		fixture_image_free(&built);
	}
}

static void the_first_of_two_tables_counts_and_lives_at_its_section_address(void **state)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);
	struct fixture_image built;
	struct rproc_image_info info;
	struct rproc_image *image;
	const void *table;
	size_t size;
	uint64_t da;

	(void)state;
	fixture_add_segment(elf, &(struct fixture_segment){ .type = PT_LOAD,
							    .da = 0x10000000,
							    .va = 0x10020000,
							    .filesz = 0x100,
							    .memsz = 0x100 });
	fixture_add_table(elf, 0x10020040, fixture_table_new(false));
	fixture_add_table_bytes(elf, 0x10020080, "not a table, but second", 23);
	built = fixture_build(elf);
	image = open_or_fail(&built);
	assert_int_equal(rproc_image_table(image, NULL, &table, &size, &da), 0);
	assert_int_equal(da, 0x10020040);
	assert_int_equal(size, 16);
	rproc_image_info(image, &info);
	assert_true(info.has_table);
	assert_int_equal(info.table_da, da);
	assert_int_equal(info.table_size, size);
	assert_ptr_equal(table, built.data + info.table_offset);
	rproc_image_close(image);
	fixture_image_free(&built);
}

static void sections_are_found_by_their_exact_name(void **state)
{
	struct fixture_image built = fixture_shape_build("header-pulled-into-segment");
	struct rproc_image *image = open_or_fail(&built);
	uint64_t da = 1, size = 1;

	(void)state;
	assert_int_equal(rproc_image_section(image, ".interrupt", &da, &size), -ENOENT);
	assert_int_equal(rproc_image_section(image, ".interrupts2", &da, &size), -ENOENT);
	assert_int_equal(rproc_image_section(image, "interrupts", &da, &size), -ENOENT);
	assert_int_equal(da, 1);
	assert_int_equal(rproc_image_section(image, ".interrupts", &da, &size), 0);
	assert_int_equal(da, 0x1fff8000);
	assert_int_equal(size, 20);
	rproc_image_close(image);
	fixture_image_free(&built);
}

static void section_names_outside_the_image_find_nothing(void **state)
{
	struct fixture_image built = fixture_shape_build("elf64-le-table");
	size_t names = fixture_get(&built, FIXTURE_E_SHSTRNDX, 0);
	struct rproc_image *image;
	uint64_t da, size;

	(void)state;
	fixture_set(&built, FIXTURE_SH_SIZE, names, built.size);
	image = open_or_fail(&built);
	assert_int_equal(rproc_image_section(image, ".resource_table", &da, &size), -ENOENT);
	rproc_image_close(image);
	/* a name whose NUL lies behind the string table is not a name */
	fixture_set(&built, FIXTURE_SH_SIZE, names, 1 + strlen(".resource_table"));
	image = open_or_fail(&built);
	assert_int_equal(rproc_image_section(image, ".resource_table", &da, &size), -ENOENT);
	rproc_image_close(image);
	fixture_set(&built, FIXTURE_SH_SIZE, names, 2 + strlen(".resource_table"));
	image = open_or_fail(&built);
	assert_int_equal(rproc_image_section(image, ".resource_table", &da, &size), 0);
	rproc_image_close(image);
	fixture_image_free(&built);
}

/* ---- manners -------------------------------------------------------------------------------- */

/* Use every accessor on every item. */
static void ask_everything(const struct rproc_firmware *fw)
{
	struct rproc_image_segment segment;
	struct rproc_image_info info;
	struct rproc_image *image;
	const void *table;
	uint64_t da, len;
	size_t size;

	if (rproc_image_open(fw, NULL, &image))
		return;
	rproc_image_info(image, &info);
	for (size_t i = 0; i <= info.num_segments; i++) {
		rproc_image_segment(image, i, &segment);
		rproc_image_segment_check(image, i, NULL);
	}
	rproc_image_section(image, ".isr_vectors", &da, &len);
	if (!rproc_image_table(image, NULL, &table, &size, &da))
		rproc_resource_table_check(table, size, NULL);
	rproc_image_close(image);
}

/* The image ends where the mapping ends, at any alignment, and cannot be written. */
static void images_are_only_read_and_only_within_their_bytes(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)state;
	for (size_t i = 0; i < fixture_num_shapes; i++) {
		struct fixture_image built = fixture_shapes[i].build();
		size_t room = (built.size + page) / page * page;
		uint8_t *map = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		struct rproc_firmware fw = { map + room - built.size, built.size };

		assert_true(map != MAP_FAILED);
		memcpy(map + room - built.size, built.data, built.size);
		assert_int_equal(mprotect(map, room, PROT_READ), 0);
		assert_int_equal(mprotect(map + room, page, PROT_NONE), 0);
		ask_everything(&fw);
		assert_memory_equal(fw.data, built.data, built.size);
		assert_int_equal(munmap(map, room + page), 0);
		fixture_image_free(&built);
	}
}

static void images_at_odd_addresses_open_alike(void **state)
{
	(void)state;
	for (size_t shift = 1; shift < 8; shift++) {
		struct fixture_image built = fixture_shape_build("elf64-le-table");
		struct fixture_image moved = fixture_wrapped(&built, "1234567", shift);
		struct rproc_firmware fw = { moved.data + shift, built.size };

		ask_everything(&fw);
		assert_int_equal(rproc_image_check(&fw, NULL), 0);
		fixture_image_free(&moved);
		fixture_image_free(&built);
	}
}

static void a_failed_allocation_leaves_nothing_and_the_next_open_works(void **state)
{
	struct fixture_image built = fixture_shape_build("elf64-le-table");
	struct rproc_firmware fw = firmware_of(&built);
	struct rproc_image *image = NULL;
	int ret, n;

	(void)state;
	for (n = 0; n < 100; n++) {
		calloc_budget = n;
		ret = rproc_image_open(&fw, NULL, &image);
		calloc_budget = -1;
		if (!ret)
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_null(image);
	}
	assert_int_equal(n, 2);
	rproc_image_close(image);
	rproc_image_close(NULL);
	fixture_image_free(&built);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_segments_get_the_kernels_line),
		cmocka_unit_test(segments_that_are_not_loaded_are_not_judged),
		cmocka_unit_test(segments_are_those_the_image_was_built_with),
		cmocka_unit_test(a_stripped_image_has_the_segments_of_its_unstripped_twin),
		cmocka_unit_test(a_bad_table_is_a_remark_when_opened_and_an_error_when_asked_for),
		cmocka_unit_test(a_table_outside_the_image_is_truncated),
		cmocka_unit_test(an_image_without_the_section_has_no_table),
		cmocka_unit_test(the_first_of_two_tables_counts_and_lives_at_its_section_address),
		cmocka_unit_test(sections_are_found_by_their_exact_name),
		cmocka_unit_test(section_names_outside_the_image_find_nothing),
		cmocka_unit_test(images_are_only_read_and_only_within_their_bytes),
		cmocka_unit_test(images_at_odd_addresses_open_alike),
		cmocka_unit_test(a_failed_allocation_leaves_nothing_and_the_next_open_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
