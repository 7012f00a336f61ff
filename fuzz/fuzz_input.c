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
	if (!input_uevent_ok(text, size))
		return;
	FUZZ_ASSERT(len >= 3 && memchr("acmrobu", text[0], 7));
	if (text[len - 1] == '\n')
		FUZZ_ASSERT(len - 1 >= INPUT_SYSFS_MAX || input_uevent_ok(text, len - 1));
	longer = malloc(size + 1);
	FUZZ_ASSERT(longer);
	longer[0] = 'x';
	memcpy(longer + 1, data, size);
	FUZZ_ASSERT(!input_uevent_ok(longer, size + 1));
	free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_words(data, size);
	check_numbers(data, size);
	check_uevent(data, size);
	return 0;
}
