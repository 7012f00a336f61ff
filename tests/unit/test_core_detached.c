/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Crashes of cores that somebody else started: of one that is attached to and starts
 * itself again, and of one that nobody has booted or prepared when it crashes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"
#include "core_images.h"
#include "recorder.h"

#define CRASHED                                                                    \
	"<3> crash detected in dsp: type watchdog\n<3> handling crash #1 in dsp\n" \
	"<3> recovering dsp\n"
#define ATTACHED                                                \
	"<6> attaching to dsp\nprepare\nget_loaded_rsc_table\n" \
	"a.prepare\nb.prepare\nattach\na.start\nb.start\n"      \
	"<6> remote processor dsp is now attached\n"
/* What nobody has prepared: no subdevices, but the driver has to reach it. */
#define STOPPED_DETACHED "prepare\nstop\n<6> stopped remote processor dsp\n"

static void attach(struct recorder *rec)
{
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_ATTACHED, 1);
	recorder_forget(rec);
}

/* ---- attach on recovery -------------------------------------------------------------------- */

static void attach_on_recovery_detaches_and_attaches_in_full(void **state)
{
	const struct recorder_options options = { .detached = true, .attach_on_recovery = true };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	attach(rec);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect(rec, CRASHED "b.stop\na.stop\ndetach\nb.unprepare\na.unprepare\n"
				     "<6> detached remote processor dsp\nunprepare\n" ATTACHED);
	recorder_expect_state(rec, RPROC_STATE_ATTACHED, 1);
	assert_int_equal(rproc_detach(rec->rproc), 0);
	recorder_free(rec);
}

static void a_failed_attach_on_recovery_leaves_a_processor_that_attaches(void **state)
{
	const struct recorder_options options = { .detached = true, .attach_on_recovery = true };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	attach(rec);
	recorder_fail(rec, REC_ATTACH, -EIO);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_DETACHED, 0);
	recorder_fail(rec, REC_ATTACH, 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_ATTACHED, 1);
	recorder_fail(rec, REC_DETACH, -EIO);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_CRASHED, 1);
	recorder_fail(rec, REC_DETACH, 0);
	assert_int_equal(rproc_trigger_recovery(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_ATTACHED, 1);
	recorder_free(rec);
}

static struct rproc_counters counters_of(struct recorder *rec)
{
	struct rproc_counters counters;

	rproc_counters(rec->rproc, &counters);
	return counters;
}

static int crash_while_left(struct recorder *rec, enum recorder_op op)
{
	if (op == REC_UNPREPARE && counters_of(rec).crash_reports == 1)
		recorder_queue_crash(rec, RPROC_CRASH_WATCHDOG);
	return 0;
}

/* It is attached to anew after that, whatever was reported of it until then. */
static void a_crash_reported_before_it_is_attached_to_again_is_the_same(void **state)
{
	const struct recorder_options options = { .detached = true, .attach_on_recovery = true };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	attach(rec);
	rec->hook = crash_while_left;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_settle(rec);
	assert_int_equal(counters_of(rec).crash_reports, 2);
	assert_int_equal(counters_of(rec).crashes, 1);
	assert_int_equal(counters_of(rec).recoveries, 1);
	recorder_expect_state(rec, RPROC_STATE_ATTACHED, 1);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(counters_of(rec).recoveries, 2);
	recorder_free(rec);
}

static void attach_on_recovery_reaches_a_core_that_was_left_to_itself(void **state)
{
	const struct recorder_options options = { .detached = true, .attach_on_recovery = true };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	/* No op but prepare meets a driver that is not prepared. */
	recorder_expect(rec, CRASHED "prepare\ndetach\n<6> detached remote processor dsp\n"
				     "unprepare\n" ATTACHED);
	recorder_expect_state(rec, RPROC_STATE_ATTACHED, 1);
	recorder_free(rec);
}

/* ---- crashes of what nobody booted --------------------------------------------------------- */

/* Memory that is there without prepare, which nobody has called yet. */
static void *always_there(struct rproc *rproc, uint64_t da, size_t len, bool *ret_is_iomem)
{
	struct recorder *rec = *(struct recorder **)rproc_priv(rproc);

	(void)ret_is_iomem;
	if (da < RECORDER_RAM || len > RECORDER_RAM_LEN ||
	    da - RECORDER_RAM > RECORDER_RAM_LEN - len)
		return NULL;
	return rec->ram + (da - RECORDER_RAM);
}

/* In the kernel its count stays 0, and the first stop makes that -1 and stops nothing. */
static void a_detached_processor_that_crashes_is_counted_once_it_recovered(void **state)
{
	struct fixture_image image = core_image_plain();
	char *dir = scratch_new();
	const struct recorder_options options = { .detached = true,
						  .firmware_dirs = dir,
						  .firmware = "fw.elf",
						  .da_to_va = always_there };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	scratch_write(dir, "fw.elf", image.data, image.size);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	/* Nothing had been acquired for it that could be used again. */
	recorder_expect(rec, CRASHED STOPPED_DETACHED
			"coredump\nunprepare\nsanity_check\n"
			"<6> Booting fw image fw.elf, size 2608\n"
			"prepare\nget_boot_addr\nparse_fw\nload\nfind_loaded_rsc_table\n"
			"a.prepare\nb.prepare\nstart\na.start\nb.start\n"
			"<6> remote processor dsp is now up\n");
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_free(rec);
	fixture_image_free(&image);
	scratch_free(dir);
}

/* What ran may have been any image: its table asks for nothing that the next one has. */
static void an_attached_processor_that_crashes_boots_with_its_own_table(void **state)
{
	struct fixture_image image = core_image_plain();
	char *dir = scratch_new();
	const struct recorder_options options = { .detached = true,
						  .firmware_dirs = dir,
						  .firmware = "fw.elf",
						  .da_to_va = always_there };
	struct recorder *rec = recorder_new(&options);
	size_t size, own;
	uint8_t *table = fixture_table_finish(core_table_full(), &size);
	void *copy;

	(void)state;
	scratch_write(dir, "fw.elf", image.data, image.size);
	recorder_claim_vdevs(rec, 7);
	memcpy(rec->ram + 0x100, table, size);
	free(table);
	rec->running_table = (struct rproc_resource_table *)(rec->ram + 0x100);
	rec->running_table_size = size;
	attach(rec);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect(rec, CRASHED "vdev.stop crashed\nb.stop crashed\na.stop "
				     "crashed\nstop\nb.unprepare\na.unprepare\n"
				     "<6> stopped remote processor dsp\ncoredump\nfree "
				     "0x1000\nfree 0x2000\nfree 0x3000\nunprepare\n"
				     "sanity_check\n<6> Booting fw image fw.elf, size 2608\n"
				     "prepare\nget_boot_addr\nparse_fw\nload\n"
				     "find_loaded_rsc_table\na.prepare\nb.prepare\nstart\n"
				     "a.start\nb.start\n<6> remote processor dsp is now up\n");
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	assert_int_equal(rproc_get_table(rec->rproc, &copy, &own), 0);
	free(copy);
	assert_true(own < size);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_free(rec);
	fixture_image_free(&image);
	scratch_free(dir);
}

static void an_attached_processor_without_a_table_boots_with_its_own(void **state)
{
	struct fixture_image image = core_image_full();
	char *dir = scratch_new();
	const struct recorder_options options = { .detached = true,
						  .firmware_dirs = dir,
						  .firmware = "fw.elf" };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	scratch_write(dir, "fw.elf", image.data, image.size);
	recorder_claim_vdevs(rec, 7);
	attach(rec);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_state(rec->rproc), RPROC_STATE_RUNNING);
	assert_int_equal(recorder_calls(rec, REC_VDEV_START), 1);
	/* What was loaded here is recovered as such. */
	recorder_forget(rec);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_no_line(rec, "prepare");
	assert_int_equal(recorder_calls(rec, REC_VDEV_START), 2);
	recorder_free(rec);
	fixture_image_free(&image);
	scratch_free(dir);
}

static void a_detached_processor_that_crashes_without_a_firmware_is_offline(void **state)
{
	const struct recorder_options options = { .detached = true };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_line(rec, "<3> request_firmware failed: -2");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void a_detached_processor_that_crashed_can_be_stopped(void **state)
{
	const struct recorder_options options = { .detached = true };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	rproc_set_recovery(rec->rproc, false);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_CRASHED, 0);
	recorder_forget(rec);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect(rec, STOPPED_DETACHED "unprepare\n");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void a_detached_processor_that_crashed_is_stopped_before_it_boots(void **state)
{
	const struct recorder_options options = { .detached = true };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	rproc_set_recovery(rec->rproc, false);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_forget(rec);
	/* Without a firmware, which can be changed now: it is offline. */
	assert_int_equal(rproc_boot(rec->rproc), -ENOENT);
	recorder_expect(rec, "prepare\nstop\nunprepare\n<6> powering up dsp\n"
			     "<4> Direct firmware load for rproc-dsp-fw failed with error -2\n"
			     "<3> request_firmware failed: -2\n");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void a_detached_processor_that_crashed_and_cannot_be_reached_is_tried_again(void **state)
{
	static const enum recorder_op fails[] = { REC_PREPARE, REC_STOP };
	const struct recorder_options options = { .detached = true };
	struct fixture_image image = core_image_plain();
	struct recorder *rec;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		rec = recorder_new(&options);
		rec->fail[fails[i]] = -EAGAIN;
		recorder_crash(rec, RPROC_CRASH_WATCHDOG);
		recorder_expect_state(rec, RPROC_STATE_CRASHED, 0);
		assert_int_equal(rproc_boot(rec->rproc), -EAGAIN);
		assert_int_equal(rproc_shutdown(rec->rproc), -EAGAIN);
		recorder_expect_state(rec, RPROC_STATE_CRASHED, 0);
		rec->fail[fails[i]] = 0;
		assert_int_equal(
			rproc_set_firmware_buffer(rec->rproc, "fw.elf", image.data, image.size),
			-EBUSY);
		assert_int_equal(rproc_trigger_recovery(rec->rproc), -ENOENT);
		recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
		recorder_free(rec);
	}
	fixture_image_free(&image);
}

/* A memory that is only there while it is mapped, for a dump. */
static struct {
	unsigned int mapped, unmapped;
	int result;
} memory;

static int map_memory(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	struct recorder *rec = *(struct recorder **)rproc_priv(rproc);

	/* Not yet, or it could be taken for one to be filled. */
	assert_int_equal(rproc_state(rproc), RPROC_STATE_CRASHED);
	memory.mapped++;
	if (!memory.result)
		rproc_mem_set(mem, rec->ram, RECORDER_RAM, false);
	return memory.result;
}

static int unmap_memory(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	(void)rproc;
	(void)mem;
	memory.unmapped++;
	return 0;
}

static void register_memory(struct recorder *rec)
{
	rproc_add_carveout(rec->rproc,
			   rproc_mem_entry_init(rec->device, NULL, RECORDER_RAM, 16, RECORDER_RAM,
						map_memory, unmap_memory, "memory"));
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, RECORDER_RAM, 16), 0);
}

static struct recorder *open_dumped(void)
{
	const struct recorder_options options = { .detached = true, .no_ram = true };
	struct recorder *rec = recorder_new(&options);

	memset(&memory, 0, sizeof(memory));
	memcpy(rec->ram, "what it ran with", 16);
	rec->prepare = register_memory;
	assert_int_equal(rproc_coredump_set_elf_info(rec->rproc, 1, 40), 0);
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, RPROC_COREDUMP_ENABLED), 0);
	return rec;
}

/* The last bytes of its dump. */
static void expect_dumped(struct recorder *rec, const char *bytes)
{
	struct rproc_coredump_info info;
	char buf[16];

	assert_int_equal(rproc_coredump_next(rec->context, 0, &info), 0);
	assert_int_equal(rproc_coredump_read(rec->context, info.number, buf, 16, info.size - 16),
			 16);
	assert_memory_equal(buf, bytes, 16);
}

/* Also where the stop has to be tried twice. */
static void a_detached_processor_that_crashed_is_dumped_with_its_memories(void **state)
{
	struct recorder *rec = open_dumped();

	(void)state;
	recorder_fail(rec, REC_STOP, -EAGAIN);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_CRASHED, 0);
	recorder_fail(rec, REC_STOP, 0);
	assert_int_equal(rproc_trigger_recovery(rec->rproc), -ENOENT);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	assert_int_equal(memory.mapped, 1);
	assert_int_equal(memory.unmapped, 1);
	expect_dumped(rec, "what it ran with");
	recorder_free(rec);
}

static void a_memory_that_cannot_be_had_keeps_nobody_from_a_stop(void **state)
{
	struct recorder *rec = open_dumped();

	(void)state;
	memory.result = -EPERM;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_line(rec, "<3> Unable to allocate carveout memory: -1");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	assert_int_equal(memory.unmapped, 0);
	expect_dumped(rec, "\xff\xff\xff\xff\xff\xff\xff\xff"
			   "\xff\xff\xff\xff\xff\xff\xff\xff");
	/* The one of what came after it. */
	recorder_expect_story(rec, "rproc-dsp-fw");
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_attach_on_recovery_leaves_a_processor_that_attaches),
		cmocka_unit_test(attach_on_recovery_detaches_and_attaches_in_full),
		cmocka_unit_test(a_crash_reported_before_it_is_attached_to_again_is_the_same),
		cmocka_unit_test(attach_on_recovery_reaches_a_core_that_was_left_to_itself),
		cmocka_unit_test(a_detached_processor_that_crashes_without_a_firmware_is_offline),
		cmocka_unit_test(a_detached_processor_that_crashes_is_counted_once_it_recovered),
		cmocka_unit_test(an_attached_processor_that_crashes_boots_with_its_own_table),
		cmocka_unit_test(an_attached_processor_without_a_table_boots_with_its_own),
		cmocka_unit_test(a_detached_processor_that_crashed_can_be_stopped),
		cmocka_unit_test(a_detached_processor_that_crashed_is_stopped_before_it_boots),
		cmocka_unit_test(
			a_detached_processor_that_crashed_and_cannot_be_reached_is_tried_again),
		cmocka_unit_test(a_detached_processor_that_crashed_is_dumped_with_its_memories),
		cmocka_unit_test(a_memory_that_cannot_be_had_keeps_nobody_from_a_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
