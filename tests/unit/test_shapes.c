/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every shape of image that tool chains make gets its verdict, and files that
 * are no image are named. Knows only the public header.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <librproc/firmware.h>

#include "image_fixture.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* ---- verdicts ------------------------------------------------------------------- */

static bool has_devmem(const void *table, size_t size)
{
	struct rproc_rsc rsc;

	for (uint32_t i = 0; !rproc_resource_table_entry(table, size, i, &rsc); i++)
		if (rsc.type == RPROC_RSC_DEVMEM)
			return true;
	return false;
}

static enum fixture_verdict table_verdict(const struct rproc_image *image)
{
	const void *table;
	size_t size;
	uint64_t da;

	if (rproc_image_table(image, NULL, &table, &size, &da))
		return FIXTURE_NO_TABLE;
	if (rproc_resource_table_check(table, size, NULL))
		return FIXTURE_BAD_TABLE;
	return has_devmem(table, size) ? FIXTURE_NEEDS_IOMMU : FIXTURE_LOADS;
}

static enum fixture_verdict verdict_of(const struct fixture_image *built)
{
	struct rproc_firmware fw = firmware_of(built);
	struct rproc_image *image;
	struct rproc_image_info info;
	enum fixture_verdict verdict;

	if (rproc_image_open(&fw, NULL, &image))
		return FIXTURE_REFUSED;
	rproc_image_info(image, &info);
	verdict = table_verdict(image);
	for (size_t i = 0; i < info.num_segments; i++)
		if (rproc_image_segment_check(image, i, NULL))
			verdict = FIXTURE_BAD_SEGMENT;
	rproc_image_close(image);
	return verdict;
}

static void every_shape_gets_its_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < fixture_num_shapes; i++) {
		struct fixture_image image = fixture_shapes[i].build();

		if (verdict_of(&image) != fixture_shapes[i].verdict)
			fail_msg("%s: verdict %d, not %d", fixture_shapes[i].name,
				 verdict_of(&image), fixture_shapes[i].verdict);
		fixture_image_free(&image);
	}
}

static void shapes_for_the_host_board_lie_in_its_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < fixture_num_shapes; i++) {
		struct fixture_image built = fixture_shapes[i].build();
		struct rproc_image_segment segment;
		struct rproc_image *image;

		if (fixture_shapes[i].on_host_board) {
			image = open_or_fail(&built);
			for (size_t s = 0; !rproc_image_segment(image, s, &segment); s++)
				if (segment.load)
					assert_true(segment.da >= 0x10000000 &&
						    segment.da + segment.memsz <= 0x11000000);
			rproc_image_close(image);
		}
		fixture_image_free(&built);
	}
}

/* ---- foreign files ----------------------------------------------------------------- */

static const struct {
	const char *name; /* of a shape, or NULL */
	const char *bytes;
	size_t len;
	const char *story;
} foreign[] = {
	{ "st-signed-elf-at-27c", NULL, 0, "around an ELF file at 0x27c" },
	{ "st-signed-elf-at-2bc", NULL, 0, "around an ELF file at 0x2bc" },
	{ "foreign-gzip", NULL, 0, "gzip" },
	{ "foreign-raw-cortex-m", NULL, 0, "raw Cortex-M binary" },
	{ "foreign-intel-hex", NULL, 0, "Intel HEX" },
	{ "foreign-u-boot", NULL, 0, "U-Boot legacy image" },
	{ NULL, "\x68\xa4\x43\x35", 4, "ST's signed container" },
	{ NULL, "\x28\xb5\x2f\xfd", 4, "zstd" },
	{ NULL,
	  "\xfd"
	  "7zXZ",
	  5, "xz file" },
	{ NULL, "BZh9", 4, "bzip2" },
	{ NULL, "PK\3\4", 4, "zip archive" },
	{ NULL, "\xd0\x0d\xfe\xed", 4, "FIT image" },
	{ NULL, "MZ", 2, "PE (EFI or Windows)" },
	{ NULL, "!<arch>\n", 8, "static library" },
	{ NULL, "S00600004844521B", 16, "S-record" },
	{ NULL, "<!DOCTYPE html>", 15, "web page" },
	{ NULL, "version https://git-lfs.github.com/spec/v1", 42, "git-lfs pointer" },
	{ NULL, "", 0, "erased or unfinished" },
	{ NULL,
	  "\x7f"
	  "ELG",
	  4, "begins with 7f 45 4c 47" },
};

static void foreign_files_are_named_in_the_story_and_keep_the_kernels_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		uint8_t bytes[128] = { 0 };
		struct rproc_firmware fw = { bytes, sizeof(bytes) };
		struct fixture_image image = { 0 };
		struct rproc_report report = { 0 };

		if (foreign[i].name) {
			image = fixture_shape_build(foreign[i].name);
			fw = firmware_of(&image);
		} else {
			memcpy(bytes, foreign[i].bytes, foreign[i].len);
		}
		assert_int_equal(rproc_image_check(&fw, &report), -EINVAL);
		assert_int_equal(report.count, 1);
		assert_string_equal(report.finding[0].log, "Image is corrupted (bad magic)");
		if (!strstr(report.finding[0].story, foreign[i].story))
			fail_msg("\"%s\" does not name \"%s\"", report.finding[0].story,
				 foreign[i].story);
		fixture_image_free(&image);
	}
}

static void foreign_files_cut_at_any_byte_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		for (size_t len = 0; len < 64; len++) {
			struct fixture_image image = { .data = calloc(1, len ? len : 1),
						       .size = len };
			struct rproc_firmware fw = firmware_of(&image);
			size_t take = foreign[i].len < len ? foreign[i].len : len;

			assert_non_null(image.data);
			if (take)
				memcpy(image.data, foreign[i].bytes, take);
			assert_int_equal(rproc_image_check(&fw, NULL), -EINVAL);
			fixture_image_free(&image);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_gets_its_verdict),
		cmocka_unit_test(shapes_for_the_host_board_lie_in_its_memory),
		cmocka_unit_test(foreign_files_are_named_in_the_story_and_keep_the_kernels_line),
		cmocka_unit_test(foreign_files_cut_at_any_byte_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
