/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target: what a client writes into the mirrored files. Each grammar is
 * held against a second one made of strings and libc's number parsers, and must
 * not read beyond the bytes given, which are not terminated.
 */
#include "fuzz.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "debug_query.h"
#include "input.h"

static const char *const state_words[] = { "start", "stop", "detach", NULL };
static const char *const recovery_words[] = { "enabled", "disabled", "recover", NULL };
static const char *const coredump_words[] = { "disabled", "enabled", "inline", NULL };

/* The bytes up to the first NUL or @max, as a string. */
static char *string_of(const uint8_t *data, size_t size, size_t max)
{
	size_t len = strnlen((const char *)data, size < max ? size : max);
	char *text = calloc(1, len + 3);

	FUZZ_ASSERT(text);
	if (len)
		memcpy(text, data, len);
	return text;
}

/* The whole word, or the whole word and one newline. */
static int model_sysfs(const uint8_t *data, size_t size, const char *const *words)
{
	char *text = string_of(data, size, INPUT_SYSFS_MAX);
	char line[32];
	int found = -EINVAL;

	for (int i = 0; words[i] && found < 0; i++) {
		snprintf(line, sizeof(line), "%s\n", words[i]);
		if (!strcmp(text, words[i]) || !strcmp(text, line))
			found = i;
	}
	free(text);
	return found;
}

/* strncmp over as many bytes as were written; @strip: the last newline becomes NUL first. */
static int model_prefix(const uint8_t *data, size_t size, size_t max, bool strip,
			const char *const *words)
{
	char text[64] = { 0 };

	if (size < 1 || size > max)
		return -EINVAL;
	memcpy(text, data, size);
	if (strip && text[size - 1] == '\n')
		text[size - 1] = 0;
	for (int i = 0; words[i]; i++)
		if (!strncmp(text, words[i], size))
			return i;
	return -EINVAL;
}

static int model_uint(const uint8_t *data, size_t size, unsigned int *ret_value)
{
	char *text = string_of(data, size, 34);
	char *digits = text + (text[0] == '+');
	unsigned long long value;
	int ret = -EINVAL;
	char *end;

	/* libc would also take blanks and a sign here */
	if (*digits < '0' || *digits > '9')
		goto out_free;
	errno = 0;
	value = strtoull(digits, &end, 0);
	if (errno == ERANGE) {
		ret = -ERANGE;
		goto out_free;
	}
	if (*end == '\n')
		end++;
	if (*end)
		goto out_free;
	ret = value > UINT_MAX ? -ERANGE : 0;
	*ret_value = (unsigned int)value;

out_free:
	free(text);
	return ret;
}

static void check_numbers(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	unsigned int value = 77, want = 77;
	int ret = input_uint(text, size, &value);
	long leading;
	char *copy;

	FUZZ_ASSERT(ret == model_uint(data, size, &want));
	FUZZ_ASSERT(value == (ret ? 77 : want));
	leading = input_leading_long(text, size);
	if (size && size < 18 && ((data[0] >= '0' && data[0] <= '9') || data[0] == '-')) {
		copy = string_of(data, size, size);
		FUZZ_ASSERT(leading == strtol(copy, NULL, 10));
		free(copy);
	}
	FUZZ_ASSERT(leading != LONG_MIN);
}

static void check_words(const uint8_t *data, size_t size)
{
	static const char *const *const lists[] = { state_words, recovery_words, coredump_words };
	const char *text = (const char *)data;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		FUZZ_ASSERT(input_sysfs_word(text, size, lists[i]) ==
			    model_sysfs(data, size, lists[i]));
		FUZZ_ASSERT(input_debugfs_word(text, size, INPUT_DEBUGFS_RECOVERY_MAX, lists[i]) ==
			    model_prefix(data, size, INPUT_DEBUGFS_RECOVERY_MAX, true, lists[i]));
		FUZZ_ASSERT(input_debugfs_word(text, size, INPUT_DEBUGFS_COREDUMP_MAX, lists[i]) ==
			    model_prefix(data, size, INPUT_DEBUGFS_COREDUMP_MAX, true, lists[i]));
		FUZZ_ASSERT(input_cdev_word(text, size, lists[i]) ==
			    model_prefix(data, size, INPUT_CDEV_MAX, false, lists[i]));
	}
}

/* A uevent that is taken stays one with its newline cut, and not with a byte in front. */
static void check_uevent(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t len = input_text_len(text, size);
	char *longer;

	FUZZ_ASSERT(len <= size && (len == size || !data[len]));
	if (input_uevent_wrong(text, size))
		return;
	FUZZ_ASSERT(len >= 3 && memchr("acmrobu", text[0], 7));
	if (text[len - 1] == '\n')
		FUZZ_ASSERT(len - 1 >= INPUT_SYSFS_MAX || !input_uevent_wrong(text, len - 1));
	longer = malloc(size + 1);
	FUZZ_ASSERT(longer);
	longer[0] = 'x';
	memcpy(longer + 1, data, size);
	FUZZ_ASSERT(input_uevent_wrong(longer, size + 1));
	free(longer);
}

static bool is_inside(const char *word, const char *text, size_t len)
{
	return !word || (word >= text && strnlen(word, len + 1) <= len - (size_t)(word - text));
}

static void check_query(const struct debug_query *query, const char *text, size_t len)
{
	static const struct debug_query_line line = {
		.file = "drivers/remoteproc/remoteproc_core.c",
		.module = "remoteproc",
		.function = "rproc_boot",
		.format = "booting %s",
		.line = 3
	};
	const unsigned int all = 63;

	FUZZ_ASSERT(is_inside(query->file, text, len) && is_inside(query->module, text, len) &&
		    is_inside(query->function, text, len) && is_inside(query->format, text, len) &&
		    is_inside(query->class, text, len));
	FUZZ_ASSERT(query->first_line <= query->last_line);
	FUZZ_ASSERT(strchr("+-=", query->op) && query->flags <= all);
	FUZZ_ASSERT(debug_query_apply(query, all) <= all);
	/* what is said twice holds as what is said once */
	FUZZ_ASSERT(debug_query_apply(query, debug_query_apply(query, 5)) ==
		    debug_query_apply(query, 5));
	debug_query_matches(query, &line);
}

/* Each query is in one line, and the text comes to its end. */
static void check_debug_queries(const uint8_t *data, size_t size)
{
	char *text = string_of(data, size, DEBUG_QUERY_MAX);
	size_t len = strlen(text), lines = 1, queries = 0;
	struct debug_query query;
	char *rest = text;
	int ret;

	for (const char *c = text; *c; c++)
		lines += *c == '\n' || *c == ';';
	while ((ret = debug_query_next(&rest, &query))) {
		FUZZ_ASSERT(ret == 1 || ret == -EINVAL);
		FUZZ_ASSERT(++queries <= lines);
		if (ret == 1)
			check_query(&query, text, len);
	}
	FUZZ_ASSERT(rest == text + len);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_words(data, size);
	check_numbers(data, size);
	check_uevent(data, size);
	check_debug_queries(data, size);
	return 0;
}
