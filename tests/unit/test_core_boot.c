/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The order in which a boot and a stop ask things of a driver, typed from the
 * specification, and how each step's failure unwinds: op by op and log line by
 * log line, with the errno, the state and the power count afterwards, and a boot
 * that works after it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core_images.h"
#include "recorder.h"

/* The steps of a boot of core_image_full(), as far as they come. */
#define TO_SANITY    "<6> powering up dsp\nsanity_check\n"
#define TO_PREPARE   TO_SANITY "<6> Booting fw image fw.elf, size %zu\nprepare\n"
#define TO_PARSE     TO_PREPARE "get_boot_addr\nparse_fw\n"
#define TO_VENDOR    TO_PARSE "handle_rsc 130 first byte 118 at 92 avail 132\n"
#define TO_ALLOC1    TO_VENDOR "alloc 0x1000\n"
#define TO_LOAD	     TO_ALLOC1 "alloc 0x2000\nalloc 0x3000\nload\n"
#define TO_A_PREPARE TO_LOAD "find_loaded_rsc_table\na.prepare\n"
#define TO_B_PREPARE TO_A_PREPARE "b.prepare\n"
#define TO_START     TO_B_PREPARE "start\n"
#define TO_A_START   TO_START "a.start\n"
#define TO_B_START   TO_A_START "b.start\n"
#define TO_VDEV	     TO_B_START "vdev.start\n"
#define BOOTED                                                                         \
	TO_VDEV "<6> [rproc-virtio rproc-virtio.0.auto] registered virtio0 (type 7)\n" \
		"<6> remote processor dsp is now up\n"
#define FREE "free 0x1000\nfree 0x2000\nfree 0x3000\n"
#define STOPPED                                                       \
	"vdev.stop\nb.stop\na.stop\nstop\nb.unprepare\na.unprepare\n" \
	"<6> stopped remote processor dsp\n" FREE "unprepare\n"

static struct recorder *open_full(const struct recorder_options *options, size_t *ret_size)
{
	struct fixture_image image = core_image_full();
	struct recorder *rec = recorder_new(options);

	*ret_size = image.size;
	recorder_claim_vdevs(rec, 7);
	recorder_use_image(rec, &image);
	return rec;
}

static void boot_and_stop_follow_the_kernels_order(void **state)
{
	size_t size;
	struct recorder *rec = open_full(NULL, &size);

	(void)state;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expectf(rec, BOOTED, size);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	assert_int_equal(rproc_bootaddr(rec->rproc), 0x10000000);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect(rec, STOPPED);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	assert_int_equal(recorder_provided(rec), 0);
	recorder_free(rec);
}

/* ---- each step of a boot failing ----------------------------------------------------------- */

/* An op that fails in a boot of core_image_full(), and all that is seen of it. */
struct failing {
	enum recorder_op op;
	int error;
	int result;
	const char *journal;
};

static const struct failing boot_failures[] = {
	{ REC_SANITY_CHECK, -EBADMSG, -EBADMSG, TO_SANITY },
	{ REC_PREPARE, -EPERM, -EPERM, TO_PREPARE "<3> can't prepare rproc dsp: -1\n" },
	{ REC_PARSE_FW, -EPROTO, -EPROTO, TO_PARSE "unprepare\n" },
	{ REC_HANDLE_RSC, -EXDEV, -EXDEV,
	  TO_VENDOR "<3> Failed to process resources: -18\nunprepare\n" },
	{ REC_ALLOC, -EBUSY, -ENOMEM,
	  TO_ALLOC1 "<3> [platform dsp] failed to allocate dma memory: len 0x1000\n"
		    "<3> Unable to allocate carveout shared: -12\n"
		    "<3> Failed to allocate associated carveouts: -12\nunprepare\n" },
	{ REC_LOAD, -EIO, -EIO,
	  TO_LOAD "<3> Failed to load program segments: -5\n" FREE "unprepare\n" },
	{ REC_A_PREPARE, -EAGAIN, -EAGAIN,
	  TO_A_PREPARE "<3> failed to prepare subdevices for dsp: -11\n" FREE "unprepare\n" },
	{ REC_B_PREPARE, -EAGAIN, -EAGAIN,
	  TO_B_PREPARE "a.unprepare\n<3> failed to prepare subdevices for dsp: -11\n" FREE
		       "unprepare\n" },
	{ REC_START, -ETIMEDOUT, -ETIMEDOUT,
	  TO_START "<3> can't start rproc dsp: -110\nb.unprepare\na.unprepare\n" FREE
		   "unprepare\n" },
	{ REC_A_START, -ENOTTY, -ENOTTY,
	  TO_A_START "<3> failed to probe subdevices for dsp: -25\nstop\n"
		     "b.unprepare\na.unprepare\n" FREE "unprepare\n" },
	{ REC_B_START, -ENOTTY, -ENOTTY,
	  TO_B_START "a.stop crashed\n<3> failed to probe subdevices for dsp: -25\nstop\n"
		     "b.unprepare\na.unprepare\n" FREE "unprepare\n" },
	{ REC_VDEV_START, -EPIPE, -EPIPE,
	  TO_VDEV "<3> [rproc-virtio rproc-virtio.0.auto] failed to register vdev: -32\n"
		  "b.stop crashed\na.stop crashed\n"
		  "<3> failed to probe subdevices for dsp: -32\nstop\n"
		  "b.unprepare\na.unprepare\n" FREE "unprepare\n" },
};

static void boot_unwinds_from_the_failure_of_each_step(void **state)
{
	size_t size, i;
	struct recorder *rec = open_full(NULL, &size);

	(void)state;
	for (i = 0; i < sizeof(boot_failures) / sizeof(boot_failures[0]); i++) {
		const struct failing *failing = &boot_failures[i];

		print_message("         %s\n", recorder_op_name(failing->op));
		recorder_fail(rec, failing->op, failing->error);
		assert_int_equal(rproc_boot(rec->rproc), failing->result);
		recorder_expectf(rec, failing->journal, size);
		recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
		assert_int_equal(recorder_provided(rec), 0);
		recorder_expect_story(rec, strerrorname_np(-failing->result));
		recorder_fail(rec, failing->op, 0);
		assert_int_equal(rproc_boot(rec->rproc), 0);
		recorder_expectf(rec, BOOTED, size);
		recorder_expect_story(rec, "");
		assert_int_equal(rproc_last_error(rec->rproc, NULL, 0), 0);
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
		recorder_expect(rec, STOPPED);
	}
	recorder_free(rec);
}

/* A failed unwinding must not hide why the boot failed. */
static void boot_reports_the_first_error_when_stop_and_unprepare_fail_too(void **state)
{
	size_t size;
	struct recorder *rec = open_full(NULL, &size);

	(void)state;
	recorder_fail(rec, REC_B_START, -EIO);
	recorder_fail(rec, REC_STOP, -EPERM);
	recorder_fail(rec, REC_UNPREPARE, -EXDEV);
	assert_int_equal(rproc_boot(rec->rproc), -EIO);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void boot_without_optional_ops_runs_what_is_there(void **state)
{
	const struct recorder_options options = {
		.without = REC_BIT(REC_PREPARE) | REC_BIT(REC_UNPREPARE) | REC_BIT(REC_PARSE_FW) |
			   REC_BIT(REC_HANDLE_RSC) | REC_BIT(REC_FIND_LOADED) |
			   REC_BIT(REC_GET_LOADED) | REC_BIT(REC_SANITY_CHECK) |
			   REC_BIT(REC_GET_BOOT_ADDR) | REC_BIT(REC_ATTACH) | REC_BIT(REC_DETACH) |
			   REC_BIT(REC_KICK),
		.no_subdevs = true,
	};
	struct recorder *rec = recorder_new(&options);

	(void)state;
	/* Nothing is registered, so nothing may be loaded: load refuses, and that is the end. */
	assert_int_equal(rproc_set_firmware_buffer(rec->rproc, "fw.elf", "no ELF", 6), 0);
	assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
	recorder_expect(rec, "<6> powering up dsp\n<6> Booting fw image fw.elf, size 6\nload\n"
			     "<3> Image is too small\n"
			     "<3> Failed to load program segments: -22\n");
	recorder_free(rec);
}

/* With a load op of its own a driver has only the loader ops that it brought. */
static void a_driver_without_load_gets_the_loader_of_all_formats(void **state)
{
	const struct recorder_options options = { .without = REC_BIT(REC_LOAD) };
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(&options);
	size_t size = image.size;

	(void)state;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	/* Its own four loader ops are overridden, so they leave no line. */
	recorder_expectf(rec,
			 "<6> powering up dsp\n<6> Booting fw image fw.elf, size %zu\nprepare\n"
			 "a.prepare\nb.prepare\nstart\na.start\nb.start\n"
			 "<6> remote processor dsp is now up\n",
			 size);
	assert_int_equal(rproc_bootaddr(rec->rproc), 0x10000000);
	recorder_free(rec);
}

/* ---- remarks ------------------------------------------------------------------------------- */

static void remark_three_things(struct recorder *rec)
{
	rproc_remark(rec->rproc, "prepare", "a core runs at 0x%x", 0x40);
	rproc_remark(rec->rproc, "prepare", "a core runs at 0x%x", 0x40);
	rproc_remark(rec->rproc, "prepare", "a core runs at 0x%x", 0x4); /* another one */
	rproc_remark(rec->rproc, "load", "nothing at 0x0");
}

static void remark_without_end(struct recorder *rec)
{
	int i;

	for (i = 0; i < 100; i++)
		rproc_remark(rec->rproc, "prepare", "number %d %0100d", i, 0);
}

static void expect_remarks(struct recorder *rec, const char *want)
{
	char remarks[1024];

	assert_int_equal(rproc_remarks(rec->rproc, remarks, sizeof(remarks)), strlen(want));
	assert_string_equal(remarks, want);
}

static void remarks_are_of_the_last_boot_and_no_failure(void **state)
{
	static const char all[] = "prepare: a core runs at 0x40\n"
				  "prepare: a core runs at 0x4\n"
				  "load: nothing at 0x0";
	char remarks[1024];
	size_t size;
	struct recorder *rec = open_full(NULL, &size);

	(void)state;
	expect_remarks(rec, "");
	rec->prepare = remark_three_things;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	expect_remarks(rec, all);
	recorder_expect_story(rec, "");
	assert_int_equal(rproc_last_error(rec->rproc, NULL, 0), 0);
	/* One more use is no boot, and what a stop leaves behind may still be asked. */
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	expect_remarks(rec, all);
	/* A failure has its own story and keeps what was remarked on the way to it. */
	recorder_fail(rec, REC_START, -EIO);
	assert_int_equal(rproc_boot(rec->rproc), -EIO);
	recorder_expect_story(rec, "EIO");
	expect_remarks(rec, all);
	recorder_fail(rec, REC_START, 0);
	rec->prepare = NULL;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	expect_remarks(rec, "");
	/* A recovery begins anew as well. */
	rproc_remark(rec->rproc, "load", "old");
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	expect_remarks(rec, "");
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	rec->prepare = remark_without_end;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_in_range(rproc_remarks(rec->rproc, remarks, sizeof(remarks)), 900, 1023);
	assert_int_equal(remarks[strlen(remarks) - 1], '0');
	recorder_free(rec);
}

/* ---- images -------------------------------------------------------------------------------- */

static void boot_refuses_a_bad_image_before_the_driver_is_asked(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	struct fixture_image image = core_image_plain();

	(void)state;
	image.data[0] = 0;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
	recorder_expect(rec, "<6> powering up dsp\nsanity_check\n"
			     "<3> Image is corrupted (bad magic)\n");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void boot_names_the_firmware_that_is_missing(void **state)
{
	struct recorder *rec = recorder_new(NULL);

	(void)state;
	assert_int_equal(rproc_boot(rec->rproc), -ENOENT);
	recorder_expect(rec, "<6> powering up dsp\n"
			     "<4> Direct firmware load for rproc-dsp-fw failed with error -2\n"
			     "<3> request_firmware failed: -2\n");
	recorder_expect_story(rec, "/no/dir/rproc-dsp-fw");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void boot_logs_a_long_firmware_name_whole(void **state)
{
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(NULL);
	char name[601], line[700];
	size_t size = image.size;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(rproc_set_firmware_buffer(rec->rproc, name, image.data, size), 0);
	fixture_image_free(&image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	snprintf(line, sizeof(line), "<6> Booting fw image %s, size %zu", name, size);
	recorder_expect_line(rec, line);
	recorder_free(rec);
}

static void boot_refuses_a_segment_outside_every_carveout(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	struct fixture_image image = core_image_plain();

	(void)state;
	fixture_set(&image, FIXTURE_P_PADDR, 1, RECORDER_RAM + RECORDER_RAM_LEN - 0x1000);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), -EINVAL);
	recorder_expect_line(rec, "<3> bad phdr da 0x1000f000 mem 0x2000");
	recorder_expect_line(rec, "<3> Failed to load program segments: -22");
	recorder_expect_story(rec, "segment 1 needs 0x1000f000..0x10010fff");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

/* ---- stop ---------------------------------------------------------------------------------- */

static void a_stop_op_that_fails_leaves_it_running_and_can_be_tried_again(void **state)
{
	size_t size;
	struct recorder *rec = open_full(NULL, &size);

	(void)state;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_forget(rec);
	recorder_fail(rec, REC_STOP, -EIO);
	assert_int_equal(rproc_shutdown(rec->rproc), -EIO);
	recorder_expect(rec, "vdev.stop\nb.stop\na.stop\nstop\n<3> can't stop rproc: -5\n");
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_expect_story(rec, "EIO");
	recorder_fail(rec, REC_STOP, 0);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	/* The subdevices have stopped already, and are not told twice. */
	recorder_expect(rec, "stop\nb.unprepare\na.unprepare\n<6> stopped remote processor dsp\n"
			     "free 0x1000\nfree 0x2000\nfree 0x3000\nunprepare\n");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expectf(rec, BOOTED, size);
	recorder_free(rec);
}

static void a_driver_that_cannot_stop_answers_einval_before_anything_stops(void **state)
{
	const struct recorder_options options = { .without = REC_BIT(REC_STOP) };
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(&options);

	(void)state;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_forget(rec);
	assert_int_equal(rproc_shutdown(rec->rproc), -EINVAL);
	recorder_expect(rec, "");
	recorder_expect_story(rec, "cannot stop it");
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);
}

static void an_unprepare_that_fails_does_not_fail_the_stop(void **state)
{
	size_t size;
	struct recorder *rec = open_full(NULL, &size);

	(void)state;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_forget(rec);
	recorder_fail(rec, REC_UNPREPARE, -EIO);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect(rec, STOPPED);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void deleting_a_running_processor_stops_it_however_often_it_was_booted(void **state)
{
	size_t size;
	struct recorder *rec = open_full(NULL, &size);
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_forget(rec);
	assert_int_equal(rproc_del(rec->rproc), 0);
	recorder_expect(rec, STOPPED);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	assert_int_equal(rproc_boot(rec->rproc), -ENODEV);
	assert_int_equal(rproc_del(rec->rproc), -EINVAL);
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot_refuses_a_bad_image_before_the_driver_is_asked),
		cmocka_unit_test(boot_names_the_firmware_that_is_missing),
		cmocka_unit_test(boot_refuses_a_segment_outside_every_carveout),
		cmocka_unit_test(boot_unwinds_from_the_failure_of_each_step),
		cmocka_unit_test(boot_reports_the_first_error_when_stop_and_unprepare_fail_too),
		cmocka_unit_test(remarks_are_of_the_last_boot_and_no_failure),
		cmocka_unit_test(a_stop_op_that_fails_leaves_it_running_and_can_be_tried_again),
		cmocka_unit_test(a_driver_that_cannot_stop_answers_einval_before_anything_stops),
		cmocka_unit_test(boot_and_stop_follow_the_kernels_order),
		cmocka_unit_test(boot_without_optional_ops_runs_what_is_there),
		cmocka_unit_test(a_driver_without_load_gets_the_loader_of_all_formats),
		cmocka_unit_test(boot_logs_a_long_firmware_name_whole),
		cmocka_unit_test(an_unprepare_that_fails_does_not_fail_the_stop),
		cmocka_unit_test(deleting_a_running_processor_stops_it_however_often_it_was_booted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
