/* SPDX-License-Identifier: BSD-3-Clause */
/* What the command-line tool takes for new in a trace: appended, wrapped, restarted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "trace_view.h"

#define CAPACITY 12

/* The text that is new in @now, or "!" and all of it after a restart. */
static const char *news(struct trace_view *view, const char *now)
{
	static char text[256];
	struct trace_news found;

	assert_int_equal(trace_view_update(view, now, strlen(now), CAPACITY, &found), 0);
	snprintf(text, sizeof(text), "%s%.*s%.*s", found.restarted ? "!" : "",
		 (int)found.piece[0].len, now + found.piece[0].start, (int)found.piece[1].len,
		 now + found.piece[1].start);
	return text;
}

static void text_that_does_not_change_is_no_news(void **state)
{
	struct trace_view view = { 0 };

	(void)state;
	assert_string_equal(news(&view, ""), "");
	assert_string_equal(news(&view, "one"), "one");
	assert_string_equal(news(&view, "one"), "");
	trace_view_fini(&view);
}

static void appended_text_is_given_once(void **state)
{
	struct trace_view view = { 0 };

	(void)state;
	assert_string_equal(news(&view, "one\n"), "one\n");
	assert_string_equal(news(&view, "one\ntwo\n"), "two\n");
	assert_string_equal(news(&view, "one\ntwo\nthree\n"), "three\n");
	trace_view_fini(&view);
}

static void a_shorter_text_is_a_new_beginning(void **state)
{
	struct trace_view view = { 0 };

	(void)state;
	news(&view, "hello\nworking\n");
	assert_string_equal(news(&view, "hello\n"), "!hello\n");
	assert_string_equal(news(&view, "hello\nworking\n"), "working\n");
	assert_string_equal(news(&view, ""), "!");
	trace_view_fini(&view);
}

static void a_longer_text_that_differs_is_repeated_rather_than_lost(void **state)
{
	struct trace_view view = { 0 };

	(void)state;
	news(&view, "boot 1\nok\n");
	assert_string_equal(news(&view, "boot 2\nok\nand more\n"), "!boot 2\nok\nand more\n");
	trace_view_fini(&view);
}

static void a_text_of_the_same_length_is_a_ring_only_in_a_full_buffer(void **state)
{
	struct trace_view view = { 0 };

	(void)state;
	news(&view, "boot 1\n");
	assert_string_equal(news(&view, "boot 2\n"), "!boot 2\n");
	trace_view_fini(&view);
}

static void a_full_buffer_is_followed_round_the_ring(void **state)
{
	struct trace_view view = { 0 };

	(void)state;
	assert_string_equal(news(&view, "aaaabbbbcccc"), "aaaabbbbcccc");
	assert_string_equal(news(&view, "dddabbbbcccc"), "ddd");
	assert_string_equal(news(&view, "dddEEEbbcccc"), "EEE");
	assert_string_equal(news(&view, "dddEEEbbcccc"), "");
	/* To the end and round again between two looks: both pieces, in order. */
	assert_string_equal(news(&view, "12dEEE345678"), "34567812");
	assert_string_equal(news(&view, "129EEE345678"), "9");
	trace_view_fini(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_that_does_not_change_is_no_news),
		cmocka_unit_test(appended_text_is_given_once),
		cmocka_unit_test(a_shorter_text_is_a_new_beginning),
		cmocka_unit_test(a_longer_text_that_differs_is_repeated_rather_than_lost),
		cmocka_unit_test(a_text_of_the_same_length_is_a_ring_only_in_a_full_buffer),
		cmocka_unit_test(a_full_buffer_is_followed_round_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
