/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs a scenario for the first allocation, the second, and so on. After each: an
 * errno that makes sense, and nothing left over of what was allocated meanwhile.
 */
#include "oom_scenario.h"

#include <errno.h>
#include "oom.h"

#define FAR 100000 /* more allocations than anything here makes */

static bool makes_sense(int result)
{
	return !result || result == -ENOMEM || result == -EAGAIN;
}

/* Fail allocation @n of the scenario. Returns how many failed: 0 means there is none. */
static long run_once(const struct oom_scenario *scenario, long n, enum oom_mode mode)
{
	struct recorder *rec = scenario->setup();
	long failures, live;
	int result;

	recorder_rest(rec);
	oom_arm(n, mode);
	result = scenario->act(rec);
	failures = oom_disarm();
	if (!makes_sense(result) || (!failures && result))
		print_error("%s, allocation %ld: result %d\n", scenario->name, n, result);
	assert_true(makes_sense(result));
	assert_true(failures || !result);
	scenario->check(rec, result);
	recorder_free(rec);
	live = oom_live();
	if (live)
		print_error("%s, allocation %ld: %ld blocks left\n", scenario->name, n, live);
	assert_int_equal(live, 0);
	return failures;
}

void oom_run(const struct oom_scenario *scenario)
{
	enum oom_mode mode;
	long n;

	for (mode = OOM_ONCE; mode <= OOM_ALWAYS; mode++) {
		for (n = 1; run_once(scenario, n, mode); n++)
			assert_true(n < FAR);
		print_message("         %s: %ld allocations%s\n", scenario->name, n - 1,
			      mode == OOM_ALWAYS ? ", failing from there on" : "");
		assert_true(n > 1);
	}
}

void oom_test(void **state)
{
	oom_run(*state);
}
