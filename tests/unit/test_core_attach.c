/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attaching to a core that somebody else started, and leaving it: the order of the
 * driver's ops typed from the specification, the failure of each, and what the
 * core's own resource table looks like afterwards.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core_images.h"
#include "recorder.h"

#define TO_PREPARE   "<6> attaching to dsp\nprepare\n"
#define TO_TABLE     TO_PREPARE "get_loaded_rsc_table\n"
#define TO_VENDOR    TO_TABLE "handle_rsc 130 first byte 118 at 92 avail 132\n"
#define TO_ALLOC1    TO_VENDOR "alloc 0x1000\n"
#define TO_A_PREPARE TO_ALLOC1 "alloc 0x2000\nalloc 0x3000\na.prepare\n"
#define TO_B_PREPARE TO_A_PREPARE "b.prepare\n"
#define TO_ATTACH    TO_B_PREPARE "attach\n"
#define TO_A_START   TO_ATTACH "a.start\n"
#define TO_B_START   TO_A_START "b.start\n"
#define ATTACHED                                                                          \
	TO_B_START "vdev.start\n"                                                         \
		   "<6> [rproc-virtio rproc-virtio.0.auto] registered virtio0 (type 7)\n" \
		   "<6> remote processor dsp is now attached\n"
#define FREE "free 0x1000\nfree 0x2000\nfree 0x3000\n"
#define DETACHED                                                        \
	"vdev.stop\nb.stop\na.stop\ndetach\nb.unprepare\na.unprepare\n" \
	"<6> detached remote processor dsp\n" FREE "unprepare\n"

/* The table of a running core, in memory of exactly its size, and what it was. */
struct running {
	struct recorder *rec;
	uint8_t *table;
	uint8_t *pristine;
	size_t size;
};

static void give_table(struct running *run)
{
	run->table = fixture_table_finish(core_table_full(), &run->size);
	run->pristine = malloc(run->size);
	assert_non_null(run->pristine);
	memcpy(run->pristine, run->table, run->size);
	run->rec->running_table = (struct rproc_resource_table *)run->table;
	run->rec->running_table_size = run->size;
}

static struct running open_running(struct recorder_options options)
{
	struct running run = { 0 };

	options.detached = true;
	run.rec = recorder_new(&options);
	recorder_claim_vdevs(run.rec, 7);
	give_table(&run);
	return run;
}

static void close_running(struct running *run)
{
	recorder_free(run->rec);
	free(run->table);
	free(run->pristine);
}

static void assert_pristine(const struct running *run)
{
	assert_memory_equal(run->table, run->pristine, run->size);
}

/* ---- order ------------------------------------------------------------------------------- */

static void attach_and_detach_follow_the_kernels_order(void **state)
{
	struct running run = open_running((struct recorder_options){ 0 });
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(rproc_boot(run.rec->rproc), 0);
		recorder_expect(run.rec, ATTACHED);
		recorder_expect_state(run.rec, RPROC_STATE_ATTACHED, 1);
		assert_memory_not_equal(run.table, run.pristine, run.size);
		assert_int_equal(rproc_detach(run.rec->rproc), 0);
		recorder_expect(run.rec, DETACHED);
		recorder_expect_state(run.rec, RPROC_STATE_DETACHED, 0);
		assert_pristine(&run);
		assert_int_equal(recorder_provided(run.rec), 0);
	}
	close_running(&run);
}

static void stopping_an_attached_processor_leaves_the_table_in_device_memory(void **state)
{
	struct running run = open_running((struct recorder_options){ 0 });

	(void)state;
	assert_int_equal(rproc_boot(run.rec->rproc), 0);
	recorder_forget(run.rec);
	assert_int_equal(rproc_shutdown(run.rec->rproc), 0);
	recorder_expect(run.rec, "vdev.stop\nb.stop\na.stop\nstop\nb.unprepare\na.unprepare\n"
				 "<6> stopped remote processor dsp\n" FREE "unprepare\n");
	recorder_expect_state(run.rec, RPROC_STATE_OFFLINE, 0);
	/* Not restored, as in the kernel: the core that read it is gone. */
	assert_memory_not_equal(run.table, run.pristine, run.size);
	close_running(&run);
}

static void attach_without_a_table_and_without_table_ops_works(void **state)
{
	static const uint32_t without[] = { 0, REC_BIT(REC_GET_LOADED) };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		const struct recorder_options options = { .detached = true, .without = without[i] };
		struct recorder *rec = recorder_new(&options);
		size_t size;
		void *table;

		assert_int_equal(rproc_boot(rec->rproc), 0);
		recorder_expectf(rec,
				 TO_PREPARE "%s"
					    "a.prepare\nb.prepare\nattach\na.start\nb.start\n"
					    "<6> remote processor dsp is now attached\n",
				 i ? "" : "get_loaded_rsc_table\n");
		assert_int_equal(rproc_get_table(rec->rproc, &table, &size), -ENOENT);
		assert_int_equal(rproc_detach(rec->rproc), 0);
		recorder_expect_state(rec, RPROC_STATE_DETACHED, 0);
		recorder_free(rec);
	}
}

/* ---- each step failing --------------------------------------------------------------------- */

struct failing {
	enum recorder_op op;
	int error;
	int result;
	const char *journal;
};

#define LOAD_TABLE_TWICE "<3> can't load resource table: -71\n<3> can't load resource table: -71\n"

static const struct failing attach_failures[] = {
	{ REC_PREPARE, -EPERM, -EPERM, TO_PREPARE "<3> can't prepare rproc dsp: -1\n" },
	{ REC_GET_LOADED, -EPROTO, -EPROTO, TO_TABLE LOAD_TABLE_TWICE "unprepare\n" },
	{ REC_HANDLE_RSC, -EXDEV, -EXDEV,
	  TO_VENDOR "<3> Failed to process resources: -18\nunprepare\n" },
	{ REC_ALLOC, -EBUSY, -ENOMEM,
	  TO_ALLOC1 "<3> [platform dsp] failed to allocate dma memory: len 0x1000\n"
		    "<3> Unable to allocate carveout shared: -12\n"
		    "<3> Failed to allocate associated carveouts: -12\nunprepare\n" },
	{ REC_A_PREPARE, -EAGAIN, -EAGAIN,
	  TO_A_PREPARE "<3> failed to prepare subdevices for dsp: -11\n" FREE "unprepare\n" },
	{ REC_B_PREPARE, -EAGAIN, -EAGAIN,
	  TO_B_PREPARE "a.unprepare\n<3> failed to prepare subdevices for dsp: -11\n" FREE
		       "unprepare\n" },
	{ REC_ATTACH, -ETIMEDOUT, -ETIMEDOUT,
	  TO_ATTACH "<3> can't attach to rproc dsp: -110\nb.unprepare\na.unprepare\n" FREE
		    "unprepare\n" },
};

static void attach_unwinds_from_the_failure_of_each_step(void **state)
{
	struct running run = open_running((struct recorder_options){ 0 });
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(attach_failures) / sizeof(attach_failures[0]); i++) {
		const struct failing *failing = &attach_failures[i];

		print_message("         %s\n", recorder_op_name(failing->op));
		recorder_fail(run.rec, failing->op, failing->error);
		assert_int_equal(rproc_boot(run.rec->rproc), failing->result);
		recorder_expect(run.rec, failing->journal);
		recorder_expect_state(run.rec, RPROC_STATE_DETACHED, 0);
		recorder_expect_story(run.rec, strerrorname_np(-failing->result));
		assert_int_equal(recorder_provided(run.rec), 0);
		/* The core goes on with the table that it had. */
		assert_pristine(&run);
		recorder_fail(run.rec, failing->op, 0);
		assert_int_equal(rproc_boot(run.rec->rproc), 0);
		recorder_expect(run.rec, ATTACHED);
		assert_int_equal(rproc_detach(run.rec->rproc), 0);
		recorder_expect(run.rec, DETACHED);
	}
	close_running(&run);
}

static const char no_subdevice_starts[] =
	TO_B_START "a.stop crashed\n<3> failed to probe subdevices for dsp: -25\nstop\n"
		   "b.unprepare\na.unprepare\n" FREE "unprepare\n";

/* Nothing runs any more that could be attached to: the next start has to boot it. */
static void a_subdevice_that_fails_leaves_the_stopped_core_offline(void **state)
{
	struct running run = open_running((struct recorder_options){ 0 });
	struct fixture_image image = core_image_full();

	(void)state;
	recorder_fail(run.rec, REC_B_START, -ENOTTY);
	assert_int_equal(rproc_boot(run.rec->rproc), -ENOTTY);
	recorder_expect(run.rec, no_subdevice_starts);
	recorder_expect_state(run.rec, RPROC_STATE_OFFLINE, 0);
	recorder_expect_story(run.rec, "ENOTTY");
	assert_int_equal(recorder_provided(run.rec), 0);
	assert_pristine(&run);
	recorder_fail(run.rec, REC_B_START, 0);
	recorder_use_image(run.rec, &image);
	assert_int_equal(rproc_boot(run.rec->rproc), 0);
	recorder_expect_state(run.rec, RPROC_STATE_RUNNING, 1);
	close_running(&run);
}

static void a_subdevice_that_fails_leaves_a_core_that_does_not_stop_detached(void **state)
{
	struct running run = open_running((struct recorder_options){ 0 });

	(void)state;
	recorder_fail(run.rec, REC_B_START, -ENOTTY);
	recorder_fail(run.rec, REC_STOP, -EIO);
	assert_int_equal(rproc_boot(run.rec->rproc), -ENOTTY);
	recorder_expect(run.rec, no_subdevice_starts);
	recorder_expect_state(run.rec, RPROC_STATE_DETACHED, 0);
	assert_pristine(&run);
	recorder_fail(run.rec, REC_B_START, 0);
	assert_int_equal(rproc_boot(run.rec->rproc), 0);
	recorder_expect(run.rec, ATTACHED);
	close_running(&run);
}

/* A copy of the table in memory that goes when its carveout is released. */
static int unmap_table(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	(void)rproc;
	free(rproc_mem_va(mem));
	return 0;
}

static void map_table(struct recorder *rec)
{
	size_t len;
	uint8_t *table = fixture_table_finish(core_table_full(), &len);
	struct rproc_mem_entry *mem = rproc_mem_entry_init(rec->device, table, 0, len, 0x20000000,
							   NULL, unmap_table, "core");

	assert_non_null(mem);
	rproc_add_carveout(rec->rproc, mem);
	rec->running_table = (struct rproc_resource_table *)table;
	rec->running_table_size = len;
}

/* A sanitizer sees the write. */
static void a_failed_attach_writes_nothing_to_memory_that_it_released(void **state)
{
	const struct recorder_options options = { .detached = true };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	rec->prepare = map_table;
	recorder_fail(rec, REC_ATTACH, -EIO);
	assert_int_equal(rproc_boot(rec->rproc), -EIO);
	recorder_fail(rec, REC_ATTACH, 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_ATTACHED, 1);
	assert_int_equal(rproc_detach(rec->rproc), 0);
	recorder_free(rec);
}

static void a_detach_op_that_fails_leaves_it_attached_and_can_be_tried_again(void **state)
{
	struct running run = open_running((struct recorder_options){ 0 });

	(void)state;
	assert_int_equal(rproc_boot(run.rec->rproc), 0);
	recorder_forget(run.rec);
	recorder_fail(run.rec, REC_DETACH, -EIO);
	assert_int_equal(rproc_detach(run.rec->rproc), -EIO);
	recorder_expect(run.rec,
			"vdev.stop\nb.stop\na.stop\ndetach\n<3> can't detach from rproc: -5\n");
	recorder_expect_state(run.rec, RPROC_STATE_ATTACHED, 1);
	recorder_fail(run.rec, REC_DETACH, 0);
	assert_int_equal(rproc_detach(run.rec->rproc), 0);
	recorder_expect(run.rec, "detach\nb.unprepare\na.unprepare\n"
				 "<6> detached remote processor dsp\n" FREE "unprepare\n");
	recorder_expect_state(run.rec, RPROC_STATE_DETACHED, 0);
	assert_pristine(&run);
	assert_int_equal(rproc_boot(run.rec->rproc), 0);
	recorder_expect(run.rec, ATTACHED);
	close_running(&run);
}

static void a_detach_after_a_stop_that_failed_leaves_the_table_as_it_was_found(void **state)
{
	struct running run = open_running((struct recorder_options){ 0 });

	(void)state;
	assert_int_equal(rproc_boot(run.rec->rproc), 0);
	recorder_fail(run.rec, REC_STOP, -EIO);
	assert_int_equal(rproc_shutdown(run.rec->rproc), -EIO);
	recorder_expect_state(run.rec, RPROC_STATE_ATTACHED, 1);
	assert_memory_not_equal(run.table, run.pristine, run.size);
	assert_int_equal(rproc_detach(run.rec->rproc), 0);
	recorder_expect_state(run.rec, RPROC_STATE_DETACHED, 0);
	assert_pristine(&run);
	recorder_forget(run.rec);
	assert_int_equal(rproc_boot(run.rec->rproc), 0);
	recorder_expect(run.rec, ATTACHED);
	recorder_fail(run.rec, REC_STOP, 0);
	close_running(&run);
}

static void a_driver_that_cannot_detach_answers_einval_before_anything_stops(void **state)
{
	const struct recorder_options options = { .without = REC_BIT(REC_DETACH) };
	struct running run = open_running(options);

	(void)state;
	assert_int_equal(rproc_boot(run.rec->rproc), 0);
	recorder_forget(run.rec);
	assert_int_equal(rproc_detach(run.rec->rproc), -EINVAL);
	recorder_expect(run.rec, "");
	recorder_expect_story(run.rec, "cannot detach it");
	recorder_expect_state(run.rec, RPROC_STATE_ATTACHED, 1);
	close_running(&run);
}

/* ---- what the running core says of itself is not believed ---------------------------------- */

static void attach_refuses_tables_of_impossible_sizes(void **state)
{
	static const size_t sizes[] = { 1, 15, (64u << 10) + 1, SIZE_MAX };
	struct running run = open_running((struct recorder_options){ 0 });
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		run.rec->running_table_size = sizes[i];
		assert_int_equal(rproc_boot(run.rec->rproc), -EINVAL);
		recorder_expect(run.rec, TO_TABLE "unprepare\n");
		recorder_expect_story(run.rec, "16 to 65536 are possible");
		recorder_expect_state(run.rec, RPROC_STATE_DETACHED, 0);
	}
	assert_pristine(&run);
	close_running(&run);
}

static void attach_survives_every_table_cut_short(void **state)
{
	struct running run = open_running((struct recorder_options){ 0 });
	size_t size;

	(void)state;
	for (size = 16; size < run.size; size++) {
		/* A block of exactly that size: whoever reads past its end is seen. */
		uint8_t *cut = malloc(size);
		int ret;

		assert_non_null(cut);
		memcpy(cut, run.pristine, size);
		run.rec->running_table = (struct rproc_resource_table *)cut;
		run.rec->running_table_size = size;
		ret = rproc_boot(run.rec->rproc);
		assert_int_equal(ret, -EINVAL);
		recorder_expect_state(run.rec, RPROC_STATE_DETACHED, 0);
		assert_memory_equal(cut, run.pristine, size);
		assert_int_equal(recorder_provided(run.rec), 0);
		free(cut);
	}
	recorder_forget(run.rec);
	close_running(&run);
}

static void attach_survives_a_table_that_counts_more_entries_than_it_has(void **state)
{
	struct running run = open_running((struct recorder_options){ 0 });

	(void)state;
	memset(run.table + 4, 0xff, 4);
	assert_int_equal(rproc_boot(run.rec->rproc), -EINVAL);
	recorder_expect_line(run.rec, "<3> rsc table is truncated");
	recorder_expect_state(run.rec, RPROC_STATE_DETACHED, 0);
	close_running(&run);
}

/* The core rewrites its table while the host looks at it: num, offsets, lengths. */
static int spoil_table(struct recorder *rec, enum recorder_op op)
{
	if (op == REC_HANDLE_RSC || op == REC_ALLOC || op == REC_VDEV_START)
		memset(rec->running_table, 0xff, rec->running_table_size);
	return 0;
}

static void attach_reads_the_running_table_once(void **state)
{
	struct running run = open_running((struct recorder_options){ 0 });
	uint8_t config[4];

	(void)state;
	run.rec->hook = spoil_table;
	assert_int_equal(rproc_boot(run.rec->rproc), 0);
	recorder_expect(run.rec, ATTACHED);
	assert_int_equal(rproc_vdev_num_vrings(run.rec->vdev), 2);
	assert_int_equal(rproc_vdev_get_config(run.rec->vdev, 0, config, 4), 0);
	assert_int_equal(rproc_vdev_get_config(run.rec->vdev, 1, config, 4), -EINVAL);
	assert_int_equal(rproc_detach(run.rec->rproc), 0);
	/* What the core scribbled over its table is undone with our own writes. */
	assert_pristine(&run);
	close_running(&run);
}

/* ---- detach of what this program started ---------------------------------------------------- */

/* Booted by us, and its driver may leave it running. */
static struct recorder *start_ours(void)
{
	const struct recorder_options options = { .detach_running = true };
	struct fixture_image image = core_image_full();
	struct recorder *rec = recorder_new(&options);

	recorder_claim_vdevs(rec, 7);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	return rec;
}

static void a_processor_that_we_started_can_be_left_if_its_driver_says_so(void **state)
{
	size_t size;
	uint8_t *fresh = fixture_table_finish(core_table_full(), &size);
	struct recorder *rec = start_ours();

	(void)state;
	assert_memory_not_equal(rec->ram + 0x1000, fresh, size);
	recorder_forget(rec);
	assert_int_equal(rproc_detach(rec->rproc), 0);
	recorder_expect(rec, DETACHED);
	recorder_expect_state(rec, RPROC_STATE_DETACHED, 0);
	assert_memory_equal(rec->ram + 0x1000, fresh, size);
	/* Whoever comes next finds a core that runs, and its table. */
	rec->running_table = (struct rproc_resource_table *)(rec->ram + 0x1000);
	rec->running_table_size = size;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect(rec, ATTACHED);
	recorder_free(rec);
	free(fresh);
}

static void a_detach_of_what_we_started_restores_the_table_after_a_failed_stop(void **state)
{
	size_t size;
	uint8_t *fresh = fixture_table_finish(core_table_full(), &size);
	struct recorder *rec = start_ours();

	(void)state;
	recorder_fail(rec, REC_STOP, -EIO);
	assert_int_equal(rproc_shutdown(rec->rproc), -EIO);
	assert_memory_not_equal(rec->ram + 0x1000, fresh, size);
	assert_int_equal(rproc_detach(rec->rproc), 0);
	assert_memory_equal(rec->ram + 0x1000, fresh, size);
	recorder_free(rec);
	free(fresh);
}

static void a_failed_detach_of_what_we_started_can_be_tried_again(void **state)
{
	size_t size;
	uint8_t *fresh = fixture_table_finish(core_table_full(), &size);
	struct recorder *rec = start_ours();

	(void)state;
	recorder_fail(rec, REC_DETACH, -EIO);
	assert_int_equal(rproc_detach(rec->rproc), -EIO);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_fail(rec, REC_DETACH, 0);
	assert_int_equal(rproc_detach(rec->rproc), 0);
	assert_memory_equal(rec->ram + 0x1000, fresh, size);
	recorder_free(rec);
	free(fresh);
}

/* Attached to, crashed, booted again: what is left to itself then is our own image. */
static void what_we_recovered_can_be_left_although_we_had_only_attached_to_it(void **state)
{
	struct fixture_image image = core_image_full();
	char *dir = scratch_new();
	const struct recorder_options options = { .detached = true,
						  .detach_running = true,
						  .firmware_dirs = dir,
						  .firmware = "fw.elf" };
	struct recorder *rec = recorder_new(&options);
	size_t size;
	uint8_t *fresh = fixture_table_finish(core_table_full(), &size);

	(void)state;
	scratch_write(dir, "fw.elf", image.data, image.size);
	recorder_claim_vdevs(rec, 7);
	memcpy(rec->ram + 0x1000, fresh, size);
	rec->running_table = (struct rproc_resource_table *)(rec->ram + 0x1000);
	rec->running_table_size = size;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	assert_memory_not_equal(rec->ram + 0x1000, fresh, size);
	recorder_forget(rec);
	assert_int_equal(rproc_detach(rec->rproc), 0);
	recorder_expect(rec, DETACHED);
	assert_memory_equal(rec->ram + 0x1000, fresh, size);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect(rec, ATTACHED);
	recorder_free(rec);
	free(fresh);
	fixture_image_free(&image);
	scratch_free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attach_refuses_tables_of_impossible_sizes),
		cmocka_unit_test(attach_survives_every_table_cut_short),
		cmocka_unit_test(attach_survives_a_table_that_counts_more_entries_than_it_has),
		cmocka_unit_test(attach_reads_the_running_table_once),
		cmocka_unit_test(attach_unwinds_from_the_failure_of_each_step),
		cmocka_unit_test(a_subdevice_that_fails_leaves_the_stopped_core_offline),
		cmocka_unit_test(
			a_subdevice_that_fails_leaves_a_core_that_does_not_stop_detached),
		cmocka_unit_test(a_failed_attach_writes_nothing_to_memory_that_it_released),
		cmocka_unit_test(a_detach_op_that_fails_leaves_it_attached_and_can_be_tried_again),
		cmocka_unit_test(
			a_detach_after_a_stop_that_failed_leaves_the_table_as_it_was_found),
		cmocka_unit_test(a_driver_that_cannot_detach_answers_einval_before_anything_stops),
		cmocka_unit_test(attach_and_detach_follow_the_kernels_order),
		cmocka_unit_test(stopping_an_attached_processor_leaves_the_table_in_device_memory),
		cmocka_unit_test(attach_without_a_table_and_without_table_ops_works),
		cmocka_unit_test(a_processor_that_we_started_can_be_left_if_its_driver_says_so),
		cmocka_unit_test(
			a_detach_of_what_we_started_restores_the_table_after_a_failed_stop),
		cmocka_unit_test(a_failed_detach_of_what_we_started_can_be_tried_again),
		cmocka_unit_test(
			what_we_recovered_can_be_left_although_we_had_only_attached_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
