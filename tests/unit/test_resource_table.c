/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The resource table's check against a model of it written from the
 * specification: every truncation, every word at every limit; then each rule by
 * hand. Knows only the public header.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <librproc/resource_table.h>
#include <librproc/rproc.h>

#include "fixture_builder.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the model ----------------------------------------------------------------- */

struct verdict {
	int error;
	char log[96];
};

static uint64_t word_at(const uint8_t *bytes, uint64_t offset)
{
	uint64_t value = 0;

	for (int i = 3; i >= 0; i--)
		value = value << 8 | bytes[offset + (uint64_t)i];
	return value;
}

static struct verdict refused(int error, const char *log)
{
	struct verdict verdict = { .error = error };

	snprintf(verdict.log, sizeof(verdict.log), "%s", log);
	return verdict;
}

static struct verdict refused_number(const char *text, int number)
{
	struct verdict verdict = { .error = -EINVAL };

	snprintf(verdict.log, sizeof(verdict.log), "%s%d", text, number);
	return verdict;
}

static struct verdict model_vdev(const uint8_t *p, uint64_t avail)
{
	if (avail < 24 || 24 + UINT64_C(20) * p[21] + word_at(p, 16) > avail)
		return refused(-EINVAL, "vdev rsc is truncated");
	if (p[22] || p[23])
		return refused(-EINVAL, "vdev rsc has non zero reserved bytes");
	if (p[21] > 2)
		return refused_number("too many vrings: ", p[21]);
	return refused(0, "");
}

static struct verdict model_memory(const uint8_t *p, uint64_t avail, uint64_t need,
				   uint64_t reserved, const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "%s rsc is truncated", name);
	if (avail < need)
		return refused(-EINVAL, text);
	snprintf(text, sizeof(text), "%s rsc has non zero reserved bytes", name);
	if (word_at(p, reserved))
		return refused(-EINVAL, text);
	return refused(0, "");
}

static struct verdict model_entry(const uint8_t *bytes, uint64_t len, uint64_t offset)
{
	const uint8_t *p;
	uint64_t avail;

	if (offset < 16 || offset >= len || len - offset < 4)
		return refused(-EINVAL, "rsc table is truncated");
	p = bytes + offset + 4;
	avail = len - offset - 4;
	switch (word_at(bytes, offset)) {
	case 0:
		return model_memory(p, avail, 52, 16, "carveout");
	case 1:
		return model_memory(p, avail, 52, 16, "devmem");
	case 2:
		return model_memory(p, avail, 44, 8, "trace");
	case 3:
		return model_vdev(p, avail);
	}
	return refused(0, "");
}

static bool earlier_has_name(const uint8_t *bytes, uint64_t index, uint64_t offset)
{
	for (uint64_t i = 0; i < index; i++) {
		uint64_t other = word_at(bytes, 16 + 4 * i);

		if (!word_at(bytes, other) && !strncmp((const char *)bytes + other + 24,
						       (const char *)bytes + offset + 24, 31))
			return true;
	}
	return false;
}

static struct verdict model(const uint8_t *bytes, uint64_t len)
{
	struct verdict verdict;
	uint64_t num;

	if (len < 16)
		return refused(-EINVAL, "header-less resource table");
	if (word_at(bytes, 0) != 1)
		return refused_number("unsupported fw ver: ", (int)(uint32_t)word_at(bytes, 0));
	if (word_at(bytes, 8) || word_at(bytes, 12))
		return refused(-EINVAL, "non zero reserved bytes");
	num = word_at(bytes, 4);
	if (16 + 4 * num > len)
		return refused(-EINVAL, "resource table incomplete");
	for (uint64_t i = 0; i < num; i++) {
		uint64_t offset = word_at(bytes, 16 + 4 * i);

		verdict = model_entry(bytes, len, offset);
		if (verdict.error)
			return verdict;
		if (!word_at(bytes, offset) && earlier_has_name(bytes, i, offset))
			return refused(-ENOMEM, "Carveout already associated to resource table");
	}
	return refused(0, "");
}

/* ---- helpers -------------------------------------------------------------------------- */

static const struct rproc_finding *first_error(const struct rproc_report *report)
{
	for (unsigned int i = 0; i < report->count; i++)
		if (report->finding[i].error)
			return &report->finding[i];
	return NULL;
}

static bool has_log(const struct rproc_report *report, const char *log, int level)
{
	for (unsigned int i = 0; i < report->count; i++)
		if (!strcmp(report->finding[i].log, log) && report->finding[i].level == level)
			return true;
	return false;
}

static bool has_story(const struct rproc_report *report, const char *part)
{
	for (unsigned int i = 0; i < report->count; i++)
		if (strstr(report->finding[i].story, part))
			return true;
	return false;
}

/* @bytes end where their heap block ends, so that the sanitizer sees any overrun. */
static void expect_what_the_model_says(const uint8_t *bytes, size_t len)
{
	struct verdict want = model(bytes, len);
	struct rproc_report report = { 0 };
	const struct rproc_finding *error;

	assert_int_equal(rproc_resource_table_check(bytes, len, &report), want.error);
	assert_int_equal(rproc_resource_table_check(bytes, len, NULL), want.error);
	error = first_error(&report);
	if (!want.error) {
		assert_null(error);
		return;
	}
	assert_non_null(error);
	assert_int_equal(error->error, want.error);
	assert_string_equal(error->log, want.log);
	assert_int_equal(error->level, RPROC_LOG_ERR);
	assert_true(strlen(error->story) > 10);
}

/* One of everything. */
static uint8_t *rich_table(size_t *ret_len)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_carveout(table, 0x10000000, 0, 0x1000, 0, "text");
	fixture_table_carveout(table, FIXTURE_ANY, 0, 0x2000, 0, "data");
	fixture_table_devmem(table, 0x4000, 0x5000, 0x1000, 3, "uart");
	fixture_table_trace(table, 0x10000955, 0x401, "trace");
	fixture_table_vdev(table, 7, 0, 1);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 0);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 1);
	fixture_table_config(table, "config", 6);
	fixture_table_entry(table, 128, "vendor", 6);
	fixture_table_entry(table, 4, NULL, 3);
	return fixture_table_finish(table, ret_len);
}

/* The report of a table of the builder, which is freed. */
static int check_built(struct fixture_table *table, struct rproc_report *report)
{
	size_t len;
	uint8_t *bytes = fixture_table_finish(table, &len);
	int ret;

	*report = (struct rproc_report){ 0 };
	ret = rproc_resource_table_check(bytes, len, report);
	free(bytes);
	return ret;
}

/* ---- against the model --------------------------------------------------------------------- */

static void a_table_cut_at_any_byte_gets_the_kernels_line(void **state)
{
	size_t len;
	uint8_t *bytes = rich_table(&len);

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);

		assert_non_null(copy);
		memcpy(copy, bytes, cut);
		expect_what_the_model_says(copy, cut);
		free(copy);
	}
	assert_int_equal(rproc_resource_table_check(NULL, 0, NULL), -EINVAL);
	assert_int_equal(rproc_resource_table_check(NULL, 64, NULL), -EINVAL);
	free(bytes);
}

static void every_word_at_every_limit_gets_the_kernels_line(void **state)
{
	size_t len;
	uint8_t *bytes = rich_table(&len);

	(void)state;
	for (size_t at = 0; at + 4 <= len; at++) {
		uint64_t limits[] = { word_at(bytes, at),
				      0,
				      16,
				      len,
				      len - 4,
				      UINT32_MAX,
				      UINT32_MAX / 2,
				      UINT32_MAX / 4,
				      (len - 16) / 4 };
		uint8_t saved[4];

		memcpy(saved, bytes + at, sizeof(saved));
		for (size_t v = 0; v < 3 * ARRAY_SIZE(limits); v++) {
			uint32_t value = (uint32_t)(limits[v / 3] + v % 3 - 1);

			for (int i = 0; i < 4; i++)
				bytes[at + (size_t)i] = (uint8_t)(value >> (8 * i));
			expect_what_the_model_says(bytes, len);
		}
		memcpy(bytes + at, saved, sizeof(saved));
	}
	free(bytes);
}

static void every_byte_with_every_value_gets_the_kernels_line(void **state)
{
	size_t len;
	uint8_t *bytes = rich_table(&len);

	(void)state;
	for (size_t at = 0; at < len; at++) {
		uint8_t good = bytes[at];

		for (unsigned int value = 0; value < 256; value++) {
			bytes[at] = (uint8_t)value;
			expect_what_the_model_says(bytes, len);
		}
		bytes[at] = good;
	}
	free(bytes);
}

static void a_table_is_checked_alike_at_odd_addresses(void **state)
{
	size_t len;
	uint8_t *bytes = rich_table(&len);

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		uint8_t *moved = malloc(len + shift);

		assert_non_null(moved);
		memcpy(moved + shift, bytes, len);
		expect_what_the_model_says(moved + shift, len);
		assert_memory_equal(moved + shift, bytes, len);
		free(moved);
	}
	free(bytes);
}

/* ---- by hand: errors ------------------------------------------------------------------------- */

static void a_big_endian_table_is_of_an_unknown_version(void **state)
{
	struct rproc_report report;

	(void)state;
	assert_int_equal(check_built(fixture_table_new(true), &report), -EINVAL);
	assert_string_equal(report.finding[0].log, "unsupported fw ver: 16777216");
}

static void three_vrings_are_too_many(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct rproc_report report;

	(void)state;
	fixture_table_vdev(table, 7, 0, 1);
	for (int i = 0; i < 3; i++)
		fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 0);
	assert_int_equal(check_built(table, &report), -EINVAL);
	assert_string_equal(report.finding[0].log, "too many vrings: 3");
}

static void carveouts_of_one_name_are_refused_with_enomem(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" },
		{ "same", "same" },
		/* a registered name holds 31 characters: the 32nd makes no difference */
		{ "0123456789012345678901234567890a", "0123456789012345678901234567890b" },
	};
	struct rproc_report report;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct fixture_table *table = fixture_table_new(false);

		fixture_table_carveout(table, FIXTURE_ANY, 0, 4096, 0, pairs[i][0]);
		fixture_table_carveout(table, FIXTURE_ANY, 0, 4096, 0, "other");
		fixture_table_carveout(table, FIXTURE_ANY, 0, 4096, 0, pairs[i][1]);
		assert_int_equal(check_built(table, &report), -ENOMEM);
		assert_true(has_log(&report, "Carveout already associated to resource table",
				    RPROC_LOG_ERR));
	}
}

static void ten_thousand_carveouts_are_checked_in_one_pass(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct rproc_report report;
	char name[32];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "carveout %d", i);
		fixture_table_carveout(table, FIXTURE_ANY, 0, 4096, 0, name);
	}
	assert_int_equal(check_built(table, &report), 0);
	assert_true(has_story(&report, "not compared any more"));
	/* and within the first hundreds, the last still meets the first */
	table = fixture_table_new(false);
	for (int i = 0; i < 767; i++) {
		snprintf(name, sizeof(name), "carveout %d", i);
		fixture_table_carveout(table, FIXTURE_ANY, 0, 4096, 0, name);
	}
	fixture_table_carveout(table, FIXTURE_ANY, 0, 4096, 0, "carveout 0");
	assert_int_equal(check_built(table, &report), -ENOMEM);
	assert_true(has_story(&report, "\"carveout 0\""));
}

static void names_from_outside_are_printable_in_the_story(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct rproc_report report;

	(void)state;
	for (int i = 0; i < 2; i++)
		fixture_table_carveout(table, FIXTURE_ANY, 0, 4096, 0, "\033[2J%n\377");
	assert_int_equal(check_built(table, &report), -ENOMEM);
	assert_true(has_story(&report, "\"?[2J%n?\""));
}

/* ---- by hand: remarks ---------------------------------------------------------------------- */

static void a_vring_of_size_0_is_a_remark_with_the_kernels_line(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct rproc_report report;

	(void)state;
	fixture_table_vdev(table, 7, 0, 1);
	fixture_table_vring(table, FIXTURE_ANY, 4096, 0, 0);
	fixture_table_vring(table, FIXTURE_ANY, 0, 256, 1);
	assert_int_equal(check_built(table, &report), 0);
	assert_int_equal(report.count, 2);
	assert_true(has_log(&report, "invalid qsz (0) or alignment (4096)", RPROC_LOG_ERR));
	assert_true(has_log(&report, "invalid qsz (256) or alignment (0)", RPROC_LOG_ERR));
}

static void odd_vrings_are_remarks(void **state)
{
	static const struct {
		uint32_t da, align, num;
		const char *story;
	} cases[] = {
		{ FIXTURE_ANY, 4096, 100, "vring[0].num 100 is not a power of two" },
		{ FIXTURE_ANY, 4095, 128, "vring[0].align 4095 is not a power of two" },
		{ 0x10000800, 4096, 128, "vring[0].da 0x10000800 is not aligned" },
		{ FIXTURE_ANY, 4096, 65536, "vring[0].num 65536 is above virtio's 32768" },
	};
	struct rproc_report report;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture_table *table = fixture_table_new(false);

		fixture_table_vdev(table, 3, 0, 0);
		fixture_table_vring(table, cases[i].da, cases[i].align, cases[i].num, 0);
		assert_int_equal(check_built(table, &report), 0);
		assert_int_equal(report.count, 1);
		assert_true(has_story(&report, cases[i].story));
		assert_string_equal(report.finding[0].log, "");
	}
}

static void an_rpmsg_vdev_with_one_vring_is_a_remark(void **state)
{
	struct rproc_report report;

	(void)state;
	for (int vrings = 0; vrings < 3; vrings++) {
		struct fixture_table *table = fixture_table_new(false);

		fixture_table_vdev(table, 7, 0, 1);
		for (int i = 0; i < vrings; i++)
			fixture_table_vring(table, FIXTURE_ANY, 4096, 256, 0);
		assert_int_equal(check_built(table, &report), 0);
		assert_int_equal(has_story(&report, "needs 2 vrings"), vrings < 2);
	}
}

static void unknown_types_are_named_and_skipped(void **state)
{
	static const struct {
		uint32_t type;
		const char *log;
		const char *story;
	} cases[] = {
		{ 4, "unsupported resource 4", "TI's internal memory, or OpenAMP's memory entry" },
		{ 5, "unsupported resource 5", "PRU interrupt map, or OpenAMP's checksum" },
		{ 127, "unsupported resource 127", "unknown" },
		{ 513, "unsupported resource 513", "unknown" },
		{ UINT32_MAX, "unsupported resource -1", "unknown" },
	};
	struct rproc_report report;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture_table *table = fixture_table_new(false);

		fixture_table_entry(table, cases[i].type, NULL, 0);
		assert_int_equal(check_built(table, &report), 0);
		assert_int_equal(report.count, 1);
		assert_true(has_log(&report, cases[i].log, RPROC_LOG_WARNING));
		assert_true(has_story(&report, cases[i].story));
	}
	/* vendor entries are the driver's: whether the kernel warns is decided there */
	for (uint32_t type = 128; type <= 512; type += 384) {
		struct fixture_table *table = fixture_table_new(false);

		fixture_table_entry(table, type, NULL, 0);
		assert_int_equal(check_built(table, &report), 0);
		assert_int_equal(report.count, 1);
		assert_string_equal(report.finding[0].log, "");
		assert_true(has_story(&report, "the processor's driver decides"));
	}
}

static void a_devmem_says_that_it_needs_an_iommu(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct rproc_report report;

	(void)state;
	fixture_table_devmem(table, 0x1000, 0x2000, 0x1000, 0, "uart");
	assert_int_equal(check_built(table, &report), 0);
	assert_true(has_story(&report, "without an IOMMU"));
}

static void a_trace_at_any_address_cannot_be_read(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct rproc_report report;

	(void)state;
	fixture_table_trace(table, FIXTURE_ANY, 0x1000, "trace");
	assert_int_equal(check_built(table, &report), 0);
	assert_true(has_story(&report, "cannot be read"));
	/* address 0 is an address */
	table = fixture_table_new(false);
	fixture_table_trace(table, 0, 0x1000, "trace");
	assert_int_equal(check_built(table, &report), 0);
	assert_int_equal(report.count, 0);
}

static void an_error_finds_room_among_any_number_of_remarks(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct rproc_report report;

	(void)state;
	for (int i = 0; i < 100; i++)
		fixture_table_entry(table, 4, NULL, 0);
	fixture_table_entry(table, 0, NULL, 51);
	assert_int_equal(check_built(table, &report), -EINVAL);
	assert_int_equal(report.count, RPROC_REPORT_MAX);
	assert_string_equal(report.finding[RPROC_REPORT_MAX - 1].log, "carveout rsc is truncated");
	/* 100 remarks and an error for 16 places */
	assert_int_equal(report.dropped, 85);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_cut_at_any_byte_gets_the_kernels_line),
		cmocka_unit_test(every_word_at_every_limit_gets_the_kernels_line),
		cmocka_unit_test(every_byte_with_every_value_gets_the_kernels_line),
		cmocka_unit_test(a_table_is_checked_alike_at_odd_addresses),
		cmocka_unit_test(a_big_endian_table_is_of_an_unknown_version),
		cmocka_unit_test(three_vrings_are_too_many),
		cmocka_unit_test(carveouts_of_one_name_are_refused_with_enomem),
		cmocka_unit_test(ten_thousand_carveouts_are_checked_in_one_pass),
		cmocka_unit_test(names_from_outside_are_printable_in_the_story),
		cmocka_unit_test(a_vring_of_size_0_is_a_remark_with_the_kernels_line),
		cmocka_unit_test(odd_vrings_are_remarks),
		cmocka_unit_test(an_rpmsg_vdev_with_one_vring_is_a_remark),
		cmocka_unit_test(unknown_types_are_named_and_skipped),
		cmocka_unit_test(a_devmem_says_that_it_needs_an_iommu),
		cmocka_unit_test(a_trace_at_any_address_cannot_be_read),
		cmocka_unit_test(an_error_finds_room_among_any_number_of_remarks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
