/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A board when memory runs out: the Nth allocation of bringing it up fails, for
 * every N until none does. After each nothing may be left (the leak checker
 * watches), and the same board must come up at the next try.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "plain_driver.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
char *__wrap_strdup(const char *text);

/* Of this thread, which is the one that brings boards up; -1: never fail. */
static _Thread_local long until_failure = -1;

static int fails_now(void)
{
	if (until_failure < 0)
		return 0;
	return until_failure-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

char *__wrap_strdup(const char *text)
{
	return fails_now() ? NULL : __real_strdup(text);
}

static const char *const compatibles[] = { "acme,core", "librproc,host", NULL };
static const struct rproc_plugin plugin = { RPROC_PLUGIN_INIT, .name = "memory",
					    .compatibles = compatibles, .probe = plain_probe,
					    .remove = plain_remove };

static int count(struct rproc_context *context)
{
	struct rproc *rproc;
	int index = -1, found = 0;

	while ((rproc = rproc_get_next(context, index))) {
		index = rproc_index(rproc);
		rproc_put(rproc);
		found++;
	}
	return found;
}

/* False once the @nth allocation was not reached any more. */
static bool bring_up_failing(long nth)
{
	struct rproc_context *context;
	char story[256];
	bool failed;
	int ret, up;

	assert_int_equal(rproc_context_new(NULL, &context), 0);
	until_failure = nth;
	ret = rproc_context_add_plugin(context, &plugin);
	if (ret)
		assert_int_equal(ret, -ENOMEM);
	else
		ret = rproc_context_add_board_file(context, BOARD_DIR "/tree.dtb", false);
	failed = until_failure < 0;
	until_failure = -1;
	up = count(context);
	if (failed) {
		/* what could come up has; what could not is said */
		assert_int_equal(ret, up ? up : -ENOMEM);
		assert_true(rproc_context_last_error(context, story, sizeof(story)) > 0 || !up);
		assert_true(up < 2);
		ret = rproc_context_add_plugin(context, &plugin);
		assert_true(!ret || ret == -EEXIST);
		ret = rproc_context_add_board_file(context, BOARD_DIR "/tree.dtb", false);
		assert_int_equal(ret, 2 - up);
		up = count(context);
	}
	assert_int_equal(up, 2);
	rproc_context_free(context);
	return failed;
}

static void every_allocation_may_fail(void **state)
{
	long nth = 0;

	(void)state;
	while (bring_up_failing(nth))
		nth++;
	/* a board, its index, names, two devices and their strings, two processors */
	assert_true(nth > 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation_may_fail) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
