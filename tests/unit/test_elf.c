/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ELF sanity check against a model of it written from the specification
 * with arithmetic that cannot wrap: every header field at 0, at its maximum and
 * around every limit, in both classes and byte orders. Knows only the public
 * header.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <librproc/firmware.h>
#include <librproc/rproc.h>

#include "image_fixture.h"

typedef unsigned __int128 wide;

/* The first error of a report, or NULL. */
static const struct rproc_finding *first_error(const struct rproc_report *report)
{
	for (unsigned int i = 0; i < report->count; i++)
		if (report->finding[i].error)
			return &report->finding[i];
	return NULL;
}

static void expect_refusal(const struct fixture_image *image, const char *log)
{
	struct rproc_firmware fw = firmware_of(image);
	struct rproc_report report = { 0 };
	struct rproc_image *opened = NULL;
	const struct rproc_finding *error;

	assert_int_equal(rproc_image_check(&fw, &report), -EINVAL);
	error = first_error(&report);
	assert_non_null(error);
	assert_string_equal(error->log, log);
	assert_int_equal(error->level, RPROC_LOG_ERR);
	assert_true(strlen(error->story) > 10);
	assert_int_equal(rproc_image_open(&fw, NULL, &opened), -EINVAL);
	assert_null(opened);
}

static void expect_pass(const struct fixture_image *image)
{
	struct rproc_firmware fw = firmware_of(image);
	struct rproc_report report = { 0 };
	struct rproc_image *opened = NULL;
	int ret = rproc_image_check(&fw, &report);

	if (ret)
		print_message("%s\n", report.finding[0].story);
	assert_int_equal(ret, 0);
	assert_null(first_error(&report));
	assert_int_equal(rproc_image_open(&fw, NULL, &opened), 0);
	rproc_image_close(opened);
}

/* What the kernel's check says of @image, or NULL; in its order. */
static const char *model(const struct fixture_image *image)
{
	static char text[64];
	bool is64;
	wide size = image->size, phnum, shoff, shnum, shstrndx, shdr, phdr;

	if (size < 52)
		return "Image is too small";
	if (memcmp(image->data, "\177ELF", 4))
		return "Image is corrupted (bad magic)";
	if (image->data[4] != 1 && image->data[4] != 2) {
		snprintf(text, sizeof(text), "Unsupported class: %d", image->data[4]);
		return text;
	}
	is64 = image->data[4] == 2;
	if (is64 && size < 64)
		return "elf64 header is too small";
	if (image->data[5] != 1)
		return "Unsupported firmware endianness";
	shdr = is64 ? 64 : 40;
	phdr = is64 ? 56 : 32;
	shoff = fixture_get(image, FIXTURE_E_SHOFF, 0);
	shnum = fixture_get(image, FIXTURE_E_SHNUM, 0);
	shstrndx = fixture_get(image, FIXTURE_E_SHSTRNDX, 0);
	phnum = fixture_get(image, FIXTURE_E_PHNUM, 0);
	if (shoff + shdr > size)
		return "Image is too small";
	if (shnum && shoff + shnum * shdr > size)
		return "Section headers are out of bounds";
	if (shoff + (shstrndx + 1) * shdr > size)
		return "Image is too small";
	if (!phnum)
		return "No loadable segments";
	/* the kernel asks for e_phoff alone; the library for all the headers */
	if (fixture_get(image, FIXTURE_E_PHOFF, 0) + phnum * phdr > size)
		return "Firmware size is too small";
	return NULL;
}

static void expect_what_the_model_says(const struct fixture_image *image)
{
	const char *log = model(image);

	if (log)
		expect_refusal(image, log);
	else
		expect_pass(image);
}

static const char *const bases[] = { "elf32-le-table",	  "elf64-le-table",
				     "elf32-le-no-table", "elf64-le-no-table",
				     "pair-stripped",	  "section-headers-stripped",
				     "elf32-be-table",	  "elf64-be-table" };

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* ---- illegal ------------------------------------------------------------------ */

static void no_image_is_refused(void **state)
{
	struct rproc_firmware empty = { 0 };
	struct rproc_report report = { 0 };
	struct rproc_image *image = NULL;

	(void)state;
	assert_int_equal(rproc_image_check(NULL, &report), -EINVAL);
	assert_int_equal(rproc_image_open(NULL, NULL, &image), -EINVAL);
	assert_null(image);
	report = (struct rproc_report){ 0 };
	assert_int_equal(rproc_image_check(&empty, &report), -EINVAL);
	assert_string_equal(report.finding[0].log, "Image is too small");
	assert_non_null(strstr(report.finding[0].story, "empty"));
}

static void an_image_cut_at_any_byte_gets_the_kernels_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		struct fixture_image whole = fixture_shape_build(bases[i]);

		for (size_t size = 0; size <= whole.size; size++) {
			struct fixture_image cut = fixture_truncated(&whole, size);

			expect_what_the_model_says(&cut);
			fixture_image_free(&cut);
		}
		fixture_image_free(&whole);
	}
}

static void every_ident_byte_is_looked_at_as_the_kernel_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		struct fixture_image image = fixture_shape_build(bases[i]);

		for (size_t at = 0; at < EI_NIDENT; at++) {
			uint8_t good = image.data[at];

			/* class 2 over class 1 makes other fields: the model knows them all */
			for (unsigned int value = 0; value < 256; value++) {
				image.data[at] = (uint8_t)value;
				image.elf_class = image.data[EI_CLASS];
				image.big_endian = image.data[EI_DATA] == ELFDATA2MSB;
				expect_what_the_model_says(&image);
			}
			image.data[at] = good;
			image.elf_class = image.data[EI_CLASS];
			image.big_endian = image.data[EI_DATA] == ELFDATA2MSB;
		}
		fixture_image_free(&image);
	}
}

/* Values around every limit there is for one header of @base. */
static size_t values_for(const struct fixture_image *image, enum fixture_field field,
			 uint64_t values[64])
{
	uint64_t good = fixture_get(image, field, 0);
	uint64_t phdr = image->elf_class == ELFCLASS64 ? 56 : 32;
	uint64_t shdr = image->elf_class == ELFCLASS64 ? 64 : 40;
	uint64_t shnum = fixture_get(image, FIXTURE_E_SHNUM, 0);
	uint64_t shoff = fixture_get(image, FIXTURE_E_SHOFF, 0);
	uint64_t phnum = fixture_get(image, FIXTURE_E_PHNUM, 0);
	uint64_t phoff = fixture_get(image, FIXTURE_E_PHOFF, 0);
	uint64_t max = fixture_field_max(image, field);
	uint64_t limits[] = { good,
			      0,
			      max,
			      max / 2,
			      image->size,
			      image->size - shdr,
			      image->size - shnum * shdr,
			      image->size - phnum * phdr,
			      (image->size - shoff) / shdr,
			      (image->size - phoff) / phdr,
			      max - shdr,
			      max - phdr,
			      max - phnum * phdr,
			      0 - shdr,
			      0 - shnum * shdr,
			      0 - phnum * phdr };
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		for (int delta = -1; delta <= 1; delta++)
			values[count++] = (limits[i] + (uint64_t)delta) & max;
	return count;
}

static void every_header_field_at_every_limit_gets_the_kernels_line(void **state)
{
	uint64_t values[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		struct fixture_image image = fixture_shape_build(bases[i]);

		for (int field = FIXTURE_E_TYPE; field <= FIXTURE_E_SHSTRNDX; field++) {
			uint64_t good = fixture_get(&image, field, 0);
			size_t count = values_for(&image, field, values);

			for (size_t v = 0; v < count; v++) {
				fixture_set(&image, field, 0, values[v]);
				expect_what_the_model_says(&image);
			}
			fixture_set(&image, field, 0, good);
		}
		expect_what_the_model_says(&image);
		fixture_image_free(&image);
	}
}

/* Two fields at once: only this shows which check comes first. */
static void pairs_of_bad_fields_get_the_line_of_the_earlier_check(void **state)
{
	static const enum fixture_field checked[] = { FIXTURE_E_SHOFF, FIXTURE_E_SHNUM,
						      FIXTURE_E_SHSTRNDX, FIXTURE_E_PHNUM,
						      FIXTURE_E_PHOFF };
	uint64_t first[64], second[64];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t a = 0; a < ARRAY_SIZE(checked); a++) {
			for (size_t b = a + 1; b < ARRAY_SIZE(checked); b++) {
				struct fixture_image image = fixture_shape_build(bases[i]);
				size_t count = values_for(&image, checked[a], first);
				size_t count_b = values_for(&image, checked[b], second);

				for (size_t v = 0; v < count * count_b; v++) {
					fixture_set(&image, checked[a], 0, first[v / count_b]);
					fixture_set(&image, checked[b], 0, second[v % count_b]);
					expect_what_the_model_says(&image);
				}
				fixture_image_free(&image);
			}
		}
	}
}

static void every_field_of_every_header_at_every_limit_never_escapes_the_image(void **state)
{
	static const uint64_t values[] = { 0, 1, 0x7f, 0x80000000, UINT64_MAX, UINT64_MAX - 1 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fixture_image image = fixture_shape_build(bases[i]);
		struct rproc_firmware fw = firmware_of(&image);

		for (int field = FIXTURE_P_TYPE; field < FIXTURE_FIELDS; field++) {
			uint64_t count = fixture_get(
				&image, field < FIXTURE_SH_NAME ? FIXTURE_E_PHNUM : FIXTURE_E_SHNUM,
				0);

			for (uint64_t at = 0; at < count; at++) {
				uint64_t good = fixture_get(&image, field, at);

				for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
					struct rproc_image_info info;
					struct rproc_image *opened;

					fixture_set(&image, field, at, values[v]);
					assert_int_equal(rproc_image_open(&fw, NULL, &opened), 0);
					rproc_image_info(opened, &info);
					if (info.has_table)
						assert_true(info.table_offset <= fw.size &&
							    info.table_size <=
								    fw.size - info.table_offset);
					rproc_image_close(opened);
				}
				fixture_set(&image, field, at, good);
			}
		}
		fixture_image_free(&image);
	}
}

static void extended_numbering_is_not_followed(void **state)
{
	struct fixture_image image = fixture_shape_build("elf64-le-table");
	struct rproc_firmware fw = firmware_of(&image);
	struct rproc_image_info info;
	struct rproc_image *opened;

	(void)state;
	/* PN_XNUM with the real count in section 0: the kernel sees 65535 headers */
	fixture_set(&image, FIXTURE_E_PHNUM, 0, 0xffff);
	expect_refusal(&image, "Firmware size is too small");
	fixture_set(&image, FIXTURE_E_PHNUM, 0, 2);
	/* e_shnum 0 with the real count in section 0: the kernel sees no section */
	fixture_set(&image, FIXTURE_SH_SIZE, 0, fixture_get(&image, FIXTURE_E_SHNUM, 0));
	fixture_set(&image, FIXTURE_E_SHNUM, 0, 0);
	assert_int_equal(rproc_image_open(&fw, NULL, &opened), 0);
	rproc_image_info(opened, &info);
	assert_false(info.has_table);
	rproc_image_close(opened);
	/* SHN_XINDEX is an index like any other, and lies outside */
	fixture_set(&image, FIXTURE_E_SHSTRNDX, 0, 0xffff);
	expect_refusal(&image, "Image is too small");
	fixture_image_free(&image);
}

/* ---- legal ----------------------------------------------------------------------- */

static void a_stripped_image_passes_with_no_section_at_all(void **state)
{
	struct fixture_image narrow = fixture_shape_build("section-headers-stripped");
	struct fixture_image wide_image = fixture_shape_build("pair-stripped");

	(void)state;
	assert_int_equal(fixture_get(&narrow, FIXTURE_E_SHOFF, 0), 0);
	assert_int_equal(fixture_get(&narrow, FIXTURE_E_SHNUM, 0), 0);
	expect_pass(&narrow);
	expect_pass(&wide_image);
	/* but the index of the names is bounded even then */
	fixture_set(&narrow, FIXTURE_E_SHSTRNDX, 0, 0xfff);
	expect_refusal(&narrow, "Image is too small");
	fixture_image_free(&narrow);
	fixture_image_free(&wide_image);
}

static void entry_sizes_in_the_header_are_not_used(void **state)
{
	struct fixture_image image = fixture_shape_build("elf32-le-table");
	struct rproc_firmware fw = firmware_of(&image);
	struct rproc_image_segment segment;
	struct rproc_image_info info;
	struct rproc_report report = { 0 };
	struct rproc_image *opened;

	(void)state;
	fixture_set(&image, FIXTURE_E_PHENTSIZE, 0, 1);
	fixture_set(&image, FIXTURE_E_SHENTSIZE, 0, 0xffff);
	assert_int_equal(rproc_image_open(&fw, &report, &opened), 0);
	assert_int_equal(report.count, 2); /* one remark each */
	rproc_image_info(opened, &info);
	assert_true(info.has_table);
	assert_int_equal(rproc_image_segment(opened, 1, &segment), 0);
	assert_int_equal(segment.da, 0x10004000);
	rproc_image_close(opened);
	fixture_image_free(&image);
}

static void machine_type_and_version_are_not_judged(void **state)
{
	struct fixture_image image = fixture_shape_build("elf64-le-table");

	(void)state;
	fixture_set(&image, FIXTURE_E_TYPE, 0, 0xbeef);
	fixture_set(&image, FIXTURE_E_MACHINE, 0, 0xbeef);
	fixture_set(&image, FIXTURE_E_VERSION, 0, 0xbeef);
	expect_pass(&image);
	fixture_image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_image_is_refused),
		cmocka_unit_test(an_image_cut_at_any_byte_gets_the_kernels_line),
		cmocka_unit_test(every_ident_byte_is_looked_at_as_the_kernel_does),
		cmocka_unit_test(every_header_field_at_every_limit_gets_the_kernels_line),
		cmocka_unit_test(pairs_of_bad_fields_get_the_line_of_the_earlier_check),
		cmocka_unit_test(
			every_field_of_every_header_at_every_limit_never_escapes_the_image),
		cmocka_unit_test(extended_numbering_is_not_followed),
		cmocka_unit_test(a_stripped_image_passes_with_no_section_at_all),
		cmocka_unit_test(entry_sizes_in_the_header_are_not_used),
		cmocka_unit_test(machine_type_and_version_are_not_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
