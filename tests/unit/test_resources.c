/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each entry of a resource table asks for, and what it gets: errno, log line
 * and story of each refusal; and the life of the table itself: written before
 * start, copied whole to its address, out of device memory at stop, back at
 * recovery. Hostile tables at the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core_images.h"
#include "recorder.h"

#define TABLE_AT (CORE_TABLE_DA - RECORDER_RAM) /* in the recorder's memory */

static struct recorder *open_with(const struct recorder_options *options,
				  struct fixture_table *table)
{
	struct fixture_image image = core_image_with(table);
	struct recorder *rec = recorder_new(options);

	recorder_use_image(rec, &image);
	return rec;
}

/* A table of one entry of @type with @len bytes of @payload. */
static struct fixture_table *one_entry(uint32_t type, const void *payload, size_t len)
{
	struct fixture_table *table = fixture_table_new(false);

	fixture_table_entry(table, type, payload, len);
	return table;
}

/* ---- refusals ---------------------------------------------------------------------------- */

struct refusal {
	uint32_t type;
	size_t len;    /* of a payload of zeroes */
	size_t spoilt; /* a byte that becomes 0xff; >= len: none */
	int result;
	const char *log; /* "" where the kernel prints nothing of its own */
};

static const struct refusal refusals[] = {
	{ RPROC_RSC_CARVEOUT, 0, 99, -EINVAL, "<3> carveout rsc is truncated\n" },
	{ RPROC_RSC_CARVEOUT, 51, 99, -EINVAL, "<3> carveout rsc is truncated\n" },
	{ RPROC_RSC_CARVEOUT, 52, 16, -EINVAL, "<3> carveout rsc has non zero reserved bytes\n" },
	{ RPROC_RSC_DEVMEM, 0, 99, -EINVAL, "" },
	{ RPROC_RSC_DEVMEM, 51, 99, -EINVAL, "" },
	{ RPROC_RSC_DEVMEM, 52, 99, -EINVAL, "" },
	{ RPROC_RSC_DEVMEM, 52, 16, -EINVAL, "" },
	{ RPROC_RSC_TRACE, 0, 99, -EINVAL, "<3> trace rsc is truncated\n" },
	{ RPROC_RSC_TRACE, 43, 99, -EINVAL, "<3> trace rsc is truncated\n" },
	{ RPROC_RSC_TRACE, 44, 8, -EINVAL, "<3> trace rsc has non zero reserved bytes\n" },
	{ RPROC_RSC_VDEV, 0, 99, -EINVAL, "<3> vdev rsc is truncated\n" },
	{ RPROC_RSC_VDEV, 23, 99, -EINVAL, "<3> vdev rsc is truncated\n" },
	{ RPROC_RSC_VDEV, 24, 16, -EINVAL, "<3> vdev rsc is truncated\n" }, /* config_len */
	{ RPROC_RSC_VDEV, 24, 21, -EINVAL, "<3> vdev rsc is truncated\n" }, /* num_of_vrings */
	{ RPROC_RSC_VDEV, 24, 22, -EINVAL, "<3> vdev rsc has non zero reserved bytes\n" },
	{ RPROC_RSC_VDEV, 24, 23, -EINVAL, "<3> vdev rsc has non zero reserved bytes\n" },
};

static void each_entry_is_refused_with_the_kernels_line(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *refusal = &refusals[i];
		uint8_t payload[64] = { 0 };
		struct recorder *rec;

		payload[refusal->spoilt < refusal->len ? refusal->spoilt : 63] = 0xff;
		rec = open_with(NULL, one_entry(refusal->type, payload, refusal->len));
		recorder_forget(rec);
		assert_int_equal(rproc_boot(rec->rproc), refusal->result);
		recorder_expectf(rec,
				 "<6> powering up dsp\nsanity_check\n"
				 "<6> Booting fw image fw.elf, size 2608\nprepare\n"
				 "get_boot_addr\nparse_fw\n%s"
				 "<3> Failed to process resources: %d\nunprepare\n",
				 refusal->log, refusal->result);
		recorder_expect_story(rec, "rsc[0]");
		recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
		recorder_free(rec);
	}
}

static void a_vdev_with_three_vrings_is_refused(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct recorder *rec;
	int i;

	(void)state;
	fixture_table_vdev(table, 7, 0, 0);
	for (i = 0; i < 3; i++)
		fixture_table_vring(table, FIXTURE_ANY, 4096, 16, 0);
	rec = open_with(NULL, table);
	assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
	recorder_expect_line(rec, "<3> too many vrings: 3");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void a_devmem_needs_an_iommu(void **state)
{
	const struct recorder_options options = { .iommu = true };
	struct fixture_table *table = fixture_table_new(false);
	struct recorder *rec;

	(void)state;
	fixture_table_devmem(table, 0x4a000000, 0x4a000000, 0x1000, 0, "regs");
	rec = open_with(NULL, table);
	assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
	recorder_expect_story(rec, "da 0x4a000000 len 0x1000 asks for a mapping, and dsp has no "
				   "IOMMU");
	recorder_free(rec);

	table = fixture_table_new(false);
	fixture_table_devmem(table, 0x4a000000, 0x4a000000, 0x1000, 0, "regs");
	rec = open_with(&options, table);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_free(rec);
	rec = open_with(&options, one_entry(RPROC_RSC_DEVMEM, "", 1));
	assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
	recorder_expect_line(rec, "<3> devmem rsc is truncated");
	recorder_free(rec);
}

static void the_thirty_third_vdev_is_refused(void **state)
{
	const struct recorder_options options = { .no_subdevs = true };
	struct fixture_table *table = fixture_table_new(false);
	struct recorder *rec;
	int i;

	(void)state;
	for (i = 0; i < 33; i++)
		fixture_table_vdev(table, 1, 0, 0);
	rec = open_with(&options, table);
	assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
	recorder_expect_story(rec, "rsc[32] vdev: the table has more than 32");
	recorder_free(rec);
}

static void an_entry_outside_the_table_is_refused(void **state)
{
	static const uint32_t offsets[] = { 0, 15, 0xffffffff, 0xfffffffc, 20, 21, 24 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		uint32_t words[5] = { 1, 1, 0, 0, offsets[i] };
		struct fixture_image image = core_image_with_bytes(words, sizeof(words));
		struct recorder *rec = recorder_new(NULL);

		recorder_use_image(rec, &image);
		assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
		recorder_expect_line(rec, "<3> rsc table is truncated");
		recorder_expect_story(rec, "rsc[0] of 1 lies outside the table of 20 bytes");
		recorder_free(rec);
	}
}

static void an_image_without_a_table_is_refused_by_the_default_loader_alone(void **state)
{
	const struct recorder_options soft = { .without = REC_BIT(REC_PARSE_FW) };
	struct fixture_image image = core_image_without_table();
	struct recorder *rec = recorder_new(NULL);
	size_t size;
	void *table;

	(void)state;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
	recorder_expect_story(rec, ".resource_table");
	recorder_free(rec);
	image = core_image_without_table();
	rec = recorder_new(&soft);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_get_table(rec->rproc, &table, &size), -ENOENT);
	recorder_free(rec);
}

/* ---- vendor and unknown entries ------------------------------------------------------------ */

static void vendor_entries_go_to_the_driver_and_others_are_warned_of(void **state)
{
	static const struct {
		uint32_t type;
		const char *line;
	} entries[] = {
		{ 4, "<4> unsupported resource 4" },
		{ 5, "<4> unsupported resource 5" },
		{ 127, "<4> unsupported resource 127" },
		{ 128, "handle_rsc 128 first byte 120 at 24 avail 1" },
		{ 512, "handle_rsc 512 first byte 120 at 24 avail 1" },
		{ 513, "<4> unsupported resource 513" },
		{ 0xffffffff, "<4> unsupported resource -1" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		struct recorder *rec = open_with(NULL, one_entry(entries[i].type, "x", 1));

		assert_int_equal(rproc_boot(rec->rproc), 0);
		recorder_expect_line(rec, entries[i].line);
		recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
		recorder_free(rec);
	}
}

/* The kernel of 6.12 answered 1 to the user here, and stayed offline. */
static void a_vendor_entry_in_last_place_that_nobody_wants_does_not_fail_the_boot(void **state)
{
	static const uint32_t without[] = { 0, REC_BIT(REC_HANDLE_RSC) };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		const struct recorder_options options = { .without = without[i] };
		struct recorder *rec = open_with(&options, one_entry(200, "x", 1));

		rec->handle_rsc_result = RPROC_RSC_IGNORED;
		assert_int_equal(rproc_boot(rec->rproc), 0);
		recorder_expect_line(rec, "<4> unsupported vendor resource 200");
		recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
		recorder_free(rec);
	}
}

static void a_vendor_entry_that_the_driver_refuses_is_named(void **state)
{
	struct recorder *rec = open_with(NULL, one_entry(200, "x", 1));

	(void)state;
	rec->handle_rsc_result = -ENOLCK;
	assert_int_equal(rproc_boot(rec->rproc), -ENOLCK);
	recorder_expect_story(rec, "rsc[0] of vendor type 200");
	recorder_expect_line(rec, "<3> Failed to process resources: -37");
	recorder_free(rec);
}

/* ---- the life of the table ----------------------------------------------------------------- */

/* What core_table_full() has become by the time the core starts. */
static void assert_prepared(const uint8_t *table)
{
	uint8_t *t = (uint8_t *)table;
	uint8_t *carveout = core_table_payload(t, 0), *vdev = core_table_payload(t, 3);

	assert_int_equal(core_word(carveout, 0), RECORDER_POOL);
	assert_int_equal(core_word(carveout, 4), 0xc0000000);
	assert_int_equal(core_word(carveout, 8), 0x1000);
	assert_int_equal(core_word(vdev, 24 + 12), 0); /* notify ids: the lowest free */
	assert_int_equal(core_word(vdev, 44 + 12), 1);
	assert_memory_equal(vdev + 64, "\1\2\3\4", 4);
}

static int check_at_start(struct recorder *rec, enum recorder_op op)
{
	size_t size;
	uint8_t *vdev;
	void *table;

	if (op != REC_START)
		return 0;
	assert_prepared(rec->ram + TABLE_AT);
	vdev = core_table_payload(rec->ram + TABLE_AT, 3);
	/* Not before the rings are taken into use. */
	assert_int_equal(core_word(vdev, 24), FIXTURE_ANY);
	assert_int_equal(vdev[20], 0);
	assert_int_equal(rproc_get_table(rec->rproc, &table, &size), 0);
	assert_memory_equal(table, rec->ram + TABLE_AT, size);
	free(table);
	return 0;
}

static void the_whole_table_lies_at_its_address_before_the_core_starts(void **state)
{
	struct recorder *rec = open_with(NULL, core_table_full());

	(void)state;
	rec->hook = check_at_start;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_free(rec);
}

static int scribble_at_stop(struct recorder *rec, enum recorder_op op)
{
	size_t size;
	void *table;

	if (op != REC_STOP)
		return 0;
	/* The remote, dying: nobody looks at its memory any more. */
	memset(rec->ram, 0xff, RECORDER_RAM_LEN);
	assert_int_equal(rproc_get_table(rec->rproc, &table, &size), 0);
	assert_prepared(table);
	free(table);
	return 0;
}

static void the_table_is_out_of_device_memory_at_stop_and_back_after_recovery(void **state)
{
	struct recorder *rec = open_with(NULL, core_table_full());
	size_t i;

	(void)state;
	recorder_claim_vdevs(rec, 7);
	rec->hook = scribble_at_stop;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	assert_prepared(rec->ram + TABLE_AT);
	for (i = 0; i < 0x100; i++)
		assert_int_equal(rec->ram[i], fixture_pattern(RECORDER_RAM, i));
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	for (i = 0; i < RECORDER_RAM_LEN; i++)
		assert_int_equal(rec->ram[i], 0xff);
	recorder_free(rec);
}

static void what_is_written_at_run_time_goes_to_device_memory_only(void **state)
{
	struct recorder *rec = open_with(NULL, core_table_full());
	uint8_t *vdev;

	(void)state;
	recorder_claim_vdevs(rec, 7);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	vdev = core_table_payload(rec->ram + TABLE_AT, 3);
	assert_int_equal(vdev[20], 1); /* ACKNOWLEDGE */
	rproc_vdev_set_status(rec->vdev, 7);
	assert_int_equal(vdev[20], 7);
	rproc_vdev_set_features(rec->vdev, 1);
	assert_int_equal(core_word(vdev, 12), 1);
	assert_int_equal(rproc_vdev_publish_vring(rec->vdev, 0), 0);
	assert_int_equal(core_word(vdev, 24), RECORDER_POOL + 0x1000);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	/* The first boot's copy again, without what was negotiated since. */
	assert_int_equal(vdev[20], 1);
	assert_int_equal(core_word(vdev, 12), 0);
	assert_int_equal(core_word(vdev, 24), FIXTURE_ANY);
	recorder_free(rec);
}

/* Made with ST's IDE: loaded at one place, run at another, copied there by its start-up code. */
static void the_table_goes_to_the_sections_address_and_not_to_the_segments(void **state)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);
	const struct fixture_segment segment = { .type = PT_LOAD,
						 .flags = PF_R | PF_W,
						 .da = CORE_TABLE_DA,
						 .va = CORE_TABLE_DA + 0x2000,
						 .filesz = 0x800,
						 .memsz = 0x800 };
	struct recorder *rec = recorder_new(NULL);
	struct fixture_image image;

	(void)state;
	fixture_load(elf, RECORDER_RAM, PF_R | PF_X, NULL, 0x100, 0x100);
	fixture_add_segment(elf, &segment);
	fixture_add_table(elf, CORE_TABLE_DA + 0x2000, core_table_full());
	image = fixture_build(elf);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_prepared(rec->ram + TABLE_AT + 0x2000);
	/* What was loaded stays as the file has it. */
	assert_int_equal(core_word(core_table_payload(rec->ram + TABLE_AT, 0), 0), FIXTURE_ANY);
	recorder_free(rec);
}

static void a_table_whose_address_cannot_be_reached_stays_with_the_host(void **state)
{
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);
	struct recorder *rec = recorder_new(NULL);
	struct fixture_image image;
	size_t size;
	void *table;

	(void)state;
	fixture_load(elf, RECORDER_RAM, PF_R | PF_X, NULL, 0x100, 0x100);
	fixture_add_table(elf, RECORDER_RAM + RECORDER_RAM_LEN - 8, core_table_full());
	image = fixture_build(elf);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_last_error(rec->rproc, NULL, 0), 0);
	assert_int_equal(rproc_get_table(rec->rproc, &table, &size), 0);
	assert_prepared(table);
	free(table);
	recorder_free(rec);
}

/* The new file's table has room for less than the first boot's has bytes. */
static void another_file_at_recovery_cannot_make_the_table_overrun_its_place(void **state)
{
	struct fixture_image full = core_image_full(), tiny;
	struct fixture *elf = fixture_new(ELFCLASS32, false, EM_ARM);
	char *dir = scratch_new();
	const struct recorder_options options = { .firmware_dirs = dir, .firmware = "fw.elf" };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	fixture_load(elf, RECORDER_RAM, PF_R | PF_X, NULL, 0x100, 0x100);
	fixture_add_table(elf, RECORDER_RAM + RECORDER_RAM_LEN - 16, fixture_table_new(false));
	tiny = fixture_build(elf);
	scratch_write(dir, "fw.elf", full.data, full.size);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	scratch_write(dir, "fw.elf", tiny.data, tiny.size);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_free(rec);
	fixture_image_free(&full);
	fixture_image_free(&tiny);
	scratch_free(dir);
}

/* ---- traces -------------------------------------------------------------------------------- */

static void traces_are_read_up_to_the_first_nul(void **state)
{
	struct fixture_table *table = fixture_table_new(false);
	struct rproc_trace_info *info;
	struct recorder *rec;
	size_t count;
	char buf[16];

	(void)state;
	fixture_table_trace(table, CORE_TRACE_DA, 8, "log");
	fixture_table_trace(table, 0x20000000, 8, "nowhere");
	fixture_table_trace(table, RECORDER_RAM + RECORDER_RAM_LEN - 4, 8, "over the end");
	fixture_table_trace(table, FIXTURE_ANY, 0, "empty");
	rec = open_with(NULL, table);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_get_traces(rec->rproc, &info, &count), 0);
	assert_int_equal(count, 4);
	assert_true(info[0].available);
	assert_string_equal(info[0].name, "log");
	assert_int_equal(info[0].da, CORE_TRACE_DA);
	assert_false(info[1].available);
	assert_false(info[2].available);
	assert_false(info[3].available);
	free(info);
	memcpy(rec->ram + 0x2000, "hello\0rest", 10);
	assert_int_equal(rproc_trace_read(rec->rproc, 0, buf, sizeof(buf), 0), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(rproc_trace_read(rec->rproc, 0, buf, 2, 3), 2);
	assert_memory_equal(buf, "lo", 2);
	assert_int_equal(rproc_trace_read(rec->rproc, 0, buf, sizeof(buf), 5), 0);
	assert_int_equal(rproc_trace_read(rec->rproc, 0, buf, sizeof(buf), UINT64_MAX), 0);
	memcpy(rec->ram + 0x2000, "unterminated", 12);
	assert_int_equal(rproc_trace_read(rec->rproc, 0, buf, sizeof(buf), 0), 8);
	assert_int_equal(rproc_trace_read(rec->rproc, 1, buf, sizeof(buf), 0), -EFAULT);
	assert_int_equal(rproc_trace_read(rec->rproc, 4, buf, sizeof(buf), 0), -ENOENT);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	assert_int_equal(rproc_trace_read(rec->rproc, 0, buf, sizeof(buf), 0), -ENOENT);
	recorder_free(rec);
}

/* ---- hostile bytes ------------------------------------------------------------------------- */

/* Boot whatever it is; it may be refused, it may not take anything with it. */
static void try_table(struct recorder *rec, const uint8_t *bytes, size_t len)
{
	struct fixture_image image = core_image_with_bytes(bytes, len);

	recorder_use_image(rec, &image);
	if (!rproc_boot(rec->rproc))
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	assert_int_equal(recorder_provided(rec), 0);
	recorder_forget(rec);
}

static void no_spoilt_byte_of_a_table_does_harm(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct recorder *rec = recorder_new(NULL);
	size_t len, i, v;
	uint8_t *bytes = fixture_table_finish(core_table_full(), &len);

	(void)state;
	for (i = 0; i < len; i++) {
		uint8_t good = bytes[i];

		for (v = 0; v < sizeof(values); v++) {
			bytes[i] = values[v];
			try_table(rec, bytes, len);
		}
		bytes[i] = good;
	}
	for (i = 0; i <= len; i++)
		try_table(rec, bytes, i);
	free(bytes);
	recorder_free(rec);
}

/* The remote changes its table while the host runs vdevs on it. */
static int spoil_in_device_memory(struct recorder *rec, enum recorder_op op)
{
	if (op == REC_START || op == REC_B_START || op == REC_VDEV_START || op == REC_B_STOP)
		memset(rec->ram + TABLE_AT, 0xff, 0x1000);
	return 0;
}

static void a_table_that_the_remote_rewrites_does_no_harm(void **state)
{
	struct recorder *rec = open_with(NULL, core_table_full());
	int i;

	(void)state;
	recorder_claim_vdevs(rec, 7);
	rec->hook = spoil_in_device_memory;
	for (i = 0; i < 3; i++) {
		assert_int_equal(rproc_boot(rec->rproc), 0);
		assert_int_equal(rproc_vdev_num_vrings(rec->vdev), 2);
		assert_int_equal(rproc_vdev_publish_vring(rec->vdev, 1), 0);
		recorder_crash(rec, RPROC_CRASH_MMUFAULT);
		recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
		assert_int_equal(recorder_provided(rec), 0);
	}
	recorder_free(rec);
}

static void a_table_of_over_64_kib_is_refused(void **state)
{
	const struct recorder_options options = { .no_subdevs = true };
	size_t len = (64u << 10) + 1;
	uint8_t *bytes = calloc(1, len);
	struct fixture_image image;
	struct recorder *rec = recorder_new(&options);

	(void)state;
	assert_non_null(bytes);
	bytes[0] = 1;
	image = core_image_with_bytes(bytes, len);
	free(bytes);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
	recorder_expect_story(rec, "65537 bytes, 65536 are possible");
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_entry_is_refused_with_the_kernels_line),
		cmocka_unit_test(a_vdev_with_three_vrings_is_refused),
		cmocka_unit_test(a_devmem_needs_an_iommu),
		cmocka_unit_test(the_thirty_third_vdev_is_refused),
		cmocka_unit_test(an_entry_outside_the_table_is_refused),
		cmocka_unit_test(a_table_of_over_64_kib_is_refused),
		cmocka_unit_test(an_image_without_a_table_is_refused_by_the_default_loader_alone),
		cmocka_unit_test(a_vendor_entry_that_the_driver_refuses_is_named),
		cmocka_unit_test(no_spoilt_byte_of_a_table_does_harm),
		cmocka_unit_test(a_table_that_the_remote_rewrites_does_no_harm),
		cmocka_unit_test(another_file_at_recovery_cannot_make_the_table_overrun_its_place),
		cmocka_unit_test(vendor_entries_go_to_the_driver_and_others_are_warned_of),
		cmocka_unit_test(
			a_vendor_entry_in_last_place_that_nobody_wants_does_not_fail_the_boot),
		cmocka_unit_test(the_whole_table_lies_at_its_address_before_the_core_starts),
		cmocka_unit_test(the_table_is_out_of_device_memory_at_stop_and_back_after_recovery),
		cmocka_unit_test(what_is_written_at_run_time_goes_to_device_memory_only),
		cmocka_unit_test(the_table_goes_to_the_sections_address_and_not_to_the_segments),
		cmocka_unit_test(a_table_whose_address_cannot_be_reached_stays_with_the_host),
		cmocka_unit_test(traces_are_read_up_to_the_first_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
