/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Crashes and recovery: the order of ops and log lines typed from the
 * specification, the failure of each step, and that a processor whose recovery
 * failed can boot again, which the kernel's cannot.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/internal.h"
#include "core_images.h"
#include "recorder.h"

#define CRASHED                                                                    \
	"<3> crash detected in dsp: type watchdog\n<3> handling crash #1 in dsp\n" \
	"<3> recovering dsp\n"
#define TO_STOP	     CRASHED "vdev.stop crashed\nb.stop crashed\na.stop crashed\nstop\n"
#define STOPPED	     TO_STOP "b.unprepare\na.unprepare\n<6> stopped remote processor dsp\n"
#define TO_LOAD	     STOPPED "coredump\nload\n"
#define TO_A_PREPARE TO_LOAD "find_loaded_rsc_table\na.prepare\n"
#define TO_START     TO_A_PREPARE "b.prepare\nstart\n"
#define TO_A_START   TO_START "a.start\n"
#define RECOVERED                                                                         \
	TO_A_START "b.start\nvdev.start\n"                                                \
		   "<6> [rproc-virtio rproc-virtio.0.auto] registered virtio0 (type 7)\n" \
		   "<6> remote processor dsp is now up\n"
#define FREE "free 0x1000\nfree 0x2000\nfree 0x3000\nunprepare\n"

static struct recorder *open_full(const struct recorder_options *options)
{
	struct fixture_image image = core_image_full();
	struct recorder *rec = recorder_new(options);

	recorder_claim_vdevs(rec, 7);
	recorder_use_image(rec, &image);
	return rec;
}

static void boot(struct recorder *rec)
{
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_forget(rec);
}

static struct rproc_counters counters_of(struct recorder *rec)
{
	struct rproc_counters counters;

	rproc_counters(rec->rproc, &counters);
	return counters;
}

/* ---- reports -------------------------------------------------------------------------------- */

static void a_crash_of_an_offline_processor_is_logged_and_no_more(void **state)
{
	struct recorder *rec = open_full(NULL);

	(void)state;
	recorder_crash(rec, RPROC_CRASH_MMUFAULT);
	recorder_expect(rec, "<3> crash detected in dsp: type mmufault\n");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	assert_int_equal(counters_of(rec).crash_reports, 1);
	assert_int_equal(counters_of(rec).crashes, 0);
	rproc_report_crash(NULL, RPROC_CRASH_WATCHDOG); /* harmless */
	recorder_free(rec);
}

/* A loop that is held up. */
struct hold {
	struct recorder *rec;
	sem_t inside, over;
};

static void stay(void *data)
{
	struct hold *hold = data;

	sem_post(&hold->inside);
	sem_wait(&hold->over);
	/* Whether it would come to it by itself before the next call, or after. */
	rproc_collect_crashes(hold->rec->context);
}

static void *hold_up(void *data)
{
	struct hold *hold = data;

	rproc_loop_call(hold->rec->context->loop, stay, hold);
	return NULL;
}

/* However late it is handled: what boots meanwhile is another run. */
static void a_crash_of_an_offline_processor_is_not_one_of_its_next_run(void **state)
{
	struct hold hold = { .rec = open_full(NULL) };
	pthread_t thread;

	(void)state;
	sem_init(&hold.inside, 0, 0);
	sem_init(&hold.over, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, hold_up, &hold), 0);
	sem_wait(&hold.inside);
	rproc_report_crash(hold.rec->rproc, RPROC_CRASH_WATCHDOG);
	boot(hold.rec);
	sem_post(&hold.over);
	pthread_join(thread, NULL);
	recorder_settle(hold.rec);
	assert_int_equal(counters_of(hold.rec).crash_reports, 1);
	assert_int_equal(counters_of(hold.rec).crashes, 0);
	recorder_crash(hold.rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(counters_of(hold.rec).crashes, 1);
	recorder_expect_state(hold.rec, RPROC_STATE_RUNNING, 1);
	recorder_free(hold.rec);
	sem_destroy(&hold.inside);
	sem_destroy(&hold.over);
}

static int crash_again(struct recorder *rec, enum recorder_op op)
{
	if (op == REC_COREDUMP)
		recorder_queue_crash(rec, RPROC_CRASH_WATCHDOG);
	return 0;
}

static void a_crash_reported_of_what_is_being_recovered_is_the_same(void **state)
{
	struct recorder *rec = open_full(NULL);

	(void)state;
	boot(rec);
	rec->hook = crash_again;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_settle(rec);
	assert_int_equal(counters_of(rec).crash_reports, 2);
	assert_int_equal(counters_of(rec).crashes, 1);
	assert_int_equal(counters_of(rec).recoveries, 1);
	recorder_free(rec);
}

static void crash_types_have_the_kernels_names(void **state)
{
	static const struct {
		unsigned int type;
		const char *name;
	} types[] = { { 0, "mmufault" },	{ 1, "watchdog" }, { 2, "fatal error" },
		      { 3, "unknown" },		{ 4, "unknown" },  { 1000, "unknown" },
		      { 0xffffffff, "unknown" } };
	struct recorder *rec = open_full(NULL);
	char line[80];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		recorder_crash(rec, types[i].type);
		snprintf(line, sizeof(line), "<3> crash detected in dsp: type %s\n", types[i].name);
		recorder_expect(rec, line);
		assert_string_equal(rproc_crash_name(types[i].type), types[i].name);
	}
	recorder_free(rec);
}

static void only_the_first_crash_is_handled_while_recovery_is_disabled(void **state)
{
	struct recorder *rec = open_full(NULL);

	(void)state;
	rproc_set_recovery(rec->rproc, false);
	assert_false(rproc_recovery_enabled(rec->rproc));
	boot(rec);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_crash(rec, RPROC_CRASH_FATAL_ERROR);
	recorder_expect(rec, "<3> crash detected in dsp: type watchdog\n"
			     "<3> handling crash #1 in dsp\n"
			     "<3> crash detected in dsp: type fatal error\n");
	recorder_expect_state(rec, RPROC_STATE_CRASHED, 1);
	assert_int_equal(counters_of(rec).crash_reports, 2);
	assert_int_equal(counters_of(rec).crashes, 1);
	/* On demand it recovers, though the flag says no. */
	assert_int_equal(rproc_trigger_recovery(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_line(rec, "<3> handling crash #2 in dsp");
	recorder_free(rec);
}

static void a_flood_of_reports_is_counted_and_not_all_of_it_logged(void **state)
{
	struct recorder *rec = open_full(NULL);
	int i;

	(void)state;
	recorder_block(rec, REC_COREDUMP);
	boot(rec);
	for (i = 0; i < 100000; i++)
		rproc_report_crash(rec->rproc, RPROC_CRASH_FATAL_ERROR);
	recorder_wait_inside(rec, REC_COREDUMP);
	recorder_release(rec, REC_COREDUMP);
	recorder_crash(rec, RPROC_CRASH_FATAL_ERROR);
	assert_int_equal(counters_of(rec).crash_reports, 100001);
	assert_true(counters_of(rec).crashes >= 1);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);
}

static struct rproc *signalled;

static void on_signal(int number)
{
	(void)number;
	rproc_report_crash(signalled, RPROC_CRASH_FATAL_ERROR);
}

static void a_crash_can_be_reported_from_a_signal_handler(void **state)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct recorder *rec = open_full(NULL);
	struct sigaction old;

	(void)state;
	boot(rec);
	signalled = rec->rproc;
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	/* No thread of the library takes it: it is this one that is interrupted. */
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	recorder_wait_state(rec, RPROC_STATE_CRASHED);
	recorder_wait_state(rec, RPROC_STATE_OFFLINE);
	recorder_wait_state(rec, RPROC_STATE_RUNNING);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
	recorder_free(rec);
}

/* ---- recovery ------------------------------------------------------------------------------ */

static void recovery_follows_the_kernels_order(void **state)
{
	struct recorder *rec = open_full(NULL);

	(void)state;
	boot(rec);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect(rec, RECOVERED);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	assert_int_equal(counters_of(rec).recoveries, 1);
	assert_int_equal(counters_of(rec).boots, 1);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	assert_int_equal(recorder_provided(rec), 0);
	recorder_free(rec);
}

static void recovery_of_what_has_not_crashed_does_nothing(void **state)
{
	struct recorder *rec = open_full(NULL);

	(void)state;
	assert_int_equal(rproc_trigger_recovery(rec->rproc), 0);
	boot(rec);
	assert_int_equal(rproc_trigger_recovery(rec->rproc), 0);
	recorder_expect(rec, "");
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	assert_int_equal(rproc_trigger_recovery(NULL), -EINVAL);
	recorder_free(rec);
}

static void recovery_goes_through_crashed_and_offline_and_says_so_in_events(void **state)
{
	static const struct {
		enum rproc_state from, to;
		const char *reason;
	} steps[] = {
		{ RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "start" },
		{ RPROC_STATE_RUNNING, RPROC_STATE_CRASHED, "crash: watchdog" },
		{ RPROC_STATE_CRASHED, RPROC_STATE_OFFLINE, "recovery" },
		{ RPROC_STATE_OFFLINE, RPROC_STATE_RUNNING, "recovery" },
		{ RPROC_STATE_RUNNING, RPROC_STATE_OFFLINE, "stop" },
	};
	struct recorder *rec = open_full(NULL);
	size_t i;

	(void)state;
	boot(rec);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct rproc_event event = recorder_wait_event(rec, RPROC_EVENT_STATE);

		assert_int_equal(event.old_state, steps[i].from);
		assert_int_equal(event.new_state, steps[i].to);
		assert_string_equal(event.reason, steps[i].reason);
		assert_string_equal(event.name, "dsp");
	}
	recorder_free(rec);
}

static void a_crashed_processor_can_be_stopped_and_the_event_says_stop(void **state)
{
	struct recorder *rec = open_full(NULL);
	struct rproc_event event;

	(void)state;
	rproc_set_recovery(rec->rproc, false);
	boot(rec);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_forget(rec);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect(rec, "vdev.stop crashed\nb.stop crashed\na.stop crashed\nstop\n"
			     "b.unprepare\na.unprepare\n<6> stopped remote processor dsp\n" FREE);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	do {
		event = recorder_wait_event(rec, RPROC_EVENT_STATE);
	} while (event.new_state != RPROC_STATE_OFFLINE);
	assert_string_equal(event.reason, "stop");
	recorder_free(rec);
}

/* ---- each step failing --------------------------------------------------------------------- */

struct failing {
	enum recorder_op op;
	int error;
	const char *journal;
};

static const struct failing recovery_failures[] = {
	{ REC_LOAD, -EIO, TO_LOAD "<3> Failed to load program segments: -5\n" FREE },
	{ REC_A_PREPARE, -EAGAIN,
	  TO_A_PREPARE "<3> failed to prepare subdevices for dsp: -11\n" FREE },
	{ REC_START, -ETIMEDOUT,
	  TO_START "<3> can't start rproc dsp: -110\nb.unprepare\na.unprepare\n" FREE },
	{ REC_A_START, -ENOTTY,
	  TO_A_START "<3> failed to probe subdevices for dsp: -25\nstop\n"
		     "b.unprepare\na.unprepare\n" FREE },
};

static void a_failed_recovery_leaves_a_processor_that_boots(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(recovery_failures) / sizeof(recovery_failures[0]); i++) {
		const struct failing *failing = &recovery_failures[i];
		struct recorder *rec = open_full(NULL);

		print_message("         %s\n", recorder_op_name(failing->op));
		boot(rec);
		recorder_fail(rec, failing->op, failing->error);
		recorder_crash(rec, RPROC_CRASH_WATCHDOG);
		recorder_expect(rec, failing->journal);
		recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
		recorder_expect_story(rec, strerrorname_np(-failing->error));
		assert_int_equal(recorder_provided(rec), 0);
		assert_int_equal(counters_of(rec).failed_recoveries, 1);
		recorder_fail(rec, failing->op, 0);
		assert_int_equal(rproc_boot(rec->rproc), 0);
		recorder_expect_line(rec, "<6> remote processor dsp is now up");
		recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
		recorder_free(rec);
	}
}

static void a_crash_whose_stop_fails_stays_crashed_and_can_be_stopped_later(void **state)
{
	struct recorder *rec = open_full(NULL);

	(void)state;
	boot(rec);
	recorder_fail(rec, REC_STOP, -EIO);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect(rec, TO_STOP "<3> can't stop rproc: -5\n");
	recorder_expect_state(rec, RPROC_STATE_CRASHED, 1);
	recorder_fail(rec, REC_STOP, 0);
	assert_int_equal(rproc_trigger_recovery(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);
}

static void recovery_without_the_firmware_file_leaves_a_processor_that_boots(void **state)
{
	struct fixture_image image = core_image_plain();
	char *dir = scratch_new();
	const struct recorder_options options = { .firmware_dirs = dir, .firmware = "fw.elf" };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	scratch_write(dir, "fw.elf", image.data, image.size);
	boot(rec);
	assert_int_equal(unlink(scratch_path(dir, "fw.elf")), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect(rec,
			CRASHED "b.stop crashed\na.stop crashed\nstop\nb.unprepare\na.unprepare\n"
				"<6> stopped remote processor dsp\ncoredump\n"
				"<4> Direct firmware load for fw.elf failed with error -2\n"
				"<3> request_firmware failed: -2\nunprepare\n");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_expect_story(rec, "fw.elf");
	assert_int_equal(rproc_shutdown(rec->rproc), -EINVAL);
	scratch_write(dir, "fw.elf", image.data, image.size);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(rec);
	fixture_image_free(&image);
	scratch_free(dir);
}

static void recovery_on_demand_tells_what_it_met(void **state)
{
	struct recorder *rec = open_full(NULL);

	(void)state;
	rproc_set_recovery(rec->rproc, false);
	boot(rec);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_fail(rec, REC_START, -ENXIO);
	assert_int_equal(rproc_trigger_recovery(rec->rproc), -ENXIO);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void the_story_of_a_crash_outlives_the_recovery_of_an_image_without_a_table(void **state)
{
	const struct recorder_options options = { .without = REC_BIT(REC_PARSE_FW) };
	struct fixture_image image = core_image_without_table();
	struct recorder *rec = recorder_new(&options);

	(void)state;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	rproc_story(rec->rproc, -EFAULT, "crash", "bad access at pc 0x10000040");
	recorder_crash(rec, RPROC_CRASH_MMUFAULT);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_expect_story(rec, "bad access at pc 0x10000040");
	recorder_free(rec);
}

static void boots_are_not_forgotten_by_a_recovery(void **state)
{
	struct recorder *rec = open_full(NULL);

	(void)state;
	boot(rec);
	boot(rec);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 2);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static int delete_flag(struct recorder *rec, enum recorder_op op)
{
	/* As if rproc_del() had come while the dump was made. */
	if (op == REC_COREDUMP)
		atomic_store(&rec->rproc->deleting, true);
	return 0;
}

static void a_recovery_ends_where_the_processor_is_removed(void **state)
{
	struct recorder *rec = open_full(NULL);

	(void)state;
	boot(rec);
	rec->hook = delete_flag;
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_expect(rec, STOPPED "coredump\n" FREE);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	assert_int_equal(rproc_trigger_recovery(rec->rproc), -ENODEV);
	atomic_store(&rec->rproc->deleting, false);
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_of_an_offline_processor_is_logged_and_no_more),
		cmocka_unit_test(a_crash_of_an_offline_processor_is_not_one_of_its_next_run),
		cmocka_unit_test(a_crash_reported_of_what_is_being_recovered_is_the_same),
		cmocka_unit_test(only_the_first_crash_is_handled_while_recovery_is_disabled),
		cmocka_unit_test(a_flood_of_reports_is_counted_and_not_all_of_it_logged),
		cmocka_unit_test(recovery_of_what_has_not_crashed_does_nothing),
		cmocka_unit_test(a_failed_recovery_leaves_a_processor_that_boots),
		cmocka_unit_test(a_crash_whose_stop_fails_stays_crashed_and_can_be_stopped_later),
		cmocka_unit_test(recovery_without_the_firmware_file_leaves_a_processor_that_boots),
		cmocka_unit_test(recovery_on_demand_tells_what_it_met),
		cmocka_unit_test(crash_types_have_the_kernels_names),
		cmocka_unit_test(a_crash_can_be_reported_from_a_signal_handler),
		cmocka_unit_test(recovery_follows_the_kernels_order),
		cmocka_unit_test(recovery_goes_through_crashed_and_offline_and_says_so_in_events),
		cmocka_unit_test(a_crashed_processor_can_be_stopped_and_the_event_says_stop),
		cmocka_unit_test(
			the_story_of_a_crash_outlives_the_recovery_of_an_image_without_a_table),
		cmocka_unit_test(boots_are_not_forgotten_by_a_recovery),
		cmocka_unit_test(a_recovery_ends_where_the_processor_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
