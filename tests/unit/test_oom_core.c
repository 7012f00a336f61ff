/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that runs out: for each thing a program can ask, the first allocation
 * fails, then the second, and so on until all of it succeeds; once alone and once
 * with all that follow it. After each failure the errno makes sense, nothing is
 * left over, and the same thing without a failure works.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "core_images.h"
#include "oom_scenario.h"

#define TABLE_AT (CORE_TABLE_DA - RECORDER_RAM)

/* ---- contexts and processors --------------------------------------------------------------- */

static int act_context(struct recorder *rec)
{
	const struct rproc_context_options options = { .size = sizeof(options),
						       .firmware_dirs = "/a:/b",
						       .plugin_path = "/c",
						       .state_dir = "/d" };
	struct rproc_context *context;
	int ret = rproc_context_new(&options, &context);

	(void)rec;
	if (!ret)
		rproc_context_free(context);
	return ret;
}

static int act_default_context(struct recorder *rec)
{
	struct rproc_context *context;
	int ret = rproc_context_new(NULL, &context);

	(void)rec;
	if (!ret)
		rproc_context_free(context);
	return ret;
}

static struct recorder *setup_plain(void)
{
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(NULL);

	recorder_use_image(rec, &image);
	return rec;
}

static void check_boots(struct recorder *rec, int result)
{
	(void)result;
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
}

static const struct oom_scenario new_context = { "context_new", setup_plain, act_context,
						 check_boots };
static const struct oom_scenario default_context = { "context_new with defaults", setup_plain,
						     act_default_context, check_boots };

/* device_new, alloc, subdevices, add; and del and free of what came of it. */
static int act_add(struct recorder *rec)
{
	const struct recorder_options options = { .context = rec->context, .name = "second" };
	struct recorder *second;
	int ret = recorder_open(&options, &second);

	if (!ret)
		recorder_free(second);
	return ret;
}

static int act_auto_boot(struct recorder *rec)
{
	const struct recorder_options options = {
		.context = rec->context, .name = "second", .detached = true, .auto_boot = true
	};
	struct recorder *second;
	int ret = recorder_open(&options, &second);

	if (!ret)
		recorder_free(second);
	return ret;
}

static const struct oom_scenario adding = { "alloc, add, del", setup_plain, act_add, check_boots };
static const struct oom_scenario auto_boot = { "add with auto boot", setup_plain, act_auto_boot,
					       check_boots };

static int act_small_things(struct recorder *rec)
{
	static const struct rproc_vdev_driver driver = { .id = 42, .name = "x" };
	struct rproc_watch *watch;
	int ret = rproc_context_add_vdev_driver(rec->context, &driver, NULL);

	if (!ret)
		ret = rproc_watch_timer(rec->context, 60000, NULL, NULL, &watch);
	if (!ret)
		rproc_watch_free(watch);
	return ret;
}

static const struct oom_scenario small_things = { "vdev driver, watch", setup_plain,
						  act_small_things, check_boots };

/* ---- firmware ------------------------------------------------------------------------------ */

static struct fixture_image spare;
static int spare_fd;

static int act_set_firmware(struct recorder *rec)
{
	int ret = rproc_set_firmware(rec->rproc, "some name");

	if (!ret)
		ret = rproc_set_firmware_fd(rec->rproc, "descriptor", spare_fd);
	if (!ret)
		ret = rproc_set_firmware_buffer(rec->rproc, "buffer", spare.data, spare.size);
	return ret;
}

/* Whichever of the three was the last to succeed, there is a name, and a good one works. */
static void check_firmware(struct recorder *rec, int result)
{
	char name[16];

	assert_true(rproc_firmware_name(rec->rproc, name, sizeof(name)) > 0);
	if (!result)
		assert_string_equal(name, "buffer");
	assert_int_equal(rproc_set_firmware_buffer(rec->rproc, "good", spare.data, spare.size), 0);
	check_boots(rec, result);
}

static void set_firmware_survives_it(void **state)
{
	static const struct oom_scenario set = { "set_firmware", setup_plain, act_set_firmware,
						 check_firmware };
	char *dir = scratch_new();

	(void)state;
	spare = core_image_plain();
	spare_fd = open(scratch_write(dir, "fw.elf", spare.data, spare.size), O_RDONLY);
	oom_run(&set);
	close(spare_fd);
	fixture_image_free(&spare);
	scratch_free(dir);
}

/* ---- boot
 * ------------------------------------------------------------------------------------------------
 */

static struct recorder *setup_full(void)
{
	struct fixture_image image = core_image_full();
	struct recorder *rec = recorder_new(NULL);

	recorder_claim_vdevs(rec, 7);
	recorder_use_image(rec, &image);
	return rec;
}

/* What the firmware asked for has been done, and the remote can see it. */
static void assert_complete(struct recorder *rec)
{
	uint8_t *table = rec->ram + TABLE_AT;
	struct rproc_vdev_info *vdevs;
	struct rproc_trace_info *traces;
	size_t count;

	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	assert_int_equal(rproc_bootaddr(rec->rproc), RECORDER_RAM);
	assert_int_equal(core_word(core_table_payload(table, 0), 8), 0x1000);
	assert_int_not_equal(core_word(core_table_payload(table, 0), 0), FIXTURE_ANY);
	assert_int_equal(core_word(core_table_payload(table, 3), 44 + 12), 1);
	assert_int_equal(recorder_provided(rec), 3);
	assert_int_equal(rproc_get_vdevs(rec->rproc, &vdevs, &count), 0);
	assert_int_equal(count, 1);
	assert_false(vdevs[0].failed);
	free(vdevs);
	assert_int_equal(rproc_get_traces(rec->rproc, &traces, &count), 0);
	assert_int_equal(count, 1);
	assert_true(traces[0].available);
	free(traces);
}

static int act_boot(struct recorder *rec)
{
	return rproc_boot(rec->rproc);
}

/*
 * A vdev that memory was too short for fails alone, as in the kernel: the boot goes on, and
 * the log says so.
 */
static bool vdev_failed(struct recorder *rec)
{
	struct rproc_vdev_info *vdevs;
	size_t count;
	bool failed;

	assert_int_equal(rproc_get_vdevs(rec->rproc, &vdevs, &count), 0);
	assert_int_equal(count, 1);
	failed = vdevs[0].failed;
	free(vdevs);
	if (failed)
		recorder_expect_line(rec, "<3> [rproc-virtio rproc-virtio.0.auto] probe with "
					  "driver rproc-virtio failed with error -12");
	return failed;
}

static void check_boot(struct recorder *rec, int result)
{
	if (!result && vdev_failed(rec)) {
		recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
		assert_int_equal(rproc_boot(rec->rproc), 0);
	}
	if (result) {
		recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
		assert_int_equal(recorder_provided(rec), 0);
		assert_true(rproc_last_error(rec->rproc, NULL, 0) > 0 || result == -EAGAIN);
		assert_int_equal(rproc_boot(rec->rproc), 0);
	}
	assert_complete(rec);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	assert_int_equal(recorder_provided(rec), 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_complete(rec);
}

static char *boot_dir;

static struct recorder *setup_from_file(void)
{
	const struct recorder_options options = { .firmware_dirs = boot_dir, .firmware = "fw.elf" };
	struct recorder *rec = recorder_new(&options);

	recorder_claim_vdevs(rec, 7);
	return rec;
}

static void a_boot_survives_it(void **state)
{
	static const struct oom_scenario buffer = { "boot", setup_full, act_boot, check_boot };
	static const struct oom_scenario file = { "boot from a file", setup_from_file, act_boot,
						  check_boot };
	struct fixture_image image = core_image_full();

	(void)state;
	oom_run(&buffer);
	boot_dir = scratch_new();
	scratch_write(boot_dir, "fw.elf", image.data, image.size);
	oom_run(&file);
	scratch_free(boot_dir);
	fixture_image_free(&image);
}

/* ---- stop, crash, recovery ----------------------------------------------------------------- */

static struct recorder *setup_running(void)
{
	struct recorder *rec = setup_full();

	assert_int_equal(rproc_boot(rec->rproc), 0);
	return rec;
}

static int act_stop(struct recorder *rec)
{
	return rproc_shutdown(rec->rproc);
}

static void check_stop(struct recorder *rec, int result)
{
	if (result) {
		recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
	}
	assert_int_equal(recorder_provided(rec), 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_complete(rec);
}

static int act_del(struct recorder *rec)
{
	return rproc_del(rec->rproc);
}

static void check_del(struct recorder *rec, int result)
{
	assert_int_equal(result, 0);
	assert_int_equal(rproc_state(rec->rproc), RPROC_STATE_OFFLINE);
	assert_int_equal(recorder_calls(rec, REC_STOP), 1);
	assert_int_equal(recorder_provided(rec), 0);
}

static const struct oom_scenario stopping = { "shutdown", setup_running, act_stop, check_stop };
static const struct oom_scenario removal = { "del", setup_running, act_del, check_del };

static void add_segment(struct recorder *rec)
{
	rproc_coredump_add_segment(rec->rproc, RECORDER_RAM, 0x1000);
}

static struct recorder *setup_dumping(void)
{
	struct recorder *rec = setup_full();

	rec->prepare = add_segment;
	assert_int_equal(rproc_coredump_set_elf_info(rec->rproc, ELFCLASS32, EM_ARM), 0);
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, RPROC_COREDUMP_ENABLED), 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	return rec;
}

/*
 * A crash is not forgotten because memory is short: it is handled, if need be later.
 * (With no memory at all there is no thread to handle it, so that is not waited for.)
 */
static int act_crash(struct recorder *rec)
{
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	recorder_queue_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_settle(rec);
	return 0;
}

static void check_crash(struct recorder *rec, int result)
{
	struct rproc_coredump_info info;
	struct rproc_counters counters;

	(void)result;
	recorder_wait_state(rec, RPROC_STATE_CRASHED);
	recorder_settle(rec);
	rproc_counters(rec->rproc, &counters);
	assert_true(counters.recoveries + counters.failed_recoveries >= 1);
	if (rproc_state(rec->rproc) == RPROC_STATE_OFFLINE)
		assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_complete(rec);
	while (!rproc_coredump_next(rec->context, 0, &info))
		assert_int_equal(rproc_coredump_release(rec->context, info.number), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_complete(rec);
	assert_int_equal(rproc_coredump_next(rec->context, 0, &info), 0);
	assert_int_equal(rproc_coredump_release(rec->context, info.number), 0);
}

static const struct oom_scenario crash_and_dump = { "crash and recovery", setup_dumping, act_crash,
						    check_crash };

/* ---- attach and detach --------------------------------------------------------------------- */

static struct recorder *setup_detached(void)
{
	const struct recorder_options options = { .detached = true };
	struct recorder *rec = recorder_new(&options);
	size_t size;
	uint8_t *table = fixture_table_finish(core_table_full(), &size);

	recorder_claim_vdevs(rec, 7);
	memcpy(rec->ram + TABLE_AT, table, size);
	free(table);
	rec->running_table = (struct rproc_resource_table *)(rec->ram + TABLE_AT);
	rec->running_table_size = size;
	return rec;
}

static int act_attach(struct recorder *rec)
{
	int ret = rproc_boot(rec->rproc);

	return ret ? ret : rproc_detach(rec->rproc);
}

static void check_attach(struct recorder *rec, int result)
{
	uint8_t *vdev = core_table_payload(rec->ram + TABLE_AT, 3);
	struct fixture_image image;

	/* Without memory for what hangs on it the core was stopped: there is nothing to attach to. */
	if (rproc_state(rec->rproc) == RPROC_STATE_OFFLINE) {
		assert_int_equal(result, -ENOMEM);
		assert_int_equal(recorder_calls(rec, REC_STOP), 1);
		recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
		assert_int_equal(recorder_provided(rec), 0);
		image = core_image_full();
		recorder_use_image(rec, &image);
		assert_int_equal(rproc_boot(rec->rproc), 0);
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
		return;
	}
	if (rproc_state(rec->rproc) == RPROC_STATE_ATTACHED)
		assert_int_equal(rproc_detach(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_DETACHED, 0);
	assert_int_equal(recorder_provided(rec), 0);
	/* The core has its own table back. */
	assert_int_equal(core_word(vdev, 44 + 12), 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(core_word(vdev, 44 + 12), 1);
	assert_int_equal(rproc_detach(rec->rproc), 0);
	assert_int_equal(core_word(vdev, 44 + 12), 0);
}

static int act_attach_and_stop(struct recorder *rec)
{
	int ret = rproc_boot(rec->rproc);

	return ret ? ret : rproc_shutdown(rec->rproc);
}

static void check_attach_and_stop(struct recorder *rec, int result)
{
	(void)result;
	/* A stop that had no memory for the table is tried again, and so is an attach. */
	if (rproc_state(rec->rproc) == RPROC_STATE_DETACHED)
		assert_int_equal(rproc_boot(rec->rproc), 0);
	if (rproc_state(rec->rproc) == RPROC_STATE_ATTACHED)
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
}

static const struct oom_scenario attach_and_detach = { "attach and detach", setup_detached,
						       act_attach, check_attach };
static const struct oom_scenario attach_and_stop = { "attach and stop", setup_detached,
						     act_attach_and_stop, check_attach_and_stop };

/* ---- requests and snapshots ---------------------------------------------------------------- */

static void note_done(struct rproc *rproc, int result, void *data)
{
	(void)rproc;
	(void)result;
	++*(int *)data;
}

static int act_request(struct recorder *rec)
{
	int64_t id;

	rec->handle_rsc_result = 0; /* counts callbacks here */
	id = rproc_request(rec->rproc, RPROC_REQUEST_SHUTDOWN, NULL, note_done,
			   &rec->handle_rsc_result);
	recorder_settle(rec);
	return id < 0 ? (int)id : 0;
}

static void check_request(struct recorder *rec, int result)
{
	recorder_settle(rec);
	assert_int_equal(rec->handle_rsc_result, result ? 0 : 1);
	rec->handle_rsc_result = 0;
	assert_int_equal(rproc_state(rec->rproc),
			 result ? RPROC_STATE_RUNNING : RPROC_STATE_OFFLINE);
}

static int act_snapshots(struct recorder *rec)
{
	struct rproc_carveout_info *carveouts = NULL;
	struct rproc_trace_info *traces = NULL;
	struct rproc_vdev_info *vdevs = NULL;
	void *table = NULL;
	size_t count;
	int ret = rproc_get_table(rec->rproc, &table, &count);

	if (!ret)
		ret = rproc_get_carveouts(rec->rproc, &carveouts, &count);
	if (!ret)
		ret = rproc_get_traces(rec->rproc, &traces, &count);
	if (!ret)
		ret = rproc_get_vdevs(rec->rproc, &vdevs, &count);
	free(table);
	free(carveouts);
	free(traces);
	free(vdevs);
	return ret;
}

static void check_running(struct recorder *rec, int result)
{
	(void)result;
	assert_complete(rec);
}

static const struct oom_scenario asking = { "request", setup_running, act_request, check_request };
static const struct oom_scenario snapshots = { "snapshots", setup_running, act_snapshots,
					       check_running };

/* ---- descriptors run out ------------------------------------------------------------------- */

/* With each number of free descriptors a context is made, or EMFILE is the answer. */
static void a_context_without_descriptors_is_refused(void **state)
{
	struct rlimit old, low;
	struct rproc_context *context;
	int lowest = dup(0), free_fds, ret = -1;

	(void)state;
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	for (free_fds = 0; ret; free_fds++) {
		assert_true(free_fds < 32);
		low = old;
		low.rlim_cur = (rlim_t)(lowest + free_fds);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
		ret = rproc_context_new(NULL, &context);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
		if (ret)
			assert_true(ret == -EMFILE || ret == -ENOMEM);
	}
	rproc_context_free(context);
	/* Nothing was left open by the ones that failed. */
	ret = dup(0);
	assert_int_equal(ret, lowest);
	close(ret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OOM_TEST(new_context),
		OOM_TEST(default_context),
		OOM_TEST(adding),
		OOM_TEST(auto_boot),
		OOM_TEST(small_things),
		cmocka_unit_test(set_firmware_survives_it),
		cmocka_unit_test(a_boot_survives_it),
		OOM_TEST(stopping),
		OOM_TEST(removal),
		OOM_TEST(crash_and_dump),
		OOM_TEST(attach_and_detach),
		OOM_TEST(attach_and_stop),
		OOM_TEST(asking),
		OOM_TEST(snapshots),
		cmocka_unit_test(a_context_without_descriptors_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
