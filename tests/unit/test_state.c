/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every state with every call: what is answered, the state and the power count
 * afterwards, typed from the specification's table. Each row starts from a
 * processor of its own. And the words for states and modes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core_images.h"
#include "core/internal.h"
#include "recorder.h"

/* How a processor got where it is. */
enum start {
	OFFLINE,
	RUNNING,
	RUNNING_TWICE, /* booted twice */
	CRASHED,
	CRASHED_TWICE,
	ATTACHED,
	ATTACHED_TWICE,
	DETACHED,
	DELETED
};

static const char *const start_names[] = { "offline",	     "running",	      "running twice",
					   "crashed",	     "crashed twice", "attached",
					   "attached twice", "detached",      "deleted" };

enum call {
	BOOT,
	SHUTDOWN,
	DETACH,
	RECOVER,
	SET_FIRMWARE,
	SET_COREDUMP,
	REPORT_CRASH,
	RELEASE,
	DEL,
	CALLS
};

static const char *const call_names[] = { "boot",	  "shutdown",	  "detach",
					  "recover",	  "set_firmware", "set_coredump_mode",
					  "report_crash", "release",	  "del" };

struct row {
	enum start start;
	struct {
		int result;
		enum rproc_state state;
		int power;
	} after[CALLS];
};

#define OFF RPROC_STATE_OFFLINE
#define RUN RPROC_STATE_RUNNING
#define CRA RPROC_STATE_CRASHED
#define ATT RPROC_STATE_ATTACHED
#define DET RPROC_STATE_DETACHED

/*
 * Recovery is disabled, so that a crash stays one. Columns: boot, shutdown, detach,
 * recover, set_firmware, set_coredump_mode, report_crash, release, del.
 */
static const struct row matrix[] = {
	{ OFFLINE,
	  { { 0, RUN, 1 },
	    { -EINVAL, OFF, 0 },
	    { -EINVAL, OFF, 0 },
	    { 0, OFF, 0 },
	    { 0, OFF, 0 },
	    { 0, OFF, 0 },
	    { 0, OFF, 0 },
	    { 0, OFF, 0 },
	    { 0, OFF, 0 } } },
	{ RUNNING,
	  { { 0, RUN, 2 },
	    { 0, OFF, 0 },
	    { -EINVAL, RUN, 1 },
	    { 0, RUN, 1 },
	    { -EBUSY, RUN, 1 },
	    { 0, RUN, 1 },
	    { 0, CRA, 1 },
	    { 0, OFF, 0 },
	    { 0, OFF, 0 } } },
	{ RUNNING_TWICE,
	  { { 0, RUN, 3 },
	    { 0, RUN, 1 },
	    { -EINVAL, RUN, 2 },
	    { 0, RUN, 2 },
	    { -EBUSY, RUN, 2 },
	    { 0, RUN, 2 },
	    { 0, CRA, 2 },
	    { 0, RUN, 1 },
	    { 0, OFF, 0 } } },
	{ CRASHED,
	  { { 0, CRA, 2 },
	    { 0, OFF, 0 },
	    { -EINVAL, CRA, 1 },
	    { 0, RUN, 1 },
	    { -EBUSY, CRA, 1 },
	    { -EBUSY, CRA, 1 },
	    { 0, CRA, 1 },
	    { 0, CRA, 1 },
	    { 0, OFF, 0 } } },
	{ CRASHED_TWICE,
	  { { 0, CRA, 3 },
	    { 0, CRA, 1 },
	    { -EINVAL, CRA, 2 },
	    { 0, RUN, 2 },
	    { -EBUSY, CRA, 2 },
	    { -EBUSY, CRA, 2 },
	    { 0, CRA, 2 },
	    { 0, CRA, 2 },
	    { 0, OFF, 0 } } },
	{ ATTACHED,
	  { { 0, ATT, 2 },
	    { 0, OFF, 0 },
	    { 0, DET, 0 },
	    { 0, ATT, 1 },
	    { -EBUSY, ATT, 1 },
	    { 0, ATT, 1 },
	    { 0, CRA, 1 },
	    { 0, DET, 0 },
	    { 0, OFF, 0 } } },
	{ ATTACHED_TWICE,
	  { { 0, ATT, 3 },
	    { 0, ATT, 1 },
	    { 0, ATT, 1 },
	    { 0, ATT, 2 },
	    { -EBUSY, ATT, 2 },
	    { 0, ATT, 2 },
	    { 0, CRA, 2 },
	    { 0, ATT, 1 },
	    { 0, OFF, 0 } } },
	{ DETACHED,
	  { { 0, ATT, 1 },
	    { -EINVAL, DET, 0 },
	    { -EINVAL, DET, 0 },
	    { 0, DET, 0 },
	    { -EBUSY, DET, 0 },
	    { 0, DET, 0 },
	    { 0, CRA, 0 },
	    { 0, DET, 0 },
	    { 0, DET, 0 } } },
	{ DELETED,
	  { { -ENODEV, OFF, 0 },
	    { -ENODEV, OFF, 0 },
	    { -ENODEV, OFF, 0 },
	    { -ENODEV, OFF, 0 },
	    { -ENODEV, OFF, 0 },
	    { 0, OFF, 0 },
	    { 0, OFF, 0 },
	    { -ENODEV, OFF, 0 },
	    { -EINVAL, OFF, 0 } } },
};

static struct recorder *bring_to(enum start start)
{
	const struct recorder_options options = {
		.detached = start == ATTACHED || start == ATTACHED_TWICE || start == DETACHED,
	};
	struct fixture_image image = core_image_plain();
	struct recorder *rec = recorder_new(&options);

	rproc_set_recovery(rec->rproc, false);
	if (!options.detached)
		recorder_use_image(rec, &image);
	fixture_image_free(&image);
	if (start != OFFLINE && start != DETACHED && start != DELETED)
		assert_int_equal(rproc_boot(rec->rproc), 0);
	if (start == RUNNING_TWICE || start == CRASHED_TWICE || start == ATTACHED_TWICE)
		assert_int_equal(rproc_boot(rec->rproc), 0);
	if (start == CRASHED || start == CRASHED_TWICE)
		recorder_crash(rec, RPROC_CRASH_FATAL_ERROR);
	if (start == DELETED)
		assert_int_equal(rproc_del(rec->rproc), 0);
	return rec;
}

static void keep_result(struct rproc *rproc, int result, void *data)
{
	(void)rproc;
	*(int *)data = result;
}

static int release(struct recorder *rec)
{
	int result = 1;
	int64_t id = rproc_request(rec->rproc, RPROC_REQUEST_RELEASE, NULL, keep_result, &result);

	if (id < 0)
		return (int)id;
	recorder_settle(rec);
	return result;
}

static int do_call(struct recorder *rec, enum call call)
{
	switch (call) {
	case BOOT:
		return rproc_boot(rec->rproc);
	case SHUTDOWN:
		return rproc_shutdown(rec->rproc);
	case DETACH:
		return rproc_detach(rec->rproc);
	case RECOVER:
		return rproc_trigger_recovery(rec->rproc);
	case SET_FIRMWARE:
		return rproc_set_firmware(rec->rproc, "other");
	case SET_COREDUMP:
		return rproc_set_coredump_mode(rec->rproc, RPROC_COREDUMP_ENABLED);
	case REPORT_CRASH:
		recorder_crash(rec, RPROC_CRASH_FATAL_ERROR);
		return 0;
	case RELEASE:
		return release(rec);
	default:
		return rproc_del(rec->rproc);
	}
}

static void every_call_in_every_state_answers_as_the_kernel_does(void **state)
{
	size_t row;
	int call;

	(void)state;
	for (row = 0; row < sizeof(matrix) / sizeof(matrix[0]); row++) {
		for (call = 0; call < CALLS; call++) {
			struct recorder *rec = bring_to(matrix[row].start);
			struct rproc_counters counters;
			int result = do_call(rec, (enum call)call);

			rproc_counters(rec->rproc, &counters);
			if (result != matrix[row].after[call].result ||
			    rproc_state(rec->rproc) != matrix[row].after[call].state ||
			    counters.power != matrix[row].after[call].power)
				print_error("%s + %s: result %d, %s, power %d\n",
					    start_names[matrix[row].start], call_names[call],
					    result, rproc_state_name(rproc_state(rec->rproc)),
					    counters.power);
			assert_int_equal(result, matrix[row].after[call].result);
			assert_int_equal(rproc_state(rec->rproc), matrix[row].after[call].state);
			assert_int_equal(counters.power, matrix[row].after[call].power);
			recorder_free(rec);
		}
	}
}

static void as_many_stops_as_boots_are_needed(void **state)
{
	struct recorder *rec = bring_to(OFFLINE);
	int i;

	(void)state;
	for (i = 1; i <= 5; i++) {
		assert_int_equal(rproc_boot(rec->rproc), 0);
		recorder_expect_state(rec, RPROC_STATE_RUNNING, i);
	}
	assert_int_equal(recorder_calls(rec, REC_START), 1);
	for (i = 4; i >= 1; i--) {
		assert_int_equal(rproc_shutdown(rec->rproc), 0);
		recorder_expect_state(rec, RPROC_STATE_RUNNING, i);
	}
	assert_int_equal(recorder_calls(rec, REC_STOP), 0);
	assert_int_equal(rproc_shutdown(rec->rproc), 0);
	assert_int_equal(recorder_calls(rec, REC_STOP), 1);
	assert_int_equal(rproc_shutdown(rec->rproc), -EINVAL);
	recorder_free(rec);
}

static void refusals_say_which_state_is_in_the_way(void **state)
{
	struct recorder *rec = bring_to(OFFLINE);

	(void)state;
	assert_int_equal(rproc_shutdown(rec->rproc), -EINVAL);
	recorder_expect_story(rec, "dsp is offline");
	assert_int_equal(rproc_boot(rec->rproc), 0);
	assert_int_equal(rproc_detach(rec->rproc), -EINVAL);
	recorder_expect_story(rec, "dsp is running");
	recorder_forget(rec);
	assert_int_equal(rproc_set_firmware(rec->rproc, "x"), -EBUSY);
	recorder_expect(rec, "<3> [platform dsp] can't change firmware while running\n");
	recorder_crash(rec, RPROC_CRASH_WATCHDOG);
	recorder_forget(rec);
	assert_int_equal(rproc_set_coredump_mode(rec->rproc, RPROC_COREDUMP_INLINE), -EBUSY);
	recorder_expect(rec, "<3> can't change coredump configuration\n");
	recorder_free(rec);
}

static void a_deleted_processor_says_so(void **state)
{
	struct recorder *rec = bring_to(RUNNING);

	(void)state;
	assert_int_equal(rproc_del(rec->rproc), 0);
	assert_null(rproc_get_by_index(rec->context, 0));
	assert_null(rproc_get_by_name(rec->context, "dsp"));
	assert_null(rproc_get_next(rec->context, -1));
	recorder_free(rec);
}

/* ---- pure -------------------------------------------------------------------------------- */

static void names_are_the_kernels_and_anything_else_is_invalid(void **state)
{
	static const char *const names[] = { "offline", "suspended", "running",
					     "crashed", "attached",  "detached" };
	int i;

	(void)state;
	for (i = 0; i < RPROC_STATE_LAST; i++)
		assert_string_equal(rproc_state_name((enum rproc_state)i), names[i]);
	assert_string_equal(rproc_state_name(RPROC_STATE_LAST), "invalid");
	assert_string_equal(rproc_state_name((enum rproc_state)1000), "invalid");
	assert_string_equal(rproc_state_name((enum rproc_state) - 1), "invalid");
	assert_string_equal(rproc_coredump_mode_name(RPROC_COREDUMP_DISABLED), "disabled");
	assert_string_equal(rproc_coredump_mode_name(RPROC_COREDUMP_ENABLED), "enabled");
	assert_string_equal(rproc_coredump_mode_name(RPROC_COREDUMP_INLINE), "inline");
}

static void the_table_of_states_knows_every_pair(void **state)
{
	int from;

	(void)state;
	for (from = 0; from <= RPROC_STATE_LAST; from++) {
		enum rproc_state at = (enum rproc_state)from;
		bool stoppable = at == RUN || at == CRA || at == ATT;

		assert_int_equal(rproc_state_allows(at, RPROC_CALL_BOOT, false), 0);
		assert_int_equal(rproc_state_allows(at, RPROC_CALL_SHUTDOWN, false),
				 stoppable ? 0 : -EINVAL);
		assert_int_equal(rproc_state_allows(at, RPROC_CALL_DETACH, false),
				 at == ATT ? 0 : -EINVAL);
		assert_int_equal(rproc_state_allows(at, RPROC_CALL_DETACH, true),
				 at == ATT || at == RUN ? 0 : -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_in_every_state_answers_as_the_kernel_does),
		cmocka_unit_test(refusals_say_which_state_is_in_the_way),
		cmocka_unit_test(a_deleted_processor_says_so),
		cmocka_unit_test(as_many_stops_as_boots_are_needed),
		cmocka_unit_test(names_are_the_kernels_and_anything_else_is_invalid),
		cmocka_unit_test(the_table_of_states_knows_every_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
