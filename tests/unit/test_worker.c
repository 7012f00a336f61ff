/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker and its requests: order, cancelling, what an op or a callback may
 * not ask, removal in the middle of things, and that nothing which only reads
 * ever waits.
 */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "core_images.h"
#include "recorder.h"

/* Results of requests in the order in which they came. */
struct results {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int result[64];
	int order[64];
	int count;
};

struct ask {
	struct results *results;
	int number;
};

static void results_init(struct results *results)
{
	memset(results, 0, sizeof(*results));
	pthread_mutex_init(&results->lock, NULL);
	pthread_cond_init(&results->changed, NULL);
}

static void on_done(struct rproc *rproc, int result, void *data)
{
	struct ask *ask = data;
	struct results *results = ask->results;

	(void)rproc;
	pthread_mutex_lock(&results->lock);
	results->result[results->count] = result;
	results->order[results->count++] = ask->number;
	pthread_cond_broadcast(&results->changed);
	pthread_mutex_unlock(&results->lock);
}

static void await_results(struct results *results, int count)
{
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += RECORDER_WAIT_S;
	pthread_mutex_lock(&results->lock);
	while (results->count < count && !ret)
		ret = pthread_cond_timedwait(&results->changed, &results->lock, &until);
	pthread_mutex_unlock(&results->lock);
	assert_int_equal(ret, 0);
}

static struct recorder *open_plain(const struct recorder_options *options)
{
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(options);

	recorder_use_image(rec, &image);
	return rec;
}

static int64_t ask(struct recorder *rec, enum rproc_request request, const char *arg,
		   struct ask *ask)
{
	return rproc_request(rec->rproc, request, arg, on_done, ask);
}

/* ---- requests ------------------------------------------------------------------------------ */

static void what_is_no_request_is_refused(void **state)
{
	struct recorder *rec = open_plain(NULL);
	const struct recorder_options options = { .not_added = true, .context = rec->context };
	struct recorder *young = recorder_new(&options);

	(void)state;
	assert_int_equal(rproc_request(NULL, RPROC_REQUEST_BOOT, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(rproc_request(rec->rproc, (enum rproc_request)0, NULL, NULL, NULL),
			 -EINVAL);
	assert_int_equal(rproc_request(rec->rproc, (enum rproc_request)7, NULL, NULL, NULL),
			 -EINVAL);
	assert_int_equal(rproc_request(rec->rproc, (enum rproc_request) - 1, NULL, NULL, NULL),
			 -EINVAL);
	assert_int_equal(rproc_boot(NULL), -EINVAL);
	assert_int_equal(rproc_shutdown(NULL), -EINVAL);
	assert_int_equal(rproc_detach(NULL), -EINVAL);
	assert_int_equal(rproc_trigger_recovery(NULL), -EINVAL);
	assert_int_equal(rproc_set_firmware(NULL, "fw"), -EINVAL);
	assert_int_equal(rproc_set_firmware(rec->rproc, NULL), -EINVAL);
	assert_int_equal(rproc_set_firmware_buffer(NULL, "fw", "x", 1), -EINVAL);
	assert_int_equal(rproc_set_firmware_buffer(rec->rproc, "fw", NULL, 1), -EINVAL);
	assert_int_equal(rproc_set_firmware_fd(NULL, "fw", 0), -EINVAL);
	assert_int_equal(rproc_set_coredump_mode(NULL, RPROC_COREDUMP_ENABLED), -EINVAL);
	rproc_report_crash(NULL, RPROC_CRASH_WATCHDOG);
	rproc_put(NULL);
	rproc_free(NULL);
	assert_null(rproc_get_by_name(NULL, "dsp"));
	assert_null(rproc_get_by_name(rec->context, NULL));
	assert_null(rproc_get_by_index(NULL, 0));
	assert_null(rproc_get_by_phandle(NULL, 1));
	assert_null(rproc_get_next(NULL, -1));
	/* Before rproc_add() and after rproc_del() there is no worker. */
	assert_int_equal(rproc_boot(young->rproc), -ENODEV);
	assert_int_equal(rproc_del(young->rproc), -EINVAL);
	assert_int_equal(rproc_del(NULL), -EINVAL);
	assert_int_equal(rproc_add(rec->rproc), -EINVAL);
	assert_int_equal(rproc_add(NULL), -EINVAL);
	assert_int_equal(rproc_del(rec->rproc), 0);
	assert_int_equal(rproc_add(rec->rproc), -EINVAL);
	assert_int_equal(rproc_request(rec->rproc, RPROC_REQUEST_BOOT, NULL, NULL, NULL), -ENODEV);
	recorder_free(young);
	recorder_free(rec);
}

static void requests_are_carried_out_in_order(void **state)
{
	struct recorder *rec = open_plain(NULL);
	struct results results;
	struct ask asks[6];
	char name[16];
	int i;

	(void)state;
	results_init(&results);
	for (i = 0; i < 6; i++)
		asks[i] = (struct ask){ &results, i };
	recorder_block(rec, REC_START);
	assert_true(ask(rec, RPROC_REQUEST_BOOT, NULL, &asks[0]) > 0);
	recorder_wait_inside(rec, REC_START);
	assert_true(ask(rec, RPROC_REQUEST_DETACH, NULL, &asks[1]) > 0);
	assert_true(ask(rec, RPROC_REQUEST_SET_FIRMWARE, "x", &asks[2]) > 0);
	assert_true(ask(rec, RPROC_REQUEST_RELEASE, NULL, &asks[3]) > 0);
	assert_true(ask(rec, RPROC_REQUEST_SET_FIRMWARE, "y", &asks[4]) > 0);
	assert_true(ask(rec, RPROC_REQUEST_RECOVER, NULL, &asks[5]) > 0);
	assert_int_equal(results.count, 0);
	recorder_release(rec, REC_START);
	await_results(&results, 6);
	for (i = 0; i < 6; i++)
		assert_int_equal(results.order[i], i);
	assert_int_equal(results.result[0], 0);
	assert_int_equal(results.result[1], -EINVAL);
	assert_int_equal(results.result[2], -EBUSY);
	assert_int_equal(results.result[3], 0);
	assert_int_equal(results.result[4], 0);
	assert_int_equal(results.result[5], 0);
	rproc_firmware_name(rec->rproc, name, sizeof(name));
	assert_string_equal(name, "y");
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static void a_request_can_be_withdrawn_until_it_begins(void **state)
{
	struct recorder *rec = open_plain(NULL);
	struct results results;
	struct ask asks[3];
	int64_t ids[3];
	int i;

	(void)state;
	results_init(&results);
	for (i = 0; i < 3; i++)
		asks[i] = (struct ask){ &results, i };
	recorder_block(rec, REC_START);
	ids[0] = ask(rec, RPROC_REQUEST_BOOT, NULL, &asks[0]);
	recorder_wait_inside(rec, REC_START);
	ids[1] = ask(rec, RPROC_REQUEST_SHUTDOWN, NULL, &asks[1]);
	ids[2] = ask(rec, RPROC_REQUEST_BOOT, NULL, &asks[2]);
	assert_true(ids[0] > 0 && ids[1] > ids[0] && ids[2] > ids[1]);
	assert_int_equal(rproc_request_cancel(rec->rproc, ids[0]), -EBUSY);
	assert_int_equal(rproc_request_cancel(rec->rproc, ids[1]), 0);
	/* Its done has been called already, on this thread. */
	assert_int_equal(results.count, 1);
	assert_int_equal(results.order[0], 1);
	assert_int_equal(results.result[0], -EINTR);
	assert_int_equal(rproc_request_cancel(rec->rproc, ids[1]), -ENOENT);
	assert_int_equal(rproc_request_cancel(rec->rproc, ids[2] + 1), -ENOENT);
	recorder_release(rec, REC_START);
	await_results(&results, 3);
	assert_int_equal(results.result[1], 0);
	assert_int_equal(results.result[2], 0);
	recorder_settle(rec);
	assert_int_equal(rproc_request_cancel(rec->rproc, ids[0]), -ENOENT);
	recorder_expect_state(rec, RPROC_STATE_RUNNING, 2);
	recorder_free(rec);
}

static void *boot_in_thread(void *arg)
{
	struct recorder *rec = arg;

	return (void *)(intptr_t)rproc_boot(rec->rproc);
}

/* Calls that wait and crashes have no id: no number withdraws them. */
static void what_is_no_id_withdraws_nothing(void **state)
{
	struct recorder *rec = open_plain(NULL);
	pthread_t thread;
	void *result;

	(void)state;
	recorder_block(rec, REC_START);
	assert_true(rproc_request(rec->rproc, RPROC_REQUEST_BOOT, NULL, NULL, NULL) > 0);
	recorder_wait_inside(rec, REC_START);
	recorder_queue_crash(rec, RPROC_CRASH_WATCHDOG);
	assert_int_equal(pthread_create(&thread, NULL, boot_in_thread, rec), 0);
	assert_int_equal(rproc_request_cancel(rec->rproc, 0), -ENOENT);
	assert_int_equal(rproc_request_cancel(rec->rproc, -1), -ENOENT);
	assert_int_equal(rproc_request_cancel(NULL, 1), -EINVAL);
	recorder_release(rec, REC_START);
	pthread_join(thread, &result);
	assert_int_equal((intptr_t)result, 0);
	assert_int_equal(rproc_request_cancel(rec->rproc, 0), -ENOENT);
	recorder_free(rec);
}

static void ask_next(struct rproc *rproc, int result, void *data)
{
	struct ask *ask = data;
	int64_t id;

	assert_int_equal(result, 0);
	/* Not even a call that would return at once: the worker waits for nobody. */
	assert_int_equal(rproc_shutdown(rproc), -EDEADLK);
	assert_int_equal(rproc_del(rproc), -EDEADLK);
	id = rproc_request(rproc, RPROC_REQUEST_SHUTDOWN, NULL, on_done, ask);
	assert_true(id > 0);
}

static void a_done_callback_may_ask_for_the_next_thing(void **state)
{
	struct recorder *rec = open_plain(NULL);
	struct results results;
	struct ask ask = { &results, 1 };

	(void)state;
	results_init(&results);
	assert_true(rproc_request(rec->rproc, RPROC_REQUEST_BOOT, NULL, ask_next, &ask) > 0);
	await_results(&results, 1);
	assert_int_equal(results.result[0], 0);
	recorder_settle(rec);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

/* ---- from an op ---------------------------------------------------------------------------- */

static int ask_from_op(struct recorder *rec, enum recorder_op op)
{
	if (op == REC_LOAD || op == REC_STOP || op == REC_A_START || op == REC_ALLOC) {
		assert_int_equal(rproc_boot(rec->rproc), -EDEADLK);
		assert_int_equal(rproc_shutdown(rec->rproc), -EDEADLK);
		assert_int_equal(rproc_detach(rec->rproc), -EDEADLK);
		assert_int_equal(rproc_trigger_recovery(rec->rproc), -EDEADLK);
		assert_int_equal(rproc_set_firmware(rec->rproc, "x"), -EDEADLK);
		assert_int_equal(rproc_del(rec->rproc), -EDEADLK);
	}
	return 0;
}

static void an_op_that_asks_its_own_processor_gets_edeadlk(void **state)
{
	struct fixture_image image = core_image_full();
	struct recorder *rec = recorder_new(NULL);

	(void)state;
	recorder_use_image(rec, &image);
	rec->hook = ask_from_op;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_free(rec);
}

static int boot_the_other(struct recorder *rec, enum recorder_op op)
{
	struct recorder *other = rec->hook_data;

	return op == REC_START	? rproc_boot(other->rproc)
	       : op == REC_STOP ? rproc_shutdown(other->rproc)
				: 0;
}

static void an_op_may_ask_another_processor(void **state)
{
	struct recorder *rec = open_plain(NULL);
	const struct recorder_options options = { .context = rec->context, .name = "power" };
	struct recorder *other = open_plain(&options);

	(void)state;
	rec->hook = boot_the_other;
	rec->hook_data = other;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_expect_state(other, RPROC_STATE_RUNNING, 1);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	recorder_expect_state(other, RPROC_STATE_OFFLINE, 0);
	recorder_free(other);
	recorder_free(rec);
}

static int crash_in_start(struct recorder *rec, enum recorder_op op)
{
	if (op == REC_START && recorder_calls(rec, REC_START) == 0)
		rproc_report_crash(rec->rproc, RPROC_CRASH_FATAL_ERROR);
	return 0;
}

static void a_crash_reported_during_the_boot_is_handled_after_it(void **state)
{
	struct recorder *rec = open_plain(NULL);

	(void)state;
	rec->hook = crash_in_start;
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_wait_state(rec, RPROC_STATE_RUNNING);
	recorder_wait_state(rec, RPROC_STATE_CRASHED);
	recorder_wait_state(rec, RPROC_STATE_RUNNING);
	recorder_free(rec);
}

/* ---- removal ------------------------------------------------------------------------------- */

static void *delete_in_thread(void *arg)
{
	struct recorder *rec = arg;

	return (void *)(intptr_t)rproc_del(rec->rproc);
}

static void removal_during_a_boot_waits_for_it_and_stops_what_came_of_it(void **state)
{
	struct recorder *rec = open_plain(NULL);
	struct results results;
	struct ask asks[2] = { { &results, 0 }, { &results, 1 } };
	pthread_t thread;
	void *result;

	(void)state;
	results_init(&results);
	recorder_block(rec, REC_START);
	assert_true(ask(rec, RPROC_REQUEST_BOOT, NULL, &asks[0]) > 0);
	recorder_wait_inside(rec, REC_START);
	assert_int_equal(pthread_create(&thread, NULL, delete_in_thread, rec), 0);
	/* Whether it is queued before or after the removal: it does not boot again. */
	ask(rec, RPROC_REQUEST_BOOT, NULL, &asks[1]);
	recorder_release(rec, REC_START);
	pthread_join(thread, &result);
	assert_int_equal((intptr_t)result, 0);
	assert_int_equal(results.result[0], 0);
	assert_int_equal(rproc_state(rec->rproc), RPROC_STATE_OFFLINE);
	assert_int_equal(recorder_calls(rec, REC_START), 1);
	assert_int_equal(recorder_calls(rec, REC_STOP), 1);
	recorder_free(rec);
}

static void a_reference_outlives_the_processor_it_names(void **state)
{
	struct recorder *rec = open_plain(NULL);
	struct rproc *found = rproc_get_by_index(rec->context, 0);
	struct rproc *again = rproc_get(found);
	struct rproc_counters counters;
	void *table;
	size_t size;

	(void)state;
	assert_ptr_equal(found, rec->rproc);
	assert_int_equal(rproc_del(rec->rproc), 0);
	rproc_free(rec->rproc);
	rec->rproc = NULL;
	assert_string_equal(rproc_name(found), "dsp");
	assert_int_equal(rproc_index(found), 0);
	assert_int_equal(rproc_boot(found), -ENODEV);
	assert_int_equal(rproc_get_table(found, &table, &size), -ENOENT);
	rproc_counters(found, &counters);
	rproc_report_crash(found, RPROC_CRASH_WATCHDOG);
	recorder_expect_no_line(rec, "<6> releasing dsp");
	rproc_put(found);
	recorder_expect_no_line(rec, "<6> releasing dsp");
	rproc_put(again);
	recorder_expect_line(rec, "<6> releasing dsp");
	recorder_free(rec);
}

/* ---- readers never wait -------------------------------------------------------------------- */

static void everything_that_reads_answers_during_a_slow_stop(void **state)
{
	struct fixture_image image = core_image_full();
	struct recorder *rec = recorder_new(NULL);
	struct rproc_carveout_info *carveouts;
	struct rproc_trace_info *traces;
	struct rproc_vdev_info *vdevs;
	struct rproc_counters counters;
	size_t count;
	char text[64];
	void *table;

	(void)state;
	recorder_use_image(rec, &image);
	assert_int_equal(rproc_boot(rec->rproc), 0);
	recorder_block(rec, REC_STOP);
	assert_true(rproc_request(rec->rproc, RPROC_REQUEST_SHUTDOWN, NULL, NULL, NULL) > 0);
	recorder_wait_inside(rec, REC_STOP);
	assert_int_equal(rproc_state(rec->rproc), RPROC_STATE_RUNNING);
	rproc_counters(rec->rproc, &counters);
	assert_int_equal(rproc_get_table(rec->rproc, &table, &count), 0);
	free(table);
	assert_int_equal(rproc_get_carveouts(rec->rproc, &carveouts, &count), 0);
	free(carveouts);
	assert_int_equal(rproc_get_traces(rec->rproc, &traces, &count), 0);
	free(traces);
	assert_int_equal(rproc_get_vdevs(rec->rproc, &vdevs, &count), 0);
	free(vdevs);
	assert_int_equal(rproc_trace_read(rec->rproc, 0, text, sizeof(text), 0), 0);
	rproc_firmware_name(rec->rproc, text, sizeof(text));
	assert_string_equal(text, "fw.elf");
	rproc_last_error(rec->rproc, text, sizeof(text));
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, RPROC_COREDUMP_ENABLED), 0);
	rproc_set_recovery(rec->rproc, false);
	assert_non_null(rproc_da_to_va(rec->rproc, RECORDER_RAM, 1, NULL));
	/* Still in there: nothing of this waited for it. */
	assert_int_equal(rproc_state(rec->rproc), RPROC_STATE_RUNNING);
	recorder_release(rec, REC_STOP);
	recorder_settle(rec);
	recorder_expect_state(rec, RPROC_STATE_OFFLINE, 0);
	recorder_free(rec);
}

static atomic_int started_by, stopped_by;

static int keep_thread(struct recorder *rec, enum recorder_op op)
{
	(void)rec;
	if (op == REC_START)
		atomic_store(&started_by, (int)syscall(SYS_gettid));
	else if (op == REC_STOP)
		atomic_store(&stopped_by, (int)syscall(SYS_gettid));
	return 0;
}

static unsigned int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Tries many times: on a busy machine the moment may pass between any two calls. */
static void a_thread_stays_for_a_moment_and_no_longer(void **state)
{
	struct recorder *rec = open_plain(NULL);
	unsigned int before = count_threads();
	time_t end = time(NULL) + RECORDER_WAIT_S;
	bool same = false;

	(void)state;
	rec->hook = keep_thread;
	while (!same && time(NULL) <= end) {
		assert_int_equal(rproc_boot(rec->rproc), 0);
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
		same = atomic_load(&started_by) == atomic_load(&stopped_by);
	}
	assert_true(same);
	while (count_threads() != before && time(NULL) <= end)
		sched_yield();
	assert_int_equal(count_threads(), before);
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(what_is_no_id_withdraws_nothing),
		cmocka_unit_test(an_op_that_asks_its_own_processor_gets_edeadlk),
		cmocka_unit_test(requests_are_carried_out_in_order),
		cmocka_unit_test(a_request_can_be_withdrawn_until_it_begins),
		cmocka_unit_test(a_done_callback_may_ask_for_the_next_thing),
		cmocka_unit_test(an_op_may_ask_another_processor),
		cmocka_unit_test(a_crash_reported_during_the_boot_is_handled_after_it),
		cmocka_unit_test(removal_during_a_boot_waits_for_it_and_stops_what_came_of_it),
		cmocka_unit_test(a_reference_outlives_the_processor_it_names),
		cmocka_unit_test(everything_that_reads_answers_during_a_slow_stop),
		cmocka_unit_test(a_thread_stays_for_a_moment_and_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
