/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input grammars against tables of what Linux answers: rows recorded from a
 * running kernel, and every boundary around them.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "input.h"

static const char *const states[] = { "start", "stop", "detach", NULL };
static const char *const recovery[] = { "enabled", "disabled", "recover", NULL };
static const char *const coredump[] = { "disabled", "enabled", "inline", NULL };

struct row {
	const char *text;
	size_t len;
	int wanted;
};
#define ROW(text, wanted)                      \
	{                                      \
		text, sizeof(text) - 1, wanted \
	}

/* On the heap and exactly as long as it is, so that a byte too many is found out. */
static char *exact(const struct row *row)
{
	char *copy = malloc(row->len ? row->len : 1);

	assert_non_null(copy);
	memcpy(copy, row->text, row->len);
	return copy;
}

static void sysfs_wants_the_word_and_forgives_one_newline(void **state)
{
	static const struct row rows[] = {
		ROW("start", 0),      ROW("start\n", 0),    ROW("start\0junk", 0),
		ROW("stop\n", 1),     ROW("detach", 2),	    ROW("start\n\0x", 0),
		ROW("start\n\n", -1), ROW(" start", -1),    ROW("start ", -1),
		ROW("START", -1),     ROW("star", -1),	    ROW("startx", -1),
		ROW("", -1),	      ROW("\n", -1),	    ROW("\0start", -1),
		ROW("s", -1),	      ROW("start\r\n", -1), ROW("stop\nstart", -1),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = exact(&rows[i]);
		int got = input_sysfs_word(text, rows[i].len, states);

		assert_int_equal(got < 0 ? -1 : got, rows[i].wanted);
		assert_true(got >= 0 || got == -EINVAL);
		free(text);
	}
}

static void sysfs_sees_one_page(void **state)
{
	char *page = calloc(1, 8192);

	(void)state;
	memset(page, 'A', 8192);
	assert_int_equal(input_sysfs_word(page, 8192, states), -EINVAL);
	memset(page, 0, 8192);
	memcpy(page, "start", 5);
	assert_int_equal(input_sysfs_word(page, 8192, states), 0);
	free(page);
}

static void debugfs_takes_a_prefix_without_newline(void **state)
{
	static const struct row rows[] = {
		ROW("enabled", 0),
		ROW("enabled\n", 0),
		ROW("e", 0),
		ROW("en", 0),
		ROW("disabled", 1),
		ROW("d", 1),
		ROW("dis", 1),
		ROW("disabled\0", 1),
		ROW("recover\n", 2),
		ROW("r", 2),
		ROW("enabled\0x", 0),
		ROW("x", -1),
		ROW("ENABLED", -1),
		ROW("enabledx", -1),
		ROW("disabledx", -1),
		ROW("disabledxx", -1),
		ROW("", -1),
		ROW("\n", -1),
		ROW("\0", -1),
		ROW("e\n", -1),
		ROW("enabled\n\n", -1),
		ROW("eeeeeeeeeee", -1),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = exact(&rows[i]);
		int got =
			input_debugfs_word(text, rows[i].len, INPUT_DEBUGFS_RECOVERY_MAX, recovery);

		assert_int_equal(got < 0 ? -1 : got, rows[i].wanted);
		free(text);
	}
}

static void debugfs_buffers_differ(void **state)
{
	static const char many[] = "iiiiiiiiiiiiiiiiiiiiiiii";

	(void)state;
	assert_int_equal(input_debugfs_word("i", 1, INPUT_DEBUGFS_COREDUMP_MAX, coredump), 2);
	assert_int_equal(input_debugfs_word("default", 7, INPUT_DEBUGFS_COREDUMP_MAX, coredump),
			 -EINVAL);
	for (size_t len = 0; len < sizeof(many); len++)
		assert_int_equal(
			input_debugfs_word(many, len, INPUT_DEBUGFS_COREDUMP_MAX, coredump),
			len == 1 ? 2 : -EINVAL);
	/* Long enough for one buffer, too long for the other. */
	assert_int_equal(
		input_debugfs_word("inline\0\0\0\0\0", 11, INPUT_DEBUGFS_COREDUMP_MAX, coredump),
		2);
	assert_int_equal(
		input_debugfs_word("enabled\0\0\0\0", 11, INPUT_DEBUGFS_RECOVERY_MAX, recovery),
		-EINVAL);
}

static void the_device_takes_prefixes_and_no_newline(void **state)
{
	static const struct row rows[] = {
		ROW("start", 0),
		ROW("s", 0),
		ROW("st", 0),
		ROW("sta", 0),
		ROW("sto", 1),
		ROW("stop", 1),
		ROW("d", 2),
		ROW("detach", 2),
		ROW("start\0", 0),
		ROW("start\0\0\0\0\0", 0),
		ROW("stop\0", 1),
		ROW("start\n", -1),
		ROW("start ", -1),
		ROW("START", -1),
		ROW("junk", -1),
		ROW("\n", -1),
		ROW("\0", -1),
		ROW("startstart", -1),
		ROW("startstart1", -1),
		ROW("", -1),
		ROW("start\0\0\0\0\0\0", -1),
		ROW("sss", -1),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = exact(&rows[i]);
		int got = input_cdev_word(text, rows[i].len, states);

		assert_int_equal(got < 0 ? -1 : got, rows[i].wanted);
		free(text);
	}
}

static void numbers_are_the_kernels(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		int err;
		unsigned int value;
	} rows[] = {
#define NUM(text, err, value) { text, sizeof(text) - 1, err, value }
		NUM("0", 0, 0),
		NUM("1", 0, 1),
		NUM("99", 0, 99),
		NUM("0x1", 0, 1),
		NUM("0X1f", 0, 31),
		NUM("01", 0, 1),
		NUM("017", 0, 15),
		NUM("1\n", 0, 1),
		NUM("+1", 0, 1),
		NUM("1\0x", 0, 1),
		NUM("4294967295", 0, 4294967295u),
		NUM("0xffffffff\n", 0, 4294967295u),
		NUM("4294967296", -ERANGE, 0),
		NUM("18446744073709551616", -ERANGE, 0),
		NUM("99999999999999999999999junk", -ERANGE, 0),
		NUM("-1", -EINVAL, 0),
		NUM("08", -EINVAL, 0),
		NUM(" 1", -EINVAL, 0),
		NUM("1 ", -EINVAL, 0),
		NUM("1\n\n", -EINVAL, 0),
		NUM("", -EINVAL, 0),
		NUM("\n", -EINVAL, 0),
		NUM("+", -EINVAL, 0),
		NUM("++1", -EINVAL, 0),
		NUM("0x", -EINVAL, 0),
		NUM("0xg", -EINVAL, 0),
		NUM("junk", -EINVAL, 0),
		NUM("watchdog", -EINVAL, 0),
		/* All that counts is in the first 34 bytes. */
		NUM("0000000000000000000000000000000001junk", 0, 1),
#undef NUM
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row row = { rows[i].text, rows[i].len, 0 };
		unsigned int value = 12345;
		char *text = exact(&row);

		assert_int_equal(input_uint(text, row.len, &value), rows[i].err);
		assert_int_equal(value, rows[i].err ? 12345 : rows[i].value);
		free(text);
	}
}

static void leading_numbers_ignore_the_rest(void **state)
{
	(void)state;
	assert_int_equal(input_leading_long("1", 1), 1);
	assert_int_equal(input_leading_long("1\n", 2), 1);
	assert_int_equal(input_leading_long("1junk", 5), 1);
	assert_int_equal(input_leading_long("01", 2), 1);
	assert_int_equal(input_leading_long("-1", 2), -1);
	assert_int_equal(input_leading_long("12", 1), 1);
	assert_int_equal(input_leading_long("", 0), 0);
	assert_int_equal(input_leading_long("x1", 2), 0);
	assert_int_equal(input_leading_long("99999999999999999999999", 23), LONG_MAX);
}

static void uevents_are_an_action_and_pairs(void **state)
{
	static const struct row rows[] = {
		ROW("add", 1),
		ROW("remove\n", 1),
		ROW("change", 1),
		ROW("unbind\0x", 1),
		ROW("add 12345678-1234-1234-1234-123456789abc", 1),
		ROW("add 12345678-1234-1234-1234-123456789abc A=1 B=x2\n", 1),
		ROW("", 0),
		ROW("ad", 0),
		ROW("addx", 0),
		ROW("add ", 0),
		ROW("add x", 0),
		ROW("add 12345678-1234-1234-1234-123456789abg", 0),
		ROW("add 12345678-1234-1234-1234-123456789abc A", 0),
		ROW("add 12345678-1234-1234-1234-123456789abc A=", 0),
		ROW("add 12345678-1234-1234-1234-123456789abc  A=1", 0),
		ROW("add 12345678-1234-1234-1234-123456789abcA=1", 0),
	};

	(void)state;
	assert_string_equal(input_uevent_wrong("junk", 4), "unknown uevent action string");
	assert_string_equal(input_uevent_wrong("add x", 5), "incorrect uevent action arguments");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = exact(&rows[i]);

		assert_int_equal(!input_uevent_wrong(text, rows[i].len), rows[i].wanted);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sysfs_wants_the_word_and_forgives_one_newline),
		cmocka_unit_test(sysfs_sees_one_page),
		cmocka_unit_test(debugfs_takes_a_prefix_without_newline),
		cmocka_unit_test(debugfs_buffers_differ),
		cmocka_unit_test(the_device_takes_prefixes_and_no_newline),
		cmocka_unit_test(numbers_are_the_kernels),
		cmocka_unit_test(leading_numbers_ignore_the_rest),
		cmocka_unit_test(uevents_are_an_action_and_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
