/* SPDX-License-Identifier: BSD-3-Clause */
/* The query language of dynamic debug: what is taken, what is refused, what it matches. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "debug_query.h"

static const struct debug_query_line boot = { .file = "drivers/remoteproc/remoteproc_core.c",
					      .module = "remoteproc",
					      .function = "rproc_boot",
					      .format = "booting %s: \"now\"",
					      .line = 17 };

static char buf[DEBUG_QUERY_MAX + 1];
static char *rest;

/* The first query of @text. */
static int parse(const char *text, struct debug_query *query)
{
	assert_true(strlen(text) < sizeof(buf));
	strcpy(buf, text);
	rest = buf;
	return debug_query_next(&rest, query);
}

static void junk_is_refused(void **state)
{
	static const char *const wrong[] = {
		"junk",
		"p",
		"+x",
		"+p+p",
		"file",
		"file a.c",
		"file a.c p",
		"+p file a.c",
		"nosuch a +p",
		"file a.c file b.c +p",
		"func a func b +p",
		"module a module b +p",
		"format a format b +p",
		"line 1 line 2 +p",
		"line x +p",
		"line 1-x +p",
		"line 9-7 +p",
		"line 1-2-3 +p",
		"line 99999999999 +p",
		"line +p",
		"line \"\" +p",
		"file a.c:7 line 7 +p",
		"file a.c:f func g +p",
		"file a.c:_f +p",
		"file \"a.c +p",
		"file 'a.c +p",
		"file a.c func b line 1 module c format d class e +p",
		"file a.c FUNC b +p",
		"file a.c == +p",
		"FILE a.c +p",
		"file a.c +P",
	};
	struct debug_query query;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (parse(wrong[i], &query) != -EINVAL)
			fail_msg("taken: %s", wrong[i]);
	}
}

static void flags_say_what_becomes_of_a_line(void **state)
{
	static const struct {
		const char *text;
		unsigned int before, after;
	} all[] = {
		{ "+p", 0, 1 },	 { "+p", 2, 3 },       { "-p", 3, 2 },	   { "=p", 62, 1 },
		{ "=_", 63, 0 }, { "+_", 5, 5 },       { "-_", 5, 5 },	   { "=", 5, 0 },
		{ "-", 5, 5 },	 { "+pmfslt", 0, 63 }, { "-mflt", 63, 9 }, { "+ppp", 0, 1 },
		{ "=pd", 2, 1 },
	};
	struct debug_query query;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(parse(all[i].text, &query), 1);
		assert_int_equal(debug_query_apply(&query, all[i].before), all[i].after);
		assert_true(debug_query_matches(&query, &boot));
	}
}

static void a_query_names_lines(void **state)
{
	static const char *const right[] = {
		"file remoteproc_core.c +p",
		"file remoteproc*.c +p",
		"file *remoteproc/* +p",
		"file drivers/remoteproc/remoteproc_core.c +p",
		"file remoteproc_????.c +p",
		"module remoteproc +p",
		"module rem* =p",
		"func rproc_boot +p",
		"func *boot* +p",
		"line 17 +p",
		"line 1-17 +p",
		"line 17- +p",
		"line -17 +p",
		"line - +p",
		"format booting +p",
		"format ^booting +p",
		"format '%s: \\\"now' +p",
		"format 'oting %s' +p",
		"format \\142ooting +p",
		"file remoteproc_core.c:17 +p",
		"file remoteproc_core.c:10-20 +p",
		"file remoteproc_core.c:rproc_* +p",
		"file \"remoteproc_core.c\" +p",
		"module remoteproc file *core.c func *boot line 17 +p",
		"   file\tremoteproc_core.c   +p  # all of it",
		"  +p",
	};
	static const char *const others[] = {
		"file core.c +p",
		"file remoteproc +p",
		"file remoteproc_core.[ch] +p",
		"module remote +p",
		"func rproc +p",
		"func ?rproc_boot +p",
		"line 16 +p",
		"line 18- +p",
		"line -16 +p",
		"format ^ooting +p",
		"format nosuch +p",
		"class any +p",
		"module remoteproc func nosuch +p",
		"file remoteproc_core.c:18 +p",
		"file \"\" +p",
	};
	struct debug_query query;

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		if (parse(right[i], &query) != 1 || !debug_query_matches(&query, &boot))
			fail_msg("does not match: %s", right[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (parse(others[i], &query) != 1 || debug_query_matches(&query, &boot))
			fail_msg("matches: %s", others[i]);
}

static void several_queries_stand_in_one_text(void **state)
{
	struct debug_query query;

	(void)state;
	assert_int_equal(parse("\n  ;# nothing\nfunc a +p; func b -p\n;junk\nfunc c =_", &query),
			 1);
	assert_string_equal(query.function, "a");
	assert_int_equal(debug_query_next(&rest, &query), 1);
	assert_string_equal(query.function, "b");
	assert_int_equal(query.op, '-');
	assert_int_equal(debug_query_next(&rest, &query), -EINVAL);
	assert_int_equal(debug_query_next(&rest, &query), 1);
	assert_string_equal(query.function, "c");
	assert_int_equal(debug_query_next(&rest, &query), 0);
	assert_int_equal(debug_query_next(&rest, &query), 0);
	assert_int_equal(parse("", &query), 0);
	assert_int_equal(parse(" \n;;\n# x +p", &query), 0);
}

/* Of every text that is taken, cut at every byte: no more is read, and it comes to an end. */
static void texts_may_end_anywhere(void **state)
{
	static const char text[] =
		"file \"a b.c:f\" line 1-2 format '\\101\\n' +pmf # x\nfunc *? =_;";
	struct debug_query query;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *copy = strndup(text, len);
		char *at = copy;

		assert_non_null(copy);
		for (int i = 0; debug_query_next(&at, &query) && i < 10; i++)
			debug_query_matches(&query, &boot);
		assert_ptr_equal(at, copy + len);
		free(copy);
	}
}

static void wildcards_take_no_long_time(void **state)
{
	struct debug_query_line line = boot;
	struct debug_query query;
	char pattern[2001], text[2001];

	(void)state;
	for (size_t i = 0; i < 2000; i += 2)
		memcpy(pattern + i, "*a", 2);
	memset(text, 'a', 2000);
	text[2000] = pattern[2000] = '\0';
	text[1999] = 'b';
	line.function = text;
	query = (struct debug_query){ .function = pattern };
	assert_false(debug_query_matches(&query, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(junk_is_refused),
		cmocka_unit_test(flags_say_what_becomes_of_a_line),
		cmocka_unit_test(a_query_names_lines),
		cmocka_unit_test(several_queries_stand_in_one_text),
		cmocka_unit_test(texts_may_end_anywhere),
		cmocka_unit_test(wildcards_take_no_long_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
