/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The edges of a processor's life: what is asked of it before it is added, what
 * is withdrawn before it has begun, and what is left of it once it is deleted.
 */
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include "core_images.h"
#include "core/internal.h"
#include "recorder.h"

static atomic_bool no_threads; /* the machine has none left */
static sem_t refused;	       /* one for each thread that was not made */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg)
{
	if (!atomic_load(&no_threads))
		return __real_pthread_create(thread, attr, fn, arg);
	sem_post(&refused);
	return EAGAIN;
}

static void keep_result(struct rproc *rproc, int result, void *data)
{
	(void)rproc;
	*(int *)data = result;
}

static void nothing(void *arg)
{
	(void)arg;
}

/* Until the loop has seen what was reported: a call is carried out after the look. */
static void await_loop(struct recorder *rec)
{
	rproc_loop_call(rec->context->loop, nothing, NULL);
	rproc_loop_call(rec->context->loop, nothing, NULL);
}

/* 1: the boot told its own story. */
static void keep_story(struct rproc *rproc, int result, void *data)
{
	char story[RPROC_STORY_MAX];

	rproc_last_error(rproc, story, sizeof(story));
	*(int *)data = result == -EIO && strstr(story, "could not start");
}

/* Until something waits behind what runs. */
static void await_queued(struct rproc *rproc)
{
	bool empty = true;

	while (empty) {
		sched_yield();
		pthread_mutex_lock(&rproc->queue.lock);
		empty = list_empty(&rproc->queue.items);
		pthread_mutex_unlock(&rproc->queue.lock);
	}
}

/* Memory of the core that goes when its carveout is released; its table lies there. */
static int unmap_core(struct rproc *rproc, struct rproc_mem_entry *mem)
{
	(void)rproc;
	recorder_note(rproc_mem_priv(mem), "unmap");
	free(rproc_mem_va(mem));
	return 0;
}

static void register_core(struct recorder *rec)
{
	struct rproc_mem_entry *mem;
	size_t len;
	uint8_t *table = fixture_table_finish(core_table_full(), &len);

	rec->running_table = (struct rproc_resource_table *)table;
	rec->running_table_size = len;
	mem = rproc_mem_entry_init(rec->device, table, 0, len, 0x20000000, NULL, unmap_core,
				   "core");
	assert_non_null(mem);
	rproc_mem_set_priv(mem, rec);
	rproc_add_carveout(rec->rproc, mem);
}

/* ---- before it is added --------------------------------------------------------------- */

static void firmware_can_be_given_before_add(void **state)
{
	const struct recorder_options options = { .not_added = true };
	struct recorder *rec = recorder_new(&options);
	struct fixture_image image = core_image_plain();

	(void)state;
	assert_int_equal(rproc_set_firmware(rec->rproc, "\n"), -EINVAL);
	assert_int_equal(rproc_set_firmware_fd(rec->rproc, "fw", -1), -EBADF);
	recorder_use_image(rec, &image);
	/* An auto boot finds it. */
	rproc_set_auto_boot(rec->rproc, true);
	assert_int_equal(rproc_add(rec->rproc), 0);
	recorder_settle(rec);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	assert_int_equal(rproc_del(rec->rproc), 0);
	assert_int_equal(rproc_set_firmware(rec->rproc, "fw"), -ENODEV);
	recorder_free(rec);
}

static void *give_bad_descriptor(void *arg)
{
	struct recorder *rec = arg;

	return rproc_set_firmware_fd(rec->rproc, "fw", -1) == -EBADF ? rec : NULL;
}

/* A second operation that is refused meanwhile must not take the first one's story. */
static int give_bad_descriptor_meanwhile(struct recorder *rec, enum recorder_op op)
{
	pthread_t *thread = rec->hook_data;

	if (op == REC_LOAD)
		assert_int_equal(pthread_create(thread, NULL, give_bad_descriptor, rec), 0);
	return 0;
}

static void a_bad_descriptor_waits_its_turn(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	struct fixture_image image = core_image_plain();
	pthread_t thread;
	void *answer;
	int result = 0;

	(void)state;
	recorder_use_image(rec, &image);
	rec->hook = give_bad_descriptor_meanwhile;
	rec->hook_data = &thread;
	recorder_block(rec, REC_START);
	recorder_fail(rec, REC_START, -EIO);
	assert_true(rproc_request(rec->rproc, RPROC_REQUEST_BOOT, NULL, keep_story, &result) > 0);
	recorder_wait_inside(rec, REC_START);
	await_queued(rec->rproc);
	recorder_release(rec, REC_START);
	pthread_join(thread, &answer);
	assert_ptr_equal(answer, rec);
	assert_int_equal(result, 1);
	recorder_expect_story(rec, "descriptor -1 is no readable regular file");
	recorder_expect_story(rec, "could it not be opened?");
	recorder_free(rec);
}

/* ---- withdrawn ----------------------------------------------------------------------- */

static void only_what_has_an_id_can_be_withdrawn(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	struct fixture_image image = core_image_plain();
	int result = 1;

	(void)state;
	recorder_use_image(rec, &image);
	recorder_block(rec, REC_START);
	assert_true(rproc_request(rec->rproc, RPROC_REQUEST_BOOT, NULL, keep_result, &result) > 0);
	recorder_wait_inside(rec, REC_START);
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	await_loop(rec);
	/* The crash waits behind the boot; it has no id. */
	assert_int_equal(rproc_request_cancel(rec->rproc, 0), -ENOENT);
	assert_int_equal(rproc_request_cancel(rec->rproc, -1), -ENOENT);
	recorder_release(rec, REC_START);
	recorder_settle(rec);
	assert_int_equal(result, 0);
	recorder_expect_line(rec, "<3> handling crash #1 in dsp");
	recorder_free(rec);
}

/* ---- crashes that nobody was there to handle ------------------------------------------- */

static void a_crash_reported_before_add_is_none_of_a_later_boot(void **state)
{
	const struct recorder_options early = { .not_added = true };
	struct recorder *rec = recorder_new(&early);
	const struct recorder_options beside = { .context = rec->context, .name = "other" };
	struct fixture_image image = core_image_plain();
	struct recorder *other = recorder_new(&beside);

	(void)state;
	rproc_set_recovery(rec->rproc, false);
	rproc_set_auto_boot(rec->rproc, false);
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	await_loop(rec);
	assert_int_equal(rproc_add(rec->rproc), 0);
	recorder_expect_line(rec, "<3> crash detected in dsp: type watchdog");
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	/* Now the loop looks at all processors. */
	recorder_crash(other, RPROC_CRASH_WATCHDOG);
	recorder_settle(rec);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 1);
	recorder_free(other);
	recorder_free(rec);
}

static void a_crash_reported_before_add_of_a_running_core_is_handled(void **state)
{
	const struct recorder_options options = { .not_added = true, .detached = true };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	rproc_set_recovery(rec->rproc, false);
	rproc_set_auto_boot(rec->rproc, false);
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	await_loop(rec);
	assert_int_equal(rproc_add(rec->rproc), 0);
	recorder_settle(rec);
	recorder_expect_state(rec, RPROC_STATE_CRASHED, 0);
	recorder_free(rec);
}

static void a_flood_of_reports_is_counted_and_told_in_a_few_lines(void **state)
{
	static const char line[] = "<3> crash detected in dsp: type watchdog\n";
	const struct recorder_options options = { .not_added = true, .detached = true };
	struct recorder *rec = recorder_new(&options);
	struct rproc_counters counters;
	int i;

	(void)state;
	rproc_set_recovery(rec->rproc, false);
	rproc_set_auto_boot(rec->rproc, false);
	for (i = 0; i < 1000; i++)
		rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	await_loop(rec);
	assert_int_equal(rproc_add(rec->rproc), 0);
	recorder_settle(rec);
	rproc_counters(rec->rproc, &counters);
	assert_int_equal(counters.crash_reports, 1000);
	assert_int_equal(counters.crashes, 1);
	recorder_expectf(rec,
			 "<6> dsp is available\n%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s"
			 "<3> handling crash #1 in dsp\n",
			 line, line, line, line, line, line, line, line, line, line, line, line,
			 line, line, line, line);
	recorder_free(rec);
}

/* Nobody waits for an answer: the loop tries again until there is a thread. */
static void a_crash_reported_before_add_is_handled_when_there_is_a_thread(void **state)
{
	const struct recorder_options options = { .not_added = true, .detached = true };
	struct recorder *rec = recorder_new(&options);
	struct rproc_counters counters;

	(void)state;
	rproc_set_recovery(rec->rproc, false);
	rproc_set_auto_boot(rec->rproc, false);
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	await_loop(rec);
	assert_int_equal(sem_init(&refused, 0, 0), 0);
	atomic_store(&no_threads, true);
	assert_int_equal(rproc_add(rec->rproc), 0);
	/* Once where it was added, once on the loop. */
	sem_wait(&refused);
	sem_wait(&refused);
	recorder_expect_state(rec, RPROC_STATE_DETACHED, 0);
	atomic_store(&no_threads, false);
	recorder_wait_state(rec, RPROC_STATE_CRASHED);
	recorder_settle(rec);
	/* However often it was tried, it is one report. */
	rproc_counters(rec->rproc, &counters);
	assert_int_equal(counters.crash_reports, 1);
	assert_int_equal(counters.crashes, 1);
	recorder_free(rec);
}

struct adding {
	struct rproc *rproc;
	int result;
};

static void add_on_loop(void *arg)
{
	struct adding *adding = arg;

	adding->result = rproc_add(adding->rproc);
}

/* Where nothing may wait, as in a callback: it is not left behind half added. */
static void an_add_that_found_no_thread_for_its_boot_is_none(void **state)
{
	const struct recorder_options options = { .not_added = true };
	struct recorder *rec = recorder_new(&options);
	struct adding adding = { .rproc = rec->rproc };

	(void)state;
	rproc_set_auto_boot(rec->rproc, true);
	assert_int_equal(sem_init(&refused, 0, 0), 0);
	atomic_store(&no_threads, true);
	rproc_loop_call(rec->context->loop, add_on_loop, &adding);
	atomic_store(&no_threads, false);
	assert_int_equal(adding.result, -EAGAIN);
	assert_null(rproc_get_next(rec->context, -1));
	assert_int_equal(rproc_del(rec->rproc), -EINVAL);
	recorder_free(rec);
}

static void register_segment(struct recorder *rec)
{
	assert_int_equal(rproc_coredump_add_segment(rec->rproc, RECORDER_RAM, 16), 0);
	assert_int_equal(rproc_coredump_set_elf_info(rec->rproc, ELFCLASS32, EM_ARM), 0);
}

/* Until the worker's thread has ended: what is asked next needs a new one. */
static void await_no_thread(struct rproc *rproc)
{
	bool busy = true;

	while (busy) {
		sched_yield();
		pthread_mutex_lock(&rproc->queue.lock);
		busy = rproc->queue.busy;
		pthread_mutex_unlock(&rproc->queue.lock);
	}
}

/* The dump's timer is five minutes away; that of the crash must not wait for it. */
static void a_crash_that_found_no_thread_is_handled_soon_though_a_dump_waits(void **state)
{
	struct recorder *rec = recorder_new(NULL);
	struct fixture_image image = core_image_plain();
	struct rproc_counters counters;

	(void)state;
	rec->prepare = register_segment;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, RPROC_COREDUMP_ENABLED), 0);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_wait_event(rec, RPROC_EVENT_COREDUMP);
	recorder_wait_state(rec, RPROC_STATE_RUNNING);
	rproc_set_recovery(rec->rproc, false);
	recorder_settle(rec);
	await_no_thread(rec->rproc);
	atomic_store(&no_threads, true);
	assert_int_equal(sem_init(&refused, 0, 0), 0);
	rproc_report_crash(rec->rproc, RPROC_CRASH_WATCHDOG);
	/* From here on nothing but its timer wakes the loop. */
	sem_wait(&refused);
	atomic_store(&no_threads, false);
	recorder_wait_state(rec, RPROC_STATE_CRASHED);
	recorder_settle(rec);
	rproc_counters(rec->rproc, &counters);
	assert_int_equal(counters.crashes, 2);
	recorder_free(rec);
}

/* ---- deleted ------------------------------------------------------------------------- */

static struct recorder *run_full(const struct recorder_options *options)
{
	struct recorder *rec = recorder_new(options);
	struct fixture_image image = core_image_full();

	recorder_claim_vdevs(rec, 7);
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_forget(rec);
	return rec;
}

static void a_deleted_processor_whose_stop_fails_leaves_nothing_with_its_driver(void **state)
{
	struct recorder *rec = run_full(NULL);

	(void)state;
	/* An error that the worker itself might answer. */
	recorder_fail(rec, REC_STOP, -EAGAIN);
	assert_int_equal(rproc_del(rec->rproc), 0);
	recorder_expect(rec, "vdev.stop\nb.stop\na.stop\nstop\n<3> can't stop rproc: -11\n"
			     "b.unprepare\na.unprepare\n"
			     "free 0x1000\nfree 0x2000\nfree 0x3000\nunprepare\n");
	recorder_free(rec);
}

static void a_deleted_processor_that_cannot_be_stopped_leaves_nothing_with_its_driver(void **state)
{
	const struct recorder_options options = { .without = REC_BIT(REC_STOP) };
	struct recorder *rec = run_full(&options);
	struct rproc *held = rproc_get(rec->rproc);

	(void)state;
	assert_int_equal(rproc_del(rec->rproc), 0);
	recorder_expect(rec, "vdev.stop\nb.stop\na.stop\nb.unprepare\na.unprepare\n"
			     "free 0x1000\nfree 0x2000\nfree 0x3000\nunprepare\n");
	assert_int_equal(rproc_vq_interrupt(held, 0), 0);
	rproc_put(held);
	recorder_expect(rec, "");
	recorder_free(rec);
}

static void a_table_in_memory_that_is_released_is_not_written_to(void **state)
{
	const struct recorder_options options = { .detached = true, .without = REC_BIT(REC_STOP) };
	struct recorder *rec = recorder_new(&options);

	(void)state;
	rec->prepare = register_core;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_del(rec->rproc), 0);
	recorder_expect_line(rec, "unmap");
	recorder_free(rec);
}

static void what_waits_for_a_boot_is_released_at_removal(void **state)
{
	const struct recorder_options options = { .not_added = true };
	struct recorder *rec = recorder_new(&options);
	struct rproc *held = rproc_get(rec->rproc);

	(void)state;
	register_core(rec);
	rproc_set_auto_boot(rec->rproc, false);
	assert_int_equal(rproc_add(rec->rproc), 0);
	assert_int_equal(rproc_del(rec->rproc), 0);
	recorder_expect_line(rec, "unmap");
	rproc_put(held);
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(firmware_can_be_given_before_add),
		cmocka_unit_test(a_bad_descriptor_waits_its_turn),
		cmocka_unit_test(only_what_has_an_id_can_be_withdrawn),
		cmocka_unit_test(a_crash_reported_before_add_is_none_of_a_later_boot),
		cmocka_unit_test(a_crash_reported_before_add_of_a_running_core_is_handled),
		cmocka_unit_test(a_flood_of_reports_is_counted_and_told_in_a_few_lines),
		cmocka_unit_test(a_crash_reported_before_add_is_handled_when_there_is_a_thread),
		cmocka_unit_test(an_add_that_found_no_thread_for_its_boot_is_none),
		cmocka_unit_test(a_crash_that_found_no_thread_is_handled_soon_though_a_dump_waits),
		cmocka_unit_test(
			a_deleted_processor_whose_stop_fails_leaves_nothing_with_its_driver),
		cmocka_unit_test(
			a_deleted_processor_that_cannot_be_stopped_leaves_nothing_with_its_driver),
		cmocka_unit_test(a_table_in_memory_that_is_released_is_not_written_to),
		cmocka_unit_test(what_waits_for_a_boot_is_released_at_removal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
