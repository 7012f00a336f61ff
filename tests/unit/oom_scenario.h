/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Something a program can ask, done again and again with another allocation
 * failing each time, until none is left that could.
 */
#ifndef OOM_SCENARIO_H
#define OOM_SCENARIO_H

#include "recorder.h"

/*
 * One thing to ask. @setup and @check run with all the memory there is; @act runs
 * while it fails and answers 0 or an error; @check sees its answer, and proves that
 * the thing works now; what @setup made is freed by recorder_free().
 */
struct oom_scenario {
	const char *name;
	struct recorder *(*setup)(void);
	int (*act)(struct recorder *rec);
	void (*check)(struct recorder *rec, int result);
};

/* Each allocation fails once alone, and once with all that follow it. */
void oom_run(const struct oom_scenario *scenario);

/* A row of a cmocka table: the test is oom_run() of that scenario, and has its name. */
#define OOM_TEST(scenario)                                      \
	{                                                       \
		.name = (scenario).name, .test_func = oom_test, \
		.initial_state = (void *)&(scenario)            \
	}
void oom_test(void **state);

#endif
